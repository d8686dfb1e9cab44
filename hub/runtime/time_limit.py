"""Time limits for blocks of code."""

from __future__ import annotations

from typing import Any, cast

import gevent


def time_limit(seconds: float) -> gevent.Timeout:
    """A context manager that leaves its block after `seconds` without an exception."""
    return gevent.Timeout(seconds, cast(Any, False))
