"""A fuzzer over what strangers write: lists of faces, and pictures.

A case may end in a sound value or in a reason that is recorded; anything else is a fault: another exception, a crash,
memory beyond a cap, pixels of another picture, a line that spoils its neighbours.

    python tests/fuzz/fuzz.py --seconds 600 --seed 7
    python tests/fuzz/fuzz.py --seed 7 --target pictures --case 1234    # one case again

Seed and number decide a case. A faulty one is kept in the file that is named; after a crash, that is the last one.
"""

import argparse
import faulthandler
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Protocol

from lists_target import ListsTarget
from pictures_target import PicturesTarget


class Target(Protocol):
    """Something that strangers' bytes are given to."""

    name: str

    def case(self, rng: random.Random) -> bytes:
        """Return the bytes of a case."""

    def check(self, data: bytes) -> Counter[str]:
        """Give bytes to the target; count what came of them, or raise."""


def numbered(target: Target, seed: int, number: int) -> bytes:
    """Return a case by its number."""
    return target.case(random.Random(f"{target.name} {seed} {number}"))


def fuzz(target: Target, seed: int, seconds: float, first: int, kept: Path) -> None:
    """Try cases for so long; raise what the first faulty one raised."""
    outcomes: Counter[str] = Counter()
    number, until = first, time.monotonic() + seconds
    while number == first or time.monotonic() < until:
        data = numbered(target, seed, number)
        kept.write_bytes(data)  # before the try: a crash leaves it behind
        try:
            outcomes.update(target.check(data))
        except Exception as fault:
            fault.add_note(f"{target.name}: case {number} of seed {seed}, {len(data)} bytes, kept as {kept}")
            raise
        number += 1
    kept.unlink()
    counted = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    print(f"{target.name}: {number - first} cases of seed {seed}, none at fault ({counted})", flush=True)


def quiet() -> None:
    """Let the C libraries say nothing of what is spoilt; what Python says of a fault or a crash is still seen."""
    terminal = os.fdopen(os.dup(2), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stderr = terminal
    faulthandler.enable(terminal)


def main() -> None:
    """Fuzz every target, each for its share of the time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=("lists", "pictures"), help="one of the two alone")
    parser.add_argument("--case", type=int, help="this case alone")
    arguments = parser.parse_args()
    quiet()
    with tempfile.TemporaryDirectory() as folder:
        targets = [target for target in (ListsTarget(Path(folder)), PicturesTarget())
                   if arguments.target in (None, target.name)]
        seconds = 0.0 if arguments.case is not None else arguments.seconds / len(targets)
        for target in targets:
            fuzz(target, arguments.seed, seconds, arguments.case or 0, Path(f"fuzz-{target.name}.bin"))


if __name__ == "__main__":
    main()
