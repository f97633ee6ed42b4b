"""Classifiers of pixels that learn people's faces with others added: what `synthesis.py` measures beside landmarks.

The network and its training are those of the row ``pixels_fifth`` in pipelines/recipes/synthesis.yaml. Its loss adjusts
logits by how common emotions are among what is learnt, so that it answers as if they were equally common.
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.receipts import digest_json, plain
from fecemo.study.cell import resolve
from fecemo.study.recipe_file import read_recipe
from fecemo.training.backend import import_keras
from fecemo.training.examples import Examples

RECIPE, ROW, VARIANT = Path(__file__).parents[1] / "pipelines/recipes/synthesis.yaml", "pixels_fifth", "gray"
BATCH_SIZE = 64


class PixelClassifier:
    """The row's network, trained on rows of data sets and asked about faces of people."""

    def __init__(self, people: Dataset, scored: np.ndarray, work: Path) -> None:
        self.people, self.scored, self.work = people, scored, work
        self.cell = resolve(read_recipe(RECIPE), ROW, VARIANT)
        self.fit = replace(self.cell.fit["classify"], label_fraction=None)

    @property
    def settings(self) -> dict[str, Any]:
        """Dict of str to object: All that shapes a training beside its faces."""
        return {"fit": plain(self.fit), "model": plain(self.cell.model), "side": self.cell.side}

    def logits(self, datasets: Sequence[Dataset], rows: Sequence[np.ndarray], seen: int,
               seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return logits of the scored, as if classes had been learnt equally often, and as they were: (n, c) each.

        Parameters
        ----------
        datasets, rows : sequence of Dataset, sequence of ndarray of int
            What is learnt of each; a row may be there more than once.
        seen : int
            Faces that are learnt in all epochs together, about.
        """
        classes = list(self.people.classes)
        codes = np.array([classes.index(name) for dataset, of in zip(datasets, rows, strict=True)
                          for name in dataset.labels[of].tolist()], np.int32)
        starts = np.cumsum([0, *map(len, datasets)])[:-1]
        examples = Examples(np.concatenate([of + start for of, start in zip(rows, starts, strict=True)]),
                            {"label": codes})
        logits = np.log(np.maximum(self._answers(datasets, examples, seen, seed), 1e-12))
        return logits, logits + np.log(np.maximum(np.bincount(codes, minlength=len(classes)) / len(codes), 1e-9))

    def _answers(self, datasets: Sequence[Dataset], examples: Examples, seen: int, seed: int) -> np.ndarray:
        """Return probabilities of the scored by a network that learnt the examples: (n, c), float64."""
        import_keras(self.cell.recipe.threads)
        from fecemo.training.device_view import DeviceView
        from fecemo.training.fit import train
        from fecemo.training.loader import Loader, concatenate
        from fecemo.training.outputs import outputs
        from fecemo.training.step import part_of
        from fecemo.training.training_job import TrainingJob, TrainingPhase

        n_classes, fit = len(self.people.classes), replace(self.fit, epochs=max(1, round(seen / len(examples))))
        digest = digest_json({**self.settings, "epochs": fit.epochs, "seed": seed, "rows": examples.rows.tolist(),
                              "data": [dataset.receipt.digest for dataset in datasets]})[:16]
        model = self.cell.approach.model(self.cell.model, {"image": self.cell.shape}, n_classes, seed)
        view, folder = DeviceView(self.cell.variant, self.cell.side), self.work / digest
        phase = TrainingPhase("classify", (), fit, {"image": concatenate([each.faces for each in datasets])}, examples)
        train(TrainingJob(digest, model, [phase], view, n_classes, seed, folder, digest))
        loader = Loader({"image": self.people.faces}, self.scored, view, resident_bytes=0)
        part = part_of(model, ("probabilities",))
        answers = np.concatenate([batch["probabilities"] for batch in outputs(part, loader, BATCH_SIZE)])
        shutil.rmtree(folder)
        return answers.astype(np.float64)
