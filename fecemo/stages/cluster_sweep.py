"""Cluster sweep: embeddings → clusters at several numbers of them, named at several costs in labels, and scores."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fecemo.clustering.cluster_sweep import NamedClusters, cluster_and_name
from fecemo.clustering.naming import require_sample
from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt
from fecemo.errors import InputError
from fecemo.evaluation.metrics.cluster_sweep import ClusterSweep, SeedGroups, score_clusterings, write_cluster_sweep
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.labels_read import labels_read, scored_faces, seeded_facts
from fecemo.stages.run_stage import StageResult, run_artifact
from fecemo.study.faces.data_names import SOURCE, TARGET
from fecemo.training.order import drawn_rows


def run(arguments: CellArguments) -> Receipt:
    """Cluster one cell's embeddings into several numbers of clusters, name them in two ways, and score the names.

    Nothing is trained. For each number of clusters of the recipe's ``cluster_sweep`` and each of its seeds: K-means of
    the source embeddings; names from a few labelled faces of each cluster (``labels_per_cluster``), and by the
    majority of a labelled sample (``majority_vote``), both of the target's train split; answers for the faces on which
    the cell is scored, none of which named anything. Writes ``cluster_sweep.json`` with the figures over seeds, and
    ``scored_rows.npy``, ``truth.npy`` and ``right.npy``, by which rows of the table are compared face by face.

    Raises
    ------
    InputError
        If the recipe has no cluster_sweep, the approach no clusters, there are fewer faces than clusters, no label can
        name, fewer than ``naming.sample``, or no labelled face is left to score.
    StoredStateError
        If the embeddings are missing or cannot be clustered, or a label that was used would be scored.
    """
    cell, layout = arguments.grouped_cell(), arguments.layout
    recipe, settings, where = cell.recipe, cell.recipe.cluster_sweep, (cell.made_by, arguments.variant)
    if settings is None:
        raise InputError(f"{arguments.recipe}: there is no key cluster_sweep, which says how many clusters to make, "
                         "such as cluster_sweep: {n_clusters: [8, 32, 100], per_cluster: 5, seeds: 5}")
    model = arguments.artifacts.require("model", *where)
    arguments.artifacts.require("outputs", *where)
    target, kmeans, evaluation = Dataset(layout.dataset(recipe.role(TARGET))), recipe.clustering, recipe.evaluation
    require_sample(int(target.naming_faces.sum()), recipe.naming.sample, str(target.folder))

    def work(folder: Path) -> StageResult:
        source, embedded = (read_output(layout.outputs(*where), recipe.role(role), cell.approach.output)
                            for role in (SOURCE, TARGET))
        pile = drawn_rows(len(source.rows), cell.cluster_on, recipe.seed)
        may_see = target.naming_faces[embedded.rows]
        read = labels_read(cell, layout, target, model, needed=False)
        grouped = list(cluster_and_name(
            source.values[pile], embedded.values, np.where(may_see, target.labels[embedded.rows], ""), target.classes,
            settings, kmeans, recipe.naming, seed=recipe.seed, title=cell.title))
        # Scored is what no seed's naming saw, so that all figures of a cell are of the same faces.
        read_rows = np.unique(np.concatenate(
            [named.labelled_rows for clusters in grouped for named in clusters.named.values()]))
        scored = scored_faces(cell.score_on, target, read, embedded.rows[read_rows])
        rows = scored.rows
        at, truth = np.searchsorted(embedded.rows, rows), target.labels[rows]
        entries = []
        right: dict[tuple[int, str], np.ndarray] = {}
        for n_clusters in settings.n_clusters:
            entry, correct = score_clusterings(
                n_clusters, _of_scored(grouped, n_clusters, at), truth, target.classes,
                evaluation.resampling(recipe.seed))
            entries.append(entry)
            right |= {(n_clusters, naming): answers for naming, answers in correct.items()}
        record = ClusterSweep(**seeded_facts(cell, target, scored, read, settings.seeds), source_faces=len(pile),
                              per_cluster=settings.per_cluster, entries=tuple(entries))
        best = max((figures.balanced_accuracy.mean, entry.n_clusters, naming)
                   for entry in entries for naming, figures in entry.named.items())
        files = write_cluster_sweep(folder, record, rows, target.label_codes()[rows].astype(np.int64), right)
        return StageResult(files=files, summary={"n_scored": len(rows), "best_balanced_accuracy": best[0]},
                           message=f"{cell.title}: {len(grouped)} clusterings; balanced accuracy {best[0]:.3f} at "
                                f"k = {best[1]} named by {best[2]}, on {len(rows)} faces")

    return run_artifact(arguments.artifacts, "cluster_sweep", cell, work)


def _of_scored(grouped: Sequence[NamedClusters], n_clusters: int, at: np.ndarray) -> list[SeedGroups]:
    """Return the clusterings of one number of clusters, with what they say of the faces at the given positions."""
    return [SeedGroups(clusters.source_clusters, clusters.target_clusters[at],
                       answers={naming: named.answers[at] for naming, named in clusters.named.items()},
                       labels={naming: len(named.labelled_rows) for naming, named in clusters.named.items()})
            for clusters in grouped if clusters.n_clusters == n_clusters]
