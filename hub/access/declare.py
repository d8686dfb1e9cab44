"""Declares which role a route requires. A route without a role is for admins only, and fails a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hub.contract.roles import Requirement, Role

View = TypeVar("View", bound=Callable[..., Any])
ATTRIBUTE = "gatehouse_requirement"


def role(required: Role, *, readers: bool = False, any_origin: bool = False) -> Callable[[View], View]:
    """Declare the role of a Flask view."""

    def declare(view: View) -> View:
        setattr(view, ATTRIBUTE, Requirement(required, readers, any_origin))
        return view

    return declare


def requirement_of(view: object) -> Requirement | None:
    """What a view requires; None where it declares nothing."""
    found = getattr(view, ATTRIBUTE, None)
    return found if isinstance(found, Requirement) else None
