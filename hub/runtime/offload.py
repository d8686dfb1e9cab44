"""`offload()`: slow or native work on a native thread, without blocking the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import gevent
from gevent.threadpool import ThreadPool

T = TypeVar("T")


def offload(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run `function` on a native thread of the shared pool and wait for it; other greenlets run meanwhile.

    `function` must not touch greenlets, Flask's request or the bus. Its exception is raised here.
    """
    return in_pool(gevent.get_hub().threadpool, function, *args, **kwargs)


def in_pool(pool: ThreadPool, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Like `offload()`, on the given thread pool."""
    error, result = pool.apply(_outcome, (function, args, kwargs))
    if error is not None:
        raise error
    return cast(T, result)


def _outcome(
    function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Exception | None, T | None]:
    """On the native thread: return an exception as a value, since gevent prints those that are raised there."""
    try:
        return None, function(*args, **kwargs)
    except Exception as error:  # raised again in the greenlet that waits
        return error, None
