"""Pictures inside a camera's record: base64, data URLs or bytes under many names (docs/wire/lpr.md 2 "images")."""

from __future__ import annotations

from functools import partial
from typing import Any

from hub.contract.base64_text import decode_picture_text
from hub.contract.errors import ContractError
from hub.contract.picture_size import picture_size
from hub.lpr.contract.fields import Fields
from hub.lpr.contract.record import SentPicture

HEADS = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"GIF8", ".gif"), (b"BM", ".bmp"))
WHOLE = (
    "original_image",
    "image",
    "image_data",
    "image_b64",
    "image_binary",
)  # the first one sent is the original
PICTURES = frozenset((*WHOLE, "annotated_image", "cropped_plates"))
MAX_CROPS = 50
MAX_KEPT = 16_384
UNDECODABLE = ".bin"


def picture_suffix(data: bytes) -> str:
    """`.jpg`, `.png`, ... by the first bytes; `.bin` for bytes that are no picture."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    return next((suffix for head, suffix in HEADS if data.startswith(head)), UNDECODABLE)


def read_pictures(fields: Fields, limit: int, max_megapixels: int) -> list[SentPicture]:
    """Read every picture field. A value that is no picture is named in the warnings and kept in `fields.extra`.

    So is a picture with more than `max_megapixels` million pixels, whose bytes are stored as `.bin`: never shown.
    Raises ContractError (413) for a picture of more than `limit` bytes.
    """
    if fields.data.keys().isdisjoint(PICTURES):
        return []
    read = partial(_read, fields, limit=limit, max_megapixels=max_megapixels)
    found: list[SentPicture | None] = []
    target = "original_image"
    for key in WHOLE:
        if key in fields.data and (picture := read(fields.data.pop(key), key, target, 0)) is not None:
            found.append(picture)
            target = "image"
    if "annotated_image" in fields.data:
        value = fields.data.pop("annotated_image")
        found.append(read(value, "annotated_image", "annotated_image", 0))
    for index, value in enumerate(_crops(fields)):
        found.append(read(value, f"cropped_plates[{index}]", "cropped_plates", index))
    return [picture for picture in found if picture is not None]


def _crops(fields: Fields) -> list[Any]:
    """The values of `cropped_plates`, at most MAX_CROPS."""
    crops = fields.data.pop("cropped_plates", None)
    if crops is None:
        return []
    if isinstance(crops, (str, bytes)):
        return [crops]
    if not isinstance(crops, list):
        fields.warn("cropped_plates", crops, "is not a list of pictures and was left out")
        return []
    if len(crops) > MAX_CROPS:
        fields.warnings.append(f"cropped_plates was cut to its first {MAX_CROPS}")
    return crops[:MAX_CROPS]


def _read(
    fields: Fields, value: Any, key: str, target: str, index: int, limit: int, max_megapixels: int
) -> SentPicture | None:
    """One picture of a record as its field `target`; None where there is none. Raises ContractError (413)."""
    if value is None or value == "" or value == b"":
        return None
    data: bytes | None = None
    if isinstance(value, (bytes, bytearray)):
        data = bytes(value)
    elif isinstance(value, str):
        data = decode_picture_text(value)
    if data is None:
        kept = value[:MAX_KEPT] if isinstance(value, str) else value
        fields.warn(key, kept, "is not a picture in base64; it was kept as it came")
        return None
    if len(data) > limit:
        raise ContractError(f"{key} has {len(data)} bytes; at most {limit} are taken.", status=413)
    suffix = picture_suffix(data)
    if suffix == UNDECODABLE:
        fields.warnings.append(f"{key} is not a picture (JPEG, PNG, WebP, GIF or BMP expected); it was kept as it came")
        if isinstance(value, str) and len(value) <= MAX_KEPT:
            fields.extra[key] = value
            return None
    elif _is_too_wide(data, max_megapixels):
        fields.warnings.append(f"{key} has more than {max_megapixels} million pixels; it was kept but is not shown")
        suffix = UNDECODABLE
    return SentPicture(target, index, data, suffix)


def _is_too_wide(data: bytes, max_megapixels: int) -> bool:
    """Whether a picture says of itself that it has more pixels than that: whoever shows it has to decode them."""
    width, height = picture_size(data) or (0, 0)
    return width * height > max_megapixels * 1_000_000
