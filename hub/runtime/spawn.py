"""The signature by which parts start greenlets, with the supervisor's `spawn` behind it in the hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent

Spawn = Callable[..., Any]  # (name, function, *args)


def plain_spawn(name: str, function: Callable[..., Any], *args: Any) -> gevent.Greenlet[..., Any]:
    """Start a greenlet without a supervisor (tests, benches)."""
    return gevent.spawn(function, *args)
