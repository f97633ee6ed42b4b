"""A run opened for naming: which cells are ready, and of each what a person may see. No stage calls this."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from fecemo.clustering.halves import halve, halve_group
from fecemo.clustering.kmeans import assign
from fecemo.clustering.naming import draw_sample
from fecemo.clustering.settings import NamingSettings
from fecemo.data.arrays import read_array, read_output, read_rows
from fecemo.data.cluster_names import read_hand_names
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt, read_receipt
from fecemo.data.variants import variants
from fecemo.errors import FecemoError, InputError, StoredStateError
from fecemo.evaluation.figures.svg import FURTHER, PALETTE
from fecemo.labelling.groups import Division, NamedClustering
from fecemo.labelling.material import CellMaterial, CellState, Colours, FaceMap, Faces, SeenLabels, UseOfNames
from fecemo.labelling.names_file import file_of, files_of_others, use_file_of
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.kept_groups import grouped_faces, line_of_fit
from fecemo.stages.known_columns import known_of_source
from fecemo.stages.suggestions import names_to_give, suggest_names
from fecemo.stages.use_of_names import use_of_names
from fecemo.study.artifact_kinds import KINDS, clustering_digest
from fecemo.study.artifacts import Artifacts
from fecemo.study.cell import resolve
from fecemo.study.faces.columns import LANDMARK_FEATURES
from fecemo.study.faces.data_names import SOURCE, TARGET
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

LabelAndScore = Callable[[CellArguments], str]
"""Label and evaluate a cell with the names in use, and return its row of the table as HTML."""


class LabelRun:
    """A run whose clusters are to be named.

    Parameters
    ----------
    run : Path
        The run's folder, such as ``runs/demo``.
    recipe : Path
        Its recipe, such as ``pipelines/recipes/demo.yaml``.
    label_and_score : callable
        What the last button of the board does.

    Raises
    ------
    InputError
        If the recipe is not sound.
    StoredStateError
        If there is no such run.
    """

    def __init__(self, run: Path, recipe: Path, label_and_score: LabelAndScore) -> None:
        self._label_and_score = label_and_score
        self._layout, self._recipe_path, self._recipe = RunLayout(run), recipe, read_recipe(recipe)
        if not run.is_dir():
            raise StoredStateError(f"{run}: there is no such run; `make demo` makes runs/demo, and "
                                   "pipelines/Snakefile any other")
        self._artifacts = Artifacts(self._layout, self._recipe)

    @property
    def title(self) -> str:
        """str: Title of the study."""
        return self._recipe.title

    @property
    def colours(self) -> Colours:
        """Colours of clusters and of emotions, as in the report, and of names that are no class."""
        return PALETTE, FURTHER

    @cached_property
    def use_of_names(self) -> UseOfNames:
        """Whether a run of the recipe uses a person's names."""
        return use_of_names(self._recipe, self._recipe_path)

    @cached_property
    def _source(self) -> Dataset:
        return Dataset(self._layout.dataset(self._recipe.role(SOURCE)))

    @cached_property
    def _target(self) -> Dataset | None:
        target = self._recipe.roles.target
        return None if target is None else Dataset(self._layout.dataset(target))

    def cells(self) -> list[CellState]:
        """Return every cell that has clusters to name, or will have, in the order of the recipe."""
        return [self._state(*cell) for cell in self._recipe.cells
                if resolve(self._recipe, *cell).approach.predicts_by == "clusters"]

    def _state(self, approach: str, variant: str) -> CellState:
        layout, cell = self._layout, resolve(self._recipe, approach, variant)
        title = f"{cell.approach.title} · {cell.variant.title}"
        waits_for = next((KINDS[kind].stage for kind in ("model", "outputs", "clusters")
                          if self._artifacts.status(kind, approach, variant).state == "missing"), "")
        state = CellState(approach, variant, title, waits_for=waits_for)
        if waits_for:
            return state
        try:
            clusters = self._require(approach, variant)
            state = replace(state, groups=len(clusters.summary.get("cluster_sizes", ())))
            path = layout.hand_names(approach, variant)
            if not path.exists():
                return state
            names = read_hand_names(path)
            if names.clustering != clustering_digest(clusters.outputs):
                return replace(state, trouble=f"{path} names another clustering")
            return replace(state, named=len(names.names), by=names.by, groups=state.groups + len(names.divided))
        except FecemoError as error:
            return replace(state, trouble=str(error))

    def _require(self, approach: str, variant: str) -> Receipt:
        """Return the receipt of a cell's clusters. Raises `StoredStateError` if they are not current."""
        for kind in ("model", "outputs", *(() if self._target is None else ("assignments",))):
            self._artifacts.require(kind, approach, variant)
        return self._artifacts.require("clusters", approach, variant)

    def open(self, approach: str, variant: str, by: str) -> CellMaterial:
        """Return one cell's material for one person.

        The first person's names are those that the pipeline uses; each further person has a file beside them.

        Raises
        ------
        InputError
            If the recipe has no such cell, it has no clusters, or a file of names cannot be read.
        StoredStateError
            If a stage before the naming has not finished, or landmark features of the source faces are damaged.
        """
        arguments = CellArguments(self._recipe_path, self._layout.run, approach, variant)
        cell, layout = arguments.clustered_cell(), self._layout
        clusters = self._require(approach, variant)
        embedded, folder = layout.outputs(approach, variant), layout.clusters(approach, variant)
        source = read_output(embedded, self._recipe.role(SOURCE), cell.approach.output)
        rows, ids, assigned = np.empty(0, np.int64), np.empty(0, str), np.empty(0, np.int32)
        if self._target is not None:
            rows = read_rows(embedded, self._recipe.role(TARGET))
            ids = self._target.ids[rows]
            assigned = np.asarray(read_array(layout.assigned(approach, variant), "target_clusters", "cluster",
                                             length=len(rows)))
        clustering = NamedClustering(
            approach=approach, variant=variant, digest=clustering_digest(clusters.outputs),
            clusters=np.asarray(read_array(folder, "source_clusters", "cluster", length=len(source.rows))),
            distances=np.asarray(read_array(folder, "source_distances", "cluster", length=len(source.rows))))

        def divide(key: str, members: np.ndarray, seed: int) -> Division:
            if "kept" not in clusters.summary:
                halves = halve(source.values[members], seed, f"{cell.title}, cluster {key}")
                return Division(halves.second, halves.distances, halves.digest)
            # By the faces of which the groups were made: whatever joins, halves stay what was named.
            halves = halve_group(key, seed, *grouped_faces(folder, source.values), cell.title)
            nearer, distances = assign(source.values[members], halves.centres, title=f"{cell.title}, cluster {key}")
            return Division(nearer == 1, distances, halves.digest)

        used = layout.hand_names(approach, variant)
        may_ask = bool(len(self._askable(rows)))
        drawn, without_map = self._map(approach, variant, source.rows, rows)
        return CellMaterial(
            title=f"{cell.approach.title} · {cell.variant.title}", clustering=clustering,
            path=file_of(used, by), used_path=used, seed=cell.recipe.seed, divide=divide,
            faces=self._view(self._source, source.rows, variant),
            target_faces=self._view(self._source if self._target is None else self._target, rows, variant),
            target_clusters=assigned, target_ids=ids,
            classes=names_to_give(self._recipe, layout), suggested=self._suggested(approach, variant),
            map=drawn, without_map=without_map,
            known=known_of_source(self._recipe, layout, self._source, source.rows),
            ask_sample=(lambda: self._labels(rows, cell.recipe.naming, cell.recipe.seed)) if may_ask else None,
            ask_labels=(lambda: self._labels(rows, None)) if may_ask else None,
            others=files_of_others(used, by), source_ids=self._source.ids[source.rows],
            remark=line_of_fit(clusters.summary["kept"]) if "kept" in clusters.summary else "",
        )

    def _suggested(self, approach: str, variant: str) -> dict[str, str]:
        """Return what is suggested for each cluster; nothing where the faces have no landmark features.

        Raises `StoredStateError` where they have some, and these are damaged or of other faces.
        """
        if read_receipt(self._layout.column(self._recipe.role(SOURCE), LANDMARK_FEATURES)) is None:
            return {}
        try:
            names = suggest_names(self._recipe, self._layout, approach, variant).names
        except InputError:  # the landmark model was sure of no face: there is nothing to suggest
            return {}
        return {str(cluster): name for cluster, name in enumerate(names) if name}

    def use(self, approach: str, variant: str, by: str) -> None:
        """Make a further person's names the ones that the pipeline uses; those used so far become a further file.

        Raises `StoredStateError` if the person has named nothing, or other names would be overwritten.
        """
        use_file_of(self._layout.hand_names(approach, variant), by)

    def finish(self, approach: str, variant: str) -> str:
        """Label and evaluate the cell with the names in use, and return its row of the table as HTML.

        Raises `FecemoError` as the label and evaluate stages do.
        """
        return self._label_and_score(CellArguments(self._recipe_path, self._layout.run, approach, variant))

    def _view(self, dataset: Dataset, rows: np.ndarray, variant: str) -> Faces:
        seen_as = variants.find(variant)

        def faces(positions: np.ndarray) -> np.ndarray:
            # In the order of the disk, whatever the order that is asked for.
            wanted, back = np.unique(rows[positions], return_inverse=True)
            return seen_as.view(np.asarray(dataset.faces[wanted]))[back]

        return faces

    def _map(self, approach: str, variant: str, source_rows: np.ndarray,
             target_rows: np.ndarray) -> tuple[FaceMap | None, str]:
        """Return the map, or why there is none."""
        folder = self._layout.map(approach, variant)
        status = self._artifacts.status("map", approach, variant)
        if status.state == "missing":
            return None, "There is no map of this cell yet"
        if status.state == "stale":
            return None, f"The map of this cell is stale, because {status.why}"
        at = {name: np.searchsorted(rows, read_array(folder, f"{name}_rows", "map"))
              for name, rows in (("source", source_rows), ("target", target_rows))}
        places = {name: np.asarray(read_array(folder, f"{name}_map", "map", length=len(at[name]))) for name in at}
        return FaceMap(places["source"], at["source"], places["target"], at["target"]), ""

    def _askable(self, rows: np.ndarray) -> np.ndarray:
        """Return the positions of labelled train faces: a test label is shown to nobody."""
        dataset = self._target
        if dataset is None:
            return np.empty(0, np.int64)
        return np.flatnonzero(dataset.naming_faces[rows])

    def _labels(self, rows: np.ndarray, sample: NamingSettings | None, seed: int = 0) -> SeenLabels:
        at, target = self._askable(rows), self._target
        if target is None:
            return SeenLabels(at, (), np.empty(0, str))
        if sample is not None:  # the very labels that majority_vote uses
            at = at[draw_sample(target.labels[rows[at]], sample, seed)]
        return SeenLabels(at, tuple(target.ids[rows[at]].tolist()), target.labels[rows[at]])
