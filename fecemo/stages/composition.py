"""Composition: training sets of one size with changing shares of a group → how every group fares."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.draw_settings import LABELLED_FOLDER, PARAMETERS_NAME
from fecemo.data.face_columns import read_face_columns
from fecemo.data.receipts import Receipt, digest_file, plain
from fecemo.data.variants import Variant, find_dataset_variant
from fecemo.errors import InputError, nearest
from fecemo.evaluation.settings import PROBE, ComposeSettings, ProbeSettings, Resampling
from fecemo.stages.described_faces import describe_faces
from fecemo.stages.row_classifier import classifier_cell, classifier_digest, refuse_learner, train_classifier
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.artifact_kinds import DRAWN
from fecemo.study.cell import Cell
from fecemo.study.faces.data_names import TARGET
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

STAGE = "composition"
NAMES = ("composition.json", "composition.csv", "composition.html")
FEWEST = 10
"""Test faces of a group, below which it is not compared."""


@dataclass(frozen=True, kw_only=True)
class CompositionSettings(ComposeSettings):
    """What to learn from, and whose share changes."""

    dataset: Path  #: A labelled data set with a train and a test split.
    #: A CSV of what else is known of the faces, as of ``evaluation.about_faces``; for drawn faces their
    #: ``parameters.csv``.
    about_faces: Path | None = None
    #: A trained network whose ``output`` describes the faces for the probe; without one their pixels do.
    network: Path | None = None
    output: str = "embedding"  #: Of the network.
    recipe: Path | None = None  #: That has the row ``learner``.
    bootstrap: int = 1000  #: Resamples for the intervals.
    confidence: float = 0.95  #: Coverage of the intervals, in (0, 1).
    seed: int = 0  #: Of everything random.

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_learner(self.learner, self.recipe)


def recipe_composition(recipe: Recipe, path: Path, layout: RunLayout) -> CompositionSettings | None:
    """Return what a recipe's ``compose`` means for its run; None where it has none.

    Parameters
    ----------
    path : Path
        Of the recipe.
    """
    if recipe.compose is None:
        return None
    target, about = recipe.role(TARGET), recipe.evaluation.about_faces
    if about is None and recipe.datasets[target].made == DRAWN:
        about = layout.drawn(target) / PARAMETERS_NAME
    return CompositionSettings(
        **{field.name: getattr(recipe.compose, field.name) for field in fields(ComposeSettings)},
        dataset=layout.dataset(target), about_faces=about, recipe=None if recipe.compose.learner == PROBE else path,
        bootstrap=recipe.evaluation.bootstrap, confidence=recipe.evaluation.confidence, seed=recipe.seed)


def run(settings: CompositionSettings, out: Path) -> Receipt:
    """Learn from each composition, and score every group of the test split.

    Writes ``composition.json``, ``composition.csv`` (a row a share and figure) and ``composition.html`` with figures:
    macro F1 of all faces and of each group, demographic parity as difference and ratio, total variation, equalised
    odds; and what balance gains over the two most lopsided shares.

    Raises
    ------
    InputError
        If there is no such column or group, too few faces of it, or no such network, variant or row.
    StoredStateError
        If the data set is not finished.
    ResourceError
        If ``out`` cannot be written.
    """
    from fecemo.evaluation.composition import FORMAT

    variant, dataset = find_dataset_variant(settings.variant), Dataset(settings.dataset)
    cell = None if settings.recipe is None else classifier_cell(settings.recipe, settings.learner, variant.name)
    config = {**plain(settings), "format": FORMAT}
    for place in ("dataset", "network", "recipe", "about_faces"):
        config.pop(place)
    inputs = {"dataset": dataset.receipt.digest}
    for name in ("network", "about_faces"):
        if (path := getattr(settings, name)) is not None:
            if not path.is_file():
                raise InputError(f"{path}: there is no such file")
            inputs[name] = digest_file(path)
    if cell is not None:
        inputs["recipe"] = classifier_digest(cell)
    groups = read_groups(dataset, settings.column, settings.focus, settings.about_faces)
    return run_stage(STAGE, out, config=config, inputs=inputs, seed=settings.seed,
                     work=lambda folder: _study(settings, dataset, groups, variant, cell, folder))


def read_groups(dataset: Dataset, column: str, focus: str, about_faces: Path | None) -> tuple[np.ndarray, str]:
    """Return the group of every face, of shape (n,), str, ``""`` where it is not known; and the name of the focus.

    Raises `InputError` if there is no such column or group.
    """
    if column in dataset.columns:
        values = dataset[column]
    else:
        about = {} if about_faces is None else _about(dataset, about_faces)
        if column not in about:
            columns = (*dataset.columns, *about)
            raise InputError(f"column: nothing is known of the faces' {column!r}: " + (
                nearest(column, columns) if columns else "about_faces names the file that says it"))
        values = about[column]
    if values.dtype.kind != "f":
        groups = values.astype(str)
        if focus not in (known := sorted(set(groups.tolist()) - {""})):
            raise InputError(f"focus: no face has {column} {focus!r}: {nearest(focus, known)}")
        return groups, focus
    try:
        edge = float(focus[1:]) if focus[:1] in ("<", ">") else float("nan")
    except ValueError:
        edge = float("nan")
    if not np.isfinite(edge):
        raise InputError(f"focus: {column} holds numbers; expected such as '>0.5', found {focus!r}")
    above, below = f"{column.rpartition('.')[2]} above {edge:g}", f"{column.rpartition('.')[2]} up to {edge:g}"
    groups = np.where(np.isfinite(values), np.where(values > edge, above, below), "")
    return groups, above if focus[0] == ">" else below


def _about(dataset: Dataset, path: Path) -> dict[str, np.ndarray]:
    if path.name != PARAMETERS_NAME:
        return read_face_columns(path, dataset.ids.tolist())
    from fecemo.drawn.parameters import factor_column

    return read_face_columns(path, dataset.ids.tolist(), below=f"{LABELLED_FOLDER}/", rename=factor_column)


def _study(settings: CompositionSettings, dataset: Dataset, named: tuple[np.ndarray, str], variant: Variant,
           cell: Cell | None, folder: Path) -> StageResult:
    from fecemo.data.durable import atomic_write
    from fecemo.evaluation.composition import HEADLINES, TITLES, draw_composition, score_compositions
    from fecemo.evaluation.composition import to_csv as csv_of
    from fecemo.evaluation.composition import to_html as html_of
    from fecemo.evaluation.composition import to_json as json_of

    (groups, focus), labels = named, dataset.labels
    pool = dataset.learnable_rows("train")
    pool = pool[(labels[pool] != "") & (groups[pool] != "")]
    test = dataset.rows_in("test")
    test = test[labels[test] != ""]
    names, sizes = np.unique(groups[test], return_counts=True)
    tested = np.where(np.isin(groups[test], names[sizes >= FEWEST]), groups[test], "")
    if focus not in tested:
        raise InputError(f"{dataset.folder}: fewer than {FEWEST} test faces are of {focus}")
    if not len(pool):
        raise InputError(f"{dataset.folder}: no face of the train split has a label and a known group")
    learn, scratch, machine = _learner(settings, dataset, variant, cell, folder)
    answers, size = [], 0
    for draw in range(settings.draws):
        drawn = draw_composition(labels[pool], groups[pool] == focus, settings.shares, settings.size,
                                 settings.seed + draw)
        size = len(drawn[0])
        answers.append([learn(pool[rows], settings.seed + draw)(test) for rows in drawn])
    study = score_compositions(
        np.array(answers).swapaxes(0, 1), labels[test], tested, dataset.classes, column=settings.column, focus=focus,
        learner="logistic regression" if cell is None else cell.recipe.title_of(cell.row), shares=settings.shares,
        size=size, resampling=Resampling(settings.bootstrap, settings.confidence, settings.seed))
    for name, export in zip(NAMES, (json_of, csv_of, html_of), strict=True):
        atomic_write(folder / name, export(study))
    gains = ", ".join(f"{TITLES[name]} {study.gains[name].value:+.3f} ({study.gains[name].low:+.3f} to "
                      f"{study.gains[name].high:+.3f})" for name in HEADLINES)
    return StageResult(files=list(NAMES), scratch=scratch, machine=machine,
                       message=f"{size} faces at {len(settings.shares)} shares of {focus}; balance gains {gains}",
                       summary={"size": size, "gains": {name: gain.value for name, gain in study.gains.items()}})


def _learner(settings: CompositionSettings, dataset: Dataset, variant: Variant, cell: Cell | None, folder: Path,
             ) -> tuple[Callable[[np.ndarray, int], Callable[[np.ndarray], np.ndarray]], list[str], dict[str, str]]:
    from fecemo.evaluation.probing.probe import fit_standard_vectors, linear_answers

    labels = dataset.labels
    if cell is not None:
        def train(rows: np.ndarray, seed: int) -> Callable[[np.ndarray], np.ndarray]:
            answers = train_classifier(cell, dataset.faces, rows, labels[rows], dataset.classes, seed,
                                       f"{STAGE}: {settings.learner}")
            return lambda positions: answers(dataset.faces, positions)

        return train, [], {}
    (vectors,), scratch, machine = describe_faces(STAGE, [dataset], variant, settings.network, settings.output, folder)
    probe = ProbeSettings(penalty=settings.penalty, components=settings.components)

    def fit(rows: np.ndarray, seed: int) -> Callable[[np.ndarray], np.ndarray]:
        standard = fit_standard_vectors(vectors, rows, components=settings.components, seed=seed)
        return lambda positions: linear_answers(standard.of(vectors, rows), labels[rows],
                                                standard.of(vectors, positions), probe)

    return fit, scratch, machine
