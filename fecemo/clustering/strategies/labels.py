"""Acts spent on labels: of faces at random, of typical ones, of those of which a classifier is least sure."""

from collections.abc import Callable, Iterator

import numpy as np

from fecemo.clustering.softmax import OffsetSoftmax
from fecemo.clustering.strategy import Person, Pile, Strategy

PENALTY = 0.03
"""Of the classifier that learns from labels: as good at 40 of them as at 2,400."""
ROUND, GROWTH = 8, 0.25
"""Faces that are labelled before the classifier learns anew; this share of all so far, where that is more."""
MOST_TYPICAL = 500
"""Faces that are chosen as typical at the most: as many clusters are made."""
Choose = Callable[[np.ndarray, int], np.ndarray]
"""``choose(logs, count)``: which of the faces with these logarithms of probabilities, (f, c), to label next."""


def classify(pile: Pile, rows: np.ndarray, labels: np.ndarray, *,
             leaning: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return logarithms of class probabilities of the pile and of the scored faces, learned from some labels.

    Parameters
    ----------
    rows : ndarray of shape (n,), int
        Faces of the pile whose labels are known; n ≥ 1.
    labels : ndarray of shape (n,), str
    leaning : bool
        Whether it leans on what is known without an act.
    """
    of_pile, of_scored = pile.prior if leaning else (None, None)
    model = OffsetSoftmax(pile.classes, PENALTY).fit(
        pile.standard[rows], labels, None if of_pile is None else of_pile[rows])
    return model.log_proba(pile.standard, of_pile), model.log_proba(pile.scored_standard, of_scored)


def answer_of(pile: Pile, logs: np.ndarray) -> np.ndarray:
    """Return the likeliest class of each face: shape (m,), str."""
    return np.array(pile.classes)[logs.argmax(axis=1)]


def at_random(pile: Pile, person: Person, acts: int, *, leaning: bool = False) -> np.ndarray | None:
    """Label faces as they come up."""
    if not acts or (leaning and pile.prior[0] is None):
        return None
    rows = person.random_order()[:acts]
    return answer_of(pile, classify(pile, rows, person.label(rows), leaning=leaning)[1])


def typical_faces(pile: Pile, count: int) -> np.ndarray:
    """Return of each of so many clusters the face nearest to its centre: ndarray of shape (count,), int64."""
    if count < 2:
        return np.array([int(np.linalg.norm(pile.vectors - pile.vectors.mean(axis=0), axis=1).argmin())])
    clustering = pile.clustering(count)
    members = (clustering.members(cluster) for cluster in range(count))
    return np.array([rows[clustering.distances[rows, cluster].argmin()] for cluster, rows in enumerate(members)])


def typical(pile: Pile, person: Person, acts: int) -> np.ndarray | None:
    """Label the face nearest to the centre of each of as many clusters as there are acts."""
    if not 0 < acts <= MOST_TYPICAL:
        return None
    rows = typical_faces(pile, acts)
    return answer_of(pile, classify(pile, rows, person.label(rows))[1])


def rounds(acts: int, first: int = 0) -> Iterator[int]:
    """Yield how many faces are labelled in each round: of the first round, where it is not 0, so many."""
    done = min(first, acts)
    if done:
        yield done
    while done < acts:
        count = min(acts - done, max(ROUND, int(GROWTH * done)))
        yield count
        done += count


def in_rounds(choose: Choose, pile: Pile, person: Person, acts: int, *, leaning: bool = False,
              first: int = 0) -> np.ndarray | None:
    """Label faces in rounds, each of them chosen by what the classifier says after the round before.

    Where it leans on nothing, the first are typical ones: ``first`` of them, or as many as in any round.
    """
    if not acts or (leaning and pile.prior[0] is None):
        return None
    rows, labels = np.empty(0, np.int64), np.empty(0, dtype=str)
    for count in rounds(acts, first):
        free = np.setdiff1d(np.arange(len(pile)), rows)
        logs = classify(pile, rows, labels, leaning=leaning)[0] if len(rows) else pile.prior[0] if leaning else None
        chosen = typical_faces(pile, count) if logs is None else free[choose(logs[free], count)]
        rows, labels = np.concatenate([rows, chosen]), np.concatenate([labels, person.label(chosen)])
    return answer_of(pile, classify(pile, rows, labels, leaning=leaning)[1])


def least_sure(logs: np.ndarray, count: int) -> np.ndarray:
    """Choose faces whose two likeliest classes are nearest to each other (margin sampling, Scheffer et al. 2001)."""
    ranked = np.sort(np.exp(logs), axis=1)
    return np.argsort(ranked[:, -1] - ranked[:, -2], kind="stable")[:count]


def of_each_class(logs: np.ndarray, count: int) -> np.ndarray:
    """Choose faces class by class in turn, each the most distinctive one for it.

    How distinctive a face is: its probability of the class over the mean of all faces: rare classes are sought as
    often as frequent ones, which no random sample of an unlabelled pile does. For a class that the classifier does not
    know yet, the face of which it is least sure is the most distinctive.
    """
    likely = np.exp(logs)
    known = likely.any(axis=0)
    salience = np.where(known, likely / np.where(known, likely.mean(axis=0), 1.0), -likely.max(axis=1, keepdims=True))
    ranked = np.argsort(-salience, axis=0, kind="stable")
    chosen: dict[int, None] = {}
    for turn in range(count):
        of_class = ranked[:, turn % logs.shape[1]]
        chosen[next(int(face) for face in of_class if int(face) not in chosen)] = None
    return np.array(list(chosen))


STRATEGY = (
    Strategy("random_labels", "labels of faces at random", at_random, whole=True),
    Strategy("leaning_labels", "labels at random, leaning on suggestions",
             lambda pile, person, acts: at_random(pile, person, acts, leaning=True)),
    Strategy("typical_labels", "labels of typical faces", typical),
    Strategy("unsure_labels", "labels where least sure",
             lambda pile, person, acts: in_rounds(least_sure, pile, person, acts)),
    Strategy("typical_then_unsure", "half typical faces, half where least sure",
             lambda pile, person, acts: in_rounds(least_sure, pile, person, acts, first=min(acts // 2, MOST_TYPICAL))),
    Strategy("sought_labels", "labels sought class by class, leaning on them",
             lambda pile, person, acts: in_rounds(of_each_class, pile, person, acts, leaning=True)),
)
