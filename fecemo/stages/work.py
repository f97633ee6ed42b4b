"""How every stage but the two that fill face packs does its work: locked, skipped when current, receipt last."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fecemo.cli import say_done
from fecemo.data.durable import output_lock
from fecemo.data.receipts import RECEIPT_NAME, Receipt, current_receipt, write_receipt


@dataclasses.dataclass(frozen=True)
class Work:
    """What a stage did.

    Parameters
    ----------
    files : list of str
        What it wrote, relative to its folder.
    said : str
        Its closing line, without the folder.
    summary : dict
        Figures for the receipt.
    machine : dict of str to str
        Backend and device, where they shaped the numbers.
    scratch : list of str
        Files, relative to its folder, that an interrupted run goes on from. They go when the receipt stands, and not
        before: a kill in between must not cost the work.
    seconds_before : float
        Seconds of work that an earlier, interrupted run had done on what was used.
    outputs : dict of str to str
        Digests of further files, for those whose bytes also hold times: of what an equal run would write again.
    """

    files: list[str]
    said: str
    summary: dict[str, Any] = dataclasses.field(default_factory=dict)
    machine: dict[str, str] = dataclasses.field(default_factory=dict)
    scratch: list[str] = dataclasses.field(default_factory=list)
    seconds_before: float = 0.0
    outputs: dict[str, str] = dataclasses.field(default_factory=dict)


def run_stage(stage: str, folder: Path, *, config: dict[str, Any], inputs: dict[str, str], seed: int | None,
              work: Callable[[Path], Work]) -> Receipt:
    """Do a stage's work once.

    Parameters
    ----------
    stage : str
        Name for messages and the receipt.
    folder : Path
        Output folder. Its old receipt goes before the work begins, so that it never speaks for half-new files.
    config : dict
        Everything that shapes the output, as JSON values (``plain(settings)``); paths do not belong here.
    inputs : dict of str to str
        Digests of what is read; see `Receipt.digest`.
    seed : int or None
    work : callable
        Writes into the folder and returns `Work`.

    Returns
    -------
    Receipt
        The one just written, or the one found where the same work was done before.
    """
    config = plain(config)
    with output_lock(folder):
        if (receipt := current_receipt(folder, config, inputs)) is not None:
            say_done(stage, folder, "already done, nothing to do")
            return receipt
        (folder / RECEIPT_NAME).unlink(missing_ok=True)
        started = time.monotonic()
        done = work(folder)
        receipt = write_receipt(
            folder, stage, config=config, inputs=inputs, files=done.files, seed=seed, summary=done.summary,
            machine=done.machine, outputs=done.outputs, seconds=done.seconds_before + time.monotonic() - started,
        )
        for name in done.scratch:
            (folder / name).unlink(missing_ok=True)
        say_done(stage, folder, f"{done.said} in {receipt.seconds:.1f} s")
        return receipt


def plain(settings: Any) -> Any:
    """Return settings as JSON values: dataclasses as dicts, tuples as lists, paths as strings."""
    if dataclasses.is_dataclass(settings) and not isinstance(settings, type):
        return {field.name: plain(getattr(settings, field.name)) for field in dataclasses.fields(settings)}
    if isinstance(settings, dict):
        return {str(key): plain(value) for key, value in settings.items()}
    if isinstance(settings, tuple | list):
        return [plain(value) for value in settings]
    return str(settings) if isinstance(settings, Path) else settings
