"""How differently two samples of faces are spread, whatever they show."""

import numpy as np

from fecemo.evaluation.set_metric import SetMetric

FOLDS = 5
PENALTY = 0.01
"""scikit-learn's ``C``. Faces are few for the numbers of a vector; a weaker penalty answers no better for others."""


def energy_coefficient(a: np.ndarray, b: np.ndarray) -> float:
    """Return (2 E|A − B| − E|A − A'| − E|B − B'|) / (2 E|A − B|) (Székely and Rizzo, "Energy statistics", 2013).

    Parameters
    ----------
    a, b : ndarray of shape (n, d) and (m, d), float
        n, m ≥ 2.

    Returns
    -------
    float
        At most 1; 0 in the mean over samples of one distribution, because a point is not compared with itself.
    """
    from scipy.spatial.distance import cdist

    between = float(cdist(a, b).mean())
    within = sum(float(cdist(sample, sample).sum()) / (len(sample) * (len(sample) - 1)) for sample in (a, b))
    return (2 * between - within) / (2 * between) if between else 0.0


ENERGY = SetMetric(name="energy", title="Energy coefficient",
                   meaning="0 where faces are spread alike, 1 where they have nothing in common.",
                   measure=lambda a, b: energy_coefficient(a.vectors, b.vectors))


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return ‖μₐ − μᵦ‖² + tr(Σₐ + Σᵦ − 2 (Σₐ Σᵦ)^½) (Dowson and Landau 1982; Heusel et al. 2017, equation 6).

    Parameters
    ----------
    a, b : ndarray of shape (n, d) and (m, d), float
        n, m ≥ 2.

    Returns
    -------
    float
        At least 0. Samples of one distribution give more than 0, the more the fewer faces there are for the numbers of
        a vector.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    centred = [(sample - sample.mean(axis=0)) / np.sqrt(len(sample) - 1) for sample in (a, b)]
    # The trace of (Σₐ Σᵦ)^½ is the sum of the singular values of the product of both factors Σ = XᵀX.
    shared = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    spread = sum(float((factor**2).sum()) for factor in centred)
    return max(0.0, float(((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()) + spread - 2 * float(shared))


FRECHET = SetMetric(name="frechet", title="Fréchet distance",
                   meaning="0 where means and covariances are equal, unbounded above; few faces alone give more than "
                           "0, as a set beside itself shows.",
                   measure=lambda a, b: frechet_distance(a.vectors, b.vectors))


def squared_mmd(a: np.ndarray, b: np.ndarray) -> float:
    """Return E k(A, A') + E k(B, B') − 2 E k(A, B), unbiased, for a Gaussian kernel (Gretton et al. 2012, equation 3).

    Parameters
    ----------
    a, b : ndarray of shape (n, d) and (m, d), float
        n, m ≥ 2. The kernel is exp(−‖x − y‖² / 2 s²), s the median distance between two points of either.

    Returns
    -------
    float
        At most 2; 0 in the mean over samples of one distribution.
    """
    from scipy.spatial.distance import cdist, pdist

    width = float(np.median(pdist(np.concatenate([a, b])))) or 1.0

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(-cdist(x, y, "sqeuclidean") / (2 * width**2)))

    within = sum(float(kernel(sample, sample).sum() - len(sample)) / (len(sample) * (len(sample) - 1))
                 for sample in (a, b))
    return within - 2 * float(kernel(a, b).mean())


MMD = SetMetric(name="mmd", title="Squared maximum mean discrepancy",
                   meaning="0 where faces are spread alike, larger the more they differ, below 2.",
                   measure=lambda a, b: squared_mmd(a.vectors, b.vectors))


def proxy_a_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return 2 (1 − 2 ε), ε the balanced error of a linear classifier of sets (Ben-David et al. 2010).

    Parameters
    ----------
    a, b : ndarray of shape (n, d) and (m, d), float
        n, m ≥ 5. A logistic regression answers for each fifth of the faces after learning from the rest.

    Returns
    -------
    float
        From 0, where sets cannot be told apart, to 2; an error above chance counts as chance.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    vectors, origin = np.concatenate([a, b]), np.repeat([0, 1], (len(a), len(b)))
    answers = cross_val_predict(LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=1000), vectors, origin,
                                cv=StratifiedKFold(FOLDS, shuffle=True, random_state=0))
    return max(0.0, 4 * float(balanced_accuracy_score(origin, answers)) - 2)


PROXY_A = SetMetric(name="proxy_a", title="Proxy A-distance",
                   meaning="0 where a linear classifier cannot tell which set a face is of, 2 where it always can.",
                   measure=lambda a, b: proxy_a_distance(a.vectors, b.vectors))

METRIC = (ENERGY, FRECHET, MMD, PROXY_A)
