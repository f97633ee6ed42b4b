"""A small finished run whose clusters are to be named: planted embeddings, plain faces, the rest as stages do."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from fecemo.data.cluster_names import read_hand_names
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import atomic_write
from fecemo.drawn.expression import EMOTIONS
from fecemo.evaluation.records.score import SCORE
from fecemo.labelling.session import LabellingSession
from fecemo.naming_board import label_and_score
from fecemo.stages import cluster, evaluate, label, map_faces
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.label_run import LabelRun
from fecemo.study.layout import RunLayout
from tests.artifact_receipts import leave_outputs, leave_receipt

N_SOURCE, N_TARGET = 96, 64
APPROACH, VARIANT = "dense_autoencoder", "rgb"
RECIPE = """
name: to_name
title: Planted clusters to name
seed: 5
datasets: {source: {fetch: {faces: faces.csv}}, target: {import: {images: target}}}
roles: {source: source, target: target}
variants: [rgb, gray]
approaches:
  dense_autoencoder:
    score_on: unused_labels
    fit: {reconstruct: {loss: binary_crossentropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 1}}
  supervised:
    score_on: test
    fit: {classify: {loss: cross_entropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 1}}
clustering: {n_clusters: N_CLUSTERS, n_init: 4}
map: {perplexity: 8, pca_components: 5, iterations: 60, target_faces: 40}
naming: {method: majority_vote, sample: 16}
evaluation: {bootstrap: 50}
"""


class RunToName:
    """A run of one clustered cell, the other still to be trained.

    Face i shows emotion i mod 8. With eight clusters each holds one emotion; with four, two emotions lie side by side.
    """

    def __init__(self, folder: Path) -> None:
        self.layout = RunLayout(folder / "run")
        self.recipe = folder / "recipe.yaml"

    @property
    def arguments(self) -> CellArguments:
        """The clustered cell, by the recipe as it is now."""
        return CellArguments(self.recipe, self.layout.run, APPROACH, VARIANT)

    def make(self, n_clusters: int = 8, with_map: bool = True) -> "RunToName":
        """Write everything that the stages before the naming leave."""
        rng = np.random.default_rng(0)
        self.recipe.write_text(RECIPE.replace("N_CLUSTERS", str(n_clusters)))
        _dataset(self.layout.dataset("source"), "fetch", [FaceEntry(id=f"source{row}", address=f"http://a.example/{row}.png")
                                            for row in range(N_SOURCE)])
        _dataset(self.layout.dataset("target"), "import", [
            FaceEntry(id=f"target{row}", address=f"{row}.png",
                      annotations={"label": EMOTIONS[row % 8],
                                   "split": "test" if row >= N_TARGET * 3 // 4 else "train"})
            for row in range(N_TARGET)])
        folder = self.layout.model(APPROACH, VARIANT)
        folder.mkdir(parents=True)
        np.save(folder / "labelled_rows.npy", np.zeros(0, np.int64))
        leave_receipt(self.arguments.study, self.layout, "model", APPROACH, VARIANT, ["labelled_rows.npy"])
        self.embed(rng)
        cluster.run(self.arguments)
        if with_map:
            map_faces.run(self.arguments)
        return self

    def copy_to(self, folder: Path) -> "RunToName":
        """Return the same run in another folder."""
        shutil.copytree(self.recipe.parent, folder, dirs_exist_ok=True)
        return RunToName(folder)

    def embed(self, rng: np.random.Generator) -> None:
        """Write embeddings, as another training would."""
        # Pairs of emotions far apart, the two of a pair near each other.
        centres = np.repeat(rng.normal(size=(4, 12)) * 30, 2, axis=0) + rng.normal(size=(8, 12)) * 2
        leave_outputs(self.arguments.study, self.layout, APPROACH, VARIANT, **{
            name: centres[np.arange(count) % 8] + rng.normal(size=(count, 12)) * 0.2
            for name, count in (("source", N_SOURCE), ("target", N_TARGET))})

    @property
    def names_path(self) -> Path:
        """The file of names that the pipeline uses."""
        return self.layout.hand_names(APPROACH, VARIANT)

    def write_names(self, **changed: object) -> None:
        """Write a complete file of names by a person called ann."""
        template = read_hand_names(self.layout.clusters(APPROACH, VARIANT) / "names.template.json")
        names = {str(number): EMOTIONS[number] for number in range(8)}
        atomic_write(self.names_path, replace(template, **{"names": names, "by": "ann", **changed}).as_json())


def emotion_of_group(groups, key: str) -> str:
    """Return the emotion that the faces of a group show."""
    (emotion,) = set((groups.members(key) % 8).tolist())
    return EMOTIONS[emotion]


def open_session(run, by="ann"):
    """Return what a person may see of the cell, and their session."""
    opened = LabelRun(run.layout.run, run.recipe, label_and_score).open(APPROACH, VARIANT, by)
    session = LabellingSession(opened.clustering, opened.path, by, opened.seed, divide=opened.divide)
    return opened, session


def name_all(session):
    """Give every group the emotion that its faces show."""
    for key in session.groups.keys:
        session.name(key, name=emotion_of_group(session.groups, key))


def score_of(run):
    """Label and evaluate with the names in use, and return the score."""
    label.run(run.arguments, method="hand")
    evaluate.run(run.arguments)
    return SCORE.read(run.layout.score(APPROACH, VARIANT))


def _dataset(folder: Path, stage: str, plan: list[FaceEntry]) -> None:
    writer = DatasetWriter(folder, plan)
    for slot in writer.missing():
        face = np.full((200, 200, 3), 40 + slot, np.uint8)
        face[80:120, 80:120] = np.array([30 * (slot % 8), 255 - 30 * (slot % 8), 128], np.uint8)
        writer.put(slot, face)
    writer.finish(stage, config={}, inputs={})
    writer.close()
