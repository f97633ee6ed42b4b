"""Metrics of a cell beside its score: each is one file in ``cell_metrics/``.

The evaluate stage writes the record of every metric as ``<name>.json`` beside ``score.json``. Results and report show
the records that are there, and need not know which these are.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.evaluation.records.predictions import Predictions
from fecemo.evaluation.records.stored import RecordFile
from fecemo.evaluation.settings import EvaluationSettings
from fecemo.registry import Registry


@dataclass(frozen=True)
class CellEvidence:
    """All that a metric may see of a cell, of whose n faces that are scored, m embedded and p in the target set."""

    approach: str
    variant: str
    predicts_by: str  #: ``"clusters"`` or ``"classifier"``.
    predictions: Predictions  #: Of the scored faces.
    clusters: np.ndarray | None  #: Of the scored faces; ndarray of shape (n,), int.
    #: What the embed stage stored of every target face, an embedding or class probabilities: of shape (m, d), float32.
    vectors: np.ndarray
    vector_rows: np.ndarray  #: Rows of the target set to which ``vectors`` belong, ascending: of shape (m,), int64.
    labels: np.ndarray  #: Of the whole target set, by row, like ``splits`` of shape (p,), str.
    splits: np.ndarray
    settings: EvaluationSettings
    seed: int
    #: What else is known of each face of the target set: ages, light, …, each of shape (p,). Empty where nothing is.
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    #: Numbers of the scored faces that the model answers, by column: as people gave them, NaN where nobody did, and as
    #: it answers; each of shape (n,), float.
    numbers: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    #: Of the faces of ``vector_rows`` the output of a classifier that the recipe names under ``tsne_output``: (m, k).
    features: np.ndarray | None = None
    #: Of the same faces, numbers that people gave, by column, each of shape (m,), float; NaN where nobody did.
    annotated: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class CellMetric:
    """A metric of a cell."""

    name: str  #: Its record is ``<name>.json``.
    title: str  #: Heading in table and report.
    caption: str  #: What to know of the figures.
    kind: type  #: Frozen dataclass of the record.
    measure: Callable[[CellEvidence], Any]  #: Returns a record, or None where it has nothing to say of this cell.
    #: Columns of the full table: heading, and the path of the record's field, such as ``"linear.accuracy"``.
    columns: Mapping[str, str] = field(default_factory=dict)
    #: ``show(record, score, cite) -> dict``: what the template ``<name>.html.jinja`` gets to show one cell's record in
    #: the report. ``cite(path)`` prints a number of the record, with the line of the results on which it is.
    show: Callable[..., dict[str, Any]] | None = None
    #: ``rows(record)``: its rows of the results, each with ``metric`` and ``value``, where these are not one for each
    #: number of the record; and what each metric of such rows is.
    rows: Callable[[Any], Iterator[dict[str, Any]]] | None = None
    meanings: Mapping[str, str] = field(default_factory=dict)
    #: Of the record's format: one more whenever what ``kind`` holds, or what it means, becomes another. Records of
    #: another version are measured anew.
    version: int = 1

    @property
    def record(self) -> RecordFile[Any]:
        """RecordFile: Its record, beside the score."""
        return RecordFile(f"{self.name}.json", f"fecemo.{self.name}/{self.version}", self.kind, "evaluate")


cell_metrics = Registry[CellMetric]("fecemo.evaluation.cell_metrics", "METRIC", "metric of a cell")


def read_records(folder: Path) -> dict[str, Any]:
    """Return the records beside a score by the metric's name. Raises `StoredStateError` as `RecordFile.read` does."""
    return {name: metric.record.read(folder) for name, metric in cell_metrics().items()
            if (folder / metric.record.name).is_file()}


def numbers_of(record: Any, path: str = "") -> Iterator[tuple[str, float, Any]]:
    """Yield every number of a record: its path, such as ``"linear.accuracy"``, its value, and its interval or None.

    Fields, keys and places of tuples make the path. Truth values, points of curves and the ends of intervals are no
    numbers of their own: an interval belongs to the number of its name, or to the ``value`` beside it.
    """
    if is_dataclass(record):
        parts = {field.name: getattr(record, field.name) for field in fields(record)}
    elif isinstance(record, Mapping):
        parts = {str(key): value for key, value in record.items()}
    elif isinstance(record, tuple) and any(map(is_dataclass, record)):
        parts = {str(place): value for place, value in enumerate(record)}
    else:
        return
    intervals = parts.get("intervals", {})
    ends = {"value": record} if {"value", "low", "high"} <= set(parts) else {}
    for name, value in parts.items():
        at = f"{path}.{name}" if path else name
        if isinstance(value, bool) or name == "intervals" or (ends and name in ("low", "high")):
            continue
        if isinstance(value, int | float):
            yield at, float(value), intervals.get(name, ends.get(name))
        else:
            yield from numbers_of(value, at)
