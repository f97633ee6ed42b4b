"""Acts spent on clusters' names from which a classifier then learns, beside labels of some faces or by itself."""

import numpy as np

from fecemo.clustering.softmax import OffsetSoftmax
from fecemo.clustering.strategies.labels import Choose, answer_of, least_sure, rounds
from fecemo.clustering.strategies.names import can_cluster
from fecemo.clustering.strategy import Person, Pile, Strategy

PENALTY = 0.1
"""Of the classifier."""
WORTH = 5.0
"""Labels that the name of a cluster is worth to the classifier, where all of the faces that were shown bear it."""
SHARE_OF_LOOKS = 0.25
"""Of acts that are spent on both names and labels."""
EVEN = 0.5
"""By how much quotas are alike: 0 as the named clusters are large, 1 all the same."""
SURE = 0.5
"""Share of a class's quota that is learned from: the surest faces."""
NOISE = 0.3
"""Standard deviation by which the surest faces are moved when they are learned from, of standardised vectors."""


def name_clusters(pile: Pile, person: Person, n_clusters: int) -> tuple[np.ndarray, np.ndarray]:
    """Look at so many clusters: the name of each face's cluster, and the weight of the face, both of shape (n,).

    All faces of a cluster together weigh `WORTH` times the share of the shown ones that bear its name: a mixed cluster
    teaches little.
    """
    clustering = pile.clustering(n_clusters)
    looks = person.look([clustering.members(cluster) for cluster in range(n_clusters)])
    weights = WORTH * np.array([look.share for look in looks]) / clustering.sizes
    return np.array([look.name for look in looks])[clustering.labels], weights[clustering.labels]


def named_and_taught(pile: Pile, person: Person, acts: int) -> np.ndarray | None:
    """Name clusters by a look each; a classifier learns from the names, and leans on what is known without an act."""
    if not can_cluster(pile, acts):
        return None
    names, weights = name_clusters(pile, person, acts)
    of_pile, of_scored = pile.prior
    model = OffsetSoftmax(pile.classes, PENALTY).fit(pile.standard, names, of_pile, weights)
    return answer_of(pile, model.log_proba(pile.scored_standard, of_scored))


def names_and_labels(pile: Pile, person: Person, acts: int, choose: Choose | None = None) -> np.ndarray | None:
    """Look at clusters with a quarter of the acts, label faces with the rest, and learn from both.

    The classifier leans on what is known without an act. Names weigh as their clusters are pure, so that in mixed ones
    the labels decide. Faces to label come up at random; or in rounds, as ``choose`` has it from what the classifier
    says by then.
    """
    n_clusters = round(SHARE_OF_LOOKS * acts)
    if not can_cluster(pile, n_clusters):
        return None
    names, weights = name_clusters(pile, person, n_clusters)
    (of_pile, of_scored), faces = pile.prior, np.arange(len(pile))
    rows, labels = np.empty(0, np.int64), np.empty(0, dtype=names.dtype)

    def learn() -> OffsetSoftmax:
        every = np.concatenate([faces, rows])
        return OffsetSoftmax(pile.classes, PENALTY).fit(
            pile.standard[every], np.concatenate([names, labels]), None if of_pile is None else of_pile[every],
            np.concatenate([weights, np.ones(len(rows))]))

    if choose is None:
        rows = person.random_order()[: acts - n_clusters]
        labels = person.label(rows)
    else:
        for count in rounds(acts - n_clusters):
            free = np.setdiff1d(faces, rows)
            chosen = free[choose(learn().log_proba(pile.standard, of_pile)[free], count)]
            rows, labels = np.concatenate([rows, chosen]), np.concatenate([labels, person.label(chosen)])
    return answer_of(pile, learn().log_proba(pile.scored_standard, of_scored))


def self_trained(pile: Pile, person: Person, acts: int) -> np.ndarray | None:
    """Name clusters by a look each; learn from the names, answer, and learn from the surest answers, moved by noise.

    Of each class the surest faces are taken, within a quota that follows the sizes of the clusters of its name.
    """
    if not can_cluster(pile, acts):
        return None
    names, weights = name_clusters(pile, person, acts)
    shares, (of_pile, of_scored) = quotas(names, pile.classes), pile.prior
    first = OffsetSoftmax(pile.classes, PENALTY).fit(pile.standard, names, of_pile, weights)
    rows, answers = surest(pile, first.log_proba(pile.standard, of_pile), shares)
    noise = np.random.default_rng(pile.seed).normal(scale=NOISE, size=(len(rows), pile.standard.shape[1]))
    model = OffsetSoftmax(pile.classes, PENALTY).fit(
        np.concatenate([pile.standard, pile.standard[rows] + noise]), np.concatenate([names, answers]),
        None if of_pile is None else np.concatenate([of_pile, of_pile[rows]]),
        np.concatenate([weights, np.full(len(rows), weights.sum() / max(1, len(rows)))]))
    return answer_of(pile, model.log_proba(pile.scored_standard, of_scored))


def quotas(names: np.ndarray, classes: tuple[str, ...], even: float = EVEN) -> np.ndarray:
    """Return which share of the pile each class is taken to have: shape (c,), float64, 1 in all.

    That of the faces whose cluster bears its name, moved towards equal shares; a class without a cluster has none.
    """
    sizes = np.array([(names == name).sum() for name in classes], np.float64)
    shares = np.where(sizes > 0, np.maximum(sizes, 1) ** (1 - even), 0.0)
    evened: np.ndarray = shares / shares.sum()
    return evened


def surest(pile: Pile, logs: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the faces that are surest of each class within its quota, ascending, and their classes.

    A face that several classes claim goes to that for which it is most distinctive.
    """
    distinction = np.exp(logs) / np.exp(logs).mean(axis=0).clip(1e-12)
    claimed = np.full(logs.shape, -np.inf)
    for column, share in enumerate(shares):
        rows = np.argsort(-distinction[:, column], kind="stable")[: round(SURE * share * len(logs))]
        claimed[rows, column] = distinction[rows, column]
    rows = np.flatnonzero(np.isfinite(claimed).any(axis=1))
    return rows, np.array(pile.classes)[claimed[rows].argmax(axis=1)]


STRATEGY = (
    Strategy("taught_names", "clusters, a look each, then a classifier (simulated)", named_and_taught),
    Strategy("self_training", "clusters, a look each, then self-training (simulated)", self_trained),
    Strategy("names_and_labels", "a quarter looks, the rest labels (simulated)", names_and_labels),
    Strategy("names_and_unsure_labels", "a quarter looks, labels where least sure (simulated)",
             lambda pile, person, acts: names_and_labels(pile, person, acts, least_sure)),
)
