"""What a session needs of a run, as plain data: who opens the run gives it, and nothing here knows a file's name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from fecemo.labelling.groups import Divide, NamedClustering

Faces = Callable[[np.ndarray], np.ndarray]
"""``faces(positions)``: these faces as the networks saw them, shape (m, side, side, 1 or 3), uint8."""


@dataclass(frozen=True)
class CellState:
    """One cell of a run, as a picker shows it."""

    approach: str
    variant: str
    title: str  #: For people, such as ``"Conv. autoencoder · RGB"``.
    waits_for: str = ""  #: The stage that has not finished, or ``""`` where the cell can be named.
    #: `named`, `groups`: How far the pipeline's own file of names is.
    named: int = 0
    groups: int = 0
    by: str = ""  #: Whose names those are; ``""`` where there are none.
    trouble: str = ""  #: What is wrong with that file, where it cannot be used.

    @property
    def line(self) -> str:
        """str: The cell and its state, in a few words."""
        if self.waits_for:
            return f"{self.title}: waits for {self.waits_for}"
        if self.trouble:
            return f"{self.title}: names that do not fit"
        if self.named:
            return f"{self.title}: {self.named} of {self.groups} named by {self.by or 'someone'}"
        return f"{self.title}: to be named"


@dataclass(frozen=True)
class FaceMap:
    """A t-SNE map: places of source and target faces, of shape (m, 2), float32.

    ``source_at`` and ``target_at``, of shape (m,), int64, say which faces these are, as positions among all of theirs.
    """

    source: np.ndarray
    source_at: np.ndarray
    target: np.ndarray
    target_at: np.ndarray


@dataclass(frozen=True)
class SeenLabels:
    """True labels of target faces that were asked for; test faces are never among them."""

    at: np.ndarray  #: Of shape (s,), int64. Positions among the target faces.
    ids: tuple[str, ...]
    labels: np.ndarray  #: Of shape (s,), str.


@dataclass(frozen=True)
class CellMaterial:
    """Everything of one cell that a person may see while naming."""

    title: str
    clustering: NamedClustering
    path: Path  #: The person's file of names.
    used_path: Path  #: The file that the pipeline uses; the same one, or another person's.
    seed: int
    faces: Faces
    target_faces: Faces
    target_clusters: np.ndarray  #: Of shape (t,), int32. Every target face's stored cluster.
    target_ids: np.ndarray  #: Of shape (t,), str.
    classes: tuple[str, ...]  #: What a cluster can be named, in order.
    divide: Divide
    map: FaceMap | None = None  #: None where the map stage has not run on these embeddings.
    without_map: str = ""  #: Why there is none, for people.
    #: What else is known of the source faces: a title, and a callable of positions that gives numbers or words.
    known: Mapping[str, Callable[[np.ndarray], np.ndarray]] = field(default_factory=dict)
    #: `ask_sample`, `ask_labels`: Give the naming sample's labels, and those of the train split; None where the target
    #: has none.
    ask_sample: Callable[[], SeenLabels] | None = None
    ask_labels: Callable[[], SeenLabels] | None = None
    #: What published action units suggest for clusters, by their numbers; no label was read for it.
    suggested: Mapping[str, str] = field(default_factory=dict)
    source_ids: np.ndarray = field(default_factory=lambda: np.empty(0, str))  #: Of shape (n,), str.
    remark: str = ""  #: What is to be known of the groups, for people.
    #: Other people's files for this clustering, by whose they are.
    others: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class UseOfNames:
    """Whether the run uses the names that a person gives."""

    used: bool
    text: str  #: When it does, or what to write in which line of the recipe so that it does.


Colours = tuple[tuple[str, ...], tuple[str, ...]]
"""Of groups and of emotions; and of names that are no class."""


class RunToName(Protocol):
    """A run whose clusters are named."""

    @property
    def title(self) -> str:
        """str: Of the study."""

    @property
    def colours(self) -> Colours:
        """See `Colours`."""

    @property
    def use_of_names(self) -> UseOfNames:
        """See `UseOfNames`."""

    def cells(self) -> list[CellState]:
        """Return every cell that has clusters to name, or will have."""

    def open(self, approach: str, variant: str, by: str) -> CellMaterial:
        """Return one cell's material for one person. Raises `FecemoError` with what is missing."""

    def use(self, approach: str, variant: str, by: str) -> None:
        """Make a further person's names the ones that the pipeline uses."""

    def finish(self, approach: str, variant: str) -> str:
        """Label and evaluate the cell with the names in use, and return its row of the table as HTML."""
