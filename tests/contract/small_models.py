"""Every approach × variant of the catalogue, small enough to train in a test."""

import dataclasses

import numpy as np

from fecemo.models.approach import Approach, Phase, approaches
from fecemo.models.loss import losses
from fecemo.packs.variant import Variant, variants
from fecemo.training.examples import Examples
from fecemo.training.optimizers.adam import Adam
from fecemo.training.settings import FitSettings

FACE_SIDE = 32
N_CLASSES = 8
LEARNING = {name: approach for name, approach in approaches().items() if approach.networks}
"""Approaches that train networks."""
CELLS = [(approach, variant) for approach in LEARNING for variant in variants()]
MEASUREMENTS = 3
SIZES = {"blocks": (1, 1, 1, 1), "side": FACE_SIDE, "measurements": MEASUREMENTS}
"""Other sizes: depths, because each layer costs a compiler's time, and the side to which a network resizes faces."""
LOSSES = {"pixels": "binary_crossentropy", "probabilities": "categorical_crossentropy", "vector": "vector_error",
          "embedding": "triplet"}


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


def small_fit(phase: Phase, losses_of_output=LOSSES, **over) -> FitSettings:
    """Return settings in which the phase's first output is taught by the loss that is named for it."""
    loss = losses()[losses_of_output[next(iter(phase.outputs))]]()
    return dataclasses.replace(FitSettings((loss,), Adam(), 1e-3, epochs=1, batch_size=8), **over)


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


def some_pixels(shape: tuple[int, ...], n: int = 8, seed: int = 0) -> np.ndarray:
    """Return soft pictures, not noise: an autoencoder can learn them."""
    ramps = np.linspace(0, 255, shape[0] * shape[1] * shape[2], dtype=np.float32).reshape(shape)
    shares = np.random.default_rng(seed).uniform(0.2, 1, (n, 1, 1, 1)).astype(np.float32)
    return ramps * shares
