"""The outbox as a state machine: whatever is done to it in whatever order, it holds what a plain list would hold."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent_lib.outbox import Outbox
from agent_lib.station.result import ROLES, CaptureResult
from tests.support.agent import fields, result

SHELF = 3
DATABASE = ("outbox.db", "outbox.db-wal", "outbox.db-shm")
PICTURES = st.dictionaries(st.sampled_from(ROLES), st.binary(min_size=1, max_size=50))


class OutboxMachine(RuleBasedStateMachine):
    """`pending`: results in their order; `shelf`: refused ones, the newest first."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gatehouse-outbox-"))
        self.pending: list[CaptureResult] = []
        self.shelf: list[CaptureResult] = []
        self.captured: dict[str, None] = {}
        self.number = 0
        self._open()

    def _open(self) -> None:
        self.box = Outbox(self.folder / "agent", 10**9, SHELF)
        self.box._db.execute("PRAGMA synchronous=OFF")  # the disk is not what is tried here

    def teardown(self) -> None:
        if hasattr(self, "box"):
            self.box.close()
            shutil.rmtree(self.folder)

    @rule(pictures=PICTURES, cut_short=st.booleans())
    def put(self, pictures: dict[str, bytes], cut_short: bool) -> None:
        self.number += 1
        one = result(f"{self.number:04d}", pictures, cut_short=cut_short)
        assert self.box.put(one, fields(one))
        self.pending.append(one)
        if not cut_short:
            self.captured[one.tag] = None

    @precondition(lambda self: self.pending)
    @rule()
    def put_again(self) -> None:
        one = self.pending[-1]
        assert self.box.put(one, fields(one))

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """Deliver the first, or one behind it while those before it are postponed."""
        entry, place = self._next(data)
        self.box.delivered(entry)
        self.pending.pop(place)

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def shelve(self, data: st.DataObject) -> None:
        entry, place = self._next(data)
        self.box.shelve(entry, "refused for good")
        self.shelf = [self.pending.pop(place), *self.shelf][:SHELF]

    def _next(self, data: st.DataObject):
        skip: set[int] = set()
        for _ in range(data.draw(st.integers(0, min(2, len(self.pending) - 1)))):
            skipped = self.box.next(skip)
            assert skipped is not None
            skip.add(skipped.id)
        entry = self.box.next(skip)
        assert entry is not None
        return entry, len(skip)

    @rule()
    def end_and_start(self) -> None:
        self.box.close()
        self._open()

    @rule()
    def kill_and_start(self) -> None:
        """Go on with a copy of the files, as they are without an orderly end."""
        shutil.copytree(self.folder / "agent", self.folder / "copy")
        self.box.close()
        shutil.rmtree(self.folder / "agent")
        (self.folder / "copy").rename(self.folder / "agent")
        self._open()

    @rule()
    def lose_the_database(self) -> None:
        self.box.close()
        for name in DATABASE:
            (self.folder / "agent" / name).unlink(missing_ok=True)
        there = [*self.pending, *self.shelf]
        self.captured = dict.fromkeys(sorted(one.tag for one in there if not one.cut_short))
        self._open()

    @invariant()
    def it_holds_what_it_should(self) -> None:
        if not hasattr(self, "box"):
            return
        counts = self.box.counts()
        assert (counts["waiting"], counts["shelved"]) == (len(self.pending), len(self.shelf))
        assert [row["event_id"] for row in counts["shelf"]] == [one.event_id for one in self.shelf]
        assert self.box.empty is not bool(self.pending)
        assert list(self.box.captured_tags("gate")) == list(self.captured)
        skip: set[int] = set()
        for one in self.pending:
            entry = self.box.next(skip)
            assert entry is not None and entry.event_id == one.event_id and entry.pictures == one.pictures
            assert entry.fields["errors"] == []
            skip.add(entry.id)
        assert self.box.next(skip) is None
        kept = {f"{one.event_id}_{role}.jpg" for one in (*self.pending, *self.shelf) for role in one.pictures}
        there = {path.name for path in (self.folder / "agent" / "outbox").glob("*.jpg")}
        assert there == kept


OutboxMachine.TestCase.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
test_outbox = pytest.mark.slow(OutboxMachine.TestCase)
