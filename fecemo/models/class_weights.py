"""How much a face of each emotion counts where emotions are not equally common."""

import numpy as np


def class_weights(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Return W_y = N_min / N_y ("weighted-cluster loss", equation 6).

    Parameters
    ----------
    labels : ndarray of shape (m,), int
        Of all faces that are learnt from.
    n_classes : int

    Returns
    -------
    ndarray of shape (n_classes,), float32
        In (0, 1], 1 for the rarest emotion that occurs; 0 for those that do not.
    """
    counts = np.bincount(labels, minlength=n_classes).astype(np.float64)
    occurs = counts > 0
    weights = np.zeros(n_classes, np.float32)
    weights[occurs] = counts[occurs].min() / counts[occurs]
    return weights
