"""Every approach × variant of the catalogue, small enough to train in a test."""

import dataclasses
import math

import numpy as np

from fecemo.data.variant import Variant, variants
from fecemo.models.approach import Approach, Phase, approaches
from fecemo.models.loss import losses
from fecemo.training.augmentations.geometric import Crop
from fecemo.training.examples import Examples
from fecemo.training.optimizers import Adam
from fecemo.training.settings import FitSettings

FACE_SIDE = 32
N_CLASSES = 8
LEARNING = {name: approach for name, approach in approaches().items() if approach.networks}
"""Approaches that train networks."""
VARIANTS = sorted({(variant.side, variant.channels): name for name, variant in variants().items()}.values())
"""One of each shape: by that alone do networks know a variant."""
CELLS = [(name, variant) for name, approach in LEARNING.items()
         for variant in (VARIANTS if approach.takes == "pixels" else ("rgb",))]
MEASUREMENTS = 3
VECTOR = 7
SIZES = {"blocks": (1, 1, 1, 1), "side": FACE_SIDE, "measurements": MEASUREMENTS, "dropout": (0.0, 0.0)}
"""Other sizes: depths, because each layer costs a compiler's time, and the side to which a network resizes faces.

Nothing is left out by chance, so that the loss of one step can be compared with that of the next.
"""
LOSSES = {"pixels": "binary_crossentropy", "probabilities": "categorical_crossentropy", "vector": "vector_error",
          "embedding": "triplet"}
LOSSES_OF_VIEWS = {"embedding": "nt_xent"}
"""Where faces are all that a phase learns from, an embedding is taught by two views of each."""


def small_config(approach: Approach):
    """Return the published sizes with every width above 8 divided by 25, or `SIZES`."""
    def smaller(value):
        if isinstance(value, tuple):
            return tuple(smaller(one) for one in value)
        return max(4, value // 25) if isinstance(value, int) and value > 8 else value

    config = approach.config()
    return dataclasses.replace(config, **{
        field.name: SIZES.get(field.name, smaller(getattr(config, field.name)))
        for field in dataclasses.fields(config)})


def small_shape(variant: Variant) -> tuple[int, int, int]:
    side = variant.side * FACE_SIDE // 200
    return side, side, variant.channels


def input_shape(approach: Approach, variant: Variant) -> tuple[int, ...]:
    """Return the shape of what enters the networks for a face."""
    return small_shape(variant) if approach.takes == "pixels" else (VECTOR,)


def small_fit(phase: Phase, losses_of_output=LOSSES, **over) -> FitSettings:
    """Return settings in which the phase's first output is taught by the loss that is named for it."""
    output = next(iter(phase.outputs))
    of_views = LOSSES_OF_VIEWS if phase.faces == "source" else {}
    loss = losses()[{**losses_of_output, **of_views}[output]]()
    augment = (Crop(),) if loss.learns_from == "views" else ()
    return dataclasses.replace(FitSettings((loss,), Adam(), 1e-3, epochs=1, batch_size=8, augment=augment), **over)


def small_examples(phase: Phase, labels: np.ndarray) -> Examples:
    """Return what a phase learns from where these are the labels of the pack's first faces."""
    faces = np.arange(len(labels))
    known = {
        "source": {},
        "source_measured": {"vector": np.stack([labels, 1 - labels, faces], axis=1).astype(np.float32)},
        "target": {"label": labels},
        "triplets": {"triplet": (faces % 3).astype(np.int32)},
    }[phase.faces]
    rows = np.stack([faces, np.roll(faces, 1), np.roll(faces, 4)], axis=1) if phase.faces == "triplets" else faces
    return Examples(rows, known)


def networks_of(phase: Phase, networks: dict) -> dict:
    """Return the network that gives each kind of output."""
    return {output: networks[name] for output, name in phase.outputs.items()}


def some_inputs(shape: tuple[int, ...], n: int = 8, seed: int = 0) -> np.ndarray:
    """Return vectors, or soft pictures, not noise: an autoencoder can learn them."""
    chance = np.random.default_rng(seed)
    if len(shape) == 1:
        return chance.normal(size=(n, *shape)).astype(np.float32)
    ramps = np.linspace(0, 255, math.prod(shape), dtype=np.float32).reshape(shape)
    return ramps * chance.uniform(0.2, 1, (n, 1, 1, 1)).astype(np.float32)
