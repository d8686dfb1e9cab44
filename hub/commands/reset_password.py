"""`python app.py reset-password NAME`: a new password for an account."""

from __future__ import annotations

import argparse
import sys

from hub.commands.command import Command, setting_flags
from hub.settings.file import load
from hub.store.errors import DatabaseError


def reset_password(options: argparse.Namespace) -> int:
    """Print a new password of an account, also while the hub runs; 0, or 1 where that is not possible.

    Raises SettingsError.
    """
    settings = load(options.instance, setting_flags(options), write=False)
    from hub.accounts.reset import NoSuchAccount
    from hub.accounts.reset import reset_password as reset

    try:
        account, password = reset(settings, " ".join(options.name))
    except NoSuchAccount as error:
        print(error, file=sys.stderr)
        return 1
    except (OSError, DatabaseError) as error:
        where = "The database of store.url" if settings.store.url else settings.database_path
        print(f"{where} cannot be changed: {error}", file=sys.stderr)
        return 1
    print(f"The new password of {account}, shown this once:\n  {password}")
    return 0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="*", metavar="NAME", help="the account")


COMMAND = Command("reset-password", "print a new password of the account NAME, and end", reset_password, _add_arguments)
