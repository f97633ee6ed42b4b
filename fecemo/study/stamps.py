"""Stamps of artefacts that can no longer be used are taken away, so that a workflow engine makes these again.

A workflow engine watches digest files and remembers settings. It does not see that an output beside a digest was
damaged, nor, where it is called from another folder or machine, that a recipe has changed since. The graph does.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from fecemo.data.durable import explained, output_lock
from fecemo.data.receipts import DIGEST_NAME, read_receipt
from fecemo.errors import ResourceError, StoredStateError
from fecemo.study.artifact_configs import tables_config
from fecemo.study.artifact_kinds import CELL_KINDS, Artifact
from fecemo.study.artifacts import Artifacts, Status
from fecemo.study.faces.columns import STAGES
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe


def withdraw_stamps(runs: Sequence[tuple[RunLayout, Recipe]], dry_run: bool = False) -> dict[str, tuple[Path, ...]]:
    """Remove the digest file of every finished artefact of a run that is stale or damaged.

    Of every output the size is compared, and of small ones the digest; nothing large is read. What a stage is writing
    at this moment is left alone. The tables are made of everything, so that they go with anything: an engine makes
    nothing again that is missing in the middle while what is made from it is there.

    Parameters
    ----------
    runs : sequence of (RunLayout, Recipe)
        The run and its further seeds, each with the recipe as it is under that seed.
    dry_run : bool
        Whether to remove nothing, and only say what would be removed.

    Returns
    -------
    dict of str to tuple of Path
        Why stamps were removed, a line each, and which.
    """
    tables, lines = runs[0][0].tables / DIGEST_NAME, dict[str, tuple[Path, ...]]()
    if _for_other_settings(*runs[0]):
        lines["the tables were made for other settings: they " + ("would be" if dry_run else "are") + " made again"] = (
            tables,)
        _remove((tables,), dry_run)
    for layout, recipe in runs:
        artifacts, known = Artifacts(layout, recipe), dict[Artifact, Status]()
        for artifact in _stamped(layout, recipe):
            status = artifacts.status(artifact.kind, *artifact.key, known=known)
            if status.state == "current":
                continue
            stamps = (tables, artifacts.folder(artifact.kind, *artifact.key) / DIGEST_NAME)
            line = f"{status.why}: it would be made again" if dry_run else _withdraw(artifacts, artifact, stamps)
            if line:  # what is behind a stale artefact is stale for the same reason
                lines[line] = (*lines.get(line, ()), *stamps)
    return lines


def _for_other_settings(layout: RunLayout, recipe: Recipe) -> bool:
    """Tell whether another recipe asked for the tables, such as one with fewer rows."""
    stored = read_receipt(layout.tables)
    return (layout.tables / DIGEST_NAME).exists() and stored is not None and stored.config != tables_config(recipe)


def _remove(stamps: Sequence[Path], dry_run: bool = False) -> None:
    for stamp in () if dry_run else stamps:
        with explained(stamp.parent):
            stamp.unlink(missing_ok=True)


def _withdraw(artifacts: Artifacts, artifact: Artifact, stamps: Sequence[Path]) -> str:
    """Remove stamps under the lock of the artefact, where no stage has ended in between; return why, or ``""``."""
    try:
        with output_lock(artifacts.folder(artifact.kind, *artifact.key)):
            status = artifacts.status(artifact.kind, *artifact.key)
            if status.state == "current":
                return ""
            _remove(stamps)
            return f"{status.why}: it is made again"
    except StoredStateError:  # a stage is at work there
        return ""
    except ResourceError as error:
        return f"{artifacts.status(artifact.kind, *artifact.key).why}, but {error}"


def _stamped(layout: RunLayout, recipe: Recipe) -> Iterator[Artifact]:
    """Yield the artefacts of a run that have a digest file."""
    faces = () if layout.seed is not None else (
        Artifact("tables", ()),
        *(Artifact(kind, (name,)) for name in recipe.datasets
          for kind in ("drawn", "dataset", *STAGES)))
    cells = (Artifact(kind, cell) for cell in (*recipe.cells, *recipe.step_cells) for kind in CELL_KINDS)
    for artifact in (*faces, *cells):
        if (Artifacts(layout).folder(artifact.kind, *artifact.key) / DIGEST_NAME).exists():
            yield artifact
