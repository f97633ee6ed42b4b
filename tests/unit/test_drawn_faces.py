"""Drawn faces as pictures, and as samples whose labels hang on expression alone."""

import dataclasses

import numpy as np
import pytest

from fecemo.drawn import ACTIONS, Capture, FaceParameters, Identity, Nuisance, draw_face, sample_face
from fecemo.drawn.capture import BACKDROPS
from fecemo.drawn.expression import EMOTIONS
from fecemo.drawn.hair import HAIR_CUTS
from fecemo.drawn.identity import BEARD_STYLES, GLASSES_STYLES, HAIR_STYLES
from fecemo.errors import InputError

PER_EMOTION = 120


@pytest.fixture(scope="module")
def crowd():
    return [sample_face(np.random.default_rng([11, number, kind]), emotion)
            for number in range(PER_EMOTION) for kind, emotion in enumerate(EMOTIONS)]


def numbers(faces, part):
    """One row a face: its numeric parameters of ``expression``, ``identity`` or ``capture``."""
    rows = [face.as_row() for face in faces]
    names = [name for name, value in rows[0].items()
             if name.startswith(part) and not isinstance(value, str) and not name.endswith("seed")]
    return np.array([[row[name] for name in names] for row in rows], float)


def nearest_mean_accuracy(values, labels):
    """Fit class means on even rows, score odd rows."""
    values = (values - values.mean(0)) / np.maximum(values.std(0), 1e-9)
    half = np.arange(len(values)) // len(EMOTIONS) % 2 == 0
    means = np.stack([values[half & (labels == kind)].mean(0) for kind in range(len(EMOTIONS))])
    nearest = ((values[~half, None] - means) ** 2).sum(-1).argmin(1)
    return (nearest == labels[~half]).mean()


def test_the_same_parameters_give_the_same_pixels_and_others_do_not(crowd):
    for face in crowd[:8]:
        first = draw_face(face)
        assert first.shape == (200, 200, 3)
        assert first.dtype == np.uint8
        np.testing.assert_array_equal(first, draw_face(dataclasses.replace(face)))
    assert (draw_face(crowd[0]) != draw_face(crowd[8])).mean() > 0.5


def test_the_same_seed_gives_the_same_face_and_touches_no_global_state():
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    first, second = (sample_face(np.random.default_rng(3), "fear") for _ in range(2))
    draw_face(first, 64)
    assert first == second
    np.testing.assert_array_equal(before, np.random.get_state()[1])


@pytest.mark.parametrize("size", [16, 48, 64, 200, 256])
def test_any_size_can_be_drawn(crowd, size):
    picture = draw_face(crowd[1], size)
    assert picture.shape == (size, size, 3)
    assert picture.std() > 10


def test_a_small_face_is_the_large_one_shrunk(crowd):
    capture = Capture(jpeg_quality=100)
    face = FaceParameters(crowd[1].expression, Nuisance(crowd[1].identity, capture))
    small, large = draw_face(face, 48).astype(float), draw_face(face, 192).astype(float)
    shrunk = large.reshape(48, 4, 48, 4, 3).mean((1, 3))
    assert np.abs(small - shrunk).mean() < 4


def test_too_small_is_refused():
    with pytest.raises(InputError, match="at least 16"):
        draw_face(FaceParameters(), 8)


@pytest.mark.parametrize(
    ("field", "styles"), [("hair_style", HAIR_STYLES), ("beard", BEARD_STYLES), ("glasses", GLASSES_STYLES)]
)
def test_every_style_looks_different(field, styles):
    pictures = [
        draw_face(FaceParameters(nuisance=Nuisance(Identity(**{field: style}))), 64).astype(int) for style in styles
    ]
    for index, picture in enumerate(pictures):
        for other in pictures[:index]:
            assert (np.abs(picture - other).max(-1) > 15).sum() > 15


def test_every_backdrop_can_be_drawn_and_every_hair_style_has_a_cut():
    for backdrop in BACKDROPS:
        capture = Capture(backdrop=backdrop, backdrop_seed=3)
        assert draw_face(FaceParameters(nuisance=Nuisance(capture=capture)), 48)[:3].std() >= 0
    assert set(HAIR_CUTS) == set(HAIR_STYLES) - {"bald"}


def test_no_hair_hides_the_mouth(crowd):
    """Painting the mouth red must show, whatever hair there is."""
    for style in HAIR_STYLES:
        capture = Capture(yaw=20, roll=-12, jpeg_quality=100)
        plain, painted = (
            draw_face(
                FaceParameters(nuisance=Nuisance(Identity(hair_style=style, lip_colour=colour), capture)), 96
            ).astype(int)
            for colour in (0.0, 1.0)
        )
        assert (np.abs(plain - painted).max(-1) > 20).sum() > 50, style


def test_extreme_poses_keep_the_picture_whole():
    for yaw, pitch, roll in ((30, 15, 45), (-30, -15, -45)):
        picture = draw_face(FaceParameters(nuisance=Nuisance(capture=Capture(yaw=yaw, pitch=pitch, roll=roll))), 96)
        assert picture[40:60, 40:60].std() > 5


def test_nuisances_do_not_depend_on_the_emotion(crowd):
    labels = np.arange(len(crowd)) % len(EMOTIONS)
    members = np.eye(len(EMOTIONS))[labels]
    for part in ("identity", "capture"):
        values = numbers(crowd, part)
        correlation = np.corrcoef(np.hstack([values, members]).T)[:values.shape[1], values.shape[1]:]
        assert np.abs(correlation).max() < 0.13  # four standard errors of 960 faces


def test_expression_tells_the_emotion_and_identity_does_not(crowd):
    labels = np.arange(len(crowd)) % len(EMOTIONS)
    assert nearest_mean_accuracy(numbers(crowd, "expression"), labels) > 0.8
    for part in ("identity", "capture"):
        assert nearest_mean_accuracy(numbers(crowd, part), labels) < 0.2


def test_some_faces_are_mild_and_none_is_a_bare_prototype(crowd):
    strengths = np.array(
        [max(getattr(face.expression, action) for action in ACTIONS) for face in crowd if face.emotion == "happy"]
    )
    assert 0.05 < (strengths < 0.7).mean() < 0.4
    assert (strengths > 0.85).mean() > 0.3
    neutral = [face for face in crowd if face.emotion == "neutral"]
    assert all(any(getattr(face.expression, action) > 0.01 for action in ACTIONS) for face in neutral)  # idle movements


def test_a_row_holds_every_parameter_in_plain_values(crowd):
    row = crowd[0].as_row()
    for part, values in (
        ("expression", crowd[0].expression),
        ("identity", crowd[0].identity),
        ("capture", crowd[0].capture),
    ):
        assert {f"{part}.{field.name}" for field in dataclasses.fields(values)} <= row.keys()
    assert {type(value) for value in row.values()} <= {float, int, str}
