"""The fuzzer itself, shortly: its cases are as varied as they should be, and it sees what is at fault."""

import random

import cv2
import numpy as np
import pytest
from fuzz import fuzz, numbered
from lists_target import ListsTarget
from pictures_target import PicturesTarget

from fecemo.data import csv_rows, face_lists
from fecemo.imaging import crop

N = 150


@pytest.fixture
def lists(tmp_path):
    return ListsTarget(tmp_path)


@pytest.fixture(scope="module")
def pictures():
    return PicturesTarget()


def first(target, n=N):
    for number in range(n):
        yield target.check(numbered(target, 3, number))


def test_lists_end_as_sound_rows_or_rejected_ones(lists):
    seen = sum(first(lists), start=type(next(first(lists)))())
    assert set(seen) >= {"fec: taken", "fec: rejected", "boxes: taken", "boxes: rejected", "boxes: refused",
                         "auto: refused"}


def test_pictures_end_as_pixels_or_a_reason(pictures, capfd):
    seen = sum(first(pictures), start=type(next(first(pictures)))())
    assert set(seen) >= {"pixels", "not_an_image", "damaged_image", "too_many_pixels"}


def test_seed_and_number_decide_a_case(lists, pictures):
    for target in (lists, pictures):
        assert [numbered(target, 1, number) for number in range(20)] == [
            numbered(target, 1, number) for number in range(20)]
        assert numbered(target, 1, 0) != numbered(target, 2, 0)
        assert target.case(random.Random(5))


def test_a_decoder_that_shows_the_picture_before_is_caught(pictures, monkeypatch, tmp_path):
    before = []

    def careless(data, *, reduction=1, apply_exif=True):
        return before[-1]

    real = cv2.imdecode
    monkeypatch.setattr(crop, "decode", careless)
    monkeypatch.setattr(cv2, "imdecode", lambda data, flags: before.append(real(data, flags)) or before[-1])
    kept = tmp_path / "kept.bin"
    with pytest.raises(AssertionError, match="pixels that depend on which picture was decoded before") as fault:
        fuzz(pictures, 3, 20.0, 0, kept)
    assert "of seed 3" in fault.value.__notes__[0]
    assert kept.exists()


def test_memory_that_grows_is_caught(pictures, monkeypatch, tmp_path):
    hoard = []

    def wasteful(data, *, reduction=1, apply_exif=True):
        hoard.append(np.ones(64 << 20, np.uint8))
        return np.zeros((50, 50, 3), np.uint8)

    fresh = PicturesTarget()
    for _ in first(fresh, 5):
        pass
    monkeypatch.setattr("pictures_target.WARM_UP", 5)
    monkeypatch.setattr(crop, "decode", wasteful)
    with pytest.raises(AssertionError, match="memory grew"):
        fuzz(fresh, 3, 20.0, 0, tmp_path / "kept.bin")


def test_a_parser_that_lets_a_line_spoil_the_next_is_caught(lists, monkeypatch, tmp_path):
    real = csv_rows.csv_rows

    def forgetful(path):
        skip = False
        for row in real(path):
            if not skip:
                yield row
            skip = isinstance(row, csv_rows.RejectedRow) and "CSV" in row.reason

    monkeypatch.setattr(face_lists, "csv_rows", forgetful)
    with pytest.raises(AssertionError, match=r"rows of \d+ lines"):
        fuzz(lists, 3, 20.0, 0, tmp_path / "kept.bin")
