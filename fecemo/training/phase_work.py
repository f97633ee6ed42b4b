"""A training to be done: the networks, and the phases in which they learn."""

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
class PhaseWork:
    """One phase, with what it learns from.

    Parameters
    ----------
    name : str
    outputs : mapping of str to str
        Kinds of output that losses look at, and the network that gives each.
    frozen : tuple of str
        Layers of these networks that do not learn.
    fit : FitSettings
    faces : array-like of shape (n, 200, 200, 3), uint8, or (n, d), float32
        A pack's, left on the disk; or a vector for each of its faces.
    examples : Examples
        Rows of the pack that are learnt from, and what is known of them.
    held_out : Examples, optional
        Likewise, to validate on.
    """

    name: str
    outputs: Mapping[str, str]
    frozen: tuple[str, ...]
    fit: FitSettings
    faces: Faces
    examples: Examples
    held_out: Examples | None = None

    @property
    def rows(self) -> np.ndarray:
        """Rows of the pack that are looked at, to learn or to validate: ndarray of shape (n,), int64, ascending."""
        held_out = [] if self.held_out is None else [self.held_out.rows.ravel()]
        return np.unique(np.concatenate([self.examples.rows.ravel(), *held_out]))


@dataclass(frozen=True)
class Training:
    """A training to be done.

    Parameters
    ----------
    title : str
        For progress lines and messages, such as ``"conv_autoencoder rgb"``.
    networks : mapping of str to keras.Model
        Their variables are trained in place.
    phases : sequence of PhaseWork
    view : DeviceView or None
        None where vectors enter the networks, as they are.
    n_classes : int
        Emotions that a label can be.
    seed : int
        Of the order of faces and of how they are altered.
    folder : Path
        Gets ``history.csv``, and checkpoints while it trains.
    digest : str
        Of everything that shapes the result: a checkpoint of another digest is not gone on from.
    """

    title: str
    networks: Mapping[str, keras.Model]
    phases: Sequence[PhaseWork]
    view: DeviceView | None
    n_classes: int
    seed: int
    folder: Path
    digest: str
