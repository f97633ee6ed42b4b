"""Vectors of faces that need no label of a person, of which levers.py makes clusters."""

from collections.abc import Callable

import cv2
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import RidgeCV

JITTERED, VIEWS = 500, 4
"""Faces that are measured again, moved and turned a little, and how often."""
CLUSTERINGS = (16, 24, 32, 48, 64) * 4
"""Numbers of clusters of an ensemble."""
PROTOTYPES, WIDTH, BATCH, EPOCHS = 64, 32, 512, 15
"""Of the network that is trained for balanced assignments, and of its training."""
NOISE, LEFT_OUT = 0.3, 0.2
"""Standard deviation that is added to standardised features, and the share of them that is left out, in each view."""
TEMPERATURE, SHARPNESS, SINKHORN = 0.1, 0.05, 3
"""Of answers; of assignments; and rounds in which these are balanced."""


def standard(values: np.ndarray, of: np.ndarray | None = None) -> np.ndarray:
    """Return values by the means and deviations of some faces, within four deviations."""
    of = values if of is None else of
    deviation = of.std(axis=0)
    return np.clip(np.divide(values - of.mean(axis=0), deviation, out=np.zeros_like(values), where=deviation > 1e-6),
                   -4, 4)


def reliability(faces: np.ndarray, rows: np.ndarray, variance: np.ndarray,
                measure: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return which share of each feature's variance remains when faces are moved and turned a little: shape (d,)."""
    rng, within = np.random.default_rng(0), []
    for row in np.sort(rng.choice(rows, min(JITTERED, len(rows)), replace=False)):
        views = []
        for _ in range(VIEWS):
            turn = cv2.getRotationMatrix2D((100, 100), rng.uniform(-6, 6), rng.uniform(0.94, 1.06))
            turn[:, 2] += rng.uniform(-6, 6, 2)
            views.append(measure(cv2.warpAffine(np.asarray(faces[row]), turn, (200, 200),
                                                borderMode=cv2.BORDER_REPLICATE)))
        within.append(np.var(views, axis=0, ddof=1))
    return np.clip(1 - np.mean(within, axis=0) / variance.clip(1e-9), 0, 1)


def action_units(examples: np.ndarray, actions: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return facial actions of faces, by a ridge regression that has seen drawn faces alone: (n, a), standardised.

    Parameters
    ----------
    examples, vectors : ndarray of shape (m, d) and (n, d)
        Features of drawn faces and of people's, each standardised by their own.
    actions : ndarray of shape (m, a)
        With which the former were drawn.
    """
    return standard(np.asarray(RidgeCV(10.0 ** np.arange(1, 6)).fit(examples, actions).predict(vectors)))


def ensemble(vectors: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return faces by the clusters of twenty clusterings that they share (co-association), along 50 axes."""
    shared = []
    for seed, count in enumerate(CLUSTERINGS):
        fitted = KMeans(count, n_init=1, random_state=seed).fit(vectors[train])
        shared.append(np.eye(count)[fitted.predict(vectors)] / np.sqrt(len(CLUSTERINGS)))
    every = np.hstack(shared)
    return np.asarray(TruncatedSVD(50, random_state=0).fit(every[train]).transform(every))


def balanced_assignments(vectors: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return embeddings that learnt to tell, of one view of a face, to which prototype another view is assigned.

    Assignments are balanced, so that prototypes are alike often (Caron et al. 2020, SwAV, equations 2 and 3). Views of
    standardised features, (n, d), differ by noise and by features that are left out.
    """
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    encoder = keras.Sequential([keras.layers.Dense(256, activation="gelu"), keras.layers.Dense(WIDTH),
                                keras.layers.UnitNormalization()])
    prototypes = keras.layers.Dense(PROTOTYPES, use_bias=False, kernel_constraint=keras.constraints.UnitNorm())
    optimizer, rng = keras.optimizers.Adam(1e-3), np.random.default_rng(0)
    values = vectors.astype(np.float32)

    def view(rows: np.ndarray) -> np.ndarray:
        noisy = values[rows] + rng.normal(scale=NOISE, size=(len(rows), values.shape[1]))
        return (noisy * (rng.random(noisy.shape) >= LEFT_OUT)).astype(np.float32)

    def balanced(scores: np.ndarray) -> np.ndarray:
        shares = np.exp((scores - scores.max()) / SHARPNESS)
        for _ in range(SINKHORN):
            shares /= shares.sum(axis=0).clip(1e-12) * PROTOTYPES
            shares /= shares.sum(axis=1, keepdims=True).clip(1e-12) * len(shares)
        return (shares * len(shares)).astype(np.float32)

    for _ in range(EPOCHS):
        order = rng.permutation(train)
        for start in range(0, len(order) - BATCH + 1, BATCH):
            rows = order[start:start + BATCH]
            with tf.GradientTape() as tape:
                first, second = (prototypes(encoder(view(rows))) for _ in range(2))
                cost = sum(tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(
                    balanced(assigned.numpy()), told / TEMPERATURE)) for assigned, told in (
                        (first, second), (second, first)))
            weights = [*encoder.trainable_variables, *prototypes.trainable_variables]
            optimizer.apply(tape.gradient(cost, weights), weights)
            prototypes.kernel.assign(prototypes.kernel_constraint(prototypes.kernel))
    return np.asarray(encoder(values))
