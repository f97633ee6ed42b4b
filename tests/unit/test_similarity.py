"""Local, Global and Paired similarity: published figures, identities, folds, and distances by hand."""

import numpy as np
import pytest

from fecemo.errors import InputError
from fecemo.evaluation.fold_study import draw_folds, macro_f1, probe_learner, study_folds
from fecemo.evaluation.metrics.similarity import similarities
from fecemo.evaluation.set_metric import LabelledVectors
from fecemo.evaluation.set_metrics.distances import frechet_distance, proxy_a_distance, squared_mmd
from fecemo.evaluation.settings import ProbeSettings

SETS = ["AffectNet", "BioVidEmo", "BU-4DFE", "CK+", "DDCF", "DEFSS", "ElderReact", "EmoReact", "ExpW", "FACES", "FEGA",
        "FER2013", "FE-Test", "JAFFE", "KDEF", "Lifespan", "LIRIS-CSE", "MMI", "NHFI", "NIMH-ChEFS", "RAF-DB", "RaFD",
        "SFEW", "WSEFEP"]
# Macro F1 of "Evaluating FER Datasets" as its authors' notebook prints it, to two digits: four of 24 rows.
ROWS = {
    "AffectNet": [0.56, 0.26, 0.59, 0.81, 0.77, 0.75, 0.19, 0.24, 0.39, 0.83, 0.74, 0.50, 0.87, 0.55, 0.82, 0.59,
                  0.32, 0.63, 0.54, 0.84, 0.55, 0.91, 0.40, 0.92],
    "FER2013": [0.44, 0.21, 0.42, 0.62, 0.60, 0.58, 0.18, 0.18, 0.36, 0.70, 0.53, 0.68, 0.81, 0.45, 0.67, 0.52,
                0.29, 0.52, 0.45, 0.62, 0.48, 0.74, 0.38, 0.75],
    "CK+": [0.30, 0.17, 0.45, 0.94, 0.65, 0.59, 0.14, 0.17, 0.21, 0.64, 0.54, 0.27, 0.63, 0.38, 0.56, 0.45,
            0.19, 0.43, 0.26, 0.50, 0.23, 0.73, 0.21, 0.78],
    "KDEF": [0.30, 0.24, 0.49, 0.67, 0.70, 0.69, 0.13, 0.16, 0.16, 0.72, 0.48, 0.24, 0.73, 0.38, 0.90, 0.38,
             0.25, 0.52, 0.30, 0.72, 0.24, 0.89, 0.19, 0.87],
}
# Every set met by itself.
DIAGONAL = [0.56, 0.36, 0.73, 0.94, 0.88, 0.84, 0.22, 0.48, 0.49, 0.97, 0.76, 0.68, 0.84, 0.61, 0.90, 0.76,
            0.43, 0.61, 0.62, 0.91, 0.76, 0.98, 0.47, 0.93]
LOCAL = {"AffectNet": 0.5622, "FER2013": 0.6807, "CK+": 0.9355, "KDEF": 0.8966}
GLOBAL = {"AffectNet": 0.6093, "FER2013": 0.5009, "CK+": 0.4121, "KDEF": 0.4540}
PAIRED = {("AffectNet", "FER2013"): 0.73, ("AffectNet", "RAF-DB"): 0.73, ("AffectNet", "CK+"): 0.87,
          ("AffectNet", "FE-Test"): 1.04, ("FER2013", "AffectNet"): 0.78, ("FER2013", "CK+"): 0.67,
          ("FER2013", "KDEF"): 0.75, ("FER2013", "RAF-DB"): 0.64, ("FER2013", "FE-Test"): 0.97,
          ("KDEF", "AffectNet"): 0.53, ("KDEF", "FER2013"): 0.36}


def test_the_published_similarities_come_out_of_the_published_scores():
    """The rows of other sets than these four are left at 0: no figure that is compared depends on them."""
    scores = np.diag(DIAGONAL)
    for name, row in ROWS.items():
        scores[SETS.index(name)] = row
    result = similarities(scores)
    for name in ROWS:
        assert result.local[SETS.index(name)] == pytest.approx(LOCAL[name], abs=0.005)
        assert result.global_[SETS.index(name)] == pytest.approx(GLOBAL[name], abs=0.0015)
    for (learned, met), paired in PAIRED.items():
        assert result.paired[SETS.index(learned), SETS.index(met)] == pytest.approx(paired, abs=0.03)


def test_identities_of_the_similarities():
    scores = np.random.default_rng(0).uniform(0.1, 1, (4, 4))
    result = similarities(scores)
    assert np.diagonal(result.paired) == pytest.approx(1)
    other_diagonal = scores.copy()
    np.fill_diagonal(other_diagonal, 0.9)
    assert similarities(other_diagonal).global_ == pytest.approx(result.global_)
    scaled = scores * [1, 1, 0.3, 1]
    assert similarities(scaled).paired[:, 2] == pytest.approx(result.paired[:, 2])
    assert not similarities(scores * [0, 1, 1, 1]).paired[:, 0].any(), "nothing is divided by 0"
    for wrong in (np.ones((1, 1)), np.ones((2, 3)), -np.ones((2, 2)), np.full((2, 2), np.nan)):
        with pytest.raises(InputError, match="similarities need"):
            similarities(wrong)


def test_macro_f1_is_over_classes_that_occur_and_every_answer_competes():
    # happy: 1 of 2 right and one wrong call, F1 .5; sad: 1 of 1 right, none called wrongly but the "fear" is a miss of
    # happy, F1 1. Fear does not occur, and counts by what it takes from the others alone.
    truth, answers = np.array(["happy", "happy", "sad"]), np.array(["happy", "fear", "sad"])
    assert macro_f1(truth, answers, ("happy", "sad", "fear")) == pytest.approx((2 / 3 + 1) / 2)
    assert macro_f1(truth, np.array(["fear"] * 3), ("happy", "sad", "fear")) == 0


def test_folds_keep_people_whole_and_classes_alike():
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(30), 8)
    labels = np.array([("happy", "sad", "fear", "anger")[at % 4] for at in range(240)])
    order = rng.permutation(240)
    folds = draw_folds(labels[order], people[order], 5, 0)
    for person in range(30):
        assert len(np.unique(folds[people[order] == person])) == 1
    for label in np.unique(labels):
        assert np.bincount(folds[labels[order] == label], minlength=5).tolist() == [12] * 5
    assert (draw_folds(labels[order], people[order], 5, 0) == folds).all()
    with pytest.raises(InputError, match="5 folds need as many people or pictures, got 3"):
        draw_folds(labels, people % 3, 5, 0)


def made(name, n, *, turned=False, faces=None, groups=None, seed=0, emotions=("happy", "sad")):
    """Return a set whose first number tells the emotions apart."""
    rng = np.random.default_rng(seed)
    labels = np.array([emotions[at % len(emotions)] for at in range(n)])
    place = 4.0 * np.array([emotions[:: -1 if turned else 1].index(label) for label in labels])
    vectors = np.column_stack([place + 0.2 * rng.normal(size=n), rng.normal(size=n)])
    return LabelledVectors(name, vectors.astype(np.float32), labels, np.full(n, "train"),
                           np.array([f"{name} {at}" for at in range(n)]) if faces is None else faces,
                           np.arange(n) if groups is None else groups)


def studied(*sets, classes=("happy", "sad", "fear"), **settings):
    return study_folds(sets, classes, probe_learner(sets, ProbeSettings(), 0), learner="probe", n_folds=5, seed=0,
                       **settings)


def test_what_prepares_for_what():
    result = studied(made("a", 100), made("b", 60, seed=1), made("turned", 60, turned=True, seed=2))
    assert np.array(result.scores) == pytest.approx(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]]))
    assert result.local == (1, 1, 1)
    assert result.global_ == (0.5, 0.5, 0)
    assert result.faces == (100, 60, 60)


def test_a_class_that_was_never_learned_counts_among_those_met():
    """Of three classes as many are met as there are; two of them are known, and the third's faces go to the nearer."""
    result = studied(made("two", 100), made("three", 90, emotions=("happy", "sad", "fear"), seed=1))
    assert result.scores[1][1] == 1
    assert result.scores[1][0] == 1
    assert result.scores[0][1] == pytest.approx((1 + 2 / 3 + 0) / 3, abs=1e-6)


def test_a_face_that_was_learned_from_is_not_scored_in_another_set():
    """Vectors that say nothing but which face it is: learned by heart, and b holds the faces of a."""
    rng = np.random.default_rng(0)
    labels, faces = np.array(["happy", "sad"] * 60), np.array([f"face {at}" for at in range(120)])
    vectors = rng.normal(size=(120, 200)).astype(np.float32)
    a, b = (LabelledVectors(name, vectors, labels, np.full(120, "train"), faces, np.arange(120)) for name in "ab")
    same = studied(a, b)
    assert same.scores[0][1] == same.local[0] < 0.65
    assert same.pairs[0] == (5, 5)
    rest = rng.normal(size=(120, 200)).astype(np.float32)
    b = LabelledVectors("b", np.concatenate([vectors, rest]), np.tile(labels, 2), np.full(240, "train"),
                        np.concatenate([faces, [f"other {at}" for at in range(120)]]), np.arange(240))
    assert studied(a, b).scores[0][1] < 0.65


def test_people_in_one_fold_are_not_known_by_their_face():
    """A person always shows one emotion, which the face gives away unless the person is met for the first time."""
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(20), 10)
    vectors = (3 * rng.normal(size=(20, 40))[people] + 0.1 * rng.normal(size=(200, 40))).astype(np.float32)
    labels = np.array(["happy", "sad"])[people % 2]
    other = made("b", 40)
    other = LabelledVectors("b", np.pad(other.vectors, ((0, 0), (0, 38))), other.labels, other.splits, other.faces,
                            other.groups)
    faces = np.array([f"a {at}" for at in range(200)])

    def local(groups):
        a = LabelledVectors("a", vectors, labels, np.full(200, "train"), faces, groups, 20)
        return studied(a, other, classes=("happy", "sad")).local[0]

    assert local(np.arange(200)) == 1
    assert local(people) < 0.75


def test_distances_by_hand():
    a, b = np.array([[0.0], [2.0]]), np.array([[4.0], [6.0]])
    # Means 1 and 5; both variances 2, so that 2 + 2 − 2·√(2·2) = 0 is left of the spreads.
    assert frechet_distance(a, b) == pytest.approx(16)
    assert frechet_distance(a, np.array([[-3.0], [5.0]])) == pytest.approx((np.sqrt(32) - np.sqrt(2)) ** 2)
    # Distances 2, 4, 6, 2, 4, 2: the median is 3, and k(d) = exp(−d²/18).
    kernel = {d: np.exp(-d**2 / 18) for d in (2, 4, 6)}
    between = (kernel[4] + kernel[6] + kernel[2] + kernel[4]) / 4
    assert squared_mmd(a, b) == pytest.approx(2 * kernel[2] - 2 * between)


def test_distances_of_sets_that_are_alike_and_of_sets_that_are_not():
    rng = np.random.default_rng(0)
    a, b, far = (rng.normal(shift, 1, (300, 5)) for shift in (0, 0, 6))
    for distance in (squared_mmd, frechet_distance, proxy_a_distance):
        assert distance(a, b) < 0.3
        assert distance(a, far) > 0.3
        assert distance(a, far) == pytest.approx(distance(far, a))
    assert proxy_a_distance(a, far) == 2
    assert abs(np.mean([squared_mmd(rng.normal(size=(6, 3)), rng.normal(size=(9, 3))) for _ in range(400)])) < 0.02
