"""Metrics between two sets of faces, which need no labels: each is one file in ``set_metrics/``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fecemo.registry import Registry


@dataclass(frozen=True)
class LabelledVectors:
    """One set of faces as vectors."""

    name: str
    vectors: np.ndarray  #: Embeddings by one network for all sets, or pixels: of shape (n, d), float32.
    labels: np.ndarray  #: Like `splits` ``""`` where a face has none: of shape (n,), str.
    splits: np.ndarray
    faces: np.ndarray  #: Numbers of their pictures, by which a copy is known in two sets: of shape (n,).
    #: What is never divided between folds, the person or the picture of which it is a copy: of shape (n,).
    groups: np.ndarray
    n_persons: int | None = None  #: People in the set; None where they are not known.

    @property
    def is_labelled(self) -> bool:
        """bool: Whether some face has a label."""
        return bool((self.labels != "").any())

    def rows(self, split: str, emotions: Sequence[str]) -> np.ndarray:
        """Return the rows of a split that show one of these emotions."""
        return np.flatnonzero((self.splits == split) & np.isin(self.labels, list(emotions)))


@dataclass(frozen=True)
class SetMetric:
    """A metric between two sets."""

    name: str  #: Key in the record, such as ``"energy"``.
    title: str  #: Heading of its figures.
    meaning: str  #: What it is, with its range, in a sentence.
    #: Of two sets in one standardised space; of a set and itself, the two halves of it are passed.
    measure: Callable[[LabelledVectors, LabelledVectors], float]


set_metrics = Registry[SetMetric]("fecemo.evaluation.set_metrics", "METRIC", "metric between sets")
