"""Fill in what a network subtracts from the vectors that enter it, and what it divides them by."""

import keras
import numpy as np

NEGLIGIBLE = 1e-6
"""Share of the mean variance below which a number says nothing: it is not made as large as the others."""


def standardize(network: keras.Model, layer: str, vectors: np.ndarray) -> None:
    """Give a layer that normalizes the mean and the variance of each number of some vectors.

    Numbers that hardly vary are divided by what they would be if they varied by `NEGLIGIBLE` of the mean variance.

    Parameters
    ----------
    network : keras.Model
        Holds the layer in a stack of the same name.
    layer : str
    vectors : ndarray of shape (n, d), floating
        Those that are learnt from; at least one.
    """
    values = np.asarray(vectors, np.float64)
    variances = values.var(axis=0)
    mean = variances.mean()
    inside = network.get_layer(layer).get_layer(layer)
    inside.moving_mean.assign(values.mean(axis=0).astype(np.float32))
    inside.moving_variance.assign(np.maximum(variances, NEGLIGIBLE * mean if mean > 0 else 1.0).astype(np.float32))
