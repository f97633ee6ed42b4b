"""How much a face of each emotion counts where emotions are not equally common."""

import numpy as np


def class_weights(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Return W_y = N_min / N_y ("weighted-cluster loss", equation 6).

    Parameters
    ----------
    labels : ndarray of shape (m,), int
        Of all faces that are learnt from.

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


def weights_and_mean(labels: np.ndarray, n_classes: int) -> dict[str, np.ndarray]:
    """Return what a weighted loss remembers: W_y, and W̄, its mean over all faces, by which the loss is divided.

    The study adds up W_y ℓ over the m faces of a batch, and names rates that are common for a mean. W̄ = k N_min / N,
    with k emotions among N faces, is small: .09 for the study's faces. The mean of W_y ℓ would hardly teach at those
    rates; with the sum, an unweighted softmax would learn m times as fast as is common, and a weighted one m W̄ times,
    2.75 at m = 30. The mean of W_y ℓ / W̄ has the direction of the printed sum, and a face of average weight teaches as
    it does without weights: rows of a table then differ by what their losses look for, not by how fast they learn.

    W̄ is that of all faces. A batch divided by its own weights, as is common too, counts no more for holding a rare
    face, so that the rare would count for less than W_y says, and what a face counts for would depend on its company.

    Parameters
    ----------
    labels : ndarray of shape (m,), int
        Of all faces that are learnt from; at least one.

    Returns
    -------
    dict of str to ndarray, float32
        ``class_weights`` of shape (n_classes,) and ``mean_weight`` of shape (), in (0, 1].
    """
    weights = class_weights(labels, n_classes)
    return {"class_weights": weights, "mean_weight": weights[labels].mean(dtype=np.float64).astype(np.float32)}
