"""Cluster: source embeddings → K-means centres and every source face's cluster; then those of the target faces."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.clustering.kmeans import ClusterSpace, KMeansClustering, assign, silhouette_of_sample, stability
from fecemo.data.arrays import read_array, read_output, write_arrays
from fecemo.data.cluster_names import HandNames
from fecemo.data.dataset import Dataset
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import Receipt, digest_file, plain
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.kept_groups import (
    GROUPED_FILES,
    fit_of_joined,
    line_of_fit,
    read_grouping,
    shaping,
    write_grouping,
)
from fecemo.stages.run_stage import StageResult, run_artifact
from fecemo.stages.suggestions import names_to_give
from fecemo.study.artifact_kinds import GROUPED_NAME, NAMED_FILES, clustering_digest
from fecemo.study.artifacts import TEMPLATE_NAME
from fecemo.study.cell import Cell
from fecemo.study.faces.data_names import SOURCE, TARGET

STAGE = "cluster"
FIGURES_NAME = "clusters.json"
"""How the clustering was made, and how good it is by itself."""
FIGURES_FORMAT = "fecemo.clusters/2"


def run(arguments: CellArguments) -> Receipt:
    """Cluster the source embeddings of one cell by K-means, and give each target face its nearest centre's cluster.

    Two folders, each with a receipt of its own, so that other target faces leave the clustering and its names alone.
    Of the source embeddings alone, in their order: ``centres.npy`` (k, d) float32, ``source_clusters.npy`` (n,) int32
    and ``source_distances.npy`` (n, k) float32; ``clusters.json`` with its figures; ``names.template.json``, a file of
    names to fill in, which carries the digest by which names belong to this clustering. Of these centres and the target
    embeddings, where the recipe names a target: ``target_clusters.npy`` and ``target_distances.npy``. Cluster 0 is the
    largest of the source.

    Where the recipe keeps groups, ``grouped_ids.npy``, ``grouped_values.npy`` and ``grouped_clusters.npy`` hold of what
    faces they were made; when faces join later, all are assigned to the same centres, and how well those fit is stated.

    Returns
    -------
    Receipt
        That of the clustering.

    Raises
    ------
    InputError
        If the approach has no clusters, or there are fewer faces than clusters.
    StoredStateError
        If the embeddings are missing or cannot be clustered.
    """
    cell = arguments.clustered_cell()
    clustered = _cluster_source(arguments, cell)
    if cell.recipe.roles.target is not None:
        _assign_target(arguments, cell)
    names = arguments.layout.hand_names(arguments.approach, arguments.variant)
    if cell.recipe.naming.method == "hand" and not names.exists():
        template = arguments.layout.clusters(arguments.approach, arguments.variant) / TEMPLATE_NAME
        print(f"cluster: to name these clusters, copy {template} to {names}, give each of them an emotion, and run the "
              "same command again", file=sys.stderr)
    return clustered


def _cluster_source(arguments: CellArguments, cell: Cell) -> Receipt:
    layout, settings, seed = arguments.layout, cell.recipe.clustering, cell.recipe.seed
    made_of = shaping(arguments.artifacts, cell)

    def work(folder: Path) -> StageResult:
        source = read_output(layout.outputs(arguments.approach, arguments.variant), cell.recipe.role(SOURCE),
                             cell.approach.output)
        kept = read_grouping(folder, made_of) if made_of else None
        ids = Dataset(layout.dataset(cell.recipe.role(SOURCE))).ids[source.rows] if made_of else np.empty(0, str)
        if kept is not None:
            files, figures = _assign_to_kept(folder, kept, source.values, ids, cell.title)
        else:
            space = ClusterSpace.of(source.values, settings, seed, title=cell.title)
            clustering = KMeansClustering(settings, seed, cell.title).fit(source.values, space)
            files = write_arrays(folder, {
                "centres": clustering.cluster_centers_,
                "source_clusters": clustering.labels_, "source_distances": clustering.distances_,
            })
            figures = _figures(clustering, space, source.values)
            files += write_grouping(folder, made_of, figures, ids, source.values) if made_of else []
        named = {name: digest_file(folder / name) for name in (*NAMED_FILES, *([GROUPED_NAME] if made_of else []))}
        atomic_write(folder / TEMPLATE_NAME, HandNames(
            approach=arguments.approach, variant=arguments.variant, clustering=clustering_digest(named),
            names={str(cluster): "" for cluster in range(settings.n_clusters)},
            classes=names_to_give(cell.recipe, layout)).as_json())
        # The template is nobody's input, and a person may fill it in where it lies: it is no output to be held against.
        document = {"format": FIGURES_FORMAT, "settings": plain(settings), "seed": seed, **figures}
        atomic_write(folder / FIGURES_NAME, json.dumps(document, indent=1) + "\n")
        return StageResult(files=[*files, FIGURES_NAME], message=_closing_line(figures), summary=figures)

    return run_artifact(arguments.artifacts, "clusters", cell, work)


def _assign_to_kept(folder: Path, kept: dict[str, Any], values: np.ndarray, ids: np.ndarray,
                    title: str) -> tuple[list[str], dict[str, Any]]:
    """Assign all source faces to centres that stay; return the files of the stage and the figures of the clustering."""
    centres = np.load(folder / NAMED_FILES[0])
    clusters, distances = assign(values, centres, title=title)
    files = write_arrays(folder, {"source_clusters": clusters, "source_distances": distances})
    figures = {**kept["figures"], "cluster_sizes": np.bincount(clusters, minlength=len(centres)).tolist(),
               "kept": fit_of_joined(folder, ids, distances, centres, title)}
    return [NAMED_FILES[0], *files, *GROUPED_FILES], figures


def _assign_target(arguments: CellArguments, cell: Cell) -> Receipt:
    layout = arguments.layout

    def work(folder: Path) -> StageResult:
        target = read_output(layout.outputs(arguments.approach, arguments.variant), cell.recipe.role(TARGET),
                             cell.approach.output)
        centres = np.asarray(read_array(layout.clusters(arguments.approach, arguments.variant), "centres", STAGE))
        clusters, distances = assign(target.values, centres, title=f"{cell.title}, target")
        sizes = np.bincount(clusters, minlength=len(centres)).tolist()
        return StageResult(files=write_arrays(folder, {"target_clusters": clusters, "target_distances": distances}),
                           message=f"{len(clusters)} target faces in {np.count_nonzero(sizes)} of {len(centres)} "
                                   "clusters",
                           summary={"cluster_sizes": sizes})

    return run_artifact(arguments.artifacts, "assignments", cell, work)


def _figures(clustering: KMeansClustering, space: ClusterSpace, values: np.ndarray) -> dict[str, Any]:
    """Return what is known of a clustering as JSON has it: None for what is not defined."""
    def number(value: float) -> float | None:
        return None if value != value else value

    silhouette, faces = silhouette_of_sample(values, clustering.labels_, clustering.seed)
    axes = space.axes
    return {
        "cluster_sizes": np.bincount(clustering.labels_).tolist(), "inertia": clustering.inertia_,
        "silhouette": number(silhouette), "silhouette_faces": faces,
        "stability": number(stability(clustering, space)), "stability_seeds": clustering.settings.stability_seeds,
        "principal_axes": None if axes is None else {"components": len(axes.axes), "explained": axes.explained},
    }


def _closing_line(figures: dict[str, Any]) -> str:
    if "kept" in figures:
        return line_of_fit(figures["kept"])
    line = f"{sum(figures['cluster_sizes'])} faces in {len(figures['cluster_sizes'])} clusters"
    if figures["stability"] is not None:
        line += f"; {figures['stability_seeds']} seeds agree to {figures['stability']:.2f} (adjusted Rand index)"
    return line
