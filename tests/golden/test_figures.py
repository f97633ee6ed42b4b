import base64
import io
import re
from itertools import combinations

import numpy as np
import pytest
from PIL import Image
from synthetic_scores import synthetic_score

from fecemo.evaluation.figures.learning import Curve, curve_figure
from fecemo.evaluation.figures.scores import Bar, confusion_figure, overview_figure
from fecemo.evaluation.figures.svg import PALETTE, as_picture, as_svg, new_figure

DEFICIENCIES = {  # Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> np.ndarray:
    encoded = np.array([int(colour[start:start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    cones = np.cbrt(np.clip(rgb, 0, 1) @ np.array([[0.4122214708, 0.5363325363, 0.0514459929],
                                                   [0.2119034982, 0.6806995451, 0.1073969566],
                                                   [0.0883024619, 0.2817188376, 0.6299787005]]).T)
    return cones @ np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                             [0.0259040371, 0.7827717662, -0.8086757660]]).T


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_no_two_colours_of_the_palette_are_confused(deficiency):
    seen = [oklab(linear(colour) @ np.array(DEFICIENCIES[deficiency]).T) for colour in PALETTE]
    assert len(set(PALETTE)) == 8
    assert min(np.linalg.norm(first - second) for first, second in combinations(seen, 2)) > 0.10


@pytest.mark.parametrize("ground", ["#ffffff", "#1c1e21"])
def test_the_palette_shows_on_white_and_on_black(ground):
    def luminance(colour):
        return linear(colour) @ np.array([0.2126, 0.7152, 0.0722]) + 0.05

    for colour in PALETTE:
        lights = sorted((luminance(colour), luminance(ground)))
        assert lights[1] / lights[0] > 2, colour


def numbers_in(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_confusion_figure_prints_each_row_in_percent():
    score = synthetic_score("supervised", "rgb")
    printed = [text.strip() for text in numbers_in(confusion_figure(score))]
    expected = [f"{100 * count / sum(row):.0f}" if count else "·" for row in score.confusion for count in row]
    assert all(printed.count(value) >= expected.count(value) for value in set(expected))
    assert "64" in printed
    assert [emotion for emotion in score.emotions if emotion not in printed] == []


def test_confusion_figure_has_a_column_for_abstentions_only_where_there_are_any():
    assert "(no name)" in numbers_in(confusion_figure(synthetic_score("conv_autoencoder", "gray")))
    assert "(no name)" not in numbers_in(confusion_figure(synthetic_score("conv_autoencoder", "rgb")))


def test_pictures_follow_the_page_and_are_equal_for_equal_input():
    rows = [("Supervised", [Bar("RGB", 0.712, 0.664, 0.76, published=0.5615), Bar("Grayscale")])]
    svg = overview_figure(rows, uniform=0.125, majority=0.186)
    assert svg == overview_figure(rows, uniform=0.125, majority=0.186)
    assert "currentColor" in svg
    assert "var(--quiet)" in svg
    assert not re.search("#0[1-4]0[1-4]0[1-4]", svg)
    assert "http" not in svg
    assert ('aria-label="Accuracy, guessing gives .125: Supervised, RGB .712; Supervised, Grayscale has not run."'
            in svg)


def test_two_pictures_on_one_page_share_no_id():
    curve = Curve("reconstruct", "loss", (0.7, 0.6, 0.55))
    ids = [set(re.findall(r'\bid="([^"]+)"', curve_figure(cell, curve))) for cell in ("one rgb", "two rgb")]
    assert not ids[0] & ids[1]
    text = curve_figure("one rgb", curve)
    assert set(re.findall(r"(?:href=\"|url\()#([^\")]+)", text)) <= ids[0]


def test_a_held_out_curve_is_dashed_and_its_best_epoch_ringed():
    """The ring stands where the curve does: at the x of its epoch and the y of its value."""
    text = curve_figure("cell", Curve("classify", "loss", (0.9, 0.8, 0.7), (1.0, 0.5, 0.75), best=2))
    assert [word for word in ("learned from", "held out", "best, epoch 2") if f">{word}</text>" in text] == [
        "learned from", "held out", "best, epoch 2"]
    assert "least in epoch 2" in text
    dashed = re.search(r'<path d="([^"]+)"[^>]*stroke-dasharray', text)
    assert dashed
    corners = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", dashed[1])]
    uses = re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)" style="fill-opacity: 0', text)
    rings = [(float(x), float(y)) for x, y in uses]
    assert corners[1] in rings
    without = curve_figure("cell", Curve("classify", "loss", (0.9, 0.8, 0.7)))
    assert "held out" not in without
    assert "stroke-dasharray" not in without


def test_a_curve_of_one_epoch_is_drawn():
    assert "0.7" in numbers_in(curve_figure("cell", Curve("classify", "accuracy", (0.7,))))


def test_pictures_of_faces_keep_their_pixels():
    def read(address):
        return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))

    face = np.zeros((20, 20, 3), np.uint8)
    face[:10, :, 0] = 250
    enlarged = read(as_picture(face, 100, quality=95))
    assert enlarged.size == (100, 100)
    assert np.abs(np.asarray(enlarged)[20, 50].astype(int) - [250, 0, 0]).max() < 12
    gray = read(as_picture(face[..., :1], 10))
    assert (gray.mode, gray.size) == ("L", (10, 10))


def test_nothing_is_drawn_under_another_name_twice():
    figure = new_figure(100, 50)
    assert as_svg(figure, "a b", "<alt>").startswith('<svg viewBox="0 0 75 37.5" role="img" aria-label="&lt;alt&gt;">')


def test_a_users_own_style_changes_no_figure():
    import matplotlib

    plain = confusion_figure(synthetic_score("supervised", "rgb"))
    with matplotlib.rc_context({"text.usetex": True, "font.size": 31, "axes.facecolor": "red", "lines.linewidth": 9,
                                "axes.formatter.use_locale": True, "svg.fonttype": "path"}):
        assert confusion_figure(synthetic_score("supervised", "rgb")) == plain
