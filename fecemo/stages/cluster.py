"""Cluster: source embeddings → K-means centres, and the cluster of every source and target face."""

import sys
from pathlib import Path

import numpy as np

from fecemo.clustering.kmeans import assign, fit_kmeans
from fecemo.manifests.cluster_names import ClusterNames
from fecemo.packs.array_set import read_face_array
from fecemo.packs.arrays import write_arrays
from fecemo.packs.durable import atomic_write
from fecemo.packs.receipts import Receipt, digest_file
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.chain import NAMED_FILES, clustering_digest, require_chain
from fecemo.stages.work import Work, run_stage

STAGE = "cluster"
TEMPLATE_NAME = "names.template.json"
"""A file of names for this clustering, with every name left to give."""


def run(arguments: CellArguments) -> Receipt:
    """Cluster the source embeddings of one cell by K-means, and give each target face its nearest centre's cluster.

    Writes ``centres.npy`` (k, d) float32; for source and target ``<pack>_clusters.npy`` (n,) int32 and
    ``<pack>_distances.npy`` (n, k) float32, in the order of the embeddings. Cluster 0 is the largest.
    ``names.template.json`` is a file of names to fill in; it carries the digest by which names belong to this
    clustering.

    Parameters
    ----------
    arguments : CellArguments
        Which cell of which run.

    Returns
    -------
    Receipt

    Raises
    ------
    InputError
        If the approach has no clusters, or there are fewer faces than clusters.
    StoredStateError
        If the embeddings are missing or cannot be clustered.
    """
    cell, layout = arguments.clustered_cell(), arguments.layout
    embedded = layout.embeddings(arguments.approach, arguments.variant)
    chain = require_chain(layout, arguments.approach, arguments.variant, "model", "embeddings")
    settings, seed = cell.recipe.clustering, cell.recipe.seed

    def work(folder: Path) -> Work:
        target = read_face_array(embedded, "target")
        clustering = fit_kmeans(read_face_array(embedded, "source").values, settings, seed, what=cell.title)
        target_clusters, target_distances = assign(target.values, clustering.centres, what=f"{cell.title}, target")
        files = write_arrays(folder, {
            "centres": clustering.centres,
            "source_clusters": clustering.clusters, "source_distances": clustering.distances,
            "target_clusters": target_clusters, "target_distances": target_distances,
        })
        atomic_write(folder / TEMPLATE_NAME, ClusterNames(
            approach=arguments.approach, variant=arguments.variant,
            clustering=clustering_digest({name: digest_file(folder / name) for name in NAMED_FILES}),
            names={str(cluster): "" for cluster in range(settings.n_clusters)}).as_json())
        return Work(
            files=[*files, TEMPLATE_NAME], said=f"{len(clustering.clusters)} faces in {settings.n_clusters} clusters",
            summary={
                "cluster_sizes": clustering.sizes,
                "target_cluster_sizes": np.bincount(target_clusters, minlength=settings.n_clusters).tolist(),
                "inertia": clustering.inertia,
                "silhouette": _figure(clustering.silhouette), "stability": _figure(clustering.stability),
            },
        )

    receipt = run_stage(
        STAGE, layout.clusters(arguments.approach, arguments.variant),
        config={"clustering": settings, "seed": seed}, inputs={"embeddings": chain["embeddings"].digest},
        seed=seed, work=work,
    )
    names = layout.hand_names(arguments.approach, arguments.variant)
    if cell.recipe.naming.method == "hand" and not names.exists():
        template = layout.clusters(arguments.approach, arguments.variant) / TEMPLATE_NAME
        print(f"cluster: to name these clusters, copy {template} to {names}, give each of them an emotion, and run the "
              "same command again", file=sys.stderr)
    return receipt


def _figure(value: float) -> float | None:
    """Return a figure as JSON has it: None where it is not defined."""
    return None if value != value else value
