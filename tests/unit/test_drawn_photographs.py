"""Photographs of drawn faces: their boxes, and what simulated raters say of them."""

import dataclasses

import numpy as np
import pytest

from fecemo.drawn import (
    Expression,
    Photograph,
    draw_photograph,
    expression_distance,
    face_boxes,
    face_geometry,
    rate_triplet,
    sample_photograph,
    sample_triplets,
)
from fecemo.drawn.expression import EMOTIONS, PROTOTYPES
from fecemo.drawn.raters import TRIPLET_TYPES
from fecemo.errors import InputError


def photograph(number, faces=3) -> Photograph:
    rng = np.random.default_rng([2, number])
    return sample_photograph(rng, [EMOTIONS[index] for index in rng.integers(8, size=faces)])


def within(box, points, picture):
    x, y = points[:, 0] / picture.width, points[:, 1] / picture.height
    return (box.left <= x.min() and x.max() <= box.right and box.top <= y.min() and y.max() <= box.bottom)


def features_of(shape):
    lids = [lid for eye in shape.eyes for lid in (eye.upper, eye.lower)]
    return np.concatenate([*(brow.curve for brow in shape.brows), *lids, shape.mouth.upper_outer,
                           shape.mouth.lower_outer])


def prototype(emotion, variant=0, intensity=1.0):
    actions = {**PROTOTYPES[emotion].core, **PROTOTYPES[emotion].variants[variant]}
    return Expression(**{name: intensity * value for name, value in actions.items()})


@pytest.mark.parametrize("faces", [1, 2, 3, 4])
def test_boxes_hold_their_faces(faces):
    for number in range(25):
        picture = photograph(number, faces)
        for box, face in zip(face_boxes(picture), picture.faces, strict=True):
            assert 0 <= box.left < box.right <= 1
            assert 0 <= box.top < box.bottom <= 1
            placed, shape = picture.placement_of(face), face_geometry(face.parameters)
            assert within(box, placed.project(features_of(shape)), picture)
            assert within(box, placed.project(shape.head.outline[shape.head.outline[:, 1] > -0.9]), picture)
            # Loose and about square, where the photograph does not end first.
            if box.left > 0 and box.right < 1 and box.top > 0 and box.bottom < 1:
                assert (box.right - box.left) * picture.width == pytest.approx(
                    (box.bottom - box.top) * picture.height, abs=0.1
                )
            head = np.ptp(placed.project(shape.head.outline)[:, 1])
            assert (box.bottom - box.top) * picture.height < 1.4 * head


def test_a_face_that_moves_changes_pixels_inside_its_box_alone():
    picture = photograph(3)
    picture = dataclasses.replace(picture, scene=dataclasses.replace(picture.scene, noise=0.0, blur=0.0))
    plain, boxes = draw_photograph(picture)
    for index, box in enumerate(boxes):
        face = picture.faces[index]
        raised = dataclasses.replace(
            face.parameters, expression=Expression(inner_brow_raise=1, lip_corner_pull=1, lips_part=1)
        )
        relaxed = dataclasses.replace(face.parameters, expression=Expression())
        seen = []
        for parameters in (raised, relaxed):
            faces = list(picture.faces)
            faces[index] = dataclasses.replace(face, parameters=parameters)
            seen.append(draw_photograph(dataclasses.replace(picture, faces=tuple(faces)))[0].astype(int))
        rows, columns = np.nonzero(np.abs(seen[0] - seen[1]).max(-1) > 8)
        assert len(rows) > 100
        assert box.left * picture.width <= columns.min()
        assert columns.max() < box.right * picture.width
        assert box.top * picture.height <= rows.min()
        assert rows.max() < box.bottom * picture.height
    assert plain.shape == (picture.height, picture.width, 3)


def test_the_same_photograph_gives_the_same_pixels():
    np.testing.assert_array_equal(draw_photograph(photograph(1))[0], draw_photograph(photograph(1))[0])


def test_light_and_background_are_shared_and_pose_is_not():
    captures = [face.parameters.capture for face in photograph(5, 4).faces]
    assert len({(shot.light_azimuth, shot.backdrop_seed, shot.exposure) for shot in captures}) == 1
    assert len({shot.yaw for shot in captures}) == 4


def test_too_many_faces_are_refused():
    with pytest.raises(InputError, match="20 faces do not fit"):
        sample_photograph(np.random.default_rng(0), ["happy"] * 20, 480, 360)


def test_raters_find_the_odd_one_and_disagree_over_hard_triplets():
    rng = np.random.default_rng(0)
    happy, mild, angry = (prototype("happy"), prototype("happy", intensity=0.8),
                          prototype("anger"))
    assert set(rate_triplet(rng, (happy, angry, mild), raters=40)) == {2}
    assert set(rate_triplet(rng, (happy, happy, happy), raters=40)) == {1, 2, 3}


def test_a_dimple_of_either_side_means_the_same():
    left, right = (prototype("contempt", variant) for variant in (0, 1))
    assert expression_distance(left, right) == pytest.approx(0)
    assert expression_distance(left, Expression()) > 0.5


def test_triplets_are_of_different_faces_and_their_type_is_true():
    emotions = [EMOTIONS[index] for index in np.random.default_rng(1).integers(8, size=60)]
    triplets = sample_triplets(np.random.default_rng(2), emotions, 200)
    for places, kind in triplets:
        assert len(set(places)) == 3
        assert kind == TRIPLET_TYPES[len({emotions[place] for place in places}) - 1]
    assert {kind for _, kind in triplets} == set(TRIPLET_TYPES)
    assert sample_triplets(np.random.default_rng(2), ["happy", "sad"], 10) == []
