"""Every approach × variant of the catalogue, small enough to train in a test."""

import dataclasses
import math

import numpy as np

from fecemo.data.variants import Variant, variants
from fecemo.models.approach import IMAGE, PROBABILITIES_OF, Approach, Phase, approaches
from fecemo.models.loss import LossTerm, losses
from fecemo.training.augmentations.geometric import Crop
from fecemo.training.examples import Examples
from fecemo.training.optimizers import Adam
from fecemo.training.settings import FitSettings

FACE_SIDE = 32
N_CLASSES = 8
LEARNING = {name: approach for name, approach in approaches().items() if approach.build is not None}
"""Approaches that have a model."""
VARIANTS = sorted({(variant.side, variant.channels): name for name, variant in variants().items()}.values())
"""One of each shape: by that alone do models know a variant."""


def _shapes(number, approach):
    """Return the variants on which an approach is tried: all for one that gives faces back, else one in turn."""
    if not approach.takes_image:
        return ("rgb",)
    gives_faces = any("image" in phase.targets.values() for phase in approach.phases)
    return VARIANTS if gives_faces else (VARIANTS[number % len(VARIANTS)],)


CELLS = [(name, variant) for number, (name, approach) in enumerate(LEARNING.items())
         for variant in _shapes(number, approach)]
VECTOR = 7
LEARNT_COLUMN = 3
"""Numbers of the columns that are learnt."""
SIZES = {"blocks": (1, 1, 1, 1), "side": FACE_SIDE, "landmark_features": LEARNT_COLUMN, "dropout": (0.0, 0.0),
         "units": (1, 1, 1), "landmark_units": (1, 1, 1), "width": 16, "depth": 1, "fusion_depth": 1, "heads": 2,
         "drop_path": 0.0, "members": ("first", "second")}
"""Other sizes: depths, because each layer costs a compiler's time, and the side to which a model resizes faces.

Nothing is left out by chance, so that the loss of one step can be compared with that of the next.
"""
LOSSES = {"image": "mean_squared_error", "label": "cross_entropy", "views": "nt_xent", "triplet": "triplet"}
"""By target. Squared differences of pixels: the slope of a cross-entropy is no guide where these are clipped."""


def small_config(approach: Approach):
    """Return the published sizes with every width above 8 divided by 25, or `SIZES`."""
    def smaller(value):
        if isinstance(value, tuple):
            return tuple(smaller(element) for element in value)
        return max(4, value // 25) if isinstance(value, int) and value > 8 else value

    config = approach.config()
    return dataclasses.replace(config, **{
        field.name: SIZES.get(field.name, smaller(getattr(config, field.name)))
        for field in dataclasses.fields(config)})


def small_shape(variant: Variant) -> tuple[int, int, int]:
    side = variant.side * FACE_SIDE // 200
    return side, side, variant.channels


def input_shapes(approach: Approach, config, variant: Variant) -> dict[str, tuple[int, ...]]:
    """Return the shape of what enters each input for a face."""
    return {name: small_shape(variant) if column == IMAGE else
            (N_CLASSES if column.startswith(PROBABILITIES_OF) else VECTOR,)
            for name, column in approach.columns(config).items()}


def small_fit(phase: Phase, **over) -> FitSettings:
    """Return settings in which the first target of the phase is learnt by the loss that is named for it."""
    output, target = next(iter(phase.targets.items()))
    loss = losses()[LOSSES[target] if isinstance(target, str) else "vector_error"]()
    augment = (Crop(),) if target == "views" else ()
    fit = FitSettings((LossTerm(loss, output, target),), Adam(), 1e-3, epochs=1, batch_size=8, augment=augment)
    return dataclasses.replace(fit, **over)


def small_examples(phase: Phase, labels: np.ndarray) -> Examples:
    """Return what a phase learns from where these are the labels of the data set's first faces."""
    faces = np.arange(len(labels))
    known = {"label": labels, "triplet": (faces % 3).astype(np.int32)}
    targets = {}
    for term in small_fit(phase).losses:
        if term.target_name not in ("image", "views"):
            targets[term.target_name] = known.get(term.target_name, np.stack(
                [labels, 1 - labels, faces], axis=1).astype(np.float32))
    rows = np.stack([faces, np.roll(faces, 1), np.roll(faces, 4)], axis=1) if "triplet" in targets else faces
    return Examples(rows, targets)


def some_inputs(shapes: dict[str, tuple[int, ...]], n: int = 8, seed: int = 0) -> dict[str, np.ndarray]:
    """Return vectors, or soft pictures, not noise: an autoencoder can learn them."""
    chance = np.random.default_rng(seed)
    inputs = {}
    for name, shape in shapes.items():
        if len(shape) == 1:
            inputs[name] = chance.normal(size=(n, *shape)).astype(np.float32)
        else:
            ramps = np.linspace(0, 255, math.prod(shape), dtype=np.float32).reshape(shape)
            inputs[name] = ramps * chance.uniform(0.2, 1, (n, 1, 1, 1)).astype(np.float32)
    return inputs
