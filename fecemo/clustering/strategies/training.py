"""Acts spent on clusters' names from which a classifier then learns by itself, with labels where clusters are mixed."""

import numpy as np

from fecemo.clustering.softmax import OffsetSoftmax
from fecemo.clustering.strategies.labels import PENALTY, answer_of
from fecemo.clustering.strategies.names import FEWEST
from fecemo.clustering.strategy import Person, Pile, Strategy

PURE = 0.6
"""Share of the shown faces from which a cluster is pure, and named; the faces of others are labelled."""
ROUNDS = 3
"""In which the classifier answers and learns from its surest answers."""
EVEN = 0.5
"""By how much quotas are alike: 0 as the named clusters are large, 1 all the same."""
SURE = 0.5
"""Share of a class's quota that is learned from: the surest faces."""
NOISE = 0.3
"""Standard deviation by which examples are moved each time that they are learned from, of standardised vectors."""


def quotas(names: np.ndarray, classes: tuple[str, ...], even: float = EVEN) -> np.ndarray:
    """Return which share of the pile each class is taken to have: shape (c,), float64, 1 in all.

    That of the faces whose cluster bears its name, moved towards equal shares; a class without a cluster has none.
    """
    sizes = np.array([(names == name).sum() for name in classes], np.float64)
    shares = np.where(sizes > 0, np.maximum(sizes, 1) ** (1 - even), 0.0)
    return shares / shares.sum()


def surest(logs: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the faces that are surest of each class, within its quota, and the classes as columns.

    A face that two classes claim goes to the likelier one.
    """
    claims = np.full(len(logs), -1)
    standing = logs - np.log(np.exp(logs).mean(axis=0) + 1e-12)
    for column, share in enumerate(shares):
        count = round(SURE * share * len(logs))
        for face in np.argsort(-standing[:, column], kind="stable")[:count].tolist():
            if claims[face] < 0 or standing[face, column] > standing[face, claims[face]]:
                claims[face] = column
    rows = np.flatnonzero(claims >= 0)
    return rows, claims[rows]


def self_trained(pile: Pile, person: Person, acts: int) -> np.ndarray | None:
    """Name clusters by a look each; then learn from their names, answer, and learn from the surest answers again."""
    if acts < FEWEST:
        return None
    clustering = pile.clustering(acts)
    seen = person.look([clustering.members(cluster) for cluster in range(acts)])
    names = np.array([look.name for look in seen])[clustering.labels]
    return answer_of(pile, taught(pile, names, np.array([look.share for look in seen])[clustering.labels]))


def taught(pile: Pile, names: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return logarithms of class probabilities of the scored faces: shape (m, c), float64.

    Parameters
    ----------
    pile : Pile
    names : ndarray of shape (n,), str
        What each face of the pile is taken for, to begin with.
    weights : ndarray of shape (n,), float
        How far that is trusted.
    """
    rng, shares = np.random.default_rng(pile.seed), quotas(names, pile.classes)
    model = OffsetSoftmax(pile.classes, PENALTY).fit(pile.standard, names, weights=weights)
    for _ in range(ROUNDS):
        rows, columns = surest(model.log_proba(pile.standard), shares)
        moved = pile.standard[rows] + rng.normal(scale=NOISE, size=pile.standard[rows].shape)
        model = OffsetSoftmax(pile.classes, PENALTY).fit(moved, np.array(pile.classes)[columns])
    return model.log_proba(pile.scored_standard)


def names_and_labels(pile: Pile, person: Person, acts: int) -> np.ndarray | None:
    """Look at clusters with half of the acts; name those that are pure, and label faces of the mixed ones."""
    n_clusters = acts // 2
    if n_clusters < FEWEST:
        return None
    clustering = pile.clustering(n_clusters)
    seen = person.look([clustering.members(cluster) for cluster in range(n_clusters)])
    pure = np.array([look.share >= PURE for look in seen])
    order = person.random_order()
    mixed = order[~pure[clustering.labels[order]]]
    rows = np.concatenate([mixed, order[pure[clustering.labels[order]]]])[: acts - n_clusters]
    labels = person.label(rows)
    named = np.flatnonzero(pure[clustering.labels])
    names = np.array([look.name for look in seen])[clustering.labels[named]]
    # All faces of a pure cluster together count as much as a few labels of it.
    share = np.bincount(clustering.labels[named], minlength=n_clusters)[clustering.labels[named]]
    model = OffsetSoftmax(pile.classes, PENALTY).fit(
        pile.standard[np.concatenate([rows, named])], np.concatenate([labels, names]),
        weights=np.concatenate([np.ones(len(rows)), 3.0 / share]))
    return answer_of(pile, model.log_proba(pile.scored_standard))


STRATEGY = (
    Strategy("self_training", "clusters, a look each, then self-training (simulated)", self_trained, simulated=True),
    Strategy("names_and_labels", "names of pure clusters, labels of mixed ones (simulated)", names_and_labels,
             simulated=True),
)
