"""`python app.py retention --preview`: what would be deleted now."""

from __future__ import annotations

import argparse
import sys

from hub.commands.command import Command, setting_flags
from hub.settings.file import load
from hub.store.errors import DatabaseError


def retention(options: argparse.Namespace) -> int:
    """Print what would be deleted from the instance folder now; 0, or 1 where that cannot be read.

    It writes nothing, and the hub may run meanwhile. Raises SettingsError.
    """
    settings = load(options.instance, setting_flags(options), write=False)
    from hub.retention.preview import NothingStored, preview_lines
    from hub.retention_kinds import retention_kinds

    try:
        lines = preview_lines(settings, retention_kinds(settings))
    except NothingStored as error:
        print(error, file=sys.stderr)
        return 1
    except (OSError, DatabaseError) as error:
        where = "The database of store.url" if settings.store.url else settings.database_path
        print(f"{where} cannot be read: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--preview", action="store_true", required=True, help="only say what would go; the hub itself deletes"
    )


COMMAND = Command("retention", "say which records would be deleted now, and end", retention, _add_arguments)
