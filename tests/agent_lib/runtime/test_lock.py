"""The lock of an agent's folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_lib.runtime.lock import InstanceBusy, InstanceLock
from tests.support.chaos.small_disk import NoSmallDisk, small_disk


def test_a_second_agent_is_told_who_holds_it(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path)
    lock.acquire()
    with pytest.raises(InstanceBusy, match=f"process {os.getpid()}"):
        InstanceLock(tmp_path).acquire()
    lock.release()
    again = InstanceLock(tmp_path)
    again.acquire()
    again.release()


def test_a_full_disk_keeps_nobody_from_the_lock(tmp_path: Path) -> None:
    try:
        with small_disk(tmp_path / "small", 1) as disk:
            disk.fill()
            lock = InstanceLock(disk.folder)
            lock.acquire()
            with pytest.raises(InstanceBusy):
                InstanceLock(disk.folder).acquire()
            lock.release()
    except NoSmallDisk as error:
        pytest.skip(str(error))
