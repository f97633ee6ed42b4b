"""Time limits by the clock on the wall: late connections are cut, and calls that cannot be cut are left behind.

A socket's own timeout starts again with every byte, so a server that sends a byte now and then is never late by it.
A name's look-up cannot be cut at all; it runs in a thread that is left behind.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Generic, NoReturn, TypeVar

from urllib3.exceptions import HTTPError

from fecemo.data.reasons import FetchError, Reason


class Deadline:
    """The time by which one photograph must be here, and what is cut when it passes."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds
        self.passed = False
        self._lock = threading.Lock()
        self._cut: Callable[[], None] | None = None
        self._at_end: list[Callable[[], None]] = []

    @property
    def remaining(self) -> float:
        """float: Seconds left, never below zero."""
        return 0.0 if self.passed else max(0.0, self.at - time.monotonic())

    def watch(self, cut: Callable[[], None] | None) -> None:
        """Call ``cut``, rather than what was given before, when the time is up, or now if it is."""
        with self._lock:
            self._cut = cut
            if self.passed and cut is not None:
                cut()

    def at_end(self, call: Callable[[], None]) -> None:
        """Make a call when the work is over, such as closing what could still have to be cut until then."""
        self._at_end.append(call)

    def end(self) -> None:
        """Cut nothing any more; the work is over."""
        self.watch(None)
        while self._at_end:
            self._at_end.pop()()

    def expire(self) -> None:
        """Let the time be up now."""
        with self._lock:
            self.passed = True
            if self._cut is not None:
                self._cut()


class DeadlineWatch:
    """Expires deadlines. Use as a context manager; leaving it expires whatever is under way."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._live: set[Deadline] = set()  # never more than there are workers
        self._next = math.inf
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)

    def __enter__(self) -> "DeadlineWatch":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        """Expire everything under way, and whatever is asked for later."""
        with self._changed:
            self._stopped = True
            live = list(self._live)
            self._changed.notify()
        for deadline in live:
            deadline.expire()

    @contextmanager
    def within(self, seconds: float) -> Iterator[Deadline]:
        """Give the work inside so many seconds."""
        deadline = Deadline(seconds)
        with self._changed:
            deadline.passed = self._stopped
            self._live.add(deadline)
            if deadline.at < self._next:
                self._changed.notify()
        try:
            yield deadline
        finally:
            deadline.end()
            with self._changed:
                self._live.discard(deadline)

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                for deadline in [late for late in self._live if late.at <= now and not late.passed]:
                    deadline.expire()
                self._next = min((deadline.at for deadline in self._live if not deadline.passed), default=math.inf)
                self._changed.wait(None if self._next == math.inf else max(0.0, self._next - now))


T = TypeVar("T")

MAX_ABANDONED = 256
"""Calls under way at a time, those included that nobody waits for any more: a resolver that hangs must not take every
thread that the system has."""

_room = threading.BoundedSemaphore(MAX_ABANDONED)


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


def bounded_call(call: Callable[[], T], deadline: Deadline | None, seconds: float | None, message: str,
                 dispose: Callable[[T], None] | None = None) -> T:
    """Return what ``call`` returns, or raise what it raises, if it ends in time.

    Parameters
    ----------
    call : callable
        Runs in a thread of its own, which is left to end by itself when the time is up.
    deadline : Deadline, optional
        Ends the wait when it passes.
    seconds : float, optional
        The longest wait, where that is shorter.
    message : str
        Of the error, where the time is up first.
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
        raise FetchError(Reason.TIMEOUT, message)
    under_way = _Call(call, dispose)
    threading.Thread(target=under_way.run, name=message, daemon=True).start()
    if deadline is not None:
        deadline.watch(under_way.woken.set)
    under_way.woken.wait(seconds)
    if deadline is not None:
        deadline.watch(None)
    if not under_way.ended and under_way.abandon():
        raise FetchError(Reason.TIMEOUT, message)
    return under_way.outcome()


def _raise(error: BaseException) -> NoReturn:
    raise error


def _no_outcome() -> NoReturn:
    raise RuntimeError("a call ended with a fault of the program; its thread said which")
