"""The published study for `gpu.py`: its recipe, faces that nobody drew, and the training of all its cells."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.documents import read_yaml
from fecemo.data.durable import output_lock
from fecemo.drawn.expression import EMOTIONS
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

RECIPE = Path(__file__).parents[1] / "pipelines" / "recipes" / "table1.yaml"
PRECISIONS = ("float32", "mixed_bfloat16")
SOURCE, LABELLED = 25_000, 15_000
"""Faces of the published study (sections 3 and 4.1)."""

SMALL_MODELS: dict[str, dict[str, Any]] = {
    "dense_autoencoder": {"widths": [50, 20], "embedding": 10},
    "conv_autoencoder": {"filters": [4, 8, 8], "pools": [2, 2, 3]},
    "semi_supervised": {"filters": [8, 8, 16], "pools": [2, 2, 3], "head": [16, 8]},
    "supervised": {"filters": 4, "dense": 16},
}


@dataclass(frozen=True)
class Sizes:
    """How much is done.

    Parameters
    ----------
    faces : int
        That a measurement goes through again and again.
    seconds : float
        Of one measurement, at the least.
    matrix : int
        Rows and columns of the matrices whose product shows what the chip can do.
    source, labelled : int
        Faces of the data sets that all cells are trained on.
    changes : dict
        What differs from the published recipe.
    models : dict of str to dict
        Sizes of networks that differ, by approach.
    epochs : int, optional
        Of every phase; None keeps the published ones.
    """

    faces: int = 1024
    seconds: float = 4.0
    matrix: int = 8192
    source: int = SOURCE
    labelled: int = LABELLED
    changes: dict[str, Any] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    epochs: int | None = None

    @classmethod
    def small(cls) -> "Sizes":
        """Return sizes that a CPU does in a minute."""
        return cls(faces=96, seconds=0.5, matrix=512, source=96, labelled=160, changes={"face_side": 48},
                   models=SMALL_MODELS, epochs=1)


def study_recipe(path: Path, sizes: Sizes, batch_size: int, precision: str) -> None:
    """Write the published rows of the recipe, with these sizes."""
    import yaml

    document = {**read_yaml(RECIPE), **sizes.changes}
    document["approaches"] = {name: document["approaches"][name] for name in SMALL_MODELS}
    for name, approach in document["approaches"].items():
        approach["model"].update(sizes.models.get(name, {}))
        if name in sizes.models:
            approach.pop("overrides", None)
        for fit in approach["fit"].values():
            fit.update({"batch_size": batch_size, "precision": precision})
            if sizes.epochs is not None:
                fit["epochs"] = sizes.epochs
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def faces_of(n: int, seed: int = 0) -> np.ndarray:
    """Return n random faces of shape (n, 200, 200, 3), uint8."""
    return np.random.default_rng(seed).integers(0, 256, (n, 200, 200, 3), dtype=np.uint8)


def store(folder: Path, n: int, labelled: bool) -> None:
    """Write a data set of n random faces; of labelled ones a fifth are the test split."""
    entries = [FaceEntry(id=f"{slot:032x}", address=f"{slot}.png",
                         annotations={"label": EMOTIONS[slot % len(EMOTIONS)] if labelled else "",
                                      "split": ("test" if slot % 5 == 0 else "train") if labelled else ""})
               for slot in range(n)]
    with output_lock(folder):
        writer = DatasetWriter(folder, entries)
        try:
            for start in range(0, n, 500):
                for slot, face in enumerate(faces_of(min(500, n - start), start), start):
                    writer.put(slot, face)
            writer.finish("import" if labelled else "fetch", config={}, inputs={})
        finally:
            writer.close()


def train_all_cells(recipe_path: Path, recipe: Recipe, run: Path, sizes: Sizes) -> dict[str, float]:
    """Train every cell by its stage, and return the seconds of each."""
    from fecemo.stages import train

    layout = RunLayout(run)
    store(layout.dataset(recipe.role("source")), sizes.source, labelled=False)
    store(layout.dataset(recipe.role("target")), sizes.labelled, labelled=True)
    seconds = {}
    for name in recipe.approaches:
        for variant in recipe.variants:
            started = time.perf_counter()
            train.run(CellArguments(recipe_path, run, name, variant))
            seconds[f"{name} {variant}"] = round(time.perf_counter() - started, 1)
            print(f"{name:18} {variant:6} {seconds[f'{name} {variant}']:>8} s", flush=True)
    return seconds
