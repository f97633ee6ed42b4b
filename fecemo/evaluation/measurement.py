"""What else can be measured of a cell, beside its score: each measurement is one file in ``measurements/``.

The evaluate stage asks every measurement, and writes what it finds as ``<name>.json`` beside ``score.json``. The table
and the report show the records that are there, and need not know which these are.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.documents import build, read_json
from fecemo.data.durable import atomic_write
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.records.predictions import Predictions
from fecemo.evaluation.settings import EvaluationSettings
from fecemo.registry import entries


@dataclass(frozen=True)
class CellEvidence:
    """All that a measurement may see of a cell.

    Parameters
    ----------
    approach, variant : str
    predicts_by : {"clusters", "classifier"}
    predictions : Predictions
        Of the scored faces.
    clusters : ndarray of shape (n,), int, or None
        Clusters of the scored faces.
    vectors : ndarray of shape (m, d), float32
        What the embed stage stored of every target face: an embedding, or class probabilities.
    vector_rows : ndarray of shape (m,), int64
        Rows of the target pack to which ``vectors`` belong, ascending.
    labels, splits : ndarray of shape (p,), str
        Of the whole target pack, by row.
    settings : EvaluationSettings
    seed : int
    columns : mapping of str to ndarray of shape (p,)
        What else is known of each face of the target pack, by row: ages, light, … Empty where nothing is.
    """

    approach: str
    variant: str
    predicts_by: str
    predictions: Predictions
    clusters: np.ndarray | None
    vectors: np.ndarray
    vector_rows: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    settings: EvaluationSettings
    seed: int
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurement:
    """Something that is measured of a cell.

    Parameters
    ----------
    name : str
        Its record is ``<name>.json``.
    title, caption : str
        Heading in table and report, and what to know of the figures.
    kind : type
        Frozen dataclass of the record.
    measure : callable
        ``measure(evidence) -> kind``, or None where it has nothing to say of this cell.
    columns : mapping of str to str
        Columns of the full table: heading, and the path of the record's field, such as ``"linear.accuracy"``.
    show : callable, optional
        ``show(record, score) -> dict``: what the template ``<name>.html.jinja`` gets to show one cell's record in the
        report. Numbers are printed by `cite_record`, which names their origin.
    version : int
        Of the record's format: one more whenever what ``kind`` holds, or what it means, becomes another. Records of
        another version are measured anew.
    """

    name: str
    title: str
    caption: str
    kind: type
    measure: Callable[[CellEvidence], Any]
    columns: Mapping[str, str] = field(default_factory=dict)
    show: Callable[..., dict[str, Any]] | None = None
    version: int = 1

    @property
    def format(self) -> str:
        """str: Format of the record, such as ``"fecemo.probes/1"``."""
        return f"fecemo.{self.name}/{self.version}"

    @property
    def file(self) -> str:
        """str: Name of the record's file."""
        return f"{self.name}.json"


def measurements() -> dict[str, Measurement]:
    """Return every measurement by name."""
    return entries("fecemo.evaluation.measurements", "MEASUREMENT")


def write_record(folder: Path, measurement: Measurement, record: Any) -> str:
    """Write what was measured, and return the file's name. Raises `ResourceError` where the disk refuses."""
    document = {"format": measurement.format, **asdict(record)}
    atomic_write(folder / measurement.file, json.dumps(document, indent=1, allow_nan=False) + "\n")
    return measurement.file


def read_records(folder: Path) -> dict[str, Any]:
    """Return the records beside a score by the measurement's name; those that are not there are absent.

    Raises
    ------
    StoredStateError
        If one is damaged or of another format.
    """
    found: dict[str, Any] = {}
    for measurement in measurements().values():
        path = folder / measurement.file
        if not path.is_file():
            continue
        try:
            document = read_json(path)
            if (said := document.pop("format", None)) != measurement.format:
                raise InputError(f"{path} has the format {said!r}, expected {measurement.format!r}")
            found[measurement.name] = build(measurement.kind, document, str(path))
        except InputError as error:
            raise StoredStateError(f"{error}; run the evaluate stage again") from error
    return found
