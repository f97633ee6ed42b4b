"""A run of small drawn faces for the additions: a distribution that adds them, a recipe, data sets, measurements."""

import csv
import math
import sys
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from additions.seven_classes import CLASSES

from fecemo import registry
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import output_lock
from fecemo.data.import_settings import ImportSettings
from fecemo.drawn import EMOTIONS, draw_face, sample_face
from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.alignment import STANDARD_HEAD
from fecemo.imaging.landmarks.mesh import MIDDLE
from fecemo.stages import import_labelled
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.landmarks import LandmarkSettings, extract_features
from fecemo.study.layout import RunLayout

SOURCE, PER_CLASS, UNRATED = 20, 7, 4
ROWS = ("affect", "jigsaw", "two_stream", "variational")
ENTRY_POINTS = """
[fecemo.approaches]
affect = additions.affect:APPROACH
jigsaw = additions.jigsaw:APPROACH
two_stream = additions.two_stream:APPROACH
variational = additions.variational:APPROACH
[fecemo.augmentations]
halves = additions.jigsaw:Halves
[fecemo.layouts]
seven_classes = additions.seven_classes:LAYOUT
[fecemo.set_metrics]
mean_gap = additions.mean_gap:METRIC
[fecemo.tables]
agreement = additions.agreement:TABLE
"""
RECIPE = """
name: additions
title: Additions
seed: 3
face_side: 40
datasets:
  source: {fetch: {faces: nowhere.csv}}
  target: {import: {images: LABELLED, layout: seven_classes, annotations: [valence, arousal]}}
roles: {source: source, target: target}
variants: [gray]
landmark_model: MODEL
clustering: {n_clusters: 4, n_init: 2, stability_seeds: 2}
naming: {method: majority_vote, sample: 20}
evaluation: {bootstrap: 50}
approaches:
  affect:
    fit:
      reconstruct: {loss: mean_squared_error, optimizer: adam, learning_rate: 1.0e-3, epochs: 2}
      rate:
        losses: [{loss: concordance, output: affect, target: [valence, arousal]}]
        optimizer: adam
        learning_rate: 1.0e-2
        epochs: 2
  jigsaw:
    fit:
      classify:
        data: [target.train, source]
        augment: [halves]
        losses:
          - {loss: cross_entropy, output: probabilities, target: label}
          - {loss: cross_entropy, output: order, target: halves, weight: 0.5}
        optimizer: adam
        learning_rate: 1.0e-3
        epochs: 2
  two_stream:
    fit:
      classify: {loss: weighted_softmax, optimizer: adam, learning_rate: 1.0e-3, epochs: 2}
  variational:
    fit:
      reconstruct: {loss: binary_crossentropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 2, batch_size: 8}
"""


class Brightness:
    """Stands in for a landmark model: the mouth is open as far as the face is bright."""

    def mesh(self, crop):
        """Return landmarks and how sure of them it is."""
        mesh = np.random.default_rng(0).uniform(-0.5, 0.5, (points.N_LANDMARKS, 3))
        mesh[list(STANDARD_HEAD)] = list(STANDARD_HEAD.values())
        mesh[points.CHIN], mesh[points.UPPER_LIP_INSIDE] = (0, 1.2, 0), (0, 0.6, 0)
        mesh[points.LOWER_LIP_INSIDE] = (0, 0.6 + float(crop.mean()) / 500, 0)
        return mesh * 100 + (MIDDLE, MIDDLE, 0), 0.9

    def blendshapes(self, landmarks):
        """Return one that moves."""
        return np.full(52, landmarks[points.LOWER_LIP_INSIDE, 1] / 100, np.float32)


def install(folder: Path) -> Path:
    """Make a distribution that adds the additions and nothing else, as pip leaves it; return where."""
    information = folder / "site" / "fecemo_additions-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: fecemo-additions\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    return information.parent


@contextmanager
def installed(site: Path):
    """Let this process know the distribution while the block runs."""
    forget, before = (registry._entries, registry._modules, registry._points), list(sys.path)
    sys.path.insert(0, str(site))
    for function in forget:
        function.cache_clear()
    try:
        yield
    finally:
        sys.path[:] = before
        for function in forget:
            function.cache_clear()


def write_labelled(folder: Path) -> None:
    """Draw faces of seven classes with two numbers each, of which some are not known; a third is the test split."""
    folder.mkdir()
    with (folder / "ratings.tsv").open("w", newline="") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerow(("file", "class", "valence", "arousal", "part"))
        for code in range(len(CLASSES)):
            for number in range(PER_CLASS):
                chance = np.random.default_rng([5, code, number])
                face = draw_face(sample_face(chance, EMOTIONS[code]))
                cv2.imwrite(str(folder / f"{code}_{number}.png"), face[..., ::-1])
                angle = 2 * math.pi * code / len(CLASSES)
                table.writerow((f"{code}_{number}.png", code, "-" if number == UNRATED else round(math.cos(angle), 3),
                                round(math.sin(angle), 3), "test" if number % 3 == 1 else "train"))


def write_source(folder: Path) -> None:
    """Draw faces without labels."""
    with output_lock(folder):
        writer = DatasetWriter(folder, [FaceEntry(f"{row:032x}", f"{row}.png") for row in range(SOURCE)])
        for row in range(SOURCE):
            writer.put(row, draw_face(sample_face(np.random.default_rng([6, row]), EMOTIONS[row % 8])))
        writer.finish("fetch", config={}, inputs={})
        writer.close()


def write_study(folder: Path) -> RunLayout:
    """Write the recipe, the data sets by their stages, and measurements of them."""
    layout, model = RunLayout(folder / "run"), folder / "stand_in.task"
    model.write_text("no model is asked")
    (folder / "recipe.yaml").write_text(RECIPE.replace("MODEL", str(model)).replace("LABELLED", str(folder / "set")))
    write_labelled(folder / "set")
    import_labelled.run(ImportSettings(folder / "set", "seven_classes", annotations=("valence", "arousal")),
                        layout.dataset("target"))
    write_source(layout.dataset("source"))
    extract_features(LandmarkSettings(layout.dataset("target"), model, threads=1),
                     layout.column("target", "landmark_features"), Brightness)
    return layout


def cell(folder: Path, row: str, run: Path | None = None) -> CellArguments:
    """Return which cell a stage is to work on."""
    return CellArguments(folder / "recipe.yaml", run or folder / "run", row, "gray")
