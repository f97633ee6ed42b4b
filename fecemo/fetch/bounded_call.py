"""Calls that cannot be cut, such as a name's look-up, made so that nobody waits for them longer than is left."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Generic, NoReturn, TypeVar

from urllib3.exceptions import HTTPError

from fecemo.data.reasons import FetchError, Reason
from fecemo.fetch.deadline import Deadline

T = TypeVar("T")

MOST_ABANDONED = 256
"""Calls under way at a time, those included that nobody waits for any more: a resolver that hangs must not take every
thread that the system has."""

_room = threading.BoundedSemaphore(MOST_ABANDONED)


class _Call(Generic[T]):
    """One call in a thread of its own, whose result may come too late."""

    def __init__(self, call: Callable[[], T], dispose: Callable[[T], None] | None) -> None:
        self._call = call
        self._dispose = dispose
        self._lock = threading.Lock()
        self._abandoned = False
        self.ended = False
        self.woken = threading.Event()
        self.outcome: Callable[[], T] = _no_outcome

    def run(self) -> None:
        try:
            result = self._call()
        except (OSError, ValueError, HTTPError, FetchError) as error:
            self._end(partial(_raise, error))
        else:
            if not self._end(lambda: result) and self._dispose is not None:
                self._dispose(result)
        finally:
            self.ended = True
            _room.release()
            self.woken.set()

    def _end(self, outcome: Callable[[], T]) -> bool:
        """Note how it ended; return whether anyone waits for it."""
        with self._lock:
            self.outcome, self.ended = outcome, True
            return not self._abandoned

    def abandon(self) -> bool:
        """Give up on it; return False if it has just ended."""
        with self._lock:
            self._abandoned = not self.ended
            return self._abandoned


def bounded_call(call: Callable[[], T], deadline: Deadline | None, seconds: float | None, what: str,
                 dispose: Callable[[T], None] | None = None) -> T:
    """Return what ``call`` returns, or raise what it raises, if it ends in time.

    Parameters
    ----------
    call : callable
        Runs in a thread of its own, which goes on by itself when the time is up.
    deadline : Deadline, optional
        Ends the wait when it passes.
    seconds : float, optional
        The longest wait, where that is shorter.
    what : str
        Said of it when it was too late.
    dispose : callable, optional
        Given a result that nobody waits for any more.

    Raises
    ------
    FetchError
        ``timeout``.
    """
    if deadline is not None:
        seconds = deadline.remaining if seconds is None else min(seconds, deadline.remaining)
    if not _room.acquire(timeout=seconds):
        raise FetchError(Reason.TIMEOUT, what)
    under_way = _Call(call, dispose)
    threading.Thread(target=under_way.run, name=what, daemon=True).start()
    if deadline is not None:
        deadline.watch(under_way.woken.set)
    under_way.woken.wait(seconds)
    if deadline is not None:
        deadline.watch(None)
    if not under_way.ended and under_way.abandon():
        raise FetchError(Reason.TIMEOUT, what)
    return under_way.outcome()


def _raise(error: BaseException) -> NoReturn:
    raise error


def _no_outcome() -> NoReturn:
    raise RuntimeError("a call ended with a fault of the program; its thread said which")
