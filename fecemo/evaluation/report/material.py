"""What a report is made of: what the stages stored, and what is known of the faces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.evaluation.cells import Heading
from fecemo.evaluation.figures.faces import FaceGrid
from fecemo.evaluation.figures.maps import MapPoints
from fecemo.evaluation.figures.training import Curve
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.results import Results


@dataclass(frozen=True)
class PackFacts:
    """What a data set holds, and what is known of its faces.

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
    held_out : str
        How many faces of each emotion were held out, in words; empty where it was a share of all, or no rule of ours.
    copies_across_splits : int
        Held-out faces that are copies of faces of the train split.
    stated : mapping of str to str
        What the data set's statement says (name, origin, licence, …), by the words to print; a word without an answer
        is not stated.
    """

    title: str
    faces: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)
    splits: Mapping[str, int] = field(default_factory=dict)
    held_out: str = ""
    copies_across_splits: int = 0
    stated: Mapping[str, str] = field(default_factory=dict)


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
class ModelFacts:
    """What the train stage says of a cell's networks.

    Parameters
    ----------
    parameters : mapping of str to int
        Weights of each network.
    phases : tuple of str
        What each phase learned from and how, in words.
    side : int
        Pixels of the square that enters the networks.
    """

    parameters: Mapping[str, int]
    phases: tuple[str, ...]
    side: int


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
    records : mapping of str to object
        What else was measured, by the measurement's name.
    model : ModelFacts or None
    networks : tuple of mapping of str to object
        What the trained networks are made of: each with its ``name`` and ``layers``.
    curves : tuple of Curve
    originals, reconstructions : ndarray of shape (n, side, side, channels), uint8, or None
        A few faces as they entered the autoencoder, and as they left it.
    map : MapPoints or None
    source_faces, target_faces : FaceGrid or None
        Faces that stand for the parts of the map.
    map_keeps : float or None
        Share of a face's ten nearest neighbours among the embeddings that are still its nearest on the map.
    samples : mapping of int to ndarray of shape (n, side, side, channels), uint8
        Faces of the source drawn by seed from each cluster.
    names : mapping of str to str
        Names in use of the clusters, or of the halves of a divided one.
    sizes : mapping of int to int
        Source faces of each cluster.
    """

    row: Heading
    column: Heading
    clustered: bool
    reconstructs: bool
    score: Score | None = None
    records: Mapping[str, Any] = field(default_factory=dict)
    model: ModelFacts | None = None
    networks: tuple[Mapping[str, Any], ...] = ()
    curves: tuple[Curve, ...] = ()
    originals: np.ndarray | None = None
    reconstructions: np.ndarray | None = None
    map: MapPoints | None = None
    source_faces: FaceGrid | None = None
    target_faces: FaceGrid | None = None
    map_keeps: float | None = None
    samples: Mapping[int, np.ndarray] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportMaterial:
    """Everything that a report shows.

    Parameters
    ----------
    recipe, title : str
        Name of the recipe, and title of the study.
    seeds : tuple of int
        Of the recipe; the first is that of all that is not a mean.
    results : Results
    rows, columns : tuple of Heading
        Approaches and variants, in the order of the recipe.
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
    has_second : bool
        Whether the study has a Table 2.
    """

    recipe: str
    title: str
    seeds: tuple[int, ...]
    results: Results
    rows: tuple[Heading, ...]
    columns: tuple[Heading, ...]
    cells: tuple[CellMaterial, ...]
    packs: tuple[PackFacts, ...]
    stages: tuple[StageFacts, ...]
    versions: Mapping[str, str]
    machine: str
    emotions: tuple[str, ...]
    has_second: bool = False
