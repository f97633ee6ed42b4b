"""Random light, blur, noise, masks and loss of detail: what the pixels of a face are."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.data.ranges import ranged
from fecemo.lazy_keras import keras, ops
from fecemo.training.augmentation import Augmentation, pixel_centres, resample, uniform

GRAY = 127.5
"""What masked and erased pixels become."""


@dataclass(frozen=True)
class Colour(Augmentation):
    """Multiply brightness, contrast and saturation of each face by random factors of 1 − strength to 1 + strength.

    Contrast spreads pixels from the mean of the face, saturation from the mean of a pixel's channels.
    """

    #: `brightness`, `contrast`, `saturation`: Strengths, in [0, 1].
    brightness: float = ranged(0.4, min=0, max=1)
    contrast: float = ranged(0.4, min=0, max=1)
    saturation: float = ranged(0.4, min=0, max=1)
    name: str = field(default="colour", init=False)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the changed faces, cut to [0, 255]; see `Augmentation.apply`."""
        faces = faces * uniform(faces, seed_generator, 1 - self.brightness, 1 + self.brightness)
        for strength, axes in ((self.contrast, (1, 2, 3)), (self.saturation, (3,))):
            mean = ops.mean(faces, axis=axes, keepdims=True)
            faces = mean + (faces - mean) * uniform(faces, seed_generator, 1 - strength, 1 + strength)
        return ops.clip(faces, 0.0, 255.0)


@dataclass(frozen=True)
class Blur(Augmentation):
    """Spread each pixel by a Gaussian of random width; at the rim the weights that are left add up to 1."""

    #: Largest standard deviation, as a share of the face's side, in (0, 1].
    max_sigma: float = ranged(0.02, min=1e-4, max=1)
    name: str = field(default="blur", init=False)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the blurred faces; see `Augmentation.apply`."""
        side = faces.shape[1]
        # A thousandth of a pixel more, because a width of nothing would divide by it.
        sigma = uniform(faces, seed_generator, 0, self.max_sigma)[..., 0] * side + 1e-3
        squared_distance = ops.square(pixel_centres(side)[:, None] - pixel_centres(side)[None, :])
        weights = ops.softmax(-squared_distance / (2 * ops.square(sigma)), axis=-1)
        return resample(faces, weights, weights)


@dataclass(frozen=True)
class Noise(Augmentation):
    """Add Gaussian noise to every pixel and channel."""

    deviation: float = ranged(25.0, min=0, max=255)  #: Standard deviation, in levels of 0 to 255.
    name: str = field(default="noise", init=False)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the noisy faces, cut to [0, 255]; see `Augmentation.apply`."""
        noise = keras.random.normal(faces.shape, stddev=self.deviation, dtype="float32", seed=seed_generator)
        return keras.ops.clip(faces + noise, 0.0, 255.0)


@dataclass(frozen=True)
class Mask(Augmentation):
    """Hide equally many squares of a grid in every face under gray, as masked autoencoders do (He et al. 2022)."""

    grid: int = ranged(8, min=1)  #: Squares along a side.
    #: Share of the squares that is hidden, in [0, 1], rounded to whole squares.
    mask_ratio: float = ranged(0.5, min=0, max=1)
    name: str = field(default="mask", init=False)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the faces with squares hidden; see `Augmentation.apply`."""
        n, side = faces.shape[:2]
        draws = keras.random.uniform((n, self.grid**2), dtype="float32", seed=seed_generator)
        # A square is hidden whose draw is among the smallest of its face.
        rank = ops.argsort(ops.argsort(draws, axis=-1), axis=-1)
        hidden = ops.reshape(rank < round(self.mask_ratio * self.grid**2), (n, self.grid, self.grid))
        square_of = np.arange(side) * self.grid // side
        hidden = ops.take(ops.take(hidden, square_of, axis=1), square_of, axis=2)
        return ops.where(ops.expand_dims(hidden, -1), GRAY, faces)


@dataclass(frozen=True)
class Erase(Augmentation):
    """Hide a rectangle of random size and place of some of the faces under gray (Zhong et al. 2020, algorithm 1).

    Where it would pass the rim it is cut. With a probability of 1, one area and an aspect of 1 it is cut-out.
    """

    probability: float = ranged(0.5, min=0, max=1)  #: In [0, 1].
    #: `min_area`, `max_area`: Share of the face, in (0, 1].
    min_area: float = ranged(0.02, min=1e-4, max=1)
    max_area: float = ranged(0.1, min=1e-4, max=1)
    max_aspect: float = ranged(3.3, min=1, max=100)  #: Largest ratio of the rectangle's sides, at least 1.
    name: str = field(default="erase", init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_area > self.max_area:
            raise ValueError(f"min_area must be at most max_area, {self.max_area}, not {self.min_area}")

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the faces, some with a rectangle hidden; see `Augmentation.apply`."""
        side = faces.shape[1]
        area = uniform(faces, seed_generator, self.min_area, self.max_area)
        aspect = ops.exp(uniform(faces, seed_generator, -1, 1) * float(np.log(self.max_aspect)))
        hidden = uniform(faces, seed_generator, 0, 1) < self.probability
        for length, places in ((ops.sqrt(area * aspect), pixel_centres(side).reshape(1, side, 1, 1)),
                               (ops.sqrt(area / aspect), pixel_centres(side).reshape(1, 1, side, 1))):
            start = uniform(faces, seed_generator, 0, 1) * ops.maximum(1 - length, 0.0) * side
            places = ops.convert_to_tensor(places)
            hidden = ops.logical_and(hidden, ops.logical_and(places > start, places < start + length * side))
        return ops.where(hidden, GRAY, faces)


@dataclass(frozen=True)
class Resolution(Augmentation):
    """Shrink each face to a random number of pixels, by area averages, and enlarge it again, by linear interpolation.

    What a network learns on faces of one size then depends less on detail that smaller faces of other collections lack.
    """

    #: Fewest pixels along a side, as a share of the face's, in (0, 1]; at least 1. All whole numbers of pixels from
    #: there to the face's own are equally likely.
    min_side: float = ranged(0.4, min=0.01, max=1)
    name: str = field(default="resolution", init=False)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the faces with less detail; see `Augmentation.apply`."""
        side = faces.shape[1]
        least = max(1, round(self.min_side * side))
        few = ops.minimum(ops.floor(uniform(faces, seed_generator, least, side + 1)), float(side))[..., 0]
        fine = ops.convert_to_tensor(pixel_centres(side))
        numbers = fine - 0.5
        # Edges of pixel i of the few, among those of the face: what they have in common with pixel j is its weight.
        low, high = numbers[:, None] * side / few, (numbers[:, None] + 1) * side / few
        down = ops.relu(ops.minimum(high, numbers + 1) - ops.maximum(low, numbers)) * few / side
        places = ops.clip(fine[:, None] * few / side, 0.5, few - 0.5)
        weights = ops.matmul(ops.relu(1 - ops.abs(places - fine)), down)
        return resample(faces, weights, weights)


AUGMENTATION = (Colour, Blur, Noise, Mask, Erase, Resolution)
