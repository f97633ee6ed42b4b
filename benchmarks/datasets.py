"""Shuffled batches from a face data set, against a plain NumPy copy (the limit) and against JPEG files (the peer).

    python benchmarks/datasets.py            20,000 faces: 2.4 GB in a temporary folder, a few minutes
    python benchmarks/datasets.py --quick    3,000 faces: under a minute on two cores

The faces are smooth random pictures with a little noise, written as a data set and as JPEG files of quality 95.
Three readers then take turns, each going through all faces in batches of 64, once or more often, with warm caches:

- ours: rows of the data set's memory map in shuffled order, seen through a variant, one thread;
- the limit: the same bytes, copied in order out of an array in memory, one thread;
- the peer: files in shuffled order, decoded by OpenCV and cut or turned gray, one thread a core.

The best of each reader's turns counts. The writer is compared too: planning, storing and finishing a data set of faces
that lie in memory, against writing the same bytes into one file and waiting for the disk. The last line is one JSON
object; ``limit_ratio`` is our faces per second over the limit's (target: at least 0.5), ``peer_ratio`` ours over the
peer's (target: at least 5), both for whole RGB faces; ``write_ratio`` is ours over the plain file's.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import output_lock
from fecemo.data.variants import FACE_SIDE, Variant, variants

BATCH = 64
TURN_SECONDS = 0.3
QUICK_FACES, ALL_FACES = 3_000, 20_000
TARGETS = {"limit_ratio": 0.5, "peer_ratio": 5.0}


def smooth_faces(n_faces: int) -> np.ndarray:
    """Return random pictures of shape (n_faces, 200, 200, 3), uint8, about as hard to encode as photographs."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 4, (8, FACE_SIDE, FACE_SIDE, 3)).astype(np.float32)
    faces = np.empty((n_faces, FACE_SIDE, FACE_SIDE, 3), np.uint8)
    for number, face in enumerate(faces):
        knots = rng.integers(0, 256, (12, 12, 3)).astype(np.float32)
        smooth = cv2.resize(knots, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_CUBIC)
        face[:] = np.clip(smooth + noise[number % len(noise)], 0, 255)
    return faces


def write_dataset(folder: Path, faces: np.ndarray) -> float:
    """Write a face data set and return the seconds that it took."""
    started = time.perf_counter()
    with output_lock(folder):
        plan = (FaceEntry(id=f"{slot:032x}", address=f"{slot}.jpg") for slot in range(len(faces)))
        writer = DatasetWriter(folder, plan)
        try:
            for slot in writer.missing():
                writer.put(slot, faces[slot])
            writer.finish("benchmark", config={}, inputs={})
        finally:
            writer.close()
    return time.perf_counter() - started


def write_plain_file(path: Path, faces: np.ndarray) -> float:
    """Write the same bytes into one file, wait for the disk, and return the seconds that it took."""
    started = time.perf_counter()
    with path.open("wb") as file:
        np.save(file, faces)
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - started


def write_jpegs(folder: Path, faces: np.ndarray) -> list[str]:
    """Write every face as a JPEG file; return the files' paths."""
    folder.mkdir()
    paths = [str(folder / f"{number}.jpg") for number in range(len(faces))]
    for path, face in zip(paths, faces, strict=True):
        cv2.imwrite(path, face[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    return paths


def batches_of(n_faces: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield every row once, in shuffled batches."""
    order = rng.permutation(n_faces)
    for start in range(0, n_faces, BATCH):
        yield order[start : start + BATCH]


def read_dataset(dataset: Dataset, variant: Variant, rng: np.random.Generator) -> None:
    """Go once through a data set; each batch is made contiguous, the form in which it leaves for a device."""
    for rows in batches_of(len(dataset), rng):
        np.ascontiguousarray(variant.view(np.take(dataset.faces, rows, axis=0)))


def copy_in_memory(faces: np.ndarray) -> None:
    """Copy an array in memory, a batch at a time and in order, into memory that is already there.

    Of NumPy's ways to do that, ``take`` was measured to be the fastest.
    """
    batch = np.empty_like(faces[:BATCH])
    for start in range(0, len(faces), BATCH):
        rows = np.arange(start, min(start + BATCH, len(faces)))
        np.take(faces, rows, axis=0, out=batch[: len(rows)], mode="clip")


def read_jpegs(paths: list[str], variant: Variant, rng: np.random.Generator, pool: ThreadPoolExecutor) -> None:
    """Go once through a folder of JPEG files, decoding on all cores."""
    kind = cv2.IMREAD_GRAYSCALE if variant.channels == 1 else cv2.IMREAD_COLOR_RGB
    inside = slice(variant.margin, FACE_SIDE - variant.margin)

    def decode(row: int) -> np.ndarray:
        return cv2.imread(paths[row], kind)[inside, inside]

    for rows in batches_of(len(paths), rng):
        np.stack(list(pool.map(decode, rows)))


def rates_in_turns(n_faces: int, rounds: int, **readers: Callable[[], None]) -> dict[str, float]:
    """Return each reader's best faces per second; they take turns, so that a slow spell of the machine hits all.

    A turn is as many passes as `TURN_SECONDS` hold, at least one.
    """
    rates = dict.fromkeys(readers, 0.0)
    for _ in range(rounds):
        for name, reader in readers.items():
            passes, started = 0, time.perf_counter()
            while (seconds := time.perf_counter() - started) < TURN_SECONDS:
                reader()
                passes += 1
            rates[name] = max(rates[name], passes * n_faces / seconds)
    return rates


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_FACES} faces instead of {ALL_FACES}")
    parser.add_argument("--faces", type=int, help="as many faces")
    parser.add_argument("--folder", type=Path, help="make the temporary folder in this one, on the disk to be measured")
    arguments = parser.parse_args()
    n_faces = arguments.faces or (QUICK_FACES if arguments.quick else ALL_FACES)
    rounds = 5
    cores = len(os.sched_getaffinity(0))
    cv2.setNumThreads(1)  # the peer's threads are over files; OpenCV's own would get in their way

    faces = smooth_faces(n_faces)
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as scratch:
        folder = Path(scratch)
        dataset_seconds = write_dataset(folder / "dataset", faces)
        plain_seconds = write_plain_file(folder / "plain.npy", faces)
        print(f"write: fecemo {n_faces / dataset_seconds:,.0f} faces/s, one plain file {n_faces / plain_seconds:,.0f}",
              flush=True)
        paths = write_jpegs(folder / "files", faces)
        dataset = Dataset(folder / "dataset")
        rng = np.random.default_rng(1)
        with ThreadPoolExecutor(cores) as pool:
            for name, variant in variants().items():
                viewed = np.ascontiguousarray(variant.view(faces))  # the limit copies the bytes that a batch holds
                rates = rates_in_turns(
                    n_faces, rounds,
                    ours=lambda variant=variant: read_dataset(dataset, variant, rng),
                    limit=lambda viewed=viewed: copy_in_memory(viewed),
                    peer=lambda variant=variant: read_jpegs(paths, variant, rng, pool),
                )
                results[name] = {
                    **{f"{reader}_faces_per_second": round(rate) for reader, rate in rates.items()},
                    "limit_ratio": round(rates["ours"] / rates["limit"], 3),
                    "peer_ratio": round(rates["ours"] / rates["peer"], 2),
                }
                print(f"{name:6} fecemo {rates['ours']:>9,.0f} faces/s   copy in memory {rates['limit']:>9,.0f}   "
                      f"JPEG files {rates['peer']:>7,.0f}", flush=True)
    print(json.dumps({
        "benchmark": "datasets", "faces": n_faces, "batch": BATCH, "cores": cores, "numpy": np.__version__,
        "opencv": cv2.__version__, "variants": results, "write_ratio": round(plain_seconds / dataset_seconds, 3),
        "limit_ratio": results["rgb"]["limit_ratio"], "peer_ratio": results["rgb"]["peer_ratio"], "targets": TARGETS,
    }))


if __name__ == "__main__":
    main()
