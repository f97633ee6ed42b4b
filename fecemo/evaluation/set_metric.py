"""Metrics between two sets of faces, which need no labels: each is one file in ``set_metrics/``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fecemo.registry import entries


@dataclass(frozen=True)
class LabelledVectors:
    """One set of faces as vectors.

    Parameters
    ----------
    name : str
    vectors : ndarray of shape (n, d), float32
        Embeddings by the same network as those of the other sets, or pixels.
    labels, splits : ndarray of shape (n,), str
        ``""`` where a face has none.
    faces : ndarray of shape (n,), str
        Digests of their pixels: what tells whether a face stands in two sets.
    """

    name: str
    vectors: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    faces: np.ndarray

    @property
    def is_labelled(self) -> bool:
        """bool: Whether some face has a label."""
        return bool((self.labels != "").any())

    def rows(self, split: str, emotions: Sequence[str]) -> np.ndarray:
        """Return the rows of a split that show one of these emotions."""
        return np.flatnonzero((self.splits == split) & np.isin(self.labels, list(emotions)))


@dataclass(frozen=True)
class SetMetric:
    """A metric between two sets.

    Parameters
    ----------
    name : str
        Key in the record, such as ``"energy"``.
    title : str
        Heading of its figures.
    meaning : str
        What it is, with its range, in a sentence.
    measure : callable
        ``measure(a, b) -> float`` of two `LabelledVectors` in one standardized space. Of a set and itself, the two
        halves of it are passed.
    """

    name: str
    title: str
    meaning: str
    measure: Callable[[LabelledVectors, LabelledVectors], float]


def set_metrics() -> dict[str, SetMetric]:
    """Return every metric between two sets by name."""
    return entries("fecemo.evaluation.set_metrics", "METRIC")
