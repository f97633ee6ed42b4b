"""What fetching costs: a command with all its processes, and the fetch stage with a stopwatch around each of its parts.

    python benchmarks/fetch_costs.py RESULT ARGUMENTS OF pipelines/01_fetch.py

Run by `fetch.py` as a separate process; writes seconds of cores by part, all threads added up, into the file RESULT as
JSON.
"""

import functools
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from fecemo.cli import run_cli
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.fetch.download import Downloader
from fecemo.imaging import crop
from fecemo.stages import fetch, fetch_crew

SAMPLE_SECONDS = 0.05
PARTS = (
    ("http", Downloader, "ask"),
    ("decode", crop, "read_header"), ("decode", crop, "decode"),
    ("resize", crop, "crop_face"),
    ("write", fetch_crew, "digest_bytes"), ("write", DatasetWriter, "put"), ("write", DatasetWriter, "finish"),
)
"""Functions whose time is disjoint. What a part spends in threads of its own, as connecting does, is not seen here."""


@dataclass(frozen=True)
class Cost:
    """What a command cost.

    Parameters
    ----------
    cpu : float
        Seconds that cores were busy for it, in all of its processes.
    wall : float
        Seconds by the clock.
    peak_bytes : int
        The most memory that its processes held: the sum of each one's own peak, over those alive at a time.
    """

    cpu: float
    wall: float
    peak_bytes: int


def cost_of(command: Sequence[str | Path], log: Path, **environment: str) -> Cost:
    """Run a command to its end.

    Parameters
    ----------
    command : sequence of str or Path
    log : Path
        Where its output goes; shown if it fails.
    **environment : str
        Variables added to the environment.
    """
    with log.open("w") as output:
        started, peak = time.perf_counter(), 0
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=output, env={**os.environ, **environment})
        # wait4 counts the process and all that it started and waited for.
        before: set[int] = set()
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            alive = set(_tree(process.pid))
            # One that was forked a moment ago still has its parent's memory, and would count it twice.
            peak = max(peak, sum(_peak_of(pid) for pid in alive & before))
            before = alive
            time.sleep(SAMPLE_SECONDS)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{log.read_text()[-3000:]}")
    return Cost(ended[2].ru_utime + ended[2].ru_stime, wall, peak)


def _tree(pid: int) -> list[int]:
    tree = [pid]
    for parent in tree:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                tree += [int(child) for child in task.read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended meanwhile
    return tree


def _peak_of(pid: int) -> int:
    # Of this process's own memory: ru_maxrss would begin with that of the one that started it.
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def timed(function: Callable[..., Any], part: str, seconds: Counter[str], lock: threading.Lock) -> Callable[..., Any]:
    """Return a function that adds what its thread was busy with to a part's seconds."""

    @functools.wraps(function)
    def stopwatch(*arguments: Any, **named: Any) -> Any:
        started = time.thread_time()
        try:
            return function(*arguments, **named)
        finally:
            with lock:
                seconds[part] += time.thread_time() - started

    return stopwatch


def main() -> None:
    """Run the stage and write the result."""
    result = Path(sys.argv.pop(1))
    seconds: Counter[str] = Counter()
    lock = threading.Lock()
    for part, owner, name in PARTS:
        setattr(owner, name, timed(getattr(owner, name), part, seconds, lock))
    cv2.setNumThreads(1)
    seconds["start"] = time.process_time()
    run_cli(fetch.run)
    seconds["other"] = time.process_time() - sum(seconds.values())
    result.write_text(json.dumps(seconds))


if __name__ == "__main__":
    main()
