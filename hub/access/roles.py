"""Roles and principals (see hub.contract.roles, which the layers below access use as well)."""

from __future__ import annotations

from hub.contract.roles import (
    ACCOUNT_ROLES,
    ADMIN_ROLES,
    DEVICE_ROLES,
    LOCAL,
    LOCAL_DEVICE,
    NETWORK,
    OPERATOR_ROLES,
    STRANGER,
    STRANGER_ROLES,
    VIEWER_ROLES,
    Principal,
    Role,
)

__all__ = [
    "ACCOUNT_ROLES",
    "ADMIN_ROLES",
    "DEVICE_ROLES",
    "LOCAL",
    "LOCAL_DEVICE",
    "NETWORK",
    "OPERATOR_ROLES",
    "STRANGER",
    "STRANGER_ROLES",
    "VIEWER_ROLES",
    "Principal",
    "Role",
]
