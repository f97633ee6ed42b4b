"""Descriptions of pictures that nothing learns: each module holds one `DESCRIPTOR`; adding a file adds a descriptor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fecemo.registry import Registry


@dataclass(frozen=True)
class Descriptor:
    """A description of a picture by a vector."""

    name: str  #: `fecemo.models.approach.Approach.descriptor` names it.
    #: ``open(settings) -> describe``, by the fields of the approach's config, where ``describe(pictures)`` takes
    #: pictures of shape (n, side, side, channels), uint8, n ≥ 1, and returns vectors of shape (n, d), float32.
    open: Callable[[Mapping[str, Any]], Callable[[np.ndarray], np.ndarray]]


descriptors = Registry[Descriptor]("fecemo.imaging.descriptors", "DESCRIPTOR", "descriptor")
