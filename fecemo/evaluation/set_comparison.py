"""How near labelled sets of faces are to each other, how well learning from one prepares for another, and the files."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from fecemo.errors import InputError
from fecemo.evaluation.figures.scores import matrix_figure
from fecemo.evaluation.fold_study import FoldStudy, as_matrix
from fecemo.evaluation.printed import count, share
from fecemo.evaluation.probing.probe import (
    ProbeScore,
    draw_budget,
    fit_standard_vectors,
    linear_answers,
    score_answers,
)
from fecemo.evaluation.set_metric import LabelledVectors, set_metrics
from fecemo.evaluation.set_metrics.distances import energy_coefficient
from fecemo.evaluation.settings import ProbeSettings, Resampling
from fecemo.evaluation.writers import environment

FORMAT = "fecemo.compare_sets/4"
MIN_FACES, MAX_FACES = 10, 400
"""Faces of one emotion and split: with fewer an emotion is not compared, and more are not needed for a distance."""
POOL_BYTES = 256 * 2**20
"""Memory for all faces between which distances are measured."""
SPLITS = ("train", "test")

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class SetComparison:
    """Sets compared with each other; in every matrix a row is the set learned from, a column the set that is met."""

    sets: tuple[str, ...]  #: Their names.
    #: Those compared: of which every set has enough faces in both splits. None where a set has no labels; what takes
    #: labels is then empty too.
    emotions: tuple[str, ...]
    vectors: str  #: What a face was described by.
    length: int  #: Numbers of one vector.
    labels: int  #: Labels that each probe learned from: as many for every set.
    scored: tuple[int, ...]  #: Faces of each set's test split on which probes were scored.
    #: Labelled faces of each set's train split that are in the test split of one of the sets, its own included:
    #: nothing is learned from them, and no distance is taken from them.
    left_out: tuple[int, ...]
    chance: float | None  #: Balanced accuracy of guessing: one in as many emotions.
    #: A linear probe that learned from the train split of the row and answered for the test split of the column.
    probes: tuple[tuple[ProbeScore, ...], ...]
    distances: Matrix  #: Mean over emotions of `by_emotion`.
    #: Energy coefficient between the emotion's faces of the row's train split and of the column's test split.
    by_emotion: dict[str, Matrix]
    #: Of all faces, whatever they show and whether they are labelled: every `SetMetric` between one half of the row and
    #: the other half of the column.
    metrics: dict[str, Matrix] = field(default_factory=dict)
    #: Of all labelled faces, by folds; None where a set has no labels or none were asked for.
    folds: FoldStudy | None = None


def compare_sets(sets: Sequence[LabelledVectors], emotions: Sequence[str], *, vectors_title: str, labels: int | None,
                 settings: ProbeSettings, resampling: Resampling) -> SetComparison:
    """Compare labelled sets.

    Parameters
    ----------
    sets : sequence of LabelledVectors
        At least two, with vectors of one length. Where one has no labels, metrics alone are taken.
    emotions : sequence of str
        All that there are, in order.
    vectors_title : str
        What a face is described by, for the record.
    labels : int or None
        Labels to learn from; None takes as many as the smallest set has.
    settings : ProbeSettings
        Of the linear probe.
    resampling : Resampling
        Of the probes' scores; the seed is that of all that is drawn.

    Raises
    ------
    InputError
        If there are fewer than two sets, or fewer than two emotions are in all of them.
    """
    from threadpoolctl import threadpool_limits

    if len(sets) < 2:
        raise InputError(f"a comparison needs at least two sets of faces, got {len(sets)}")
    seed = resampling.seed
    names, length = tuple(vectors.name for vectors in sets), sets[0].vectors.shape[1]
    metrics = _metrics(sets, settings.components, seed)
    if not all(vectors.is_labelled for vectors in sets):
        nothing = (0,) * len(sets)
        return SetComparison(sets=names, emotions=(), vectors=vectors_title, length=length, labels=0, scored=nothing,
                             left_out=nothing, chance=None, probes=(), distances=(), by_emotion={}, metrics=metrics)
    sets, left_out = _without_tests(sets)
    shared = tuple(emotion for emotion in emotions if all(
        len(vectors.rows(split, (emotion,))) >= MIN_FACES for vectors in sets for split in SPLITS))
    _require_comparable(sets, shared, emotions)
    tests = [vectors.rows("test", shared) for vectors in sets]
    budget = min([len(vectors.rows("train", shared)) for vectors in sets] + ([] if labels is None else [labels]))
    scores = []
    with threadpool_limits(limits=1):  # so that figures do not depend on the number of cores
        for vectors in sets:
            rows = vectors.rows("train", shared)
            rows = draw_budget(rows, vectors.labels[rows], budget, seed)
            standard = fit_standard_vectors(vectors.vectors, rows, components=settings.components, seed=seed)
            train = standard.of(vectors.vectors, rows)
            scores.append(tuple(score_answers(
                met.labels[test],
                linear_answers(train, vectors.labels[rows], standard.of(met.vectors, test), settings),
                shared, resampling)
                for met, test in zip(sets, tests, strict=True)))
        by_emotion = _distances(sets, shared, settings.components, seed)
    return SetComparison(
        sets=names, emotions=shared, vectors=vectors_title, length=length, labels=budget,
        scored=tuple(len(test) for test in tests), left_out=left_out, chance=1 / len(shared), probes=tuple(scores),
        by_emotion={name: as_matrix(distances) for name, distances in by_emotion.items()},
        distances=as_matrix(np.mean(list(by_emotion.values()), axis=0)), metrics=metrics)


def _in_one_space(parts: Sequence[np.ndarray], components: int, seed: int) -> list[np.ndarray]:
    """Return vectors of several groups of faces, standardised together."""
    together = np.concatenate(parts)
    every = np.arange(len(together))
    standard = fit_standard_vectors(together, every, components=components, seed=seed).of(together, every)
    return np.split(standard, np.cumsum([len(part) for part in parts])[:-1])


def _metrics(sets: Sequence[LabelledVectors], components: int, seed: int) -> dict[str, Matrix]:
    """Return every metric between half of each set and the other half of each, in one space for all."""
    rng, halves = np.random.default_rng([seed, 1]), []
    for vectors in sets:
        if len(vectors.vectors) < 2 * MIN_FACES:
            raise InputError(f"{vectors.name} has {len(vectors.vectors)} faces, a comparison needs {2 * MIN_FACES}")
        rows = rng.permutation(len(vectors.vectors))[: 2 * MAX_FACES]
        halves += [(vectors, np.sort(rows[::2])), (vectors, np.sort(rows[1::2]))]
    parts = _in_one_space([np.asarray(vectors.vectors[rows]) for vectors, rows in halves], components, seed)
    drawn = [replace(vectors, vectors=part, labels=vectors.labels[rows], splits=vectors.splits[rows],
                     faces=vectors.faces[rows], groups=vectors.groups[rows])
             for (vectors, rows), part in zip(halves, parts, strict=True)]
    return {name: as_matrix(np.array([[metric.measure(a, b) for b in drawn[1::2]] for a in drawn[::2]]))
            for name, metric in set_metrics().items()}


def _without_tests(sets: Sequence[LabelledVectors]) -> tuple[list[LabelledVectors], tuple[int, ...]]:
    """Return sets whose train splits share no face with any test split, and how many faces that leaves out of each."""
    tests = np.concatenate([vectors.faces[vectors.splits == "test"] for vectors in sets])
    left_out = [(vectors.splits == "train") & np.isin(vectors.faces, tests) for vectors in sets]
    return ([replace(vectors, splits=np.where(out, "", vectors.splits))
             for vectors, out in zip(sets, left_out, strict=True)],
            tuple(int((out & (vectors.labels != "")).sum()) for vectors, out in zip(sets, left_out, strict=True)))


def _distances(sets: Sequence[LabelledVectors], emotions: Sequence[str], components: int,
               seed: int) -> dict[str, np.ndarray]:
    """Return the energy coefficients of each emotion, in one space for all sets."""
    rng, width = np.random.default_rng(seed), sets[0].vectors.shape[1]
    limit = int(np.clip(POOL_BYTES // (4 * width * len(sets) * len(SPLITS) * len(emotions)), MIN_FACES, MAX_FACES))
    keys = [(number, split, emotion) for number in range(len(sets)) for split in SPLITS for emotion in emotions]
    parts = dict(zip(keys, _in_one_space(
        [np.asarray(sets[number].vectors[np.sort(rng.permutation(sets[number].rows(split, (emotion,)))[:limit])])
         for number, split, emotion in keys], components, seed), strict=True))
    return {emotion: np.array([[energy_coefficient(parts[row, "train", emotion], parts[column, "test", emotion])
                                for column in range(len(sets))] for row in range(len(sets))]) for emotion in emotions}


def _require_comparable(sets: Sequence[LabelledVectors], shared: Sequence[str], emotions: Sequence[str]) -> None:
    if len(shared) < 2:
        faces = "; ".join(f"{vectors.name} has of train and test " + ", ".join(
            f"{emotion} {len(vectors.rows('train', (emotion,)))} and {len(vectors.rows('test', (emotion,)))}"
            for emotion in emotions) for vectors in sets)
        raise InputError(f"the sets share {len(shared)} emotions with at least {MIN_FACES} labelled faces in both "
                         f"splits, a comparison needs two: {faces}")


def to_json(comparison: SetComparison) -> str:
    """Return the whole record."""
    return json.dumps({"format": FORMAT, **asdict(comparison)}, indent=1, allow_nan=False) + "\n"


def to_csv(comparison: SetComparison) -> str:
    """Return a row for every pair of sets."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("learned_from", "met", "labels", "left_out", "scored", "accuracy", "accuracy_low", "accuracy_high",
                    "balanced_accuracy", "balanced_accuracy_low", "balanced_accuracy_high", "chance", "distance",
                    *(f"distance_{emotion}" for emotion in comparison.emotions), *comparison.metrics,
                    *(("macro_f1", "macro_f1_spread", "paired") if comparison.folds else ())))
    for row, source in enumerate(comparison.sets):
        for column, target in enumerate(comparison.sets):
            probed: list[float | None] = [None] * 8
            if comparison.probes:
                probe = comparison.probes[row][column]
                accuracy, balanced = (probe.intervals[name] for name in ("accuracy", "balanced_accuracy"))
                probed = [probe.accuracy, accuracy.low, accuracy.high, probe.balanced_accuracy, balanced.low,
                          balanced.high, comparison.chance, comparison.distances[row][column]]
            table.writerow((
                source, target, comparison.labels, comparison.left_out[row], comparison.scored[column], *probed,
                *(comparison.by_emotion[emotion][row][column] for emotion in comparison.emotions),
                *(matrix[row][column] for matrix in (*comparison.metrics.values(), *_of_folds(comparison)))))
    return text.getvalue()


def _of_folds(comparison: SetComparison) -> tuple[Matrix, ...]:
    folds = comparison.folds
    return () if folds is None else (folds.scores, folds.spread, folds.paired)


def to_html(comparison: SetComparison) -> str:
    """Return a page that is complete in itself and loads nothing."""
    probes = distances = ""
    if comparison.chance is not None:
        balanced = [[probe.intervals["balanced_accuracy"] for probe in row] for row in comparison.probes]
        probes = matrix_figure(
            "probes", "Balanced accuracy", comparison.sets,
            [[probe.balanced_accuracy for probe in row] for row in comparison.probes],
            [[f"{share(interval.low, 2)}–{share(interval.high, 2)}" for interval in row] for row in balanced],
            minimum=comparison.chance)
        distances = matrix_figure("distances", "Energy coefficient", comparison.sets, comparison.distances, None,
                                  minimum=0.0)

    folds = comparison.folds
    by_folds = None if folds is None else (
        matrix_figure("folds", "Macro F1", folds.sets, folds.scores,
                      [[f"±{share(value, 2)}" for value in row] for row in folds.spread], minimum=0.0),
        matrix_figure("paired", "Paired similarity", folds.sets, folds.paired, None, minimum=0.0))

    def shares(matrix: Matrix) -> list[str]:
        return [share(value, 2) for row in matrix for value in row]

    return environment().get_template("compare_sets.html.jinja").render(
        comparison=comparison, probes=probes, distances=distances, by_folds=by_folds,
        summary=() if folds is None else [
            (name, count(folds.faces[at]), "not known" if (known := folds.persons[at]) is None else count(known),
             share(folds.local[at], 3), share(folds.global_[at], 3)) for at, name in enumerate(folds.sets)],
        emotions=[(emotion, shares(matrix)) for emotion, matrix in comparison.by_emotion.items()],
        metrics=[(metric.title, metric.meaning, shares(comparison.metrics[name]))
                 for name, metric in set_metrics().items() if name in comparison.metrics],
        pairs=[f"{source} → {target}" for source in comparison.sets for target in comparison.sets])
