"""What clusters probably show, suggested without a label of anybody: by published action units, or by drawn faces.

The prototypes are those of the Facial Action Coding System's emotion dictionary (Friesen and Ekman, EMFACS-7, 1983; Du,
Tao and Martinez, 2014, table 1, found the same units in most posed faces). Blendshapes of a landmark model stand in for
the units. A model that never moves one (MediaPipe's cheek squint and nose sneer) leaves that unit out.

Drawn faces show what they were drawn to show. A logistic regression on their landmark features is asked of people's
faces; each of the two domains is standardised by its own means and deviations, so that the one's proportions are not
taken for the other's expressions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

ACTION_UNITS: Mapping[int, tuple[str, ...]] = {
    1: ("brow inner up",), 2: ("brow outer up left", "brow outer up right"),
    4: ("brow down left", "brow down right"), 5: ("eye wide left", "eye wide right"),
    6: ("cheek squint left", "cheek squint right"), 7: ("eye squint left", "eye squint right"),
    9: ("nose sneer left", "nose sneer right"), 10: ("mouth upper up left", "mouth upper up right"),
    12: ("mouth smile left", "mouth smile right"), 14: ("mouth dimple left", "mouth dimple right"),
    15: ("mouth frown left", "mouth frown right"), 16: ("mouth lower down left", "mouth lower down right"),
    17: ("mouth shrug lower",), 20: ("mouth stretch left", "mouth stretch right"),
    23: ("mouth press left", "mouth press right"), 26: ("jaw open",),
}
"""The blendshapes that substitute each action unit; their mean is the unit's strength."""
ONE_SIDED = -14
"""AU 14 or 12 of one side of the face alone, which FACS writes L14 or R14: contempt."""
SIDES = (("mouth dimple left", "mouth dimple right"), ("mouth smile left", "mouth smile right"),
         ("mouth left", "mouth right"))
"""Pairs of blendshapes whose differences substitute it; the sum of their absolute values is its strength."""
PROTOTYPES: Mapping[str, frozenset[int]] = {
    "neutral": frozenset(),
    "happy": frozenset({6, 12}),
    "sad": frozenset({1, 4, 15, 17}),
    "surprise": frozenset({1, 2, 5, 26}),
    "fear": frozenset({1, 2, 4, 5, 20, 26}),
    "disgust": frozenset({9, 10, 15, 16, 17}),
    "anger": frozenset({4, 5, 7, 23}),
    "contempt": frozenset({ONE_SIDED}),
}
NEUTRAL = 1.0
"""Standard deviations along every prototype below which units are at rest."""
NEVER = -20.0
"""Logarithm of the probability of a class that is never suggested."""
PENALTY = 7.0
"""C of the regression on drawn faces, times their number. So strong a regularisation leans on many features a little:
what drawn and real faces share is spread over all of them, and what is only drawn so is not."""
ITERATIONS = 1000
"""Of the regression's solver, which needs about a hundred."""
LEARNT_FROM = ("distances", "blendshapes", "gradients")
"""Groups of landmark features that drawn faces teach."""
MIN_SPREAD = 1e-3
"""Standard deviation of a blendshape in [0, 1] below which its model does not move it."""


@dataclass(frozen=True)
class Suggestions:
    """What groups of faces probably show."""

    classes: tuple[str, ...]  #: Those classes that have a prototype or were drawn, in order.
    #: Of shape (k, c), float64. Standard deviations of each group's units along each prototype, `NEUTRAL` for the
    #: neutral class; or the regression's logit of each class for the group's mean face. NaN for a group without a face
    #: that was measured.
    scores: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        """Class with the highest score of each group, ``""`` where none can be told."""
        return tuple("" if np.isnan(row).any() else self.classes[int(row.argmax())] for row in self.scores)

    def log_proba(self, classes: Sequence[str]) -> np.ndarray:
        """Return the logarithm of each class's probability, by a softmax of the scores: shape (k, c), float64.

        A class that is never suggested has `NEVER`, and a group without a measured face equal ones.
        """
        from scipy.special import log_softmax

        logs = np.full((len(self.scores), len(classes)), NEVER)
        logs[:, [list(classes).index(name) for name in self.classes]] = log_softmax(self.scores, axis=1)
        logs[np.isnan(self.scores).any(axis=1)] = -np.log(len(classes))
        return logs


def suggest_by_units(blendshapes: np.ndarray, names: Sequence[str], groups: np.ndarray, n_groups: int,
                     classes: Sequence[str], sure: np.ndarray | None = None) -> Suggestions:
    """Return what groups of faces probably show.

    A unit's strength is standardised over all faces of the pile. Prototypes are the indicator vectors of their units,
    less their mean and at unit length, so that a face on which everything moves resembles none.

    Parameters
    ----------
    blendshapes : ndarray of shape (n, b), float
        In [0, 1].
    names : sequence of str
        Of the b columns.
    groups : ndarray of shape (n,), int
        Group of each face; one face a group suggests for faces.
    classes : sequence of str
        Those without a prototype are never suggested.
    sure : ndarray of shape (n,), bool, optional
        Faces that the landmark model saw; others do not count.

    Raises
    ------
    ValueError
        If no unit is among the columns or no face is sure.
    """
    known = tuple(name for name in classes if name in PROTOTYPES)
    column = {name: place for place, name in enumerate(names)}
    counted = np.ones(len(groups), bool) if sure is None else np.asarray(sure, bool)
    if not counted.any():
        raise ValueError("the landmark model was sure of no face")
    spread = blendshapes[counted].std(axis=0, dtype=np.float64)
    moved = {unit: places for unit, shapes in ACTION_UNITS.items()
             if (places := [column[name] for name in shapes if name in column and spread[column[name]] > MIN_SPREAD])}
    if not moved:
        raise ValueError("no blendshape of an action unit varies over these faces")
    strengths = {unit: blendshapes[:, places].mean(axis=1, dtype=np.float64) for unit, places in moved.items()}
    sides = [(column[left], column[right]) for left, right in SIDES if left in column and right in column]
    if sides:
        one_sided = sum(np.abs(blendshapes[:, left] - blendshapes[:, right]) for left, right in sides)
        if np.std(one_sided[counted]) > MIN_SPREAD:
            strengths[ONE_SIDED] = one_sided
    units = np.stack(list(strengths.values()), axis=1)
    units = (units - units[counted].mean(axis=0)) / units[counted].std(axis=0)
    means = _means(units, groups, n_groups, counted)
    prototypes = np.array([[float(unit in PROTOTYPES[name]) for unit in strengths] for name in known])
    prototypes -= prototypes.mean(axis=1, keepdims=True)
    length = np.linalg.norm(prototypes, axis=1, keepdims=True)
    scores = means @ np.divide(prototypes, length, out=np.zeros_like(prototypes), where=length > 0).T
    for place, name in enumerate(known):
        if name == "neutral":
            scores[~np.isnan(means[:, 0]), place] = NEUTRAL
    return Suggestions(known, scores)


@dataclass(frozen=True)
class DrawnExamples:
    """Drawn faces from which a suggestion learns."""

    features: np.ndarray  #: Of shape (m, d), float. Of those that the landmark model saw.
    labels: np.ndarray  #: Of shape (m,), str. What each was drawn to show.


def suggest_by_drawn_faces(drawn: DrawnExamples, features: np.ndarray, groups: np.ndarray, n_groups: int,
                           classes: Sequence[str], sure: np.ndarray | None = None) -> Suggestions:
    """Return what groups of faces probably show, by a classifier that has seen drawn faces alone.

    Parameters
    ----------
    features : ndarray of shape (n, d), float
        Of people's faces, in the same columns.
    groups : ndarray of shape (n,), int
    classes : sequence of str
        Those that were not drawn are never suggested.
    sure : ndarray of shape (n,), bool, optional
        Faces that the landmark model saw; others do not count.

    Raises
    ------
    ValueError
        If fewer than two of the classes were drawn, or no face is sure.
    """
    from sklearn.linear_model import LogisticRegression

    counted = np.ones(len(groups), bool) if sure is None else np.asarray(sure, bool)
    if not counted.any():
        raise ValueError("the landmark model was sure of no face")
    shown = np.isin(drawn.labels, classes)
    known = tuple(name for name in classes if (drawn.labels == name).any())
    if len(known) < 2:
        there = ", ".join(sorted(set(drawn.labels.tolist()))) or "no faces"
        raise ValueError(f"drawn were {there}, and of the classes {', '.join(classes)} at least two are needed")
    codes = np.array([known.index(label) for label in drawn.labels[shown].tolist()])
    model = LogisticRegression(C=PENALTY / len(codes), max_iter=ITERATIONS).fit(
        _standardised(drawn.features[shown]), codes)
    means = _means(_standardised(features, counted), groups, n_groups, counted)
    measured = ~np.isnan(means[:, 0])
    scores = np.full((n_groups, len(known)), np.nan)
    logits = model.decision_function(means[measured])
    scores[measured] = logits if logits.ndim == 2 else np.stack([-logits, logits], axis=1)
    return Suggestions(known, scores)


def _means(values: np.ndarray, groups: np.ndarray, n_groups: int, counted: np.ndarray) -> np.ndarray:
    """Return the mean of each group's faces that count, NaN where there is none: of shape (n_groups, d), float64."""
    members = np.zeros((n_groups, values.shape[1]))
    np.add.at(members, groups[counted], values[counted])
    size = np.bincount(groups[counted], minlength=n_groups)[:, None]
    return np.divide(members, size, out=np.full_like(members, np.nan), where=size > 0)


def _standardised(values: np.ndarray, counted: np.ndarray | None = None) -> np.ndarray:
    """Return values by the means and deviations of the faces that count; what does not vary among them is 0."""
    values = np.asarray(values, np.float64)
    of = values if counted is None else values[counted]
    deviation = of.std(axis=0)
    return np.divide(values - of.mean(axis=0), deviation, out=np.zeros_like(values), where=deviation > 0)
