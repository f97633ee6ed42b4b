"""Score records of several runs → one table, side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fecemo.errors import InputError, StoredStateError
from fecemo.packs.receipts import Receipt, read_receipt
from fecemo.stages.work import Work, run_stage

if TYPE_CHECKING:
    from fecemo.evaluation.side_by_side import RunScores

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
        If a run has no score.
    StoredStateError
        If a score is damaged.
    """
    from fecemo.evaluation import block_export, side_by_side

    read = [_read_run(run) for run in runs]
    it = side_by_side.stand_side_by_side([scores for scores, _ in read])
    blocks = side_by_side.side_by_side_blocks(it)

    def work(folder: Path) -> Work:
        from fecemo.packs.durable import atomic_write

        exported = (side_by_side.side_by_side_csv(it), side_by_side.side_by_side_json(it),
                    block_export.to_markdown(TITLE, blocks), block_export.to_latex(TITLE, blocks),
                    block_export.to_html(TITLE, blocks))
        for name, text in zip(NAMES, exported, strict=True):
            atomic_write(folder / name, text)
        return Work(files=list(NAMES), said=f"{len(runs)} runs in {len(it.columns)} columns",
                    summary={"runs": len(runs), "columns": len(it.columns)})

    receipt = run_stage(STAGE, out, config={"runs": [run.name for run in runs]},
                        inputs={name: digest for _, digests in read for name, digest in digests.items()}, seed=0,
                        work=work)
    print(block_export.to_text(TITLE, blocks[:1]))
    print("\n".join(str(out / name) for name in NAMES))
    return receipt


def _read_run(run: Path) -> "tuple[RunScores, dict[str, str]]":
    """Return a run's scores, and the digests of their receipts."""
    from fecemo.evaluation.predictions import read_predictions
    from fecemo.evaluation.score import SCORE_NAME, read_score
    from fecemo.evaluation.side_by_side import RunScores

    scores, predictions, digests = {}, {}, {}
    for path in sorted((run / "scores").glob(f"*/*/{SCORE_NAME}")):
        receipt = read_receipt(path.parent)
        if receipt is None:
            continue
        score = read_score(path.parent)
        cell = (score.approach, score.variant)
        scores[cell], predictions[cell] = score, read_predictions(path.parent, score.emotions)
        digests[f"{run.name} {' '.join(cell)}"] = receipt.digest
    if not scores:
        raise InputError(f"{run}: no cell of this run has a score; run the evaluate stage first")
    if len(found := {(score.recipe, score.seed) for score in scores.values()}) > 1:
        told = ", ".join(f"{recipe} with seed {seed}" for recipe, seed in sorted(found))
        raise StoredStateError(f"{run} holds scores of several recipes or seeds ({told}); give each its own run folder")
    return RunScores(run.name, scores, predictions), digests
