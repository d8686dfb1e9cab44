"""`offload()`: slow or native work on a native thread, without blocking the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import gevent
from gevent.threadpool import ThreadPool

T = TypeVar("T")


def offload(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run slow or native work on a native thread and wait for it without holding the loop.

    `function` must not touch greenlets, Flask's request or the bus. Its exception is raised here.
    """
    return in_pool(gevent.get_hub().threadpool, function, *args, **kwargs)


def in_pool(pool: ThreadPool, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """The same on a thread pool of one's own."""
    error, result = pool.apply(_outcome, (function, args, kwargs))
    if error is not None:
        raise error
    return result


def _outcome(
    function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Exception | None, T | None]:
    """On the native thread: an exception as a value, since gevent prints those that are raised there."""
    try:
        return None, function(*args, **kwargs)
    except Exception as error:  # carried over to the greenlet that asked, and raised there
        return error, None
