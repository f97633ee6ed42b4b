"""An image variant computed on the device: the margin cut, gray levels, and the reduction to a network's side."""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops

from fecemo.data.variants import FACE_SIDE, LUMA_WEIGHTS, Variant
from fecemo.training.backend import compiled

WHITE = 255.0
"""The brightest pixel of a view."""

LUMA_UNIT = 65536.0


class DeviceView(keras.layers.Layer):
    """Stored faces to the pixels that enter a network.

    Every number before the last multiplication is a whole number below 2²⁴, which float32 holds exactly: the result
    does not depend on the order of additions, so batches of any size, any backend and any device agree, and gray
    levels equal those of `Variant.view` to the last bit. The reduction is an average over areas; a pixel that falls
    into two areas counts for each by its share, and where the side divides evenly it is the mean of a block.

    Parameters
    ----------
    side : int
        Side in pixels of what comes out, at most ``variant.side``.
    """

    def __init__(self, variant: Variant, side: int) -> None:
        super().__init__(trainable=False, dtype="float32", name="view")
        if not 0 < side <= variant.side:
            raise ValueError(f"the view {variant.name} has {variant.side} pixels a side and cannot become {side}")
        self.variant = variant
        self.side = side
        self._shares = area_shares(variant.side, side)

    @property
    def reduces(self) -> bool:
        """bool: Whether what comes out is smaller than the view, so that its pixels are not whole numbers."""
        return self.side < self.variant.side

    @cached_property
    def program(self) -> Callable[[Any], Any]:
        """Callable: The view as one compiled program, of a tensor of faces. Feeds share it, and compile it once."""
        return compiled(lambda faces: self.call(faces))

    @cached_property
    def program_of_positions(self) -> Callable[[Any, Any], Any]:
        """Callable: Likewise, of a tensor of all faces and one of the positions that are to be seen, of shape (n,)."""
        return compiled(lambda faces, positions: self.call(ops.take(faces, positions, axis=0)))

    def call(self, faces: object) -> object:
        """Return the view.

        Parameters
        ----------
        faces : tensor of shape (n, 200, 200, 3) or (n, 200, 200, 1), uint8

        Returns
        -------
        tensor of shape (n, side, side, channels), float32
            Pixels in [0, 255].
        """
        margin = self.variant.margin
        cut = faces[:, margin : FACE_SIDE - margin, margin : FACE_SIDE - margin]  # type: ignore[index]
        pixels = ops.cast(cut, "float32")
        if self.variant.channels != pixels.shape[-1]:
            red, green, blue = (weight * pixels[..., index : index + 1] for index, weight in enumerate(LUMA_WEIGHTS))
            pixels = ops.floor((red + green + blue + LUMA_UNIT / 2) / LUMA_UNIT)
        return self._reduced(pixels) if self.reduces else pixels

    def _reduced(self, pixels: object) -> object:
        """Average over areas, down the rows by one matrix product and along them by another."""
        channels, side = self.variant.channels, self.variant.side
        rows = ops.matmul(self._shares, ops.reshape(pixels, (-1, side, side * channels)))
        # Devices that shorten the factors of a product keep at least 8 bits: enough for a pixel and a share, but not
        # for a sum of them, which therefore goes in as two digits of base 256.
        along = np.kron(self._shares, np.eye(channels, dtype=np.float32)).T
        high = ops.floor(rows / 256.0)
        sums = 256.0 * ops.matmul(high, along) + ops.matmul(rows - 256.0 * high, along)
        return ops.reshape(sums, (-1, self.side, self.side, channels)) * (1.0 / float(self._shares[0].sum()) ** 2)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (n, side, side, channels)."""
        return (input_shape[0], self.side, self.side, self.variant.channels)


def area_shares(length: int, areas: int) -> np.ndarray:
    """Return how much of each of ``length`` pixels falls into each of ``areas`` equal areas, in whole numbers.

    Returns
    -------
    ndarray of shape (areas, length), float32
        Rows add up to ``length / gcd(length, areas)``.
    """
    common = math.gcd(length, areas)
    per_pixel, per_area = areas // common, length // common
    pixel_starts = np.arange(length) * per_pixel
    area_starts = np.arange(areas)[:, None] * per_area
    overlap = np.minimum(pixel_starts + per_pixel, area_starts + per_area) - np.maximum(pixel_starts, area_starts)
    return np.maximum(overlap, 0).astype(np.float32)
