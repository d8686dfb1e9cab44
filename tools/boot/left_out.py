"""Imports a library without another one that it would load where that is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def left_out(name: str) -> Iterator[None]:
    """Let `import NAME` fail inside the block, as if the package was not installed."""
    loaded = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]  # how an import is made to fail
    try:
        yield
    finally:
        if loaded is None:
            del sys.modules[name]
        else:
            sys.modules[name] = loaded
