"""Pictures inside a camera's record: base64, data URLs or bytes under many names (docs/wire/lpr.md 2 "images")."""

from __future__ import annotations

from typing import Any

from hub.contract.errors import ContractError
from hub.lpr.contract.record import SentPicture
from hub.station.contract.capture import decode_base64

HEADS = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"GIF8", ".gif"), (b"BM", ".bmp"))
WHOLE = ("original_image", "image", "image_data", "image_b64", "image_binary")  # the first that came is the original
MAX_CROPS = 50
MAX_RAW = 16_384
UNKNOWN = ".bin"


def picture_suffix(data: bytes) -> str:
    """`.jpg`, `.png`, ... by the first bytes; `.bin` where they are of no picture."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    return next((suffix for head, suffix in HEADS if data.startswith(head)), UNKNOWN)


def take_pictures(data: dict[str, Any], limit: int, warnings: list[str], unread: dict[str, Any]) -> list[SentPicture]:
    """Take every picture field out of `data`. What is none is named in `warnings`, its text kept in `unread`.

    Raises ContractError (413) for one with more than `limit` bytes.
    """
    found: list[SentPicture] = []
    target = "original_image"
    for key in WHOLE:
        if key in data and (picture := _one(data.pop(key), key, target, 0, limit, warnings, unread)) is not None:
            found.append(picture)
            target = "image"
    if "annotated_image" in data:
        picture = _one(data.pop("annotated_image"), "annotated_image", "annotated_image", 0, limit, warnings, unread)
        found += [picture] if picture is not None else []
    crops = data.pop("cropped_plates", None)
    if isinstance(crops, (str, bytes)):
        crops = [crops]
    if isinstance(crops, list):
        if len(crops) > MAX_CROPS:
            warnings.append(f"cropped_plates was cut to its first {MAX_CROPS}")
        for index, item in enumerate(crops[:MAX_CROPS]):
            picture = _one(item, f"cropped_plates[{index}]", "cropped_plates", index, limit, warnings, unread)
            found += [picture] if picture is not None else []
    elif crops is not None:
        warnings.append("cropped_plates is not a list of pictures and was left out")
        unread["cropped_plates"] = crops
    return found


def _one(
    value: Any, key: str, field: str, index: int, limit: int, warnings: list[str], unread: dict[str, Any]
) -> SentPicture | None:
    if value is None or value == "" or value == b"":
        return None
    data: bytes | None = None
    if isinstance(value, (bytes, bytearray)):
        data = bytes(value)
    elif isinstance(value, str):
        data = _decoded(value.partition(",")[2] if value[:5] == "data:" else value)
    if data is None:
        warnings.append(f"{key} is not a picture in base64; it was kept as it came")
        unread[key] = value[:MAX_RAW] if isinstance(value, str) else value
        return None
    if len(data) > limit:
        raise ContractError(f"{key} has {len(data)} bytes; at most {limit} are taken.", status=413)
    suffix = picture_suffix(data)
    if suffix == UNKNOWN:
        warnings.append(f"{key} is not a picture (JPEG, PNG, WebP, GIF or BMP expected); it was kept as it came")
        if isinstance(value, str) and len(value) <= MAX_RAW:
            unread[key] = value
            return None
    return SentPicture(field, index, data, suffix)


def _decoded(text: str) -> bytes | None:
    try:
        return decode_base64(text)
    except ValueError:
        pass
    squeezed = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return decode_base64(squeezed + "=" * (-len(squeezed) % 4))
    except ValueError:
        return None
