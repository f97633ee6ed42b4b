"""The mesh of a face: where it is looked for, how it is set upright, what is measured in it."""

import math
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fecemo.data.model_files import locate_model
from fecemo.drawn import draw_face, sample_face
from fecemo.errors import InputError, ResourceError
from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.alignment import STANDARD_HEAD, align
from fecemo.imaging.landmarks.features import (
    BELOW,
    BETWEEN,
    COLUMNS,
    DISTANCE_NAMES,
    GROUPS,
    SURE,
    columns_of,
    distances,
    landmark_features,
)
from fecemo.imaging.landmarks.mesh import MIDDLE, Region, find_mesh, middle_region, region_of
from fecemo.imaging.landmarks.model import BLENDSHAPES_NAME, MESH_NAME, FaceLandmarker
from fecemo.imaging.landmarks.points import BLENDSHAPE_NAMES, INPUT_LANDMARKS, MODEL_NAMES
from fecemo.models.approaches.landmarks import GROUPS as GROUPS_TO_CHOOSE

MODEL = locate_model(Path("face_landmarker.task"))


def some_mesh(seed=0):
    """Return a mesh whose skull is the standard one, everything else by chance."""
    mesh = np.random.default_rng(seed).uniform(-1, 1, (points.N_LANDMARKS, 3))
    mesh[list(STANDARD_HEAD)] = list(STANDARD_HEAD.values())
    return mesh


def turned(mesh, yaw, pitch, roll):
    about = {name: (math.cos(angle), math.sin(angle)) for name, angle in
             (("yaw", yaw), ("pitch", pitch), ("roll", roll))}
    (cy, sy), (cp, sp), (cr, sr) = about.values()
    return mesh @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]) @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]]) \
        @ np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])


class TestAlignment:
    @pytest.mark.parametrize("angles", [(0, 0, 0), (0.5, 0, 0), (0.2, -0.4, 1.2), (-0.7, 0.3, -3.0)])
    def test_pose_place_and_size_are_taken_out_and_nothing_else(self, angles):
        mesh = some_mesh()
        seen = 37.5 * turned(mesh, *angles) + (100, 80, -20)
        np.testing.assert_allclose(align(seen[None])[0], mesh, atol=1e-9)

    def test_a_mirrored_face_is_turned_and_not_mirrored_back(self):
        mirrored = some_mesh() * (1, 1, -1)
        aligned = align(mirrored[None])[0]
        corners = [points.RIGHT_EYE_OUTER, points.LEFT_EYE_OUTER, points.CHIN, points.LOWER_LIP]

        def volume(mesh):
            return np.linalg.det(mesh[corners[1:]] - mesh[corners[0]])

        assert np.sign(volume(aligned)) == np.sign(volume(mirrored))

    def test_each_mesh_is_aligned_by_itself(self):
        meshes = np.stack([turned(some_mesh(seed), seed / 3, 0, 0) for seed in range(3)])
        np.testing.assert_allclose(align(meshes)[1], align(meshes[1:2])[0])

    def test_what_is_no_mesh_is_refused(self):
        with pytest.raises(ValueError, match=r"expected landmarks of shape \(n, 478, 3\), found \(2, 68, 3\)"):
            align(np.zeros((2, 68, 3)))
        with pytest.raises(ValueError, match="mesh 1 are all in one place"):
            align(np.stack([some_mesh(), np.ones((478, 3))]))


class TestDistances:
    @pytest.fixture
    def mesh(self):
        """Forehead to chin is 2 high; every point is at the origin that is not set."""
        mesh = np.zeros((points.N_LANDMARKS, 3))
        mesh[points.FOREHEAD], mesh[points.CHIN] = (0, -0.5, 0), (0, 1.5, 0)
        return mesh

    def measured(self, mesh):
        return dict(zip(DISTANCE_NAMES, distances(mesh[None])[0], strict=True))

    def test_by_hand(self, mesh):
        mesh[points.RIGHT_MOUTH_CORNER], mesh[points.LEFT_MOUTH_CORNER] = (-0.3, 0.2, 0.0), (0.3, 0.2, 0.8)
        mesh[points.UPPER_LIP_INSIDE], mesh[points.LOWER_LIP_INSIDE] = (0, 0.4, 0), (0, 0.7, 0.4)
        result = self.measured(mesh)
        assert result["mouth width"] == pytest.approx(0.5)  # √(0.6² + 0.8²) = 1, of 2
        assert result["mouth opening"] == pytest.approx(0.25)  # √(0.3² + 0.4²) = 0.5, of 2
        assert result["right mouth corner below lip"] == result["left mouth corner below lip"] == pytest.approx(-0.1)
        assert result["lip to chin"] == pytest.approx(0.75)  # the lower lip stands at the origin
        assert result["brows apart"] == 0

    @pytest.mark.parametrize("name", BETWEEN)
    def test_each_is_of_its_own_two_landmarks(self, mesh, name):
        """Moving one of them by 2 along z moves its distance to 1, if the other is not moved too."""
        first, _ = BETWEEN[name]
        before = self.measured(mesh)[name]
        mesh[first, 2] += 2
        assert self.measured(mesh)[name] > before

    def test_sides_are_mirror_images(self):
        names = [*BETWEEN, *BELOW]
        assert [name.replace("right", "left") for name in names if "right" in name] == [
            name for name in names if "left" in name]
        assert len(DISTANCE_NAMES) == 18


def test_the_blendshape_model_is_given_what_it_asks_for():
    assert (len(MODEL_NAMES), len(set(MODEL_NAMES)), len(INPUT_LANDMARKS)) == (52, 52, 146)
    assert (np.diff(INPUT_LANDMARKS) > 0).all()
    assert INPUT_LANDMARKS.max() == points.N_LANDMARKS - 1
    assert "neutral" not in BLENDSHAPE_NAMES
    assert {name.replace("left", "right") for name in MODEL_NAMES if "left" in name} == {
        name for name in MODEL_NAMES if "right" in name}


class TestRegion:
    def test_a_point_goes_there_and_back(self):
        """A white spot of a dark picture is cut out, and its place in the cut is taken back to the picture."""
        picture = np.zeros((200, 200, 3), np.uint8)
        picture[118:123, 58:63] = 255  # about (60, 120)
        region = Region(x=90, y=100, angle=0.6, side=150)
        y, x, _ = np.array(np.nonzero(region.cut(picture) > 200)).mean(axis=1)
        back = region.to_picture(np.array([[x, y, 10.0]]))[0]
        np.testing.assert_allclose(back[:2], (60, 120), atol=0.5)
        assert back[2] == pytest.approx(10 * 150 / 256)

    def test_a_tilted_head_is_cut_upright(self):
        region = Region(x=100, y=100, angle=math.pi / 2, side=200)  # its x axis points down in the picture
        middle_right = np.array([[MIDDLE + 64, MIDDLE, 0.0]])
        np.testing.assert_allclose(region.to_picture(middle_right)[0, :2], (100, 150), atol=1e-9)

    def test_the_region_of_a_mesh_follows_its_eyes_and_holds_it_with_a_margin(self):
        mesh = np.zeros((points.N_LANDMARKS, 3))
        mesh[:, :2] = np.random.default_rng(1).uniform(-40, 40, (points.N_LANDMARKS, 2)) * (1, 0.5)
        mesh[points.RIGHT_EYE_OUTER, :2], mesh[points.LEFT_EYE_OUTER, :2] = (-40, 0), (40, 0)
        angle = 0.4
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        tilted = mesh.copy()
        tilted[:, :2] = mesh[:, :2] @ turn + (70, 90)
        upright, region = region_of(mesh), region_of(tilted)
        assert upright.angle == 0
        assert (upright.side, region.side) == pytest.approx((1.5 * 80, 1.5 * 80))
        assert region.angle == pytest.approx(angle)
        np.testing.assert_allclose((region.x, region.y), np.array([upright.x, upright.y]) @ turn + (70, 90))

    def test_a_square_larger_than_the_picture_repeats_its_edge(self):
        assert (middle_region(np.full((50, 50, 3), 9, np.uint8), 1.6).cut(np.full((50, 50, 3), 9, np.uint8)) == 9).all()


class Stub:
    """Gives prepared meshes one after the other, in place of a landmark model."""

    def __init__(self, *looks):
        self.looks, self.crops, self.read = list(looks), [], []

    def mesh(self, crop):
        self.crops.append(crop)
        return self.looks.pop(0)

    def blendshapes(self, landmarks):
        self.read.append(landmarks)
        return np.arange(52, dtype=np.float32) / 100


def crop_mesh(side, x=MIDDLE):
    """Return a mesh of this extent in a crop, upright."""
    mesh = some_mesh()
    mesh = mesh / np.ptp(mesh[:, :2], axis=0).max() * side
    return mesh - mesh.mean(axis=0) + (x, MIDDLE, 0)


class TestFindMesh:
    face = np.zeros((200, 200, 3), np.uint8)

    def test_the_surer_first_look_says_where_the_second_one_goes(self):
        first, second, last = crop_mesh(100), crop_mesh(140), crop_mesh(170)
        landmarker = Stub((first, 0.4), (second, 0.8), (last, 0.95))
        result = find_mesh(self.face, landmarker)
        assert len(landmarker.crops) == 3
        assert result.score == 0.95
        assert landmarker.read == [last]
        expected = region_of(middle_region(self.face, 1.6).to_picture(second))
        np.testing.assert_allclose(result.landmarks, expected.to_picture(last))

    def test_a_first_look_that_is_sure_spares_the_other(self):
        first, last = crop_mesh(100), crop_mesh(170)
        landmarker = Stub((first, 0.97), (last, 0.95))
        mesh = find_mesh(self.face, landmarker)
        assert (len(landmarker.crops), mesh.score) == (2, 0.95)
        np.testing.assert_allclose(
            mesh.landmarks, region_of(middle_region(self.face, 1.3).to_picture(first)).to_picture(last))

    @pytest.mark.parametrize(("score", "side", "looks"), [(0.95, 160, 1), (0.95, 100, 2), (0.8, 160, 3)])
    def test_a_sure_first_look_at_nearly_the_right_square_is_the_last(self, score, side, looks):
        """In a square of 256 pixels a mesh of 171 has the margin that it was trained with."""
        first, last = crop_mesh(side), crop_mesh(170)
        landmarker = Stub((first, score), *[(last, 0.85)] * (looks - 1))
        mesh = find_mesh(self.face, landmarker)
        assert (len(landmarker.crops), landmarker.read) == (looks, [first if looks == 1 else last])
        assert mesh.score == (score if looks == 1 else 0.85)

    def test_squares_are_near_by_place_angle_and_size(self):
        square = Region(100, 100, 0.1, 200)
        assert square.is_near(Region(110, 90, 0.2, 230))
        for other in (Region(100, 117, 0.1, 200), Region(100, 100, 0.3, 200), Region(100, 100, 0.1, 241)):
            assert not square.is_near(other)

    def test_a_lost_mesh_is_not_followed(self):
        """One that is a few pixels large is no face that fills the picture."""
        speck, other = crop_mesh(3), crop_mesh(2)
        landmarker = Stub((speck, 0.3), (other, 0.2))
        result = find_mesh(self.face, landmarker)
        assert (len(landmarker.crops), result.score) == (2, 0.3)
        np.testing.assert_allclose(result.landmarks, middle_region(self.face, 1.3).to_picture(speck))

    def test_measurements_are_in_the_order_of_their_names(self):
        mesh = crop_mesh(140)
        values, score, _ = landmark_features(self.face, Stub((mesh, 0.8), (mesh, 0.85), (mesh, 0.7)))
        assert (values.shape, values.dtype, score) == ((len(COLUMNS),), np.float32, 0.7)
        assert values[COLUMNS.index("jaw open")] == np.float32(MODEL_NAMES.index("jaw open") / 100)
        expected = distances(align(mesh[None]))[0]
        np.testing.assert_allclose(values[: len(DISTANCE_NAMES)], expected, rtol=1e-4)
        assert (values[columns_of(["gradients"])] == 0).all(), "a black face has no edge"

    def test_groups_stand_one_after_the_other_and_models_know_their_names(self):
        assert tuple(GROUPS) == GROUPS_TO_CHOOSE
        assert {group: len(names) for group, names in GROUPS.items()} == {
            "distances": 18, "blendshapes": 51, "gradients": 192}
        np.testing.assert_array_equal(columns_of(["blendshapes", "distances"]), np.arange(69))
        np.testing.assert_array_equal(columns_of(["gradients"]), np.arange(69, 261))
        assert len(set(COLUMNS)) == len(COLUMNS)


class TestBundle:
    def test_a_missing_file_says_where_it_is_had(self, tmp_path):
        with pytest.raises(InputError, match=r"no face landmark model .*none\.task; .*00_models\.py fetches it"):
            FaceLandmarker(tmp_path / "none.task")

    def test_another_file_is_refused(self, tmp_path):
        (tmp_path / "other.task").write_bytes(b"no zip")
        with pytest.raises(InputError, match=r"other\.task cannot be read as a face_landmarker\.task"):
            FaceLandmarker(tmp_path / "other.task")

    def test_another_bundle_is_refused(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "hand.task", "w") as bundle:
            bundle.writestr("hand_landmarks_detector.tflite", b"")
        with pytest.raises(InputError, match=r"holds no face_landmarks_detector\.tflite, only hand_landmarks_detector"):
            FaceLandmarker(tmp_path / "hand.task")

    def test_without_the_package_the_extra_is_named(self, tmp_path, monkeypatch):
        with zipfile.ZipFile(tmp_path / "face.task", "w") as bundle:
            for name in (MESH_NAME, BLENDSHAPES_NAME):
                bundle.writestr(name, b"")
        monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
        with pytest.raises(ResourceError, match=r"pip install -e .*\[landmarks\]"):
            FaceLandmarker(tmp_path / "face.task")

    def test_what_is_no_network_is_refused(self, tmp_path):
        pytest.importorskip("ai_edge_litert")
        with zipfile.ZipFile(tmp_path / "face.task", "w") as bundle:
            for name in (MESH_NAME, BLENDSHAPES_NAME):
                bundle.writestr(name, b"no network")
        with pytest.raises(InputError, match=r"face_landmarks_detector\.tflite is no network"):
            FaceLandmarker(tmp_path / "face.task")

    @pytest.mark.skipif(not MODEL.is_file(), reason="face_landmarker.task is not in the cache: make models")
    def test_the_published_model_reads_drawn_faces_and_no_walls(self):
        pytest.importorskip("ai_edge_litert")
        landmarker = FaceLandmarker(MODEL)
        result = {}
        for emotion in ("happy", "surprise", "neutral"):
            values, scores, _ = zip(*(landmark_features(draw_face(sample_face(np.random.default_rng(seed), emotion)),
                                                      landmarker) for seed in range(4)), strict=True)
            assert min(scores) > 0.9
            result[emotion] = dict(zip(COLUMNS, np.median(values, axis=0), strict=True))
        assert result["happy"]["mouth smile left"] > 0.4 > result["neutral"]["mouth smile left"]
        assert result["happy"]["mouth width"] > result["neutral"]["mouth width"]
        assert result["surprise"]["mouth opening"] > 2 * result["neutral"]["mouth opening"]
        _, score, _ = landmark_features(np.full((200, 200, 3), 128, np.uint8), landmarker)
        assert score < SURE
