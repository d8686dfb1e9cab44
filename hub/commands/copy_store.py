"""`python app.py copy-store --to postgresql://...`: copy records and pictures from SQLite to PostgreSQL."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from hub.commands.command import INTERRUPTED_STATUS, Command, setting_flags
from hub.commands.progress_line import ProgressLine
from hub.settings.file import load

if TYPE_CHECKING:
    from hub.store.moving.copying import Copied

SHOWN = 16  # characters of a checksum


def copy_store(options: argparse.Namespace) -> int:
    """Copy, then print rows and checksums of both sides; 0, 1 where they differ or after a fault, 130 after Ctrl-C."""
    from hub.lpr.expiring import picture_names
    from hub.station.expiring import capture_pictures
    from hub.store.errors import DatabaseError
    from hub.store.moving.copying import copy_table, tables_to_copy
    from hub.store.moving.source import Source
    from hub.store.moving.target import Target
    from hub.tables import METADATA

    settings, line = load(options.instance, setting_flags(options), write=False), ProgressLine()
    pictures = {"lpr_records": lambda row: picture_names(row["body"]), "captures": capture_pictures}
    errors: tuple[type[Exception], ...] = (DatabaseError, OSError)
    copied: list[Copied] = []
    try:
        source = Source(settings)
        errors += source.errors
        target = Target(options.to)
        errors += target.errors
        for table in tables_to_copy(METADATA.sorted_tables):
            rows = source.count(table)
            copied.append(
                copy_table(
                    source,
                    target,
                    table,
                    pictures.get(table.name),
                    lambda done, name=table.name, rows=rows: line(name, done, rows),  # type: ignore[misc]
                )
            )
        target.close()
        source.close()
    except KeyboardInterrupt:
        line.end()
        print("Stopped; the same command goes on where it was.", file=sys.stderr)
        return INTERRUPTED_STATUS
    except errors as error:
        line.end()
        print(f"{error}\nNothing was changed in {settings.instance}; the same command goes on.", file=sys.stderr)
        return 1
    line.end()
    return _report(copied, target.address)


def _report(copied: list[Copied], address: str) -> int:
    print(f"{'table':<24} {'SQLite':>10} {'PostgreSQL':>10}  checksums")
    for one in copied:
        sums = f"{one.sums[0][:SHOWN]} {one.sums[1][:SHOWN]}"
        more = f"  {one.pictures} pictures copied" if one.pictures else ""
        print(f"{one.table:<24} {one.rows[0]:>10} {one.rows[1]:>10}  {sums}{'' if one.same else '  DIFFERENT'}{more}")
        for sentence in one.refused:
            print(f"  {sentence}")
    if not all(one.same for one in copied):
        print("Not everything could be copied: see DIFFERENT above.")
        return 1
    print(
        f"Everything is in {address}. What the hub has stored meanwhile is missing: stop it, run the command again, "
        "set store.url and start it."
    )
    return 0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", required=True, metavar="URL", help="the database, postgresql://USER:PASSWORD@HOST/DATABASE"
    )


COMMAND = Command(
    "copy-store",
    "copy records and pictures of the instance folder to a PostgreSQL database, also while the hub runs, and end",
    copy_store,
    _add_arguments,
)
