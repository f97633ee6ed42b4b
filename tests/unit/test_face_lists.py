"""Lists of faces, plain and FEC's: what is read, what is refused, which line is blamed; a broken row costs itself."""

import math

import pytest

from fecemo.data.csv_rows import MAX_LINE_BYTES, RejectedRow, csv_rows
from fecemo.data.face_lists import Triplet, box_fault, face_id, read_face_list, read_fec
from fecemo.errors import InputError
from fecemo.fetch.lists import open_list

HEADER = "url,left,right,top,bottom\n"


def read(tmp_path, text: str | bytes):
    path = tmp_path / "faces.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_face_list(path))


def test_faces_come_in_order_with_the_id_of_url_and_box(tmp_path):
    faces = read(tmp_path, HEADER + 'http://a/1.jpg,0.1,0.5,0.2,0.75\n\n" http://a/x,y.jpg ", 0, 1, 0, 1\n')
    assert [(face.url, face.left, face.right, face.top, face.bottom) for face in faces] == [
        ("http://a/1.jpg", 0.1, 0.5, 0.2, 0.75), ("http://a/x,y.jpg", 0.0, 1.0, 0.0, 1.0)]
    assert faces[0].id == face_id("http://a/1.jpg", 0.1, 0.5, 0.2, 0.75)


def test_two_faces_of_one_photograph_are_two_and_one_face_twice_is_one(tmp_path):
    rows = read(tmp_path, HEADER + "u,0,0.5,0,1\nu,0.5,1,0,1\nu,0.50,1.0,0,1\n")
    assert len({row.id for row in rows[:2]}) == 2
    assert rows[2] == RejectedRow(4, "the same face as line 3")


def test_equal_base_names_of_different_sites_are_different_faces(tmp_path):
    rows = read(tmp_path, HEADER + "http://a/../x.jpg,0,1,0,1\nhttp://b/x.jpg,0,1,0,1\n")
    assert len({row.id for row in rows}) == 2


@pytest.mark.parametrize(("row", "words"), [
    ("u,0,1,0", "4 cells, expected 5"), ("u,0,1,0,1,9", "6 cells"), (",0,1,0,1", "url is empty"),
    ("u,0,one,0,1", "right is 'one', expected a number"), ('"u,0,1,0,1', "not a CSV row"),
    ("u,0,1,0,", "bottom is ''")])
def test_a_malformed_row_costs_its_own_line_alone(tmp_path, row, words):
    rows = read(tmp_path, f"{HEADER}a,0,1,0,1\n{row}\nb,0,1,0,1\n")
    assert [getattr(entry, "url", None) for entry in rows] == ["a", None, "b"]
    assert rows[1].line == 3
    assert words in rows[1].reason


def test_bytes_that_are_no_text_cost_their_own_line_alone(tmp_path):
    rows = read(tmp_path, HEADER.encode() + b"a,0,1,0,1\n\xff\xfe\xe9,0,1,0,1\nb\xc3\xa9,0,1,0,1\r\n")
    assert [getattr(entry, "url", None) for entry in rows] == ["a", None, "bé"]
    assert "not UTF-8" in rows[1].reason


def test_a_file_without_line_ends_does_not_fill_memory(tmp_path):
    rows = read(tmp_path, HEADER + "x" * (3 * MAX_LINE_BYTES) + "\nb,0,1,0,1\n")
    assert rows[0] == RejectedRow(2, f"longer than {MAX_LINE_BYTES} bytes")
    assert rows[1].url == "b"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("extra", range(5))
def test_a_first_line_that_is_too_long_counts_as_one(tmp_path, mark, extra):
    path = tmp_path / "faces.csv"
    path.write_bytes(mark + b"x" * (MAX_LINE_BYTES - 3 + extra) + b"\nsecond\n")
    assert [row.line if isinstance(row, RejectedRow) else row[0] for row in csv_rows(path)] == [1, 2]


def test_boxes_that_cannot_be_cut_are_read_and_judged_by_the_one_who_cuts(tmp_path):
    rows = read(tmp_path, HEADER + "u,nan,1,0,1\nu,inf,1,0,1\nu,1,0,0,1\n")
    assert math.isnan(rows[0].left)
    assert all(box_fault(row.left, row.right, row.top, row.bottom) for row in rows)


@pytest.mark.parametrize(("box", "sound"), [
    ((0, 1, 0, 1), True), ((-0.5, 0.5, -1, 2), True), ((0.5, 0.5, 0, 1), False), ((0.6, 0.5, 0, 1), False),
    ((0, 1, 0.9, 0.1), False), ((1.0, 1.5, 0, 1), False), ((-1, 0, 0, 1), False), ((0, 1, 1.2, 1.4), False),
    ((0, math.inf, 0, 1), False)])
def test_box_fault(box, sound):
    assert (box_fault(*box) is None) is sound


@pytest.mark.parametrize(("content", "words"), [
    ("", "is empty"), ("a,b\n", "line 1: found 'a,b', expected the header url,left,right,top,bottom"),
    ("http://a/1.jpg,0,1,0,1\n", "line 1"), (b"\xff\xfeu\x00r\x00l\x00", "UTF-16"), (b"\xff,a\n", "not UTF-8")])
def test_another_header_is_refused_by_name(tmp_path, content, words):
    with pytest.raises(InputError, match=r"faces\.csv") as caught:
        read(tmp_path, content)
    assert words in str(caught.value)


def test_a_byte_order_mark_and_capitals_are_no_fault(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbfURL, Left,right,top,bottom\r\nu,0,1,0,1\r\n")[0].url == "u"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none.csv: No such file"):
        list(csv_rows(tmp_path / "none.csv"))


@pytest.mark.parametrize("format", ["auto", "fec", "boxes"])
def test_a_missing_list_is_named_whatever_its_format(tmp_path, format):
    with pytest.raises(InputError, match=r"none\.csv: there is no such list of faces"):
        open_list(tmp_path / "none.csv", format, None)


def test_a_folder_and_a_list_with_semicolons_are_told_what_to_do(tmp_path):
    with pytest.raises(InputError, match=r"is a folder, expected a list of faces .* detect: \{photos: "):
        open_list(tmp_path, "auto", None)
    path = tmp_path / "semicolons.csv"
    path.write_text("url;left;right;top;bottom\n")
    with pytest.raises(InputError, match=r"line 1: found 'url;left.*: save it with commas$"):
        open_list(path, "auto", None)


# --- FEC

FACES = ['"http://a/1.jpg",0.1,0.5,0.2,0.6', '"http://a/1.jpg",0.5,0.9,0.2,0.6', '"http://b/2.jpg",0,1,0,1']


def row(*ratings, kind="TWO_CLASS_TRIPLET", faces=FACES):
    return ",".join([*faces, f'"{kind}"', *map(str, ratings)])


def read_triplets(tmp_path, *rows: str | bytes):
    path = tmp_path / "fec.csv"
    path.write_bytes(b"\n".join(entry if isinstance(entry, bytes) else entry.encode() for entry in rows) + b"\n")
    return list(read_fec(path))


def test_the_order_of_the_sides_is_left_right_top_bottom(tmp_path):
    (triplet,) = read_triplets(tmp_path, row("anna", 1))
    first, second, third = triplet.faces
    assert (first.url, first.left, first.right, first.top, first.bottom) == ("http://a/1.jpg", 0.1, 0.5, 0.2, 0.6)
    assert first.id != second.id
    assert third.url == "http://b/2.jpg"
    assert triplet.type == "TWO_CLASS_TRIPLET"


def test_every_rating_of_rows_of_any_length_is_kept(tmp_path):
    many = [(f"annotator_{number}", number % 3 + 1) for number in range(25)]
    ratings = [[("anna", 1)], [("anna", 1), ("ben", 3)] * 3, many]
    triplets = read_triplets(tmp_path, *(row(*(cell for pair in entry for cell in pair)) for entry in ratings))
    assert [list(triplet.ratings) for triplet in triplets] == ratings


def test_empty_cells_at_the_end_of_a_row_are_no_ratings(tmp_path):
    (triplet,) = read_triplets(tmp_path, row("anna", 2) + ",,,,")
    assert triplet.ratings == (("anna", 2),)


@pytest.mark.parametrize(("broken", "words"), [
    ("1,2,3", "3 cells"), (row(), "0 cells of ratings"), (row("anna"), "1 cells of ratings"),
    (row("anna", 4), "expected 1, 2 or 3"),
    (row("anna", 1, "ben", "x"), "'ben' answered 'x'"), (row("anna", 1, kind="FOUR"), "triplet type is 'FOUR'"),
    (row("anna", 1, faces=[FACES[0], FACES[1], '"http://b/2.jpg",0,1,0,low']), "bottom is 'low'"),
    (row("anna", 1, faces=[FACES[0], '"",0,1,0,1', FACES[2]]), "url is empty"),
    (b"\xff" + row("anna", 1).encode(), "not UTF-8"), (row("an\rna", 1), "control character"),
    (row("anna", 1).replace(":", "\x00"), "control character"),
    ('"' + row("anna", 1), "not a CSV row")])
def test_a_malformed_row_is_rejected_with_its_line_and_the_others_stay(tmp_path, broken, words):
    rows = read_triplets(tmp_path, row("anna", 1), broken, row("ben", 2))
    assert [type(entry) for entry in rows] == [Triplet, RejectedRow, Triplet]
    assert rows[1].line == 2
    assert words in rows[1].reason
    assert rows[2].line == 3
