"""Compare sets: two or more labelled data sets → how near they are, and how well one prepares for another."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fecemo.data.dataset import Dataset, copies_between
from fecemo.data.receipts import Receipt, digest_file
from fecemo.data.variants import Variant, find_dataset_variant
from fecemo.errors import InputError
from fecemo.evaluation.settings import PROBE, ProbeSettings, Resampling
from fecemo.stages.described_faces import NamedDatasets, describe_faces
from fecemo.stages.row_classifier import classifier_cell, classifier_digest, refuse_learner, train_classifier
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.cell import Cell

if TYPE_CHECKING:
    from fecemo.evaluation.fold_study import Answers, FoldStudy
    from fecemo.evaluation.set_metric import LabelledVectors

STAGE = "compare_sets"
NAMES = ("compare_sets.json", "compare_sets.csv", "compare_sets.html")


@dataclass(frozen=True)
class CompareSettings(NamedDatasets):
    """What to compare, and by what: two or more data sets, labelled ones with train and test splits.

    Where one has no labels, metrics that need none are taken alone.
    """

    #: A trained network that describes the faces, such as ``runs/demo/models/conv_autoencoder/gray/model.keras``;
    #: without one their pixels do, as means of squares of 10.
    network: Path | None = None
    output: str = "embedding"  #: Of the network, by which it describes a face.
    #: Image variant that the network was trained on, or whose pixels are taken: ``rgb``, ``gray`` or ``tight``.
    variant: str = "gray"
    #: Labels that are learned from; without it, between splits as many as the smallest data set has, and between folds
    #: all of them.
    labels: int | None = None
    #: Folds of all labelled faces by which Local, Global and Paired similarity are measured; 0 measures none.
    folds: int = 5
    #: Column of the data sets that says whose face it is, by which nobody is in two folds; those that have no such
    #: column are divided by picture.
    person: str = "person"
    #: What learns from folds: ``probe``, a logistic regression, or a row of ``recipe`` that is a classifier of pixels.
    learner: str = PROBE
    #: That has the row; it says how the row is trained, and on what side of a face. ``variant`` must be among its own.
    recipe: Path | None = None
    #: scikit-learn's ``C`` of the logistic regression: the smaller, the stronger its L2 penalty.
    penalty: float = ProbeSettings.penalty
    components: int = ProbeSettings.components  #: Longer vectors are reduced to this many principal components first.
    bootstrap: int = 1000  #: Resamples of the scored faces for the intervals.
    confidence: float = 0.95  #: Coverage of the intervals, in (0, 1).
    seed: int = 0  #: Of everything random.

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.datasets) < 2:
            raise ValueError(f"a comparison needs at least two data sets, got {len(self.datasets)}")
        if self.folds < 0 or self.folds == 1:
            raise ValueError(f"folds must be at least 2, or 0 for none, got {self.folds}")
        refuse_learner(self.learner, self.recipe)


def run(settings: CompareSettings, out: Path) -> Receipt:
    """Compare data sets with each other.

    Writes ``compare_sets.json``, ``compare_sets.csv`` (a row a pair) and ``compare_sets.html`` with the matrices as
    figures: balanced accuracy of learning from one data set's train split and answering for another's test split, and
    the distance between their faces, emotion by emotion; macro F1 by folds, with Local, Global and Paired similarity;
    and every metric of ``set_metrics`` between all faces of two data sets, for which they need no labels. A train
    split's faces that are in any of the test splits, or copies of these, are left out of it.

    Parameters
    ----------
    out : Path
        Output folder.

    Raises
    ------
    InputError
        If they share fewer than two emotions, one is too small for the folds, or there is no such network, variant or
        row of a recipe.
    StoredStateError
        If a data set is not finished.
    ResourceError
        If ``out`` cannot be written.
    """
    from fecemo.evaluation.set_comparison import FORMAT

    variant = find_dataset_variant(settings.variant)
    datasets = [Dataset(path) for path in settings.datasets]
    if settings.network is not None and not settings.network.is_file():
        raise InputError(f"{settings.network}: there is no such network")
    cell = None if settings.recipe is None else classifier_cell(settings.recipe, settings.learner, variant.name)
    config = {"names": settings.called, "variant": variant, "labels": settings.labels, "penalty": settings.penalty,
              "components": settings.components, "bootstrap": settings.bootstrap, "confidence": settings.confidence,
              "seed": settings.seed, "format": FORMAT,
              "folds": settings.folds, "person": settings.person, "learner": settings.learner}
    inputs = {f"dataset {number}": dataset.receipt.digest for number, dataset in enumerate(datasets)}
    if settings.network is not None:
        inputs["network"] = digest_file(settings.network)
    if cell is not None:
        inputs["recipe"] = classifier_digest(cell)
    return run_stage(STAGE, out, config=config, inputs=inputs, seed=settings.seed,
                     work=lambda folder: _compare(settings, datasets, variant, cell, folder))


def _compare(settings: CompareSettings, datasets: list[Dataset], variant: Variant, cell: Cell | None,
             folder: Path) -> StageResult:
    from fecemo.data.classes import in_standard_order
    from fecemo.data.durable import atomic_write
    from fecemo.evaluation.set_comparison import compare_sets, to_csv, to_html, to_json
    from fecemo.evaluation.set_metric import LabelledVectors

    described, scratch, machine = describe_faces(STAGE, datasets, variant, settings.network, settings.output, folder)
    sets = [LabelledVectors(name, vectors, dataset.labels, dataset.splits, pictures,
                            *dataset.people(settings.person))
            for name, vectors, dataset, pictures in
            zip(settings.called, described, datasets, copies_between(datasets), strict=True)]
    description = "mean pixels" if settings.network is None else settings.network.stem
    classes = in_standard_order(name for dataset in datasets for name in dataset.classes)
    comparison = compare_sets(sets, classes, vectors_title=f"{description}, {variant.title}", labels=settings.labels,
                              settings=ProbeSettings(penalty=settings.penalty, components=settings.components),
                              resampling=Resampling(settings.bootstrap, settings.confidence, settings.seed))
    comparison = replace(comparison, folds=_by_folds(settings, sets, classes, datasets, cell))
    for name, export in zip(NAMES, (to_json, to_csv, to_html), strict=True):
        atomic_write(folder / name, export(comparison))
    whole = "; ".join(f"{name} {matrix[0][1]:.3f} between {comparison.sets[0]} and {comparison.sets[1]}"
                      for name, matrix in comparison.metrics.items())
    if comparison.chance is None:
        return StageResult(files=list(NAMES), scratch=scratch, machine=machine, summary={"sets": len(sets)},
                           message=f"{len(sets)} sets, not all of them labelled: {whole}")
    at_home = [comparison.probes[row][row].balanced_accuracy for row in range(len(sets))]
    by_folds = "" if comparison.folds is None else "; by folds " + ", ".join(
        f"{name} Local {local:.3f} Global {abroad:.3f}"
        for name, local, abroad in zip(comparison.sets, comparison.folds.local, comparison.folds.global_, strict=True))
    abroad = [comparison.probes[row][column].balanced_accuracy
              for row in range(len(sets)) for column in range(len(sets)) if row != column]
    return StageResult(files=list(NAMES), scratch=scratch, machine=machine,
                       message=f"{len(sets)} sets, {len(comparison.emotions)} emotions, {comparison.labels} labels "
                               f"each: balanced accuracy {np.mean(at_home):.3f} on the own set, "
                               f"{np.mean(abroad):.3f} on others, "
                               f"chance {comparison.chance:.3f}, {whole}, {sum(comparison.left_out)} train faces left "
                               f"out for standing in a test{by_folds}",
                       summary={"sets": len(sets), "emotions": len(comparison.emotions), "labels": comparison.labels,
                                "left_out": dict(zip(comparison.sets, comparison.left_out, strict=True))})


def _by_folds(settings: CompareSettings, sets: "list[LabelledVectors]", classes: tuple[str, ...],
              datasets: list[Dataset], cell: Cell | None) -> "FoldStudy | None":
    from threadpoolctl import threadpool_limits

    from fecemo.evaluation.fold_study import probe_learner, study_folds

    if not settings.folds or not all(vectors.is_labelled for vectors in sets):
        return None
    probe = ProbeSettings(labels=settings.labels, penalty=settings.penalty, components=settings.components)
    learner = "logistic regression" if cell is None else f"{cell.recipe.title_of(cell.row)} of {cell.recipe.name}"
    learn = probe_learner(sets, probe, settings.seed) if cell is None else (
        lambda number, rows: _train(cell, datasets, classes, number, rows, settings))
    with threadpool_limits(limits=1 if cell is None else None):  # so that figures do not depend on the number of cores
        return study_folds(sets, classes, learn, learner=learner, n_folds=settings.folds, seed=settings.seed)


def _train(cell: Cell, datasets: list[Dataset], classes: tuple[str, ...], number: int, rows: np.ndarray,
           settings: CompareSettings) -> "Answers":
    from fecemo.evaluation.probing.probe import draw_budget

    labels = datasets[number].labels
    rows = draw_budget(rows, labels[rows], settings.labels, settings.seed)
    answers = train_classifier(cell, datasets[number].faces, rows, labels[rows], classes, settings.seed,
                               f"{STAGE}: {settings.learner} on {settings.called[number]}")
    return lambda met, positions: answers(datasets[met].faces, positions)
