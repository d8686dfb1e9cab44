"""Keep the process small: pictures are large, come and go on several threads, and glibc keeps what they leave."""

from __future__ import annotations

import ctypes
import sys

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE_BYTES = 128 * 1024


def release_large_buffers() -> None:
    """On glibc, give a buffer of 128 KB and more pages of its own, and all threads two heaps; elsewhere do nothing.

    Left alone, glibc raises that bound to 32 MB and makes a heap for each thread: 275 MB resident instead of 187 MB
    with two cameras after 20 captures.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return  # another C library
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
    mallopt(M_ARENA_MAX, 2)
