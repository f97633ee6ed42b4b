"""Figures of a map: every face in its place, its colour and its name, and no thumbnail over another."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from fecemo.drawn.expression import EMOTIONS
from fecemo.evaluation.figures.maps import (
    OTHERS,
    SIDE,
    MapPoints,
    cluster_map,
    emotion_colour,
    emotion_map,
    lay_out_faces,
    name_key,
    name_map,
    source_face_map,
    target_face_map,
)
from fecemo.evaluation.figures.svg import FURTHER, PALETTE, colour

CORNERS = np.array([[0, 0], [100, 0], [0, 100], [100, 100], [51, 49], [58, 41]], float)


def colours_of(places):
    """Faces that can be told by their colour: gray of a level that is the position times ten."""
    return lambda chosen: np.broadcast_to((chosen * 10).astype(np.uint8)[:, None, None, None], (len(chosen), 20, 20, 3))


def points(n_clusters, n=600):
    rng = np.random.default_rng(0)
    clusters = np.arange(n) % n_clusters
    middles = rng.uniform(-50, 50, size=(n_clusters, 2))
    return MapPoints(middles[clusters] + rng.normal(size=(n, 2)), clusters, rng.normal(size=(20, 2)),
                     np.array(["happy"] * 5 + ["sad"] * 14 + [""]), EMOTIONS)


def numbers_in(svg):
    return [text.strip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


def test_each_square_shows_the_face_nearest_to_its_middle():
    grid = lay_out_faces(CORNERS, colours_of(CORNERS), grid=5)
    assert (grid.width, grid.height) == (5, 5)
    # The faces 4 and 5 share the middle square, 40 to 60 either way; face 4 is nearer to (50, 50).
    assert grid.chosen.tolist() == [2, 3, 4, 0, 1]
    assert list(zip(grid.columns.tolist(), grid.rows.tolist(), strict=True)) == [(0, 0), (4, 0), (2, 2), (0, 4), (4, 4)]
    assert grid.faces[:, 0, 0, 0].tolist() == [20, 30, 40, 0, 10]


def test_a_crowd_never_covers_itself():
    crowd = np.random.default_rng(0).normal(size=(5000, 2)) * [3, 1]
    grid = lay_out_faces(crowd, colours_of(crowd))
    spots = set(zip(grid.columns.tolist(), grid.rows.tolist(), strict=True))
    assert len(spots) == len(grid.chosen) == len(set(grid.chosen.tolist()))
    assert max(grid.columns) < grid.width == 14
    assert max(grid.rows) < grid.height < 14


@pytest.mark.parametrize("places", [[[3.0, 4.0]], [[1.0, 1.0], [1.0, 1.0]], [[0.0, 7.0], [2.0, 7.0]]])
def test_maps_of_a_point_or_a_line_are_laid_out(places):
    grid = lay_out_faces(np.array(places), colours_of(places))
    assert len(grid.chosen) == len(np.unique(places, axis=0))
    assert grid.height == 1


def test_the_picture_has_each_face_in_its_place_with_the_edge_of_its_cluster():
    grid = lay_out_faces(CORNERS, colours_of(CORNERS), grid=5)
    shown = MapPoints(CORNERS, np.array([0, 1, 2, 9, 4, 5]), CORNERS, np.array([""] * 6), EMOTIONS)
    svg = source_face_map("cell", shown, grid)
    sheet = Image.open(io.BytesIO(base64.b64decode(re.search(r'base64,([^"]+)"', svg)[1])))
    assert sheet.size == (5 * SIDE, 5 * SIDE)
    for at, column, row in zip(grid.chosen, grid.columns, grid.rows, strict=True):
        middle = sheet.getpixel((int((column + 0.5) * SIDE), int((row + 0.5) * SIDE)))
        assert middle == pytest.approx([at * 10] * 3, abs=3)
    edges = re.findall(r'stroke="(#\w+)"', svg)
    assert edges == [PALETTE[number] for number in (2, 1, 4, 0, 1)]  # of faces 2, 3, 4, 0, 1; the ninth begins again
    assert "5 of 6 source faces" in svg
    assert svg == source_face_map("cell", MapPoints(CORNERS, np.array([0, 1, 2, 9, 4, 5]), CORNERS,
                                                    np.array([""] * 6), EMOTIONS), grid)


def test_target_faces_have_the_edge_of_their_emotion_and_other_ids():
    emotions = np.array(["happy", "sad", "", "anger", "fear", "fear"])
    shown = MapPoints(CORNERS, np.zeros(6, int), CORNERS, emotions, EMOTIONS)
    grid = lay_out_faces(CORNERS, colours_of(CORNERS), grid=5)
    target, source = target_face_map("cell", shown, grid), source_face_map("cell", shown, grid)
    assert re.findall(r'stroke="(#\w+)"', target) == [
        emotion_colour(name, EMOTIONS) for name in ("", "anger", "fear", "happy", "sad")]
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (source, target)]
    assert not ids[0] & ids[1]
    for svg, svg_ids in zip((source, target), ids, strict=True):
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) == svg_ids


def test_a_name_has_one_colour_whatever_its_clusters():
    names = {0: "happy", 1: "mixed", 2: "happy", 3: "neutral", 4: "skip"}
    assert name_key(names, EMOTIONS) == [(colour(0), "neutral"), (colour(1), "happy"),
                               (OTHERS, "mixed"), (OTHERS, "skip")]
    # Names beyond the classes have colours of their own, and a label of several that of its first name.
    further = {0: "sad; tired", 1: "sad", 2: "upset", 3: "beaming; happy", 4: "divided", 5: "beaming"}
    assert name_key(further, EMOTIONS) == [
        (colour(EMOTIONS.index("sad")), "sad"), (FURTHER[0], "beaming"), (FURTHER[0], "beaming; happy"),
        (OTHERS, "divided"), (colour(EMOTIONS.index("sad")), "sad; tired"), (FURTHER[1], "upset")]
    assert not {*FURTHER} & {colour(number) for number in range(8)}
    svg = name_map("cell", points(5), names)
    assert "by the names of their clusters: neutral, happy, mixed, skip" in svg
    assert numbers_in(svg) == []


@pytest.mark.parametrize(("n_clusters", "printed"), [(3, 3), (32, 32), (60, 60), (200, 0)])
def test_numbers_are_printed_while_they_can_be_read(n_clusters, printed):
    svg = cluster_map("cell", points(n_clusters))
    assert sorted(numbers_in(svg), key=int) == [str(number) for number in range(printed)]
    assert f"in {n_clusters} clusters" in svg


def test_no_badge_stands_on_another():
    """Two clusters that share their middle: one lies around the other."""
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, 2 * np.pi, 300)
    ring = 10 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    places = np.concatenate([ring, rng.normal(size=(300, 2))])
    svg = cluster_map("cell", MapPoints(places, np.repeat([0, 1], 300), places[:0], np.array([], str), ()))
    drawn = re.findall(r'<text[^>]*?(?:x="|translate\()([\d.]+)[" ,y=]+([\d.]+)', svg)
    at = np.array(drawn, dtype=float)
    assert len(at) == 2
    assert np.linalg.norm(at[0] - at[1]) > 15


def test_an_emotion_map_says_how_many_are_marked():
    assert "the 5 that show happy are marked" in emotion_map("cell", points(10), "happy")
    assert "the 0 that show fear are marked" in emotion_map("cell", points(10), "fear")
