"""Regroup: a run whose groups stay → a run that groups all of its faces anew, the next time that its workflow runs."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from fecemo.data.cluster_names import NOT_FACES_NAME, read_hand_names, read_not_faces
from fecemo.data.dataset import Dataset
from fecemo.data.durable import csv_file, output_lock
from fecemo.data.receipts import read_receipt
from fecemo.errors import FecemoError
from fecemo.run import Run
from fecemo.stages.run_readout import RunReadout
from fecemo.study.artifact_kinds import clustering_digest
from fecemo.study.artifacts import Artifacts
from fecemo.study.cell import resolve
from fecemo.study.faces.data_names import SOURCE
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

EARLIER = "earlier"
"""Beside files of names, the folder of those that named earlier groups."""


@dataclass(frozen=True)
class RegroupSettings:
    """What to group anew."""

    run: Path  #: The run's folder, such as ``runs/archive``.
    recipe: Path  #: Its recipe, such as ``pipelines/recipes/archive.yaml``.


def run(settings: RegroupSettings) -> None:
    """Let go of a run's models and groups, so that the same workflow makes them anew of all faces.

    What people said is kept: their files of names, which name the earlier groups, go into the folder ``earlier``
    beside; the faces that they called none are added to ``labels/not_faces.csv``, and are in no later group.

    Raises
    ------
    InputError
        If the recipe or a file of names is not sound.
    StoredStateError
        If a stage is at work in the run.
    """
    recipe, layout = read_recipe(settings.recipe), RunLayout(settings.run)
    artifacts, not_faces, regrouped = Artifacts(layout, recipe), read_not_faces(layout.labels), 0
    n_before = len(not_faces)
    for row, variant in recipe.cells:
        grouped = read_receipt(layout.clusters(row, variant))
        if resolve(recipe, row, variant).approach.predicts_by != "clusters" or grouped is None:
            continue
        not_faces |= _not_faces(layout, row, variant, recipe.role(SOURCE))
        _write_list(layout.labels / NOT_FACES_NAME, not_faces)  # before the names that say so are moved
        for path in sorted(layout.labels.glob(f"{row}/{variant}*.json")):
            names = read_hand_names(path)
            if names.clustering == clustering_digest(grouped.outputs):
                aside = path.parent / EARLIER / f"{path.stem}.{names.clustering[:12]}{path.suffix}"
                aside.parent.mkdir(exist_ok=True)
                path.rename(aside)
                print(f"regroup: {path} names the earlier groups, and is now {aside}", file=sys.stderr)
        for kind in ("clusters", "model"):
            with output_lock(folder := artifacts.folder(kind, row, variant)):
                shutil.rmtree(folder)
        regrouped += 1
    print(f"regroup: {regrouped} clusterings of {settings.run} will be made anew by its workflow; "
          f"{len(not_faces) - n_before} faces more are listed as none, {len(not_faces)} in all", file=sys.stderr)


def _not_faces(layout: RunLayout, row: str, variant: str, source: str) -> dict[str, str]:
    """Return the source faces that a person called none, address by id; none where nobody has named."""
    try:
        readout, stored = RunReadout(Run(layout.run), row, variant), Run(layout.run).outputs(row, variant, source)
        dataset = Dataset(layout.dataset(source))
        ids = dataset.ids[stored.rows]
        aside = readout.answers(stored.values, ids).aside
    except FecemoError as error:
        print(f"regroup: {row} {variant}: no faces are set aside: {error}", file=sys.stderr)
        return {}
    return dict(zip(ids[aside].tolist(), dataset.addresses[stored.rows][aside].tolist(), strict=True))


def _write_list(path: Path, not_faces: dict[str, str]) -> None:
    if not_faces:
        path.parent.mkdir(parents=True, exist_ok=True)
        with csv_file(path, ("id", "address")) as table:
            table.writerows(sorted(not_faces.items()))
