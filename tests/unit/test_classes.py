"""Names of classes: spellings, and numbers whose meaning is named or recognised, never guessed."""

from pathlib import Path

import pytest

from fecemo.data.classes import NUMBERINGS, emotion_of, in_standard_order, read_classes
from fecemo.errors import InputError

SET = Path("my_set")


@pytest.mark.parametrize("folder", ["anger", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise"])
def test_the_kaggle_copys_folders_are_understood(folder):
    assert emotion_of(folder) == folder


@pytest.mark.parametrize(("spelling", "emotion"), [
    ("happiness", "happy"), ("Happiness", "happy"), (" HAPPY ", "happy"), ("sadness", "sad"), ("angry", "anger"),
    ("surprised", "surprise"), ("fearful", "fear"), ("disgusted", "disgust"),
    ("3_surprise", "surprise"), ("01-happy", "happy"), ("6. Anger", "anger"),
])
def test_common_spellings_are_understood(spelling, emotion):
    assert emotion_of(spelling) == emotion


@pytest.mark.parametrize("spelling", ["", "0", "7", "10", "smile", "happpy", "not happy", "_", "-1", "²"])
def test_anything_else_means_none(spelling):
    assert emotion_of(spelling) is None


def test_classes_are_listed_in_the_usual_order_and_others_after_them():
    assert in_standard_order(["zest", "sad", "awe", "happy", "sad"]) == ("happy", "sad", "awe", "zest")


def test_numbers_without_a_numbering_are_refused_and_all_numberings_are_named():
    with pytest.raises(InputError, match=r"my_set: the labels are numbers \(1, 2, 7\).*rafdb \(1 surprise, 2 fear"):
        read_classes(SET, {"1", "2", "7"}, file_names=["a.png"])
    with pytest.raises(InputError, match=r"written as floats, such as 3\.0, \(0\.0, 3\.0\)"):
        read_classes(SET, {"0.0", "3.0"}, file_names=["a.png"])


@pytest.mark.parametrize(("numbering", "code", "emotion"), [
    ("affectnet", "6", "anger"), ("fer2013", "6", "neutral"), ("rafdb", "6", "anger"),
    ("alphabetical", "6", "surprise"), ("fer2013", "3.0", "happy"), ("rafdb", "01", "surprise"),
])
def test_a_named_numbering_is_read_and_said(numbering, code, emotion):
    reading = read_classes(SET, {code}, numbering=numbering)
    assert reading.class_of == {code: emotion}
    assert f"read as {numbering}" in reading.remark
    assert f"{int(float(code))} {emotion}" in reading.remark


def test_a_set_is_recognised_by_the_names_of_its_images():
    names = [f"test_{number}_aligned.jpg" for number in range(5)]
    reading = read_classes(SET, set("1234567"), file_names=names)
    assert reading.class_of == {str(code): name for code, name in NUMBERINGS["rafdb"].items()}
    assert reading.remark.startswith("labels that are numbers recognised as rafdb's by the images' names: 1 surprise")
    assert reading.classes == ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger")
    with pytest.raises(InputError, match="name the numbering"):
        read_classes(SET, set("1234567"), file_names=[*names, "mine.png"])
    with pytest.raises(InputError, match="name the numbering"):
        read_classes(SET, set("01234567"), file_names=names)  # RAF-DB has no 0


def test_the_alphabet_has_contempt_only_where_there_are_eight():
    assert read_classes(SET, set("01234567"), numbering="alphabetical").class_of["1"] == "contempt"
    assert read_classes(SET, set("0123456"), numbering="alphabetical").class_of["1"] == "disgust"


def test_a_house_may_have_classes_of_its_own_by_name_and_by_number():
    house = ("boredom", "Freude", "happy")
    reading = read_classes(SET, {"freude", "boredom", "happiness", "sad"}, classes=house)
    assert reading.classes == house
    assert reading.class_of == {"freude": "Freude", "boredom": "boredom", "happiness": "happy"}
    assert read_classes(SET, {"0", "2"}, classes=house, numbering="listed").class_of == {"0": "boredom", "2": "happy"}
    assert read_classes(SET, {"0", "1"}, classes=("1", "0")).class_of == {"0": "0", "1": "1"}


def test_a_numbering_that_is_none_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'rafdb'"):
        read_classes(SET, {"1"}, numbering="raf-db")
    with pytest.raises(InputError, match="name them with classes"):
        read_classes(SET, {"1"}, numbering="listed")
