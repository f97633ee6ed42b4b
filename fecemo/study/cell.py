"""One cell of a recipe: an approach on a variant, with everything resolved."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.documents import build
from fecemo.data.variants import FACE_SIDE, Variant, variants
from fecemo.errors import InputError, nearest
from fecemo.models.approach import EMBEDDING, PROBABILITIES_OF, Approach
from fecemo.study.faces.data_names import SOURCE, embedded, learnt_from, of_landmarks
from fecemo.study.fit_choices import read_fit
from fecemo.study.recipe import Recipe, faces_seen
from fecemo.study.rows import LearningStep
from fecemo.training.settings import FitSettings


@dataclass(frozen=True)
class Cell:
    """One approach on one variant, with everything resolved."""

    recipe: Recipe
    row: str  #: The approach's name, or that of the row where several share it.
    approach: Approach
    variant: Variant
    model: Any  #: An instance of ``approach.config``.
    fit: dict[str, FitSettings]  #: By phase.
    score_on: str  #: One of "test", "unused_labels".
    pretrained: Path | None = None
    frozen: tuple[str, ...] = ()
    embeddings_from: str | None = None  #: The row whose embeddings the networks take.
    own_seed: int | None = None  #: The row's own; see `seed`.
    tsne_output: str | None = None  #: The output that is mapped, beside a classifier's probabilities.
    step: LearningStep | None = None  #: The point of a learning curve that it is; ``row`` is then the step's name.

    @property
    def regressions(self) -> dict[str, tuple[str, ...]]:
        """Dict of str to tuple of str: Columns that each output with the readout ``regression`` learns."""
        learnt = {term.output: term.columns for fit in self.fit.values() for term in fit.losses
                  if term.loss.target_kind == "numbers"}
        return {output: learnt[output] for output, readout in self.approach.readouts.items()
                if readout == "regression" and output in learnt}

    @property
    def learnt_from(self) -> dict[str, bool]:
        """Dict of str to bool: Data sets of which the model is made, each with whether a landmark model measures it."""
        return learnt_from(self.approach, self.fit, self.recipe.roles.source or SOURCE)

    @property
    def embedded(self) -> dict[str, str]:
        """Dict of str to str: Data sets whose outputs are stored, by their role."""
        named = self.recipe.roles.named()
        return {role: named[role] for role in embedded(self.approach, named)}

    @property
    def behind(self) -> dict[str, str]:
        """Dict of str to str: The rows of whose outputs the cell is made, by the columns that hold these."""
        return self.approach.rows_behind(self.model, self.embeddings_from)

    @property
    def seed(self) -> int:
        """int: Of first weights, order and augmentation: the recipe's, or one that the row's own makes of it."""
        if self.own_seed is None:
            return self.recipe.seed
        return int(np.random.SeedSequence([self.recipe.seed, self.own_seed]).generate_state(1)[0])

    @property
    def takes_landmarks(self) -> bool:
        """bool: Whether what a landmark model measures enters the model."""
        return of_landmarks(self.approach.columns(self.model).values())

    @property
    def recipe_row(self) -> str:
        """str: The row of the recipe: its own, or that of which it is a step."""
        return self.step.row if self.step else self.row

    @property
    def made_by(self) -> str:
        """str: The row whose networks and embeddings are those of this cell: itself, unless only clusters differ."""
        return self.step.row if self.step and not self.step.phase else self.row

    @property
    def cluster_on(self) -> int | None:
        """Int or None: Unlabelled faces of which clusters are made, drawn by seed; None for all."""
        return int(self.step.value) if self.step and not self.step.phase else None

    @property
    def faces_seen(self) -> str:
        """str: The stored faces that the networks see; see `Variant`."""
        return faces_seen(self.approach, self.variant)

    @property
    def side(self) -> int:
        """int: Side in pixels of the square that enters the networks."""
        return self.variant.side * self.recipe.face_side // FACE_SIDE

    @property
    def shape(self) -> tuple[int, int, int]:
        """Tuple of int: Height, width and channels of what enters networks that take pixels."""
        return self.side, self.side, self.variant.channels

    @property
    def title(self) -> str:
        """str: For progress lines."""
        return f"{self.row} {self.variant.name}"


def resolve(recipe: Recipe, approach_name: str, variant_name: str, where: str = "recipe") -> Cell:
    """Return one cell of a recipe, or of a step of one of its learning curves.

    Raises `InputError` if the recipe has no such cell, or what it says of the cell is not sound.
    """
    if (known := recipe.resolved.get((approach_name, variant_name))) is not None:
        return known
    step = recipe.steps.get(approach_name)
    if approach_name not in recipe.approaches and step is None:
        raise InputError(f"{where}: no approach {approach_name!r} in this recipe: "
                         f"{nearest(approach_name, (*recipe.approaches, *recipe.steps))}")
    if variant_name not in recipe.variants:
        raise InputError(f"{where}: no variant {variant_name!r} in this recipe: "
                         f"{nearest(variant_name, recipe.variants)}")
    approach, variant = recipe.approach_of(approach_name), variants.find(variant_name)
    settings = recipe.settings_of(approach_name)
    key = f"{where}: approaches.{step.row if step else approach_name}"
    document = {"fit": settings.fit, "model": settings.model}
    for name, override in settings.overrides.items():
        if name not in recipe.variants:
            raise InputError(f"{key}.overrides: no variant {name!r} in this recipe: {nearest(name, recipe.variants)}")
        for part in override:
            if part not in document:
                raise InputError(f"{key}.overrides.{name}: unknown key {part!r}, {nearest(part, document)}")
    document = _merged(document, settings.overrides.get(variant_name, {}))
    phases = [phase.name for phase in approach.phases]
    for name in document["fit"]:
        if name not in phases:
            raise InputError(f"{key}.fit: {approach.name} has no phase {name!r}: {nearest(name, phases)}")
    for name in phases:
        if name not in document["fit"]:
            raise InputError(f"{key}.fit: the phase {name!r} is missing")
    if step is not None and step.phase:
        lessened = next(phase for phase in approach.phases if phase.name == step.phase)
        row_fit = read_fit(approach, lessened, document["fit"][step.phase], f"{key}.fit.{step.phase}",
                       recipe.dataset_names)
        _refuse_no_less(step, getattr(row_fit, step.setting), variant_name, where)
        step.lessen(document["fit"])
    for name in settings.frozen:
        if name not in approach.submodels:
            raise InputError(f"{key}.frozen: {approach.name} has no submodel {name!r}: "
                             f"{nearest(name, approach.submodels)}")
    if variant.side * recipe.face_side % FACE_SIDE:
        raise InputError(f"{where}: face_side {recipe.face_side} does not give {variant.name} a whole number of pixels "
                         f"({variant.side} × {recipe.face_side} / {FACE_SIDE}); choose a multiple of 4")
    cell = Cell(
        recipe=recipe, row=approach_name, approach=approach, variant=variant, score_on=settings.score_on,
        pretrained=settings.pretrained, frozen=settings.frozen, embeddings_from=settings.embeddings_from,
        own_seed=settings.seed, step=step,
        tsne_output=None if settings.tsne_output is None else _check_tsne_output(approach, settings.tsne_output, key),
        model=build(approach.config, document["model"], f"{key}.model"),
        fit={phase.name: read_fit(approach, phase, document["fit"][phase.name], f"{key}.fit.{phase.name}",
                                  recipe.dataset_names) for phase in approach.phases},
    )
    _check_rows_behind(cell, key)
    if cell.tsne_output is not None and recipe.roles.target is None:
        raise InputError(f"{key}.tsne_output: target faces are mapped: name a target in roles")
    if approach.predicts_by == "clusters" and recipe.roles.source is None:
        raise InputError(f"{key}: {approach.name} needs unlabelled faces, of which clusters are made: name a source in "
                         "roles")
    if approach.takes_image:
        approach.check(cell.model, cell.shape, f"{where}: approaches")
    elif altered := [name for name, fit in cell.fit.items() if fit.augment or fit.corrupt]:
        raise InputError(f"{key}.fit.{altered[0]}: {approach.name} takes no pixels, so that there is nothing to "
                         "augment or to corrupt")
    recipe.resolved[approach_name, variant_name] = cell
    return cell


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = copy.deepcopy(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else copy.deepcopy(value)
    return merged


def _refuse_no_less(step: LearningStep, has: float | None, variant: str, where: str) -> None:
    """Raise `InputError` if a step asks for no less than its row.

    Parameters
    ----------
    has : float or None
        The row's own value of the setting; None means all there is.
    variant, where : str
        Of the row; and what names the recipe.
    """
    if has is not None and step.value >= has:
        raise InputError(f"{where}: learning.{step.row}.{step.key}: {step.value} is no less than the {has} of the row "
                         f"itself on {variant}, which is the last point of the curve")


def _check_rows_behind(cell: Cell, key: str) -> None:
    """Raise `InputError` if a row takes what others give and does not say whose, or of rows that do not give it."""
    approach = cell.approach
    if approach.takes_embedding != (cell.embeddings_from is not None):
        raise InputError(f"{key}.embeddings_from: " + (
            "name the row whose embeddings this one takes" if approach.takes_embedding else
            f"{approach.name} takes no other row's embeddings"))
    if approach.build is not None and not approach.columns(cell.model):
        raise InputError(f"{key}.model: nothing enters {approach.name}; name rows of the recipe, such as "
                         "members: [ROW, ROW]")
    for column, row in cell.behind.items():
        at = "embeddings_from" if column == EMBEDDING else "model"
        _check_row_behind(cell, column, [cell.row, row], f"{key}.{at}")


def _check_row_behind(cell: Cell, column: str, rows: list[str], key: str) -> None:
    """Check the last of some rows, each of which is made of the next, and those of which it is made itself."""
    recipe, variant, row = cell.recipe, cell.variant.name, rows[-1]
    if row not in recipe.approaches:
        raise InputError(f"{key}: no row {row!r} in this recipe: {nearest(row, recipe.approaches)}")
    if row in rows[:-1]:
        raise InputError(f"{key}: {' from '.join(rows)}: a row cannot be made from itself")
    by = recipe.approach_of(row).predicts_by
    if column.startswith(PROBABILITIES_OF):
        if by != "classifier":
            raise InputError(f"{key}: {row} gives an embedding and no probabilities; name a row that is a classifier")
    elif by != "clusters":
        raise InputError(f"{key}: {row} gives probabilities of emotions and no embeddings; name a row whose "
                         "faces are clustered")
    if (row, variant) not in recipe.cells:
        raise InputError(f"{key}: {row} does not run on {variant}; leave {variant} out of this row's variants")
    for column_behind, behind in recipe.rows_behind(row, variant).items():
        _check_row_behind(cell, column_behind, [*rows, behind], key)


def _check_tsne_output(approach: Approach, output: str, key: str) -> str:
    """Return an output, such as ``"features"``, of which a map is drawn. Raises `InputError` if none can be."""
    if approach.predicts_by == "clusters":
        raise InputError(f"{key}.tsne_output: {approach.name} is mapped by its embeddings; leave the key out")
    if output not in approach.outputs:
        raise InputError(f"{key}.tsne_output: {approach.name} gives no {output!r}: {nearest(output, approach.outputs)}")
    return output
