"""Every approach × variant of the catalogue, small enough to train in a test."""

import dataclasses

import numpy as np

from fecemo.models.approach import Approach, approaches
from fecemo.packs.variant import Variant, variants
from fecemo.training.settings import FitSettings

FACE_SIDE = 32
N_CLASSES = 8
CELLS = [(approach, variant) for approach in approaches() for variant in variants()]
LOSSES = {"reconstruct": "binary_crossentropy", "classify": "categorical_crossentropy"}


def small_config(approach: Approach):
    """Return the published sizes with every width above 8 divided by 25."""
    def smaller(value):
        if isinstance(value, tuple):
            return tuple(smaller(one) for one in value)
        return max(4, value // 25) if isinstance(value, int) and value > 8 else value

    config = approach.config()
    return dataclasses.replace(config, **{field.name: smaller(getattr(config, field.name))
                                          for field in dataclasses.fields(config)})


def small_shape(variant: Variant) -> tuple[int, int, int]:
    side = variant.side * FACE_SIDE // 200
    return side, side, variant.channels


def small_fit(task: str, **over) -> FitSettings:
    return dataclasses.replace(FitSettings(LOSSES[task], "adam", 1e-3, epochs=1, batch_size=8), **over)


def some_pixels(shape: tuple[int, ...], n: int = 8, seed: int = 0) -> np.ndarray:
    """Return soft pictures, not noise: an autoencoder can learn them."""
    ramps = np.linspace(0, 255, shape[0] * shape[1] * shape[2], dtype=np.float32).reshape(shape)
    shares = np.random.default_rng(seed).uniform(0.2, 1, (n, 1, 1, 1)).astype(np.float32)
    return ramps * shares
