"""How near labelled sets of faces are to each other, and how well learning from one prepares for another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fecemo.errors import InputError
from fecemo.evaluation.probing.probe import ProbeScore, draw_budget, linear_answers, score_answers
from fecemo.evaluation.probing.probe_settings import ProbeSettings
from fecemo.evaluation.probing.standard_vectors import fit_standard_vectors

FEWEST, MOST = 10, 400
"""Faces of one emotion and split: with fewer an emotion is not compared, and more are not needed for a distance."""
POOL_BYTES = 256 * 2**20
"""Memory for all faces between which distances are measured."""
SPLITS = ("train", "test")

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class LabelledVectors:
    """One set of faces as vectors.

    Parameters
    ----------
    name : str
    vectors : ndarray of shape (n, d), float32
        Embeddings by the same network as those of the other sets, or pixels.
    labels, splits : ndarray of shape (n,), str
    faces : ndarray of shape (n,), str
        Digests of their pixels: what tells whether a face stands in two sets.
    """

    name: str
    vectors: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    faces: np.ndarray

    def rows(self, split: str, emotions: Sequence[str]) -> np.ndarray:
        """Return the rows of a split that show one of these emotions."""
        return np.flatnonzero((self.splits == split) & np.isin(self.labels, list(emotions)))


@dataclass(frozen=True)
class SetComparison:
    """Sets compared with each other; in every matrix a row is the set learned from, a column the set that is met.

    Parameters
    ----------
    sets : tuple of str
        Their names.
    emotions : tuple of str
        Those compared: of which every set has enough faces in both splits.
    vectors : str
        What a face was described by.
    length : int
        Numbers of one vector.
    labels : int
        Labels that each probe learned from: as many for every set.
    scored : tuple of int
        Faces of each set's test split on which probes were scored.
    left_out : tuple of int
        Labelled faces of each set's train split that stand in the test split of one of the sets, its own included:
        nothing is learned from them, and no distance is taken from them.
    chance : float
        Balanced accuracy of guessing: one in as many emotions.
    probes : tuple of tuple of ProbeScore
        A linear probe that learned from the train split of the row and answered for the test split of the column.
    distances : tuple of tuple of float
        Mean over emotions of `by_emotion`.
    by_emotion : dict of str to tuple of tuple of float
        Energy coefficient (Székely and Rizzo, "Energy statistics", 2013) between the emotion's faces of the row's
        train split and of the column's test split: 0 where they are spread alike, 1 where they have nothing in common.
        Estimated without bias, so that it may fall a little below 0.
    """

    sets: tuple[str, ...]
    emotions: tuple[str, ...]
    vectors: str
    length: int
    labels: int
    scored: tuple[int, ...]
    left_out: tuple[int, ...]
    chance: float
    probes: tuple[tuple[ProbeScore, ...], ...]
    distances: Matrix
    by_emotion: dict[str, Matrix]


def compare_sets(sets: Sequence[LabelledVectors], emotions: Sequence[str], *, what: str, labels: int | None,
                 settings: ProbeSettings, resamples: int, confidence: float, seed: int) -> SetComparison:
    """Compare labelled sets.

    Parameters
    ----------
    sets : sequence of LabelledVectors
        At least two, with vectors of one length.
    emotions : sequence of str
        All that there are, in order.
    what : str
        What a face is described by, for the record.
    labels : int or None
        Labels to learn from; None takes as many as the smallest set has.
    settings : ProbeSettings
        Of the linear probe.
    resamples, confidence, seed
        As in `bootstrap_intervals`.

    Raises
    ------
    InputError
        If there are fewer than two sets, or fewer than two emotions are in all of them.
    """
    from threadpoolctl import threadpool_limits

    sets, left_out = _without_tests(sets)
    shared = tuple(emotion for emotion in emotions if all(
        len(one.rows(split, (emotion,))) >= FEWEST for one in sets for split in SPLITS))
    _require_comparable(sets, shared, emotions)
    budget = min([len(one.rows("train", shared)) for one in sets] + ([] if labels is None else [labels]))
    scores = []
    with threadpool_limits(limits=1):  # so that figures do not depend on the number of cores
        for one in sets:
            rows = one.rows("train", shared)
            rows = draw_budget(rows, one.labels[rows], budget, seed)
            standard = fit_standard_vectors(one.vectors, rows, components=settings.components, seed=seed)
            learned = standard.of(one.vectors, rows)
            scores.append(tuple(score_answers(
                met.labels[met.rows("test", shared)],
                linear_answers(learned, one.labels[rows], standard.of(met.vectors, met.rows("test", shared)), settings),
                shared, resamples=resamples, confidence=confidence, seed=seed) for met in sets))
        by_emotion = _distances(sets, shared, settings.components, seed)
    return SetComparison(
        sets=tuple(one.name for one in sets), emotions=shared, vectors=what, length=sets[0].vectors.shape[1],
        labels=budget, scored=tuple(len(one.rows("test", shared)) for one in sets), left_out=left_out,
        chance=1 / len(shared),
        probes=tuple(scores), by_emotion={name: _as_matrix(found) for name, found in by_emotion.items()},
        distances=_as_matrix(np.mean(list(by_emotion.values()), axis=0)))


def _without_tests(sets: Sequence[LabelledVectors]) -> tuple[list[LabelledVectors], tuple[int, ...]]:
    """Return sets whose train splits share no face with any test split, and how many faces that leaves out of each."""
    tests = np.concatenate([one.faces[one.splits == "test"] for one in sets])
    met = [(one.splits == "train") & np.isin(one.faces, tests) for one in sets]
    return ([replace(one, splits=np.where(its, "", one.splits)) for one, its in zip(sets, met, strict=True)],
            tuple(int((its & (one.labels != "")).sum()) for one, its in zip(sets, met, strict=True)))


def energy_coefficient(a: np.ndarray, b: np.ndarray) -> float:
    """Return how differently two samples are spread: (2 E|A − B| − E|A − A'| − E|B − B'|) / (2 E|A − B|).

    Parameters
    ----------
    a : ndarray of shape (n, d), float
        n ≥ 2.
    b : ndarray of shape (m, d), float
        m ≥ 2.

    Returns
    -------
    float
        At most 1; 0 in the mean over samples of one distribution, because a point is not compared with itself.
    """
    between = float(_gaps(a, b).mean())
    within = sum(float(_gaps(one, one).sum()) / (len(one) * (len(one) - 1)) for one in (a, b))
    return (2 * between - within) / (2 * between) if between else 0.0


def _gaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(a, b))


def _distances(sets: Sequence[LabelledVectors], emotions: Sequence[str], components: int,
               seed: int) -> dict[str, np.ndarray]:
    """Return the energy coefficients of each emotion, in one space for all sets."""
    rng = np.random.default_rng(seed)
    width = sets[0].vectors.shape[1]
    most = int(np.clip(POOL_BYTES // (4 * width * len(sets) * len(SPLITS) * len(emotions)), FEWEST, MOST))
    pool: list[np.ndarray] = []
    members: dict[tuple[int, str, str], slice] = {}
    so_far = 0
    for number, one in enumerate(sets):
        for split in SPLITS:
            for emotion in emotions:
                rows = one.rows(split, (emotion,))
                rows = np.sort(rng.permutation(rows)[:most])
                members[number, split, emotion] = slice(so_far, so_far + len(rows))
                so_far += len(rows)
                pool.append(np.asarray(one.vectors[rows]))
    together = np.concatenate(pool)
    every = np.arange(len(together))
    standard = fit_standard_vectors(together, every, components=components, seed=seed).of(together, every)
    return {emotion: np.array([[energy_coefficient(standard[members[row, "train", emotion]],
                                                   standard[members[column, "test", emotion]])
                                for column in range(len(sets))] for row in range(len(sets))]) for emotion in emotions}


def _as_matrix(values: np.ndarray) -> Matrix:
    return tuple(tuple(round(float(value), 6) for value in row) for row in values)


def _require_comparable(sets: Sequence[LabelledVectors], shared: Sequence[str], emotions: Sequence[str]) -> None:
    if len(sets) < 2:
        raise InputError(f"a comparison needs at least two sets of faces, got {len(sets)}")
    if len(shared) < 2:
        said = "; ".join(f"{one.name} has of train and test " + ", ".join(
            f"{emotion} {len(one.rows('train', (emotion,)))} and {len(one.rows('test', (emotion,)))}"
            for emotion in emotions) for one in sets)
        raise InputError(f"the sets share {len(shared)} emotions with at least {FEWEST} labelled faces in both splits, "
                         f"a comparison needs two: {said}")
