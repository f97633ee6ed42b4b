"""Faces laid over one another, in pairs, with the labels of both (Zhang et al. 2018)."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.data.ranges import ranged
from fecemo.lazy_keras import ops
from fecemo.training.augmentation import Augmentation, uniform

MIXED = "mixed"
"""What is emitted: for each face, how much of it is its own."""
QUANTILES, CELLS = 4096, 1 << 18


@dataclass(frozen=True)
class Mixup(Augmentation):
    """Each face becomes λ of itself and 1 − λ of the face before it in the batch, λ drawn from Beta(α, α).

    Its loss is λ ℓ(its own target) + (1 − λ) ℓ(the other's), which for a cross-entropy is that of mixed labels
    (equations 1 and 2). Targets that are pixels are those of the mixed face. Faces are mixed while learning alone.
    """

    alpha: float = ranged(0.2, min=0.01, max=100)  #: α; small ones leave most faces nearly as they are.
    name: str = field(default="mixup", init=False)

    targets = (MIXED,)

    @property
    def in_validation(self) -> bool:
        """bool: Never."""
        return False

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the mixed faces, and λ of each, of shape (n,); see `Augmentation.apply`."""
        places = ops.cast(uniform(faces, seed_generator, 0, QUANTILES), "int32")
        shares = ops.take(ops.convert_to_tensor(self.quantiles()), ops.minimum(places, QUANTILES - 1), axis=0)
        return shares * faces + (1 - shares) * ops.roll(faces, 1, axis=0), {MIXED: ops.reshape(shares, (-1,))}

    def quantiles(self) -> np.ndarray:
        """Return quantiles of Beta(α, α) of equal steps: ndarray of shape (4096,), float32, ascending.

        Backends draw from it each in a way of its own, or not within a compiled program. With λ = sin² φ the density
        is that of (sin φ cos φ)^(2α − 1), added up over thin cells of φ in (0, π / 2).
        """
        edges = np.linspace(0, np.pi / 2, CELLS + 1)
        middles = (edges[1:] + edges[:-1]) / 2
        cumulated = np.concatenate([[0.0], np.cumsum((np.sin(middles) * np.cos(middles)) ** (2 * self.alpha - 1))])
        wanted = (np.arange(QUANTILES) + 0.5) / QUANTILES * cumulated[-1]
        return np.square(np.sin(np.interp(wanted, cumulated, edges))).astype(np.float32)


AUGMENTATION = Mixup
