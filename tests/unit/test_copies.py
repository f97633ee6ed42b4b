"""Copies of faces are found under other names, encodings and mirrored; other faces are not."""

import cv2
import numpy as np
import pytest

from fecemo.data.copies import Fingerprints, copies_across_splits
from fecemo.data.dataset import Dataset, copies_between
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.import_settings import ImportSettings
from fecemo.data.splits import make_splits
from fecemo.drawn import draw_face, sample_face
from fecemo.stages import import_labelled

EMOTIONS = ("happy", "sad", "anger", "neutral")


@pytest.fixture(scope="module")
def faces():
    return [draw_face(sample_face(np.random.default_rng(number), EMOTIONS[number % 4]), 200) for number in range(60)]


def copies_of(pictures):
    prints = Fingerprints(len(pictures))
    for row, picture in enumerate(pictures):
        prints.add(row, picture, str(hash(picture.tobytes())))
    return prints.copies()


def recompressed(picture, quality):
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


ALTER = {
    "equal": lambda picture: picture, "jpeg 90": lambda picture: recompressed(picture, 90),
    "jpeg 60": lambda picture: recompressed(picture, 60), "mirrored": lambda picture: picture[:, ::-1],
    "mirrored jpeg": lambda picture: recompressed(np.ascontiguousarray(picture[:, ::-1]), 80),
    "resized": lambda picture: cv2.resize(cv2.resize(picture, (112, 112), interpolation=cv2.INTER_AREA), (200, 200)),
}


@pytest.mark.parametrize("how", ALTER)
def test_a_copy_is_found_however_it_was_stored(faces, how):
    copies = copies_of([*faces, *(np.ascontiguousarray(ALTER[how](face)) for face in faces)])
    n = len(faces)
    assert (copies[n:] == np.arange(n)).mean() >= (1.0 if how == "equal" else 0.9)
    assert (copies[:n] == np.arange(n)).all()


def test_distinct_faces_are_not_merged(faces):
    assert (copies_of(faces) == np.arange(len(faces))).all()


def test_flat_pictures_are_copies_only_where_their_pixels_are_equal():
    flat = [np.full((200, 200, 3), level, np.uint8) for level in (10, 11, 200, 10)]
    assert copies_of(flat).tolist() == [0, 1, 2, 0]


@pytest.mark.parametrize("how", ALTER)
def test_copies_between_two_data_sets_are_found_in_the_rows_that_are_named(faces, tmp_path, how):
    altered = [np.ascontiguousarray(ALTER[how](face)) for face in faces[:8]]
    target, further = (written(tmp_path / name, pictures) for name, pictures in (
        ("target", faces[4:12]), ("further", [*altered, faces[20]])))
    assert target.copied_from(further, np.array([1, 5, 7, 8])).tolist() == [False, True, False, True, *[False] * 4]
    assert not target.copied_from(further, np.array([0, 8])).any()


def test_stored_fingerprints_find_the_same_and_read_no_face(faces, tmp_path, monkeypatch):
    pictures = [*faces[:6], recompressed(faces[1], 85), np.ascontiguousarray(faces[2][:, ::-1])]
    prints = Fingerprints(len(pictures))
    for row, picture in enumerate(pictures):
        prints.add(row, picture, f"digest {row}")
    again = Fingerprints(len(pictures))
    again.add_packed(0, prints.packed[:4], prints.digests[:4])
    again.add_packed(4, prints.packed[4:], prints.digests[4:])
    assert again.copies().tolist() == prints.copies().tolist() == [0, 1, 2, 3, 4, 5, 1, 2]
    for row, picture in enumerate(pictures):
        (tmp_path / f"set/{('happy', 'sad')[row % 2]}").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / f"set/{('happy', 'sad')[row % 2]}/{row}.png"), picture[..., ::-1])
    import_labelled.run(ImportSettings(tmp_path / "set"), tmp_path / "imported")
    dataset = Dataset(tmp_path / "imported")
    assert np.array_equal(dataset.fingerprints[:, 16:], np.stack([
        prints.packed[int(address.partition("/")[2].removesuffix(".png")), 16:] for address in dataset.addresses]))
    monkeypatch.setattr(Fingerprints, "add", None)
    numbers, = copies_between([dataset])
    assert len(np.unique(numbers)) == 6


def test_faces_of_one_path_in_two_folders_are_no_copies(faces, tmp_path):
    """Imported and drawn sets name their files alike: the first face of each is not one picture."""
    target, further = (written(tmp_path / name, pictures, "same")
                       for name, pictures in (("target", faces[:6]), ("further", faces[6:12])))
    assert (target.ids == further.ids).all()
    assert not target.copied_from(further, np.arange(6)).any()


def written(folder, pictures, name=""):
    entries = [FaceEntry(f"{name or folder.name}{row}", f"{row}.png") for row in range(len(pictures))]
    writer = DatasetWriter(folder, entries)
    for row, picture in enumerate(pictures):
        writer.put(row, picture)
    writer.finish("import", config={}, inputs={})
    writer.close()
    return Dataset(folder)


def test_what_is_held_out_and_has_a_copy_in_train_is_counted():
    copies = np.array([0, 1, 0, 1, 4, 4])
    splits = np.array(["train", "test", "test", "valid", "train", "train"])
    assert copies_across_splits(copies, splits) == 1


@pytest.mark.parametrize("seed", range(5))
def test_copies_share_a_split_and_the_counts_are_kept(seed):
    rng = np.random.default_rng(seed)
    copies = np.arange(400)
    copies[200:280] = rng.choice(200, 80, replace=False)
    ids, labels = [f"id{row}" for row in range(400)], [f"class{number}" for number in copies % 4]
    splits = make_splits(ids, labels, valid_fraction=0.1, test_fraction=0.2, seed=seed, copies=copies)
    assert copies_across_splits(copies, splits) == 0
    assert all(len(set(splits[copies == group])) == 1 for group in np.unique(copies))
    assert [int((splits == split).sum()) for split in ("test", "valid", "train")] == [80, 40, 280]


def test_without_copies_the_splits_are_what_they_were():
    ids, labels = [f"id{row}" for row in range(100)], ["a", "b"] * 50
    assert (make_splits(ids, labels, seed=3) == make_splits(ids, labels, seed=3, copies=np.arange(100))).all()
