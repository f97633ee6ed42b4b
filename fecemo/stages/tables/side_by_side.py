"""Score records of several runs → one table, side by side."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fecemo.data.receipts import Receipt, read_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.artifacts import Artifacts
from fecemo.study.layout import RunLayout

if TYPE_CHECKING:
    from fecemo.evaluation.tables.side_by_side import RunScores

STAGE = "side_by_side"
NAMES = tuple(f"side_by_side.{suffix}" for suffix in ("csv", "json", "md", "tex", "html"))
TITLE = "Runs side by side"


def write_side_by_side(runs: Sequence[Path], out: Path) -> Receipt:
    """Write the score records of runs side by side, and print the accuracies.

    Parameters
    ----------
    runs : sequence of Path
        Folders of runs.
    out : Path
        Folder for the tables.

    Returns
    -------
    Receipt

    Raises
    ------
    InputError
        If a run has no score, or one is named twice.
    StoredStateError
        If a score is damaged.
    """
    from fecemo.evaluation.tables import block_export, side_by_side

    names = _distinct_names(runs)
    read = [_read_run(run, name) for run, name in zip(runs, names, strict=True)]
    it = side_by_side.stand_side_by_side([scores for scores, _ in read])
    blocks = side_by_side.side_by_side_blocks(it)

    def work(folder: Path) -> StageResult:
        from fecemo.data.durable import atomic_write

        exported = (side_by_side.side_by_side_csv(it), side_by_side.side_by_side_json(it),
                    block_export.to_markdown(TITLE, blocks), block_export.to_latex(TITLE, blocks),
                    block_export.to_html(TITLE, blocks))
        for name, text in zip(NAMES, exported, strict=True):
            atomic_write(folder / name, text)
        return StageResult(files=list(NAMES), message=f"{len(runs)} runs in {len(it.columns)} columns",
                           summary={"runs": len(runs), "columns": len(it.columns)})

    receipt = run_stage(STAGE, out, config={"runs": names},
                        inputs={name: digest for _, digests in read for name, digest in digests.items()}, seed=0,
                        work=work)
    print(block_export.to_text(TITLE, blocks[:1]))
    print("\n".join(str(out / name) for name in NAMES))
    return receipt


def _distinct_names(runs: Sequence[Path]) -> list[str]:
    """Return the last part of each run's path, or as many of its parts as no other run's path ends in."""
    paths = [run.resolve().parts for run in runs]
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise InputError(f"{runs[number]}: this run is named twice; name each once")

    def name(path: tuple[str, ...]) -> str:
        length = next((length for length in range(1, len(path))
                       if sum(other[-length:] == path[-length:] for other in paths) == 1), len(path))
        return "/".join(path[-length:])

    return [name(path) for path in paths]


def _read_run(run: Path, name: str) -> "tuple[RunScores, dict[str, str]]":
    """Return a run's scores, without those of what has since been made anew, and the digests of their receipts."""
    from fecemo.evaluation.records.predictions import read_predictions
    from fecemo.evaluation.records.score import SCORE_NAME, read_score
    from fecemo.evaluation.tables.side_by_side import RunScores

    scores, predictions, digests = {}, {}, {}
    for path in sorted((run / "scores").glob(f"*/*/{SCORE_NAME}")):
        receipt = read_receipt(path.parent)
        if receipt is None:
            continue
        score = read_score(path.parent)
        cell = (score.approach, score.variant)
        if (status := Artifacts(RunLayout(run)).status("score", *cell)).state == "stale":
            print(f"{STAGE}: {name} {' '.join(cell)} is shown as not run: {status}", file=sys.stderr)
            continue
        scores[cell], predictions[cell] = score, read_predictions(path.parent, score.emotions)
        digests[f"{name} {' '.join(cell)}"] = receipt.digest
    if not scores:
        raise InputError(f"{run}: no cell of this run has a score of what stands there now; run the evaluate stage "
                         "first")
    if len(found := {(score.recipe, score.seed) for score in scores.values()}) > 1:
        told = ", ".join(f"{recipe} with seed {seed}" for recipe, seed in sorted(found))
        raise StoredStateError(f"{run} holds scores of several recipes or seeds ({told}); give each its own run folder")
    return RunScores(name, scores, predictions), digests
