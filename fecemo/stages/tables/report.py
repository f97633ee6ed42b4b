"""What the report shows, read from the files of a run; whatever has not run is left empty."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np

from fecemo.data.arrays import read_array, read_output, read_rows
from fecemo.data.cluster_names import NAMES_NAME, read_cluster_names
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt, read_receipt, require_receipt, sound_receipt
from fecemo.data.variants import Variant, variants
from fecemo.errors import StoredStateError
from fecemo.evaluation.cells import CellRecords
from fecemo.evaluation.composition import Composition, read_composition
from fecemo.evaluation.figures.learning import Curve
from fecemo.evaluation.figures.maps import FaceGrid, MapPoints, lay_out_faces
from fecemo.evaluation.figures.regions import MAX_LENGTH, RegionPoints
from fecemo.evaluation.probing.regions import read_softmax
from fecemo.evaluation.report.material import CellMaterial, ReportMaterial
from fecemo.stages.tables.report_facts import (
    dataset_facts,
    model_facts,
    read_datasets,
    read_networks,
    read_stages,
    statement_of,
)
from fecemo.stages.tables.results import RunResults
from fecemo.study.artifact_kinds import CELL_KINDS, KINDS
from fecemo.study.artifacts import Artifacts
from fecemo.study.faces.data_names import SOURCE, TARGET, TRIPLET_TEST
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

SAMPLES, SHOWN = 10, 24
"""Faces shown of a cluster, and of how many clusters: of the largest where there are more."""
MAPPED = (SOURCE, TARGET)
ROLES = {SOURCE: "Source faces", TARGET: "Target faces", TRIPLET_TEST: "Faces of the triplet test"}


def material_folders(study: Recipe, layout: RunLayout) -> dict[str, Path]:
    """Return every folder that a report reads, by what it is called in the report's receipt."""
    folders = {name: layout.dataset(name) for name in study.datasets}
    runs = {"": layout, **{f", seed {seed}": layout.of_seed(seed) for seed in study.seeds}}
    for ending, run in runs.items():
        for cell in (*study.cells, *(() if ending else study.step_cells)):
            for kind, folder in _cell_folders(run, *cell).items():
                folders[f"{kind} {' '.join(cell)}{ending}"] = folder
    return folders | ({} if study.compose is None else {"composition": layout.composition})


def _cell_folders(layout: RunLayout, approach: str, variant: str) -> dict[str, Path]:
    return {kind: KINDS[kind].folder(layout, approach, variant) for kind in CELL_KINDS}


def read_material(study: Recipe, layout: RunLayout, run: RunResults) -> ReportMaterial:
    """Return what the report of a run shows. Raises `StoredStateError` if something finished is damaged."""
    datasets = read_datasets(study, layout)
    target = datasets.get(study.roles.target or "")
    by_role = {role: datasets[name] for role, name in study.roles.named().items() if name in datasets}
    stages, versions, machine = read_stages(material_folders(study, layout))
    return ReportMaterial(
        recipe=study.name, title=study.title, seeds=(study.seed, *study.seeds), results=run.results, stages=stages,
        versions=versions, machine=machine, emotions=() if target is None else target.classes,
        has_second=study.cluster_sweep is not None, composition=_read_composition(study, layout),
        rows=tuple(dict.fromkeys(cell.row for cell in run.cells.values())),
        columns=tuple(dict.fromkeys(cell.column for cell in run.cells.values())),
        datasets=tuple(dataset_facts(_title(study, name), dataset, statement_of(study, name))
                       for name, dataset in datasets.items()),
        cells=tuple(_read_cell(study, layout, by_role, cell) for cell in run.cells.values()))


def _read_composition(study: Recipe, layout: RunLayout) -> Composition | None:
    if study.compose is None or sound_receipt(layout.composition) is None:
        return None
    return read_composition(layout.composition)


def _title(study: Recipe, name: str) -> str:
    """Return what the data card calls a data set: by its role, its name, and by what it is where it is nobody's."""
    role = next((role for role, named in study.roles.named().items() if named == name), "")
    made = study.datasets[name].made
    return f"{ROLES.get(role, 'Further faces')}: {name}" + (f" ({made})" if made and made != name else "")


def _read_cell(study: Recipe, layout: RunLayout, datasets: dict[str, Dataset],
               records: CellRecords) -> CellMaterial:
    row, column = records.row, records.column
    approach, variant = study.approach_of(row.name), variants.find(column.name)
    clustered, reconstructs = approach.predicts_by == "clusters", any(
        "image" in phase.targets.values() for phase in approach.phases)
    if (row.name, column.name) not in study.cells:
        return CellMaterial(row=row, column=column, clustered=clustered, reconstructs=reconstructs)
    artifacts = Artifacts(layout, study)
    folders = {kind: folder for kind, folder in _cell_folders(layout, row.name, column.name).items()
               if artifacts.status(kind, row.name, column.name).state == "current"}
    trained = read_receipt(folders["model"]) if "model" in folders else None
    originals, copies = _read_pairs(folders["model"]) if trained else (None, None)
    rows, clusters = _read_clusters(folders)
    names = read_cluster_names(folders["names"] / NAMES_NAME).names if "names" in folders else {}
    map_receipt = read_receipt(folders["map"]) if "map" in folders else None
    points = _read_map(folders, datasets, clustered)
    return CellMaterial(
        row=row, column=column, clustered=clustered, reconstructs=reconstructs, score=records.score,
        records=records.records, model=model_facts(trained),
        networks=read_networks(folders["model"]) if trained else (),
        curves=_read_curves(folders["model"], trained) if trained else (), originals=originals, reconstructions=copies,
        map=points,
        source_faces=_face_grid(folders, datasets, "source", variant, points.source) if points and clustered else None,
        target_faces=_face_grid(folders, datasets, "target", variant, points.target) if points and clustered else None,
        regions=_read_regions(study, row.name, folders, datasets) if points and "regions" in records.records else None,
        map_keeps=map_receipt.summary.get("neighbour_accuracy") if map_receipt else None,
        samples=_draw_samples(datasets["source"], variant, rows, clusters, study.seed) if "source" in datasets else {},
        names=names, sizes=dict(Counter(clusters.tolist())))


def _read_curves(folder: Path, receipt: Receipt) -> tuple[Curve, ...]:
    path = folder / "history.csv"
    if not path.is_file():
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


def _read_pairs(folder: Path) -> tuple[np.ndarray | None, np.ndarray | None]:
    if not (folder / "reconstructions.npy").is_file():
        return None, None
    originals, copies = read_array(folder, "originals", "train"), read_array(folder, "reconstructions", "train")
    if originals.shape != copies.shape:
        raise StoredStateError(f"{folder}: originals.npy has the shape {originals.shape}, reconstructions.npy "
                               f"{copies.shape}; run the train stage again")
    return originals, copies


def _read_clusters(folders: dict[str, Path]) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of the source data set and their clusters; both empty where there are no current ones."""
    if not {"outputs", "clusters"} <= set(folders):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    source = require_receipt(folders["outputs"], KINDS["outputs"].stage).config["roles"][SOURCE]
    rows = read_rows(folders["outputs"], source)
    return rows, read_array(folders["clusters"], "source_clusters", "cluster", length=len(rows))


def _read_map(folders: dict[str, Path], datasets: dict[str, Dataset], clustered: bool) -> MapPoints | None:
    if "map" not in folders:
        return None
    shown, target_rows = (read_array(folders["map"], f"{role}_rows", "map") for role in MAPPED)
    if clustered:
        rows, clusters = _read_clusters(folders)
        if not len(rows):
            return None
        groups = clusters[np.searchsorted(rows, shown)]
    else:  # a classifier's: labelled faces that it learned from
        if "target" not in datasets:
            return None
        groups = datasets["target"].label_codes()[shown]
    source, target = (read_array(folders["map"], f"{role}_map", "map", length=len(map_rows))
                      for role, map_rows in zip(MAPPED, (shown, target_rows), strict=True))
    labels = datasets["target"].labels[target_rows] if "target" in datasets else np.full(len(target_rows), "")
    return MapPoints(source, groups, target, target_emotions=labels,
                     classes=datasets["target"].classes if "target" in datasets else ())


def _read_regions(study: Recipe, row: str, folders: dict[str, Path],
                  datasets: dict[str, Dataset]) -> RegionPoints | None:
    """Return the target faces of the map in the embedding that a softmax reads, where planes of it can be drawn."""
    mapped = study.approaches[row].tsne_output
    if "outputs" not in folders or TARGET not in datasets or mapped is None:
        return None
    features, answers = (read_output(folders["outputs"], study.role(TARGET), output)
                         for output in (mapped, study.approach_of(row).output))
    softmax = read_softmax(features.values, answers.values)
    if softmax is None or features.values.shape[1] > MAX_LENGTH:
        return None
    rows = np.asarray(read_array(folders["map"], "target_rows", "map"))
    return RegionPoints(np.asarray(features.values[np.searchsorted(features.rows, rows)], np.float64),
                        datasets[TARGET].labels[rows], softmax)


def _face_grid(folders: dict[str, Path], datasets: dict[str, Dataset], dataset: str, variant: Variant,
               places: np.ndarray) -> FaceGrid | None:
    """Return faces that represent the parts of a map, or None where it is empty or there is no data set."""
    if not len(places) or dataset not in datasets:
        return None
    rows, faces = np.asarray(read_array(folders["map"], f"{dataset}_rows", "map")), datasets[dataset].faces

    def read(positions: np.ndarray) -> np.ndarray:
        order = np.argsort(rows[positions])  # in the order of the disk
        variant_faces = variant.view(faces[rows[positions][order]])
        return variant_faces[np.argsort(order)]

    return lay_out_faces(np.asarray(places), read)


def _draw_samples(dataset: Dataset, variant: Variant, rows: np.ndarray, clusters: np.ndarray,
                  seed: int) -> dict[int, np.ndarray]:
    samples, (numbers, sizes) = {}, np.unique(clusters, return_counts=True)
    for cluster in sorted(numbers[np.argsort(-sizes, kind="stable")][:SHOWN].tolist()):
        members = rows[clusters == cluster]
        drawn = np.random.default_rng([seed, cluster]).permutation(len(members))[:SAMPLES]
        samples[cluster] = variant.view(dataset.faces[np.sort(members[drawn])])
    return samples
