"""What the report shows, read from the files of a run; whatever has not run is left empty."""

import csv
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from fecemo.data.arrays import read_array
from fecemo.data.receipts import read_receipt
from fecemo.data.variant import Variant, find_variant
from fecemo.errors import StoredStateError
from fecemo.stages.chain import source_digest
from fecemo.stages.tables.made_otherwise import made_otherwise
from fecemo.stages.tables.report_facts import (
    model_facts,
    pack_facts,
    read_networks,
    read_packs,
    read_stages,
    statement_of,
)
from fecemo.study.cell import resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

if TYPE_CHECKING:
    import numpy as np

    from fecemo.data.dataset import Dataset
    from fecemo.evaluation.figures.faces import FaceGrid
    from fecemo.evaluation.figures.maps import MapPoints
    from fecemo.evaluation.figures.training import Curve
    from fecemo.evaluation.report.material import CellMaterial, ReportMaterial
    from fecemo.evaluation.tables.table import ComparisonTable, Heading

SAMPLES, SHOWN = 10, 24
"""Faces shown of a cluster, and of how many clusters: of the largest where there are more."""
PACKS = {"source": "Source faces", "target": "Target faces"}


def material_folders(study: Recipe, layout: RunLayout) -> dict[str, Path]:
    """Return every folder that a report reads, by what it is called in the report's receipt."""
    folders = {"source": layout.source, "target": layout.target}
    for step, variant in study.step_cells:
        for what, folder in _cell_folders(layout, step, variant).items():
            folders[f"{what} {step} {variant}"] = folder
    for approach in study.approaches:
        for variant in study.variants:
            for what, folder in _cell_folders(layout, approach, variant).items():
                folders[f"{what} {approach} {variant}"] = folder
            for seed in study.seeds:
                for what, folder in _cell_folders(layout.of_seed(seed), approach, variant).items():
                    folders[f"{what} {approach} {variant}, seed {seed}"] = folder
    return folders


def _cell_folders(layout: RunLayout, approach: str, variant: str) -> dict[str, Path]:
    return {"model": layout.model(approach, variant), "embeddings": layout.embeddings(approach, variant),
            "clusters": layout.clusters(approach, variant), "assigned": layout.assigned(approach, variant),
            "map": layout.map(approach, variant),
            "names": layout.names(approach, variant), "cluster_sweep": layout.cluster_sweep(approach, variant),
            "triplet_test": layout.triplet_test(approach, variant),
            "score": layout.score(approach, variant)}


def read_material(study: Recipe, layout: RunLayout, table: "ComparisonTable") -> "ReportMaterial":
    """Return what the report of a run shows.

    Raises
    ------
    StoredStateError
        If something finished is damaged.
    """
    from fecemo.data.classes import EMOTIONS
    from fecemo.evaluation.report.material import ReportMaterial

    packs = read_packs(layout)
    stages, versions, machine = read_stages(material_folders(study, layout))
    return ReportMaterial(
        recipe=study.name, seeds=(study.seed, *study.seeds), table=table, stages=stages, versions=versions,
        machine=machine, emotions=EMOTIONS,
        packs=tuple(pack_facts(PACKS[name], pack, statement_of(study, name)) for name, pack in packs.items()),
        cells=tuple(_read_cell(study, layout, packs, row, column, table) for row, column, _ in table.cells()))


def _read_cell(study: Recipe, layout: RunLayout, packs: "dict[str, Dataset]", row: "Heading", column: "Heading",
               table: "ComparisonTable") -> "CellMaterial":
    from fecemo.data.cluster_names import NAMES_NAME, read_cluster_names
    from fecemo.evaluation.report.material import CellMaterial

    approach, variant = study.approach_of(row.name), find_variant(column.name)
    clustered, reconstructs = approach.predicts_by == "clusters", any(
        "pixels" in phase.outputs for phase in approach.phases)
    if (row.name, column.name) in study.cells and made_otherwise(
            resolve(study, row.name, column.name), layout, "model", "embeddings", *(["clusters"] if clustered else [])):
        return CellMaterial(row=row, column=column, clustered=clustered, reconstructs=reconstructs)
    folders = _cell_folders(layout, row.name, column.name)
    originals, copies = _read_pairs(folders["model"])
    rows, clusters = _read_clusters(folders, "source")
    named = read_receipt(folders["names"]) is not None
    names = read_cluster_names(folders["names"] / NAMES_NAME).names if named else {}
    map_receipt, points = read_receipt(folders["map"]), _read_map(folders, packs, clustered)
    return CellMaterial(
        row=row, column=column, clustered=clustered, reconstructs=reconstructs, score=table.score(row, column),
        records=table.records.get((row.name, column.name), {}), model=model_facts(read_receipt(folders["model"])),
        networks=read_networks(folders["model"]),
        curves=_read_curves(folders["model"]), originals=originals, reconstructions=copies,
        map=points,
        source_faces=_face_grid(folders, packs, "source", variant, points.source) if points and clustered else None,
        target_faces=_face_grid(folders, packs, "target", variant, points.target) if points and clustered else None,
        map_keeps=map_receipt.summary.get("neighbour_accuracy") if map_receipt else None,
        samples=_draw_samples(packs["source"], variant, rows, clusters, study.seed) if "source" in packs else {},
        names=names, sizes=dict(Counter(clusters.tolist())))


def _read_curves(folder: Path) -> "tuple[Curve, ...]":
    from fecemo.evaluation.figures.training import Curve

    path, receipt = folder / "history.csv", read_receipt(folder)
    if receipt is None or not path.is_file():
        return ()
    values: dict[tuple[str, str], list[float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            for measure in ("loss", "accuracy", "valid_loss", "valid_accuracy"):
                if line.get(measure):
                    values.setdefault((line["phase"], measure), []).append(float(line[measure]))
    fit = receipt.config.get("fit", {})

    def curve_of(phase: str, measure: str) -> Curve:
        losses = values.get((phase, "valid_loss"), [])
        return Curve(phase, measure, tuple(values[phase, measure]), tuple(values.get((phase, f"valid_{measure}"), ())),
                     best=1 + losses.index(min(losses)) if losses else 0,
                     kept_best=fit.get(phase, {}).get("keep") == "best")

    return tuple(curve_of(phase, measure) for phase, measure in values if not measure.startswith("valid"))


def _read_pairs(folder: Path) -> "tuple[np.ndarray | None, np.ndarray | None]":
    if read_receipt(folder) is None or not (folder / "reconstructions.npy").is_file():
        return None, None
    originals, copies = read_array(folder, "originals", "train"), read_array(folder, "reconstructions", "train")
    if originals.shape != copies.shape:
        raise StoredStateError(f"{folder}: originals.npy has the shape {originals.shape}, reconstructions.npy "
                               f"{copies.shape}; run the train stage again")
    return originals, copies


def _read_clusters(folders: dict[str, Path], pack: str) -> "tuple[np.ndarray, np.ndarray]":
    """Return pack rows and their clusters; both empty where there are none that belong to the present embeddings."""
    import numpy as np

    from fecemo.data.array_set import read_face_array

    embedded, clustered = read_receipt(folders["embeddings"]), read_receipt(folders["clusters"])
    if embedded is None or clustered is None or clustered.inputs.get("source_embeddings") != source_digest(embedded):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    rows = read_face_array(folders["embeddings"], pack).rows
    return rows, read_array(folders["clusters"], f"{pack}_clusters", "cluster", length=len(rows))


def _read_map(folders: dict[str, Path], packs: "dict[str, Dataset]", clustered: bool) -> "MapPoints | None":
    import numpy as np

    from fecemo.data.classes import EMOTIONS
    from fecemo.evaluation.figures.maps import MapPoints

    embedded, mapped = read_receipt(folders["embeddings"]), read_receipt(folders["map"])
    if embedded is None or mapped is None or mapped.inputs.get("embeddings") != embedded.digest:
        return None
    shown, target_rows = (read_array(folders["map"], f"{pack}_rows", "map") for pack in PACKS)
    if clustered:
        rows, clusters = _read_clusters(folders, "source")
        if not len(rows):
            return None
        groups = clusters[np.searchsorted(rows, shown)]
    else:  # a classifier's: labelled faces that it learned from
        if "target" not in packs:
            return None
        groups = np.array([EMOTIONS.index(label) for label in packs["target"].labels[shown].tolist()])
    source, target = (read_array(folders["map"], f"{pack}_map", "map", length=len(its_rows))
                      for pack, its_rows in zip(PACKS, (shown, target_rows), strict=True))
    labels = packs["target"].labels[target_rows] if "target" in packs else np.full(len(target_rows), "")
    return MapPoints(source, groups, target, target_emotions=labels)


def _face_grid(folders: dict[str, Path], packs: "dict[str, Dataset]", pack: str, variant: Variant,
               places: "np.ndarray") -> "FaceGrid | None":
    """Return faces that stand for the parts of a map, or None where it is empty or there is no pack."""
    import numpy as np

    from fecemo.evaluation.figures.faces import lay_out_faces

    if not len(places) or pack not in packs:
        return None
    rows, faces = np.asarray(read_array(folders["map"], f"{pack}_rows", "map")), packs[pack].faces

    def read(positions: "np.ndarray") -> "np.ndarray":
        order = np.argsort(rows[positions])  # in the order of the disk
        found = variant.view(faces[rows[positions][order]])
        return found[np.argsort(order)]

    return lay_out_faces(np.asarray(places), read)


def _draw_samples(pack: "Dataset", variant: Variant, rows: "np.ndarray", clusters: "np.ndarray",
                  seed: int) -> "dict[int, np.ndarray]":
    import numpy as np

    samples, (numbers, sizes) = {}, np.unique(clusters, return_counts=True)
    for cluster in sorted(numbers[np.argsort(-sizes, kind="stable")][:SHOWN].tolist()):
        members = rows[clusters == cluster]
        drawn = np.random.default_rng([seed, cluster]).permutation(len(members))[:SAMPLES]
        samples[cluster] = variant.view(pack.faces[np.sort(members[drawn])])
    return samples
