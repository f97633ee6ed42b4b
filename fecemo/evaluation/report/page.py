"""The report of a run: one page that loads nothing, with the main result on its first screen and the rest folded."""

from collections import defaultdict
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from markupsafe import Markup

from fecemo.evaluation.catalogue import HEADLINES, RANKING_RULES
from fecemo.evaluation.cell_metric import cell_metrics
from fecemo.evaluation.cell_metrics.nuisance import nuisance_grids
from fecemo.evaluation.composition import to_section
from fecemo.evaluation.figures import svg
from fecemo.evaluation.figures.learning import curve_figure
from fecemo.evaluation.figures.maps import (
    DIVIDED,
    cluster_map,
    emotion_map,
    learnt_map,
    name_key,
    name_map,
    source_face_map,
    target_face_map,
)
from fecemo.evaluation.figures.regions import region_map
from fecemo.evaluation.figures.scores import Bar, confusion_figure, overview_figure
from fecemo.evaluation.printed import Part, known, number
from fecemo.evaluation.report.material import CellMaterial, ReportMaterial, StageFacts
from fecemo.evaluation.report.reading import Lookup, Where, first_sentence, read_cell, read_run
from fecemo.evaluation.result_rows import SCORED_ON, naming_words
from fecemo.evaluation.writers import environment, grids_of
from fecemo.progress import progress

FACE_SIDE, PAIR_SIDE = 112, 128
"""Sides in pixels of the report's small pictures: about two to a CSS pixel."""
FIRST_FACES = 12
"""Faces near the top of the page."""
COST = "cost-curve"
"""Table that shows the figure of the cost curve."""
CLASS_COLUMNS = {"Faces": "support", "Answered": "answered", "Recall": "recall", "Precision": "precision", "F1": "f1",
                 "Kappa": "kappa", "Alpha": "alpha", "ROC AUC": "roc_auc", "PR AUC": "pr_auc"}
"""Columns of a cell's table of classes, and the metrics that they show."""


def render_report(material: ReportMaterial) -> str:
    """Return the report as one HTML page that loads nothing; equal text for equal material."""
    lookup, cells = Lookup(material.results), []
    with progress(len(material.cells), "report", "cell") as bar:
        for cell in material.cells:
            cells.append(_cell(cell, material.emotions, lookup))
            bar.update(1)
    first, *further = [grid for grids in grids_of("table1", material.results) for grid in grids]
    # The figure of the cost curve is the report's first, and not shown again with its table.
    cost = next((grid.figure for grid in further if grid.table.name == COST), "")
    further = [replace(grid, figure="") if grid.table.name == COST else grid for grid in further]
    second = [grid for grids in grids_of("table2", material.results) for grid in grids] if material.has_second else []
    headline = [first, *(grid for grid in further if grid.table.name.startswith("table1-"))]
    scores = [cell.score for cell in material.cells if cell.score is not None]
    unscored = [where for cell in material.cells if (where := (cell.row.name, cell.column.name))
                and lookup.row(where, "accuracy") is None]
    return environment().get_template("report.html.jinja").render(
        material=material, cells=cells, headline=headline, grids=[grid for grid in further if grid not in headline],
        second=second, composition=material.composition and to_section(material.composition),
        first_sentence=first_sentence(lookup, material.rows, material.columns, len(material.emotions), unscored),
        unscored=unscored, reading=read_run(lookup, material.rows, material.columns, unscored),
        overview=_overview(material, lookup),
        cost=cost,
        key=[(column.title, svg.colour(number)) for number, column in enumerate(material.columns)],
        first_faces=_first_faces(material), pictures=any(cell.samples for cell in material.cells),
        human=any(getattr(cell.records.get("soft_truth"), "human", None) for cell in material.cells),
        scored=len(lookup.scored()), published=any(lookup.published(cell) is not None for cell in lookup.scored()),
        headlines=HEADLINES, ranking_rules=RANKING_RULES, stages=_stage_grid(material.stages),
        missing=_missing(material, lookup), class_columns=CLASS_COLUMNS,
        scored_on=sorted({SCORED_ON.get(score.score_on, score.score_on) for score in scores}),
        grid_figures=nuisance_grids([(cell.row.title, cell.column.title, cell.records["nuisance"])
                                     for cell in material.cells if "nuisance" in cell.records]),
        groups_known=any("groups" in cell.records for cell in material.cells))


def _overview(material: ReportMaterial, lookup: Lookup) -> str:
    cells = lookup.scored()
    if not cells:
        return ""

    def bar(where: Where, title: str) -> Bar:
        figure, published = lookup.overall(where), lookup.published(where)
        if figure is None:
            return Bar(title, published=published)
        low, high = (float(figure[end]) if known(figure[end]) else None for end in ("low", "high"))
        return Bar(title, float(figure["value"]), low, high, published)

    run = {(cell.row, cell.column) for cell in material.cells}
    rows = [(row.title, [bar((row.name, column.name), column.title) for column in material.columns
                         if (row, column) in run]) for row in material.rows]
    return overview_figure(rows, uniform=lookup.value(cells[0], "accuracy", column="chance") or 0.0,
                           majority=lookup.value(cells[0], "majority_share") or 0.0,
                           human=lookup.value(cells[0], "accuracy", column="human"))


def _first_faces(material: ReportMaterial) -> list[str]:
    """Return a few faces of the first clustered cell, one a cluster in turn."""
    samples = next((cell.samples for cell in material.cells if cell.samples), {})
    faces = [faces[place] for place in range(FIRST_FACES) for faces in samples.values() if place < len(faces)]
    return [svg.as_picture(face, FACE_SIDE) for face in faces[:FIRST_FACES]]


def _missing(material: ReportMaterial, lookup: Lookup) -> list[str]:
    """Return the cells without a score, and those that lack one under some seed of the recipe."""
    missing, frame = [], material.results.figures
    scored = frame[(frame["stage"] == "evaluate") & (frame["setting"] == "") & frame["value"].notna()]
    for cell in material.cells:
        where, name = (cell.row.name, cell.column.name), f"{cell.row.title}, {cell.column.title}"
        ran = set(scored.loc[(scored["row"] == where[0]) & (scored["variant"] == where[1]), "seed"].dropna())
        absent = [str(seed) for seed in material.seeds if seed not in ran]
        if lookup.row(where, "accuracy") is None:
            missing.append(name)
        elif absent:
            missing.append(f"{name} under seed {' and '.join(absent)}")
    return missing


def _stage_grid(stages: tuple[StageFacts, ...]) -> dict[str, Any]:
    """Return the stages as a table: a row a cell or data set, a column a stage."""
    names, by_row = list(dict.fromkeys(facts.stage for facts in stages)), defaultdict(list)
    for facts in stages:
        by_row[facts.of].append(facts)
    rows = []
    for name, ran in by_row.items():
        # A stage may have several receipts: clusters are found, and other faces assigned to them, one after the other.
        seconds = [[facts.seconds for facts in ran if facts.stage == stage] for stage in names]
        rows.append({"of": name, "seconds": [sum(parts) if parts else None for parts in seconds],
                     "finished": max(facts.finished for facts in ran),
                     "machine": ", ".join(dict.fromkeys(facts.machine for facts in ran if facts.machine))})
    return {"names": names, "rows": rows}


def _cell(cell: CellMaterial, emotions: tuple[str, ...], lookup: Lookup) -> dict[str, Any]:
    """Return what the template shows of one cell."""
    name, where = f"{cell.row.name} {cell.column.name}", (cell.row.name, cell.column.name)
    mean, points, score = lookup.mean(where, "accuracy"), cell.map, cell.score

    def cite(metric: str, column: str = "value", places: int = 3) -> Part:
        return lookup.cite(where, metric, column=column, places=places)

    pairs = () if cell.originals is None or cell.reconstructions is None else zip(
        cell.originals, cell.reconstructions, strict=True)
    return {
        "material": cell, "score": score, "anchor": f"{cell.row.name}-{cell.column.name}",
        "title": f"{cell.row.title}, {cell.column.title}", "cite": cite, "verdict": lookup.value(where, "verdict"),
        "naming": naming_words(score) if score and score.method != "classifier" else "classifier",
        "over_seeds": mean and (number(mean), number(mean, "deviation"), int(mean["seeds"])),
        "begun": bool(score or cell.curves or cell.samples), "reading": read_cell(lookup, score) if score else [],
        "classes": [(emotion, svg.colour(at), [lookup.cite(where, metric, emotion)
                                               for metric in CLASS_COLUMNS.values()])
                    for at, emotion in enumerate(score.emotions)] if score else [],
        "confusion": confusion_figure(score) if score else None, "records": _records(cell, lookup),
        "curves": [(curve, curve_figure(name, curve)) for curve in cell.curves],
        "pairs": [[svg.as_picture(face, PAIR_SIDE) for face in pair] for pair in pairs],
        "cluster_map": (cluster_map if cell.clustered else learnt_map)(name, points) if points else None,
        "further_maps": _further_maps(name, cell),
        "region_map": region_map(name, cell.regions, emotions, cell.records["regions"].arrows)
                      if cell.regions and "regions" in cell.records else None,
        "emotion_maps": [(emotion, int((points.target_emotions == emotion).sum()), emotion_map(name, points, emotion))
                         for emotion in emotions] if points and len(points.target) else [],
        "clusters": [{"number": number, "colour": svg.colour(number), "names": _names(cell, number),
                      "size": cell.sizes.get(number, 0), "faces": [svg.as_picture(face, FACE_SIDE) for face in faces]}
                     for number, faces in sorted(cell.samples.items())],
    }


def _records(cell: CellMaterial, lookup: Lookup) -> list[tuple[str, Markup]]:
    """Return what the cell metrics show of a cell."""
    shown, where = [], (cell.row.name, cell.column.name)
    for name, metric in cell_metrics().items():
        if cell.score is not None and name in cell.records and metric.show is not None:
            facts = metric.show(cell.records[name], cell.score, partial(lookup.cite_record, where, name))
            shown.append((metric.title, Markup(environment().get_template(f"{name}.html.jinja").render(facts))))
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
        shown = np.unique(cell.map.source_clusters).tolist()
        return {"key": name_key({number: cell.map.classes[number] for number in shown}, cell.map.classes)}
    by_name = {number: cell.names.get(str(number), DIVIDED) for number in cell.sizes} if cell.names else {}
    return {
        "by_name": name_map(name, cell.map, by_name) if by_name else None, "key": name_key(by_name, cell.map.classes),
        "source": source_face_map(name, cell.map, cell.source_faces) if cell.source_faces else None,
        "target": target_face_map(name, cell.map, cell.target_faces) if cell.target_faces else None,
    }
