"""Sets of photographs and films from the web: made-up miniatures with the oddities of the real ones."""

import pytest

from fecemo.data.layouts import ReadOptions, layouts
from fecemo.errors import InputError


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def read(layout, folder, **options):
    labelled = layouts.find(layout).read(folder, ReadOptions(**options))
    return labelled, {image.path: image for image in labelled.images}


@pytest.fixture
def raf_db(tmp_path):
    """Three faces that are listed and aligned, one that is not listed, one that is not there, and a slip."""
    basic = put(tmp_path / "RAF-DB/basic", *(f"Image/aligned/{name}_aligned.jpg" for name in (
        "train_00001", "train_00002", "test_0001", "test_0009")), "Image/aligned/Thumbs.db")
    (basic / "EmoLabel").mkdir()
    (basic / "EmoLabel/list_patition_label.txt").write_text(
        "train_00001.jpg 5\ntrain_00002.jpg 1\ntrain_00003.jpg 5\ntest_0001.jpg 7\ntest_0001.jpg 1\nfinis\n")
    (basic / "Annotation/manual").mkdir(parents=True)
    points = "99.5\t120.25\n" * 5
    (basic / "Annotation/manual/train_00001_manu_attri.txt").write_text(f"{points}1\n2\n3\n")
    (basic / "Annotation/manual/test_0001_manu_attri.txt").write_text(f"{points}2\n0\n9\n")
    return basic.parent


def test_raf_db_by_its_list_from_1_with_what_people_said(raf_db):
    labelled, images = read("raf_db", raf_db, text_annotations=("race",))
    assert {path.rpartition("/")[2]: (image.label, image.split) for path, image in images.items()} == {
        "train_00001_aligned.jpg": ("sad", "train"), "train_00002_aligned.jpg": ("surprise", "train"),
        "test_0001_aligned.jpg": ("neutral", "test")}
    assert images["basic/Image/aligned/train_00001_aligned.jpg"].annotations == {
        "gender": "female", "race": "Asian", "age": "40-69"}
    assert images["basic/Image/aligned/test_0001_aligned.jpg"].annotations == {
        "gender": "unsure", "race": "Caucasian", "age": ""}, "an age that means nothing is not known"
    assert images["basic/Image/aligned/train_00002_aligned.jpg"].annotations == {}
    assert labelled.left_out_by_reason() == {"bad_row": 1, "listed_twice": 1, "no_such_file": 1, "not_listed": 1}
    assert read("raf_db", raf_db / "basic")[0].left_out_by_reason() == labelled.left_out_by_reason()


def test_compound_emotions_of_raf_db_and_another_folder_are_refused(raf_db):
    (raf_db / "basic/EmoLabel/list_patition_label.txt").write_text("train_00001.jpg 11\ntrain_00002.jpg 11\n")
    with pytest.raises(InputError, match=r"'11' \(2 images\): no known emotion.*compound emotions are not read"):
        read("raf_db", raf_db)
    with pytest.raises(InputError, match=r"holds no EmoLabel/list_patition_label.txt.*class_folders"):
        read("raf_db", raf_db / "basic/Image")


def test_sfew_by_split_emotion_movie_and_clip(tmp_path):
    put(tmp_path, "Train/Angry/Airheads_000519240_00000005.png", "Train/Angry/Airheads_000519240_00000021.png",
        "Train/Happy/Harry_Potter_2_001215160_00000017.png", "Val/Sad/Saw3D_003322327_00000045.png",
        "Val/Sad/Thumbs.db", "Test/AlexEmma_000225840_00000024.png")
    labelled, images = read("sfew", tmp_path, text_annotations=("movie",))
    assert {path: (image.label, image.split, image.annotations["movie"]) for path, image in images.items()} == {
        "Train/Angry/Airheads_000519240_00000005.png": ("anger", "train", "Airheads"),
        "Train/Angry/Airheads_000519240_00000021.png": ("anger", "train", "Airheads"),
        "Train/Happy/Harry_Potter_2_001215160_00000017.png": ("happy", "train", "Harry_Potter_2"),
        "Val/Sad/Saw3D_003322327_00000045.png": ("sad", "test", "Saw3D")}
    assert len({image.annotations["clip"] for image in labelled.images}) == 3, "two frames of one moment"
    assert labelled.left_out_by_reason() == {"no_label": 1}


def test_frames_of_afew_lie_in_the_folder_of_their_clip(tmp_path):
    put(tmp_path, "Train_AFEW/Angry/000046280/000046280-001.jpg", "Train_AFEW/Angry/000046280/000046280-009.jpg",
        "Train_AFEW/Fear/002910000/1.jpg", "Train_AFEW/Fear/012447680.avi", "Val_AFEW/Angry/010220693/f1.png")
    labelled, images = read("sfew", tmp_path)
    assert {path: (image.split, image.annotations) for path, image in images.items() if "Angry" in path} == {
        "Train_AFEW/Angry/000046280/000046280-001.jpg": ("train", {"movie": "", "clip": "000046280"}),
        "Train_AFEW/Angry/000046280/000046280-009.jpg": ("train", {"movie": "", "clip": "000046280"}),
        "Val_AFEW/Angry/010220693/f1.png": ("test", {"movie": "", "clip": "010220693"})}
    assert labelled.left_out_by_reason() == {"film": 1}


def test_films_without_frames_and_unknown_folders_are_refused(tmp_path):
    put(tmp_path, "Train/Angry/000046280.avi", "Train/Fear/1/1.png")
    with pytest.raises(InputError, match=r"Train/Angry: the class 'anger' has no usable image \(.*avi: film, take fr"):
        read("sfew", tmp_path)
    put(tmp_path, "Train/Anxious/1/1.png", "Train/Anxious/1/2.png")
    with pytest.raises(InputError, match=r"'Anxious' \(2 images\): no known emotion"):
        read("sfew", tmp_path)
    put(tmp_path, "Films/Angry/1.png")
    with pytest.raises(InputError, match=r"Films is no split"):
        read("sfew", tmp_path)


def test_nhfi_and_mmafedb_are_class_folders_with_names_of_search_engines(tmp_path):
    put(tmp_path / "NHFI", "neutrality/images - 2020-11-06T194951.464_face.png", "neutrality/Thumbs.db",
        "sadness/15351433722_5651d61cb8_b_face.png", "happiness/desktop.ini", "happiness/images (9)_face.png")
    _, images = read("class_folders", tmp_path / "NHFI")
    assert {path: image.label for path, image in images.items()} == {
        "neutrality/images - 2020-11-06T194951.464_face.png": "neutral",
        "sadness/15351433722_5651d61cb8_b_face.png": "sad", "happiness/images (9)_face.png": "happy"}
    put(tmp_path / "MMAFEDB", "train/angry/0.jpg", "valid/angry/0.jpg", "test/angry/0.jpg")
    assert sorted(image.split for image in read("class_folders", tmp_path / "MMAFEDB")[0].images) == [
        "test", "train", "valid"]


@pytest.mark.parametrize("cell", ["happy;surprise", "happiness, surprise", "Happy|Fear|", "1 0 0 1", "[0, 1, 1]"])
def test_several_labels_of_one_face_are_refused_with_the_reason(tmp_path, cell):
    put(tmp_path, "1.png", "2.png")
    (tmp_path / "labels.csv").write_text(f'path,label\n1.png,"{cell}"\n2.png,"{cell}"\n')
    with pytest.raises(InputError, match=r"labels.csv: 2 of 2 labels name several classes.*one label a face"):
        read("path_label", tmp_path / "labels.csv")


def test_a_column_for_every_emotion_is_refused_with_the_reason(tmp_path):
    put(tmp_path, "1.png")
    (tmp_path / "labels.csv").write_text("path,Curiosity,Happiness,Surprise,Fear\n1.png,0,1,1,0\n")
    with pytest.raises(InputError, match=r"'label' is missing.*happiness, surprise, fear.*one label a face.*annot"):
        read("path_label", tmp_path / "labels.csv")


def test_shares_of_several_emotions_are_columns_beside_the_label(tmp_path):
    put(tmp_path, "1.png")
    (tmp_path / "labels.csv").write_text("path,label,votes_happy,votes_surprise\n1.png,happy,0.62,0.3\n")
    labelled, images = read("path_label", tmp_path / "labels.csv", annotations=("votes_happy", "votes_surprise"))
    assert images["1.png"].annotations == {"votes_happy": "0.62", "votes_surprise": "0.3"}
    assert set(labelled.columns) == {"votes_happy", "votes_surprise"}
