"""One heap for all threads, so that memory does not grow with their number."""

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8


def share_one_heap() -> None:
    """Let every thread of this process take its memory from the same heap, where the system lets one ask for that.

    The GNU allocator gives a process up to eight heaps a core and each keeps what large pictures once took. One heap
    keeps it once, and was measured to cost no time: small objects have Python's own allocator.
    """
    with suppress(OSError, AttributeError):  # another system's library, which knows no such setting
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
