"""Groups: how people of different groups fare where their groups are known, beside what luck alone gives.

Groups are given, never guessed from a face. The differences are those of fairness studies (Hardt, Price and Srebro,
"Equality of Opportunity in Supervised Learning", 2016), taken for each emotion against the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fecemo.errors import InputError, nearest
from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.figures import svg
from fecemo.evaluation.figures.svg import ACCENT, GUESS, INK, QUIET, SECOND, pixels
from fecemo.evaluation.metrics.classification import confusion_figures
from fecemo.evaluation.printed import Part, count, share
from fecemo.evaluation.records.score import Interval, Score
from fecemo.evaluation.settings import Resampling

SMALL = 30
"""Groups of fewer scored faces are flagged, and take no part in the differences."""
SHUFFLES = 200
"""Shufflings of the groups over the faces behind what luck gives."""
MAX_GROUPS = 12
"""A column of numbers with more different values is cut into thirds."""
GROUP_METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
TITLES = {"accuracy_gap": "Accuracy, best − worst", "macro_f1_gap": "Macro F1, best − worst",
          "demographic_parity": "Demographic parity difference", "equalised_odds": "Equalised odds difference"}
"""What is printed for each of `GroupColumn.differences`."""


@dataclass(frozen=True)
class GroupScore:
    """Figures of one group; means over emotions are over those that occur in it."""

    name: str
    n_scored: int
    small: bool  #: Whether it has fewer than `SMALL` faces.
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    intervals: dict[str, Interval]  #: Of the three.


@dataclass(frozen=True)
class GroupDifference:
    """A difference between groups; 0 is none."""

    value: float
    #: Bootstrap interval up to `high`, shifted by the bootstrap's own bias: resampling alone makes the largest of
    #: several differences larger.
    low: float
    high: float
    #: What a random division of the same faces into groups of the same sizes stays below, as often as the interval's
    #: confidence says. Only a value above it speaks of the groups.
    luck: float
    emotion: str = ""  #: For which emotion it is largest, where it is one of an emotion.


@dataclass(frozen=True)
class GroupColumn:
    """How the groups of one column fare."""

    name: str
    unknown: int  #: Scored faces whose group is not known.
    groups: tuple[GroupScore, ...]  #: Largest first.
    #: Among groups that are not small, empty where fewer than two are left. ``accuracy_gap`` and ``macro_f1_gap``: best
    #: − worst group. ``demographic_parity``: of the shares of a group's faces that are given an emotion, highest −
    #: lowest. ``equalised_odds``: the same among the faces that show the emotion, or among those that do not, whichever
    #: is larger. The last two of the emotion for which they are largest.
    differences: dict[str, GroupDifference] = field(default_factory=dict)


@dataclass(frozen=True)
class Groups:
    """How the groups of every column that the recipe names fare."""

    columns: tuple[GroupColumn, ...]
    small_below: int = SMALL  #: Groups of fewer scored faces are flagged.


def measure_groups(evidence: CellEvidence) -> Groups | None:
    """Compare the groups that the recipe names, or None where it names none or none is known of a scored face.

    Raises `InputError` if there is no such column.
    """
    columns = []
    predictions, settings = evidence.predictions, evidence.settings
    for name in settings.groups:
        if name not in evidence.columns:
            raise InputError(f"evaluation.groups: nothing is known of the faces' {name!r}; "
                             + (nearest(name, evidence.columns) if evidence.columns
                                else "evaluation.about_faces names the file that says it"))
        column = score_groups(name, group_names(evidence.columns[name])[predictions.rows], predictions.truth,
                              predictions.prediction, predictions.emotions,
                              settings.resampling(evidence.seed))
        if column is not None:
            columns.append(column)
    return Groups(tuple(columns)) if columns else None


def score_groups(name: str, groups: np.ndarray, truth: np.ndarray, prediction: np.ndarray, emotions: Sequence[str],
                 resampling: Resampling) -> GroupColumn | None:
    """Compare the groups of one column, or return None where no group is known.

    Parameters
    ----------
    name : str
        Of the column.
    groups, truth, prediction : ndarray of shape (n,), str
        ``""`` where a group is not known, see `group_names`, and where a face got no emotion.
    emotions : sequence of str, of length c
    """
    known = groups != ""
    names, codes, sizes = np.unique(groups[known], return_inverse=True, return_counts=True)
    if not len(names):
        return None
    columns = {emotion: place for place, emotion in enumerate((*emotions, ""))}
    cells = np.array([columns[shown] * len(columns) + columns[answer] for shown, answer in
                      zip(truth[known].tolist(), prediction[known].tolist(), strict=True)])
    shape = (len(emotions), len(columns))
    rng, resamples = np.random.default_rng(resampling.seed), resampling.resamples
    counts = _counted(codes, cells, len(names), shape)
    drawn = np.stack([rng.multinomial(size, matrix.ravel() / size, size=resamples).reshape(resamples, *shape)
                      for matrix, size in zip(counts, sizes, strict=True)], axis=1)
    figures, spreads = confusion_figures(counts), confusion_figures(drawn)
    scores = [GroupScore(str(names[at]), int(sizes[at]), bool(sizes[at] < SMALL),
                         **{metric: float(figures[metric][at]) for metric in GROUP_METRICS},
                         intervals={metric: _interval(spreads[metric][:, at], resampling) for metric in GROUP_METRICS})
              for at in np.argsort(-sizes, kind="stable")]
    large, differences = np.flatnonzero(sizes >= SMALL), {}
    if len(large) > 1:
        taking_part = np.isin(codes, large)
        codes, cells = np.searchsorted(large, codes[taking_part]), cells[taking_part]
        shuffled = group_differences(np.stack([_counted(rng.permutation(codes), cells, len(large), shape)
                                               for _ in range(SHUFFLES)]))
        resampled = group_differences(drawn[:, large])
        for difference, (value, by_emotion) in group_differences(counts[large]).items():
            spread = resampled[difference][0]
            interval = _interval(np.clip(spread - spread.mean() + value, 0, 1), resampling)
            luck = float(np.quantile(shuffled[difference][0], resampling.confidence))
            differences[difference] = GroupDifference(
                float(value), interval.low, interval.high, luck,
                "" if by_emotion is None else emotions[int(np.argmax(by_emotion))])
    return GroupColumn(name, int((~known).sum()), tuple(scores), differences)


def group_names(values: np.ndarray) -> np.ndarray:
    """Return the groups of a column, of shape (n,): words as they are, few numbers as words, many cut into thirds.

    Unknown is ``""``, of floats NaN.
    """
    if values.dtype.kind != "f":
        return values
    known = np.isfinite(values)
    names = np.zeros(len(values), dtype="<U40")
    if len(np.unique(values[known])) <= MAX_GROUPS:
        names[known] = [f"{value:g}" for value in values[known].tolist()]
        return names
    edges = np.quantile(values[known], [0, 1 / 3, 2 / 3, 1])
    places = max(0, 1 - int(np.floor(np.log10(edges[3] - edges[0]))))
    words = [f"{edges[third]:.{places}f} to {edges[third + 1]:.{places}f}" for third in range(3)]
    names[known] = np.array(words)[np.searchsorted(edges[1:3], values[known], side="right")]
    return names


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
        answer_rate, hit_rate, false_rate = answered / n, hits / shown, (answered - hits) / (n - shown)
    parity, odds = _range(answer_rate), np.maximum(_range(hit_rate), _range(false_rate))
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


def _interval(values: np.ndarray, resampling: Resampling) -> Interval:
    return Interval(*np.quantile(values, resampling.ends).tolist())


def show_groups(groups: Groups, score: Score, cite: Callable[..., Part]) -> dict[str, object]:
    """Return what ``groups.html.jinja`` shows."""
    return {"groups": groups, "cite": cite, "titles": TITLES, "confidence": score.confidence,
            "figures": [groups_figure(f"{score.approach} {score.variant}", column, score) for column in groups.columns]}


def groups_figure(cell: str, column: GroupColumn, score: Score) -> str:
    """Draw the accuracies of one column's groups; a small group is a ring. Returns an SVG element."""
    height = 30 + 30 * len(column.groups)
    figure = svg.new_figure(340, height)
    axes = figure.add_axes((0.3, 28 / height, 0.54, 1 - 30 / height))
    svg.quiet_axes(axes, grid="x")
    ends = [(group.intervals["accuracy"].low, group.intervals["accuracy"].high) for group in column.groups]
    for place, group in enumerate(column.groups):
        svg.draw_interval(axes, place, group.accuracy, ends[place], ACCENT, ring=group.small)
        axes.text(1.03, place, count(group.n_scored), transform=axes.get_yaxis_transform(), color=QUIET,
                  fontsize=pixels(10.5), ha="left", va="center")
    axes.axvline(score.accuracy, **GUESS)
    axes.axvline(score.chance.majority, color=SECOND, linewidth=pixels(2.5), alpha=0.8)
    svg.share_axis(axes, max(high for _, high in ends) + 0.05, bins=5)
    axes.set_ylim(len(column.groups) - 0.5, -0.5)
    axes.set_yticks(range(len(column.groups)), [group.name for group in column.groups], color=INK)
    spoken = "; ".join(f"{group.name} {share(group.accuracy)} of {group.n_scored} faces" for group in column.groups)
    return svg.as_svg(figure, f"groups {column.name} {cell}", f"Accuracy by {column.name}: {spoken}.")


METRIC = CellMetric(name="groups", title="Groups of people", kind=Groups, measure=measure_groups, show=show_groups,
                    caption="")
