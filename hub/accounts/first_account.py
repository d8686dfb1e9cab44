"""The account that a new hub starts with: `admin`, with a random password in a file."""

from __future__ import annotations

import logging

import gevent

from hub.accounts.passwords import random_password
from hub.accounts.repository import AccountRepository
from hub.accounts.service import Accounts
from hub.context import Hub
from hub.contract.errors import Conflict, Unavailable
from hub.contract.roles import Role
from hub.runtime.secret_file import write_secret
from hub.store.errors import DatabaseError

log = logging.getLogger(__name__)

NAME = "admin"
RETRY_SECONDS = 5.0


def add_first_account(hub: Hub, accounts: Accounts, repository: AccountRepository) -> None:
    """Where no account is stored, write a password to its file, show it once, and make the account behind the start.

    The file is for the operator to read and delete; it is not made again.
    """
    try:
        if repository.count():
            return
    except DatabaseError:
        return  # the status page says that the table cannot be read
    password, path = random_password(), hub.settings.admin_password_path
    try:
        write_secret(path, password)
        place = f"; it is also in {path.resolve()}, delete that file when you have it"
    except OSError as error:
        log.warning("%s cannot be written: %s", path, error)
        place = f", write it down: {path.resolve()} cannot be written ({error.strerror})"
    hub.start_notes.append(
        f"Log in from other machines as {NAME} with this password, shown this once{place}:\n  {password}"
    )
    hub.supervisor.spawn("first account", _add, hub, accounts, password)


def _add(hub: Hub, accounts: Accounts, password: str) -> None:
    """Make the account; while the disk is full or the hub is busy, try again."""
    while True:
        try:
            accounts.add({"name": NAME, "role": Role.ADMIN.value, "password": password})
            return
        except Conflict:
            return
        except hub.backend.errors as error:
            if hub.leading.alone or not accounts.knows_stored(NAME):
                raise
            log.info("Another hub has made the account %s at the same moment; its password counts: %s", NAME, error)
            hub.settings.admin_password_path.unlink(missing_ok=True)
            return
        except Unavailable as error:
            log.info("The account %s is made later: %s", NAME, error)
            gevent.sleep(RETRY_SECONDS)
