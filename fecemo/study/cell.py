"""One cell of a recipe: an approach on a variant, with everything resolved."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fecemo.data.documents import build
from fecemo.data.variant import FACE_SIDE, Variant, find_variant
from fecemo.errors import InputError, nearest
from fecemo.models.approach import Approach
from fecemo.study.fit_choices import read_fit
from fecemo.study.learning import LearningStep, refuse_no_less
from fecemo.study.mapped_output import mapped_network
from fecemo.study.recipe import Recipe, faces_seen
from fecemo.study.row_behind import check_row_behind
from fecemo.training.settings import FitSettings


@dataclass(frozen=True)
class Cell:
    """One approach on one variant, with everything resolved.

    Parameters
    ----------
    recipe : Recipe
    row : str
        The approach's name, or that of the row where several share it.
    approach : Approach
    variant : Variant
    model : object
        An instance of ``approach.config``.
    fit : dict of str to FitSettings
        By phase.
    score_on : {"test", "others"}
    pretrained : Path or None
    frozen : tuple of str
    of : str or None
        The row whose embeddings the networks take.
    mapped : str or None
        The network whose output is mapped, beside a classifier's probabilities.
    step : LearningStep or None
        The point of a learning curve that it is; ``row`` is then the step's name.
    """

    recipe: Recipe
    row: str
    approach: Approach
    variant: Variant
    model: Any
    fit: dict[str, FitSettings]
    score_on: str
    pretrained: Path | None = None
    frozen: tuple[str, ...] = ()
    of: str | None = None
    mapped: str | None = None
    step: LearningStep | None = None

    @property
    def of_row(self) -> str:
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

    Raises
    ------
    InputError
        If the recipe has no such cell, or what it says of the cell is not sound.
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
    approach, variant = recipe.approach_of(approach_name), find_variant(variant_name)
    said = recipe.said_of(approach_name)
    key = f"{where}: approaches.{step.row if step else approach_name}"
    document = {"fit": said.fit, "model": said.model}
    for name, other in said.variants.items():
        if name not in recipe.variants:
            raise InputError(f"{key}.variants: no variant {name!r} in this recipe: {nearest(name, recipe.variants)}")
        for part in other:
            if part not in document:
                raise InputError(f"{key}.variants.{name}: unknown key {part!r}, {nearest(part, document)}")
    document = _merged(document, said.variants.get(variant_name, {}))
    phases = [phase.name for phase in approach.phases]
    for name in {*phases, *document["fit"]}:
        if name not in phases:
            raise InputError(f"{key}.fit: unknown phase {name!r}, {nearest(name, phases)}")
        if name not in document["fit"]:
            raise InputError(f"{key}.fit: the phase {name!r} is missing")
    if step is not None and step.phase:
        lessened = next(phase for phase in approach.phases if phase.name == step.phase)
        own = read_fit(lessened, document["fit"][step.phase], f"{key}.fit.{step.phase}")
        refuse_no_less(step, getattr(own, step.setting), variant_name, where)
        step.lessen(document["fit"])
    stacks = {stack for names in approach.networks.values() for stack in names}
    for name in said.frozen:
        if name not in stacks:
            raise InputError(f"{key}.frozen: there is no stack {name!r}: {nearest(name, stacks)}")
    if variant.side * recipe.face_side % FACE_SIDE:
        raise InputError(f"{where}: face_side {recipe.face_side} does not give {variant.name} a whole number of pixels "
                         f"({variant.side} × {recipe.face_side} / {FACE_SIDE}); choose a multiple of 4")
    cell = Cell(
        recipe=recipe, row=approach_name, approach=approach, variant=variant, score_on=said.score_on,
        pretrained=said.pretrained, frozen=said.frozen, of=said.of, step=step,
        mapped=None if said.mapped is None else mapped_network(approach, said.mapped, key),
        model=build(approach.config, document["model"], f"{key}.model"),
        fit={phase.name: read_fit(phase, document["fit"][phase.name], f"{key}.fit.{phase.name}")
             for phase in approach.phases},
    )
    check_row_behind(recipe, approach_name, variant_name, key)
    if approach.takes == "pixels":
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
