"""Label: clusters → names, by a person's file or by the vote of a labelled sample."""

import csv
from pathlib import Path

import numpy as np

from fecemo.clustering.naming_method import NamingEvidence, find_naming_method
from fecemo.errors import InputError
from fecemo.manifests.cluster_names import NAMES_NAME, SAMPLE_NAME
from fecemo.packs.array_set import read_face_array
from fecemo.packs.arrays import read_array
from fecemo.packs.durable import atomic_file, atomic_write
from fecemo.packs.face_pack import FacePack
from fecemo.packs.receipts import Receipt, digest_file
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.chain import clustering_digest, require_chain
from fecemo.stages.work import Work, run_stage

STAGE = "label"


def run(arguments: CellArguments) -> Receipt:
    """Give the clusters of one cell their names, in the way that the recipe states.

    Writes ``names.json``, and ``sample.csv`` with every label that was seen for it: row of the target pack, id, label,
    cluster. The file of names that a person gave is read and never written.

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
        If the approach has no clusters, the person's names are missing, incomplete or unknown, or no label can vote.
    StoredStateError
        If the clusters are missing, or the names were given for another clustering.
    """
    cell, layout = arguments.clustered_cell(), arguments.layout
    settings, seed = cell.recipe.naming, cell.recipe.seed
    method = find_naming_method(settings.method)
    clustered = layout.clusters(arguments.approach, arguments.variant)
    embedded = layout.embeddings(arguments.approach, arguments.variant)
    hand_names = layout.hand_names(arguments.approach, arguments.variant)
    chain = require_chain(layout, arguments.approach, arguments.variant, "model", "embeddings", "clusters")
    clustering = clustering_digest(chain["clusters"].outputs)
    pack = FacePack(layout.target)
    # The pack too: a vote reads its labels and splits.
    inputs = {"clusters": chain["clusters"].digest, "embeddings": chain["embeddings"].digest,
              "target": pack.receipt.digest}
    config = {"method": method.name, "seed": seed, "approach": arguments.approach, "variant": arguments.variant}
    if method.reads_hand_names:
        inputs["names"] = digest_file(hand_names) if hand_names.is_file() else ""
    else:
        config["sample"] = settings.sample
        available = int(np.count_nonzero((pack.splits == "train") & (pack.labels != "")))
        if 0 < available < settings.sample:
            raise InputError(f"naming.sample: {settings.sample} labels are asked for, and the train split of "
                             f"{pack.folder} holds {available}")

    def work(folder: Path) -> Work:
        rows = read_face_array(embedded, "target").rows
        clusters = read_array(clustered, "target_clusters", "cluster", length=len(rows))
        may_see = (pack.splits[rows] == "train") & (pack.labels[rows] != "")
        named = method.run(NamingEvidence(
            approach=arguments.approach, variant=arguments.variant, clustering=clustering, hand_names=hand_names,
            centres=read_array(clustered, "centres", "cluster"), labels=pack.labels[rows][may_see],
            clusters=np.asarray(clusters)[may_see],
            distances=read_array(clustered, "target_distances", "cluster", length=len(rows))[may_see],
            sample=settings.sample, seed=seed,
        ))
        atomic_write(folder / NAMES_NAME, named.names.as_json())
        _write_sample(folder / SAMPLE_NAME, pack, rows[may_see][named.seen], np.asarray(clusters)[may_see][named.seen])
        emotions = {named.names.emotion(cluster) for cluster in range(len(named.names.names))} - {""}
        return Work(
            files=[NAMES_NAME, SAMPLE_NAME],
            said=f"{len(named.names.names)} clusters {method.title}, {len(emotions)} emotions among them, "
                 f"{named.names.labels_used} labels used",
            summary={"names": named.names.names, "labels_used": named.names.labels_used,
                     "looked_at": named.names.looked_at},
        )

    return run_stage(STAGE, layout.names(arguments.approach, arguments.variant), config=config, inputs=inputs,
                     seed=seed, work=work)


def _write_sample(path: Path, pack: FacePack, rows: np.ndarray, clusters: np.ndarray) -> None:
    with atomic_file(path, "w") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("row", "id", "label", "cluster"))
        table.writerows((int(row), pack.entries[row].id, pack.entries[row].label, int(cluster))
                        for row, cluster in zip(rows, clusters, strict=True))
