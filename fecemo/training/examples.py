"""What a phase learns from: which faces make an example, of which data sets they are, and what is known of each."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

UNKNOWN_CODE = -1
"""Of an integer target, such as a label's code, that is not known; of a floating one NaN."""


@dataclass(frozen=True)
class Examples:
    """Examples of one data set, or of several one after the other."""

    #: Of shape (m,) or (m, g), int64. Rows of the data sets, counted through all of them: a face an example, or the g
    #: faces of a group, such as the three of a triplet, the odd one last.
    rows: np.ndarray
    #: What is known of each example, by the names that losses learn from: a label's code of shape (m,) int32, numbers
    #: (m, d) float32; `UNKNOWN_CODE` or NaN where nothing is. The pixels themselves need not be given.
    targets: Mapping[str, np.ndarray] = field(default_factory=dict)
    #: The data sets in their order, and the rows of each. Empty where there is one and its name does not matter.
    datasets: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def faces_each(self) -> int:
        """int: Faces of an example."""
        return 1 if self.rows.ndim == 1 else self.rows.shape[1]

    def take(self, positions: np.ndarray) -> "Examples":
        """Return some of the examples."""
        targets = {name: values[positions] for name, values in self.targets.items()}
        return replace(self, rows=self.rows[positions], targets=targets)

    def known(self, target: str) -> np.ndarray:
        """Return of which examples a target is known: ndarray of shape (m,), bool."""
        if target not in self.targets:
            return np.zeros(len(self), bool)
        return known(self.targets[target])

    def rows_in(self, dataset: str) -> np.ndarray:
        """Return the rows of one data set, counted from its own first: ndarray of shape (n,), int64, ascending.

        Each row once, of whichever examples it is a face.
        """
        start = 0
        for name, length in self.datasets.items():
            if name == dataset:
                rows = self.rows[(self.rows >= start) & (self.rows < start + length)]
                return np.unique(rows) - start
            start += length
        return np.empty(0, np.int64)


def known(values: np.ndarray) -> np.ndarray:
    """Return which values of a target are known: ndarray of shape (m,), bool; of several numbers, all must be."""
    is_known = ~np.isnan(values) if np.issubdtype(values.dtype, np.floating) else values != UNKNOWN_CODE
    return is_known.reshape(len(values), -1).all(axis=1)


def join(parts: Sequence[Examples]) -> Examples:
    """Return the examples of several data sets as those of one, whose rows are counted through all of them.

    Parameters
    ----------
    parts : sequence of Examples
        Each of one named data set, which may occur in several parts.

    Returns
    -------
    joined : `Examples`
        In the order of the parts. A target that some part does not have is unknown there. The columns that go with the
        rows are joined by `fecemo.training.loader.Concatenation`, in the order of `Examples.datasets`.

    Raises
    ------
    ValueError
        If the parts have examples of different numbers of faces, or targets of different kinds.
    """
    if len({part.faces_each for part in parts}) > 1:
        raise ValueError("examples of one face and of several do not join")
    datasets: dict[str, int] = {}
    for part in parts:
        (name, length), = part.datasets.items()
        if datasets.setdefault(name, length) != length:
            raise ValueError(f"the data set {name!r} has {datasets[name]} rows in one part and {length} in another")
    starts = dict(zip(datasets, np.cumsum([0, *datasets.values()]).tolist(), strict=False))
    names = dict.fromkeys(name for part in parts for name in part.targets)
    return Examples(np.concatenate([part.rows + starts[next(iter(part.datasets))] for part in parts]),
                    {name: _joined(parts, name) for name in names}, datasets)


def _joined(parts: Sequence[Examples], target: str) -> np.ndarray:
    targets = [part.targets[target] for part in parts if target in part.targets]
    kinds = {(values.dtype, values.shape[1:]) for values in targets}
    if len(kinds) > 1:
        raise ValueError(f"the target {target!r} is of different kinds: "
                         + " and ".join(sorted(f"{dtype} of shape (m, {str(shape)[1:]}" for dtype, shape in kinds)))
    (dtype, shape), = kinds
    unknown = np.nan if np.issubdtype(dtype, np.floating) else UNKNOWN_CODE
    return np.concatenate([part.targets.get(target, np.full((len(part), *shape), unknown, dtype)) for part in parts])


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
    fraction : float
        To validate on, in (0, 1), rounded down to whole examples.

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


def with_wrong_labels(examples: Examples, share: float, seed: int) -> Examples:
    """Return examples a share of whose known classes, by seed, is exchanged for another one, all as likely.

    Parameters
    ----------
    share : float
        In [0, 1), rounded to whole examples.
    """
    targets = dict(examples.targets)
    for name, values in examples.targets.items() if share else ():
        if np.issubdtype(values.dtype, np.integer) and (n_classes := int(values.max(initial=-1)) + 1) > 1:
            chance = np.random.default_rng([seed, zlib.crc32(f"wrong/{name}".encode())])
            is_known = np.flatnonzero(known(values))
            wrong = chance.permutation(is_known)[: round(share * len(is_known))]
            targets[name] = values.copy()
            targets[name][wrong] = (values[wrong] + chance.integers(1, n_classes, len(wrong))) % n_classes
    return replace(examples, targets=targets)
