"""Receipts as the stages would write them, for runs that tests make up."""

from pathlib import Path

import numpy as np

from fecemo.data.arrays import store_outputs
from fecemo.data.receipts import Receipt, read_receipt, write_receipt
from fecemo.study.artifact_kinds import KINDS, Artifact
from fecemo.study.artifacts import Artifacts
from fecemo.study.cell import resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe


def leave_receipt(study: Recipe, layout: RunLayout, kind: str, row: str, variant: str, files: list[str],
                  **changes) -> Receipt:
    """Write the receipt of an artefact that is current; an input that is not there has the digest ``""``."""
    artifacts, entry, cell = Artifacts(layout, study), KINDS[kind], resolve(study, row, variant)
    config = entry.config_of(cell)
    inputs = {}
    for name, source in entry.inputs(cell, layout, config).items():
        missing = isinstance(source, Artifact) and read_receipt(artifacts.folder(source.kind, *source.key)) is None
        inputs |= {name: ""} if missing else artifacts.digests({name: source})
    return write_receipt(artifacts.folder(kind, row, variant), entry.stage, files=files,
                         **{"config": config, "inputs": inputs, "seconds": 1.0, "seed": study.seed, **changes})


def leave_outputs(study: Recipe, layout: RunLayout, row: str, variant: str, seconds: float = 1.0,
                  **vectors: np.ndarray) -> Receipt:
    """Write the outputs that the embed stage stores of a cell, by data set and for its first rows, with the receipt."""
    folder, output = layout.outputs(row, variant), study.approach_of(row).output
    files = [file for dataset, values in vectors.items() for file in store_outputs(
        folder, dataset, {output: np.asarray(values, np.float32)}, np.arange(len(values)))]
    return leave_receipt(study, layout, "outputs", row, variant, files, seconds=seconds)


def renew_receipt(folder: Path) -> Receipt:
    """Write a folder's receipt again for its files as they are now, as if its stage had written them so."""
    held = read_receipt(folder)
    assert held is not None
    return write_receipt(folder, held.stage, config=held.config, inputs=held.inputs, files=list(held.outputs),
                         seconds=held.seconds, seed=held.seed, summary=held.summary, machine=held.machine)
