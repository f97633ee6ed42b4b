"""Time an exact search over stored vectors, against a plain read of the same bytes in the same run.

    python benchmarks/search.py            10,000,000 vectors of 16 float32, 0.64 GB
    python benchmarks/search.py --quick    1,000,000

Vectors are random and in a memory-mapped file, in the page cache after the first read. The last line is one JSON
object; ``share_of_read`` is the seconds of a plain read over those of a query: 1 is the memory's speed.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fecemo.archive.search import by_likeness, by_shares

DIMENSIONS, CLASSES, TOP, TURNS = 16, 8, 50, 5


def write(path: Path, n: int, width: int) -> np.ndarray:
    """Write random rows, and return them as a memory map."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, {"descr": "<f4", "fortran_order": False, "shape": (n, width)})
        for start in range(0, n, 1 << 18):
            file.write(rng.random((min(1 << 18, n - start), width), np.float32).data)
    return np.load(path, mmap_mode="r")


def read(array: np.ndarray) -> None:
    """Read every byte into memory that is used again and again."""
    rows = (1 << 20) // array[:1].nbytes
    buffer = np.empty((rows, array.shape[1]), np.float32)
    for start in range(0, len(array), rows):
        block = array[start : start + rows]
        np.copyto(buffer[: len(block)], block)


def seconds(call: Callable[[], object]) -> float:
    """Return the seconds of a call by the clock."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the vectors")
    parser.add_argument("--folder", help="for the temporary file")
    arguments = parser.parse_args()
    n = 1_000_000 if arguments.quick else 10_000_000
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        vectors = write(Path(folder) / "vectors.npy", n, DIMENSIONS)
        shares = vectors.reshape(-1, CLASSES)[:n]
        year = np.arange(n) % 10 == 0
        example, weights = np.asarray(vectors[n // 3 : n // 3 + 1]), np.linspace(-1, 1, CLASSES)
        queries: dict[str, tuple[np.ndarray, Callable[[], object]]] = {
            "like": (vectors, lambda: by_likeness(vectors, example, TOP)),
            "like, a tenth allowed": (vectors, lambda: by_likeness(vectors, example, TOP, year)),
            "words": (shares, lambda: by_shares(shares, weights, TOP, year)),
        }
        results = []
        for name, (array, query) in queries.items():
            timings = [(seconds(lambda array=array: read(array)), seconds(query)) for _ in range(TURNS)]
            plain, taken = min(times[0] for times in timings), min(times[1] for times in timings)
            results.append({"query": name, "faces": n, "numbers": array.shape[1], "seconds": round(taken, 3),
                            "read_seconds": round(plain, 3), "share_of_read": round(plain / taken, 2)})
            print(f"{name}: {taken:.3f} s, a plain read {plain:.3f} s ({array.nbytes / plain / 1e9:.1f} GB/s): "
                  f"{plain / taken:.2f} of its speed", flush=True)
    print(json.dumps({"benchmark": "search", "results": results}))


if __name__ == "__main__":
    main()
