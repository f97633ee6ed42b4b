"""What a command costs with every process that it starts: seconds of cores and of the clock, and memory."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.05


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
        What it says goes here; shown if it fails.
    **environment : str
        Variables added to the environment.
    """
    with log.open("w") as said:
        started, peak = time.perf_counter(), 0
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                   env={**os.environ, **environment})
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
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended meanwhile
    return found


def _peak_of(pid: int) -> int:
    # Of this process's own memory: ru_maxrss would begin with that of the one that started it.
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
