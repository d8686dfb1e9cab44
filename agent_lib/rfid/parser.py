"""Parse the byte stream of a UHF reader into tags (docs/wire/station.md, "RFID reader").

The difficulty is not the records but the bytes between them. Three rules decide ambiguous cases:

1. An incomplete record never delays a complete record behind it: complete records are accepted wherever they are, and
   an announced length alone proves nothing.
2. If a complete record starts inside another, the inner one is accepted: the outer one is then almost always a
   truncated record, or noise. Only an A0 frame (it has a checksum) with a valid record directly behind it wins.
3. If a record might still start inside the last complete one, that one is held back until more bytes arrive or `flush`
   declares that none will arrive soon. About one record in a hundred is held back.

The state kept between two calls is shorter than two records, whatever arrives.
"""

import re

from agent_lib.rfid.records import A0, MAX_TAG_BYTES, Record, is_a0_frame, record_at, records_in

Tag = tuple[str, str, int | None]

_HEX = frozenset(b"0123456789abcdefABCDEF")
_BLANK = frozenset(b" \t")
_NEWLINE = 0x0A
_LINE_END = re.compile(rb"[\r\n]")
_MAX_DIGITS = 2 * MAX_TAG_BYTES
# Minimum digits of an ASCII tag by what precedes it: a line start, a non-text byte, text. The weaker the evidence on
# the left, the more digits are required, or noise would become a tag.
_DIGITS_AT_LINE_START, _DIGITS_AFTER_NOISE, _DIGITS_AFTER_TEXT = 4, 8, 16
_SURE_HEAD_BYTES = 4


class TagParser:
    """Parser of one reader connection. Not thread-safe; a new connection needs a new parser."""

    def __init__(self) -> None:
        self._buffer = b""
        self._before = _NEWLINE
        self.noise_bytes = 0
        self.overlong_lines = 0

    @property
    def pending(self) -> bool:
        """Whether bytes are buffered that `flush` or `drop` would resolve."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Tag]:
        """The tags that `data` completes, in order: (upper-case hex, source, antenna 0..3 or None)."""
        if not data:
            return []
        self._buffer += bytes(data)
        return self._extract(final=False)

    def flush(self) -> list[Tag]:
        """The tags held back by rule 3. Call it when the stream has been idle for a moment; partial records stay."""
        return self._extract(final=True) if self._buffer else []

    def drop(self) -> None:
        """Discard an incomplete record: readers send records whole, so after a long pause the rest will not arrive."""
        self.noise_bytes += len(self._buffer)
        self._buffer, self._before = b"", _NEWLINE

    def _extract(self, final: bool) -> list[Tag]:
        buffer = self._buffer
        complete, incomplete = records_in(buffer)
        tags: list[Tag] = []
        done, before, index = 0, self._before, 0
        limit = _sure_start(incomplete, len(buffer)) if not final else len(buffer)
        while (index := _next_record(buffer, complete, index, done)) < len(complete):
            record = complete[index]
            last = all(other.start < record.end for other in complete[index + 1 : index + 2])
            if last and not final and _may_be_cut(record, incomplete, len(buffer)):
                limit = record.start
                break
            lines, _ = self._lines(done, _line_limit(buffer, record.start), before)
            self._count_noise(done, record.start, lines)
            tags += lines
            tags.append((record.tag or "", record.source, record.antenna))
            done, before = record.end, _NEWLINE
            index += 1
        lines, lines_end = self._lines(done, _line_limit(buffer, max(limit, done)), before)
        tags += lines
        keep = self._keep_from(max(done, lines_end), limit, incomplete)
        self._count_noise(done, keep, lines)
        if keep > done:
            before = buffer[keep - 1]
        self._buffer, self._before = buffer[keep:], before
        return tags

    def _lines(self, start: int, end: int, before: int) -> tuple[list[Tag], int]:
        """ASCII tags in the part start..end of the buffer, which has no binary record, and where the last one ends.

        `before` is the byte preceding the part. A line counts only with its line end, so the rest after the last line
        end is left to a later call.
        """
        buffer = self._buffer
        tags: list[Tag] = []
        lines_end = line_start = start
        for match in _LINE_END.finditer(buffer, start, end):
            first, last = _digits_before(buffer, match.start(), line_start)
            count = last - first
            if count > _MAX_DIGITS:
                self.overlong_lines += 1
            elif count and count % 2 == 0 and count >= _min_digits(buffer, first, start, before):
                tags.append((buffer[first:last].decode("ascii").upper(), "ASCII", None))
                lines_end = last
            line_start = match.end()
        return tags, lines_end

    def _keep_from(self, done: int, limit: int, incomplete: list[Record]) -> int:
        """Start of the bytes that later data may complete: a partial record or line, or a record held back."""
        length = len(self._buffer)
        digits, _ = _digits_before(self._buffer, length, done)
        # The last byte may always be the length byte of the LEN family: keep it, but do not wait for it.
        return min(
            [
                max(limit, done),
                digits,
                max(done, length - 1),
                *(record.start for record in incomplete if record.start >= done),
            ]
        )

    def _count_noise(self, start: int, end: int, lines: list[Tag]) -> None:
        """Count the bytes that belong to no record; other A0 frames and line ends are normal traffic."""
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


def _line_limit(buffer: bytes, start: int) -> int:
    """Where the text before a record at `start` ends: past its first byte where that ends a line as well.

    The length bytes 0D and 0A are CR and LF. A line before them that is all that has arrived is accepted at once, so it
    is accepted also where the rest of the record has arrived with it.
    """
    return start + 1 if buffer[start : start + 1] in (b"\r", b"\n") else start


def _next_record(buffer: bytes, complete: list[Record], index: int, done: int) -> int:
    """Index of the next complete record to accept (rule 2), at or after `done`; len(complete) if there is none."""
    while index < len(complete) and complete[index].start < done:
        index += 1
    rival = index + 1
    while rival < len(complete) and complete[rival].start < complete[index].end:
        if _beats(buffer, complete[rival], complete[index]):
            index = rival
        rival += 1
    return index


def _beats(buffer: bytes, inner: Record, outer: Record) -> bool:
    """Whether a complete record that starts inside another is the real one of the two.

    The marks of the other families have three or more bytes, which an EPC does not contain by chance. Two A0 frames are
    equally likely: then the outer one wins if a valid record follows directly.
    """
    if not (inner.source.startswith("A0") and outer.source.startswith("A0")):
        return True
    end = outer.end
    known = len(buffer) - end
    return not (known < _SURE_HEAD_BYTES or is_a0_frame(buffer, end) or record_at(buffer, end) is not None)


def _may_be_cut(record: Record, incomplete: list[Record], length: int) -> bool:
    """Whether another record may start inside this one, which would then be truncated (rule 3).

    Not if a complete head follows directly. `length` is that of the buffer.
    """
    if any(other.start == record.end and length - other.start >= _SURE_HEAD_BYTES for other in incomplete):
        return False
    return any(record.start < other.start < record.end for other in incomplete)


def _sure_start(incomplete: list[Record], length: int) -> int:
    """Start of the first incomplete record with a complete head, else `length`."""
    return min((record.start for record in incomplete if length - record.start >= _SURE_HEAD_BYTES), default=length)


def _digits_before(buffer: bytes, end: int, floor: int) -> tuple[int, int]:
    """The run of hex digits (start, end) before `end`, ignoring blanks at its end; not past `floor`.

    Stops one past the longest tag: more digits make no difference, so a line of 10,000 digits stays cheap.
    """
    while end > floor and buffer[end - 1] in _BLANK:
        end -= 1
    start = end
    while start > floor and buffer[start - 1] in _HEX and end - start <= _MAX_DIGITS:
        start -= 1
    return start, end


def _min_digits(buffer: bytes, start: int, floor: int, before: int) -> int:
    """Minimum digits of a tag that starts at `start`, by what precedes it."""
    while start > floor and buffer[start - 1] in _BLANK:
        start -= 1
    previous = buffer[start - 1] if start > floor else before
    if previous in b"\r\n":
        return _DIGITS_AT_LINE_START
    return _DIGITS_AFTER_TEXT if 0x20 <= previous < 0x7F else _DIGITS_AFTER_NOISE
