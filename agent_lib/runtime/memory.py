"""Limit resident memory: glibc keeps the large buffers that pictures leave behind on several threads."""

from __future__ import annotations

import ctypes
import sys

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE_BYTES = 128 * 1024


def release_large_buffers() -> None:
    """On glibc, allocate buffers of 128 KB and more by mmap and limit the arenas to two; elsewhere do nothing.

    By default glibc raises that threshold to 32 MB and makes an arena for each thread: 275 MB resident instead of
    187 MB with two cameras after 20 captures.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return  # another C library
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
    mallopt(M_ARENA_MAX, 2)
