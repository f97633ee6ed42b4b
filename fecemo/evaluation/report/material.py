"""What a report is made of: what the stages stored, and what is known of the faces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.evaluation.cells import Heading
from fecemo.evaluation.composition import Composition
from fecemo.evaluation.figures.learning import Curve
from fecemo.evaluation.figures.maps import FaceGrid, MapPoints
from fecemo.evaluation.figures.regions import RegionPoints
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.results import Results


@dataclass(frozen=True)
class DatasetFacts:
    """What a data set holds, and what is known of its faces."""

    title: str  #: Such as ``"Source faces"``.
    faces: int
    rejected: Mapping[str, int] = field(default_factory=dict)  #: Faces that could not be fetched, by reason.
    left_out: Mapping[str, int] = field(default_factory=dict)  #: Listed images that are no usable faces, by reason.
    labels: Mapping[str, int] = field(default_factory=dict)  #: Faces of each emotion; empty for an unlabelled set.
    splits: Mapping[str, int] = field(default_factory=dict)  #: Faces of each stored split; empty as labels.
    held_out: str = ""  #: How many faces of each emotion were held out, in words; empty where by no rule of ours.
    copies_across_splits: int = 0  #: Held-out faces that are copies of faces of the train split.
    #: What the statement says (name, origin, licence, …), by the words to print; an empty answer is not stated.
    stated: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StageFacts:
    """What a finished stage says of itself."""

    stage: str
    of: str  #: The cell or data set that it worked on.
    finished: str  #: As ``YYYY-MM-DD HH:MM`` in UTC; empty where that was not recorded.
    seconds: float
    machine: str  #: What it ran on.


@dataclass(frozen=True)
class ModelFacts:
    """What the train stage says of a cell's networks."""

    parameters: Mapping[str, int]  #: Weights of each network.
    phases: tuple[str, ...]  #: What each phase learned from and how, in words.
    side: int  #: Pixels of the square that enters the networks.


@dataclass(frozen=True)
class CellMaterial:
    """What one cell left behind; whatever has not run is None or empty.

    Pictures are ndarrays of shape (n, side, side, channels), uint8.
    """

    row: Heading
    column: Heading
    clustered: bool  #: Whether the approach predicts through clusters, so that maps and samples belong to it.
    reconstructs: bool  #: Whether it has an autoencoder.
    score: Score | None = None
    records: Mapping[str, Any] = field(default_factory=dict)  #: Of cell metrics, by the metric's name.
    model: ModelFacts | None = None
    networks: tuple[Mapping[str, Any], ...] = ()  #: What networks are made of: each its ``name`` and ``layers``.
    curves: tuple[Curve, ...] = ()
    originals: np.ndarray | None = None  #: A few faces as they entered the autoencoder.
    reconstructions: np.ndarray | None = None  #: The same as they left it.
    map: MapPoints | None = None
    source_faces: FaceGrid | None = None  #: Like `target_faces` those that represent the parts of the map.
    target_faces: FaceGrid | None = None
    regions: RegionPoints | None = None  #: An embedding of two or three numbers that a softmax reads.
    map_keeps: float | None = None  #: Share of a face's ten nearest embeddings that are its nearest on the map.
    samples: Mapping[int, np.ndarray] = field(default_factory=dict)  #: Source faces drawn by seed from each cluster.
    names: Mapping[str, str] = field(default_factory=dict)  #: In use, of clusters or the halves of a divided one.
    sizes: Mapping[int, int] = field(default_factory=dict)  #: Source faces of each cluster.


@dataclass(frozen=True)
class ReportMaterial:
    """Everything that a report shows."""

    recipe: str
    title: str  #: Of the study.
    seeds: tuple[int, ...]  #: Of the recipe; the first is that of all that is not a mean.
    results: Results
    rows: tuple[Heading, ...]  #: Approaches, in the order of the recipe.
    columns: tuple[Heading, ...]  #: Variants, likewise.
    cells: tuple[CellMaterial, ...]  #: In the order of the table.
    datasets: tuple[DatasetFacts, ...]
    stages: tuple[StageFacts, ...]
    versions: Mapping[str, str]  #: Of the packages that shaped the numbers; several are joined by a comma.
    machine: str  #: On what the stages ran.
    emotions: tuple[str, ...]  #: In the order in which they are shown.
    has_second: bool = False  #: Whether the study has a Table 2.
    composition: Composition | None = None  #: Where the study changes the share of a group.
