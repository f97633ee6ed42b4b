"""What clusters hold of what a landmark model measures: which movements of a face they follow."""

import numpy as np

from fecemo.data.array_set import read_face_array
from fecemo.data.arrays import read_array
from fecemo.data.dataset import Dataset
from fecemo.imaging.landmarks.features import COLUMNS, columns_of
from fecemo.study.faces.measurements import Measurements, read_measurements
from fecemo.study.layout import RunLayout

GROUPS = ("distances", "blendshapes")
PARTS = {"smile": ("mouth smile",), "mouth": ("mouth", "lip", "jaw"), "cheeks and nose": ("cheek", "nose"),
         "eyes": ("eye",), "brows": ("brow",)}
"""Parts of a face, and words by which a measurement is of them; it counts for the first that fits."""


def read_source_measurements(layout: RunLayout) -> Measurements:
    """Return what was measured on the unlabelled faces of a run."""
    return read_measurements(layout.measurements("source"), Dataset(layout.source))


def followed(layout: RunLayout, row: str, variant: str, measurements: Measurements) -> dict[str, float]:
    """Return how much of what varies in each part of a face lies between a row's clusters and not within them.

    Of every measurement the share of its variance that the clusters' means explain (eta squared, the R² of an analysis
    of variance), in [0, 1]; of a part the mean over its measurements. Of the faces on which the landmark model was
    sure.
    """
    rows = read_face_array(layout.embeddings(row, variant), "source").rows
    clusters = np.asarray(read_array(layout.clusters(row, variant), "source_clusters", "cluster"))
    sure = measurements.sure[rows]
    shares = variance_between(np.asarray(measurements.of(GROUPS)[rows[sure]], np.float64), clusters[sure])
    parts = [_part(COLUMNS[column]) for column in columns_of(GROUPS)]
    return {part: float(np.mean([share for share, its in zip(shares, parts, strict=True) if its == part]))
            for part in PARTS}


def variance_between(values: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Return the share of each column's variance that lies between clusters: (n, d) values, (n,) clusters, (d,)."""
    numbers, of_face, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    centred = values - values.mean(axis=0)
    sums = np.zeros((len(numbers), values.shape[1]))
    np.add.at(sums, of_face, centred)
    between = (sums**2 / sizes[:, None]).sum(axis=0)
    total = (centred**2).sum(axis=0)
    return np.divide(between, total, out=np.zeros_like(total), where=total > 0)


def _part(column: str) -> str:
    return next(part for part, words in PARTS.items() if any(word in column for word in words))
