"""FEC's ragged rows: nothing a rater said is lost, and a broken row costs itself alone."""

import pytest

from fecemo.data.csv_rows import RejectedRow
from fecemo.data.face_lists import Triplet, read_fec

FACES = ['"http://a/1.jpg",0.1,0.5,0.2,0.6', '"http://a/1.jpg",0.5,0.9,0.2,0.6', '"http://b/2.jpg",0,1,0,1']


def row(*ratings, kind="TWO_CLASS_TRIPLET", faces=FACES):
    return ",".join([*faces, f'"{kind}"', *map(str, ratings)])


def read(tmp_path, *rows: str | bytes):
    path = tmp_path / "fec.csv"
    path.write_bytes(b"\n".join(one if isinstance(one, bytes) else one.encode() for one in rows) + b"\n")
    return list(read_fec(path))


def test_the_order_of_the_sides_is_left_right_top_bottom(tmp_path):
    (triplet,) = read(tmp_path, row("anna", 1))
    first, second, third = triplet.faces
    assert (first.url, first.left, first.right, first.top, first.bottom) == ("http://a/1.jpg", 0.1, 0.5, 0.2, 0.6)
    assert first.id != second.id
    assert third.url == "http://b/2.jpg"
    assert triplet.type == "TWO_CLASS_TRIPLET"


def test_every_rating_of_rows_of_any_length_is_kept(tmp_path):
    many = [(f"annotator_{number}", number % 3 + 1) for number in range(25)]
    ratings = [[("anna", 1)], [("anna", 1), ("ben", 3)] * 3, many]
    triplets = read(tmp_path, *(row(*(cell for pair in one for cell in pair)) for one in ratings))
    assert [list(triplet.ratings) for triplet in triplets] == ratings


def test_empty_cells_at_the_end_of_a_row_are_no_ratings(tmp_path):
    (triplet,) = read(tmp_path, row("anna", 2) + ",,,,")
    assert triplet.ratings == (("anna", 2),)


@pytest.mark.parametrize(("broken", "said"), [
    ("1,2,3", "3 cells"), (row(), "0 cells of ratings"), (row("anna"), "1 cells of ratings"),
    (row("anna", 4), "expected 1, 2 or 3"),
    (row("anna", 1, "ben", "x"), "'ben' answered 'x'"), (row("anna", 1, kind="FOUR"), "triplet type is 'FOUR'"),
    (row("anna", 1, faces=[FACES[0], FACES[1], '"http://b/2.jpg",0,1,0,low']), "bottom is 'low'"),
    (row("anna", 1, faces=[FACES[0], '"",0,1,0,1', FACES[2]]), "url is empty"),
    (b"\xff" + row("anna", 1).encode(), "not UTF-8"), (row("an\rna", 1), "control character"),
    (row("anna", 1).replace(":", "\x00"), "control character"),
    ('"' + row("anna", 1), "not a CSV row")])
def test_a_malformed_row_is_rejected_with_its_line_and_the_others_stay(tmp_path, broken, said):
    rows = read(tmp_path, row("anna", 1), broken, row("ben", 2))
    assert [type(one) for one in rows] == [Triplet, RejectedRow, Triplet]
    assert rows[1].line == 2
    assert said in rows[1].reason
    assert rows[2].line == 3
