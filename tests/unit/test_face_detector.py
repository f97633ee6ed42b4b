"""Faces in photographs of any size and turn: scales, tiles, merging, crops, eyes and pose, by a known network."""

import cv2
import numpy as np
import pytest

from fecemo.data.detect_settings import DetectSettings
from fecemo.data.model_files import locate_model
from fecemo.drawn import draw_face, sample_face
from fecemo.errors import InputError
from fecemo.imaging.crop import CropPolicy
from fecemo.imaging.detect import SEEN_SIZE, TILE, Detections, FaceDetector, load_yunet, rotated, rotated_sides
from fecemo.imaging.detected_faces import VALUES, detected_faces, head_pose, sharpness

MODEL = locate_model(DetectSettings.detector)
MAGENTA, YELLOW = (255, 0, 255), (255, 255, 0)
POINTS = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])


class MarkNetwork:
    """Finds magenta squares of 10 to 300 pixels; it is sure of those alone whose upper edge is yellow."""

    def __init__(self, sure=0.95):
        self.sizes, self.sure = [], sure

    def setInputSize(self, size):  # noqa: N802
        self.sizes.append(size)

    def detect(self, image):
        assert image.shape[1::-1] == self.sizes[-1]
        blue, green, red = (image[..., channel].astype(int) for channel in range(3))
        mark = red - np.minimum(green, blue) > 60
        _, _, stats, _ = cv2.connectedComponentsWithStats(mark.astype(np.uint8))
        rows = []
        for x, y, width, height, area in stats[1:]:
            if min(width, height) >= 10 and max(width, height) <= 300 and area > 0.8 * width * height:
                cap = green[y:y + max(1, height // 10), x:x + width].mean()
                score = self.sure if cap > 150 else 0.75
                points = (POINTS * (width, height) + (x, y)).ravel()
                rows.append([x, y, width, height, *points, score])
        return 1, np.array(rows, np.float32) if rows else None


def photograph(width, height, *marks):
    """Marks are left, top and side."""
    picture = np.full((height, width, 3), 128, np.uint8)
    for left, top, side in marks:
        picture[top:top + side, left:left + side] = MAGENTA
        picture[top:top + max(4, side // 5), left:left + side] = YELLOW
    return picture


def boxes_of(picture, min_size=32, **options):
    return FaceDetector(MarkNetwork(), min_size, **options).detect(picture)


def test_faces_of_all_sizes_are_found_once_in_a_large_scan():
    marks = [(100, 100, 40), (3000, 1500, 70), (5000, 3500, 120), (700, 2000, 1500), (3300, 2200, 400)]
    result = boxes_of(photograph(6000, 4000, *marks))
    expected = sorted((left, left + side, top, top + side) for left, top, side in marks)
    assert len(result) == len(marks)
    np.testing.assert_allclose(sorted(result.boxes.tolist()), expected, atol=10)
    # Points are in pixels of the photograph, too.
    row = int(np.argmax(result.boxes[:, 1] - result.boxes[:, 0]))
    np.testing.assert_allclose(result.points[row], POINTS * 1500 + (700, 2000), atol=20)


def test_a_face_on_the_seam_of_two_tiles_is_found_whole():
    """At any place along a strip that is several tiles long."""
    for left in range(1000, 1500, 37):
        result = boxes_of(photograph(4000, 300, (left, 100, 70)), min_size=SEEN_SIZE)
        assert len(result) == 1
        np.testing.assert_allclose(result.boxes[0], (left, left + 70, 100, 170), atol=3)


def test_no_part_of_a_photograph_is_larger_than_a_tile_and_small_ones_are_looked_at_once():
    network = MarkNetwork()
    FaceDetector(network, SEEN_SIZE, turns=False).detect(photograph(3000, 2000))
    assert max(max(size) for size in network.sizes) == TILE
    network = MarkNetwork()
    FaceDetector(network, 32).detect(photograph(200, 150, (50, 50, 60)))
    assert network.sizes == [(200, 150)]


def test_smaller_faces_than_asked_for_are_left_out():
    picture = photograph(900, 600, (100, 100, 30), (300, 300, 60))
    assert len(boxes_of(picture, min_size=20)) == 2
    assert len(boxes_of(picture, min_size=45)) == 1


def test_a_face_that_fills_the_photograph_is_found_from_farther_away():
    """The network sees no face above 300 pixels, and this one is 620 at the overview's scale."""
    result = boxes_of(photograph(2000, 2000, (20, 20, 1940)), turns=False)
    np.testing.assert_allclose(result.boxes, [(20, 1960, 20, 1960)], atol=20)


@pytest.mark.parametrize("arrival", [0, 90, 180, 270])
def test_a_photograph_that_lies_is_turned_until_its_faces_are_upright(arrival):
    upright = photograph(700, 500, (100, 50, 120), (400, 200, 90))
    result = boxes_of(np.ascontiguousarray(rotated(upright, arrival)))
    assert result.rotation == (-arrival) % 360
    np.testing.assert_allclose(sorted(result.boxes.tolist()), [(100, 220, 50, 170), (400, 490, 200, 290)], atol=3)
    assert boxes_of(np.ascontiguousarray(rotated(upright, arrival)), turns=False).rotation == 0


def test_a_photograph_is_taken_to_stand_on_its_head_only_where_that_is_likely():
    upright = photograph(700, 500, (100, 50, 120))
    for arrival, sure, rotation in ((180, 0.84, 0), (180, 0.86, 180), (90, 0.84, 270), (270, 0.84, 90)):
        detector = FaceDetector(MarkNetwork(sure), 32)
        assert detector.detect(np.ascontiguousarray(rotated(upright, arrival))).rotation == rotation


def test_a_small_photograph_without_a_face_is_looked_at_enlarged():
    """The network sees no face below 10 pixels, and this one is 8."""
    result = boxes_of(photograph(100, 75, (40, 30, 8)), min_size=6)
    np.testing.assert_allclose(result.boxes, [(40, 48, 30, 38)], atol=1)


def test_boxes_turn_with_photographs():
    sides = (0.1, 0.4, 0.2, 0.9)
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[20:90, 20:80] = 255
    for turn in (0, 90, 180, 270):
        left, right, top, bottom = rotated_sides(sides, turn)
        seen = rotated(picture, turn)
        height, width = seen.shape[:2]
        rows, columns = np.nonzero(seen[..., 0])
        assert (columns.min(), columns.max() + 1) == pytest.approx((left * width, right * width))
        assert (rows.min(), rows.max() + 1) == pytest.approx((top * height, bottom * height))
        assert rotated_sides(rotated_sides(sides, turn), -turn) == pytest.approx(sides)


class Answer:
    """A detector that answers what it is told."""

    def __init__(self, **detections):
        self.detections = Detections(**{name: np.asarray(value, float) if name != "rotation" else value
                                        for name, value in detections.items()})

    def detect(self, picture):
        return self.detections


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_turned_face_is_stored_upright_and_its_box_lies_in_the_photograph_as_it_is_shown(turn):
    upright = photograph(600, 400, (120, 80, 100))
    shown = np.ascontiguousarray(rotated(upright, -turn))
    points = POINTS * 100 + (120, 80)
    detector = Answer(boxes=[(120, 220, 80, 180)], points=[points], scores=[0.9], rotation=turn)
    (face,) = detected_faces(shown, detector, CropPolicy())
    height, width = shown.shape[:2]
    left, right, top, bottom = np.array(face.sides) * (width, width, height, height)
    mark = shown[round(top):round(bottom), round(left):round(right)]
    assert mark.shape == (100, 100, 3)
    assert not (mark == 128).all(axis=-1).any()
    assert tuple(face.crop[5, 100]) == YELLOW
    assert tuple(face.crop[150, 100]) == MAGENTA
    assert face.values["rotation"] == turn
    assert face.values["size"] == 100
    # An eye at .3 of the box is at pixel .3 · 200 of the crop, counted from the first pixel's edge.
    assert [face.values[name] for name in VALUES[-4:]] == pytest.approx([59.5, 79.5, 139.5, 79.5], abs=0.1)


def test_margin_and_square_move_the_eyes_with_the_crop():
    picture = photograph(600, 400, (200, 100, 100))
    detector = Answer(boxes=[(200, 300, 100, 200)], points=[POINTS * 100 + (200, 100)], scores=[0.9])
    (face,) = detected_faces(picture, detector, CropPolicy(margin=1.0, square=True))
    assert [face.values[name] for name in VALUES[-4:]] == pytest.approx([79.5, 89.5, 119.5, 89.5], abs=0.1)
    assert face.sides == (0.333333, 0.5, 0.25, 0.5)  # of the face itself


def test_faces_come_from_left_to_right_and_equal_boxes_once():
    boxes = [(300, 400, 50, 150), (100, 200, 50, 150), (100, 200, 50, 150), (500, 500.2, 10, 10.2)]
    detector = Answer(boxes=boxes, points=[POINTS * 100] * 4, scores=[0.9, 0.8, 0.7, 0.6])
    faces = detected_faces(photograph(600, 400), detector, CropPolicy())
    assert [face.sides[0] for face in faces] == [round(100 / 600, 6), 0.5]
    assert detected_faces(photograph(600, 400), Answer(boxes=np.zeros((0, 4)), points=np.zeros((0, 5, 2)), scores=[]),
                          CropPolicy()) == []


class TestPose:
    """Five points of a head that is turned in space and seen from far away."""

    HEAD = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.5775, -0.5], [-0.35, 1.05, 0], [0.35, 1.05, 0]])

    def seen(self, roll=0.0, yaw=0.0, pitch=0.0):
        """x to the right, y down, z away from the camera; yaw to the photograph's right, pitch up."""
        sine, cosine = np.sin(np.radians([roll, yaw, pitch])), np.cos(np.radians([roll, yaw, pitch]))
        around_y = np.array([[cosine[1], 0, -sine[1]], [0, 1, 0], [sine[1], 0, cosine[1]]])
        around_x = np.array([[1, 0, 0], [0, cosine[2], sine[2]], [0, -sine[2], cosine[2]]])
        around_z = np.array([[cosine[0], -sine[0], 0], [sine[0], cosine[0], 0], [0, 0, 1]])
        return 80 * (self.HEAD @ (around_z @ around_y @ around_x).T)[:, :2] + (300, 200)

    @pytest.mark.parametrize("angles", [(0, 0, 0), (20, 0, 0), (-35, 0, 0), (0, 25, 0), (0, -40, 0), (0, 0, 15),
                                        (0, 0, -15), (15, 20, 0)])
    def test_angles_are_recovered(self, angles):
        assert head_pose(self.seen(*angles)) == pytest.approx(angles, abs=2.5)

    def test_points_that_coincide_have_no_pose(self):
        assert np.isnan(head_pose(np.zeros((5, 2)))).all()


def test_a_blurred_face_is_less_sharp():
    face = draw_face(sample_face(np.random.default_rng(3), "neutral"))
    assert sharpness(face) > 4 * sharpness(cv2.GaussianBlur(face, (0, 0), 4)) > 0
    assert sharpness(np.full((200, 200, 3), 7, np.uint8)) == 0


def test_what_is_no_network_is_refused(tmp_path):
    (tmp_path / "other.onnx").write_bytes(b"no network")
    for path in (tmp_path / "other.onnx", tmp_path / "nowhere.onnx", tmp_path):
        with pytest.raises(InputError, match="is no face detector that OpenCV runs"):
            load_yunet(path, 0.7)


@pytest.fixture(scope="module")
def detector():
    return FaceDetector(load_yunet(MODEL, 0.7), 32)


@pytest.mark.skipif(not MODEL.is_file(), reason="YuNet is not in the cache: make models")
class TestYunet:
    def drawn(self, width, height, *places):
        picture = np.full((height, width, 3), 90, np.uint8)
        for seed, (left, top, side) in enumerate(places):
            face = draw_face(sample_face(np.random.default_rng(seed), "neutral"))
            picture[top:top + side, left:left + side] = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
        return picture

    def test_drawn_faces_are_found_in_a_scan_with_their_eyes(self, detector):
        places = [(100, 100, 120), (1500, 1200, 400), (2300, 300, 90), (2600, 1500, 200)]
        picture = self.drawn(3000, 2000, *places)
        faces = detected_faces(picture, detector, CropPolicy(0.2, square=True))
        assert len(faces) == len(places)
        for face, (left, top, side) in zip(faces, sorted(places), strict=True):
            middle = np.array([face.sides[0] + face.sides[1], face.sides[2] + face.sides[3]]) / 2 * (3000, 2000)
            np.testing.assert_allclose(middle, (left + side / 2, top + side / 2), atol=0.15 * side)
            right_x, right_y, left_x, left_y = (face.values[name] for name in VALUES[-4:])
            assert 40 < right_x < 90 < 110 < left_x < 160
            assert max(abs(right_y - 80), abs(left_y - 80)) < 30

    @pytest.mark.parametrize("arrival", [90, 270])
    def test_a_drawn_face_that_lies_is_stored_upright(self, detector, arrival):
        upright = self.drawn(700, 500, (200, 100, 240))
        (face,) = detected_faces(np.ascontiguousarray(rotated(upright, arrival)), detector, CropPolicy())
        assert face.values["rotation"] == (-arrival) % 360
        (expected,) = detected_faces(upright, detector, CropPolicy())
        assert np.abs(face.crop.astype(int) - expected.crop).mean() < 4

    def test_a_wall_shows_nobody(self, detector):
        noise = np.random.default_rng(0).integers(0, 255, (400, 600, 3), np.uint8)
        for picture in (np.full((400, 600, 3), 128, np.uint8), noise, np.zeros((1, 1, 3), np.uint8),
                        np.zeros((3, 5000, 3), np.uint8)):
            assert len(detector.detect(picture)) == 0
