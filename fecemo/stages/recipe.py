"""A recipe: the whole study as data. Nothing in the code enumerates approaches, variants or cells."""

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from fecemo.clustering.settings import KMeansSettings, MapSettings, NamingSettings
from fecemo.errors import InputError, nearest
from fecemo.evaluation.settings import EvaluationSettings
from fecemo.manifests.documents import build, read_yaml
from fecemo.models.approach import Approach, find_approach
from fecemo.packs.variant import FACE_SIDE, Variant, find_variant
from fecemo.stages.draw_settings import DrawSettings
from fecemo.stages.fetch import FetchSettings
from fecemo.stages.import_labelled import ImportSettings
from fecemo.training.settings import LOSSES_OF_TASK, FitSettings


@dataclass(frozen=True)
class ApproachRecipe:
    """What a recipe says of one approach.

    Parameters
    ----------
    fit : dict of str to dict
        `FitSettings` of each phase, by the phase's name.
    model : dict
        Sizes that differ from the approach's published defaults.
    score_on : {"test", "others"}
        Score the stored test split, or every labelled face whose label neither trained nor named anything.
    variants : dict of str to dict
        For one variant, ``fit`` and ``model`` keys that differ.
    """

    fit: dict[str, dict[str, Any]]
    model: dict[str, Any] = field(default_factory=dict)
    score_on: Literal["test", "others"] = "test"
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """A study.

    Parameters
    ----------
    name, title : str
    source : FetchSettings
        The unlabelled faces.
    target : ImportSettings
        The labelled faces.
    approaches : dict of str to ApproachRecipe
        Rows of the table, in order.
    variants : tuple of str
        Columns of the table, in order.
    seed : int
        Of everything random.
    face_side : int
        Side, in pixels, to which a whole 200-pixel face is reduced before it enters a network; other variants in
        proportion. 200 reduces nothing.
    draw : DrawSettings, optional
        Draw faces first. The paths of ``source`` and ``target`` are then relative to the run's folder.
    threads : int, optional
        Cores of one training. Fixed, it makes figures equal on machines of any number of cores; None gives each
        training the whole machine.
    clustering, map, naming, evaluation
        Settings of the later stages.
    """

    name: str
    title: str
    source: FetchSettings
    target: ImportSettings
    approaches: dict[str, ApproachRecipe]
    variants: tuple[str, ...] = ("rgb", "gray", "tight")
    seed: int = 0
    face_side: int = FACE_SIDE
    draw: DrawSettings | None = None
    threads: int | None = None
    clustering: KMeansSettings = field(default_factory=KMeansSettings)
    map: MapSettings = field(default_factory=MapSettings)
    naming: NamingSettings = field(default_factory=NamingSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)

    def __post_init__(self) -> None:
        if not 1 <= self.face_side <= FACE_SIDE:
            raise ValueError(f"face_side must be 1 to {FACE_SIDE} pixels, not {self.face_side}")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}")
        for name in ("approaches", "variants"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty: there is no cell to fill")


@dataclass(frozen=True)
class Cell:
    """One approach on one variant, with everything resolved.

    Parameters
    ----------
    recipe : Recipe
    approach : Approach
    variant : Variant
    model : object
        An instance of ``approach.config``.
    fit : dict of str to FitSettings
        By phase.
    score_on : {"test", "others"}
    """

    recipe: Recipe
    approach: Approach
    variant: Variant
    model: Any
    fit: dict[str, FitSettings]
    score_on: str

    @property
    def side(self) -> int:
        """int: Side in pixels of the square that enters the networks."""
        return self.variant.side * self.recipe.face_side // FACE_SIDE

    @property
    def title(self) -> str:
        """str: For progress lines."""
        return f"{self.approach.name} {self.variant.name}"


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe with all of its cells.

    Raises
    ------
    InputError
        If the file is not YAML, a key is unknown, missing or ill-typed, or an approach or variant does not exist.
    """
    recipe = build(Recipe, read_yaml(path), str(path))
    for name in recipe.approaches:
        for variant in recipe.variants:
            resolve(recipe, name, variant, where=str(path))
    return recipe


def resolve(recipe: Recipe, approach_name: str, variant_name: str, where: str = "recipe") -> Cell:
    """Return one cell of a recipe.

    Raises
    ------
    InputError
        If the recipe has no such cell, or what it says of the cell is not sound.
    """
    if approach_name not in recipe.approaches:
        raise InputError(f"{where}: no approach {approach_name!r} in this recipe: "
                         f"{nearest(approach_name, recipe.approaches)}")
    if variant_name not in recipe.variants:
        raise InputError(f"{where}: no variant {variant_name!r} in this recipe: "
                         f"{nearest(variant_name, recipe.variants)}")
    approach, variant = find_approach(approach_name), find_variant(variant_name)
    said = recipe.approaches[approach_name]
    key = f"{where}: approaches.{approach_name}"
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
    if variant.side * recipe.face_side % FACE_SIDE:
        raise InputError(f"{where}: face_side {recipe.face_side} does not give {variant.name} a whole number of pixels "
                         f"({variant.side} × {recipe.face_side} / {FACE_SIDE}); choose a multiple of 4")
    fit = {name: build(FitSettings, document["fit"][name], f"{key}.fit.{name}") for name in phases}
    for phase in approach.phases:
        if fit[phase.name].loss not in LOSSES_OF_TASK[phase.task]:
            raise InputError(f"{key}.fit.{phase.name}.loss: {fit[phase.name].loss!r} is no loss to {phase.task} by, "
                             f"expected {' or '.join(LOSSES_OF_TASK[phase.task])}")
    return Cell(
        recipe=recipe, approach=approach, variant=variant, score_on=said.score_on,
        model=build(approach.config, document["model"], f"{key}.model"),
        fit=fit,
    )


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = copy.deepcopy(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
