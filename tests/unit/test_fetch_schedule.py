"""Whose turn it is, on a clock that the test moves."""

import threading

import pytest

from fecemo.fetch.answer import MAX_RETRY_AFTER, opted_out, retry_after_seconds
from fecemo.fetch.politeness import HostBudget, HostSchedule


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def schedule_of(clock, jobs, **budget):
    options = {"concurrent": 2, "rate": 0.0, "backoff": 1.0} | budget
    limited = options.pop("limited", lambda host: True)
    made = HostSchedule(HostBudget(**options), limited=limited, clock=clock, jitter=lambda: 1.0)
    for host, job in jobs:
        made.add(host, job)
    return made


def takes_nothing_now(schedule) -> bool:
    """Whether `take` would wait. Its thread ends when the schedule is stopped."""
    taken = []
    thread = threading.Thread(target=lambda: taken.append(schedule.take()), daemon=True)
    thread.start()
    thread.join(0.05)
    waits = thread.is_alive()
    schedule.stop()
    thread.join(2)
    assert not thread.is_alive()
    return waits


def test_a_host_never_has_more_requests_than_its_budget_and_others_go_on(clock):
    schedule = schedule_of(clock, [("a", 1), ("a", 2), ("a", 3), ("b", 4)])
    assert sorted(schedule.take() for _ in range(3)) == [("a", 1), ("a", 2), ("b", 4)]
    schedule.done("a")
    assert schedule.take() == ("a", 3)


def test_a_full_host_waits_until_a_request_is_done(clock):
    schedule = schedule_of(clock, [("a", 1), ("a", 2), ("a", 3)])
    schedule.take(), schedule.take()
    assert takes_nothing_now(schedule)


def test_requests_to_one_host_keep_their_distance(clock):
    schedule = schedule_of(clock, [("a", number) for number in range(4)], concurrent=9, rate=2.0)
    at = []
    for _ in range(4):
        while True:
            host = schedule._hosts["a"]
            if host.ready_at() <= clock.now:
                break
            clock.now = host.ready_at()
        schedule.take()
        at.append(clock.now)
    assert at == [100.0, 100.5, 101.0, 101.5]


def test_a_failed_job_comes_back_later_and_later(clock):
    schedule = schedule_of(clock, [("a", "photo")], backoff=1.0)
    waits = []
    for attempt in (1, 2, 3):
        host, job = schedule.take()
        schedule.again(host, job, attempt, throttled=False)
        ready = schedule._hosts["a"].ready_at()
        waits.append(ready - clock.now)
        clock.now = ready
    assert waits == [1.0, 2.0, 4.0]
    schedule.take()
    schedule.done("a")
    assert schedule.take() is None


def test_a_fresh_job_does_not_wait_for_one_that_failed(clock):
    schedule = schedule_of(clock, [("a", 1), ("a", 2)], concurrent=1)
    schedule.again(*schedule.take(), 1, throttled=False)
    assert schedule.take() == ("a", 2)


def test_throttling_pauses_the_whole_host_for_as_long_as_it_asked_and_halves_its_budget(clock):
    schedule = schedule_of(clock, [("a", number) for number in range(9)], concurrent=4, rate=8.0)
    schedule.again(*schedule.take(), 1, throttled=True, retry_after=30.0)
    state = schedule._hosts["a"]
    assert (state.limit, state.rate, state.ready_at()) == (2.0, 4.0, clock.now + 30.0)
    clock.now += 30.0
    for _ in range(200):
        schedule.take()
        schedule.add("a", 0)
        schedule.done("a")
        clock.now += 1
    assert (state.limit, state.rate) == (4.0, 8.0)  # won back, and no more than that


def test_a_host_of_ones_own_has_no_limit_until_it_asks_for_one(clock):
    schedule = schedule_of(clock, [("own", number) for number in range(50)], concurrent=2, rate=1.0,
                           limited=lambda host: host != "own")
    taken = [schedule.take() for _ in range(40)]
    schedule.again(*taken[0], 1, throttled=True)
    assert schedule._hosts["own"].limit == 1.0
    assert schedule._hosts["own"].rate == 0.5


def test_a_redirect_waits_for_the_host_that_it_leads_to_and_comes_before_what_is_fresh_there(clock):
    schedule = schedule_of(clock, [("a", 1), ("b", 2), ("b", 3)], concurrent=1, rate=1.0)
    assert [schedule.take(), schedule.take()] == [("a", 1), ("b", 2)]
    schedule.onward("a", "b", 1)
    assert schedule._hosts["b"].ready_at() == clock.now + 1.0
    clock.now += 1.0
    schedule.done("b")
    assert schedule.take() == ("b", 1)
    schedule.done("b")
    clock.now += 1.0
    assert schedule.take() == ("b", 3)
    schedule.done("b")
    assert schedule.take() is None


def test_a_host_that_does_nothing_but_fail_is_set_aside_and_its_jobs_come_at_once(clock):
    schedule = schedule_of(clock, [("dead", number) for number in range(9)] + [("alive", 0)], concurrent=1, rate=1.0,
                           failures=3, outage=10.0)
    for failures in (1, 2, 3, 4):
        assert not schedule.is_set_aside("dead")
        while True:
            clock.now = max(clock.now, schedule._hosts["dead"].ready_at())
            host, job = schedule.take()
            if host == "dead":
                break
        # Three failures in a row are enough, but not within less than ten seconds.
        schedule.again(host, job, 1, throttled=failures == 1)
        clock.now += 4.0
    assert schedule.is_set_aside("dead")
    assert not schedule.is_set_aside("alive")
    dropped = []
    for _ in range(9):
        host, job = schedule.take()
        dropped.append(job)
        schedule.drop(host)
    assert sorted(dropped) == list(range(9))
    schedule.done("alive")
    assert schedule.take() is None


@pytest.mark.parametrize("answer", ["photograph", "redirect"])
def test_any_answer_begins_the_count_of_failures_anew(clock, answer):
    schedule = schedule_of(clock, [("a", number) for number in range(99)], concurrent=1, failures=3, outage=0.0)
    for _ in range(5):
        for _ in range(2):
            schedule.take()
            schedule.done("a", answered=False)
        host, job = schedule.take()
        if answer == "photograph":
            schedule.done(host)
        else:
            schedule.onward(host, "b", job)
            schedule.drop(schedule.take()[0])
    assert not schedule.is_set_aside("a")


def test_many_threads_do_every_job_once():
    jobs = [(f"host{number % 7}", number) for number in range(500)]
    schedule = schedule_of(Clock(), jobs, concurrent=3)
    done, active, most, lock = [], {}, {}, threading.Lock()

    def work():
        while (turn := schedule.take()) is not None:
            host, job = turn
            with lock:
                active[host] = active.get(host, 0) + 1
                most[host] = max(most.get(host, 0), active[host])
            with lock:
                active[host] -= 1
                done.append(job)
            schedule.done(host)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(done) == list(range(500))
    assert max(most.values()) <= 3


@pytest.mark.parametrize(("value", "expected"), [
    (None, None), ("120", 120.0), ("0", 0.0), ("1.5", 1.5), ("1e9", None), ("9" * 400, MAX_RETRY_AFTER), ("-1", None),
    ("", None), ("soon", None), ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0), ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
    ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER), ("٣", None)])
def test_retry_after(value, expected):
    assert retry_after_seconds(value, now=100.0) == expected


@pytest.mark.parametrize(("tag", "expected"), [
    ("noindex", True), ("NoAI, nofollow", True), ("googlebot: noindex", False), ("fecemo: none", True), ("all", False),
    ("", False), ("max-snippet:10, noimageindex", True)])
def test_opt_out(tag, expected):
    assert opted_out({"X-Robots-Tag": tag}) is expected
    assert opted_out({}) is False
