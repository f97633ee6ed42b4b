"""The report of a run: one page that holds everything, made of what the stages stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.evaluation.figures import as_picture, colour
from fecemo.evaluation.figures_maps import MapPoints, cluster_map, emotion_map
from fecemo.evaluation.figures_scores import accuracy_figure, confusion_figure
from fecemo.evaluation.figures_training import Curve, curve_figure
from fecemo.evaluation.score import Score
from fecemo.evaluation.table import ComparisonTable, Heading
from fecemo.evaluation.table_export import METHODS, SCORED_ON, beside_cell, beside_headings, environment, notes
from fecemo.evaluation.table_numbers import DASH, cite, count, duration, share
from fecemo.progress import progress

FACE_SIDE, PAIR_SIDE = 112, 128
"""Sides in pixels of the report's small pictures: about two to a CSS pixel."""


@dataclass(frozen=True)
class PackFacts:
    """What a face pack holds.

    Parameters
    ----------
    title : str
        Such as ``"Source faces"``.
    faces : int
    rejected : mapping of str to int
        Faces that could not be had, by reason.
    left_out : mapping of str to int
        Images that the set lists and that are no usable faces, by reason.
    labels : mapping of str to int
        Faces of each emotion; empty for an unlabelled pack.
    splits : mapping of str to int
        Faces of each stored split; empty for an unlabelled pack.
    """

    title: str
    faces: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)
    splits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StageFacts:
    """What a finished stage says of itself.

    Parameters
    ----------
    stage : str
    of : str
        The cell or pack that it worked on.
    finished : str
        When, as ``YYYY-MM-DD HH:MM`` in UTC; empty where that was not recorded.
    seconds : float
    machine : str
        What it ran on.
    """

    stage: str
    of: str
    finished: str
    seconds: float
    machine: str


@dataclass(frozen=True)
class CellMaterial:
    """What one cell left behind; whatever has not run is None or empty.

    Parameters
    ----------
    row, column : Heading
    clustered : bool
        Whether the approach predicts through clusters, so that maps and samples belong to it.
    reconstructs : bool
        Whether it has an autoencoder.
    score : Score or None
    curves : tuple of Curve
    originals, reconstructions : ndarray of shape (n, side, side, channels), uint8, or None
        A few faces as they entered the autoencoder, and as they left it.
    map : MapPoints or None
    map_keeps : float or None
        Share of a face's ten nearest neighbours among the embeddings that are still its nearest on the map.
    samples : mapping of int to ndarray of shape (n, side, side, channels), uint8
        Faces of the source drawn by seed from each cluster.
    names : mapping of int to str
        Names of the clusters in use.
    sizes : mapping of int to int
        Source faces of each cluster.
    """

    row: Heading
    column: Heading
    clustered: bool
    reconstructs: bool
    score: Score | None = None
    curves: tuple[Curve, ...] = ()
    originals: np.ndarray | None = None
    reconstructions: np.ndarray | None = None
    map: MapPoints | None = None
    map_keeps: float | None = None
    samples: Mapping[int, np.ndarray] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    sizes: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportMaterial:
    """Everything that a report shows.

    Parameters
    ----------
    recipe : str
        Name of the recipe.
    seed : int
    table : ComparisonTable
    cells : tuple of CellMaterial
        In the order of the table.
    packs : tuple of PackFacts
    stages : tuple of StageFacts
    versions : mapping of str to str
        Of the packages that shaped the numbers; several versions are joined by a comma.
    machine : str
        On what the stages ran.
    emotions : tuple of str
        In the order in which they are shown.
    """

    recipe: str
    seed: int
    table: ComparisonTable
    cells: tuple[CellMaterial, ...]
    packs: tuple[PackFacts, ...]
    stages: tuple[StageFacts, ...]
    versions: Mapping[str, str]
    machine: str
    emotions: tuple[str, ...]


def render_report(material: ReportMaterial) -> str:
    """Return the report as one HTML page that loads nothing; equal text for equal material."""
    from fecemo.evaluation import report_reading as reading

    table, cells = material.table, []
    with progress(len(material.cells), "report", "cell") as bar:
        for cell in material.cells:
            cells.append(_cell(cell, material.emotions))
            bar.update(1)
    return environment().get_template("report.html.jinja").render(
        material=material, table=table, notes=notes(table), reading=reading.read_table(table),
        accuracy_figures=_accuracy_figures(table), cells=cells,
        stages=_stage_grid(material.stages),
        missing=[reading.cell_name(row, column) for row, column, score in table.cells() if score is None],
        beside_headings=beside_headings(table), beside_cell=beside_cell, cite=cite, share=share, count=count,
        duration=duration, dash=DASH, verdict=reading.verdict, scored_on=SCORED_ON, methods=METHODS)


def _stage_grid(stages: tuple[StageFacts, ...]) -> dict[str, Any]:
    """Return the stages as a table: a row a cell or pack, a column a stage."""
    names = list(dict.fromkeys(facts.stage for facts in stages))
    rows = []
    for of in dict.fromkeys(facts.of for facts in stages):
        its = {facts.stage: facts for facts in stages if facts.of == of}
        rows.append({"of": of, "seconds": [its[name].seconds if name in its else None for name in names],
                     "finished": max(facts.finished for facts in its.values()),
                     "machine": ", ".join(dict.fromkeys(facts.machine for facts in its.values() if facts.machine))})
    return {"names": names, "rows": rows}


def _accuracy_figures(table: ComparisonTable) -> list[tuple[str, str]]:
    """Return title and figure of every approach, all on one scale."""
    shown = [score.accuracy_interval.high for score in table.scores.values()]
    shown += [score.chance.majority for score in table.scores.values()]
    published_rows = table.published.figures.values() if table.published else ()
    shown += [figure for row in published_rows for figure in row.values()]
    most = min(1.0, np.ceil(10 * max(shown, default=1.0) + 0.3) / 10)

    def published(row: Heading, column: Heading) -> float | None:
        return table.published.figure(row.name, column.name) if table.published else None

    return [(row.title, accuracy_figure(row.title, [
        (column.title, table.score(row, column), published(row, column)) for column in table.columns], most=most))
        for row in table.rows]


def _cell(cell: CellMaterial, emotions: tuple[str, ...]) -> dict[str, Any]:
    """Return what the template shows of one cell."""
    from fecemo.evaluation import report_reading as reading

    name = f"{cell.row.name} {cell.column.name}"
    return {
        "material": cell, "score": cell.score, "anchor": f"{cell.row.name}-{cell.column.name}",
        "title": reading.cell_name(cell.row, cell.column),
        "begun": bool(cell.score or cell.curves or cell.samples),
        "reading": reading.read_cell(cell.score) if cell.score else [],
        "confusion": confusion_figure(cell.score) if cell.score else None,
        "curves": [(curve, curve_figure(name, curve)) for curve in cell.curves],
        "pairs": _pairs(cell),
        "cluster_map": cluster_map(name, cell.map) if cell.map else None,
        "emotion_maps": _emotion_maps(name, cell.map, emotions) if cell.map and len(cell.map.target) else [],
        "clusters": [{"number": number, "colour": colour(number), "name": cell.names.get(number, "no name"),
                      "size": cell.sizes.get(number, 0), "faces": [as_picture(face, FACE_SIDE) for face in faces]}
                     for number, faces in sorted(cell.samples.items())],
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
