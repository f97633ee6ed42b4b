"""Kinds of artefacts: where each is, which stage makes it, which settings shape it, and what it is made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fecemo.clustering.naming import naming_methods
from fecemo.data.arrays import ROWS, output_file
from fecemo.data.cluster_names import NOT_FACES_NAME, labels_seen_elsewhere, read_hand_names, require_names_of
from fecemo.data.draw_settings import PARAMETERS_NAME
from fecemo.data.receipts import Receipt, digest_file, digest_json, read_receipt
from fecemo.data.variants import CUT, MADE_FACES
from fecemo.data.vocabulary_file import vocabulary_files
from fecemo.errors import InputError, StoredStateError
from fecemo.study.artifact_configs import (
    cluster_sweep_config,
    clusters_config,
    cost_curve_config,
    map_config,
    model_config,
    names_config,
    outputs_config,
    score_config,
    triplet_test_config,
)
from fecemo.study.cell import Cell
from fecemo.study.faces.columns import LANDMARK_FEATURES, STAGES, eyes_digest
from fecemo.study.faces.data_names import SOURCE, TARGET, TRIPLET_TEST
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

GROUPED_NAME = "grouped_clusters.npy"
"""The source faces' clusters as they were when the groups were made, where these stay when faces join."""
NAMED_FILES = ("centres.npy", "source_clusters.npy")
"""What names belong to: the clusters, and not where other faces fall among them."""

MACHINE = ("threads", "devices", "backend")
"""Keys of a receipt's config that say on what an artefact was made, and not with which settings."""
OF_ROW = " of "
"""Between an artefact's kind and another row's name, in the inputs of what is made from that row."""
DRAWN = "drawn"
"""What drawn faces are called, and the artefact that holds them before they are fetched or imported."""
SOURCE_OUTPUTS = "source_outputs"
"""What the source faces' part of a cell's outputs is called as an input."""
NOT_FACES = "not_faces"
"""The list of faces that a person called none: no clusters are made of them, and they are not tagged."""
VOCABULARY = "vocabulary"
"""A house's, by which names are understood."""
HAND_INPUTS = ("hand_names", "labels_seen")
"""What names that a person gave are made from: their file, and the labels that the person saw elsewhere in the run."""


@dataclass(frozen=True)
class Artifact:
    """One artefact of a run, or a part of one."""

    kind: str  #: A key of `KINDS`.
    key: tuple[str, ...]  #: Which one: row and variant of a cell, the name of a data set, or a path.
    #: ``""`` for all of it; otherwise the part that is read: another part may change without making anything stale.
    part: str = ""
    optional: bool = False  #: Whether what is made from it can also be made without it.


@dataclass(frozen=True)
class Files:
    """Files that people bring, as an input."""

    paths: tuple[Path, ...]
    digest: Callable[[], str]  #: ``digest() -> str``: of what is read from them; ``""`` where there are none.
Config = dict[str, Any]
Inputs = dict[str, Artifact | Files]


@dataclass(frozen=True)
class Kind:
    """A kind of artefact."""

    folder: Callable[..., Path]  #: ``folder(layout, *key) -> Path``.
    stage: str  #: The stage that makes it; ``""`` where several can.
    #: ``config(cell) -> dict``: all of a recipe that shapes it, as JSON values.
    config: Callable[[Cell], Config] | None = None
    #: ``inputs(cell, layout, config) -> dict``: what it is made from with these settings, by its name in the receipt.
    inputs: Callable[[Cell, RunLayout, Config], Inputs] = lambda cell, layout, config: {}
    #: ``choices(cell) -> list of dict``: further configs that a person may have chosen in the place of the recipe's.
    choices: Callable[[Cell], list[Config]] = lambda cell: []
    role: str = ""  #: The role without which there is none, because a recipe gives it to no data set.

    def config_of(self, cell: Cell) -> Config:
        """Return ``config(cell)``. Raises `ValueError` for a kind that no cell has."""
        if self.config is None:
            raise ValueError(f"the stage {self.stage} makes nothing of a cell")
        return self.config(cell)


def about_faces(recipe: Recipe, layout: RunLayout) -> "Artifact | Files | None":
    """Return where it is written what is known of the target faces beside their labels, or None.

    It is in the file that the recipe names; without one, of drawn faces it is their true parameters.
    """
    path, target = recipe.evaluation.about_faces, recipe.role(TARGET)
    if path is not None:
        def digest() -> str:
            if not path.is_file():
                raise InputError(f"evaluation.about_faces: {path}: there is no such file")
            return digest_file(path)

        return Files((path,), digest)
    drawn = recipe.datasets[target].made == DRAWN
    return Artifact(DRAWN, (target,), part=PARAMETERS_NAME, optional=True) if drawn else None


def _dataset(name: str, kind: str = "dataset", optional: bool = False) -> Inputs:
    return {f"{kind}{OF_ROW}{name}": Artifact(kind, (name,), optional=optional)}


def _faces(datasets: Mapping[str, bool], cell: Cell) -> Inputs:
    """Return data sets, what was measured on those that ask for it, and the faces that a cell sees."""
    inputs: Inputs = {}
    for name, measured in datasets.items():
        inputs |= _dataset(name)
        inputs |= _dataset(name, LANDMARK_FEATURES) if measured else {}
        inputs |= {} if cell.faces_seen == CUT else _dataset(name, cell.faces_seen)
    return inputs


def _of_cell(cell: Cell, *kinds: str, row: str | None = None) -> Inputs:
    return {kind: Artifact(kind, (row or cell.row, cell.variant.name)) for kind in kinds}


def _of_rows_behind(cell: Cell, kind: str) -> Inputs:
    """Return the artefacts of other rows that a cell is made from, if it is made from any."""
    return {kind + OF_ROW + row: Artifact(kind, (row, cell.variant.name)) for row in cell.behind.values()}


def _model_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    weights = {} if cell.pretrained is None else {"pretrained": Artifact("weights", (str(cell.pretrained),))}
    return {**weights, **_of_rows_behind(cell, "outputs"), **_faces(cell.learnt_from, cell)}


def _outputs_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    return {**_of_cell(cell, "model"), **_of_rows_behind(cell, "outputs"),
            **_faces(dict.fromkeys(cell.embedded.values(), cell.takes_landmarks), cell), **not_faces_inputs(layout)}


def _clusters_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    return {SOURCE_OUTPUTS: Artifact("outputs", (cell.row, cell.variant.name), part=SOURCE)}


def _names_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    target = cell.recipe.roles.target
    inputs = _of_cell(cell, "clusters") if target is None else {
        **_of_cell(cell, "clusters", "assignments", "outputs"), **_dataset(target)}
    naming = naming_methods.find(config["method"])
    inputs |= {**vocabulary_inputs(layout), **not_faces_inputs(layout)}
    if naming.by == "person":
        inputs |= hand_inputs(layout, cell.row, cell.variant.name)
    if naming.by == "suggestion":
        inputs |= _dataset(cell.recipe.role(SOURCE), LANDMARK_FEATURES)
        inputs |= inputs_in_place_of_suggestions(layout, cell.row, cell.variant.name)
    if drawn := config.get("drawn"):
        inputs |= {**_dataset(drawn), **_dataset(drawn, LANDMARK_FEATURES)}
    return inputs


def not_faces_inputs(layout: RunLayout) -> Inputs:
    """Return the list of faces that are none, where there is one."""
    path = layout.labels / NOT_FACES_NAME
    return {NOT_FACES: Files((path,), lambda: digest_file(path))} if path.exists() else {}


def vocabulary_inputs(layout: RunLayout) -> Inputs:
    """Return a house's vocabulary, where there is one."""
    paths = vocabulary_files(layout.labels)
    return {VOCABULARY: Files(paths, lambda: digest_file(paths[0]))} if paths else {}


def hand_inputs(layout: RunLayout, row: str, variant: str) -> Inputs:
    """Return what names that a person gave are made from; see `HAND_INPUTS`."""
    used = layout.hand_names(row, variant)
    elsewhere = tuple(path for path in sorted(used.parents[1].glob("*/*.json")) if path != used)
    return {"hand_names": Files((used,), lambda: digest_file(used) if used.is_file() else ""),
            "labels_seen": Files(elsewhere, lambda: digest_json(labels_seen_elsewhere(used)))}


def why_names_wait(layout: RunLayout, row: str, variant: str) -> str | None:
    """Return why the names that a person gave to a cell's clusters are not used, or ``""`` where they are.

    Names that are not complete yet, or of earlier groups, wait. None where there are no names or no clusters. Raises
    `InputError` for a file that cannot be read.
    """
    used, clusters = layout.hand_names(row, variant), read_receipt(layout.clusters(row, variant))
    if clusters is None or not used.is_file():
        return None
    hand = read_hand_names(used)
    try:
        require_names_of(hand, clustering_digest(clusters.outputs), len(clusters.summary.get("cluster_sizes", ())),
                         str(used))
    except (InputError, StoredStateError) as error:
        return str(error)
    return ""


def inputs_in_place_of_suggestions(layout: RunLayout, row: str, variant: str) -> Inputs:
    """Return `hand_inputs` where a person named every group of a cell's clusters as they are now; else nothing.

    A file that cannot be read counts as complete: the label stage, which reads it, says what is wrong with it.
    """
    try:
        waits = why_names_wait(layout, row, variant)
    except InputError:
        waits = ""
    return hand_inputs(layout, row, variant) if waits == "" else {}


def _cluster_sweep_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    return {**_dataset(cell.recipe.role(TARGET)), **_of_cell(cell, "model", "outputs", row=cell.made_by)}


def _cost_curve_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    inputs: Inputs = {**_dataset(cell.recipe.role(TARGET)), **_of_cell(cell, "model", "outputs")}
    if cell.takes_landmarks:  # other rows lean on no landmark model here either
        inputs |= _dataset(cell.recipe.role(TARGET), LANDMARK_FEATURES)
        if drawn := cell.recipe.naming.drawn:
            inputs |= {**_dataset(drawn), **_dataset(drawn, LANDMARK_FEATURES)}
    return inputs


def _triplet_test_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    # No face that rows learn from may be tested, so that the other data sets are read too.
    tested, datasets = cell.recipe.role(TRIPLET_TEST), dict[str, Artifact | Files]()
    for name in cell.recipe.datasets:
        datasets |= _dataset(name, optional=True) if name != tested else {}
    return {**_of_cell(cell, "model"), **_of_rows_behind(cell, "triplet_test"),
            **_faces({tested: cell.takes_landmarks}, cell), **datasets}


def _score_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    clustered = ("clusters", "assignments", "names") if cell.approach.predicts_by == "clusters" else ()
    about = about_faces(cell.recipe, layout)
    return {**_dataset(cell.recipe.role(TARGET)), **({} if about is None else {"about_faces": about}),
            **_of_cell(cell, "model", "outputs", *clustered)}


def _column_folder(column: str, layout: RunLayout, dataset: str) -> Path:
    return layout.column(dataset, column)


KINDS: dict[str, Kind] = {
    DRAWN: Kind(RunLayout.drawn, "draw"),
    "dataset": Kind(RunLayout.dataset, ""),
    LANDMARK_FEATURES: Kind(lambda layout, name: layout.column(name, LANDMARK_FEATURES), STAGES[LANDMARK_FEATURES]),
    **{faces: Kind(partial(_column_folder, faces), STAGES[faces]) for faces in MADE_FACES},
    "weights": Kind(lambda layout, path: Path(path), "convert weights"),
    "model": Kind(RunLayout.model, "train", model_config, _model_inputs),
    "outputs": Kind(RunLayout.outputs, "embed", outputs_config, _outputs_inputs),
    "clusters": Kind(RunLayout.clusters, "cluster", clusters_config, _clusters_inputs),
    "assignments": Kind(RunLayout.assigned, "cluster", lambda cell: {},
                        lambda cell, layout, config: _of_cell(cell, "clusters", "outputs"), role=TARGET),
    "map": Kind(RunLayout.map, "map", map_config, lambda cell, layout, config: _of_cell(cell, "outputs")),
    "names": Kind(RunLayout.names, "label", names_config, _names_inputs,
                  lambda cell: [names_config(cell, method) for method in naming_methods()]),
    "cluster_sweep": Kind(RunLayout.cluster_sweep, "cluster_sweep", cluster_sweep_config, _cluster_sweep_inputs,
                          role=TARGET),
    "cost_curve": Kind(RunLayout.cost_curve, "cost_curve", cost_curve_config, _cost_curve_inputs, role=TARGET),
    "triplet_test": Kind(RunLayout.triplet_test, "triplet_test", triplet_test_config, _triplet_test_inputs,
                         role=TRIPLET_TEST),
    "score": Kind(RunLayout.score, "evaluate", score_config, _score_inputs, role=TARGET),
    "composition": Kind(lambda layout: layout.composition, "composition"),
    "tables": Kind(lambda layout: layout.tables, "table"),
}
"""Every kind of artefact, in the order in which they are made."""
CELL_KINDS = tuple(name for name, kind in KINDS.items() if kind.config is not None)
"""Those of a cell."""


def part_digest(receipt: Receipt, part: str) -> str:
    """Return the digest of a part of an artefact, or of all of it for ``""``; see `Artifact`."""
    if not part:
        return receipt.digest
    return {SOURCE: source_digest, "eyes": eyes_digest}.get(part, lambda made: made.outputs.get(part, ""))(receipt)


def source_digest(outputs: Receipt) -> str:
    """Return the digest of the source faces' outputs: all that clusters are made from.

    Clusters stay current when other target faces are embedded.
    """
    source, decisive = outputs.config["roles"][SOURCE], outputs.config["outputs"][0]
    return digest_json([outputs.outputs.get(output_file(source, name)) for name in (decisive, ROWS)])


def clustering_digest(outputs: Mapping[str, str]) -> str:
    """Return the digest that names carry: of the centres and the source faces' clusters alone.

    Names given for a clustering stay valid when other target faces are assigned to it.

    Parameters
    ----------
    outputs : mapping of str to str
        Digests of the cluster stage's files: `Receipt.outputs`.
    """
    centres, source = NAMED_FILES
    return digest_json({centres: outputs[centres], source: outputs.get(GROUPED_NAME) or outputs[source]})
