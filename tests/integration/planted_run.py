"""A run as the stages before the cluster sweep would leave it, with embeddings of which is known what they tell."""

import numpy as np
import yaml

from fecemo.data.arrays import write_arrays
from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.drawn.expression import EMOTIONS
from fecemo.evaluation.metrics.cluster_sweep import read_cluster_sweep
from fecemo.stages import cluster_sweep
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from tests.artifact_receipts import leave_outputs, leave_receipt

N_SOURCE, N_TARGET = 320, 320
FIT = {"loss": "binary_crossentropy", "optimizer": "adam", "learning_rate": 1e-3, "epochs": 1}
CLASSIFY = {**FIT, "loss": "cross_entropy"}
TRIPLETS = {**FIT, "loss": "triplet", "validate_on": 0.5}
RECIPE = {
    "name": "planted", "title": "Planted embeddings", "seed": 5, "variants": ["gray"],
    "datasets": {"source": {"fetch": {"faces": "faces.csv"}}, "target": {"import": {"images": "target"}}},
    "roles": {"source": "source", "target": "target"},
    "approaches": {
        "dense_autoencoder": {"fit": {"reconstruct": FIT}},
        "contrastive": {"fit": {"contrast": {**FIT, "loss": "nt_xent", "augment": ["flip"]}}},
        "triplet_embedding": {"embeddings_from": "contrastive", "variants": ["gray"], "fit": {"rate": TRIPLETS}},
        "landmark_features": {"fit": {}},
        "semi_supervised": {"fit": {"reconstruct": FIT, "classify": {**CLASSIFY, "label_fraction": 0.2}}},
        "supervised": {"fit": {"classify": CLASSIFY}},
    },
    "naming": {"method": "majority_vote", "sample": 40}, "evaluation": {"bootstrap": 200},
    "published": "table1",
    "cluster_sweep": {"n_clusters": [8, 16], "per_cluster": 3, "seeds": 3},
}
OTHERS = 10
"""Of the supervised row's answers so many are wrong."""


class Planted:
    """A run as the stages before would leave it: vectors that know nothing of emotions, and some that know all."""

    def __init__(self, folder, **changes):
        self.layout = RunLayout(folder / "run")
        self.recipe = folder / "recipe.yaml"
        self.recipe.write_text(yaml.safe_dump({**RECIPE, **changes}, sort_keys=False))
        labels = np.array(EMOTIONS)[np.arange(N_TARGET) % 8]
        writer = DatasetWriter(self.layout.dataset("target"), [
            FaceEntry(id=f"face{row}", address=f"{row}.png",
                      annotations={"label": str(labels[row]),
                                   "split": "test" if row % 4 == row // 8 % 4 else "train"})
            for row in range(N_TARGET)])
        for slot in writer.missing():
            face = np.full((200, 200, 3), slot % 256, np.uint8)
            face[0, 0] = slot // 256  # none is a copy of another
            writer.put(slot, face)
        writer.finish("import", config={}, inputs={})
        writer.close()
        self.target = Dataset(self.layout.dataset("target"))
        rng = np.random.default_rng(0)
        centres = rng.normal(size=(8, 6)) * 5
        self.vectors = {"contrastive": [centres[np.arange(n) % 8] + rng.normal(size=(n, 6)) * 0.3
                                        for n in (N_SOURCE, N_TARGET)]}
        for row in ("dense_autoencoder", "triplet_embedding"):
            self.vectors[row] = [rng.normal(size=(n, 6)) for n in (N_SOURCE, N_TARGET)]
        self.vectors["triplet_embedding"] = self.vectors["contrastive"]
        for row, (source, target) in self.vectors.items():
            self.leave(row, source=source, target=target)
        train = self.target.rows_in("train")
        right = np.eye(8)[np.arange(N_TARGET) % 8]
        wrong = self.target.rows_in("test")[:OTHERS]
        right[wrong] = np.roll(right[wrong], 1, axis=1)
        self.answers = right * 0.5 + 0.0625
        self.leave("supervised", labelled=train, faces={"classify": len(train)}, target=self.answers)
        self.leave("semi_supervised", labelled=train[:64], target=np.roll(right, 1, axis=1) * 0.5 + 0.0625)

    def leave(self, row, labelled=(), faces=None, seconds=1.0, **embedded):
        model = self.layout.model(row, "gray")
        model.mkdir(parents=True, exist_ok=True)
        files = write_arrays(model, {"labelled_rows": np.array(labelled, np.int64)})
        if row == "triplet_embedding":
            (model / "history.csv").write_text(
                "phase,epoch,loss,accuracy,valid_loss,valid_accuracy\nrate,1,1,.5,.30,.7\nrate,2,1,.5,.25,.625\n")
            files.append("history.csv")
        study = read_recipe(self.recipe)
        if row not in study.approaches and row not in study.steps:
            return
        leave_receipt(study, self.layout, "model", row, "gray", files, seconds=seconds,
                      summary={"held_out": {"rate": 40}, "faces": faces or {}, "epochs": {}})
        leave_outputs(study, self.layout, row, "gray", **embedded)

    def cell(self, row):
        return CellArguments(self.recipe, self.layout.run, row, "gray")

    def group(self, row):
        cluster_sweep.run(self.cell(row))
        return read_cluster_sweep(self.layout.cluster_sweep(row, "gray"))
