"""Photos of one person for an embedding: what `POST /upload-embedding` accepts (docs/wire/tracking.md 1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.contract.base64_text import decode_picture_text
from hub.contract.errors import ContractError
from hub.tracking.contract.messages import embedding_text

MAX_PICTURES = 16
UNPROCESSABLE = 422


@dataclass(frozen=True)
class Upload:
    """Encoded photos of one person, and an embedding that they are to improve."""

    pictures: list[bytes] = field(repr=False)
    embedding: str | None = field(default=None, repr=False)


def upload_from_json(data: dict[str, Any]) -> Upload:
    """The photos of a JSON body: `image`, `images`, `embedding`. Raises ContractError (422)."""
    texts: list[Any] = [] if data.get("image") is None else [data["image"]]
    more = data.get("images")
    if more is not None:
        if not isinstance(more, list):
            raise _refusal("images is a list of pictures in base64.")
        texts += more
    if not texts:
        raise _refusal("image is missing: the photo as base64 of a JPEG or PNG.")
    _check_count(len(texts))
    return Upload([_picture(text, number) for number, text in enumerate(texts, 1)], _embedding(data.get("embedding")))


def upload_from_files(fields: dict[str, str], files: list[bytes]) -> Upload:
    """The photos of a multipart body: its files, and the text fields of the JSON body. Raises ContractError (422)."""
    texts = [fields[key] for key in ("image", "images") if fields.get(key)]
    if not files and not texts:
        raise _refusal("The form holds no file; send the photo as -F file=@photo.jpg.")
    _check_count(len(files) + len(texts))
    pictures = [*files, *(_picture(text, number) for number, text in enumerate(texts, len(files) + 1))]
    return Upload(pictures, _embedding(fields.get("embedding")))


def _check_count(count: int) -> None:
    if count > MAX_PICTURES:
        raise _refusal(f"At most {MAX_PICTURES} photos are taken at once; send the others with the answer's embedding.")


def _picture(text: Any, number: int) -> bytes:
    if not isinstance(text, str):
        raise _refusal(f"Picture {number} is not a text: base64 of a JPEG or PNG is expected.")
    data = decode_picture_text(text)
    if not data:
        raise _refusal(f"Picture {number} is not base64 of a JPEG or PNG.")
    return data


def _embedding(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return embedding_text(value, "embedding")


def _refusal(message: str) -> ContractError:
    return ContractError(message, status=UNPROCESSABLE)
