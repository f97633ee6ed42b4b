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


def withdraw_stamps(runs: Sequence[tuple[RunLayout, Recipe]]) -> list[str]:
    """Remove the digest file of every finished artefact of a run that is stale or damaged.

    Of every output the size is compared, and of small ones the digest; nothing large is read. What a stage is writing
    at this moment is left alone. The tables are made of everything, so that they go with anything: an engine makes
    nothing again that is missing in the middle while what is made from it is there.

    Parameters
    ----------
    runs : sequence of (RunLayout, Recipe)
        The run and its further seeds, each with the recipe as it is under that seed.

    Returns
    -------
    list of str
        Why each was removed, a line each.
    """
    lines: dict[str, None] = dict.fromkeys(_withdraw_other_tables(*runs[0]))
    for layout, recipe in runs:
        artifacts, known = Artifacts(layout, recipe), dict[Artifact, Status]()
        for artifact in _stamped(layout, recipe):
            if artifacts.status(artifact.kind, *artifact.key, known=known).state != "current":
                lines |= dict.fromkeys(_withdraw(artifacts, artifact, runs[0][0].tables))
    return list(lines)


def _withdraw_other_tables(layout: RunLayout, recipe: Recipe) -> Iterator[str]:
    """Remove the stamp of tables that another recipe asked for, such as one with fewer rows, and yield why."""
    stored, stamp = read_receipt(layout.tables), layout.tables / DIGEST_NAME
    if stamp.exists() and stored is not None and stored.config != tables_config(recipe):
        with explained(stamp):
            stamp.unlink(missing_ok=True)
        yield "the tables were made for other settings: they are made again"


def _withdraw(artifacts: Artifacts, artifact: Artifact, tables: Path) -> Iterator[str]:
    """Remove a stamp under the lock of its folder, where a stage has not ended in between, and yield why."""
    folder = artifacts.folder(artifact.kind, *artifact.key)
    try:
        with output_lock(folder):
            status = artifacts.status(artifact.kind, *artifact.key)
            if status.state != "current":
                for stamped in (tables, folder):
                    with explained(stamped):
                        (stamped / DIGEST_NAME).unlink(missing_ok=True)
                yield f"{status.why}: it is made again"
    except StoredStateError:  # a stage is at work there
        return
    except ResourceError as error:
        yield f"{artifacts.status(artifact.kind, *artifact.key).why}, but {error}"


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
