"""Our loader against a plain copy of the same bytes, and against ``tf.data`` over JPEG files.

    python benchmarks/loader.py            3,000 faces
    python benchmarks/loader.py --quick    1,000 faces

Shuffled batches of 64 faces of 200×200×3 bytes, from a data set that lies in the page cache and from one that does not:
its pages are dropped before each pass, as those of a data set larger than the memory would be. The limits are NumPy's
copy of the same bytes in order, from memory, and plain reads of the same faces in the same shuffled order, from the
disk (what the disk gives in sequence is printed beside it). ``tf.data`` reads, decodes and shuffles JPEG files of the
same faces, from the page cache. Readers take turns and the best turn of each counts; beside seconds on the clock stand
seconds that cores were busy, which other work on the machine disturbs less. Targets: 0.5 of the limit, 5 times
``tf.data``.

Two choices are measured against what they took the place of: memory that is used again against new memory for each
batch, and each variant's view as one compiled program against its steps one by one.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from fecemo.data.variants import variants
from fecemo.training.backend import import_keras
from fecemo.training.order import epoch_order, padded_batches

BATCH = 64
SIDE = 200


def rates_in_turns(faces: int, works: dict[str, tuple[Callable[[], None], Callable[[], None]]],
                   rounds: int) -> dict[str, tuple[float, float]]:
    """Return faces per second, and per second that cores were busy, of each work's best turn.

    A work is what is to be measured and what is to be done before it.
    """
    best = dict.fromkeys(works, (0.0, 0.0))
    for _ in range(rounds):
        for name, (work, before) in works.items():
            before()
            started, busy = time.perf_counter(), time.process_time()
            work()
            taken = time.perf_counter() - started, time.process_time() - busy
            best[name] = tuple(max(rate, faces / seconds) for rate, seconds in zip(best[name], taken, strict=True))
    return best


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


class NewMemory:
    """Takes new memory for each batch, in the place of `BufferPool`."""

    def __init__(self, item_shape: tuple[int, ...]) -> None:
        self._item_shape = item_shape

    def lend(self, n: int) -> np.ndarray:
        """Return a new array."""
        return np.empty((n, *self._item_shape), np.uint8)


def view_gains(faces: np.ndarray) -> dict[str, float]:
    """Return, for each variant, how many times as many faces its compiled view sees per second of busy cores."""
    from fecemo.training.device_view import DeviceView
    from fecemo.training.devices import Placement

    gains, placed = {}, Placement().share_out(faces)
    for name, variant in variants().items():
        view = DeviceView(variant, variant.side)

        def see(way: Callable[[Any], Any]) -> None:
            np.asarray(way(placed))

        see(view.program)  # compiles
        rates = rates_in_turns(len(faces), {"one": (partial(see, view.program), lambda: None),
                                            "steps": (partial(see, view), lambda: None)}, 20)
        gains[name] = round(rates["one"][1] / rates["steps"][1], 2)
    return gains


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
    from fecemo.training.loader import Loader

    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "faces.npy"
        stored = np.lib.format.open_memmap(path, "w+", np.uint8, (faces, SIDE, SIDE, 3))
        for number, face in enumerate(soft_faces(faces)):
            stored[number] = face
            cv2.imwrite(str(Path(folder) / f"{number}.jpg"), face)
        stored.flush()
        del stored
        in_memory = np.load(path)
        view = DeviceView(variants.find("rgb"), SIDE)
        buffer = np.empty((BATCH, SIDE, SIDE, 3), np.uint8)

        def new_loader() -> Loader:
            return Loader({"image": np.load(path, mmap_mode="r")}, np.arange(faces), view)

        def go_through(loader: Loader) -> None:
            for _ in loader.host_batches(padded_batches(epoch_order(faces, 0, "loader", 0), BATCH)):
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

        def nothing() -> None:
            pass

        def forget() -> None:
            drop_pages(path)

        # One loader for all turns, as a training has for all epochs.
        with mock.patch("fecemo.training.pixel_store.BufferPool", NewMemory):
            into_new_memory = new_loader()
        rates = rates_in_turns(faces, {
            "ours, in the page cache": (partial(go_through, new_loader()), nothing),
            "the same, into new memory": (partial(go_through, into_new_memory), nothing),
            "limit: a copy in memory": (copy, nothing)}, 20)
        del into_new_memory
        views = view_gains(in_memory[:BATCH])
        # Mapped anew in each turn: the system does not forget pages that are mapped.
        rates |= rates_in_turns(faces, {
            "ours, from the disk": (lambda: go_through(new_loader()), forget),
            "limit: plain reads in the same order": (read_shuffled, forget),
            "the disk, read in sequence": (read, forget),
            "tf.data over JPEG files": (tf_data(Path(folder)), nothing)}, 3)
    for name, (rate, _) in rates.items():
        print(f"{name:38} {rate:>10,.0f} faces/s  {rate * SIDE * SIDE * 3 / 2**20:>8,.0f} MiB/s")
    for name, gain in views.items():
        print(f"view {name:6} as one program: {gain:.2f} times as many as step by step")
    cached, into_new, copied, from_disk, read_plainly, _, peer = rates.values()
    print(json.dumps({"benchmark": "loader", "faces": faces, "batch_size": BATCH, "results": {
        "of_limit_in_cache": round(cached[0] / copied[0], 3),
        "of_limit_in_cache_by_work": round(cached[1] / copied[1], 3),
        "memory_used_again": round(cached[1] / into_new[1], 2), "compiled_view": views,
        "of_limit_from_disk": round(from_disk[0] / read_plainly[0], 3),
        "times_tf_data": round(cached[0] / peer[0], 2)}}))


if __name__ == "__main__":
    main()
