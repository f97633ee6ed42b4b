"""Faces on one sheet."""

import cv2
import numpy as np

from fecemo.imaging.encode import BAND, TILE, contact_sheet


def sheet(parts, **settings):
    return cv2.imdecode(np.frombuffer(contact_sheet(parts, kind="png", **settings), np.uint8), cv2.IMREAD_COLOR)


def test_faces_lie_row_by_row_under_the_heading_of_their_part():
    faces = np.full((5, 20, 20, 3), 90, np.uint8)
    faces[3:] = (200, 30, 10)
    drawn = sheet({"": faces[:3], "others": faces[3:], "none": faces[:0]}, columns=2)
    assert drawn.shape == (3 * TILE + BAND, 2 * TILE, 3)
    assert (drawn[TILE : 2 * TILE, TILE:] == 0).all()  # the second row has one face
    assert (drawn[2 * TILE + BAND :] == (10, 30, 200)).all()


def test_numbers_run_on_through_the_parts_and_leave_the_rest_of_a_face_as_it_is():
    faces = np.full((2, TILE, TILE, 3), 90, np.uint8)
    plain, numbered = (sheet({"": faces[:1], "others": faces[1:]}, numbered=number) for number in (False, True))
    differ = (plain != numbered).any(axis=2)
    first, second = differ[:TILE], differ[TILE + BAND :]
    assert (first != second).any()
    for number in (first, second):
        assert number.any()
        assert not number[: TILE - 24].any()
        assert not number[:, 24:].any()
    assert not differ[TILE : TILE + BAND].any()
