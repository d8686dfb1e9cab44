"""The text of a CSV file whose encoding nobody names: byte order marks, UTF-8, UTF-16, Windows-1256, Windows-874."""

from __future__ import annotations

import codecs

from hub.contract.errors import ContractError

ENCODINGS = {
    "utf-8": "utf-8-sig",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "windows-1256": "cp1256",
    "windows-874": "cp874",
    "windows-1252": "cp1252",
}
"""The names that `encoding` takes, and Python's."""
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
SAMPLE = 64 * 1024  # bytes that are looked at
PIECE = 256 * 1024  # bytes that are decoded at once
THAI_SHARE = 0.15
"""Of the letters of a Thai text about half lie between A1 and BF, where Windows-1256 has signs and no letter."""


def guess_encoding(data: bytes) -> str:
    """The name of the encoding in ENCODINGS that the bytes are most likely in.

    Windows-1256 and Windows-874 give nearly every byte a letter, so that what decides is which letters there are.
    """
    for mark, name in MARKS:
        if data.startswith(mark):
            return name
    sample = data[:SAMPLE]
    zeros = (sample[0::2].count(0), sample[1::2].count(0))
    if any(zeros):  # no text of single bytes has one; of UTF-16, every digit and separator
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    if _decodes(data, "utf-8"):
        return "utf-8"
    high = [byte for byte in sample if byte >= 0x80]
    thai = sum(0xA1 <= byte <= 0xBF for byte in high)
    if thai >= THAI_SHARE * len(high) and _decodes(data, "cp874"):
        return "windows-874"
    return "windows-1256"


def decode_text(data: bytes, encoding: str = "") -> tuple[str, str]:
    """The text of a file, and the name of its encoding: `encoding`, else what is most likely. On a native thread.

    Raises ContractError where `encoding` is none of ENCODINGS or the bytes are not in it.
    """
    name = encoding.strip().lower().replace("_", "-")
    name = name.replace("cp", "windows-") if name.startswith("cp") else name
    if name and name not in ENCODINGS:
        raise ContractError(f"encoding is one of {', '.join(ENCODINGS)}.", [f"encoding: {encoding[:80]!r}"])
    name = name or guess_encoding(data)
    decoder = codecs.getincrementaldecoder(ENCODINGS[name])()
    pieces = []
    try:
        for start in range(0, len(data), PIECE):
            pieces.append(decoder.decode(data[start : start + PIECE]))
        pieces.append(decoder.decode(b"", True))
    except UnicodeDecodeError as error:
        raise ContractError(
            f"The file is not {name} text. Save it as CSV in UTF-8, or name its encoding.", [f"{name}: {error.reason}"]
        ) from error
    return "".join(pieces), name


def _decodes(data: bytes, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for start in range(0, len(data), PIECE):
            decoder.decode(data[start : start + PIECE])
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True
