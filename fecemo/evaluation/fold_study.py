"""How well learning from one data set prepares for another, by folds: the matrix from which similarities are read."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fecemo.errors import InputError
from fecemo.evaluation.metrics.classification import confusion_figures
from fecemo.evaluation.metrics.similarity import similarities
from fecemo.evaluation.probing.probe import draw_budget, fit_standard_vectors, linear_answers
from fecemo.evaluation.set_metric import LabelledVectors
from fecemo.evaluation.settings import ProbeSettings

Answers = Callable[[int, np.ndarray], np.ndarray]
"""``answers(number of a set, its rows)``: what was learned says of these faces, of shape (len(rows),), str."""
Learner = Callable[[int, np.ndarray], Answers]
"""``learn(number of a set, its rows)``: learns the labels of these faces."""


@dataclass(frozen=True)
class FoldStudy:
    """Sets learned from and met by folds; in every matrix a row is the set learned from, a column the set met."""

    sets: tuple[str, ...]
    classes: tuple[str, ...]  #: All that can be answered: those of all sets.
    learner: str
    n_folds: int
    faces: tuple[int, ...]  #: Labelled faces of each set, all of which take part.
    persons: tuple[int | None, ...]  #: People of each set, who are in one fold each; None where they are not known.
    #: Mean macro F1: within a set over the folds, between two over all pairs of a fold left out of the learning and a
    #: fold met. Means over classes are over those that occur among the faces met.
    scores: tuple[tuple[float, ...], ...]
    spread: tuple[tuple[float, ...], ...]  #: Standard deviation over the folds or the pairs.
    pairs: tuple[tuple[int, ...], ...]  #: Folds or pairs that are averaged.
    local: tuple[float, ...]
    global_: tuple[float, ...]
    paired: tuple[tuple[float, ...], ...]


def draw_folds(labels: np.ndarray, groups: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Divide faces into folds: each class alike in all of them as far as it goes, each group whole in one.

    Parameters
    ----------
    labels, groups : ndarray of shape (n,)
        The class of each face, and the person that it shows or the picture of which it is a copy.
    n_folds : int
        At least 2.

    Returns
    -------
    ndarray of shape (n,), int64
        From 0 to n_folds - 1.

    Raises
    ------
    InputError
        If there are fewer groups than folds, or no class has a face for each.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    if (n_groups := len(np.unique(groups))) < n_folds:
        raise InputError(f"{n_folds} folds need as many people or pictures, got {n_groups}")
    if (largest := int(np.unique(labels, return_counts=True)[1].max())) < n_folds:
        raise InputError(f"{n_folds} folds need a class of as many faces, the largest has {largest}")
    folds = np.empty(len(labels), np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class that is rarer than folds is in some of them alone
        divided = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(labels, labels, groups)
        for fold, (_, rows) in enumerate(divided):
            folds[rows] = fold
    return folds


def probe_learner(sets: Sequence[LabelledVectors], settings: ProbeSettings, seed: int) -> Learner:
    """Return a learner that fits a linear probe on vectors, which it standardises by those that it learns from."""

    def learn(number: int, rows: np.ndarray) -> Answers:
        vectors, labels = sets[number].vectors, sets[number].labels
        rows = draw_budget(rows, labels[rows], settings.labels, seed)
        standard = fit_standard_vectors(vectors, rows, components=settings.components, seed=seed)
        train = standard.of(vectors, rows)
        return lambda met, positions: linear_answers(train, labels[rows], standard.of(sets[met].vectors, positions),
                                                     settings)

    return learn


def study_folds(sets: Sequence[LabelledVectors], classes: Sequence[str], learn: Learner, *, learner: str, n_folds: int,
                seed: int) -> FoldStudy:
    """Learn from all folds of each set but one, and meet that fold and every fold of the other sets.

    A face that was learned from is never scored, in whatever set it is met; a pair of folds that this leaves nothing of
    takes no part in the mean.

    Parameters
    ----------
    sets : sequence of LabelledVectors
        Two or more, all labelled.
    classes : sequence of str
        All that there are, in order.
    learner : str
        What it is, for the record.
    seed : int
        Of the folds.

    Raises
    ------
    InputError
        If a set cannot be divided into so many folds, or another holds all of its faces.
    """
    rows = [np.flatnonzero(np.isin(vectors.labels, list(classes))) for vectors in sets]
    folds = []
    for vectors, of_set in zip(sets, rows, strict=True):
        try:
            folds.append(draw_folds(vectors.labels[of_set], vectors.groups[of_set], n_folds, seed))
        except InputError as error:
            raise InputError(f"{vectors.name}: {error}") from error
    values: list[list[list[float]]] = [[[] for _ in sets] for _ in sets]
    for source in range(len(sets)):
        for left_out in range(n_folds):
            train = rows[source][folds[source] != left_out]
            answers, known = learn(source, train), sets[source].faces[train]
            for met, vectors in enumerate(sets):
                positions, of_fold = rows[met], folds[met]
                fair = ~np.isin(vectors.faces[positions], known) & ((of_fold == left_out) | (met != source))
                positions, of_fold = positions[fair], of_fold[fair]
                answered = answers(met, positions) if len(positions) else np.empty(0, "<U1")
                for fold in np.unique(of_fold).tolist():
                    values[source][met].append(macro_f1(vectors.labels[positions[of_fold == fold]],
                                                        answered[of_fold == fold], classes))
    for row, learned in zip(values, sets, strict=True):
        for pairs, vectors in zip(row, sets, strict=True):
            if not pairs:
                raise InputError(f"all faces of {vectors.name} were learned from in {learned.name}: none is left to "
                                 "score")
    scores = np.array([[np.mean(pair) for pair in row] for row in values])
    summary = similarities(scores)
    return FoldStudy(
        sets=tuple(vectors.name for vectors in sets), classes=tuple(classes), learner=learner, n_folds=n_folds,
        faces=tuple(map(len, rows)), persons=tuple(vectors.n_persons for vectors in sets), scores=as_matrix(scores),
        spread=as_matrix(np.array([[np.std(pair) for pair in row] for row in values])),
        pairs=tuple(tuple(map(len, row)) for row in values), local=as_matrix(summary.local[None])[0],
        global_=as_matrix(summary.global_[None])[0],
        paired=as_matrix(summary.paired))


def macro_f1(truth: np.ndarray, answers: np.ndarray, classes: Sequence[str]) -> float:
    """Return the mean of F1 over the classes that occur in the truth; answers of all classes compete.

    Parameters
    ----------
    truth, answers : ndarray of shape (n,), str
        n ≥ 1; one of ``classes`` each, an answer perhaps ``""``.
    """
    from sklearn.metrics import confusion_matrix

    confusion = confusion_matrix(truth, answers, labels=[*classes, ""])[:-1]
    return float(confusion_figures(confusion)["macro_f1"])


def as_matrix(values: np.ndarray) -> tuple[tuple[float, ...], ...]:
    """Return a matrix as it is recorded, rounded to six digits."""
    return tuple(tuple(round(float(value), 6) for value in row) for row in values)
