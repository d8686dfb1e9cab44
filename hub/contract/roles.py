"""Who may use what: roles, and principals that have them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a route, event or message requires; shown as `x-role` in the OpenAPI document."""

    OPEN = "open"  # everybody
    DEVICE = "device"  # cameras, stations, boards, games and listeners that were let in
    VIEWER = "viewer"  # people who may look
    OPERATOR = "operator"  # people who may decide
    ADMIN = "admin"  # people who may let others in


@dataclass(frozen=True)
class Principal:
    """Who sent a request, and the roles that it has.

    `kind`: local (a program of this machine), network (of a trusted network), device, account, stranger. `ids`: the
    sender ids that a device may use; None for any.
    """

    kind: str
    name: str
    roles: frozenset[Role]
    ids: frozenset[str] | None = None

    def allows(self, role: Role, readers: bool = False) -> bool:
        """Whether it may use what requires `role`; with `readers` viewers may, too."""
        return role in self.roles or (readers and Role.VIEWER in self.roles)


STRANGER_ROLES = frozenset({Role.OPEN})
DEVICE_ROLES = frozenset({Role.OPEN, Role.DEVICE})
VIEWER_ROLES = frozenset({Role.OPEN, Role.VIEWER})
OPERATOR_ROLES = VIEWER_ROLES | {Role.OPERATOR}
ADMIN_ROLES = OPERATOR_ROLES | {Role.ADMIN}
ACCOUNT_ROLES = {Role.VIEWER: VIEWER_ROLES, Role.OPERATOR: OPERATOR_ROLES, Role.ADMIN: ADMIN_ROLES}

STRANGER = Principal("stranger", "", STRANGER_ROLES)
LOCAL = Principal("local", "this machine", frozenset(Role))
"""A program of this machine, while `access.local_admin` is true."""
LOCAL_DEVICE = Principal("local", "this machine", DEVICE_ROLES)
"""A program of this machine where people have to log in."""
NETWORK = Principal("network", "trusted network", DEVICE_ROLES)


@dataclass(frozen=True)
class Requirement:
    """The role that a request needs.

    `readers`: viewers may, too. `any_origin`: web pages of every origin may send it from a trusted address.
    """

    role: Role
    readers: bool = False
    any_origin: bool = False


UNDECLARED = Requirement(Role.ADMIN)
OPEN = Requirement(Role.OPEN, any_origin=True)
