"""What holds for every layout of labelled images, also for one that is added tomorrow."""

import importlib
import io
import tarfile

import numpy as np
import pandas
import pytest

from fecemo.data.layouts import Layout, ReadOptions, find_layout, layouts
from fecemo.errors import InputError


@pytest.fixture(params=list(layouts()))
def layout(request):
    return find_layout(request.param)


def test_the_issued_layouts_are_found():
    assert set(layouts()) >= {"affectnet", "class_folders", "path_label", "photographs"}


def test_a_layout_is_named_as_its_file_and_says_what_it_is(layout):
    assert isinstance(layout, Layout)
    assert importlib.import_module(f"fecemo.data.layouts.{layout.name}").LAYOUT is layout
    assert 10 < len(layout.about) < 100


def test_a_place_that_is_not_there_is_named(layout, tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        layout.read(tmp_path / "nowhere", ReadOptions())


def test_an_empty_place_is_named(layout, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty"):
        layout.read(tmp_path / "empty", ReadOptions())


def test_labels_are_the_sets_classes_or_none_at_all(layout, labelled_places):
    listing = layout.read(labelled_places[layout.name], ReadOptions())
    labels = {image.label for image in listing.images}
    assert labels == {""} or labels == set(listing.classes)
    assert [image.path for image in listing.images] == sorted(image.path for image in listing.images)
    assert len({image.address for image in listing.images}) == len(listing.images)
    assert all(image.pixels or image.read or (listing.folder / image.path).is_file() for image in listing.images)


@pytest.fixture
def labelled_places(tmp_path):
    """A place that holds a happy and a sad image, for every layout: a new layout adds its own here."""
    pytest.importorskip("pyarrow")

    for code, name in ((1, "happy"), (2, "sad")):
        for path in (f"class_folders/{name}/1.png", f"photographs/{name}.png", f"affectnet/images/{code}.png",
                     f"path_label/{name}.png", f"kdef/AF01{name[:2].upper()}S.jpg",
                     f"expw/image/{name}.jpg", f"affectnet_lists/{name}.jpg", f"ck_plus/S005_00{code}_00000009.png",
                     f"jaffe/KA.{name[:2].upper()}1.1.tiff", f"rafd/Rafd090_01_Kid_male_{name}_left.jpg",
                     f"raf_db/Image/aligned/train_0000{code}_aligned.jpg",
                     f"sfew/Train/{name}/Saw3D_003322327_0000004{code}.png"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).touch()
        (tmp_path / "affectnet/annotations").mkdir(exist_ok=True)
        (tmp_path / f"ck_plus/S005_00{code}_00000009_emotion.txt").write_text(f"   {code + 4}.0000000e+00\n")
        np.save(tmp_path / f"affectnet/annotations/{code}_exp.npy", np.array(str(code)))
    (tmp_path / "path_label/labels.csv").write_text("path,label\nhappy.png,happy\nsad.png,sad\n")
    (tmp_path / "expw/label.lst").write_text("happy.jpg 0 5 10 40 35 88.5 3\nsad.jpg 0 5 10 40 35 88.5 4\n")
    (tmp_path / "affectnet_lists/training.csv").write_text(
        "happy.jpg,1,2,30,30,1;2,1,.5,.5\nsad.jpg,1,2,30,30,1;2,2,0,0\n")
    (tmp_path / "raf_db/EmoLabel").mkdir()
    (tmp_path / "raf_db/EmoLabel/list_patition_label.txt").write_text("train_00001.jpg 4\ntrain_00002.jpg 5\n")
    (tmp_path / "fer2013").mkdir()
    pixels = " ".join(["128"] * 48 * 48)
    (tmp_path / "fer2013/fer2013.csv").write_text(f"emotion,pixels,Usage\n3,{pixels},Training\n4,{pixels},Training\n")
    (tmp_path / "webdataset").mkdir()
    with tarfile.open(tmp_path / "webdataset/train-0.tar", "w") as tar:
        for name in ("happy", "sad"):
            for suffix, content in ((".png", b""), (".cls", name.encode())):
                member = tarfile.TarInfo(f"{name}{suffix}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    (tmp_path / "parquet").mkdir()
    table = pandas.DataFrame({"image": [b"1", b"2"], "label": ["happy", "sad"]})
    table.to_parquet(tmp_path / "parquet/train-0.parquet")
    return {name: tmp_path / name for name in layouts()} | {"path_label": tmp_path / "path_label/labels.csv"}


def test_an_unknown_layout_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'class_folders'"):
        find_layout("class_folder")
