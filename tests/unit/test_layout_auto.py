"""A set is recognised by its own tell-tale, and AffectNet+ is read as its users' programs read it."""

import json
import re

import pytest
from labelled_miniatures import write_miniatures

from fecemo.data.layouts import ReadOptions, layouts
from fecemo.errors import InputError

RECOGNISED = [name for name, layout in layouts().items() if layout.fits is not None]


def auto(place, **options):
    return layouts.find("auto").read(place, ReadOptions(**options))


@pytest.mark.parametrize("name", RECOGNISED)
def test_each_set_is_recognised_by_its_tell_tale_and_by_no_other(name, tmp_path):
    place = write_miniatures(tmp_path)[name]
    fitting = [layout.name for layout in layouts().values() if layout.fits is not None and layout.fits(place)]
    assert fitting == [name]
    by_name, listing = layouts.find(name).read(place, ReadOptions()), auto(place)
    assert (listing.images, listing.classes) == (by_name.images, by_name.classes)
    assert re.match(rf"recognised as {name} by \w.*", listing.remark)


def test_folders_of_classes_have_no_tell_tale_and_are_read_as_such(tmp_path):
    places = write_miniatures(tmp_path)
    assert auto(places["class_folders"]) == layouts.find("class_folders").read(places["class_folders"], ReadOptions())


def test_pictures_without_labels_are_never_taken_for_a_set(tmp_path):
    with pytest.raises(InputError, match="folders of images"):
        auto(write_miniatures(tmp_path)["photographs"])


def test_two_tell_tales_are_refused_with_both_names(tmp_path):
    places = write_miniatures(tmp_path)
    (places["kdef"] / "label.lst").write_text("AF01HAS.jpg 0 5 10 40 35 88.5 3\n")
    with pytest.raises(InputError, match=r"kdef may be of several layouts: expw, by its list, label\.lst; kdef, by "
                                         r"names such as AF01ANS\.JPG; name the right one, such as layout: expw"):
        auto(places["kdef"])


@pytest.mark.parametrize(("folders", "beside", "name", "classes"), [
    (("train/angry/AF01ANS.JPG", "test/happy/AF02HAS.JPG"), "", "kdef", ()),
    (("positive/AF01HAS.JPG", "negative/AF02ANS.JPG"), "", "kdef", ("positive", "negative")),
    (("happy/1.png", "sad/2.png"), "faces.tar", "webdataset", ()),
    (("train/1/train_00001_aligned.jpg", "test/2/test_0001_aligned.jpg"), "faces.tar", "webdataset", ()),
    (("happy/1.png", "sad/2.png"), "ckextended.csv", "ck_plus", ()),
], ids=["splits of classes", "classes of its user", "beside a tar", "numbers that are recognised", "beside a table"])
def test_folders_of_classes_that_another_tell_tale_would_hide_are_refused_with_both_names(
        tmp_path, folders, beside, name, classes):
    for path in (*folders, *filter(None, [beside])):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    with pytest.raises(InputError, match=rf"several layouts: class_folders, by its folders, .*; {name}, by .*; "
                                         r"name the right one, such as layout: class_folders"):
        auto(tmp_path, classes=classes)
    listing = layouts.find("class_folders").read(tmp_path, ReadOptions(classes=classes))
    assert sorted(image.path for image in listing.images) == sorted(folders)


@pytest.mark.parametrize("folder", ["AF01", "session", "train"])
def test_other_folders_hide_no_tell_tale(tmp_path, folder):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "AF01ANS.JPG").touch()
    assert auto(tmp_path).remark.startswith("recognised as kdef by")


def test_every_layout_but_the_common_ones_has_a_tell_tale():
    assert {name for name, layout in layouts().items() if layout.fits is None} == {
        "auto", "class_folders", "photographs"}
    assert all(layout.tell for layout in layouts().values() if layout.fits is not None)


SOFT = [0.05, 0.7, 0, 0.1, 0, 0, 0.05, 0.1]


def plus(folder, annotations, part="train_set"):
    """Write a part of AffectNet+: an image for each annotation, numbered."""
    for kind in ("images", "annotations"):
        (folder / part / kind).mkdir(parents=True, exist_ok=True)
    for number, annotation in enumerate(annotations):
        (folder / part / "images" / f"{number}.jpg").touch()
        if annotation is not None:
            (folder / part / "annotations" / f"{number}.json").write_text(
                annotation if isinstance(annotation, str) else json.dumps(annotation))
    return folder


def test_affectnet_plus_gives_shares_valence_and_subset_and_no_guessed_group(tmp_path):
    plus(tmp_path / "human_annotated", [
        {"human-label": 1, "soft-label": SOFT, "valence": 0.5, "arousal": -0.1, "subset": 2, "gender": 1, "age": 30},
        {"human-label": 2, "soft-label": SOFT, "valence": -2, "arousal": -2}])
    plus(tmp_path / "human_annotated", [{"Human_Label": 0, "Soft_Label": SOFT, "Metadata": {"Valence": 0}}],
         "validation_set")
    listing = auto(tmp_path, annotations=("votes_happy",))
    happy, sad, neutral = listing.images
    assert (happy.label, happy.split, sad.split, neutral.label, neutral.split) == (
        "happy", "train", "train", "neutral", "test")
    assert happy.annotations == {**{f"votes_{name}": str(float(share)) for name, share in zip(
        ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"), SOFT, strict=True)},
        "valence": "0.5", "arousal": "-0.1", "subset": "difficult"}
    assert "valence" not in sad.annotations, "-2 is not known"
    assert neutral.annotations["valence"] == "0.0"
    assert set(listing.columns) == set(happy.annotations)


def test_faces_of_affectnet_plus_without_an_emotion_are_left_out_with_the_reason(tmp_path):
    plus(tmp_path, [{"human-label": 1}, {"human-label": 8}, {"human-label": 10}, None, "{", {"human-label": "x"},
                    {"human-label": 1, "soft-label": [0.5, 0.5]}, [], {"human-label": 1, "valence": 7}, {}])
    listing = layouts.find("affectnet_plus").read(tmp_path, ReadOptions())
    assert [image.path for image in listing.images] == ["train_set/images/0.jpg"]
    assert listing.left_out_by_reason() == {"bad_annotation": 6, "no_annotation": 1, "no_face": 1, "none": 1}


def test_an_annotation_that_affectnet_plus_lacks_is_refused(tmp_path):
    with pytest.raises(InputError, match="no annotation 'gender' is read"):
        layouts.find("affectnet_plus").read(plus(tmp_path, [{"human-label": 1}]), ReadOptions(annotations=("gender",)))
