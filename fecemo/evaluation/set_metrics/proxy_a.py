"""The proxy A-distance of two sets (Ben-David et al., "A theory of learning from different domains", 2010)."""

import numpy as np

from fecemo.evaluation.set_metric import SetMetric

FOLDS = 5
PENALTY = 0.01
"""scikit-learn's ``C``. Faces are few for the numbers of a vector; a weaker penalty answers no better for others."""


def proxy_a_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return 2 (1 − 2 ε), ε the balanced error of a linear classifier that predicts which set a face is of.

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


METRIC = SetMetric(name="proxy_a", title="Proxy A-distance",
                   meaning="0 where a linear classifier cannot tell which set a face is of, 2 where it always can.",
                   measure=lambda a, b: proxy_a_distance(a.vectors, b.vectors))
