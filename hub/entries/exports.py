"""Files of exactly what is asked for, made row by row: CSV as it is sent, XLSX by a child process into a file first.

An export reads a few hundred rows at a time from the list of entries, on native threads, so that a million rows take
neither the hub's memory nor its event loop. A few run at a time; one more is refused with 503.
"""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import tzinfo
from itertools import islice
from pathlib import Path

import gevent
import orjson

from hub.contract.entries import Wanted
from hub.contract.errors import ContractError, RequestError, Unavailable
from hub.entries.cells import rows_of
from hub.entries.csv_file import HEAD, encode_rows
from hub.entries.service import Entries, Entry
from hub.runtime.durable_file import make_folder
from hub.runtime.lanes import Lanes
from hub.vision.child import Child, describe_end

log = logging.getLogger(__name__)

ROWS = 250  # of one piece
MOST_AT_ONCE = 2
MAX_XLSX_ROWS = 1_048_575  # what a sheet has below its head
XLSX_SECONDS = 1800.0
PIECE_BYTES = 64 * 1024
RETRY_SECONDS = 10
FAILED = "The XLSX file could not be written: the disk may be full, see the hub's log. Try CSV."


class Exports:
    """Makes files of entries. Used on the event loop."""

    def __init__(
        self,
        entries: Entries,
        lanes: Lanes,
        zone: tzinfo | None,
        folder: Path,
        has_room: Callable[[], bool] = lambda: True,
    ) -> None:
        """`folder`: for files that are being made; it belongs to this class alone. `has_room`: whether the disk has."""
        self._entries, self._lanes, self._zone, self._folder = entries, lanes, zone, folder
        self._has_room = has_room
        self.running = 0

    def prepare(self) -> None:
        """Delete what an export left that a crash broke off. Raises OSError."""
        shutil.rmtree(self._folder, ignore_errors=True)
        make_folder(self._folder)

    def admit(self) -> None:
        """Count one more export, until `release`. Raises Unavailable where as many run as may run."""
        if self.running >= MOST_AT_ONCE:
            raise Unavailable(
                f"{MOST_AT_ONCE} files are being made already. Wait until one of them is finished, then try again.",
                retry_after=RETRY_SECONDS,
            )
        self.running += 1

    def release(self) -> None:
        """The export is finished."""
        self.running -= 1

    def batches(self, wanted: Wanted) -> Iterator[list[Entry]]:
        """Every entry that matches, ROWS at a time."""
        entries = self._entries.newest_first(wanted, None, ROWS, patient=True)
        while some := list(islice(entries, ROWS)):
            yield some

    def rows(self, entries: list[Entry], host: str) -> list[list[str]]:
        """The cells of entries. On a native thread."""
        return rows_of(entries, host, self._zone)

    def csv(self, wanted: Wanted, host: str) -> CsvFile:
        """A CSV file in pieces, which begins with its first rows. Raises as `admit` and as the list."""
        return CsvFile(self, self._lanes, wanted, host)

    def xlsx(self, wanted: Wanted, host: str) -> XlsxFile:
        """A finished XLSX file in pieces.

        Raises ContractError where more than MAX_XLSX_ROWS match, Unavailable, and as the list.
        """
        if not self._has_room():
            raise Unavailable("The hub's disk is nearly full: no XLSX file is made now. Take CSV.", retry_after=60)
        self.admit()
        folder = self._folder / uuid.uuid4().hex
        try:
            folder.mkdir()
            self._make_xlsx(wanted, host, folder)
            return XlsxFile(self, self._lanes, folder)
        except gevent.Timeout as error:
            self.finish(folder)
            raise Unavailable(
                "The XLSX file takes too long to make now. Narrow the time, or take CSV.", retry_after=RETRY_SECONDS
            ) from error
        except OSError as error:
            self.finish(folder)
            log.error("An XLSX file could not be made: %s", error)
            raise Unavailable(FAILED, retry_after=RETRY_SECONDS) from error
        except BaseException:
            self.finish(folder)
            raise

    def finish(self, folder: Path) -> None:
        """Remove a file's folder and count its export as finished."""
        self.release()
        shutil.rmtree(folder, ignore_errors=True)

    def _make_xlsx(self, wanted: Wanted, host: str, folder: Path) -> None:
        with tempfile.TemporaryFile() as errors, gevent.Timeout(XLSX_SECONDS):
            child = Child((sys.executable, "-m", "hub.entries.worker", str(folder)), errors)
            try:
                written = self._write_rows(child, wanted, host)
            except RequestError:
                child.kill()
                child.close_pipes()
                raise
            finally:
                child.kill()  # also where this greenlet is cut off; a thread may use the pipes then
            child.close_pipes()
            if not written:
                log.error("The process that makes XLSX files failed: %s", describe_end(child.exit_status, errors))
                raise Unavailable(FAILED, retry_after=RETRY_SECONDS)

    def _write_rows(self, child: Child, wanted: Wanted, host: str) -> bool:
        """Send every row to the process and have it finish the file; whether it did."""

        def send(entries: list[Entry]) -> bool:
            return child.ask({"rows": len(entries)}, orjson.dumps(self.rows(entries, host))) is not None

        count = 0
        try:
            for entries in self.batches(wanted):
                count += len(entries)
                if count > MAX_XLSX_ROWS:
                    raise ContractError(
                        f"More than {MAX_XLSX_ROWS:,} records match, too many for XLSX. Narrow the time, or take CSV."
                    )
                if not self._lanes.exports.run(send, entries):
                    return False
            return self._lanes.exports.run(child.ask, {"end": True}, b"") is not None
        except (OSError, ValueError) as error:  # the process has ended
            log.debug("The process that makes XLSX files has ended: %s", error)
            return False


class CsvFile:
    """The pieces of a CSV file. The first is made at once, so that a refused search is refused as such."""

    content_type = "text/csv; charset=utf-8"

    def __init__(self, exports: Exports, lanes: Lanes, wanted: Wanted, host: str) -> None:
        exports.admit()
        self._exports, self._lanes, self._open = exports, lanes, True
        self._wanted, self._host = wanted, host
        self._batches = exports.batches(wanted)
        try:
            self._first = HEAD + self._piece(next(self._batches, []))
        except BaseException:
            self.close()
            raise

    def _piece(self, entries: list[Entry]) -> bytes:
        return self._lanes.exports.run(lambda: encode_rows(self._exports.rows(entries, self._host)))

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield self._first
            for entries in self._batches:
                yield self._piece(entries)
        finally:
            self.close()

    def close(self) -> None:
        """The file was sent, or nobody reads it any more."""
        if self._open:
            self._open = False
            self._exports.release()


class XlsxFile:
    """The pieces of a finished XLSX file, which is removed once it was sent."""

    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def __init__(self, exports: Exports, lanes: Lanes, folder: Path) -> None:
        self._exports, self._lanes, self._folder = exports, lanes, folder
        self._file = open(folder / "records.xlsx", "rb")
        self.size = (folder / "records.xlsx").stat().st_size
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        try:
            while data := self._lanes.files.run(self._file.read, PIECE_BYTES):
                yield data
        finally:
            self.close()

    def close(self) -> None:
        """The file was sent, or nobody reads it any more."""
        if self._open:
            self._open = False
            self._file.close()
            self._exports.finish(self._folder)
