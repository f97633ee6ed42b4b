"""A training to be done: a model, and the phases in which it learns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from fecemo.data.stored_faces import Faces
from fecemo.training.device_view import DeviceView
from fecemo.training.examples import Examples
from fecemo.training.settings import FitSettings


@dataclass(frozen=True)
class TrainingPhase:
    """One phase, with what it learns from."""

    name: str
    frozen: tuple[str, ...]  #: Submodels that do not learn.
    fit: FitSettings
    #: What enters each input of the model, of shape (n, ...), a row a face of the data set; left on the disk.
    columns: Mapping[str, Faces]
    examples: Examples  #: Rows that are learnt from, and what is known of them.
    held_out: Examples | None = None  #: Likewise, to validate on.

    @property
    def rows(self) -> np.ndarray:
        """Rows that are looked at, to learn or to validate: ndarray of shape (n,), int64, ascending."""
        held_out = [] if self.held_out is None else [self.held_out.rows.ravel()]
        return np.unique(np.concatenate([self.examples.rows.ravel(), *held_out]))


@dataclass(frozen=True)
class TrainingJob:
    """A training to be done."""

    title: str  #: For progress lines and messages, such as ``"conv_autoencoder rgb"``.
    model: keras.Model  #: Takes a dict and returns one; its variables are trained in place.
    phases: Sequence[TrainingPhase]
    view: DeviceView | None  #: None where no pixels enter the model.
    n_classes: int  #: Of the labels.
    seed: int  #: Of the order of faces and of how they are altered.
    folder: Path  #: Gets ``history.csv``, and checkpoints while it trains.
    digest: str  #: Of everything that shapes the result: a checkpoint of another digest is not resumed.
