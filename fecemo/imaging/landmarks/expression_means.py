"""What a class of faces shows on average: where its meshes are, and how its skin creases.

Means over many donors are free of each donor's own proportions, so that the difference between two classes is the
expression: Δ̄(t) of *Generating faces for affect analysis* (Kollias, Cheng, Ververas, Kotsia and Zafeiriou, 2020, arXiv
1811.05027), where each mesh has a neutral one of the same person. Blendshapes alone miss most of a frown and of a
lip that is pressed: a landmark model moves their points more than it moves its numbers. The quotient of two mean faces
is an expression ratio image (Liu, Shan and Zhang 2001): it darkens where skin creases.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fecemo.imaging.landmarks.expression_map import ExpressionMap

PRIOR = 8.0
"""Faces of a class at which half of what it shows on average is taken from their blendshapes alone, and half of its
creases is left out: the mean of few faces is a mean of people."""
INDIVIDUAL = 0.25
"""Share of a face's difference from its class that is taken for its expression; the rest is taken for the person."""


@dataclass(frozen=True)
class ExpressionMean:
    """Means over the faces of a class."""

    faces: int  #: Of how many, at least 1.
    blendshapes: np.ndarray  #: Of shape (52,), float64.
    mesh: np.ndarray  #: Of shape (478, 3), float64. Aligned.
    creases: np.ndarray  #: Of shape (side, side), float64. As `FaceSynthesizer.creases` gives them.

    @property
    def trust(self) -> float:
        """Float: n / (n + `PRIOR`), the share of these means that is believed."""
        return self.faces / (self.faces + PRIOR)


def mean_expression(blendshapes: np.ndarray, meshes: np.ndarray, creases: Iterable[np.ndarray]) -> ExpressionMean:
    """Return the means over a class's faces.

    Parameters
    ----------
    blendshapes : ndarray of shape (n, 52), float
    meshes : ndarray of shape (n, 478, 3), float
        Aligned.
    creases : iterable of ndarray of shape (side, side), float
        Of as many of these faces as one likes, at least one.

    Raises
    ------
    ValueError
        If there is no face.
    """
    total, count = np.zeros(()), 0
    for creased in creases:
        total, count = total + creased, count + 1
    if not len(blendshapes) or not count:
        raise ValueError("expected at least one face of a class")
    return ExpressionMean(len(blendshapes), blendshapes.mean(axis=0, dtype=np.float64),
                          meshes.mean(axis=0, dtype=np.float64), total / count)


@dataclass(frozen=True)
class ExpressionChange:
    """From what neutral faces show on average to what a class shows."""

    expressions: ExpressionMap
    neutral: ExpressionMean
    shown: ExpressionMean

    def move(self, photograph: np.ndarray, donor: np.ndarray) -> np.ndarray:
        """Return how the aligned mesh of a neutral photograph moves towards a donor's expression.

        Δ = s (X̄_c − X̄_0) + (1 − s) B(b̄_c − b̄_0) + ¼ B((b_donor − b̄_c) − (b_photograph − b̄_0)), with B the map from
        blendshapes to the mesh, s = n_c / (n_c + `PRIOR`), and 0 for neutral.

        Parameters
        ----------
        photograph, donor : ndarray of shape (52,), float
            Blendshapes.

        Returns
        -------
        ndarray of shape (478, 3), float64
        """
        between = self.shown.blendshapes - self.neutral.blendshapes
        difference = (1 - self.shown.trust) * between + INDIVIDUAL * (donor - photograph - between)
        moved: np.ndarray = self.shown.trust * (self.shown.mesh - self.neutral.mesh) + self.expressions.move(difference)
        return moved

    @property
    def creases(self) -> np.ndarray:
        """Ndarray of shape (side, side), float64: by how much the logarithm of brightness rises, less where few say."""
        rise: np.ndarray = self.shown.trust * (self.shown.creases - self.neutral.creases)
        return rise
