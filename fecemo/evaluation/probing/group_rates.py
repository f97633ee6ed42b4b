"""How groups of people fare: each group's figures, and the differences between groups with what luck alone gives.

Groups are given, never guessed from a face. The differences are those of fairness studies (Hardt, Price and Srebro,
"Equality of Opportunity in Supervised Learning", 2016), taken for each emotion against the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fecemo.evaluation.metrics.classification import confusion_figures
from fecemo.evaluation.records.score import Interval

SMALL = 30
"""Groups of fewer scored faces are flagged, and take no part in the differences."""
SHUFFLES = 200
"""Shufflings of the groups over the faces behind what luck gives."""
MOST_GROUPS = 12
"""A column of numbers with more different values is cut into thirds."""
GROUP_METRICS = ("accuracy", "balanced_accuracy", "macro_f1")


@dataclass(frozen=True)
class GroupScore:
    """Figures of one group.

    Parameters
    ----------
    name : str
    n_scored : int
    small : bool
        Whether it has fewer than `SMALL` faces.
    accuracy, balanced_accuracy, macro_f1 : float
        Means over emotions are over those that occur in the group.
    intervals : dict of str to Interval
        Of the three.
    """

    name: str
    n_scored: int
    small: bool
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    intervals: dict[str, Interval]


@dataclass(frozen=True)
class GroupDifference:
    """A difference between groups; 0 is none.

    Parameters
    ----------
    value : float
    low, high : float
        Bootstrap interval, shifted by the bootstrap's own bias: resampling alone makes the largest of several
        differences larger.
    luck : float
        What a random division of the same faces into groups of the same sizes stays below, as often as the
        interval's confidence says. Only a value above it speaks of the groups.
    emotion : str
        For which emotion it is largest, where it is one of an emotion.
    """

    value: float
    low: float
    high: float
    luck: float
    emotion: str = ""


@dataclass(frozen=True)
class GroupColumn:
    """How the groups of one column fare.

    Parameters
    ----------
    name : str
    unknown : int
        Scored faces whose group is not known.
    groups : tuple of GroupScore
        Largest first.
    differences : dict of str to GroupDifference
        Among groups that are not small, empty where fewer than two are left. ``accuracy_gap`` and ``macro_f1_gap``:
        best − worst group. ``demographic_parity``: of the shares of a group's faces that are given an emotion, highest
        − lowest. ``equalised_odds``: the same among the faces that show the emotion, or among those that do not,
        whichever is larger. The last two of the emotion for which they are largest.
    """

    name: str
    unknown: int
    groups: tuple[GroupScore, ...]
    differences: dict[str, GroupDifference] = field(default_factory=dict)


def score_groups(name: str, groups: np.ndarray, truth: np.ndarray, prediction: np.ndarray, emotions: Sequence[str], *,
                 resamples: int, confidence: float, seed: int) -> GroupColumn | None:
    """Compare the groups of one column.

    Parameters
    ----------
    name : str
        Of the column.
    groups : ndarray of shape (n,), str
        Group of each face, ``""`` where it is not known; see `group_names`.
    truth, prediction : ndarray of shape (n,), str
        Emotions; a prediction may be ``""``.
    emotions : sequence of str, of length c
    resamples, confidence, seed
        As in `bootstrap_intervals`.

    Returns
    -------
    GroupColumn or None
        None where no group is known.
    """
    known = groups != ""
    names, codes, sizes = np.unique(groups[known], return_inverse=True, return_counts=True)
    if not len(names):
        return None
    at = {emotion: place for place, emotion in enumerate((*emotions, ""))}
    cells = np.array([at[one] * len(at) + at[other] for one, other in
                      zip(truth[known].tolist(), prediction[known].tolist(), strict=True)])
    shape = (len(emotions), len(at))
    rng = np.random.default_rng(seed)
    counts = _counted(codes, cells, len(names), shape)
    drawn = np.stack([rng.multinomial(size, its.ravel() / size, size=resamples).reshape(resamples, *shape)
                      for its, size in zip(counts, sizes, strict=True)], axis=1)
    figures, spreads = confusion_figures(counts), confusion_figures(drawn)
    scores = [GroupScore(str(names[one]), int(sizes[one]), bool(sizes[one] < SMALL),
                         **{metric: float(figures[metric][one]) for metric in GROUP_METRICS},
                         intervals={metric: _interval(spreads[metric][:, one], confidence) for metric in GROUP_METRICS})
              for one in np.argsort(-sizes, kind="stable")]
    large = np.flatnonzero(sizes >= SMALL)
    differences = {}
    if len(large) > 1:
        taking_part = np.isin(codes, large)
        its_codes, its_cells = np.searchsorted(large, codes[taking_part]), cells[taking_part]
        shuffled = np.stack([_counted(rng.permutation(its_codes), its_cells, len(large), shape)
                             for _ in range(SHUFFLES)])
        differences = _differences(counts[large], drawn[:, large], shuffled, emotions, confidence)
    return GroupColumn(name, int((~known).sum()), tuple(scores), differences)


def group_names(values: np.ndarray) -> np.ndarray:
    """Return the groups of a column: words as they are, few numbers as words, many numbers cut into thirds.

    Parameters
    ----------
    values : ndarray of shape (n,), str or float
        ``""`` or NaN where it is not known.

    Returns
    -------
    ndarray of shape (n,), str
    """
    if values.dtype.kind != "f":
        return values
    known = np.isfinite(values)
    found = np.zeros(len(values), dtype="<U40")
    if len(np.unique(values[known])) <= MOST_GROUPS:
        found[known] = [f"{value:g}" for value in values[known].tolist()]
        return found
    edges = np.quantile(values[known], [0, 1 / 3, 2 / 3, 1])
    places = max(0, 1 - int(np.floor(np.log10(edges[3] - edges[0]))))
    words = [f"{edges[third]:.{places}f} to {edges[third + 1]:.{places}f}" for third in range(3)]
    found[known] = np.array(words)[np.searchsorted(edges[1:3], values[known], side="right")]
    return found


def group_differences(counts: np.ndarray) -> Mapping[str, tuple[np.ndarray, np.ndarray | None]]:
    """Return the differences between groups.

    Parameters
    ----------
    counts : ndarray of shape (..., g, c, c + 1), int
        A confusion matrix a group; the last column abstentions.

    Returns
    -------
    mapping of str to (ndarray of shape (...), ndarray of shape (..., c) or None)
        By name as in `GroupColumn.differences`: the difference, and for the two of an emotion what each emotion has.
        A rate is compared among the groups in which it is defined.
    """
    counts = np.asarray(counts, np.float64)
    figures = confusion_figures(counts)
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    shown, answered = counts.sum(axis=-1), counts.sum(axis=-2)[..., :-1]
    n = shown.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        given, found, wrong = answered / n, hits / shown, (answered - hits) / (n - shown)
    parity, odds = _range(given), np.maximum(_range(found), _range(wrong))
    return {"accuracy_gap": (_range(figures["accuracy"][..., None])[..., 0], None),
            "macro_f1_gap": (_range(figures["macro_f1"][..., None])[..., 0], None),
            "demographic_parity": (parity.max(axis=-1), parity), "equalised_odds": (odds.max(axis=-1), odds)}


def _range(rates: np.ndarray) -> np.ndarray:
    """Return highest − lowest over the groups, the axis before the last; 0 where a rate is defined in none."""
    defined = np.isfinite(rates)
    highest = np.where(defined, rates, -np.inf).max(axis=-2)
    lowest = np.where(defined, rates, np.inf).min(axis=-2)
    return np.where(defined.any(axis=-2), highest - lowest, 0.0)


def _counted(codes: np.ndarray, cells: np.ndarray, n_groups: int, shape: tuple[int, int]) -> np.ndarray:
    size = (shape[0] + 1) * shape[1]
    counts = np.bincount(codes * size + cells, minlength=n_groups * size)
    return counts.reshape(n_groups, shape[0] + 1, shape[1])[:, :-1]


def _differences(counts: np.ndarray, drawn: np.ndarray, shuffled: np.ndarray, emotions: Sequence[str],
                 confidence: float) -> dict[str, GroupDifference]:
    of_drawn, of_luck = group_differences(drawn), group_differences(shuffled)
    found = {}
    for name, (value, by_emotion) in group_differences(counts).items():
        spread = of_drawn[name][0]
        interval = _interval(np.clip(spread - spread.mean() + value, 0, 1), confidence)
        found[name] = GroupDifference(
            float(value), interval.low, interval.high, float(np.quantile(of_luck[name][0], confidence)),
            "" if by_emotion is None else emotions[int(np.argmax(by_emotion))])
    return found


def _interval(values: np.ndarray, confidence: float) -> Interval:
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))
