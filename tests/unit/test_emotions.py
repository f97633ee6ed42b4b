"""The eight emotions and their spellings."""

import pytest

from fecemo.data.emotions import EMOTIONS, SPELLINGS, emotion_of


def test_the_order_is_affectnets():
    assert EMOTIONS == ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")


def test_every_spelling_means_one_of_the_eight_and_every_one_has_a_spelling():
    assert set(SPELLINGS.values()) == set(EMOTIONS)


@pytest.mark.parametrize("folder", ["anger", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise"])
def test_the_kaggle_copys_folders_are_understood(folder):
    assert emotion_of(folder) == folder


@pytest.mark.parametrize(("spelling", "emotion"), [
    ("happiness", "happy"), ("Happiness", "happy"), (" HAPPY ", "happy"), ("sadness", "sad"), ("angry", "anger"),
    ("surprised", "surprise"), ("fearful", "fear"), ("disgusted", "disgust"), ("0", "neutral"), ("7", "contempt"),
    ("3_surprise", "surprise"), ("01-happy", "happy"), ("6. Anger", "anger"),
])
def test_common_spellings_are_understood(spelling, emotion):
    assert emotion_of(spelling) == emotion


@pytest.mark.parametrize("spelling", ["", "8", "10", "smile", "happpy", "not happy", "_", "-1", "²"])
def test_anything_else_means_none(spelling):
    assert emotion_of(spelling) is None
