"""Label: clusters → names, by a person's file or by the vote of a labelled sample."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from fecemo.clustering.naming_method import NamingEvidence, find_naming_method
from fecemo.data.array_set import read_face_array
from fecemo.data.arrays import read_array, write_arrays
from fecemo.data.cluster_names import NAMES_NAME, PARTS_NAME, SAMPLE_NAME, ClusterNames
from fecemo.data.dataset import Dataset
from fecemo.data.durable import atomic_file, atomic_write
from fecemo.data.receipts import Receipt, digest_file, digest_json
from fecemo.errors import InputError
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.chain import clustering_digest, require_chain
from fecemo.stages.naming.label_files import labels_seen_elsewhere
from fecemo.stages.naming.label_parts import target_groups
from fecemo.stages.naming_sample import refuse_too_large_a_sample
from fecemo.stages.work import Work, run_stage

STAGE = "label"


def run(arguments: CellArguments, method: Literal["hand", "vote", "few"] | None = None) -> Receipt:
    """Give the clusters of one cell their names, in the way that the recipe states.

    Writes ``names.json``, and ``sample.csv`` with every label that was seen for it: row of the target pack, id, label,
    cluster; a person's labels are those that they saw while naming any clusters of the run. Where a person divided
    clusters, ``target_parts.npy`` besides, the group of every target face. The file of names that a person gave is
    read and never written. With --terminal a person gives those names first, right here.

    Parameters
    ----------
    arguments : CellArguments
        Which cell of which run.
    method : {"hand", "vote", "few"}, optional
        Instead of the recipe's naming.method.

    Returns
    -------
    Receipt

    Raises
    ------
    InputError
        If the approach has no clusters, the person's names are missing, incomplete or unknown, or no label can vote.
    StoredStateError
        If the clusters are missing, or the names were given for another clustering.
    """
    cell, layout = arguments.clustered_cell(), arguments.layout
    settings, seed = cell.recipe.naming, cell.recipe.seed
    naming = find_naming_method(method or settings.method)
    clustered = layout.clusters(arguments.approach, arguments.variant)
    assigned = layout.assigned(arguments.approach, arguments.variant)
    embedded = layout.embeddings(arguments.approach, arguments.variant)
    hand_names = layout.hand_names(arguments.approach, arguments.variant)
    chain = require_chain(layout, arguments.approach, arguments.variant, "model", "embeddings", "clusters", "assigned")
    clustering = clustering_digest(chain["clusters"].outputs)
    pack = Dataset(layout.target)
    # The pack too: a vote reads its labels and splits.
    inputs = {"clusters": chain["clusters"].digest, "embeddings": chain["embeddings"].digest,
              "target": pack.receipt.digest}
    config = {"method": naming.name, "seed": seed, "approach": arguments.approach, "variant": arguments.variant}
    elsewhere: list[str] = []
    if naming.reads_hand_names:
        inputs["names"] = digest_file(hand_names) if hand_names.is_file() else ""
        elsewhere = labels_seen_elsewhere(layout, arguments.approach, arguments.variant)
        if elsewhere:
            inputs["labels_seen"] = digest_json(elsewhere)
    else:
        # What a way of naming does not look at makes no other names; it asks for no more labels than there are.
        config |= {"few": {"per_cluster": settings.per_cluster}}.get(naming.name, {"sample": settings.sample})
        config |= {"rare": settings.rare, "balanced": settings.balanced}
        if "sample" in config:
            refuse_too_large_a_sample(pack, settings.sample)

    def work(folder: Path) -> Work:
        target = read_face_array(embedded, "target")
        rows = target.rows
        clusters = read_array(assigned, "target_clusters", "cluster", length=len(rows))
        may_see = (pack.splits[rows] == "train") & (pack.labels[rows] != "")
        named = naming.run(NamingEvidence(
            approach=arguments.approach, variant=arguments.variant, clustering=clustering, hand_names=hand_names,
            centres=read_array(clustered, "centres", "cluster"), labels=pack.labels[rows][may_see],
            clusters=np.asarray(clusters)[may_see],
            distances=read_array(assigned, "target_distances", "cluster", length=len(rows))[may_see],
            sample=settings.sample, seed=seed, per_cluster=settings.per_cluster, rare=settings.rare,
            balanced=settings.balanced,
        ))
        names, files = _with_labels(named.names, elsewhere), [NAMES_NAME, SAMPLE_NAME]
        atomic_write(folder / NAMES_NAME, names.as_json())
        shown = np.flatnonzero(may_see)[named.seen]
        shown = np.union1d(shown, _shown_to_a_person(names, pack, rows, may_see))
        _write_sample(folder / SAMPLE_NAME, pack, rows[shown], np.asarray(clusters)[shown])
        if names.divided:
            source = read_face_array(embedded, "source").values
            source_clusters = read_array(clustered, "source_clusters", "cluster", length=len(source))
            files += write_arrays(folder, {PARTS_NAME: target_groups(names, source, source_clusters, target.values,
                                                                     clusters)})
        emotions = {names.emotion(key) for key in names.names} - {""}
        return Work(
            files=files,
            said=f"{len(names.names)} clusters {naming.title}, {len(emotions)} emotions among them, "
                 f"{names.labels_used} labels used",
            summary={"names": names.names, "labels_used": names.labels_used, "looked_at": names.looked_at,
                     "by": names.by, "when": names.when, "seconds": round(sum(names.seconds.values()), 1),
                     "suggestions_used": names.suggestions_used, "target_labels_shown": names.target_labels_shown,
                     "other_scores_seen": names.other_scores_seen},
        )

    return run_stage(STAGE, layout.names(arguments.approach, arguments.variant), config=config, inputs=inputs,
                     seed=seed, work=work)


def _with_labels(names: ClusterNames, elsewhere: list[str]) -> ClusterNames:
    """Return names with the labels that the person saw elsewhere in the run: who knows them names nothing blindly."""
    if not elsewhere:
        return names
    seen = tuple(sorted({*names.labels_seen, *elsewhere}))
    return replace(names, labels_seen=seen, labels_used=len(seen), target_labels_shown=True)


def _shown_to_a_person(names: ClusterNames, pack: Dataset, rows: np.ndarray, may_see: np.ndarray) -> np.ndarray:
    """Return the positions of the faces whose labels a person saw while naming: they cost, and are never scored."""
    shown = np.flatnonzero(may_see & np.isin(pack.ids[rows], names.labels_seen))
    if len(shown) != len(names.labels_seen):
        raise InputError(f"the labels of {len(names.labels_seen)} target faces were seen by whoever named these "
                         f"clusters, here or elsewhere in the run, and only {len(shown)} of them are in the train "
                         f"split of {pack.folder} now; name the clusters anew, or bring back that pack")
    return shown


def _write_sample(path: Path, pack: Dataset, rows: np.ndarray, clusters: np.ndarray) -> None:
    with atomic_file(path, "w") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("row", "id", "label", "cluster"))
        table.writerows((int(row), pack.ids[row], pack.labels[row], int(cluster))
                        for row, cluster in zip(rows, clusters, strict=True))
