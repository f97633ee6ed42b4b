"""What a phase learns from: which faces make an example, and what is known of each."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Examples:
    """Examples of one pack.

    Parameters
    ----------
    rows : ndarray of shape (m,) or (m, 3), int64
        Rows of the pack: a face an example, or the three faces of a triplet, the odd one last.
    targets : mapping of str to ndarray of shape (m, ...)
        What is known of each example, by what a loss may learn from: ``"label"`` (m,) int32, ``"vector"`` (m, d)
        float32, ``"triplet"`` (m,) int32. The pixels themselves need not be given.
    """

    rows: np.ndarray
    targets: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def faces_each(self) -> int:
        """int: Faces of an example."""
        return 1 if self.rows.ndim == 1 else self.rows.shape[1]

    def take(self, positions: np.ndarray) -> "Examples":
        """Return some of the examples."""
        return Examples(self.rows[positions], {name: values[positions] for name, values in self.targets.items()})


def held_out_apart(examples: Examples, fraction: float, seed: int) -> tuple[Examples, Examples]:
    """Divide examples of several faces into those to learn from and those to validate on, which share no face.

    Faces are set aside, and with them every example that they are in. Examples whose faces are all set aside are
    validated on; those of which only some are, serve neither.

    Parameters
    ----------
    examples : Examples
        Of several faces each.
    fraction : float
        Share of the examples that is at most given up for learning, in (0, 1).
    seed : int

    Returns
    -------
    tuple of Examples
        To learn from, to validate on; each in the old order. There may be none of the latter.
    """
    lots = np.random.default_rng([seed, zlib.crc32(b"held out")]).permutation(len(examples))

    def set_aside(count: int) -> np.ndarray:
        """Return which faces of each example are among those of the first so many that the lots name."""
        return np.isin(examples.rows, examples.rows[lots[:count]])

    # The more examples the lots name, the more are given up: the last count is sought at which it is not too many.
    few_enough, too_many = 0, len(examples) + 1
    while too_many - few_enough > 1:
        count = (few_enough + too_many) // 2
        if set_aside(count).any(axis=1).sum() <= fraction * len(examples):
            few_enough = count
        else:
            too_many = count
    aside = set_aside(few_enough)
    return examples.take(np.flatnonzero(~aside.any(axis=1))), examples.take(np.flatnonzero(aside.all(axis=1)))


def held_out(examples: Examples, fraction: float, seed: int) -> tuple[Examples, Examples]:
    """Divide examples into those to learn from and those to validate on.

    Where there are labels, each label loses its share, give or take a face.

    Parameters
    ----------
    examples : Examples
    fraction : float
        To validate on, in (0, 1), rounded down to whole examples.
    seed : int

    Returns
    -------
    tuple of Examples
        To learn from, to validate on; each in the old order.
    """
    lots = np.random.default_rng([seed, zlib.crc32(b"held out")]).permutation(len(examples))
    order = np.lexsort((lots, examples.targets.get("label", np.zeros(len(examples)))))
    # Every 1/fraction-th of a row that is ordered by label.
    due = np.floor(np.arange(len(examples) + 1) * fraction)
    taken = np.zeros(len(examples), bool)
    taken[order[np.diff(due) > 0]] = True
    return examples.take(np.flatnonzero(~taken)), examples.take(np.flatnonzero(taken))
