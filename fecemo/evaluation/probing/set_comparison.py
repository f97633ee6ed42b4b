"""How near labelled sets of faces are to each other, and how well learning from one prepares for another."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fecemo.errors import InputError
from fecemo.evaluation.probing.probe import ProbeScore, draw_budget, linear_answers, score_answers
from fecemo.evaluation.probing.probe_settings import ProbeSettings
from fecemo.evaluation.probing.standard_vectors import fit_standard_vectors
from fecemo.evaluation.set_metric import LabelledVectors, set_metrics
from fecemo.evaluation.set_metrics.energy import energy_coefficient

FEWEST, MOST = 10, 400
"""Faces of one emotion and split: with fewer an emotion is not compared, and more are not needed for a distance."""
POOL_BYTES = 256 * 2**20
"""Memory for all faces between which distances are measured."""
SPLITS = ("train", "test")

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class SetComparison:
    """Sets compared with each other; in every matrix a row is the set learned from, a column the set that is met.

    Parameters
    ----------
    sets : tuple of str
        Their names.
    emotions : tuple of str
        Those compared: of which every set has enough faces in both splits. None where a set has no labels; what takes
        labels is then empty too.
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
    chance : float or None
        Balanced accuracy of guessing: one in as many emotions.
    probes : tuple of tuple of ProbeScore
        A linear probe that learned from the train split of the row and answered for the test split of the column.
    distances : tuple of tuple of float
        Mean over emotions of `by_emotion`.
    by_emotion : dict of str to tuple of tuple of float
        Energy coefficient (Székely and Rizzo, "Energy statistics", 2013) between the emotion's faces of the row's
        train split and of the column's test split: 0 where they are spread alike, 1 where they have nothing in common.
        Estimated without bias, so that it may fall a little below 0.
    metrics : dict of str to tuple of tuple of float
        Of all faces, whatever they show and whether they are labelled: every `SetMetric` between one half of the row
        and the other half of the column.
    """

    sets: tuple[str, ...]
    emotions: tuple[str, ...]
    vectors: str
    length: int
    labels: int
    scored: tuple[int, ...]
    left_out: tuple[int, ...]
    chance: float | None
    probes: tuple[tuple[ProbeScore, ...], ...]
    distances: Matrix
    by_emotion: dict[str, Matrix]
    metrics: dict[str, Matrix] = field(default_factory=dict)


def compare_sets(sets: Sequence[LabelledVectors], emotions: Sequence[str], *, what: str, labels: int | None,
                 settings: ProbeSettings, resamples: int, confidence: float, seed: int) -> SetComparison:
    """Compare labelled sets.

    Parameters
    ----------
    sets : sequence of LabelledVectors
        At least two, with vectors of one length. Where one has no labels, metrics alone are taken.
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

    if len(sets) < 2:
        raise InputError(f"a comparison needs at least two sets of faces, got {len(sets)}")
    metrics = _measured(sets, settings.components, seed)
    if not all(one.is_labelled for one in sets):
        nothing = (0,) * len(sets)
        return SetComparison(
            sets=tuple(one.name for one in sets), emotions=(), vectors=what, length=sets[0].vectors.shape[1], labels=0,
            scored=nothing, left_out=nothing, chance=None, probes=(), distances=(), by_emotion={}, metrics=metrics)
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
        distances=_as_matrix(np.mean(list(by_emotion.values()), axis=0)), metrics=metrics)


def _measured(sets: Sequence[LabelledVectors], components: int, seed: int) -> dict[str, Matrix]:
    """Return every metric between half of each set and the other half of each, in one space for all."""
    rng, halves = np.random.default_rng([seed, 1]), []
    for one in sets:
        if len(one.vectors) < 2 * FEWEST:
            raise InputError(f"{one.name} has {len(one.vectors)} faces, a comparison needs {2 * FEWEST}")
        rows = rng.permutation(len(one.vectors))[: 2 * MOST]
        halves.append((np.sort(rows[::2]), np.sort(rows[1::2])))
    together = np.concatenate([np.asarray(one.vectors[rows]) for one, its in zip(sets, halves, strict=True)
                               for rows in its])
    every = np.arange(len(together))
    standard = fit_standard_vectors(together, every, components=components, seed=seed).of(together, every)
    ends = np.cumsum([len(rows) for its in halves for rows in its])
    parts = iter(np.split(standard, ends[:-1]))
    drawn = [tuple(replace(one, vectors=next(parts), labels=one.labels[rows], splits=one.splits[rows],
                           faces=one.faces[rows]) for rows in its) for one, its in zip(sets, halves, strict=True)]
    return {name: _as_matrix(np.array([[metric.measure(row[0], column[1]) for column in drawn] for row in drawn]))
            for name, metric in set_metrics().items()}


def _without_tests(sets: Sequence[LabelledVectors]) -> tuple[list[LabelledVectors], tuple[int, ...]]:
    """Return sets whose train splits share no face with any test split, and how many faces that leaves out of each."""
    tests = np.concatenate([one.faces[one.splits == "test"] for one in sets])
    met = [(one.splits == "train") & np.isin(one.faces, tests) for one in sets]
    return ([replace(one, splits=np.where(its, "", one.splits)) for one, its in zip(sets, met, strict=True)],
            tuple(int((its & (one.labels != "")).sum()) for one, its in zip(sets, met, strict=True)))


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
    if len(shared) < 2:
        said = "; ".join(f"{one.name} has of train and test " + ", ".join(
            f"{emotion} {len(one.rows('train', (emotion,)))} and {len(one.rows('test', (emotion,)))}"
            for emotion in emotions) for one in sets)
        raise InputError(f"the sets share {len(shared)} emotions with at least {FEWEST} labelled faces in both splits, "
                         f"a comparison needs two: {said}")
