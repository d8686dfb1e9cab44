"""Three ways to keep the pictures of records: `python bench/picture_store.py [--records 2000] [--kb 45] [--batch 10]`.

Each way stores the same random pictures durably (synchronous=FULL, `--batch` records a commit, as group commit does
under load), then deletes the older half. The packs are the hub's own; the other two are implemented here.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hub.store.packs import PackStore
from hub.store.sqlite.connection import SqliteConnection, connect
from hub.store.transaction import Transaction

Way = tuple[Callable[[SqliteConnection, list[bytes]], None], Callable[[SqliteConnection, int], None]]


def files(folder: Path) -> Way:
    """One file for each picture, each flushed, and the folder once a commit."""
    (folder / "files").mkdir()

    def store(connection: SqliteConnection, batch: list[bytes]) -> None:
        for data in batch:
            seq = connection.execute("INSERT INTO records (name) VALUES ('x')").lastrowid
            with open(folder / "files" / f"{seq}.jpg", "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        handle = os.open(folder / "files", os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)

    def expire(connection: SqliteConnection, until: int) -> None:
        for seq in range(1, until + 1):
            (folder / "files" / f"{seq}.jpg").unlink()
        connection.execute("DELETE FROM records WHERE seq <= ?", (until,))

    return store, expire


def blobs(folder: Path) -> Way:
    """A BLOB in the database."""

    def store(connection: SqliteConnection, batch: list[bytes]) -> None:
        connection.executemany("INSERT INTO records (name, data) VALUES ('x', ?)", [(data,) for data in batch])

    def expire(connection: SqliteConnection, until: int) -> None:
        connection.execute("DELETE FROM records WHERE seq <= ?", (until,))

    return store, expire


def packs(folder: Path) -> Way:
    """The hub's packs: appended, flushed once a commit; whole packs are deleted."""
    kept = PackStore(folder / "pictures", max_bytes=16 * 1024 * 1024)
    kept.prepare()
    names: list[str] = []

    def store(connection: SqliteConnection, batch: list[bytes]) -> None:
        transaction = Transaction(connection)
        added = kept.put_all(transaction, [(data, ".jpg") for data in batch])
        names.extend(added)
        connection.executemany("INSERT INTO records (name) VALUES (?)", [(name,) for name in added])
        for finish in transaction.before_commit.values():
            finish()

    def expire(connection: SqliteConnection, until: int) -> None:
        connection.execute("DELETE FROM records WHERE seq <= ?", (until,))
        first_kept = int(names[until][1:7])
        kept.close()
        for path in (folder / "pictures").glob("*.pack"):
            if int(path.stem) < first_kept:
                path.unlink()

    return store, expire


def size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--kb", type=int, default=45)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    pictures = [chance.randbytes(options.kb * 1024) for _ in range(64)]
    print(f"{options.records} pictures of {options.kb} KB, {options.batch} a commit, seed {options.seed}")
    print(f"{'':<8} {'stored/s':>9} {'MB':>8} {'forget half, ms':>16} {'MB after':>9}")
    for name, way in (("files", files), ("BLOBs", blobs), ("packs", packs)) * 2:
        with tempfile.TemporaryDirectory(dir=os.environ.get("GATEHOUSE_BENCH_FOLDER")) as text:
            folder = Path(text)
            connection = connect(folder / "hub.db")
            connection.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, name TEXT, data BLOB)")
            store, expire = way(folder)
            began = time.perf_counter()
            for start in range(0, options.records, options.batch):
                connection.execute("BEGIN IMMEDIATE")
                store(
                    connection,
                    [pictures[number % 64] for number in range(start, min(start + options.batch, options.records))],
                )
                connection.execute("COMMIT")
            took = time.perf_counter() - began
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            before = size(folder)
            began = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            expire(connection, options.records // 2)
            connection.execute("COMMIT")
            expired_ms = (time.perf_counter() - began) * 1000
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
            print(
                f"{name:<8} {options.records / took:9.0f} {before:8.0f} {expired_ms:16.1f} {size(folder):9.0f}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
