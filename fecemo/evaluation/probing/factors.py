"""What explains how faces were grouped and embedded: expression, or identity, light, background and pose.

A column holds what is known of each face, such as its head's yaw or its kind of background. Columns are joined to
factors by what is before the dot of their names: ``pose.yaw`` belongs to ``pose``; ``age`` is a factor of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

EXPRESSION = ("emotion", "expression")
"""Factors that groups should follow; all others are nuisances."""
BINS = 8
"""Numbers with more different values are cut into this many equal parts before they are compared with groups."""
FOLDS = 5
MIN_FACES = 25
"""With fewer faces of known value, a column says nothing."""
PENALTIES = 10.0 ** np.arange(6)
"""Of the ridge regressions; each is chosen by leaving one out within the faces that are learned from."""


@dataclass(frozen=True)
class ColumnFigures:
    """How groups and embedding relate to one column."""

    name: str  #: Such as ``"pose.yaw"``.
    kind: str  #: ``"number"`` or ``"category"``.
    n_faces: int  #: Faces whose value is known.
    nmi: float  #: Normalised mutual information of groups and values (numbers in equal-count bins), in [0, 1].
    ami: float  #: The same adjusted for chance: 0 is what chance gives, 1 is all.
    #: How well a ridge regression predicts the value from the embedding of a held-out face (5 folds).
    #: Of a number R², of a category (balanced accuracy − chance) / (1 − chance): for both 1 is all, 0 is nothing, and
    #: less is worse than guessing. None where it is not defined.
    predictable: float | None = None
    balanced_accuracy: float | None = None  #: Of a category; chance is one in as many as there are.

    @property
    def factor(self) -> str:
        """str: What the column belongs to."""
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class FactorFigures:
    """The strongest column of a factor."""

    ami: float  #: Like `nmi` of the column that shares most with the groups.
    nmi: float
    explains: str  #: That column.
    predictable: float | None = None  #: Of the column that is best predicted from the embedding.
    predicted: str = ""  #: That column; empty where none is.


@dataclass(frozen=True)
class Nuisance:
    """What explains a cell's groups and its embedding."""

    n_faces: int  #: Scored faces.
    grouping: str  #: ``"clusters"``, or the ``"answers"`` of a cell that has none.
    n_groups: int  #: Groups that occur among the scored faces.
    factors: dict[str, FactorFigures]  #: ``emotion`` first; see `strongest`.
    columns: tuple[ColumnFigures, ...]
    largest: float | None = None  #: Largest `FactorFigures.ami` of all that is neither emotion nor expression.
    most_predictable: float | None = None  #: The same of `FactorFigures.predictable`.
    competitors: int | None = None  #: Columns of which `most_predictable` is the largest.


def column_figures(columns: Mapping[str, np.ndarray], groups: np.ndarray, vectors: np.ndarray | None, *,
                   seed: int) -> tuple[ColumnFigures, ...]:
    """Compare columns with a grouping and an embedding of the same faces.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n,)
        Floats with NaN, or strings with ``""``, where a value is not known. Columns that are known of too few faces,
        are the same for all, or are another word for nearly every face (a name, an id) are left out.
    groups : ndarray of shape (n,)
    vectors : ndarray of shape (n, d), float32, or None
        Standardised.
    seed : int
        Of the folds.

    Returns
    -------
    tuple of ColumnFigures
        In the order of the columns.
    """
    kept = {name: values for name, values in columns.items() if _speaks(values)}
    predictable = {} if vectors is None else _predict(kept, vectors, seed)
    return tuple(ColumnFigures(name, "number" if _is_number(values) else "category", int(_known(values).sum()),
                               *shared_information(groups, values), *predictable.get(name, (None, None)))
                 for name, values in kept.items())


def strongest(columns: Sequence[ColumnFigures]) -> dict[str, FactorFigures]:
    """Return every factor's strongest figures, in the order in which the factors come."""
    factors = {}
    for factor in dict.fromkeys(column.factor for column in columns):
        members = [column for column in columns if column.factor == factor]
        followed = max(members, key=lambda column: column.ami)
        best = max(members, key=lambda column: -np.inf if column.predictable is None else column.predictable)
        predicted = "" if best.predictable is None else best.name
        factors[factor] = FactorFigures(followed.ami, followed.nmi, followed.name, best.predictable, predicted)
    return factors


def shared_information(groups: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Return normalised and adjusted mutual information of groups and the known values of a column."""
    from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

    known = _known(values)
    codes, groups = _binned(values[known]), groups[known]
    if len(np.unique(groups)) < 2:
        return 0.0, 0.0  # one group predicts nothing
    return (round(float(normalized_mutual_info_score(codes, groups)), 6),
            round(float(adjusted_mutual_info_score(codes, groups)), 6))


def _is_number(values: np.ndarray) -> bool:
    return values.dtype.kind == "f"


def _known(values: np.ndarray) -> np.ndarray:
    known: np.ndarray = np.isfinite(values) if _is_number(values) else values != ""
    return known


def _speaks(values: np.ndarray) -> bool:
    known = values[_known(values)]
    distinct = len(np.unique(known))
    return len(known) >= MIN_FACES and distinct > 1 and (_is_number(values) or distinct <= len(known) / 2)


def _binned(values: np.ndarray) -> np.ndarray:
    distinct, codes = np.unique(values, return_inverse=True)
    if not _is_number(values) or len(distinct) <= BINS:
        return codes
    edges = np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.searchsorted(edges, values, side="right")


def _predict(columns: Mapping[str, np.ndarray], vectors: np.ndarray,
             seed: int) -> dict[str, tuple[float | None, float | None]]:
    skills: dict[str, tuple[float | None, float | None]] = {}
    together: dict[bytes, list[str]] = {}
    for name, values in columns.items():
        if _is_number(values):
            # Numbers that are known of the same faces are predicted at once: one decomposition serves them all.
            together.setdefault(_known(values).tobytes(), []).append(name)
        else:
            skills[name] = _predict_category(values, vectors, seed)
    for names in together.values():
        known = _known(columns[names[0]])
        targets = np.stack([columns[name][known] for name in names], axis=1)
        for name, r2 in zip(names, _predict_numbers(targets, vectors[known], seed), strict=True):
            skills[name] = (r2, None)
    return skills


def _predict_numbers(targets: np.ndarray, vectors: np.ndarray, seed: int) -> list[float]:
    """Return R² of each column of ``targets``, from predictions of faces that were not learned from."""
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import KFold

    targets = (targets - targets.mean(axis=0)) / targets.std(axis=0)
    predicted = np.empty_like(targets)
    for train, test in KFold(FOLDS, shuffle=True, random_state=seed).split(vectors):
        model = RidgeCV(PENALTIES, alpha_per_target=True).fit(vectors[train], targets[train])
        predicted[test] = model.predict(vectors[test]).reshape(len(test), -1)
    return [round(float(r2), 6) for r2 in 1 - ((targets - predicted) ** 2).mean(axis=0)]


def _predict_category(values: np.ndarray, vectors: np.ndarray, seed: int) -> tuple[float | None, float | None]:
    """Return skill and balanced accuracy; categories with fewer faces than folds take no part."""
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.metrics import recall_score
    from sklearn.model_selection import StratifiedKFold

    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    taking_part = _known(values) & (counts[codes] >= FOLDS)
    values, vectors = values[taking_part], vectors[taking_part]
    n = len(np.unique(values))
    if n < 2:
        return None, None
    predicted = np.empty_like(values)
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(vectors, values):
        model = RidgeClassifierCV(PENALTIES, class_weight="balanced").fit(vectors[train], values[train])
        predicted[test] = model.predict(vectors[test])
    accuracy = float(recall_score(values, predicted, average="macro", zero_division=0.0))
    return round((accuracy - 1 / n) / (1 - 1 / n), 6), round(accuracy, 6)
