"""Small data sets for tests: smooth random faces, no two alike."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import output_lock


def smooth_face(seed: int) -> np.ndarray:
    """A face-sized picture of a few soft blots, uint8 of shape (200, 200, 3)."""
    blots = np.random.default_rng(seed).integers(0, 256, (5, 5, 3)).astype(np.float32)
    ramp = np.linspace(0, 3.999, 200)
    low, part = ramp.astype(int), (ramp % 1)[:, None, None]
    rows = blots[low] * (1 - part) + blots[low + 1] * part
    columns = part.reshape(1, 200, 1)
    return np.rint(rows[:, low] * (1 - columns) + rows[:, low + 1] * columns).astype(np.uint8)


def write_dataset(folder: Path, entries: Sequence[FaceEntry]) -> Dataset:
    """Write a data set that holds `smooth_face` of each row."""
    with output_lock(folder):
        writer = DatasetWriter(folder, entries)
        for slot in range(len(entries)):
            writer.put(slot, smooth_face(slot))
        writer.finish("import", config={}, inputs={}, seed=0)
        writer.close()
    return Dataset(folder)


def labelled_entries(count: int) -> list[FaceEntry]:
    """Faces of two emotions and two splits, in turns."""
    return [FaceEntry(f"{slot:032x}", f"a/ä {slot}.jpg", 0.1, 0.9, 0.0, 1.0 - slot / 1000,
                      annotations={"label": ("happy", "sad")[slot % 2], "split": ("train", "test")[slot % 3 == 2]})
            for slot in range(count)]


def plain_entries(count: int) -> list[FaceEntry]:
    """Faces without labels and splits."""
    return [FaceEntry(f"{slot * 7919 % 256:02x}{slot:030x}", f"http://a/{slot}.jpg") for slot in range(count)]
