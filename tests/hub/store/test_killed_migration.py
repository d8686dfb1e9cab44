"""Revision 15, killed (SIGKILL) before each statement: the tables stay as they were, and the next start ends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.store.migrations.revisions import REVISIONS
from tests.support import stores
from tests.support.helpers import ROOT
from tests.support.migration_kills import OLD, ROWS

pytestmark = [
    pytest.mark.stores,
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its children"),
]


def test_a_migration_that_is_killed_changes_nothing_and_is_made_again(tmp_path: Path, store: str) -> None:
    address = str(tmp_path / "hub.db")
    if store == "postgresql":
        address = stores.environ(tmp_path)["HUB_STORE_URL"]
        stores.server("DROP SCHEMA public CASCADE", stores.database(tmp_path))  # the tables of the newest revision
        stores.server("CREATE SCHEMA public", stores.database(tmp_path))
    command = [sys.executable, "-m", "tests.support.migration_kills", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    before, *killed, last = (json.loads(line) for line in done.stdout.splitlines())
    assert before["revision"] == OLD and "occurred_at" not in before["lpr_plates"][0]
    assert len(killed) > 20, "one for each statement"
    old = [each for each in killed if each["revision"] == OLD]
    assert len(old) > 20 and all(each == before for each in old)
    assert killed == old + [last] * (len(killed) - len(old)), "all of the revision or nothing of it"
    assert last["revision"] == REVISIONS[-1].number
    plates = [
        (row["record_seq"], row["camera_id"], row["checkpoint_id"], row["occurred_at"]) for row in last["lpr_plates"]
    ]
    assert plates == [(n, f"c{n}", f"p{n}", n + 0.5) for n in ROWS]
    tags = [(row["capture_seq"], row["captured_at"], row["station"], row["success"]) for row in last["capture_tags"]]
    assert tags == [(n, n + 0.25, f"s{n}", n % 2) for n in ROWS]
