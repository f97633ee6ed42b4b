"""The same person with another expression: triangles, the map from blendshapes to meshes, and truth on drawn faces."""

from pathlib import Path

import numpy as np
import pytest
from standing_mesh import standing_mesh

from fecemo.data.model_files import locate_model
from fecemo.drawn import (
    EMOTIONS,
    PROTOTYPES,
    Capture,
    Expression,
    FaceParameters,
    Nuisance,
    draw_face,
    sample_expression,
    sample_identity,
)
from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.alignment import align, skull_similarities
from fecemo.imaging.landmarks.expression_map import ExpressionMap, fit_expression_map
from fecemo.imaging.landmarks.expression_means import INDIVIDUAL, ExpressionChange, ExpressionMean, mean_expression
from fecemo.imaging.landmarks.synthesis import FaceSynthesizer, PhotographedFace
from fecemo.imaging.warp import areas, inverse_warp, triangulate

MODEL = locate_model(Path("face_landmarker.task"))
NOISE = np.random.default_rng(1).integers(0, 256, (200, 200, 3), dtype=np.uint8)
IN_PICTURE = standing_mesh() * 90 + (100, 70, 0)


class TestWarp:
    def test_pixels_of_a_triangle_come_from_where_they_were(self):
        picture = np.arange(100, dtype=np.uint8).reshape(10, 10, 1)
        before, after = np.array([(0, 0), (4, 0), (0, 4)], float), np.array([(0, 0), (8, 0), (0, 8)], float)
        warped = inverse_warp(picture, before, after, np.array([(0, 1, 2)]))
        assert warped[2, 2, 0] == picture[1, 1, 0] == 11
        assert warped[4, 2, 0] == picture[2, 1, 0] == 21
        assert warped[9, 9, 0] == 99, "outside of the triangle nothing moves"
        alone = inverse_warp(picture, before, after, np.array([(0, 1, 2)]), 9)
        assert (alone.shape, alone[2, 2, 0], alone[8, 8, 0]) == ((9, 9, 1), 11, 0)

    def test_a_shift_moves_the_picture_and_no_move_leaves_it_exactly(self):
        corners = np.array([(-9, -9), (220, -9), (220, 220), (-9, 220), (90.3, 71.7)])
        triangles = triangulate(corners)
        assert (areas(corners, triangles) > 0).all()
        shifted = inverse_warp(NOISE, corners, corners + np.array((3, 0)), triangles)
        np.testing.assert_array_equal(shifted[:, 3:], NOISE[:, :-3])
        np.testing.assert_array_equal(inverse_warp(NOISE, corners, corners, triangles), NOISE)

    def test_of_triangles_that_cover_each_other_the_last_is_seen_and_no_back(self):
        picture = np.arange(100, dtype=np.uint8).reshape(10, 10, 1)
        after = np.array([(0, 0), (8, 0), (0, 8), (0, 0), (8, 0), (0, 8)], float)
        before = after + np.repeat([(0, 0), (1, 0)], 3, axis=0)
        both = np.array([(0, 1, 2), (3, 4, 5)])
        assert inverse_warp(picture, before, after, both)[2, 2, 0] == picture[2, 3, 0]
        assert inverse_warp(picture, before, after, both[::-1])[2, 2, 0] == picture[2, 2, 0]
        assert inverse_warp(picture, before, after, np.array([(0, 1, 2), (3, 5, 4)]))[2, 2, 0] == picture[2, 2, 0]


def test_ridge_recovers_a_planted_map():
    rng = np.random.default_rng(0)
    planted = ExpressionMap(np.zeros(5), rng.normal(size=(478, 3)), rng.normal(size=(5, 478, 3)))
    shapes = rng.uniform(size=(40, 5))
    meshes = planted.mean_mesh + np.tensordot(shapes, planted.coefficients, axes=1)
    learnt = fit_expression_map(shapes, meshes, penalty=0.0)
    np.testing.assert_allclose(learnt.coefficients, planted.coefficients, atol=1e-9)
    np.testing.assert_allclose(learnt.move(shapes[3] - shapes[8]), meshes[3] - meshes[8], atol=1e-9)
    halved = fit_expression_map(shapes, meshes, penalty=float(shapes.var())).coefficients
    assert np.linalg.norm(halved) < 0.75 * np.linalg.norm(planted.coefficients), "a penalty shrinks"
    with pytest.raises(ValueError, match="at least two faces to learn from, got 1"):
        fit_expression_map(shapes[:1], meshes[:1])


@pytest.fixture(scope="module")
def synthesizer():
    return FaceSynthesizer(standing_mesh())


class TestSynthesizer:
    def test_without_a_move_the_photograph_comes_back_exactly(self, synthesizer):
        mesh, gain = synthesizer.moved(IN_PICTURE, np.zeros((478, 3)), 1.0)
        assert gain == 1.0
        np.testing.assert_array_equal(mesh, IN_PICTURE)
        np.testing.assert_array_equal(synthesizer.render(PhotographedFace(NOISE, IN_PICTURE), mesh), NOISE)

    def test_the_similarity_of_the_face_is_undone(self, synthesizer):
        angle = 0.4
        turn = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        photographed = 60 * standing_mesh() @ turn + (90, 80, 5)
        move = np.zeros((478, 3))
        move[points.CHIN] = (0.0, 0.05, 0.02)
        mesh, gain = synthesizer.moved(photographed, move, 0.8)
        assert gain == 0.8
        np.testing.assert_allclose(align(mesh[None])[0], standing_mesh() + 0.8 * move, atol=1e-9)
        _, (rotation,), (scale,) = skull_similarities(photographed[None])
        np.testing.assert_allclose(move @ rotation.T / scale @ rotation * scale, move, atol=1e-12)
        assert scale == pytest.approx(1 / 60)

    def test_the_face_moves_and_nothing_outside_of_its_ring(self, synthesizer):
        move = np.zeros((478, 3))
        move[[points.RIGHT_MOUTH_CORNER, points.LEFT_MOUTH_CORNER]] = (0, -0.02, 0)
        mesh, _ = synthesizer.moved(IN_PICTURE, move, 1.0)
        made = synthesizer.render(PhotographedFace(NOISE, IN_PICTURE), mesh)
        changed = (made != NOISE).any(axis=2)
        x, y = IN_PICTURE[points.RIGHT_MOUTH_CORNER, :2].round().astype(int)
        assert changed[y - 2:y + 3, x - 2:x + 3].any()
        changed[60:, 20:180] = False
        assert not changed.any()

    def test_lips_meet_and_do_not_cross(self, synthesizer):
        move = np.zeros((478, 3))
        move[[lower for _, lower in points.LIP_PAIRS]] = (0, -0.4, 0)
        met = synthesizer.moved(IN_PICTURE, move, 1.0)
        assert met is None or all(met[0][lower, 1] >= met[0][upper, 1] - 1e-9 for upper, lower in points.LIP_PAIRS)

    def test_a_move_that_folds_the_face_is_made_smaller_or_left_out(self, synthesizer):
        move = np.zeros((478, 3))
        move[list(range(0, 468, 3))] = (0.15, 0, 0)
        kept = synthesizer.moved(IN_PICTURE, move, 0.3)
        assert kept is None or kept[1] < 0.3
        assert synthesizer.moved(IN_PICTURE, 20 * move, 1.0) is None

    def test_a_mouth_that_opens_shows_the_donors_in_the_light_of_the_photograph(self, synthesizer):
        shut, wide = (standing_mesh(opening) * 90 + (100, 70, 0) for opening in (0.001, 0.2))
        inside = tuple(wide[[points.UPPER_LIP_INSIDE, points.LOWER_LIP_INSIDE], :2].mean(axis=0).round().astype(int))
        photograph, donor = np.full((200, 200, 3), 90, np.uint8), np.full((200, 200, 3), 180, np.uint8)
        photograph[::2] = 110
        donor[::2] = 200
        donor[inside[1] - 12:inside[1] + 13] = 120  # darker by 70 than the donor's face
        made = synthesizer.render(PhotographedFace(photograph, shut), wide, PhotographedFace(donor, wide))
        assert 85 <= made[inside[1], inside[0], 0] <= 95, "no darker than the darkest of the photograph, and not 120"
        coloured = (photograph * (1.2, 1.0, 0.6)).astype(np.uint8)  # the donor's mouth is gray, and takes half of it
        red, green, blue = synthesizer.render(PhotographedFace(coloured, shut), wide,
                                              PhotographedFace(donor, wide))[inside[1], inside[0]] / 1.0
        assert red / green == pytest.approx((1 + 1.2 / 1.0143) / (1 + 1.0 / 1.0143), abs=0.04)
        assert blue / green == pytest.approx((1 + 0.6 / 1.0143) / (1 + 1.0 / 1.0143), abs=0.04)
        plain = np.full((200, 200, 3), 100, np.uint8)
        made = synthesizer.render(PhotographedFace(plain, shut), wide, PhotographedFace(plain, wide))
        top = int(wide[points.UPPER_LIP_INSIDE, 1].round())
        assert made[inside[1], inside[0]].tolist() == [100, 100, 100], "in its middle as bright as the donor's"
        assert made[top + 2, inside[0], 0] < 80, "and darker towards the lips"
        dark = synthesizer.render(PhotographedFace(photograph, shut), wide)
        assert 25 <= dark[inside[1], inside[0], 0] <= 35, "without a donor, as dark as mouths are"


class TestMeans:
    def test_the_mean_of_few_faces_is_half_of_what_their_blendshapes_say_and_of_many_nearly_all_of_its_own(self):
        expressions = ExpressionMap(np.zeros(2), np.zeros((478, 3)), np.full((2, 478, 3), 0.25))
        neutral, few, many = (
            ExpressionMean(faces, np.full(2, level), np.full((478, 3), level), np.full((3, 3), level))
            for faces, level in ((100, 1.0), (8, 3.0), (72, 3.0)))
        for shown, trust in ((few, 0.5), (many, 0.9)):
            change = ExpressionChange(expressions, neutral, shown)
            usual = change.move(neutral.blendshapes, shown.blendshapes)
            np.testing.assert_allclose(usual, trust * 2 + (1 - trust) * 2 * 2 * 0.25)
            stronger = change.move(neutral.blendshapes, shown.blendshapes + 0.4)
            np.testing.assert_allclose(stronger - usual, INDIVIDUAL * 2 * 0.4 * 0.25)
            np.testing.assert_allclose(change.creases, trust * 2)

    def test_they_are_means(self):
        creases = iter([np.zeros((2, 2)), np.ones((2, 2))])
        made = mean_expression(np.array([[0.0], [1.0]]), np.ones((2, 478, 3)), creases)
        assert (made.faces, made.blendshapes.tolist(), made.mesh.mean()) == (2, [0.5], 1.0)
        np.testing.assert_array_equal(made.creases, np.full((2, 2), 0.5))
        with pytest.raises(ValueError, match="at least one face"):
            mean_expression(np.zeros((0, 1)), np.zeros((0, 478, 3)), [])


class TestCreases:
    def test_a_dark_line_is_one_and_no_light_is(self, synthesizer):
        plain, ramp = np.full((200, 200, 3), 100, np.uint8), np.zeros((200, 200, 3), np.uint8)
        ramp[:] = np.linspace(90, 150, 200, dtype=np.uint8)[None, :, None]
        for light in (plain, ramp):
            assert np.abs(synthesizer.creases(PhotographedFace(light, IN_PICTURE))[60:140, 60:140]).max() < 0.02
        x, y = IN_PICTURE[points.CHIN, :2].round().astype(int)
        lined = plain.copy()
        lined[y - 12:y - 10, x - 15:x + 15] = 60
        assert synthesizer.creases(PhotographedFace(lined, IN_PICTURE)).min() < np.log(76 / 116) * 0.6

    def test_skin_darkens_by_them_and_nothing_beyond_the_face(self, synthesizer):
        plain = np.full((200, 200, 3), 100, np.uint8)
        made = synthesizer.render(PhotographedFace(plain, IN_PICTURE), IN_PICTURE,
                                  creases=np.full((200, 200), np.log(0.5)))
        x, y = IN_PICTURE[points.NOSE_BRIDGE, :2].round().astype(int)
        assert made[y, x].tolist() == [42, 42, 42], "(100 + 16) / 2 - 16"
        np.testing.assert_array_equal(made[:, :20], plain[:, :20])
        same = synthesizer.render(PhotographedFace(NOISE, IN_PICTURE), IN_PICTURE, creases=np.zeros((200, 200)))
        np.testing.assert_array_equal(same, NOISE)


LIPS = (points.RIGHT_MOUTH_CORNER, points.UPPER_LIP, points.LEFT_MOUTH_CORNER, points.LOWER_LIP)
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 46, 53, 52, 65, 55, 276, 283, 282, 295, 285)
MOVED = {"happy": (LIPS,), "contempt": (LIPS,)}
"""What an expression moves by its action units, where that is not both: no brow."""


@pytest.mark.skipif(not MODEL.is_file(), reason="needs face_landmarker.task: pipelines/00_models.py fetches it")
def test_on_drawn_faces_every_expression_comes_nearer_to_the_true_one_and_people_stay_themselves():
    pytest.importorskip("ai_edge_litert")
    from fecemo.imaging.landmarks.mesh import find_mesh
    from fecemo.imaging.landmarks.model import FaceLandmarker

    landmarker, rng = FaceLandmarker(MODEL), np.random.default_rng(0)

    def drawn(expression, identity):
        face = draw_face(FaceParameters(expression, Nuisance(identity, Capture())), 200)
        return face, find_mesh(face, landmarker)

    donors = {name: [drawn(sample_expression(rng, name), who) for who in people]
              for people in [[sample_identity(rng) for _ in range(12)]] for name in EMOTIONS}
    meshes = [mesh for shown in donors.values() for _, mesh in shown]
    learnt = fit_expression_map(np.stack([mesh.blendshapes for mesh in meshes]),
                                align(np.stack([mesh.landmarks for mesh in meshes])))
    synthesizer = FaceSynthesizer(learnt.mean_mesh)
    means = {name: mean_expression(np.stack([mesh.blendshapes for _, mesh in shown]),
                                   align(np.stack([mesh.landmarks for _, mesh in shown])),
                                   [synthesizer.creases(PhotographedFace(face, mesh.landmarks))
                                    for face, mesh in shown]) for name, shown in donors.items()}
    people = [sample_identity(rng) for _ in range(3)]
    neutral = [drawn(Expression(), who) for who in people]
    usual = {name: shown.mesh - means["neutral"].mesh for name, shown in means.items() if name != "neutral"}
    read = []
    for name in EMOTIONS[1:]:
        strong = Expression(**{**PROTOTYPES[name].core, **PROTOTYPES[name].variants[-1]})
        true, change = [drawn(strong, who) for who in people], ExpressionChange(learnt, means["neutral"], means[name])
        for person, ((before, mesh), (truth, true_mesh)) in enumerate(zip(neutral, true, strict=True)):
            donor, donor_mesh = true[(person + 1) % len(people)]
            moved, gain = synthesizer.moved(mesh.landmarks, change.move(mesh.blendshapes, donor_mesh.blendshapes), 1.0)
            made = synthesizer.render(PhotographedFace(before, mesh.landmarks), moved,
                                      PhotographedFace(donor, donor_mesh.landmarks), gain * change.creases)
            pixels, places = np.zeros(2), np.zeros(2)
            for part in MOVED.get(name, (LIPS, BROWS)):
                ends = np.concatenate([mesh.landmarks[list(part)], true_mesh.landmarks[list(part)]])[:, :2]
                (left, top), (right, bottom) = (ends.min(0) - 8).astype(int), (ends.max(0) + 9).astype(int)
                around = np.s_[top:bottom, left:right]
                pixels += [np.abs(face[around].astype(float) - truth[around]).sum() for face in (made, before)]
                places += [np.linalg.norm((ends - true_mesh.landmarks)[list(part), :2], axis=1).sum()
                           for ends in (moved, mesh.landmarks)]
            assert pixels[0] < pixels[1], (name, person)
            assert places[0] < 0.9 * places[1], (name, person)
            others = [np.abs(made.astype(float) - face).mean() for face, _ in true]
            assert int(np.argmin(others)) == person, "nearer to this person's own than to anybody else's"
            seen = align(np.stack([find_mesh(made, landmarker).landmarks, mesh.landmarks]))
            likeness = {other: np.vdot(seen[0] - seen[1], move) / np.linalg.norm(move) for other, move in usual.items()}
            read.append((name, max(likeness, key=likeness.__getitem__)))
    shares = {name: np.mean([answer == name for shown, answer in read if shown == name]) for name in EMOTIONS[1:]}
    assert min(shares.values()) > 0.5, "the landmark model reads the target from the result, for most people"
