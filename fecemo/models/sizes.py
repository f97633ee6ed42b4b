"""Refuse sizes that no network can have, in the words of the recipe."""

import math
from typing import Any

from fecemo.models.plan import Shape


def refuse_sizes_below_one(config: Any, *names: str) -> None:
    """Raise `ValueError` if one of the named fields, a whole number or several, is below 1 or empty."""
    for name in names:
        value = getattr(config, name)
        sizes = value if isinstance(value, tuple) else (value,)
        if not sizes or min(sizes) < 1:
            raise ValueError(f"{name} must be whole numbers above 0, not {value}")


def refuse_pools_that_leave_a_rest(pools: tuple[int, ...], input_shape: Shape) -> None:
    """Raise `ValueError` if poolings of these sizes do not divide the side of the image.

    A transposed convolution multiplies the side by its stride: only then does the decoder come back to the same size.
    """
    side = input_shape[0]
    if side % math.prod(pools):
        divisors = [size for size in range(2, side + 1) if side % size == 0]
        raise ValueError(
            f"pools: {list(pools)} multiply to {math.prod(pools)}, which does not divide the {side} pixels of the "
            f"image; choose {len(pools)} sizes whose product does (divisors of {side}: {divisors})"
        )
