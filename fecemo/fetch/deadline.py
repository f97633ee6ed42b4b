"""A deadline by the clock on the wall: one thread that cuts connections whose time is up.

A socket's own timeout starts again with every byte, so a server that sends a byte now and then is never late by it.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType


class Deadline:
    """The time by which one photograph must be here, and what is cut when it passes."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds
        self.passed = False
        self._lock = threading.Lock()
        self._cut: Callable[[], None] | None = None

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
            deadline.watch(None)
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
