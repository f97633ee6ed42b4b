"""A made-up miniature of every layout: a new layout adds its own here."""

import io
import json
import tarfile

import numpy as np
import pandas
import pytest

from fecemo.data.layouts import layouts


def write_miniatures(tmp_path):
    """Write a place that holds a happy and a sad image, for every layout, and return it by name."""
    pytest.importorskip("pyarrow")

    for code, name in ((1, "happy"), (2, "sad")):
        for path in (f"class_folders/{name}/1.png", f"photographs/{name}.png", f"affectnet/images/{code}.png",
                     f"affectnet_plus/train_set/images/{code}.png", f"auto/{name}/1.png",
                     f"path_label/{name}.png", f"kdef/AF01{name[:2].upper()}S.jpg",
                     f"expw/image/{name}.jpg", f"affectnet_lists/{name}.jpg", f"ck_plus/S005_00{code}_00000009.png",
                     f"jaffe/KA.{name[:2].upper()}1.1.tiff", f"rafd/Rafd090_01_Kid_male_{name}_left.jpg",
                     f"raf_db/Image/aligned/train_0000{code}_aligned.jpg",
                     f"sfew/Train/{name}/Saw3D_003322327_0000004{code}.png"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).touch()
        (tmp_path / "affectnet/annotations").mkdir(exist_ok=True)
        (tmp_path / "affectnet_plus/train_set/annotations").mkdir(exist_ok=True)
        (tmp_path / f"affectnet_plus/train_set/annotations/{code}.json").write_text(json.dumps({"human-label": code}))
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
