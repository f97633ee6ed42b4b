"""What is known of source faces beside their clusters: light, backdrop, pose, to see what a clustering follows."""

import csv
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from fecemo.manifests.face_id import face_id
from fecemo.packs.face_pack import FacePack
from fecemo.stages.layout import RunLayout

PARAMETERS_NAME = "source_parameters.csv"
DRAWN = {
    "light": "capture.light_strength", "exposure": "capture.exposure", "warmth": "capture.warmth",
    "backdrop": "capture.backdrop", "backdrop, dark to light": "capture.backdrop_value", "yaw": "capture.yaw",
    "skin tone": "identity.skin_tone", "age": "identity.age", "hair": "identity.hair_colour",
    "glasses": "identity.glasses",
}
"""Of drawn faces, what has nothing to do with expression, and where the draw stage wrote it."""
EVERY = 8
"""Brightness is read off every eighth row and column of a face."""
BLOCK = 512

Known = Mapping[str, Callable[[np.ndarray], np.ndarray]]


def known_of_source(layout: RunLayout, pack: FacePack, rows: np.ndarray) -> Known:
    """Return what is known of source faces, each a callable of positions that gives numbers or words.

    Parameters
    ----------
    layout : RunLayout
    pack : FacePack
        Source faces.
    rows : ndarray of shape (n,), int64
        Rows of the embedded ones.
    """
    known: dict[str, Callable[[np.ndarray], np.ndarray]] = {"brightness": partial(_brightness, pack, rows)}
    path = layout.drawn / PARAMETERS_NAME
    if not path.is_file():
        return known
    with path.open(encoding="utf-8", newline="") as file:
        table = {face_id(line["url"], *(float(line[side]) for side in ("left", "right", "top", "bottom"))): line
                 for line in csv.DictReader(file)}
    lines = [table.get(str(name)) for name in pack.ids[rows]]
    if any(line is None for line in lines):
        return known
    for title, column in DRAWN.items():
        words = np.array([line[column] for line in lines if line is not None])
        try:
            values = words.astype(np.float32)
        except ValueError:
            values = words
        known[title] = values.__getitem__
    return known


def _brightness(pack: FacePack, rows: np.ndarray, positions: np.ndarray) -> np.ndarray:
    wanted, back = np.unique(rows[positions], return_inverse=True)
    levels = [np.asarray(pack.faces[wanted[start : start + BLOCK]])[:, ::EVERY, ::EVERY].mean(axis=(1, 2, 3))
              for start in range(0, len(wanted), BLOCK)]
    return np.concatenate(levels).astype(np.float32)[back]
