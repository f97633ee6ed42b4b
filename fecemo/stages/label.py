"""Label: clusters → names, by a person's file, by the vote of a labelled sample, or by published action units."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from fecemo.clustering.halves import groups_of_target
from fecemo.clustering.naming import LabelledFaces, name_by_labels, naming_methods, require_sample
from fecemo.data.arrays import read_array, read_output, write_arrays
from fecemo.data.cluster_names import (
    NAMES_NAME,
    NOT_A_FACE,
    PARTS_NAME,
    SAMPLE_NAME,
    ClusterNames,
    hand_names_of,
    labels_seen_elsewhere,
    read_not_faces,
    require_names_of,
)
from fecemo.data.dataset import Dataset
from fecemo.data.durable import atomic_write, csv_file
from fecemo.data.receipts import Receipt
from fecemo.data.vocabulary_file import house_vocabulary
from fecemo.errors import InputError
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.run_stage import StageResult, run_artifact
from fecemo.stages.suggestions import names_to_give, suggest_names
from fecemo.study.artifact_configs import names_config
from fecemo.study.artifact_kinds import clustering_digest, inputs_in_place_of_suggestions, why_names_wait
from fecemo.study.faces.data_names import SOURCE, TARGET

SAMPLE_COLUMNS = ("row", "id", "label", "cluster")


def run(arguments: CellArguments, method: str | None = None) -> Receipt:
    """Give the clusters of one cell their names, in the way that the recipe states.

    Writes ``names.json`` and, where the recipe names a target, ``sample.csv`` with every label that was seen for it:
    row of the target, id, label, cluster; a person's labels are those that they saw while naming any clusters of the
    run. Where a person divided clusters, ``target_parts.npy`` besides, the group of every target face. The file of
    names that a person gave is read and never written. Single faces that the person moved are counted; no score uses
    them, for each is a label of that face alone.

    Parameters
    ----------
    method : str, optional
        A way of naming, such as ``hand`` or ``action_units``, instead of the recipe's naming.method.

    Raises
    ------
    InputError
        If the approach has no clusters, the person's names are missing, incomplete or unknown, or no label can vote.
    StoredStateError
        If the clusters are missing, or the names were given for another clustering.
    """
    cell, layout = arguments.clustered_cell(), arguments.layout
    settings, seed = cell.recipe.naming, cell.recipe.seed
    clustered = layout.clusters(arguments.approach, arguments.variant)
    assigned = layout.assigned(arguments.approach, arguments.variant)
    embedded = layout.outputs(arguments.approach, arguments.variant)
    hand_names = layout.hand_names(arguments.approach, arguments.variant)
    clusters_receipt = arguments.artifacts.require("clusters", arguments.approach, arguments.variant)
    clustering = clustering_digest(clusters_receipt.outputs)
    naming = naming_methods.find(method or _method_in_use(arguments))
    if naming.by != "person" and inputs_in_place_of_suggestions(layout, arguments.approach, arguments.variant):
        print(f"label: the names given by hand in {hand_names} are not used: clusters are named {naming.title}, for "
              f"{'method' if method else f'naming.method of {arguments.recipe}'} is {naming.name}, not hand",
              file=sys.stderr)
    config, house = names_config(cell, naming.name), house_vocabulary(layout.labels)
    not_faces = dict.fromkeys(read_not_faces(layout.labels), NOT_A_FACE)

    def set_aside(names: ClusterNames) -> ClusterNames:
        return replace(names, faces={**not_faces, **names.faces})

    if house.names:
        house.require_counted(names_to_give(cell.recipe, layout))
    if naming.by == "suggestion":
        return run_artifact(arguments.artifacts, "names", cell, config=config, work=lambda folder: _store_names(
            folder, set_aside(replace(_suggested_names(arguments, clustering, naming.name), vocabulary=house)),
            naming.title))
    if cell.recipe.roles.target is None and naming.by == "person":
        def named_by_hand(folder: Path) -> StageResult:
            classes = names_to_give(cell.recipe, layout)
            hand = hand_names_of(hand_names, arguments.approach, arguments.variant, classes)
            require_names_of(hand, clustering, len(read_array(clustered, "centres", "cluster")), str(hand_names))
            # Where there is no target, no label can have been seen.
            return _store_names(folder, set_aside(ClusterNames.by_hand(hand, [])), naming.title)

        return run_artifact(arguments.artifacts, "names", cell, config=config, work=named_by_hand)
    dataset = Dataset(layout.dataset(cell.recipe.role(TARGET)))
    elsewhere = labels_seen_elsewhere(hand_names) if naming.by == "person" else []
    if "sample" in naming.settings:
        require_sample(int(dataset.naming_faces.sum()), settings.sample, str(dataset.folder))

    def work(folder: Path) -> StageResult:
        target = read_output(embedded, cell.recipe.role(TARGET), cell.approach.output)
        rows = target.rows
        clusters = np.asarray(read_array(assigned, "target_clusters", "cluster", length=len(rows)))
        centres = np.asarray(read_array(clustered, "centres", "cluster"))
        may_see = dataset.naming_faces[rows]
        drawn = np.zeros(0, np.int64)
        if naming.by == "person":
            hand = hand_names_of(hand_names, arguments.approach, arguments.variant, dataset.classes)
            require_names_of(hand, clustering, len(centres), str(hand_names))
            names = ClusterNames.by_hand(hand, elsewhere)
            halves_seed = hand.seed
        else:
            distances = read_array(assigned, "target_distances", "cluster", length=len(rows))
            faces = LabelledFaces(dataset.labels[rows][may_see], clusters[may_see], distances[may_see])
            by_labels = name_by_labels(naming, faces, centres, dataset.classes, settings, seed)
            drawn, halves_seed = by_labels.drawn, seed
            names = ClusterNames(
                arguments.approach, arguments.variant, clustering,
                f"class_balanced {naming.name}" if settings.class_balanced else naming.name,
                {str(cluster): name for cluster, name in enumerate(by_labels.names)}, dataset.classes,
                vocabulary=house, labels_used=len(drawn),
                votes={str(cluster): votes for cluster, votes in enumerate(by_labels.votes)})
        names, files = set_aside(names), [NAMES_NAME, SAMPLE_NAME]
        atomic_write(folder / NAMES_NAME, names.as_json())
        shown = np.union1d(np.flatnonzero(may_see)[drawn], _shown_to_a_person(names, dataset, rows, may_see))
        _write_sample(folder / SAMPLE_NAME, dataset, rows[shown], clusters[shown])
        if names.divided:
            source = read_output(embedded, cell.recipe.role(SOURCE), cell.approach.output).values
            source_clusters = read_array(clustered, "source_clusters", "cluster", length=len(source))
            groups = groups_of_target(names.divided, halves_seed, source, np.asarray(source_clusters), target.values,
                                      clusters, cell.title)
            files += write_arrays(folder, {PARTS_NAME: groups})
        return _result(names, naming.title, files)

    return run_artifact(arguments.artifacts, "names", cell, work, config=config)


def _method_in_use(arguments: CellArguments) -> str:
    """Return the recipe's method, or ``hand`` where it only suggests names and a person has given all of them.

    A file that is not sound is an error: suggestions in the place of a person's work would be noticed too late.
    """
    recipe, cell = arguments.study, (arguments.approach, arguments.variant)
    waits = why_names_wait(arguments.layout, *cell)
    if naming_methods.find(recipe.naming.method).by != "suggestion" or waits is None:
        return recipe.naming.method
    hand_names_of(arguments.layout.hand_names(*cell), *cell, names_to_give(recipe, arguments.layout))
    if waits:
        print(f"label: names by a person are not used: {waits}", file=sys.stderr)
    return recipe.naming.method if waits else "hand"


def _result(names: ClusterNames, title: str, files: list[str]) -> StageResult:
    named_classes = {names.emotion(key) for key in names.names} - {""}
    moved = f", {len(names.faces)} faces moved by hand" if names.faces else ""
    return StageResult(
        files=files,
        message=f"{len(names.names)} clusters named {title}, {len(named_classes)} classes among them{moved}, "
                f"{names.labels_used} labels used",
        summary={"names": names.names, "faces_moved": len(names.faces),
                 "labels_used": names.labels_used, "faces_viewed": names.faces_viewed,
                 "by": names.by, "when": names.when, "seconds": names.seconds,
                 "suggestions_used": names.suggestions_used, "target_labels_shown": names.target_labels_shown,
                 "other_scores_seen": names.other_scores_seen},
    )


def _store_names(folder: Path, names: ClusterNames, title: str) -> StageResult:
    """Store names for which no label was read, and a table of labels that is empty."""
    atomic_write(folder / NAMES_NAME, names.as_json())
    atomic_write(folder / SAMPLE_NAME, ",".join(SAMPLE_COLUMNS) + "\n")
    return _result(names, title, [NAMES_NAME, SAMPLE_NAME])


def _suggested_names(arguments: CellArguments, clustering: str, method: str) -> ClusterNames:
    """Return what is suggested for each cluster, as its name."""
    where = (arguments.approach, arguments.variant)
    suggested = suggest_names(arguments.study, arguments.layout, *where, method)
    return ClusterNames(*where, clustering, method,
                        {str(cluster): name or "skip" for cluster, name in enumerate(suggested.names)},
                        tuple(names_to_give(arguments.study, arguments.layout)))


def _shown_to_a_person(names: ClusterNames, dataset: Dataset, rows: np.ndarray, may_see: np.ndarray) -> np.ndarray:
    """Return the positions of the faces whose labels a person saw while naming: they cost, and are never scored."""
    shown = np.flatnonzero(may_see & np.isin(dataset.ids[rows], names.labels_seen))
    if len(shown) != len(names.labels_seen):
        raise InputError(f"the labels of {len(names.labels_seen)} target faces were seen by whoever named these "
                         f"clusters, here or elsewhere in the run, and only {len(shown)} of them are in the train "
                         f"split of {dataset.folder} now; name the clusters anew, or bring back that data set")
    return shown


def _write_sample(path: Path, dataset: Dataset, rows: np.ndarray, clusters: np.ndarray) -> None:
    with csv_file(path, SAMPLE_COLUMNS) as table:
        table.writerows((int(row), dataset.ids[row], dataset.labels[row], int(cluster))
                        for row, cluster in zip(rows, clusters, strict=True))
