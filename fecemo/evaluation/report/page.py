"""The report of a run: one page that holds everything, made of what the stages stored."""

from typing import Any

import numpy as np
from markupsafe import Markup

from fecemo.data.classes import EMOTIONS
from fecemo.evaluation.figures.faces import source_face_map, target_face_map
from fecemo.evaluation.figures.maps import MapPoints, cluster_map, emotion_map, learnt_map, name_key, name_map
from fecemo.evaluation.figures.networks import network_figure
from fecemo.evaluation.figures.nuisance import nuisance_grids
from fecemo.evaluation.figures.scores import accuracy_figure, confusion_figure
from fecemo.evaluation.figures.svg import as_picture, colour
from fecemo.evaluation.figures.training import curve_figure
from fecemo.evaluation.measurement import measurements
from fecemo.evaluation.metrics.verdict import verdict
from fecemo.evaluation.records.cited import DASH, Cited, cite, count, duration
from fecemo.evaluation.records.headline import HEADLINES, RANKING_RULES
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.report import reading
from fecemo.evaluation.report.material import CellMaterial, ReportMaterial, StageFacts
from fecemo.evaluation.tables.block_export import environment
from fecemo.evaluation.tables.blocks import METHODS, SCORED_ON, cite_deviation, cite_mean
from fecemo.evaluation.tables.table import ComparisonTable, Heading
from fecemo.evaluation.tables.table_blocks import table_blocks
from fecemo.progress import progress

FACE_SIDE, PAIR_SIDE = 112, 128
"""Sides in pixels of the report's small pictures: about two to a CSS pixel."""
CLASS_COLUMNS = {"Faces": "support", "Answered": "answered", "Recall": "recall", "Precision": "precision", "F1": "f1",
                 "Kappa": "kappa", "Alpha": "alpha", "ROC AUC": "roc_auc", "PR AUC": "pr_auc"}
"""Columns of a cell's table of emotions, and the fields of `ClassScore` that they show."""


def render_report(material: ReportMaterial) -> str:
    """Return the report as one HTML page that loads nothing; equal text for equal material."""
    table, cells = material.table, []
    with progress(len(material.cells), "report", "cell") as bar:
        for cell in material.cells:
            cells.append(_cell(cell, material.emotions) | {"over_seeds": _over_seeds(table, cell)})
            bar.update(1)
    main, *blocks = table_blocks(table)
    return environment().get_template("report.html.jinja").render(
        material=material, table=table, main=main, blocks=blocks, reading=reading.read_table(table),
        accuracy_figures=_accuracy_figures(table), cells=cells, headlines=HEADLINES, ranking_rules=RANKING_RULES,
        stages=_stage_grid(material.stages),
        missing=_missing(material),
        cite=cite, count=count, duration=duration, dash=DASH, verdict=verdict, scored_on=SCORED_ON, methods=METHODS,
        grids=nuisance_grids([(cell.row.title, cell.column.title, cell.records["nuisance"])
                              for cell in material.cells if "nuisance" in cell.records]),
        class_columns=CLASS_COLUMNS, groups_known=any("groups" in cell.records for cell in material.cells))


def _missing(material: ReportMaterial) -> list[str]:
    """Return the cells without a score, and those that lack one under some seed of the recipe."""
    said = []
    for row, column, score in material.table.cells():
        name, spread = reading.cell_name(row, column), material.table.spreads.get((row.name, column.name))
        ran = spread.seeds if spread else (score.seed,) if score else ()
        absent = [str(seed) for seed in material.seeds if seed not in ran]
        if score is None:
            said.append(name)
        elif absent:
            said.append(f"{name} under seed {' and '.join(absent)}")
    return said


def _over_seeds(table: ComparisonTable, cell: CellMaterial) -> tuple[Cited, Cited, int] | None:
    """Return mean and spread of a cell's accuracy and the number of its seeds, or None where it ran with one."""
    spread = table.spreads.get((cell.row.name, cell.column.name))
    if spread is None or cell.score is None:
        return None
    return (cite_mean(table, cell.score, "accuracy"), cite_deviation(table, cell.score, "accuracy"), len(spread.seeds))


def _stage_grid(stages: tuple[StageFacts, ...]) -> dict[str, Any]:
    """Return the stages as a table: a row a cell or pack, a column a stage."""
    names = list(dict.fromkeys(facts.stage for facts in stages))
    rows = []
    for of in dict.fromkeys(facts.of for facts in stages):
        its = [facts for facts in stages if facts.of == of]
        # A stage may have several receipts: clusters are found, and other faces assigned to them, one after the other.
        seconds = {name: sum(facts.seconds for facts in its if facts.stage == name)
                   for name in dict.fromkeys(facts.stage for facts in its)}
        rows.append({"of": of, "seconds": [seconds.get(name) for name in names],
                     "finished": max(facts.finished for facts in its),
                     "machine": ", ".join(dict.fromkeys(facts.machine for facts in its if facts.machine))})
    return {"names": names, "rows": rows}


def _accuracy_figures(table: ComparisonTable) -> list[tuple[str, str]]:
    """Return title and figure of every approach, all on one scale."""
    shown = [score.intervals["accuracy"].high for score in table.scores.values()]
    shown += [score.chance.majority for score in table.scores.values()]
    published_rows = table.published.figures.values() if table.published else ()
    shown += [figure for row in published_rows for figure in row.values()]
    most = min(1.0, np.ceil(10 * max(shown, default=1.0) + 0.3) / 10)

    def published(row: Heading, column: Heading) -> float | None:
        return table.published.figure(row.name, column.name) if table.published else None

    return [(row.title, accuracy_figure(row.title, [
        (column.title, table.score(row, column), published(row, column)) for column in table.columns
        if (row.name, column.name) not in table.left_out], most=most)) for row in table.rows]


def _cell(cell: CellMaterial, emotions: tuple[str, ...]) -> dict[str, Any]:
    """Return what the template shows of one cell."""
    name = f"{cell.row.name} {cell.column.name}"
    return {
        "material": cell, "score": cell.score, "anchor": f"{cell.row.name}-{cell.column.name}",
        "title": reading.cell_name(cell.row, cell.column),
        "begun": bool(cell.score or cell.curves or cell.samples),
        "reading": reading.read_cell(cell.score) if cell.score else [],
        "classes": _classes(cell.score) if cell.score else [],
        "confusion": confusion_figure(cell.score) if cell.score else None,
        "records": _records(cell),
        "curves": [(curve, curve_figure(name, curve)) for curve in cell.curves],
        "networks": [(network["name"], network_figure(name, network)) for network in cell.networks],
        "pairs": _pairs(cell),
        "cluster_map": (cluster_map if cell.clustered else learnt_map)(name, cell.map) if cell.map else None,
        "further_maps": _further_maps(name, cell),
        "emotion_maps": _emotion_maps(name, cell.map, emotions) if cell.map and len(cell.map.target) else [],
        "clusters": [{"number": number, "colour": colour(number), "names": _names(cell, number),
                      "size": cell.sizes.get(number, 0), "faces": [as_picture(face, FACE_SIDE) for face in faces]}
                     for number, faces in sorted(cell.samples.items())],
    }


def _classes(score: Score) -> list[tuple[str, str, list[Cited | str]]]:
    """Return every emotion with its colour and figures."""
    return [(emotion, colour(number), [cite(score, f"classes.{emotion}.{field}") for field in CLASS_COLUMNS.values()])
            for number, emotion in enumerate(score.emotions)]


def _records(cell: CellMaterial) -> list[tuple[str, Markup]]:
    """Return what the further measurements show of a cell."""
    shown = []
    for name, measurement in measurements().items():
        if cell.score is not None and name in cell.records and measurement.show is not None:
            template = environment().get_template(f"{name}.html.jinja")
            shown.append((measurement.title, Markup(template.render(measurement.show(cell.records[name], cell.score)))))
    return shown


def _names(cell: CellMaterial, number: int) -> str:
    """Return a cluster's name, or those of its halves."""
    names = [name if key == str(number) else f"{key}: {name}" for key, name in cell.names.items()
             if key.rstrip("ab") == str(number)]
    return ", ".join(names) or "no name"


def _further_maps(name: str, cell: CellMaterial) -> dict[str, Any]:
    """Return the map in other views: by the clusters' names, with the key of the colours, and made of faces."""
    if cell.map is None:
        return {}
    if not cell.clustered:
        shown = np.unique(cell.map.source_clusters)
        return {"key": name_key({int(number): EMOTIONS[number] for number in shown})}
    by_name = {number: cell.names.get(str(number), "divided") for number in cell.sizes} if cell.names else {}
    return {
        "by_name": name_map(name, cell.map, by_name) if by_name else None, "key": name_key(by_name),
        "source": source_face_map(name, cell.map, cell.source_faces) if cell.source_faces else None,
        "target": target_face_map(name, cell.map, cell.target_faces) if cell.target_faces else None,
    }


def _emotion_maps(name: str, points: MapPoints, emotions: tuple[str, ...]) -> list[tuple[str, int, str]]:
    """Return every emotion with its number of faces and its map."""
    return [(emotion, int((points.target_emotions == emotion).sum()), emotion_map(name, points, emotion))
            for emotion in emotions]


def _pairs(cell: CellMaterial) -> list[tuple[str, str]]:
    if cell.originals is None or cell.reconstructions is None:
        return []
    return [(as_picture(original, PAIR_SIDE), as_picture(copy, PAIR_SIDE))
            for original, copy in zip(cell.originals, cell.reconstructions, strict=True)]
