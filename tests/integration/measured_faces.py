"""Faces that are measured by a stand-in for the landmark model, and a recipe of all rows that look at measurements."""

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import output_lock
from fecemo.drawn.expression import EMOTIONS
from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.alignment import STANDARD_HEAD
from fecemo.imaging.landmarks.mesh import MIDDLE
from fecemo.stages.landmarks import LandmarkSettings, extract_features
from fecemo.study.layout import RunLayout

SOURCE, TARGET = 40, 16
UNSURE = 3
"""Every so many faces is black, and the stand-in is not sure of those."""
RECIPE = """
name: measured
title: Measured faces
seed: 3
face_side: 20
datasets:
  source: {fetch: {faces: nowhere.csv}}
  target: {import: {images: nowhere}}
  rated: {fetch: {faces: elsewhere.csv, format: fec}}
roles: {source: source, target: target, triplet_test: rated}
cluster_sweep: {n_clusters: [8]}
variants: [gray]
landmark_model: MODEL
approaches:
  landmark_features: {fit: {}}
  with_gradients: {approach: landmark_features, model: {gradients: 0.5}, fit: {}}
  landmark_encoder:
    model: {filters: [4]}
    fit: {measure: {loss: vector_error, optimizer: adam, learning_rate: 1.0e-2, epochs: 30, batch_size: 8}}
  triplet_pixels:
    model: {filters: [4], embedding: 3}
    fit:
      measure: {loss: vector_error, optimizer: adam, learning_rate: 1.0e-2, epochs: 5, batch_size: 8}
      rate: {loss: triplet, optimizer: adam, learning_rate: 1.0e-2, epochs: 15, faces: 100}
  triplet_landmarks:
    model: {dense: 16, embedding: 3}
    fit: {rate: {loss: triplet_softmax, optimizer: adam, learning_rate: 1.0e-2, epochs: 15, batch_size: 16}}
  triplet_embedding:
    embeddings_from: landmark_features
    model: {dense: 8, embedding: 3}
    fit: {rate: {loss: triplet, optimizer: adam, learning_rate: 1.0e-2, epochs: 1, validate_on: 0.6}}
  few_labels:
    approach: head
    embeddings_from: landmark_features
    model: {head: [16]}
    fit:
      classify: {loss: cross_entropy, optimizer: adam, learning_rate: 1.0e-2, epochs: 40, batch_size: 8}
"""


class Brightness:
    """Stands in for a landmark model: the mouth is open as far as the face is bright, and it is sure of bright ones."""

    def __init__(self):
        self.looks = 0

    def mesh(self, crop):
        self.looks += 1
        light = float(crop.mean()) / 255
        mesh = np.random.default_rng(0).uniform(-0.5, 0.5, (points.N_LANDMARKS, 3))
        mesh[list(STANDARD_HEAD)] = list(STANDARD_HEAD.values())
        mesh[points.CHIN], mesh[points.UPPER_LIP_INSIDE] = (0, 1.2, 0), (0, 0.6, 0)
        mesh[points.LOWER_LIP_INSIDE] = (0, 0.6 + light / 2, 0)
        return mesh * 100 + (MIDDLE, MIDDLE, 0), 0.1 if light < 0.05 else 0.9

    def blendshapes(self, landmarks):
        shapes = np.zeros(52, np.float32)
        shapes[25] = (landmarks[points.LOWER_LIP_INSIDE, 1] - landmarks[points.UPPER_LIP_INSIDE, 1]) / 100
        return shapes


def write_dataset(folder, count, labelled, lighter=0, first=0, label_of=lambda row: EMOTIONS[row % 8]):
    entries = [FaceEntry(id=f"{first + row:032x}", address=f"{row}.png",
                         annotations={"label": label_of(row) if labelled else "",
                                      "split": "train" if labelled else ""})
               for row in range(count)]
    with output_lock(folder):
        writer = DatasetWriter(folder, entries)
        for row in range(count):
            writer.put(row, np.full((200, 200, 3), lighter + (0 if row % UNSURE == 2 else 20 + 5 * row),
                                    np.uint8))
        writer.finish("import" if labelled else "fetch", config={}, inputs={})
        writer.close()


def measure_again(layout, name, model, landmarker=Brightness):
    settings = LandmarkSettings(layout.dataset(name), model, threads=2)
    return extract_features(settings, layout.column(name, "landmark_features"), landmarker)


def bright_rows(count):
    """Return the rows on which the stand-in is sure."""
    return [row for row in range(count) if row % UNSURE != 2]


def write_ratings(folder, count=150, rows=None):
    """Write triplets of bright faces, whose odd one is the farthest in brightness, as every rater sees."""
    rng, ids = np.random.default_rng(0), Dataset(folder).ids
    trios = [sorted(rng.choice(rows or bright_rows(SOURCE), 3, replace=False)) for _ in range(count)]
    with (folder / "triplets.csv").open("w") as triplets, (folder / "ratings.csv").open("w") as ratings:
        triplets.write("triplet,first,second,third,type\n")
        ratings.write("triplet,rater,answer\n")
        for number, (dark, middle, light) in enumerate(trios):
            triplets.write(f"{number},{ids[dark]},{ids[middle]},{ids[light]},THREE_CLASS_TRIPLET\n")
            ratings.write(f"{number},somebody,{3 if light - middle > middle - dark else 1}\n")


def write_study(folder):
    """Write the recipe, a stand-in model, data sets, ratings and measurements; return layout and model."""
    layout, model = RunLayout(folder / "run"), folder / "stand_in.task"
    model.write_text("no model is asked")
    (folder / "recipe.yaml").write_text(RECIPE.replace("MODEL", str(model)))
    for name, count in (("source", SOURCE), ("target", TARGET)):
        write_dataset(layout.dataset(name), count, name == "target")
        measure_again(layout, name, model)
    write_ratings(layout.dataset("source"))
    return layout, model
