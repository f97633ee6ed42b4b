"""A recipe: the whole study as data. Nothing in the code enumerates approaches, variants or cells."""

import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from fecemo.clustering.settings import GroupingSettings, KMeansSettings, MapSettings, NamingSettings
from fecemo.errors import InputError, nearest
from fecemo.evaluation.settings import EvaluationSettings
from fecemo.manifests.documents import build, read_yaml
from fecemo.manifests.statements import read_statement
from fecemo.models.approach import Approach, find_approach
from fecemo.packs.receipts import RECEIPT_NAME
from fecemo.packs.variant import FACE_SIDE, Variant, find_variant
from fecemo.stages.approach_recipe import ApproachRecipe
from fecemo.stages.draw_settings import DrawSettings
from fecemo.stages.example_set import measured
from fecemo.stages.fetch import FetchSettings
from fecemo.stages.fit_choices import read_fit
from fecemo.stages.import_labelled import ImportSettings
from fecemo.stages.mapped_output import mapped_network
from fecemo.stages.row_behind import check_row_behind
from fecemo.training.settings import FitSettings


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
    seeds : tuple of int
        Further seeds: the study runs again with each of them, on the same faces and splits, in ``seeds/SEED`` of the
        run's folder. The table then shows mean and spread.
    data : dict of str to str
        What is known of the faces of ``source`` and ``target``: the name of a statement that comes with fecemo, such as
        ``"fec"``, or the path of one's own. It stands in the report's data card.
    face_side : int
        Side, in pixels, to which a whole 200-pixel face is reduced before it enters a network; other variants in
        proportion. 200 reduces nothing.
    draw : DrawSettings, optional
        Draw faces first. The paths of ``source`` and ``target`` are then relative to the run's folder.
    threads : int, optional
        Cores of one training. Fixed, it makes figures equal on machines of any number of cores; None gives each
        training the whole machine.
    devices : int, optional
        Devices of one training, which share each batch out: data parallel, with the backend JAX alone. None takes every
        accelerator that the backend sees.
    landmark_model : Path, optional
        Google's ``face_landmarker.task``, by which faces are measured for the rows that need it. While it is not there,
        they wait for it.
    published : str
        Figures of others that are shown beside: a file of ``data_manifests/published``, such as ``"table1"``.
    clustering, map, naming, evaluation
        Settings of the later stages.
    groupings : GroupingSettings, optional
        Clusters at several numbers of them, named at several costs: asks for Table 2.
    """

    name: str
    title: str
    source: FetchSettings
    target: ImportSettings
    approaches: dict[str, ApproachRecipe]
    variants: tuple[str, ...] = ("rgb", "gray", "tight")
    seed: int = 0
    seeds: tuple[int, ...] = ()
    data: dict[Literal["source", "target"], str] = field(default_factory=dict)
    face_side: int = FACE_SIDE
    draw: DrawSettings | None = None
    threads: int | None = None
    devices: int | None = None
    landmark_model: Path | None = None
    published: str = "table1"
    clustering: KMeansSettings = field(default_factory=KMeansSettings)
    map: MapSettings = field(default_factory=MapSettings)
    naming: NamingSettings = field(default_factory=NamingSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    groupings: GroupingSettings | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.face_side <= FACE_SIDE:
            raise ValueError(f"face_side must be 1 to {FACE_SIDE} pixels, not {self.face_side}")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}")
        if self.devices is not None and self.devices < 1:
            raise ValueError(f"devices must be at least 1, not {self.devices}")
        if len({self.seed, *self.seeds}) <= len(self.seeds):
            raise ValueError(f"seeds must differ from each other and from seed {self.seed}, not {self.seeds}")
        if self.groupings and self.clustering.even and self.clustering.even[-1] < max(self.groupings.n_clusters):
            raise ValueError(f"clustering.even: {self.clustering.even[-1]} small clusters are fewer than the "
                             f"{max(self.groupings.n_clusters)} of groupings.n_clusters")
        for name in ("approaches", "variants"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty: there is no cell to fill")

    def with_seed(self, seed: int, where: str) -> "Recipe":
        """Return the recipe as it is under one of its further seeds.

        Raises
        ------
        InputError
            If it has none such.
        """
        if seed not in self.seeds:
            known = ", ".join(map(str, self.seeds)) or "none"
            raise InputError(f"{where}: {seed} is none of this recipe's further seeds; they are: {known}")
        return replace(self, seed=seed, seeds=())

    @property
    def cells(self) -> list[tuple[str, str]]:
        """List of (str, str): Row and variant of every cell that runs, in the order of the table."""
        return [(row, variant) for row, said in self.approaches.items() for variant in self.variants
                if not said.only or variant in said.only]

    def approach_of(self, row: str) -> Approach:
        """Return the approach of a row. Raises `InputError` for an unknown one, naming the nearest."""
        return find_approach(self.approaches[row].approach or row)

    def title_of(self, row: str) -> str:
        """Return the heading of a row."""
        return self.approaches[row].title or self.approach_of(row).title

    def waits_for(self, row: str, variant: str | None = None) -> str | None:
        """Return what a row waits for, in words, or None where it can run: on any variant, or on this one."""
        approach, folder, of = self.approach_of(row), self.approaches[row].pretrained, self.approaches[row].of
        if of is not None and (waiting := self.waits_for(of, variant)) is not None:
            return f"waits for the row {of}, which {waiting}"
        aligned = variant is not None and faces_seen(approach, find_variant(variant)) == "aligned"
        if (measured(approach) or aligned) and not (self.landmark_model and self.landmark_model.is_file()):
            return (f"waits for a face landmark model in {self.landmark_model or 'landmark_model of the recipe'}: "
                    "download Google's face_landmarker.task, whose address pipelines/02_measure.py --help gives, and "
                    "install fecemo[landmarks]")
        if folder is None or (folder / RECEIPT_NAME).exists():
            return None
        return (f"waits for pre-trained weights in {folder}: fetch them where their makers publish them, then run "
                f"pipelines/12_convert_weights.py --weights FILE --trained-on NAME "
                f"--approach {self.approach_of(row).name} --out {folder}")


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


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe with all of its cells.

    Raises
    ------
    InputError
        If the file is not YAML, a key is unknown, missing or ill-typed, or an approach or variant does not exist.
    """
    recipe = build(Recipe, read_yaml(path), str(path))
    for statement in recipe.data.values():
        read_statement(statement)
    for name, said in recipe.approaches.items():
        if unknown := sorted(set(said.only) - set(recipe.variants)):
            raise InputError(f"{path}: approaches.{name}.only: no variant {unknown[0]!r} in this recipe: "
                             f"{nearest(unknown[0], recipe.variants)}")
    for cell in recipe.cells:
        resolve(recipe, *cell, where=str(path))
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
    approach, variant = recipe.approach_of(approach_name), find_variant(variant_name)
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
    stacks = {stack for names in approach.networks.values() for stack in names}
    for name in said.frozen:
        if name not in stacks:
            raise InputError(f"{key}.frozen: there is no stack {name!r}: {nearest(name, stacks)}")
    if variant.side * recipe.face_side % FACE_SIDE:
        raise InputError(f"{where}: face_side {recipe.face_side} does not give {variant.name} a whole number of pixels "
                         f"({variant.side} × {recipe.face_side} / {FACE_SIDE}); choose a multiple of 4")
    cell = Cell(
        recipe=recipe, row=approach_name, approach=approach, variant=variant, score_on=said.score_on,
        pretrained=said.pretrained, frozen=said.frozen, of=said.of,
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
    return cell


def faces_seen(approach: Approach, variant: Variant) -> str:
    """Return the stored faces that an approach's networks see on a variant: the pack's where it takes no pixels."""
    return variant.faces if approach.takes == "pixels" else "cut"


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = copy.deepcopy(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
