"""Memory of the process: large buffers are returned to the system, greenlets are small."""

from __future__ import annotations

import ctypes
import sys

import gevent

M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8
LARGE_BYTES = 128 * 1024
SPARE_BYTES = 8 * 1024 * 1024  # free memory that is kept, or every record of 60 KB would return it and request it again


def release_large_buffers() -> None:
    """Configure glibc: pictures and bodies get pages of their own, native threads share two arenas.

    By default glibc raises that threshold to 32 MB as buffers are freed and makes an arena for each thread; the hub
    then holds some 40 MB that it does not use. No effect on other C libraries.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
    mallopt(M_TRIM_THRESHOLD, SPARE_BYTES)
    mallopt(M_ARENA_MAX, 2)


def forget_spawners() -> None:
    """Let greenlets not remember the stack of who started them: 20 objects for each connection, and nobody reads it."""
    gevent.config.track_greenlet_tree = False
