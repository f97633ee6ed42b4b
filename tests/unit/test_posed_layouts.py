"""Posed sets by their file names: made-up miniatures with the oddities of the real ones."""

from collections import Counter

import pytest

from fecemo.data.layouts import ReadOptions, layouts
from fecemo.errors import InputError


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def read(layout, folder, **options):
    listing = layouts.find(layout).read(folder, ReadOptions(**options))
    return listing, {image.path: image for image in listing.images}


def test_kdef_by_session_actor_emotion_and_angle(tmp_path):
    folder = put(tmp_path, "AF01/AF01ANS.JPG", "AF01/AF01AFHL.JPG", "BF01/BF01NES.JPG", "AM01/AM01SUFR.jpg",
                 "AM01/AM01.JPG", "AF01/Thumbs.db")
    listing, images = read("kdef", folder)
    assert {path: image.label for path, image in images.items()} == {
        "AF01/AF01ANS.JPG": "anger", "AF01/AF01AFHL.JPG": "fear", "BF01/BF01NES.JPG": "neutral",
        "AM01/AM01SUFR.jpg": "surprise"}
    assert images["AF01/AF01ANS.JPG"].annotations == {
        "person": "F01", "gender": "female", "angle": "straight", "session": "A"}
    assert images["BF01/BF01NES.JPG"].annotations["person"] == "F01", "both sessions show one actor"
    assert images["AM01/AM01SUFR.jpg"].annotations["person"] == "M01", "another than F01"
    assert images["AM01/AM01SUFR.jpg"].annotations["angle"] == "full right"
    assert listing.left_out_by_reason() == {"unknown_name": 1}, "Thumbs.db is no picture that was lost"
    assert set(listing.classes) == {"neutral", "surprise", "fear", "anger"}


def test_jaffe_by_person_and_emotion(tmp_path):
    folder = put(tmp_path, "KA.AN1.39.tiff", "KA.FE3.47.tiff", "YM.HA2.53.tiff", "README.tiff")
    listing, images = read("jaffe", folder)
    assert Counter(image.label for image in listing.images) == {"anger": 1, "fear": 1, "happy": 1}
    assert images["KA.FE3.47.tiff"].annotations == {"person": "KA", "take": "3"}
    assert listing.left_out_by_reason() == {"unknown_name": 1}


def test_rafd_by_camera_person_people_emotion_and_gaze(tmp_path):
    folder = put(tmp_path, "Rafd090_01_Caucasian_female_angry_frontal.jpg",
                 "Rafd045_73_Moroccan_male_surprised_left.jpg", "Rafd090_40_Kid_female_contemptuous_right.jpg")
    listing, images = read("rafd", folder, text_annotations=("people",))
    moroccan = images["Rafd045_73_Moroccan_male_surprised_left.jpg"]
    assert moroccan.label == "surprise"
    assert moroccan.annotations == {"person": "73", "people": "moroccan", "gender": "male", "camera": "045",
                                    "gaze": "left"}
    assert images["Rafd090_40_Kid_female_contemptuous_right.jpg"].label == "contempt"
    assert set(listing.columns) == set(moroccan.annotations)
    fewer, _ = read("rafd", folder, classes=("anger", "surprise"))
    assert (fewer.classes, fewer.left_out_by_reason()) == (("anger", "surprise"), {"other_class": 1})


def test_another_set_is_refused_with_the_name_that_was_expected(tmp_path):
    put(tmp_path, "happy/1.jpg")
    with pytest.raises(InputError, match=r"named as AF01ANS.JPG; the first of 1 left out is happy/1.jpg"):
        read("kdef", tmp_path)
    with pytest.raises(InputError, match="say no 'persn': did you mean 'person'"):
        read("jaffe", tmp_path, text_annotations=("persn",))
