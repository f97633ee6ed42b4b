"""What this process may use of the machine: cores and memory, within the limits of a container; and its environment.

`os.cpu_count` and the system's own figures tell of the whole machine. Under Docker, Kubernetes or SLURM a process has
less, by its affinity or by its control group (version 1 or 2, https://docs.kernel.org/admin-guide/cgroup-v2.html).
"""

import math
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
MEMORY = Path("/proc/meminfo")
PACKAGE = Path(__file__).resolve().parent


def available_cores() -> int:
    """Return how many cores this process may keep busy, at least 1: by its affinity, and by its group's quota."""
    quotas = [quota for folder in _groups("cpu") if (quota := _quota(folder)) is not None]
    return max(1, min([allowed_cores(), *map(math.ceil, quotas)]))


def allowed_cores() -> int:
    """Return on how many cores the system schedules this process, whatever time its group has on them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_memory() -> float | None:
    """Return the bytes that this process may still take, or None where the system does not say."""
    sizes = [_free_in_machine(MEMORY), *map(_free_in_group, _groups("memory"))]
    return min((size for size in sizes if size is not None), default=None)


def gibibytes(size: float) -> str:
    """Return a size for a message, such as ``"7.8 GiB"``."""
    return f"{size / 2**30:.1f} GiB"


def install_command(*extras: str) -> str:
    """Return the command that adds extras of setup.cfg to this environment, for a message.

    A clone is named by its folder: the package is on no index, where another of its name could be.
    """
    clone = PACKAGE.parent
    if not (clone / "setup.cfg").is_file():
        return f"install fecemo again, with the extra {' and '.join(extras)}"
    return shlex.join([sys.executable, "-m", "pip", "install", "-e", f"{clone}[{','.join(extras)}]"])


def _groups(controller: str) -> Iterator[Path]:
    """Yield the folders of this process's control groups and of those around them, innermost first."""
    text = _text(MEMBERSHIP) or ""
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        mounted = GROUPS / controller if controllers else GROUPS
        # Within a container the group's path may be the host's: then only what is mounted can be read.
        yield from (mounted / part for part in (Path(path.lstrip("/")), *Path(path.lstrip("/")).parents)
                    if (mounted / part).is_dir())


def _quota(folder: Path) -> float | None:
    """Return a group's cores, a fraction of one included; None where it has no limit."""
    text = _text(folder / "cpu.max") or f"{_text(folder / 'cpu.cfs_quota_us')} {_text(folder / 'cpu.cfs_period_us')}"
    try:
        quota, period = map(int, text.split())
    except ValueError:  # "max", or a group that says nothing
        return None
    return quota / period if quota > 0 and period > 0 else None


def _free_in_machine(path: Path) -> float | None:
    lines = (_text(path) or "").splitlines()
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)


def _free_in_group(folder: Path) -> float | None:
    """Return what a group's limit leaves. Pages of files count as used there, though they would make room."""
    limit = _text(folder / "memory.max") or _text(folder / "memory.limit_in_bytes")
    used = _text(folder / "memory.current") or _text(folder / "memory.usage_in_bytes")
    counts = dict(line.split() for line in (_text(folder / "memory.stat") or "").splitlines())
    if limit is None or used is None or limit == "max":
        return None
    files = int(counts.get("total_inactive_file", counts.get("inactive_file", 0)))
    return float(int(limit) - int(used) + files)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
