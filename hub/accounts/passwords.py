"""Passwords: hashed with scrypt on a native thread, one at a time, and random ones for new accounts."""

from __future__ import annotations

import secrets

from werkzeug.security import check_password_hash, generate_password_hash

from hub.runtime.lanes import Lane

METHOD = "scrypt:32768:8:1"  # 32 MB of memory and about 0.1 s for each
ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without look-alikes such as l, 1 and I
GROUPS, GROUP = 4, 5  # 115 bits
# Of no password. An unknown name is compared with it, so that it is refused after the same time as a wrong password.
NOBODY = "scrypt:32768:8:1$wjMSbYkqFmC4xD2E$" + "0" * 128


class Passwords:
    """Hashes and verifies off the event loop; the lane bounds how many are pending and thereby their memory."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def hash(self, password: str) -> str:
        """The text to store. Raises LaneBusy."""
        return self._lane.run(hash_password, password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is that of the stored hash. None, of an unknown name, takes the same time.

        Raises LaneBusy.
        """
        right = self._lane.run(check_password_hash, stored or NOBODY, password)
        return right and stored is not None


def hash_password(password: str) -> str:
    """The salted hash of a password, with its parameters. Slow on purpose."""
    return generate_password_hash(password, METHOD)


def random_password() -> str:
    """A password to copy once, such as `abcde-fghjk-mnpqr-stuvw`."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))
