"""The plain list: what is read, what is refused, and which line is blamed."""

import math

import pytest

from fecemo.data.csv_rows import MAX_LINE_BYTES, RejectedRow, csv_rows
from fecemo.data.face_lists import box_fault, face_id, read_face_list
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


@pytest.mark.parametrize(("row", "said"), [
    ("u,0,1,0", "4 cells, expected 5"), ("u,0,1,0,1,9", "6 cells"), (",0,1,0,1", "url is empty"),
    ("u,0,one,0,1", "right is 'one', expected a number"), ('"u,0,1,0,1', "not a CSV row"),
    ("u,0,1,0,", "bottom is ''")])
def test_a_malformed_row_costs_its_own_line_alone(tmp_path, row, said):
    rows = read(tmp_path, f"{HEADER}a,0,1,0,1\n{row}\nb,0,1,0,1\n")
    assert [getattr(one, "url", None) for one in rows] == ["a", None, "b"]
    assert rows[1].line == 3
    assert said in rows[1].reason


def test_bytes_that_are_no_text_cost_their_own_line_alone(tmp_path):
    rows = read(tmp_path, HEADER.encode() + b"a,0,1,0,1\n\xff\xfe\xe9,0,1,0,1\nb\xc3\xa9,0,1,0,1\r\n")
    assert [getattr(one, "url", None) for one in rows] == ["a", None, "bé"]
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


@pytest.mark.parametrize(("content", "said"), [
    ("", "is empty"), ("a,b\n", "line 1: found 'a,b', expected the header url,left,right,top,bottom"),
    ("http://a/1.jpg,0,1,0,1\n", "line 1"), (b"\xff\xfeu\x00r\x00l\x00", "UTF-16"), (b"\xff,a\n", "not UTF-8")])
def test_another_header_is_refused_by_name(tmp_path, content, said):
    with pytest.raises(InputError, match=r"faces\.csv") as caught:
        read(tmp_path, content)
    assert said in str(caught.value)


def test_a_byte_order_mark_and_capitals_are_no_fault(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbfURL, Left,right,top,bottom\r\nu,0,1,0,1\r\n")[0].url == "u"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none.csv: No such file"):
        list(csv_rows(tmp_path / "none.csv"))


@pytest.mark.parametrize("format", ["auto", "fec", "boxes"])
def test_a_missing_list_is_named_whatever_its_format(tmp_path, format):
    with pytest.raises(InputError, match=r"none\.csv: there is no such list of faces"):
        open_list(tmp_path / "none.csv", format, None)
