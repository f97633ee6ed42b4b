"""Descriptions of pictures that nothing learns: each module holds one `DESCRIPTOR`; adding a file adds a descriptor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fecemo.registry import find


@dataclass(frozen=True)
class Descriptor:
    """A description of a picture by a vector.

    Parameters
    ----------
    name : str
        `fecemo.models.approach.Approach.descriptor` names it.
    length : callable
        ``length(sizes) -> int``, by the fields of the approach's config.
    describe : callable
        ``describe(picture, sizes) -> ndarray of shape (length,), float32``, of a picture of shape (side, side,
        channels), uint8.
    """

    name: str
    length: Callable[[Mapping[str, Any]], int]
    describe: Callable[[np.ndarray, Mapping[str, Any]], np.ndarray]


def find_descriptor(name: str) -> Descriptor:
    """Return a descriptor by name. Raises `InputError` for an unknown one, naming the nearest."""
    return find("fecemo.imaging.descriptors", "DESCRIPTOR", name, "descriptor")
