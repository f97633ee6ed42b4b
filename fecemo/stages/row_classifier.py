"""Train the classifier of a recipe's row on any rows of a data set, and ask it about any others; nothing is kept."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from fecemo.data.receipts import digest_json, plain
from fecemo.data.stored_faces import Faces
from fecemo.errors import InputError
from fecemo.evaluation.settings import PROBE
from fecemo.models.approach import IMAGE
from fecemo.stages.pretrained import check_pretrained, put_pretrained
from fecemo.study.cell import Cell, resolve
from fecemo.study.recipe_file import read_recipe
from fecemo.training.backend import import_keras
from fecemo.training.examples import Examples, held_out, with_wrong_labels
from fecemo.training.order import drawn_rows

BATCH_SIZE = 64


def classifier_cell(recipe: Path, row: str, variant: str) -> Cell:
    """Return the cell of a row that learns labels from the pixels of faces, in one phase.

    Raises `InputError` if the recipe has no such cell, or its row needs more than labelled faces, such as landmarks.
    """
    cell = resolve(read_recipe(recipe, check_cells=False), row, variant, where=str(recipe))
    where, approach = f"{recipe}: approaches.{row}", cell.approach
    if approach.predicts_by != "classifier" or set(approach.columns(cell.model).values()) != {IMAGE}:
        raise InputError(f"{where}: {approach.name} is no classifier of pixels alone; name a row of such, for example "
                         "of small_resnet or supervised")
    if len(cell.fit) != 1:
        raise InputError(f"{where}: a row that learns in one phase is needed, this one has {' and '.join(cell.fit)}")
    (phase, fit), = cell.fit.items()
    if other_targets := sorted({term.target_name for term in fit.losses if term.target_name != "label"}):
        raise InputError(f"{where}.fit.{phase}: learns {', '.join(other_targets)}; a row that learns the label alone "
                         "is needed")
    if fit.validate_on == "valid":
        raise InputError(f"{where}.fit.{phase}.validate_on: the rows that are learned from have no stored validation "
                         "split; give a share, such as 0.1")
    check_pretrained(cell)
    return cell


def refuse_learner(learner: str, recipe: Path | None) -> None:
    """Raise `ValueError` for a learner that is a row without a recipe, or none with one."""
    if (learner == PROBE) != (recipe is None):
        raise ValueError(f"learner: {learner} " + ("is no row of a recipe; leave recipe out" if recipe
                         else f"is a row of a recipe; name it under recipe, or learn by {PROBE}"))


def classifier_digest(cell: Cell) -> str:
    """Return the digest of all of a recipe that shapes what `train_classifier` learns."""
    return digest_json(plain({"approach": cell.approach.name, "model": cell.model, "fit": cell.fit, "side": cell.side,
                              "frozen": cell.frozen}))


def train_classifier(cell: Cell, faces: Faces, rows: np.ndarray, labels: np.ndarray, classes: Sequence[str], seed: int,
                     title: str) -> Callable[[Faces, np.ndarray], np.ndarray]:
    """Train a cell's classifier.

    What the phase validates on, where it does, is a share of these very rows.

    Parameters
    ----------
    cell : Cell
        As of `classifier_cell`; its ``data`` and ``label_fraction`` are not looked at.
    faces : array-like of shape (n, 200, 200, 3), uint8
    rows : ndarray of shape (m,), int64
        Those to learn from.
    labels : ndarray of shape (m,), str
        One of ``classes`` each.
    classes : sequence of str
        What can be answered, whether or not it is learned.
    seed : int
        Of first weights, order and augmentation.
    title : str
        For progress lines.

    Returns
    -------
    callable
        Of stored faces and rows of these: the answers, of shape (len(rows),), str.
    """
    import_keras(cell.recipe.threads)
    from fecemo.training.device_view import DeviceView
    from fecemo.training.fit import train
    from fecemo.training.loader import Loader
    from fecemo.training.outputs import outputs
    from fecemo.training.step import part_of
    from fecemo.training.training_job import TrainingJob, TrainingPhase

    code_of = {name: code for code, name in enumerate(classes)}
    codes = np.array([code_of[label] for label in labels.tolist()], np.int32)
    phase, = cell.approach.phases
    fit = replace(cell.fit[phase.name], label_fraction=None)
    shapes = {name: cell.shape for name in cell.approach.columns(cell.model)}
    model = cell.approach.model(cell.model, shapes, len(classes), seed)
    put_pretrained(cell, model)
    view = DeviceView(cell.variant, cell.side)
    learned, held_out = _divided(Examples(np.asarray(rows, np.int64), {"label": codes}), fit, seed)
    frozen = phase.frozen if fit.frozen is None else fit.frozen
    with TemporaryDirectory(prefix="fecemo-") as folder:
        train(TrainingJob(
            title=title, model=model, view=view, n_classes=len(classes), seed=seed, folder=Path(folder),
            digest=digest_json({"title": title}), phases=[TrainingPhase(
                name=phase.name, frozen=tuple(dict.fromkeys((*frozen, *cell.frozen))), fit=fit,
                columns={name: faces for name in shapes}, examples=learned, held_out=held_out)]))
    part, names = part_of(model, (cell.approach.output,)), np.array(classes)

    def answers(faces: Faces, positions: np.ndarray) -> np.ndarray:
        loader = Loader({name: faces for name in shapes}, positions, view, resident_bytes=0)
        scores = [batch[cell.approach.output] for batch in outputs(part, loader, BATCH_SIZE)]
        return np.asarray(names[np.concatenate(scores).argmax(axis=1)])

    return answers


def _divided(examples: "Examples", fit: Any, seed: int) -> "tuple[Examples, Examples | None]":
    examples = examples.take(drawn_rows(len(examples), fit.faces, seed))
    if fit.validate_on is None:
        return with_wrong_labels(examples, fit.label_noise, seed), None
    learned, held = held_out(examples, fit.validate_on, seed)
    return with_wrong_labels(learned, fit.label_noise, seed), held
