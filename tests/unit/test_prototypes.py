"""Suggestions without labels: planted action units are recovered, what cannot be told is not."""

import numpy as np
import pytest

from fecemo.clustering.prototypes import (
    ACTION_UNITS,
    ONE_SIDED,
    PROTOTYPES,
    SIDES,
    DrawnExamples,
    suggest_by_drawn_faces,
    suggest_by_units,
)

NAMES = [name for shapes in ACTION_UNITS.values() for name in shapes]
CLASSES = tuple(PROTOTYPES)


def faces_showing(classes: tuple[str, ...], a_class: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Return blendshapes in [0, 1] with noise, the units of each face's class pulled up, and each face's class."""
    rng = np.random.default_rng(5)
    codes = np.repeat(np.arange(len(classes)), a_class)
    strengths = rng.uniform(0, 0.25, (len(codes), len(NAMES)))
    for face, code in enumerate(codes):
        for unit in PROTOTYPES[classes[code]]:
            for name in [left for left, _ in SIDES[:2]] if unit == ONE_SIDED else ACTION_UNITS[unit]:
                strengths[face, NAMES.index(name)] += rng.uniform(0.4, 0.6)
    return strengths, codes


def test_groups_of_faces_are_called_by_what_moves_in_them() -> None:
    blendshapes, codes = faces_showing(CLASSES)
    made = suggest_by_units(blendshapes, NAMES, codes, len(CLASSES), CLASSES)
    assert made.names == CLASSES
    # Groups whose faces are mixed by chance lie near the pile's mean in every unit: nothing is at work in them.
    shuffled = np.random.default_rng(0).permutation(codes)
    assert set(suggest_by_units(blendshapes, NAMES, shuffled, len(CLASSES), CLASSES).names) == {"neutral"}


def test_single_faces_are_groups_of_themselves() -> None:
    blendshapes, codes = faces_showing(CLASSES)
    each = suggest_by_units(blendshapes, NAMES, np.arange(len(codes)), len(codes), CLASSES)
    assert np.mean(np.array(each.names) == np.array(CLASSES)[codes]) > 0.8


def test_a_unit_that_the_model_never_moves_counts_for_nothing() -> None:
    blendshapes, codes = faces_showing(CLASSES)
    still = [NAMES.index(name) for unit in (6, 9) for name in ACTION_UNITS[unit]]
    blendshapes[:, still] = 1e-5 * np.random.default_rng(1).random((len(codes), len(still)))
    made = suggest_by_units(blendshapes, NAMES, codes, len(CLASSES), CLASSES)
    assert made.names[CLASSES.index("happy")] == "happy"
    assert made.names[CLASSES.index("disgust")] == "disgust"


def test_faces_that_were_not_seen_do_not_count_and_a_group_of_them_has_no_suggestion() -> None:
    blendshapes, codes = faces_showing(("happy", "surprise", "anger"))
    sure = codes != 2
    blendshapes[~sure] = 1.0  # what a lost mesh may give
    made = suggest_by_units(blendshapes, NAMES, codes, 4, CLASSES, sure)
    assert made.names == ("happy", "surprise", "", "")
    with pytest.raises(ValueError, match="sure of no face"):
        suggest_by_units(blendshapes, NAMES, codes, 4, CLASSES, np.zeros(len(codes), bool))


def test_only_classes_with_a_prototype_are_suggested() -> None:
    blendshapes, codes = faces_showing(("happy", "sad"))
    made = suggest_by_units(blendshapes, NAMES, codes, 2, ("sad", "upset", "happy"))
    assert made.classes == ("sad", "happy")
    assert made.names == ("happy", "sad")
    with pytest.raises(ValueError, match="no blendshape"):
        suggest_by_units(blendshapes, [f"column {place}" for place in range(len(NAMES))], codes, 2, CLASSES)


def planted_domains():
    """Drawn faces whose features show their class, and people's in other units about another mean."""
    rng = np.random.default_rng(0)
    shown = np.arange(90) % 3
    centres = np.eye(3)[:, :2] * 4
    drawn = DrawnExamples(np.c_[centres[shown] + rng.normal(size=(90, 2)), np.full(90, 7.0)],
                          np.array(["sad", "happy", "fear"])[shown])
    people = np.c_[(centres[shown] + rng.normal(size=(90, 2))) * 0.01 - 5, np.full(90, 2.0)]
    return drawn, people, shown


def test_a_classifier_of_drawn_faces_names_groups_of_a_domain_with_other_means_and_deviations() -> None:
    drawn, people, shown = planted_domains()
    made = suggest_by_drawn_faces(drawn, people, shown, 4, ("neutral", "happy", "sad", "fear"))
    assert made.classes == ("happy", "sad", "fear")  # nobody drew neutral faces
    assert made.names == ("sad", "happy", "fear", "")  # of the fourth group there is no face
    assert suggest_by_drawn_faces(drawn, people, shown, 3, ("sad", "happy")).names[:2] == ("sad", "happy")


def test_faces_that_the_landmark_model_did_not_see_teach_no_standard_and_have_no_suggestion() -> None:
    drawn, people, shown = planted_domains()
    spoilt = np.r_[people, np.full((10, 3), 1e6)]
    groups, sure = np.r_[shown, np.full(10, 3)], np.arange(100) < 90
    made = suggest_by_drawn_faces(drawn, spoilt, groups, 4, ("happy", "sad", "fear"), sure)
    assert made.names == ("sad", "happy", "fear", "")
    with pytest.raises(ValueError, match="sure of no face"):
        suggest_by_drawn_faces(drawn, spoilt, groups, 4, ("happy", "sad"), np.zeros(100, bool))


def test_at_least_two_of_the_classes_must_be_drawn() -> None:
    drawn, people, shown = planted_domains()
    with pytest.raises(ValueError, match="drawn were fear, happy, sad, and of the classes upset, sad at least two"):
        suggest_by_drawn_faces(drawn, people, shown, 3, ("upset", "sad"))
