"""Whose turn it is: a budget for each host, so that none is asked more often than it bears."""

import heapq
import itertools
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

J = TypeVar("J")


@dataclass(frozen=True)
class HostBudget:
    """What one host is asked to bear."""

    concurrent: int = 8  #: Requests at a time.
    rate: float = 20.0  #: Requests a second; 0 sets no limit.
    backoff: float = 1.0  #: Seconds before the second try; doubled for each later one, give or take half.
    longest_backoff: float = 120.0  #: Seconds that a wait of our own choice never exceeds.
    #: Tries in a row that fail, for whatever reason that may pass, before a host is set aside. A photograph, a redirect
    #: or a plain no, such as 404, begins the count anew.
    failures: int = 20
    outage: float = 30.0  #: Seconds that these failures must span at least, so that a hiccup sets nothing aside.


@dataclass
class _Host(Generic[J]):
    full_limit: float
    full_rate: float
    limit: float
    rate: float
    fresh: deque[J] = field(default_factory=deque)
    delayed: list[tuple[float, int, J]] = field(default_factory=list)
    active: int = 0
    not_before: float = 0.0
    turn_at: float = math.inf
    failures: int = 0
    failing_since: float = 0.0
    set_aside: bool = False

    def ready_at(self) -> float:
        if not self.fresh and not self.delayed:
            return math.inf
        if self.set_aside:
            return -math.inf
        return self.not_before if self.fresh else max(self.not_before, self.delayed[0][0])

    def answered(self) -> None:
        """Win back what the host bears, and forget its failures."""
        self.failures = 0
        self.limit = min(self.full_limit, self.limit + 1 / (4 * self.limit))
        self.rate = min(self.full_rate, self.rate * 1.02)

    def next_job(self, now: float) -> J:
        if self.delayed and (not self.fresh or self.delayed[0][0] <= now):
            return heapq.heappop(self.delayed)[2]
        return self.fresh.popleft()


class HostSchedule(Generic[J]):
    """Hands out jobs to any number of threads, each host within its budget.

    A host that says "too many requests" gets half as many at a time and half the rate, and wins them back slowly with
    every answer. One that does nothing but fail is set aside: its jobs are handed out at once, to be dropped.

    Parameters
    ----------
    limited : callable
        Whether the budget's number at a time and rate hold for a host; False for hosts of one's own, which are asked as
        fast as they answer until they say otherwise.
    clock : callable
        Seconds, monotonic.
    jitter : callable
        Factor of a backoff, between 0.5 and 1.5; spreads the tries of many threads.
    """

    def __init__(self, budget: HostBudget, *, limited: Callable[[str], bool] = lambda host: True,
                 clock: Callable[[], float] = time.monotonic,
                 jitter: Callable[[], float] = lambda: random.uniform(0.5, 1.5)) -> None:
        self._budget = budget
        self._limited = limited
        self._clock = clock
        self._jitter = jitter
        self._changed = threading.Condition()
        self._hosts: dict[str, _Host[J]] = {}
        self._turns: list[tuple[float, int, str]] = []
        self._order = itertools.count()
        self._unfinished = 0
        self._stopped = False

    def add(self, host: str, job: J) -> None:
        """Put a job at the end of a host's queue."""
        with self._changed:
            state = self._host(host)
            state.fresh.append(job)
            self._unfinished += 1
            self._enqueue(host, state)

    def _host(self, host: str) -> _Host[J]:
        state = self._hosts.get(host)
        if state is None:
            limited = self._limited(host)
            limit = float(self._budget.concurrent) if limited else math.inf
            rate = self._budget.rate if limited and self._budget.rate else math.inf
            state = self._hosts[host] = _Host(full_limit=limit, full_rate=rate, limit=limit, rate=rate)
        return state

    def take(self) -> tuple[str, J] | None:
        """Return the next host and job, waiting for its turn; None when all jobs are done or `stop` was called."""
        with self._changed:
            while not self._stopped and self._unfinished:
                if not self._turns:
                    self._changed.wait()
                    continue
                now = self._clock()
                due, _, host = self._turns[0]
                if due > now:
                    self._changed.wait(due - now)
                    continue
                heapq.heappop(self._turns)
                state = self._hosts[host]
                if due != state.turn_at:  # an earlier turn was found for the host since
                    continue
                state.turn_at = math.inf
                if state.ready_at() > now:  # the host asked for a pause since
                    self._enqueue(host, state)
                    continue
                job = state.next_job(now)
                state.active += 1
                state.not_before = max(state.not_before, now + 1 / state.rate)
                self._enqueue(host, state)
                return host, job
            return None

    def done(self, host: str, *, answered: bool = True) -> None:
        """Note that a job needs no other try; ``answered`` tells whether the host answered as a sound one does."""
        with self._changed:
            state = self._hosts[host]
            if answered:
                state.answered()
            else:
                self._failed(state)
            self._finish(host, state)

    def drop(self, host: str) -> None:
        """Note that a job was given up without a try."""
        with self._changed:
            self._finish(host, self._hosts[host])

    def onward(self, host: str, next_host: str, job: J) -> None:
        """Pass a job on to the host that its own redirected it to; it comes before what is fresh there."""
        with self._changed:
            state, following = self._hosts[host], self._host(next_host)
            state.answered()
            state.active -= 1
            heapq.heappush(following.delayed, (self._clock(), next(self._order), job))
            self._enqueue(host, state)
            self._enqueue(next_host, following)

    def is_set_aside(self, host: str) -> bool:
        """Tell whether a host has done nothing but fail for so long that its jobs are to be dropped."""
        with self._changed:
            return self._hosts[host].set_aside

    def again(self, host: str, job: J, attempt: int, *, throttled: bool, retry_after: float | None = None) -> None:
        """Put a job back after its try number ``attempt`` (from 1) failed.

        Parameters
        ----------
        host, job
        throttled : bool
            The host said that it is asked too often: everything of this host waits, and it is asked less from then on.
        retry_after : float, optional
            Seconds that the host asked for; never waited less.
        """
        with self._changed:
            state = self._hosts[host]
            now = self._clock()
            wait = min(self._budget.longest_backoff, self._budget.backoff * 2.0 ** (attempt - 1)) * self._jitter()
            wait = max(wait, retry_after or 0.0)
            if throttled:
                # A host without a set limit gets the budget's from now on, and half of that.
                state.limit = max(1.0, min(state.limit, self._budget.concurrent) / 2)
                state.rate = max(0.1, min(state.rate, self._budget.rate or 20.0) / 2)
                state.not_before = max(state.not_before, now + wait)
            heapq.heappush(state.delayed, (now + wait, next(self._order), job))
            self._failed(state)
            state.active -= 1
            self._enqueue(host, state)

    def _failed(self, state: _Host[J]) -> None:
        now = self._clock()
        if not state.failures:
            state.failing_since = now
        state.failures += 1
        state.set_aside |= (state.failures >= self._budget.failures
                            and now - state.failing_since >= self._budget.outage)

    def _finish(self, host: str, state: _Host[J]) -> None:
        state.active -= 1
        self._unfinished -= 1
        self._enqueue(host, state)
        if not self._unfinished:
            self._changed.notify_all()

    def stop(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def stopped(self) -> bool:
        """bool: Whether `stop` was called."""
        return self._stopped

    def _enqueue(self, host: str, state: _Host[J]) -> None:
        """Give the host a turn, if it has a job, room for it, and no earlier turn."""
        ready = state.ready_at()
        if ready < state.turn_at and (state.active < state.limit or state.set_aside):
            state.turn_at = ready
            heapq.heappush(self._turns, (ready, next(self._order), host))
            self._changed.notify()
