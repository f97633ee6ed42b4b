"""What stays when faces join: a run's model and its groups, so that the names that people gave stay valid.

With ``keep_groups`` in a recipe, faces that join are embedded by the model that is there, and assigned to the centres
that are there. How well they fit is stated; to group anew is a command, ``17_regroup.py``.

The groups' own files say of what they were made, and a kill while faces are assigned leaves them as they are: a receipt
goes before the work of a stage begins, and could not.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.cli import say_done
from fecemo.clustering.kmeans import assign
from fecemo.data.arrays import read_array, write_arrays
from fecemo.data.durable import atomic_write, output_lock
from fecemo.data.receipts import Receipt, digest_file, sound_receipt, write_receipt
from fecemo.study.artifact_kinds import GROUPED_NAME, KINDS, MACHINE, NAMED_FILES
from fecemo.study.artifacts import Artifacts
from fecemo.study.cell import Cell

GROUPED = ("grouped_ids", "grouped_values", GROUPED_NAME.removesuffix(".npy"))
"""Of the g faces of which groups were made: ids, of shape (g,), embeddings, of shape (g, d), groups, of shape (g,)."""
GROUPING_NAME = "grouping.json"
"""Beside them, what shaped the groups, their figures, and the digests of their files. Written last."""
GROUPED_FILES = (*(f"{name}.npy" for name in GROUPED), GROUPING_NAME)
FAR = 0.99
"""Share of the grouped faces that are nearer to their centre than the distance beyond which one that joined is far."""


def shaping(artifacts: Artifacts, cell: Cell) -> dict[str, Any]:
    """Return what groups are shaped by beside the faces, where the recipe keeps them; else nothing.

    Other settings, or another model, in whose space the centres would mean nothing, make groups anew.
    """
    if not cell.recipe.keep_groups:
        return {}
    model = artifacts.require("model", cell.row, cell.variant.name)
    return {"config": KINDS["clusters"].config_of(cell), "model": model.digest}


def write_grouping(folder: Path, made_of: dict[str, Any], figures: dict[str, Any], ids: np.ndarray,
                   values: np.ndarray) -> list[str]:
    """Write beside new groups of what faces they were made, and return the files."""
    (folder / GROUPING_NAME).unlink(missing_ok=True)
    clusters = np.load(folder / NAMED_FILES[1])
    files = write_arrays(folder, dict(zip(GROUPED, (ids, np.asarray(values), clusters), strict=True)))
    digests = {name: digest_file(folder / name) for name in (NAMED_FILES[0], *files)}
    atomic_write(folder / GROUPING_NAME, json.dumps({**made_of, "figures": figures, "files": digests}, indent=1) + "\n")
    return [*files, GROUPING_NAME]


def read_grouping(folder: Path, made_of: dict[str, Any]) -> dict[str, Any] | None:
    """Return what `write_grouping` wrote; None where there is none, it is damaged, or shaped by something else."""
    try:
        stored: dict[str, Any] = json.loads((folder / GROUPING_NAME).read_text(encoding="utf-8"))
        whole = all(digest_file(folder / name) == digest for name, digest in stored["files"].items())
        return stored if whole and {name: stored[name] for name in made_of} == made_of else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep_model(artifacts: Artifacts, cell: Cell, machine: dict[str, Any]) -> Receipt | None:
    """Let a trained model stay that only other source faces would change, and return its new receipt.

    None where the recipe does not ask for it, nothing was grouped yet, nothing changed, or settings did.
    """
    where = (cell.row, cell.variant.name)
    folder, kind = artifacts.folder("model", *where), KINDS["model"]
    if not cell.recipe.keep_groups or not (artifacts.folder("clusters", *where) / GROUPING_NAME).exists():
        return None
    config = {**kind.config_of(cell), **machine}
    inputs = artifacts.digests(kind.inputs(cell, artifacts.layout, config))
    with output_lock(folder):
        before = sound_receipt(folder)
        if before is None or before.inputs == inputs or before.config != config:
            return None
        kept = write_receipt(folder, before.stage, config=config, inputs=inputs, files=[], outputs=before.outputs,
                             seed=before.seed, seconds=before.seconds, summary=before.summary,
                             machine={key: value for key, value in before.machine.items() if key in MACHINE})
        say_done(before.stage, folder, f"{cell.title}: kept, so that its groups stay when faces join")
        return kept


def fit_of_joined(folder: Path, ids: np.ndarray, distances: np.ndarray, centres: np.ndarray,
                  title: str) -> dict[str, Any]:
    """Return how well faces that joined fit groups that stay.

    Parameters
    ----------
    folder : Path
        Of the groups.
    ids : ndarray of shape (n,), str
        Of all faces that there are now.
    distances : ndarray of shape (n, k), float32
        To the centres.
    centres : ndarray of shape (k, d), float32
    title : str
        For messages.

    Returns
    -------
    dict
        ``grouped``, ``joined`` and ``gone``, numbers of faces; ``far``, the share of those that joined farther from
        their centre than the 99th percentile of the grouped ones, or None where none joined.
    """
    known, values = (np.load(folder / f"{name}.npy") for name in GROUPED[:2])
    bound = float(np.quantile(assign(values, centres, title=title)[1].min(axis=1), FAR))
    joined = ~np.isin(ids, known)
    far = float((distances[joined].min(axis=1) > bound).mean()) if joined.any() else None
    return {"grouped": len(known), "joined": int(joined.sum()), "gone": int((~np.isin(known, ids)).sum()), "far": far}


def line_of_fit(fit: dict[str, Any]) -> str:
    """Return the fit of faces that joined, for people."""
    gone = f", {fit['gone']:,} went" if fit["gone"] else ""
    line = f"groups of {fit['grouped']:,} faces kept, with their names; {fit['joined']:,} faces joined{gone}"
    if fit["far"] is None:
        return line
    return (f"{line}; {fit['far']:.0%} of those that joined are farther from their centre than {FAR:.0%} of the "
            f"grouped ones ({1 - FAR:.0%} is usual, more where groups have few faces); to group anew: make archive "
            "REGROUP=1, or pipelines/17_regroup.py")


def grouped_faces(clusters: Path, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the faces by which groups are divided: those of which they were made.

    Parameters
    ----------
    clusters : Path
        Folder of the groups.
    source : ndarray of shape (n, d), float32
        Embeddings of all source faces.

    Returns
    -------
    values : ndarray of shape (g, d), float32
    groups : ndarray of shape (g,), int32
    """
    if (clusters / GROUPED_NAME).exists():
        _, values, groups = (np.asarray(read_array(clusters, name, "cluster")) for name in GROUPED)
        return values, groups
    return source, np.asarray(read_array(clusters, "source_clusters", "cluster", length=len(source)))
