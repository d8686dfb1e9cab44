"""The corrections with their pictures as a labelled set for training, streamed."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Generator, Iterator
from pathlib import PurePosixPath
from typing import Any

from hub.contract.times import utc_text
from hub.corrections.service import Corrections
from hub.corrections.zip_stream import ZipStream
from hub.store.picture_files import PictureFiles, PictureStream

ROWS_AT_ONCE = 100
MAX_PICTURES = 20_000  # of one archive
COLUMNS = ("picture", "text", "read", "who", "when")
FORMULA = ("=", "+", "-", "@", "\t")


def labelled_set(
    corrections: Corrections, files: PictureFiles, kind: str | None, after: int, most: int
) -> Generator[bytes, None, None]:
    """The bytes of a ZIP of up to `most` pictures with labels.csv; `after`: the row of the last archive before.

    Corrections of which no picture is stored are left out. Where there are more, a file says how to go on.
    """
    archive, labels, table = ZipStream(time.time()), io.StringIO(), 0
    writer = csv.writer(labels, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    more = False
    while True:
        rows, last = corrections.current(kind, after, ROWS_AT_ONCE)
        if last == after:
            break
        for row, picture, suffix in _with_pictures(corrections, files, rows):
            if table >= most or not archive.has_room(picture.size):
                more = True
                break
            name, table = f"pictures/{row['seq']:08d}{suffix}", table + 1
            yield from archive.add(name, picture)
            texts = (row["value"], row["read"], row["who"], utc_text(row["received_at"]) or "")
            writer.writerow((name, *(harmless(text) for text in texts)))
            after = row["seq"]
        if more:
            break
        after = last
    yield from archive.add("labels.csv", [labels.getvalue().encode("utf-8-sig")])
    if more:
        sentence = f"There are more corrections. The next archive: /api/corrections/export?cursor={after}\r\n"
        yield from archive.add("more.txt", [sentence.encode()])
    yield from archive.end()


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _with_pictures(
    corrections: Corrections, files: PictureFiles, rows: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], PictureStream, str]]:
    """Rows with the closest picture that is stored, and the suffix of its name."""
    names: dict[str, Any] = {}
    for name, kind in corrections.kinds.items():
        seqs = [row[kind.column.name] for row in rows if row[kind.column.name] is not None]
        names[name] = kind.pictures(seqs) if seqs else {}
    for row in rows:
        kind_name = corrections.kind_of(row)
        shown = names[kind_name].get(row[corrections.kinds[kind_name].column.name], ())
        for name in shown[row["position"]] if row["position"] < len(shown) else ():
            picture = files.reopen(name) if name else None
            if picture is not None:
                yield row, picture, PurePosixPath(name).suffix
                break
