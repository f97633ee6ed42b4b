"""What each layout makes of folders and files, sound and unsound. No pixel is read here, so any bytes do."""

import os
from pathlib import Path

import numpy as np
import pytest

from fecemo.data.image_files import LabelledImage, LeftOut, listing_digest
from fecemo.data.layouts import ReadOptions, layouts
from fecemo.errors import InputError


def touch(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()


def read(layout, place, **options):
    return layouts.find(layout).read(place, ReadOptions(**options))


def as_rows(listing):
    return [(image.path, image.label, image.split) for image in listing.images]


# --- class_folders


def test_folders_of_classes_with_their_spellings(tmp_path):
    touch(tmp_path, "Happiness/b.PNG", "Happiness/a.jpg", "anger/1.jpeg", "3_surprise/deeper/x.webp")
    listing = read("class_folders", tmp_path)
    assert listing.folder == tmp_path
    assert as_rows(listing) == [
        ("3_surprise/deeper/x.webp", "surprise", ""), ("Happiness/a.jpg", "happy", ""),
        ("Happiness/b.PNG", "happy", ""), ("anger/1.jpeg", "anger", ""),
    ]
    assert listing.left_out == ()


def test_folders_of_splits_above_the_classes_are_kept(tmp_path):
    touch(tmp_path, "train/happy/a.png", "val/happy/b.png", "Test/sad/c.png")
    assert as_rows(read("class_folders", tmp_path)) == [
        ("Test/sad/c.png", "sad", "test"), ("train/happy/a.png", "happy", "train"),
        ("val/happy/b.png", "happy", "valid"),
    ]


@pytest.mark.parametrize("held_out", ["valid", "validation", "test"])
def test_the_one_held_out_folder_is_the_test_split(tmp_path, held_out):
    touch(tmp_path, "train/happy/a.png", f"{held_out}/happy/b.png")
    assert {image.split for image in read("class_folders", tmp_path).images} == {"train", "test"}


def test_an_unknown_class_is_named_with_the_nearest_spelling(tmp_path):
    touch(tmp_path, "happy/a.png", "suprise/b.png")
    with pytest.raises(InputError, match=r"suprise: .*no known emotion; did you mean 'surprise'\?"):
        read("class_folders", tmp_path)
    touch(tmp_path / "two", "train/hapy/a.png")
    with pytest.raises(InputError, match=r"train/hapy: .*did you mean 'happy'\?"):
        read("class_folders", tmp_path / "two")


def test_a_folder_beside_splits_must_be_a_split(tmp_path):
    touch(tmp_path, "train/happy/a.png", "tset/happy/b.png")
    with pytest.raises(InputError, match=r"tset is beside folders of splits and is none: did you mean 'test'\?"):
        read("class_folders", tmp_path)


def test_what_is_no_image_is_left_out_and_what_systems_leave_is_passed_over(tmp_path):
    touch(tmp_path, "happy/a.png", "happy/notes.txt", "happy/.DS_Store", "happy/._a.png", "happy/Thumbs.db",
          ".git/happy.png", "__MACOSX/happy/a.png", "labels.csv", "stray.png")
    listing = read("class_folders", tmp_path)
    assert as_rows(listing) == [("happy/a.png", "happy", "")]
    assert {(entry.where, entry.reason) for entry in listing.left_out} == {
        ("happy/notes.txt", "not_an_image"), ("stray.png", "outside_class_folders"),
    }
    assert listing.left_out_by_reason() == {"not_an_image": 1, "outside_class_folders": 1}


def test_an_empty_set_is_refused_and_says_what_was_looked_for(tmp_path):
    (tmp_path / "happy").mkdir()
    message = r"holds no usable image: expected folders of images named neutral, happy.*is happy \(empty_class_folder\)"
    with pytest.raises(InputError, match=message):
        read("class_folders", tmp_path)
    touch(tmp_path, "happy/a.txt")
    with pytest.raises(InputError, match=r"the first of 1 left out is happy/a\.txt \(not_an_image"):
        read("class_folders", tmp_path)


def test_links_to_folders_are_followed_once(tmp_path):
    touch(tmp_path / "elsewhere", "a.png")
    (tmp_path / "set" / "happy").mkdir(parents=True)
    (tmp_path / "set" / "happy" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "set" / "happy")
    assert as_rows(read("class_folders", tmp_path / "set")) == [("happy/linked/a.png", "happy", "")]


def test_a_name_with_a_control_character_is_left_out(tmp_path):
    touch(tmp_path, "happy/a b\u3000é.png", "happy/b\r.png")
    listing = read("class_folders", tmp_path)
    assert as_rows(listing) == [("happy/a b\u3000é.png", "happy", "")]
    assert [(entry.where, entry.reason) for entry in listing.left_out] == [("happy/b\\r.png", "bad_name")]


def test_a_name_that_is_no_text_is_left_out(tmp_path):
    touch(tmp_path, "happy/a.png")
    try:
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/happy/\xff.png"))).touch()
    except OSError:
        pytest.skip("this file system takes names of text alone")
    listing = read("class_folders", tmp_path)
    assert as_rows(listing) == [("happy/a.png", "happy", "")]
    assert [entry.reason for entry in listing.left_out] == ["bad_name"]
    listing.left_out[0].where.encode("utf-8")


# --- affectnet


def annotate(part, number, expression):
    touch(part, f"images/{number}.jpg")
    (part / "annotations").mkdir(exist_ok=True)
    np.save(part / "annotations" / f"{number}_exp.npy", expression)


def test_affectnets_expressions_are_kept_or_left_out_by_their_meaning(tmp_path):
    expressions = [np.array(str(code)) for code in range(11)]  # as released: text without a dimension
    for number, expression in enumerate(expressions):
        annotate(tmp_path, number, expression)
    listing = read("affectnet", tmp_path)
    assert {Path(image.path).stem: image.label for image in listing.images} == {
        "0": "neutral", "1": "happy", "2": "sad", "3": "surprise", "4": "fear", "5": "disgust", "6": "anger",
        "7": "contempt",
    }
    assert listing.left_out_by_reason() == {"no_face": 1, "none": 1, "uncertain": 1}
    assert {image.split for image in listing.images} == {""}


@pytest.mark.parametrize("expression", [np.array("6"), np.array(6), np.array([6]), np.array(b"6"), np.array(6.0)])
def test_an_expression_may_be_text_or_a_number(tmp_path, expression):
    annotate(tmp_path, 1, expression)
    assert as_rows(read("affectnet", tmp_path)) == [("images/1.jpg", "anger", "")]


def test_affectnets_two_sets_are_train_and_test(tmp_path):
    annotate(tmp_path / "train_set", 1, np.array("1"))
    annotate(tmp_path / "val_set", 2, np.array("2"))
    assert as_rows(read("affectnet", tmp_path)) == [
        ("train_set/images/1.jpg", "happy", "train"), ("val_set/images/2.jpg", "sad", "test"),
    ]


def test_a_bad_annotation_costs_its_image_alone(tmp_path):
    annotate(tmp_path, 0, np.array("0"))
    for number, expression in {1: np.array("11"), 2: np.array("happy"), 3: np.array(["1", "2"]), 4: np.array(1.5),
                               5: np.array("-1"), 6: np.array(np.nan)}.items():
        annotate(tmp_path, number, expression)
    touch(tmp_path, "images/7.jpg", "images/8.jpg", "images/9.jpg")
    (tmp_path / "annotations" / "8_exp.npy").write_bytes(b"\x93NUMPY")
    (tmp_path / "annotations" / "9_exp.npy").write_bytes(b"")
    listing = read("affectnet", tmp_path)
    assert as_rows(listing) == [("images/0.jpg", "neutral", "")]
    assert {Path(entry.where).stem: entry.reason for entry in listing.left_out} == {
        **dict.fromkeys("1234568", "bad_annotation"), "7": "no_annotation", "9": "bad_annotation",
    }


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_an_array_of_python_objects_is_never_opened(tmp_path):
    annotate(tmp_path, 0, np.array("0"))
    annotate(tmp_path, 1, np.array(Trap(tmp_path / "sprung"), dtype=object))
    listing = read("affectnet", tmp_path)
    assert [(entry.where, entry.reason) for entry in listing.left_out] == [("images/1.jpg", "bad_annotation")]
    assert not (tmp_path / "sprung").exists()


def test_what_is_not_affectnets_release_is_refused(tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match="has no folder 'annotations'"):
        read("affectnet", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="has no folder 'images'"):
        read("affectnet", tmp_path / "empty")
    with pytest.raises(InputError, match="nowhere: there is no such folder"):
        read("affectnet", tmp_path / "nowhere")


# --- path_label


def table(folder, text, name="labels.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_rows_of_path_and_label_relative_to_the_table(tmp_path):
    touch(tmp_path, "sets/images/a.png", "elsewhere/b.png", "sets/c, d.png")
    listing = read("path_label", table(tmp_path / "sets", (
        "\ufeffLabel,Path,comment\nhappiness,images/a.png,x\nContempt,../elsewhere/b.png,\n\nsad,\"c, d.png\"\n"
    )))
    assert listing.folder == tmp_path / "sets"
    assert as_rows(listing) == [
        ("../elsewhere/b.png", "contempt", ""), ("c, d.png", "sad", ""), ("images/a.png", "happy", ""),
    ]
    assert listing.left_out == ()


def test_an_absolute_path_is_the_same_image_as_a_relative_one(tmp_path):
    touch(tmp_path, "a.png")
    listing = read("path_label", table(tmp_path, f"path,label\n{tmp_path / 'a.png'},happy\n./a.png,happy\n"))
    assert as_rows(listing) == [("a.png", "happy", "")]
    assert listing.left_out == (LeftOut("line 3", "listed_twice", "a.png is on line 2 already"),)


def test_a_split_column_is_kept(tmp_path):
    touch(tmp_path, "a.png", "b.png", "c.png")
    rows = "path,label,split\na.png,sad,training\nb.png,sad,val\nc.png,sad,test\n"
    listing = read("path_label", table(tmp_path, rows))
    assert [image.split for image in listing.images] == ["train", "valid", "test"]


def test_bad_rows_are_left_out_by_their_line(tmp_path):
    touch(tmp_path, "a.png", "b.png")
    rows = (b"path,label,split\na.png,happy,train\n,happy,train\nb.png,hapy,train\nb.png,,train\n"
            b"missing.png,sad,train\nb.png,sad,trian\nb.png\n\xff.png,sad,train\nb.png,\"sad,train\nb.png,sad,test\n")
    listing = read("path_label", table(tmp_path, rows))
    assert as_rows(listing) == [("a.png", "happy", "train"), ("b.png", "sad", "test")]
    assert [(entry.where, entry.reason) for entry in listing.left_out] == [
        ("line 3", "no_path"), ("line 4", "unknown_label"), ("line 5", "no_label"), ("line 6", "no_such_file"),
        ("line 7", "unknown_split"), ("line 8", "no_label"), ("line 9", "bad_row"), ("line 10", "bad_row"),
    ]
    assert "did you mean 'happy'?" in listing.left_out[1].detail


@pytest.mark.parametrize(("text", "message"), [
    ("", "the column 'path' is missing; the header holds nothing"),
    ("path;label\na;b\n", "the column 'path' is missing; the header holds path;label"),
    ("path,emotion\na,b\n", "the column 'label' is missing; the header holds path, emotion"),
    ("path,label\n", "holds no usable image: expected rows of path and label in labels.csv"),
    ("path,label\nx.png,happy\n", r"the first of 1 left out is line 2 \(no_such_file: x.png\)"),
    (b"\xff\xfep\x00a\x00", "UTF-16"),
])
def test_a_table_without_what_is_needed_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read("path_label", table(tmp_path, text))


def test_some_rows_with_and_some_without_a_split_are_refused(tmp_path):
    touch(tmp_path, "a.png", "b.png")
    with pytest.raises(InputError, match=r"b\.png has no split, and other images have one \(train\)"):
        read("path_label", table(tmp_path, "path,label,split\na.png,happy,train\nb.png,sad,\n"))


def test_a_name_too_long_or_with_a_zero_byte_is_no_file(tmp_path):
    touch(tmp_path, "a.png")
    listing = read("path_label", table(tmp_path, f"path,label\na.png,sad\n{'x' * 5000},sad\nz\0.png,sad\n"))
    assert listing.left_out_by_reason() == {"no_such_file": 1, "bad_row": 1}


# --- photographs


def test_photographs_have_neither_label_nor_split(tmp_path):
    touch(tmp_path, "b.jpg", "holiday/a.png", "holiday/readme.md")
    listing = read("photographs", tmp_path)
    assert listing.images == (LabelledImage("b.jpg"), LabelledImage("holiday/a.png"))
    assert listing.left_out_by_reason() == {"not_an_image": 1}


# --- parts that would be lost


def test_a_split_word_that_a_whole_part_bears_is_understood_or_refused(tmp_path):
    touch(tmp_path, *(f"{number}.png" for number in range(6)))
    for words, splits in (
            (("Training", "PublicTest", "PrivateTest"), ["train", "valid", "test"]),
            (("train", "dev", "test"), ["train", "valid", "test"]), (("train", "holdout"), ["train", "test"])):
        rows = "".join(f"{number}.png,happy,{words[number % len(words)]}\n" for number in range(6))
        listing = read("path_label", table(tmp_path, f"path,label,split\n{rows}"))
        assert [image.split for image in listing.images][:len(splits)] == splits
        assert listing.left_out == ()
    rows = "".join(f"{number}.png,happy,{('train', 'tset')[number % 2]}\n" for number in range(6))
    with pytest.raises(InputError, match=r"'tset' \(3 images\): no known split, so that a whole part .* 'test'"):
        read("path_label", table(tmp_path, f"path,label,split\n{rows}"))


def test_a_label_of_many_images_that_is_unknown_is_refused_until_the_classes_are_named(tmp_path):
    touch(tmp_path, "a.png", "b.png", "c.png")
    labels = table(tmp_path, "path,label\na.png,happy\nb.png,confused\nc.png,confused\n")
    with pytest.raises(InputError, match=r"'confused' \(2 images\): no known emotion"):
        read("path_label", labels)
    listing = read("path_label", labels, classes=("confused", "happy"))
    assert (listing.classes, listing.left_out) == (("confused", "happy"), ())
    listing = read("path_label", labels, classes=("happy", "sad"))
    assert listing.left_out_by_reason() == {"other_class": 2}


def test_a_class_of_which_every_file_is_gone_is_refused(tmp_path):
    touch(tmp_path, "a.png")
    with pytest.raises(InputError, match=r"the class 'sad' has no usable image \(line 3: no_such_file, b.png"):
        read("path_label", table(tmp_path, "path,label\na.png,happy\nb.png,sad\n"))
    touch(tmp_path, "set/happy/a.png", "set/sad/notes.txt")
    with pytest.raises(InputError, match=r"set/sad: the class 'sad' has no usable image \(sad/notes.txt: not_an_image"):
        read("class_folders", tmp_path / "set")
    (tmp_path / "set/sad/notes.txt").unlink()
    with pytest.raises(InputError, match=r"the class 'sad' has no usable image \(empty_class_folder"):  # named once
        read("class_folders", tmp_path / "set")


@pytest.fixture
def closed(tmp_path):
    """A folder that nobody may open: of a file system that refuses, where the user is root."""
    folder = tmp_path / "set" / "sad"
    touch(tmp_path, "set/happy/a.png", "set/sad/b.png")
    folder.chmod(0)
    yield folder
    folder.chmod(0o755)


def test_a_folder_that_cannot_be_opened_is_named_and_refused(closed, tmp_path, monkeypatch):
    scandir = os.scandir

    def refusing(path="."):
        if os.fspath(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    for layout in ("class_folders", "photographs"):
        with pytest.raises(InputError, match=r"set/sad: the folder cannot be opened \(Permission denied\)"):
            read(layout, tmp_path / "set")
    with pytest.raises(InputError, match=r"sad: the folder cannot be opened"):
        read("class_folders", closed)


def test_a_letter_with_an_accent_is_the_same_in_both_forms(tmp_path):
    touch(tmp_path, "zoe\u0308.png", "jos\u00e9/m\u00fcller.png")
    listing = read("path_label", table(
        tmp_path, "path,label\nzo\u00eb.png,sad\njose\u0301/mu\u0308ller.png,happy\n./zoe\u0308.png,sad\n"))
    assert {image.path for image in listing.images} == {"zoe\u0308.png", "jos\u00e9/m\u00fcller.png"}
    assert listing.left_out_by_reason() == {"listed_twice": 1}


def test_a_folder_is_another_listing_once_an_image_is_added_replaced_or_removed(tmp_path):
    touch(tmp_path, "happy/a.png", "sad/b.png")
    digests = [listing_digest(tmp_path)]
    touch(tmp_path, "sad/c.png")
    digests.append(listing_digest(tmp_path))
    (tmp_path / "happy/a.png").write_bytes(b"another")
    digests.append(listing_digest(tmp_path))
    (tmp_path / "sad/c.png").unlink()
    digests.append(listing_digest(tmp_path))
    assert len(set(digests)) == 4
    assert listing_digest(tmp_path) == digests[-1]
    assert listing_digest(tmp_path / "gone" / "set") not in digests  # nor a folder above it is there any more


# --- annotations


def test_columns_are_numbers_by_declaration_and_words_stay_words(tmp_path):
    touch(tmp_path, *(f"{number}.png" for number in range(4)))
    labels = table(tmp_path, (
        "\ufeffPath,Label,Valence,age,,\n0.png,happy,0.5,10_19,,\n1.png,sad,-1e-1,01,,\n2.png,sad,,1,,\n"
        "3.png,happy,1_0,1,,\n"))
    listing = read("path_label", labels, annotations=("valence",), text_annotations=("age",))
    assert [dict(image.annotations) for image in listing.images] == [
        {"valence": "0.5", "age": "10_19"}, {"valence": "-1e-1", "age": "01"}, {"valence": "", "age": "1"}]
    assert listing.columns == {"valence": "number", "age": "text"}
    assert listing.left_out == (LeftOut("line 5", "bad_number", "valence: expected a number, found '1_0'"),)
    with pytest.raises(InputError, match="the column 'arousal' is missing"):
        read("path_label", labels, annotations=("arousal",))


def test_affectnets_valence_and_arousal_are_columns(tmp_path):
    for number in range(3):
        annotate(tmp_path, number, np.array("1"))
    np.save(tmp_path / "annotations" / "0_val.npy", np.array("0.25"))
    np.save(tmp_path / "annotations" / "0_aro.npy", np.array(-0.5))
    np.save(tmp_path / "annotations" / "1_val.npy", np.array("-2"))  # the annotators could not tell
    np.save(tmp_path / "annotations" / "2_val.npy", np.array("1.5"))
    listing = read("affectnet", tmp_path)
    assert [dict(image.annotations) for image in listing.images] == [
        {"valence": "0.25", "arousal": "-0.5"}, {"valence": ""}]
    assert listing.columns == {"valence": "number", "arousal": "number"}
    assert [(entry.where, entry.reason) for entry in listing.left_out] == [("images/2.jpg", "bad_annotation")]


# --- parts that would be lost


def a_link_to_nothing(folder):
    (folder / "sad").symlink_to(folder / "unmounted")


def a_class_still_packed(folder):
    touch(folder, "Sadness.tar.gz")


def an_empty_test_folder(folder):
    touch(folder, "train/happy/a.png")
    (folder / "happy" / "a.png").unlink()
    (folder / "happy").rmdir()
    (folder / "test").mkdir()


@pytest.mark.parametrize(("alter", "message"), [
    (a_link_to_nothing, r"sad: the link leads to .*unmounted, and nothing is there"),
    (a_class_still_packed, r"Sadness\.tar\.gz is still packed, and what it holds would be lost"),
    (an_empty_test_folder, r"test: the split 'test' has no usable image"),
])
def test_a_class_or_split_that_is_no_folder_of_images_is_refused(tmp_path, alter, message):
    touch(tmp_path, "happy/a.png")
    alter(tmp_path)
    with pytest.raises(InputError, match=message):
        read("class_folders", tmp_path)


def test_an_archive_beside_its_own_folder_is_nobodys_loss(tmp_path):
    touch(tmp_path, "happy/a.png", "happy.zip", "download.zip")
    assert len(read("class_folders", tmp_path).images) == 1


def test_what_network_drives_leave_is_passed_over_wherever_it_lies(tmp_path):
    touch(tmp_path, "happy/a.png", "@eaDir/b.png", "happy/@eaDir/c.png", "#recycle/d.png", "$RECYCLE.BIN/e.png",
          "lost+found/f.png", "sad/.ipynb_checkpoints/g.png", "sad/h.png")
    assert [image.path for image in read("class_folders", tmp_path).images] == ["happy/a.png", "sad/h.png"]


def test_a_link_back_up_brings_no_other_class(tmp_path):
    touch(tmp_path, "happy/a.png", "sad/b.png")
    (tmp_path / "sad" / "all").symlink_to(tmp_path)
    assert as_rows(read("class_folders", tmp_path)) == [("happy/a.png", "happy", ""), ("sad/b.png", "sad", "")]


def test_pictures_of_other_kinds_and_links_to_nothing_are_left_out_by_their_names(tmp_path):
    touch(tmp_path, "a.jpe", "b.HEIC", "c.cr2", "d.mov")
    (tmp_path / "2003").symlink_to(tmp_path / "unmounted")
    photographs = read("photographs", tmp_path)
    assert [image.path for image in photographs.images] == ["a.jpe"]
    assert {entry.where: entry.reason for entry in photographs.left_out} == {
        "b.HEIC": "kind_not_read", "c.cr2": "kind_not_read", "d.mov": "not_an_image", "2003": "broken_link"}


def test_a_part_of_affectnet_without_annotations_is_refused(tmp_path):
    for number in (1, 2):
        annotate(tmp_path / "train_set", number, 1)
        touch(tmp_path, f"val_set/images/{number}.jpg")
    (tmp_path / "val_set" / "annotations").mkdir()
    with pytest.raises(InputError, match=r"val_set: the split 'valid' has no usable image .*no_annotation"):
        read("affectnet", tmp_path)


def test_a_folder_of_which_no_listed_image_is_there_is_refused(tmp_path):
    touch(tmp_path, "part1/a.png", "part1/b.png")
    rows = "part1/a.png,happy\npart1/b.png,sad\npart2/c.png,happy\n"
    assert len(read("path_label", table(tmp_path, f"path,label\n{rows}")).images) == 2
    with pytest.raises(InputError, match=r"part2: none of the 2 images that are listed there is there"):
        read("path_label", table(tmp_path, f"path,label\n{rows}part2/d.png,sad\n"))


def test_a_backslash_is_a_slash_of_windows_unless_a_name_holds_it(tmp_path):
    touch(tmp_path, "deep/er/a.png", "b\\c.png")
    listing = read("path_label", table(tmp_path, "path,label\ndeep\\er\\a.png,happy\nb\\c.png,sad\n"))
    assert [image.path for image in listing.images] == ["b\\c.png", "deep/er/a.png"]


@pytest.mark.parametrize(("sign", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_a_table_of_another_separator_is_told(tmp_path, sign, word):
    with pytest.raises(InputError, match=rf"separated by {word}: save it with commas"):
        read("path_label", table(tmp_path, f"path{sign}label\na.png{sign}happy\n"))
