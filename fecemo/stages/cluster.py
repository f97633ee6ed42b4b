"""Cluster: source embeddings → K-means centres, and the cluster of every source and target face."""

from pathlib import Path

import numpy as np

from fecemo.clustering.kmeans import assign, fit_kmeans
from fecemo.packs.array_set import read_face_array
from fecemo.packs.arrays import write_arrays
from fecemo.packs.receipts import Receipt, require_receipt
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.work import Work, run_stage

STAGE = "cluster"


def run(arguments: CellArguments) -> Receipt:
    """Cluster the source embeddings of one cell by K-means, and give each target face its nearest centre's cluster.

    Writes ``centres.npy`` (k, d) float32; for source and target ``<pack>_clusters.npy`` (n,) int32 and
    ``<pack>_distances.npy`` (n, k) float32, in the order of the embeddings. Cluster 0 is the largest. The receipt's
    digest is what names belong to.

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
        return Work(
            files=files, said=f"{len(clustering.clusters)} faces in {settings.n_clusters} clusters",
            summary={
                "cluster_sizes": clustering.sizes,
                "target_cluster_sizes": np.bincount(target_clusters, minlength=settings.n_clusters).tolist(),
                "inertia": clustering.inertia,
                "silhouette": _figure(clustering.silhouette), "stability": _figure(clustering.stability),
            },
        )

    return run_stage(
        STAGE, layout.clusters(arguments.approach, arguments.variant),
        config={"clustering": settings, "seed": seed}, inputs={"embeddings": require_receipt(embedded, "embed").digest},
        seed=seed, work=work,
    )


def _figure(value: float) -> float | None:
    """Return a figure as JSON has it: None where it is not defined."""
    return None if value != value else value
