"""How every stage but the two that fill data sets does its work: locked, skipped when current, receipt last."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fecemo.cli import say_done
from fecemo.data.durable import atomic_write, explained, output_lock, require_writable
from fecemo.data.receipts import (
    RECEIPT_NAME,
    Receipt,
    current_receipt,
    plain,
    refuse_folder_of_others,
    sound_receipt,
    write_receipt,
)
from fecemo.study.artifact_kinds import KINDS
from fecemo.study.artifacts import Artifacts
from fecemo.study.cell import Cell


@dataclasses.dataclass(frozen=True)
class StageResult:
    """What a stage did."""

    files: list[str]  #: What it wrote, relative to its folder.
    message: str  #: Its closing line, without the folder.
    summary: dict[str, Any] = dataclasses.field(default_factory=dict)  #: Figures for the receipt.
    #: Backend and device, where they shaped the numbers.
    machine: dict[str, str] = dataclasses.field(default_factory=dict)
    #: Files, relative to its folder, from which an interrupted run resumes. They are deleted after the receipt is
    #: written: a kill in between must not cost the work.
    scratch: list[str] = dataclasses.field(default_factory=list)
    seconds_before: float = 0.0  #: Seconds of work that an earlier, interrupted run had done on what was used.
    #: Digests of further files, for those whose bytes also hold times: of what an equal run would write again.
    digests: dict[str, str] = dataclasses.field(default_factory=dict)


def run_stage(stage: str, folder: Path, *, config: dict[str, Any], inputs: dict[str, str], seed: int | None,
              work: Callable[[Path], StageResult]) -> Receipt:
    """Do a stage's work once.

    Parameters
    ----------
    stage : str
        Name for messages and the receipt.
    folder : Path
        Output folder. Its old receipt goes before the work begins, so that it never speaks for half-new files. Work
        that is refused before it has written anything leaves the earlier output, and its receipt, as they were.
    config : dict
        Everything that shapes the output, as JSON values (``plain(settings)``); paths do not belong here.
    inputs : dict of str to str
        Digests of what is read; see `Receipt.digest`.
    work : callable
        Writes into the folder and returns `StageResult`.

    Returns
    -------
    Receipt
        The one just written, or the one found where the same work was done before.
    """
    config = plain(config)
    refuse_folder_of_others(folder)
    with output_lock(folder):
        if (receipt := current_receipt(folder, config, inputs)) is not None:
            say_done(stage, folder, ": ".join(filter(None, ("already done, nothing to do", receipt.message))))
            return receipt
        require_writable(folder)
        started = time.monotonic()
        with _earlier_output_kept(folder):
            done = work(folder)
        receipt = write_receipt(
            folder, stage, config=config, inputs=inputs, files=done.files, seed=seed, message=done.message,
            summary=done.summary, machine=done.machine, outputs=done.digests,
            seconds=done.seconds_before + time.monotonic() - started,
        )
        for name in done.scratch:
            (folder / name).unlink(missing_ok=True)
        say_done(stage, folder, f"{done.message} in {receipt.seconds:.1f} s")
        return receipt


@contextlib.contextmanager
def _earlier_output_kept(folder: Path) -> Iterator[None]:
    """Take a folder's receipt away, and bring it back where the work fails before any output changed."""
    path = folder / RECEIPT_NAME
    earlier = sound_receipt(folder)
    text = path.read_bytes() if earlier is not None else b""
    states = None if earlier is None else _states(folder, earlier)
    with explained(path):
        path.unlink(missing_ok=True)
    try:
        yield
    except BaseException:
        if earlier is not None and _states(folder, earlier) == states:
            atomic_write(path, text)
        raise


def _states(folder: Path, receipt: Receipt) -> list[tuple[int, int, int]] | None:
    """Return size, time and inode of every output that a receipt names; None where one of them is missing."""
    try:
        states = [(folder / name).stat() for name in sorted(receipt.outputs)]
    except (FileNotFoundError, NotADirectoryError):
        return None
    return [(state.st_size, state.st_mtime_ns, state.st_ino) for state in states]


def run_artifact(artifacts: Artifacts, kind: str, cell: Cell, work: Callable[[Path], StageResult], *,
                 machine: dict[str, Any] | None = None, config: dict[str, Any] | None = None) -> Receipt:
    """Make one artefact of a cell once: its folder, settings and inputs are those of the graph.

    Parameters
    ----------
    kind : str
        A key of `fecemo.study.artifact_kinds.KINDS`.
    work : callable
        Writes into the folder and returns `StageResult`.
    machine : dict, optional
        On what it is made, where that shapes the numbers: of `fecemo.study.artifact_kinds.MACHINE`.
    config : dict, optional
        In the place of the recipe's.

    Raises
    ------
    StoredStateError
        If something that it is made from is missing or stale.
    """
    entry, key = KINDS[kind], (cell.row, cell.variant.name)
    config = entry.config_of(cell) if config is None else config
    inputs = artifacts.digests(entry.inputs(cell, artifacts.layout, config))
    return run_stage(entry.stage, artifacts.folder(kind, *key), config={**config, **(machine or {})},
                     inputs=inputs, seed=cell.recipe.seed, work=work)
