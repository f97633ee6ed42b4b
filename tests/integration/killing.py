"""A process that is killed at a write to the disk."""

import os
import signal
from collections.abc import Callable


def is_killed_at(moment: int, call: Callable[[], object]) -> bool:
    """Make a call in a process that kills itself at its n-th write to the disk, and tell whether it came so far."""
    if process := os.fork():
        return os.WIFSIGNALED(os.waitpid(process, 0)[1])
    writes = iter(range(1, 1000))
    os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL) if next(writes) == moment else None
    try:
        call()
    finally:
        os._exit(0)
