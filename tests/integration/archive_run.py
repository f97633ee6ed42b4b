"""A finished run of named clusters and a classifier, and a folder of photographs in which faces were found."""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from fecemo.data.cluster_names import read_hand_names
from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import atomic_write
from fecemo.data.face_lists import face_id
from fecemo.drawn.expression import EMOTIONS
from fecemo.stages import cluster, embed, label
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.layout import RunLayout
from tests.artifact_receipts import leave_receipt

ROW, CLASSIFIER, VARIANT = "dense_autoencoder", "supervised", "gray"
N_SOURCE, N_TARGET = 64, 160
RECIPE = """
name: archive
title: Named clusters for an archive
seed: 5
datasets: {source: {fetch: {faces: faces.csv}}, target: {import: {images: target}}}
roles: {source: source, target: target}
face_side: 20
variants: [gray]
approaches:
  dense_autoencoder:
    fit: {reconstruct: {loss: binary_crossentropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 1}}
  supervised:
    model: {groups: [1, 1], filters: 8, dense: 16}
    fit: {classify: {loss: cross_entropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 1}}
clustering: {n_clusters: 8, n_init: 4}
naming: {method: hand}
"""


def face(kind: int, number: int) -> np.ndarray:
    """Return a picture of one of eight kinds: a bright bar at its own place, on a ground that differs a little."""
    picture = np.full((200, 200, 3), 20 + number % 40, np.uint8)
    picture[25 * kind : 25 * kind + 25] = 230
    return picture


class ArchiveRun:
    """The run, and its photographs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.layout, self.recipe = folder, RunLayout(folder / "run"), folder / "recipe.yaml"
        self.photos, self.dataset = folder / "photos", folder / "archive" / "datasets" / "photos"
        self.out = folder / "archive" / "tags"

    def arguments(self, row: str) -> CellArguments:
        return CellArguments(self.recipe, self.layout.run, row, VARIANT)

    def make(self) -> "ArchiveRun":
        """Write everything: models that learnt nothing, whose embeddings tell the eight kinds apart all the same."""
        self.write_inputs(RECIPE, wrong_labels=True)
        self.train(ROW)
        self.train(CLASSIFIER)
        cluster.run(self.arguments(ROW))
        self.name(self.true_names())
        return self

    def write_inputs(self, recipe: str, *, wrong_labels: bool) -> None:
        """Write the recipe and both data sets; a tenth of the labels may be those of another kind."""
        self.recipe.write_text(recipe)
        write_faces(self.layout.dataset("source"), "fetch", [(FaceEntry(f"source{row}", f"http://a.example/{row}"),
                                                             face(row % 8, row)) for row in range(N_SOURCE)])
        write_faces(self.layout.dataset("target"), "import", [
            (FaceEntry(f"target{row}", f"{row}.png", annotations={
                "label": EMOTIONS[(row + (wrong_labels and row % 10 == 0)) % 8],
                "split": "test" if row >= N_TARGET // 2 else "train"}), face(row % 8, row)) for row in range(N_TARGET)])

    def train(self, row: str, seed: int = 0, labelled: Iterable[int] = ()) -> None:
        """Leave a model of first weights, as if it had learnt from the labels of some rows, and embed all faces."""
        import keras

        from fecemo.training.network_file import MODEL_NAME

        cell = self.arguments(row).cell()
        keras.utils.set_random_seed(seed)
        model = cell.approach.build(cell.model, {"image": cell.shape}, 8)
        folder = self.layout.model(row, VARIANT)
        folder.mkdir(parents=True, exist_ok=True)
        model.save(folder / MODEL_NAME)
        np.save(folder / "labelled_rows.npy", np.array(list(labelled), np.int64))
        classifies = cell.approach.predicts_by == "classifier"
        classes = list(Dataset(self.layout.dataset("target")).classes) if classifies else []
        leave_receipt(cell.recipe, self.layout, "model", row, VARIANT, [MODEL_NAME, "labelled_rows.npy"],
                      summary={"classes": classes})
        embed.run(self.arguments(row))

    def true_names(self) -> dict[str, str]:
        """Return the name that each cluster deserves."""
        clusters = np.load(self.layout.clusters(ROW, VARIANT) / "source_clusters.npy")
        return {str(number): EMOTIONS[int(np.flatnonzero(clusters == number)[0]) % 8] for number in range(8)}

    def name(self, names: dict[str, str], **more: object) -> None:
        """Name the clusters as a person would, and run the label stage."""
        path = self.layout.hand_names(ROW, VARIANT)
        template = read_hand_names(self.layout.clusters(ROW, VARIANT) / "names.template.json")
        atomic_write(path, replace(template, names=names, by="ann", **more).as_json())
        label.run(self.arguments(ROW))

    def photograph(self, kinds: list[int], start: int = 0) -> None:
        """Put photographs into the folder, one a kind of face, and write the data set of the faces found in all."""
        self.photos.mkdir(exist_ok=True)
        (self.photos / "b & <c>").mkdir(exist_ok=True)
        for number, kind in enumerate(kinds, start):
            path = self.photos / ("b & <c>" if number % 2 else "") / f"{number} é.jpg"
            picture = Image.fromarray(np.full((48, 64, 3), 9 + kind, np.uint8))
            exif = picture.getexif()
            exif[0x0112] = 1 + number % 8
            exif[0x0132] = f"20{10 + number}:01:02 03:04:05"
            picture.save(path, exif=exif)
        self.detect()

    def detect(self, *without: str) -> None:
        """Write the data set: one face a photograph, at a fixed place of the upright picture.

        ``without`` are further rows of ``photos.csv``, of photographs that show none.
        """
        faces, lines = [], ["photo,n_bytes,sha256,width,height,orientation,taken,faces,reason,detail,copy_of"]
        for path in sorted(self.photos.rglob("*.jpg")):
            photo, number = path.relative_to(self.photos).as_posix(), int(path.name.split()[0])
            with Image.open(path) as picture:
                kind = round(float(np.asarray(picture.convert("L")).mean())) - 9
            faces.append((FaceEntry(face_id(photo, 0.25, 0.5, 0.25, 0.75), photo, 0.25, 0.5, 0.25, 0.75),
                          face(kind, number)))
            lines.append(f"{photo},{path.stat().st_size},,64,48,{1 + number % 8},20{10 + number}-01-02 03:04:05,1,,,")
        write_faces(self.dataset, "detect", faces, {"photos.csv": "\n".join([*lines, *without, ""])}, {"margin": 0.0})


def write_faces(folder: Path, stage: str, faces: list[tuple[FaceEntry, np.ndarray]],
                beside: dict[str, str] | None = None, config: dict[str, object] | None = None) -> None:
    """Write a finished data set, in the place of another that may be there."""
    for path in folder.glob("*"):
        path.unlink()
    writer = DatasetWriter(folder, [entry for entry, _ in faces])
    for slot in writer.missing():
        writer.put(slot, faces[slot][1])
    for name, text in (beside or {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    writer.finish(stage, config=config or {}, inputs={}, extra_files=list(beside or {}))
    writer.close()


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file in a folder, by its path there."""
    return {os.fspath(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}
