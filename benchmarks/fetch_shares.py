"""The fetch stage with a stopwatch around each part of its work. Run by `fetch.py` as a process of its own.

    python benchmarks/fetch_shares.py RESULT ARGUMENTS OF pipelines/01_fetch.py

Writes seconds of cores by part, all threads added up, into the file RESULT as JSON.
"""

import functools
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2

from fecemo.cli import open_door
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.fetch.download import Downloader
from fecemo.imaging import crop
from fecemo.stages import fetch, fetch_crew

PARTS = (
    ("http", Downloader, "ask"),
    ("decode", crop, "read_header"), ("decode", crop, "decode"),
    ("resize", crop, "crop_face"),
    ("write", fetch_crew, "digest_bytes"), ("write", DatasetWriter, "put"), ("write", DatasetWriter, "finish"),
)
"""Functions whose time is disjoint. What a part spends in threads of its own, as connecting does, is not seen here."""


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
    open_door(fetch.run)
    seconds["other"] = time.process_time() - sum(seconds.values())
    result.write_text(json.dumps(seconds))


if __name__ == "__main__":
    main()
