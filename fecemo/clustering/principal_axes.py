"""Principal component analysis of embeddings that may be far larger than the memory."""

from dataclasses import dataclass

import numpy as np

from fecemo.clustering.vectors import WHOLE_BYTES, one_thread, row_blocks

OVERSAMPLING = 10
POWER_ITERATIONS = 2


@dataclass(frozen=True)
class PrincipalAxes:
    """The directions along which embeddings differ most."""

    mean: np.ndarray  #: Of shape (d,), float32.
    #: Of shape (c, d), float32. Orthonormal, by falling variance; the largest entry of each is positive.
    axes: np.ndarray
    explained: float  #: Share of all variance that lies along the axes, in [0, 1].

    def project(self, values: np.ndarray) -> np.ndarray:
        """Return the coordinates of (n, d) embeddings along the axes: ndarray of shape (n, c), float32."""
        projected = np.empty((len(values), len(self.axes)), np.float32)
        with one_thread():
            for rows in row_blocks(values):
                projected[rows] = (values[rows] - self.mean) @ self.axes.T
        return projected


def fit_principal_axes(values: np.ndarray, n_components: int, seed: int, *,
                       whole_bytes: int = WHOLE_BYTES) -> PrincipalAxes:
    """Find principal axes.

    Parameters
    ----------
    values : ndarray of shape (n, d), float32
        Finite.
    n_components : int
        Axes wanted; never more than min(n, d) are returned.
    seed : int
        Of the random projection.
    whole_bytes : int
        scikit-learn finds the axes of embeddings up to this size. Larger ones go through the same randomised method
        (Halko, Martinsson and Tropp, 2011, algorithm 4.4, with two power iterations) in blocks of rows, so that no
        more than a block and a few (d, c) matrices are in memory.
    """
    n_components = min(n_components, *values.shape)
    with one_thread():
        if values.nbytes <= whole_bytes:
            mean, axes, explained = _by_library(values, n_components, seed)
        else:
            mean, axes, explained = _by_blocks(values, n_components, seed)
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    return PrincipalAxes(mean.astype(np.float32), (axes * signs[:, None]).astype(np.float32), explained)


def _by_library(values: np.ndarray, n_components: int, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    from sklearn.decomposition import PCA

    fitted = PCA(n_components, random_state=seed).fit(values)
    return fitted.mean_, fitted.components_, float(np.nan_to_num(fitted.explained_variance_ratio_).sum())


def _by_blocks(values: np.ndarray, n_components: int, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    n_faces, n_dims = values.shape
    mean = np.zeros(n_dims)
    for rows in row_blocks(values):
        mean += values[rows].sum(axis=0, dtype=np.float64)
    mean = (mean / n_faces).astype(np.float32)

    width = min(n_components + OVERSAMPLING, n_faces, n_dims)
    basis = np.random.default_rng(seed).standard_normal((n_dims, width), np.float32)
    total = 0.0
    for step in range(POWER_ITERATIONS + 1):
        image = np.zeros((n_dims, width), np.float32)  # XᵀX · basis, X being centred, without ever forming XᵀX
        total = 0.0
        for rows in row_blocks(values):
            centred = values[rows] - mean
            image += centred.T @ (centred @ basis)
            total += float(np.einsum("ij,ij->", centred, centred, dtype=np.float64))
        if step < POWER_ITERATIONS:
            basis, _ = np.linalg.qr(image)
    basis, _ = np.linalg.qr(image)
    gram = np.zeros((width, width))
    for rows in row_blocks(values):
        coordinates = ((values[rows] - mean) @ basis).astype(np.float64)
        gram += coordinates.T @ coordinates
    variances, vectors = np.linalg.eigh(gram)
    order = np.argsort(variances)[::-1][:n_components]
    explained = float(variances[order].sum() / total) if total else 0.0
    return mean, (basis @ vectors[:, order]).T, explained
