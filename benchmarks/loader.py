"""Our loader against a plain copy of the same bytes, and against ``tf.data`` over JPEG files.

    python benchmarks/loader.py            3,000 faces
    python benchmarks/loader.py --quick    1,000 faces

Shuffled batches of 64 faces of 200×200×3 bytes, from a pack that lies in the page cache and from one that does not: its
pages are dropped before each pass, as those of a pack larger than the memory would be. The limits are NumPy's copy of
the same bytes in order, from memory, and plain reads of the same faces in the same shuffled order, from the disk (what
the disk gives in sequence is printed beside it). ``tf.data`` reads, decodes and shuffles JPEG
files of the same faces, from the page cache. Targets: 0.5 of the limit, 5 times ``tf.data``.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from fecemo.packs.variant import find_variant
from fecemo.training.backend import import_keras
from fecemo.training.order import epoch_order, padded_batches

BATCH = 64
SIDE = 200


def rate(faces: int, work: Callable[[], None], before: Callable[[], None] = lambda: None, rounds: int = 3) -> float:
    """Return faces per second in the best of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        before()
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return faces / best


def drop_pages(path: Path) -> None:
    """Make the system forget a file's pages, so that the next pass reads the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def soft_faces(n: int) -> Iterator[np.ndarray]:
    """Yield pictures with some texture, so that JPEG has something to do."""
    random = np.random.default_rng(0)
    import cv2

    for _ in range(n):
        coarse = random.integers(0, 256, (25, 25, 3), dtype=np.uint8)
        fine = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).astype(np.int16)
        yield np.clip(fine + random.integers(-8, 9, fine.shape), 0, 255).astype(np.uint8)


def tf_data(folder: Path) -> Callable[[], None]:
    """Return a pass of ``tf.data`` over a folder of JPEG files, as its guide has it."""
    import tensorflow as tf

    files = sorted(str(path) for path in folder.glob("*.jpg"))
    dataset = (tf.data.Dataset.from_tensor_slices(files).shuffle(len(files))
               .map(lambda path: tf.io.decode_jpeg(tf.io.read_file(path)), num_parallel_calls=tf.data.AUTOTUNE)
               .batch(BATCH).prefetch(tf.data.AUTOTUNE))

    def run() -> None:
        for _ in dataset:
            pass

    return run


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1,000 faces")
    parser.add_argument("--faces", type=int, default=3000)
    parser.add_argument("--folder", type=Path, help="where to put the faces for the while: a real disk")
    arguments = parser.parse_args()
    faces = 1000 if arguments.quick else arguments.faces
    import_keras()
    import cv2

    from fecemo.training.device_view import DeviceView
    from fecemo.training.face_feed import FaceFeed

    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "faces.npy"
        stored = np.lib.format.open_memmap(path, "w+", np.uint8, (faces, SIDE, SIDE, 3))
        for number, face in enumerate(soft_faces(faces)):
            stored[number] = face
            cv2.imwrite(str(Path(folder) / f"{number}.jpg"), face)
        stored.flush()
        del stored
        in_memory = np.load(path)
        view = DeviceView(find_variant("rgb"), SIDE)
        buffer = np.empty((BATCH, SIDE, SIDE, 3), np.uint8)

        def ours() -> None:
            # Mapped anew in each pass: the system does not forget pages that are mapped.
            feed = FaceFeed(np.load(path, mmap_mode="r"), np.arange(faces), view)
            for _ in feed.stored_batches(padded_batches(epoch_order(faces, 0, "loader", 0), BATCH)):
                pass

        def copy() -> None:
            for start in range(0, faces, BATCH):
                batch = in_memory[start : start + BATCH]
                np.copyto(buffer[: len(batch)], batch)

        def read() -> None:
            with path.open("rb", buffering=0) as file:
                while file.readinto(buffer.data.cast("B")):
                    pass

        def read_shuffled() -> None:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                size = buffer[0].nbytes
                header = path.stat().st_size - faces * size
                for number, row in enumerate(epoch_order(faces, 0, "loader", 0)):
                    os.preadv(descriptor, [buffer[number % BATCH]], header + int(row) * size)
            finally:
                os.close(descriptor)

        rates = {
            "ours, in the page cache": rate(faces, ours),
            "limit: a copy in memory": rate(faces, copy),
            "ours, from the disk": rate(faces, ours, lambda: drop_pages(path)),
            "limit: plain reads in the same order": rate(faces, read_shuffled, lambda: drop_pages(path)),
            "the disk, read in sequence": rate(faces, read, lambda: drop_pages(path)),
            "tf.data over JPEG files": rate(faces, tf_data(Path(folder))),
        }
    for name, found in rates.items():
        print(f"{name:38} {found:>10,.0f} faces/s  {found * SIDE * SIDE * 3 / 2**20:>8,.0f} MiB/s")
    values = list(rates.values())
    print(json.dumps({"benchmark": "loader", "faces": faces, "batch_size": BATCH, "results": {
        "of_limit_in_cache": round(values[0] / values[1], 3), "of_limit_from_disk": round(values[2] / values[3], 3),
        "times_tf_data": round(values[0] / values[5], 2)}}))


if __name__ == "__main__":
    main()
