"""From blendshapes to the mesh: how points of a face move with an expression, learnt by ridge regression.

It stands in for the blendshape model of *Generating faces for affect analysis* (Kollias, Cheng, Ververas, Kotsia and
Zafeiriou, 2020, arXiv 1811.05027), which is built of 3-D scans of the same people: here identity averages out over many
aligned meshes of different people.
"""

from dataclasses import dataclass

import numpy as np

PENALTY = 1e-3
"""Variance of a blendshape below which its coefficients are shrunk by more than half."""


@dataclass(frozen=True)
class ExpressionMap:
    """mesh ≈ mean_mesh + (blendshapes − mean_blendshapes) · coefficients."""

    mean_blendshapes: np.ndarray  #: Of shape (b,), float64.
    #: Of shape (478, 3), float64. Aligned, as `fecemo.imaging.landmarks.alignment.align` gives meshes.
    mean_mesh: np.ndarray
    coefficients: np.ndarray  #: Of shape (b, 478, 3), float64.

    def move(self, difference: np.ndarray) -> np.ndarray:
        """Return how far a change of the blendshapes, of shape (b,), moves the aligned mesh: shape (478, 3)."""
        moved: np.ndarray = np.tensordot(np.asarray(difference, np.float64), self.coefficients, axes=1)
        return moved


def fit_expression_map(blendshapes: np.ndarray, meshes: np.ndarray, penalty: float = PENALTY) -> ExpressionMap:
    """Learn the map: B = (DᵀD / n + penalty · I)⁻¹ DᵀX / n, with D and X less their means.

    Parameters
    ----------
    blendshapes : ndarray of shape (n, b), float
        In [0, 1].
    meshes : ndarray of shape (n, 478, 3), float
        Aligned.
    penalty : float
        At least 0.

    Raises
    ------
    ValueError
        If there are fewer than two faces.
    """
    if len(blendshapes) < 2:
        raise ValueError(f"expected at least two faces to learn from, got {len(blendshapes)}")
    mean_blendshapes, mean_mesh = blendshapes.mean(axis=0, dtype=np.float64), meshes.mean(axis=0, dtype=np.float64)
    inputs = blendshapes - mean_blendshapes
    outputs = (meshes - mean_mesh).reshape(len(meshes), -1)
    gram = inputs.T @ inputs / len(inputs) + penalty * np.eye(inputs.shape[1])
    coefficients = np.linalg.lstsq(gram, inputs.T @ outputs / len(inputs), rcond=None)[0]
    return ExpressionMap(mean_blendshapes, mean_mesh, coefficients.reshape(-1, *mean_mesh.shape))
