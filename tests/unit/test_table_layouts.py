"""Sets that are read from tables: made-up miniatures with the oddities of the real ones."""

from collections import Counter

import cv2
import numpy as np
import pytest

from fecemo.data.dataset import Dataset
from fecemo.data.import_settings import ImportSettings
from fecemo.data.layouts import ReadOptions, layouts
from fecemo.errors import InputError
from fecemo.imaging import decode
from fecemo.imaging.resize import square_face
from fecemo.stages import import_labelled


def read(layout, folder, **options):
    return layouts.find(layout).read(folder, ReadOptions(**options))


def grey(seed):
    return np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)


def numbers(picture):
    return " ".join(map(str, picture.ravel()))


def write_pixels(table, rows, header="emotion,pixels,Usage"):
    """Write rows (emotion, usage), of which each has a picture of its number."""
    lines = [f"{emotion},{numbers(grey(seed))},{usage}" for seed, (emotion, usage) in enumerate(rows)]
    table.write_text("\n".join([header, *lines]) + "\n")
    return table


def write_votes(folder, *rows):
    """Write rows of usage and the counts of FER+'s ten answers."""
    (folder / "fer2013new.csv").write_text("\n".join([
        "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF", *rows]) + "\n")


THREE = [("0", "Training"), ("6", "PublicTest"), ("3", "PrivateTest")]


def test_fer2013_gives_pixels_labels_and_parts(tmp_path):
    write_pixels(tmp_path / "fer2013.csv", THREE)
    labelled = read("fer2013", tmp_path)
    assert [(image.path, image.label, image.split) for image in labelled.images] == [
        ("fer2013.csv:00002", "anger", "train"), ("fer2013.csv:00003", "neutral", "valid"),
        ("fer2013.csv:00004", "happy", "test")]
    assert labelled.images[1].pixels == grey(1).tobytes()
    assert labelled.classes == ("neutral", "happy", "anger")


def test_the_copy_on_kaggle_has_its_columns_in_another_order_and_blanks_in_the_header(tmp_path):
    (tmp_path / "icml_face_data.csv").write_text(f"emotion, Usage, pixels\n4,Training,{numbers(grey(0))}\n")
    (image,) = read("fer2013", tmp_path).images
    assert (image.label, image.split, image.pixels) == ("sad", "train", grey(0).tobytes())


def test_votes_of_fer_plus_are_joined_by_the_order_of_the_rows(tmp_path):
    write_pixels(tmp_path / "fer2013.csv", [("0", "Training")] * 6 + [("0", "PrivateTest")])
    write_votes(tmp_path,
                "Training,fer0000000.png,5,0,0,3,1,0,0,0,1,0",  # 5 of the 8 that are left without single votes
                "Training,,0,0,0,0,0,0,0,0,0,10",  # has no name, and the names after it count on without it
                "Training,fer0000001.png,4,0,0,4,1,0,0,0,1,0",
                "Training,fer0000002.png,0,0,0,2,0,0,0,0,8,0",
                "Training,fer0000003.png,0,2,1,0,0,0,0,7,0,0",
                "Training,fer0000004.png,1,1,1,1,1,1,1,1,1,1",
                "PrivateTest,fer0000005.png,0,10,0,0,0,0,0,0,0,0")
    labelled = read("fer2013", tmp_path, annotations=("votes_happy",))
    assert {image.path: image.label for image in labelled.images} == {
        "fer2013.csv:00002": "neutral", "fer2013.csv:00006": "contempt", "fer2013.csv:00008": "happy"}
    assert labelled.images[0].annotations == {
        "votes_neutral": "5", "votes_happy": "0", "votes_surprise": "0", "votes_sad": "3", "votes_anger": "1",
        "votes_disgust": "0", "votes_fear": "0", "votes_contempt": "0", "votes_unknown": "1", "votes_no_face": "0"}
    assert set(labelled.columns) == set(labelled.images[0].annotations)
    assert labelled.left_out_by_reason() == {"no_face": 1, "no_majority": 2, "unknown": 1}
    assert "fer2013new.csv" in labelled.remark


@pytest.mark.parametrize(("rows", "message"), [
    (["Training,,9,0,0,0,0,0,0,0,0,0"], r"has 3 rows, and the votes beside it 1"),
    (["Training,,9,0,0,0,0,0,0,0,0,0"] * 3, r"fer2013new.csv line 3: the usage is 'Training'.*line 3, is 'PublicTest'"),
])
def test_votes_for_other_pictures_are_refused(tmp_path, rows, message):
    write_pixels(tmp_path / "fer2013.csv", THREE)
    write_votes(tmp_path, *rows)
    with pytest.raises(InputError, match=message):
        read("fer2013", tmp_path)


def test_a_row_of_pixels_that_is_none_costs_itself_alone(tmp_path):
    table = write_pixels(tmp_path / "fer2013.csv", [("0", "Training")] * 2)
    short, whole = "1 2 3", numbers(grey(5))
    beyond = whole.rpartition(" ")[0] + " 256"
    table.write_text(table.read_text() + f"0,{short},Training\n0,{beyond},Training\n9,{whole},Training\n"
                     f"0,{whole},Trainin\n0,{whole}\n")
    labelled = read("fer2013", tmp_path)
    assert len(labelled.images) == 2
    assert [(entry.where, entry.reason) for entry in labelled.left_out] == [
        ("line 4", "bad_pixels"), ("line 5", "bad_pixels"), ("line 6", "unknown_label"), ("line 7", "unknown_split"),
        ("line 8", "bad_row")]
    assert "3 numbers, expected 48×48 = 2304" in labelled.left_out[0].detail
    assert "'256', expected a whole number of 0 to 255" in labelled.left_out[1].detail


def test_what_is_not_fer2013_is_refused(tmp_path):
    table = write_pixels(tmp_path / "fer2013.csv", [("0", "Training"), ("7", "Training"), ("7", "Training")])
    with pytest.raises(InputError, match=r"fer2013.csv: '7' \(2 images\).*the layout ck_plus reads"):
        read("fer2013", tmp_path)
    with pytest.raises(InputError, match="no annotation 'valence'"):
        read("fer2013", tmp_path, annotations=("valence",))
    with pytest.raises(InputError, match="leave numbering out"):
        read("fer2013", tmp_path, numbering="affectnet")
    table.write_text("label,pixels\n0,1\n")
    with pytest.raises(InputError, match="expected one column 'emotion'; the header holds label, pixels"):
        read("fer2013", tmp_path)
    (tmp_path / "icml_face_data.csv").touch()
    with pytest.raises(InputError, match=r"holds fer2013.csv and icml_face_data.csv; expected one of"):
        read("fer2013", tmp_path)


def test_pictures_of_a_table_become_faces_and_votes_columns(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    write_pixels(folder / "fer2013.csv", [("0", "Training"), ("0", "Training"), ("0", "PrivateTest")])
    write_votes(folder, "Training,,0,9,0,0,0,0,0,0,1,0", "Training,,0,0,0,10,0,0,0,0,0,0",
                "PrivateTest,,0,8,0,0,0,0,0,0,2,0")
    receipt = import_labelled.run(ImportSettings(folder, layout="fer2013"), tmp_path / "dataset")
    dataset = Dataset(tmp_path / "dataset")
    assert Counter(zip(dataset.labels.tolist(), dataset.splits.tolist(), strict=True)) == {
        ("happy", "train"): 1, ("sad", "train"): 1, ("happy", "test"): 1}
    assert np.array_equal(dataset.faces[1], square_face(np.dstack([grey(1)] * 3)))
    assert dataset["votes_happy"].tolist() == [9, 0, 8]
    assert import_labelled.run(ImportSettings(folder, layout="fer2013"), tmp_path / "dataset") == receipt


def save(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture[..., ::-1])


def photograph(seed, height=90, width=120):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def expw(tmp_path):
    """Two photographs as ExpW lays them out, a list of four faces in them, and rows of its slips."""
    folder = tmp_path / "ExpW"
    for seed, name in enumerate(("angry_actor_104.png", "happy, bride_9.png", "unlisted_3.png")):
        save(folder / "image/origin" / name, photograph(seed))
    (folder / "label").mkdir()
    (folder / "label/label.lst").write_text("\n".join([
        "angry_actor_104.png 0 10 20 70 60 54.75 0",  # top, left, right, bottom
        "angry_actor_104.png 1 10 50 100 60 12.5 3",
        "happy, bride_9.png 0 -5 80 140 55 3.25 3",
        "angry_actor_104.png 2 100 200 250 150 9.0 6",  # beyond the photograph
        "angry_actor_104.png 0 10 20 70 60 54.75 3",
        "gone_1.png 0 10 20 70 60 54.75 4",
        "angry_actor_104.png 3 60 20 70 10 54.75 4",
        "angry_actor_104.png 4 1 2 70 10 54.75 7",
        "angry_actor_104.png 5 1 2 x 10 54.75 0",
        "angry_actor_104.png 0 0"]) + "\n")
    return folder


def test_expw_has_several_faces_a_photograph(expw):
    with pytest.raises(InputError, match=r"label.lst: the class 'sad' has no usable image \(line 5: listed_twice"):
        read("expw", expw)
    labelled = read("expw", expw, classes=("happy", "anger", "neutral"))
    assert {image.address: (image.label, image.annotations["face"]) for image in labelled.images} == {
        "image/origin/angry_actor_104.png#xywh=20,10,50,50": ("anger", "0"),
        "image/origin/angry_actor_104.png#xywh=50,10,50,50": ("happy", "1"),
        "image/origin/angry_actor_104.png#xywh=200,100,50,50": ("neutral", "2"),
        "image/origin/happy, bride_9.png#xywh=80,-5,60,60": ("happy", "0")}
    assert labelled.images[0].annotations["confidence"] == "54.75"
    assert [(entry.where, entry.reason) for entry in labelled.left_out] == [
        ("line 5", "listed_twice"), ("line 6", "no_such_file"), ("line 7", "bad_box"), ("line 8", "unknown_label"),
        ("line 9", "bad_number"), ("line 10", "bad_row"), ("image/origin/unlisted_3.png", "not_listed")]


def test_boxes_are_cut_and_one_outside_of_the_photograph_is_rejected(expw, tmp_path):
    rows = (expw / "label/label.lst").read_text().splitlines()[:4]
    (expw / "label/label.lst").write_text("\n".join([*rows, "happy, bride_9.png 1 0 0 30 30 1 6"]))
    receipt = import_labelled.run(ImportSettings(expw, layout="expw", test_fraction=0), tmp_path / "dataset")
    assert receipt.summary["rejected"] == {"bad_box": 1}
    dataset = Dataset(tmp_path / "dataset")
    faces = dict(zip(dataset.addresses.tolist(), dataset.faces, strict=True))
    assert np.array_equal(faces["image/origin/angry_actor_104.png#xywh=50,10,50,50"],
                          square_face(photograph(0)[10:60, 50:100]))
    assert np.array_equal(faces["image/origin/happy, bride_9.png#xywh=80,-5,60,60"],
                          square_face(photograph(1)[:55, 80:])), "what reaches over the edge is not there"
    assert len(set(dataset.ids.tolist())) == 4


def test_a_photograph_of_several_faces_is_decoded_once(expw, tmp_path, monkeypatch):
    rows = ["angry_actor_104.png 0 10 20 70 60 54.75 0", "angry_actor_104.png 1 10 50 100 60 12.5 3",
            "happy, bride_9.png 0 -5 80 140 55 3.25 3", "angry_actor_104.png 2 100 200 250 150 9.0 3",
            "unlisted_3.png 0 0 0 9 9 3.25 0"]
    (expw / "label/label.lst").write_text("\n".join(rows))
    (expw / "image/origin/unlisted_3.png").write_bytes(b"none")
    decoded, decode_file = [], decode.decode_file
    monkeypatch.setattr(decode, "decode_file", lambda content, *rest: decoded.append(1) or decode_file(content, *rest))
    receipt = import_labelled.run(ImportSettings(expw, layout="expw", test_fraction=0, threads=2), tmp_path / "dataset")
    assert len(decoded) == 3, "once for each of three photographs, of five faces"
    assert receipt.summary["faces"] == 3
    assert receipt.summary["rejected"] == {"bad_box": 1, "not_an_image": 1}


@pytest.fixture
def ck_plus(tmp_path):
    """Two people of CK+, two sequences with an emotion, one without, one with a number that is none."""
    folder = tmp_path / "CK+"
    for person, sequence, frames in (("S005", "001", (1, 2, 3)), ("S010", "002", (1, 2)), ("S010", "003", (2, 3)),
                                     ("S999", "001", (1, 2))):
        place = folder / "cohn-kanade-images" / person / sequence
        place.mkdir(parents=True)
        for frame in frames:
            (place / f"{person}_{sequence}_{frame:08d}.png").touch()
        (place / "Thumbs.db").touch()
        (folder / "Emotion" / person / sequence).mkdir(parents=True)  # empty where there is no emotion
    for name, text in (("S005/001/S005_001_00000003", "   3.0000000e+00\n"),
                       ("S010/003/S010_003_00000003", "   6.0000000e+00\n"),
                       ("S999/001/S999_001_00000002", "   9.0000000e+00\n")):
        (folder / "Emotion" / f"{name}_emotion.txt").write_text(text)
    (folder / "FACS").mkdir()
    (folder / "FACS/S005_001_00000003_facs.txt").write_text("9.0 4.0\n")
    return folder


def test_ck_plus_has_the_peak_of_every_sequence_with_an_emotion(ck_plus):
    labelled = read("ck_plus", ck_plus)
    assert {image.path.rpartition("/")[2]: (image.label, image.annotations) for image in labelled.images} == {
        "S005_001_00000003.png": ("disgust", {"person": "S005", "sequence": "001"}),
        "S010_003_00000003.png": ("sad", {"person": "S010", "sequence": "003"})}
    assert labelled.left_out_by_reason() == {"bad_annotation": 1, "between": 4, "no_emotion": 2}
    bad = next(entry for entry in labelled.left_out if entry.reason == "bad_annotation")
    assert "S999_001_00000002_emotion.txt: expected a number of 0 to 7, found 9" in bad.detail


def test_first_frames_are_neutral_where_that_class_is_named(ck_plus):
    labelled = read("ck_plus", ck_plus, classes=("neutral", "sad"))
    assert sorted((image.path.rpartition("/")[2], image.label) for image in labelled.images) == [
        ("S005_001_00000001.png", "neutral"), ("S010_002_00000001.png", "neutral"),
        ("S010_003_00000002.png", "neutral"), ("S010_003_00000003.png", "sad"), ("S999_001_00000001.png", "neutral")]
    assert labelled.left_out_by_reason() == {"bad_annotation": 1, "between": 1, "no_emotion": 1, "other_class": 1}


def test_frames_of_ck_plus_without_emotions_or_twice_are_refused(ck_plus):
    copy = ck_plus / "cropped/S005_001_00000002.png"
    copy.parent.mkdir()
    copy.touch()
    with pytest.raises(InputError, match=r"S005_001_00000002.png twice, cohn.*/S005/001/.* and cropped/"):
        read("ck_plus", ck_plus)
    with pytest.raises(InputError, match="put the folder Emotion beside the images"):
        read("ck_plus", ck_plus / "cohn-kanade-images")


def test_ck_plus_in_the_form_of_fer2013_numbers_contempt_too(tmp_path):
    write_pixels(tmp_path / "ckextended.csv", [("7", "Training"), ("6", "Training"), ("0", "PrivateTest"),
                                               ("4", "PublicTest")])
    labelled = read("ck_plus", tmp_path)
    assert [(image.label, image.split) for image in labelled.images] == [
        ("contempt", "train"), ("neutral", "train"), ("anger", "test"), ("sad", "valid")]
    assert "does not say who is shown" in labelled.remark


HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"


@pytest.fixture
def affectnet_lists(tmp_path):
    """The first release: a training list with its header, a validation list without, two photographs."""
    folder = tmp_path / "AffectNet"
    for seed, name in enumerate(("689/737db2.JPG", "1/b4.png")):
        place = folder / "Manually_Annotated_Images" / name
        save(place.with_suffix(".png"), photograph(seed))
        place.with_suffix(".png").rename(place)
    lists = folder / "Manually_Annotated_file_lists"
    lists.mkdir()
    (lists / "training.csv").write_text("\n".join([
        HEADER, "689/737db2.JPG,10,20,50,60,20.5;30.5;40;50,1,0.785714,-0.055556",
        "689/737db2.JPG,0,0,30,30,1;2,7,-2,-2",
        "689/737db2.JPG,NULL,NULL,NULL,NULL,NULL,9,-2,-2", "689/737db2.JPG,NULL,NULL,NULL,NULL,NULL,1,0.5,0.5",
        "1/gone.jpg,0,0,30,30,1;2,1,0,0", "1/b4.png,0,0,30,30,1;2,11,0,0", "1/b4.png,0,0,30,30,1;2,1,3,0",
        "1/b4.png,0,0,30,30", "689/737db2.JPG,10,20,50,60,20.5;30.5,6,0,0", "1/b4.png,5,5,9,9,1;2,6,0,0"]) + "\n")
    (lists / "validation.csv").write_text("1/b4.png,20,10,40,40,1;2,1,0.1,0.2\n")
    return folder


def test_affectnets_first_release_by_its_lists(affectnet_lists):
    labelled = read("affectnet_lists", affectnet_lists, annotations=("valence",))
    assert [(image.address.removeprefix("Manually_Annotated_Images/"), image.label, image.split, image.annotations)
            for image in labelled.images] == [
        ("1/b4.png#xywh=5,5,9,9", "anger", "train", {"valence": "0", "arousal": "0"}),
        ("1/b4.png#xywh=20,10,40,40", "happy", "test", {"valence": "0.1", "arousal": "0.2"}),
        ("689/737db2.JPG#xywh=0,0,30,30", "contempt", "train", {"valence": "", "arousal": ""}),
        ("689/737db2.JPG#xywh=10,20,50,60", "happy", "train", {"valence": "0.785714", "arousal": "-0.055556"})]
    assert [(entry.where, entry.reason) for entry in labelled.left_out] == [
        (f"training.csv line {line}", reason) for line, reason in (
            (4, "uncertain"), (5, "no_box"), (6, "no_such_file"), (7, "unknown_label"), (8, "bad_number"),
            (9, "bad_row"), (10, "listed_twice"))]
    assert labelled.left_out[4].detail == "valence is 3, expected a number of -1 to 1"


def test_another_header_and_a_list_without_photographs_are_refused(affectnet_lists):
    lists = affectnet_lists / "Manually_Annotated_file_lists"
    (lists / "validation.csv").write_text("1/none.png,20,10,40,40,1;2,1,0.1,0.2\n")
    with pytest.raises(InputError, match=r"the split 'valid' has no usable image \(validation.csv line 1: no_such"):
        read("affectnet_lists", affectnet_lists)
    (lists / "training.csv").write_text(HEADER.replace("face_x", "x") + "\n")
    with pytest.raises(InputError, match=r"training.csv: the column 'face_x' is missing"):
        read("affectnet_lists", affectnet_lists)
