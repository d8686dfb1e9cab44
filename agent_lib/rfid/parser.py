"""Bytes from a UHF reader in, tags out (wire/station.md "RFID reader").

The difficulty is not the records but what stands between them. Three rules decide every doubtful case:

1. A head whose record is not complete never delays a complete record behind it: records are taken where
   they are complete, and an announced length alone is worth nothing.
2. Where a complete record begins inside another, the inner one is taken: the outer one is then nearly always
   a record that lost its tail, or noise. Only an A0 frame (it has a checksum) with something sensible directly behind
   it stands.
3. Where a record might still begin inside the last complete one, that one is held back until more bytes come
   or `flush` says that none come soon. About one record in a hundred waits so.

What is kept between two calls is shorter than two records, whatever comes.
"""

import re

from agent_lib.rfid.records import A0, MAX_TAG_BYTES, Record, is_a0_frame, record_at, records_in

Tag = tuple[str, str, int | None]

_HEX = frozenset(b"0123456789abcdefABCDEF")
_BLANK = frozenset(b" \t")
_NEWLINE = 0x0A
_LINE_END = re.compile(rb"[\r\n]")
_MAX_DIGITS = 2 * MAX_TAG_BYTES
# Fewest digits of an ASCII tag by what stands before it: a line's beginning, a byte that is no text, text.
# Less evidence on the left asks for more digits, or noise becomes a tag.
_DIGITS_AT_LINE_START, _DIGITS_AFTER_NOISE, _DIGITS_AFTER_TEXT = 4, 8, 16
_SURE_HEAD_BYTES = 4


class TagParser:
    """One reader's stream. Not thread-safe; a new connection gets a new parser."""

    def __init__(self) -> None:
        self._buffer = b""
        self._before = _NEWLINE
        self.noise_bytes = 0
        self.overlong_lines = 0

    @property
    def pending(self) -> bool:
        """Whether bytes are kept that `flush` or `drop` would decide about."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Tag]:
        """The tags that `data` completes, in order: (upper-case hex, source, antenna 0..3 or None)."""
        if not data:
            return []
        self._buffer += bytes(data)
        return self._take(final=False)

    def flush(self) -> list[Tag]:
        """The tags held back by rule 3. Call it when the stream has been quiet for a moment; half records stay."""
        return self._take(final=True) if self._buffer else []

    def drop(self) -> None:
        """Forget an unfinished record. A reader sends records whole, so after a long silence its rest does not come."""
        self.noise_bytes += len(self._buffer)
        self._buffer, self._before = b"", _NEWLINE

    def _take(self, final: bool) -> list[Tag]:
        buffer = self._buffer
        complete, unfinished = records_in(buffer)
        tags: list[Tag] = []
        done, before, index = 0, self._before, 0
        limit = _sure_start(unfinished, len(buffer)) if not final else len(buffer)
        while (index := _next_record(buffer, complete, index, done)) < len(complete):
            record = complete[index]
            last = all(other.start < record.end for other in complete[index + 1 : index + 2])
            if last and not final and _may_be_cut(record, unfinished, len(buffer)):
                limit = record.start
                break
            lines, _ = self._lines(done, record.start, before)
            self._count_noise(done, record.start, lines)
            tags += lines
            tags.append((record.tag, record.source, record.antenna))
            done, before = record.end, _NEWLINE
            index += 1
        lines, lines_end = self._lines(done, max(limit, done), before)
        tags += lines
        keep = self._keep_from(max(done, lines_end), limit, unfinished)
        self._count_noise(done, keep, lines)
        if keep > done:
            before = buffer[keep - 1]
        self._buffer, self._before = buffer[keep:], before
        return tags

    def _lines(self, start: int, end: int, before: int) -> tuple[list[Tag], int]:
        """ASCII tags in the part start..end of the buffer, which holds no binary record, and where the last one ends.

        `before` is the byte in front of the part. A line counts only with its line end, so the part behind the
        last line end is left to a later call.
        """
        buffer = self._buffer
        tags: list[Tag] = []
        lines_end = line_start = start
        for match in _LINE_END.finditer(buffer, start, end):
            first, last = _digits_before(buffer, match.start(), line_start)
            count = last - first
            if count > _MAX_DIGITS:
                self.overlong_lines += 1
            elif count and count % 2 == 0 and count >= _fewest_digits(buffer, first, start, before):
                tags.append((buffer[first:last].decode("ascii").upper(), "ASCII", None))
                lines_end = last
            line_start = match.end()
        return tags, lines_end

    def _keep_from(self, done: int, limit: int, unfinished: list[Record]) -> int:
        """Where the bytes begin that a later read may complete: an unfinished record or line, or a record held back."""
        length = len(self._buffer)
        digits, _ = _digits_before(self._buffer, length, done)
        # Any last byte may be the length byte of the LEN family: kept, but nothing waits for it.
        return min(
            [
                max(limit, done),
                digits,
                max(done, length - 1),
                *(record.start for record in unfinished if record.start >= done),
            ]
        )

    def _count_noise(self, start: int, end: int, lines: list[Tag]) -> None:
        """Count what is no record of any kind; other A0 frames are a reader's normal talk, line ends too."""
        buffer = self._buffer
        known = sum(len(tag) for tag, _, _ in lines) + len(_LINE_END.findall(buffer, start, end))
        at = buffer.find(A0, start, end)
        while at >= 0:
            step = 1
            if is_a0_frame(buffer, at) and at + buffer[at + 1] + 2 <= end:
                step = buffer[at + 1] + 2
                known += step
            at = buffer.find(A0, at + step, end)
        self.noise_bytes += max(0, end - start - known)


def _next_record(buffer: bytes, complete: list[Record], index: int, done: int) -> int:
    """Index of the complete record to take next (rule 2), at or behind `done`; len(complete) when there is none."""
    while index < len(complete) and complete[index].start < done:
        index += 1
    rival = index + 1
    while rival < len(complete) and complete[rival].start < complete[index].end:
        if _beats(buffer, complete[rival], complete[index]):
            index = rival
        rival += 1
    return index


def _beats(buffer: bytes, inner: Record, outer: Record) -> bool:
    """Whether a complete record that begins inside another is the true one of the two.

    The marks of the other families are three bytes and more, which an EPC does not hold by chance. Two A0 frames
    have the same evidence: then the outer one stands if the stream goes on sensibly right behind it.
    """
    if not (inner.source.startswith("A0") and outer.source.startswith("A0")):
        return True
    end = outer.end
    known = len(buffer) - end
    return not (known < _SURE_HEAD_BYTES or is_a0_frame(buffer, end) or record_at(buffer, end) is not None)


def _may_be_cut(record: Record, unfinished: list[Record], length: int) -> bool:
    """Whether another record may begin inside this one, which would then have lost its tail (rule 3).

    Not when a whole head stands right behind it: `length` is the buffer's.
    """
    if any(other.start == record.end and length - other.start >= _SURE_HEAD_BYTES for other in unfinished):
        return False
    return any(record.start < other.start < record.end for other in unfinished)


def _sure_start(unfinished: list[Record], length: int) -> int:
    """Where the first unfinished record begins of which the whole head is there, else `length`."""
    return min((record.start for record in unfinished if length - record.start >= _SURE_HEAD_BYTES), default=length)


def _digits_before(buffer: bytes, end: int, floor: int) -> tuple[int, int]:
    """The run of hex digits (start, end) in front of `end`, blanks between left out; not past `floor`.

    Stops one past the longest tag: more digits than that make no difference, and 10,000 of them cost nothing.
    """
    while end > floor and buffer[end - 1] in _BLANK:
        end -= 1
    start = end
    while start > floor and buffer[start - 1] in _HEX and end - start <= _MAX_DIGITS:
        start -= 1
    return start, end


def _fewest_digits(buffer: bytes, start: int, floor: int, before: int) -> int:
    """How many digits a tag needs that begins at `start`, by what stands in front of it."""
    while start > floor and buffer[start - 1] in _BLANK:
        start -= 1
    previous = buffer[start - 1] if start > floor else before
    if previous in b"\r\n":
        return _DIGITS_AT_LINE_START
    return _DIGITS_AFTER_TEXT if 0x20 <= previous < 0x7F else _DIGITS_AFTER_NOISE
