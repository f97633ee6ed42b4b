"""Facial actions move what they are named for, and nothing else."""

import numpy as np
import pytest

from fecemo.drawn import ACTIONS, Expression, FaceParameters, draw_face, face_geometry, sample_expression
from fecemo.drawn.expression import EMOTIONS, PROTOTYPES
from fecemo.errors import InputError

LEFT, RIGHT = 0, 1  # of the picture


def geometry(**actions):
    return face_geometry(FaceParameters(Expression(**actions)))


NEUTRAL = geometry()


def corner_heights(mouth):
    return np.array([mouth.corner(-1)[1], mouth.corner(1)[1]])


def test_a_smile_raises_both_corners_and_more_of_it_raises_them_more():
    heights = [corner_heights(geometry(lip_corner_pull=pull).mouth) for pull in (0.0, 0.3, 0.6, 1.0)]
    assert (np.diff(heights, axis=0) < -0.01).all()  # y grows downwards


def test_a_depressor_lowers_both_corners():
    assert (corner_heights(geometry(lip_corner_depress=1.0).mouth) > corner_heights(NEUTRAL.mouth) + 0.05).all()


@pytest.mark.parametrize(("action", "moved", "still"), [("dimple_left", RIGHT, LEFT), ("dimple_right", LEFT, RIGHT)])
def test_a_dimple_lifts_one_corner_alone(action, moved, still):
    change = corner_heights(geometry(**{action: 1.0}).mouth) - corner_heights(NEUTRAL.mouth)
    assert change[moved] < -0.08
    assert abs(change[still]) < 0.02


def test_stretching_widens_and_tightening_narrows():
    def width(shape):
        return shape.mouth.corner(1)[0] - shape.mouth.corner(-1)[0]

    assert (
        width(geometry(lip_stretch=1.0))
        > 1.15 * width(NEUTRAL)
        > width(NEUTRAL)
        > 1.1 * width(geometry(lip_tighten=1.0))
    )


def test_lips_part_and_the_jaw_drops():
    gaps = [
        geometry(lips_part=part, jaw_drop=drop).mouth.gap for part, drop in ((0, 0), (0.6, 0), (1, 0), (1, 0.5), (1, 1))
    ]
    assert gaps[0] == 0
    assert (np.diff(gaps) > 0.01).all()
    assert geometry(jaw_drop=1.0).head.chin > NEUTRAL.head.chin + 0.1


def test_eyes_open_with_the_lid_raiser_and_narrow_with_cheek_and_tightener():
    def opening(**actions):
        eye = geometry(**actions).eyes[LEFT]
        return (eye.lower[:, 1] - eye.upper[:, 1]).max()

    openings = [opening(upper_lid_raise=raised) for raised in (0.0, 0.5, 1.0)]
    assert (np.diff(openings) > 0.02).all()
    for action in ("cheek_raise", "lid_tighten"):
        assert opening(**{action: 1.0}) < openings[0] - 0.02


def test_brows_rise_and_fall_where_they_should():
    neutral = NEUTRAL.brows[RIGHT]
    inner, outer = geometry(inner_brow_raise=1.0).brows[RIGHT], geometry(outer_brow_raise=1.0).brows[RIGHT]
    lowered = geometry(brow_lower=1.0).brows[RIGHT]
    assert inner.inner[1] < neutral.inner[1] - 0.1
    assert inner.curve[-1, 1] > neutral.curve[-1, 1] - 0.01
    assert outer.curve[-1, 1] < neutral.curve[-1, 1] - 0.08
    assert outer.inner[1] == pytest.approx(neutral.inner[1], abs=0.01)
    assert lowered.inner[1] > neutral.inner[1] + 0.08
    assert abs(lowered.inner[0]) < abs(neutral.inner[0])  # and together


def test_asymmetry_favours_the_side_it_names():
    mouth = geometry(lip_corner_pull=0.8, lower_asymmetry=1.0).mouth
    assert mouth.corner(1)[1] < mouth.corner(-1)[1] - 0.03  # the person's left is the picture's right


def test_pixels_change_where_the_action_is():
    neutral = draw_face(FaceParameters(), 128).astype(int)

    def changed(**actions):
        picture = draw_face(FaceParameters(Expression(**actions)), 128).astype(int)
        return (np.abs(picture - neutral).max(-1) > 12)

    brows, mouth, one_sided = (
        changed(inner_brow_raise=1, outer_brow_raise=1),
        changed(lips_part=1),
        changed(dimple_left=1),
    )
    assert brows[:64].sum() > 20 * max(1, brows[70:].sum())
    assert mouth[70:].sum() > 100
    assert mouth[:64].sum() == 0
    assert one_sided[:, 76:].sum() > 3 * one_sided[:, :52].sum()


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_can_be_seen(action):
    seen = draw_face(FaceParameters(Expression(**{action: 1.0})), 96).astype(int)
    assert (np.abs(seen - draw_face(FaceParameters(), 96)).max(-1) > 12).sum() > 10


def test_prototypes_follow_the_published_actions():
    published = {
        "happy": {"cheek_raise", "lip_corner_pull"},
        "sad": {"inner_brow_raise", "brow_lower", "lip_corner_depress"},
        "surprise": {"inner_brow_raise", "outer_brow_raise", "upper_lid_raise", "lips_part", "jaw_drop"},
        "fear": {"inner_brow_raise", "outer_brow_raise", "brow_lower", "upper_lid_raise", "lid_tighten", "lip_stretch",
                 "lips_part"},
        "disgust": {"nose_wrinkle", "upper_lip_raise", "lip_corner_depress"},
        "anger": {"brow_lower", "upper_lid_raise", "lid_tighten", "lip_tighten"},
        "neutral": set(),
    }
    for emotion in EMOTIONS:
        expression = Expression(**PROTOTYPES[emotion].core, **PROTOTYPES[emotion].variants[0])
        active = {action for action in ACTIONS if getattr(expression, action) > 0}
        if emotion == "contempt":
            assert (expression.dimple_left > 0) != (expression.dimple_right > 0)
        else:
            assert published[emotion] <= active
            assert not active & {"dimple_left", "dimple_right"}


def test_impossible_intensities_and_unknown_emotions_are_refused():
    with pytest.raises(InputError, match=r"lips_part is 1\.5"):
        Expression(lips_part=1.5)
    with pytest.raises(InputError, match="did you mean 'happy'"):
        sample_expression(np.random.default_rng(0), "hapy")
