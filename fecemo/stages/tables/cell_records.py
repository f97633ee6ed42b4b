"""The records of a cell, read where they are current; what is stale is named on stderr, with what to do."""

import csv
import sys
from collections.abc import Iterable

from fecemo.data.cluster_names import read_hand_names
from fecemo.data.receipts import sound_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.cell_metric import read_records
from fecemo.evaluation.cells import CLASSIFIER, CellRecords, Heading, Triplets, Way, right_answers
from fecemo.evaluation.metrics.cluster_sweep import ClusterSweep, read_cluster_sweep
from fecemo.evaluation.metrics.cost_curve import COST_CURVE, ActSeconds, CostCurve
from fecemo.evaluation.metrics.intervals import wilson_interval
from fecemo.evaluation.metrics.over_seeds import RightAnswers
from fecemo.evaluation.metrics.triplets import TRIPLET_TEST_RECORD
from fecemo.evaluation.records.predictions import read_predictions
from fecemo.evaluation.records.score import SCORE, Score
from fecemo.study.artifacts import Artifacts
from fecemo.study.cell import Cell, resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe
from fecemo.study.supervision import supervision_of

FEWEST_TIMED = 5
"""Acts of one kind that a labelling session recorded, from which on their mean counts."""


def read_cell(cell: Cell, layout: RunLayout, score: Score | None, *, part: str = "",
              published: bool = False) -> CellRecords:
    """Return what is stored of one cell of a run, or of a step of a learning curve.

    Parameters
    ----------
    score : Score or None
        The cell's, where it has a current one.
    part : str
        The part of Table 1 to which its row belongs.
    published : bool
        Whether the recipe's published table has a figure of it.

    Raises
    ------
    StoredStateError
        If a record is damaged or of another recipe.
    """
    where, clustered = (cell.row, cell.variant.name), cell.approach.predicts_by == "clusters"
    supervision = supervision_of(cell)
    swept = cell.recipe.cluster_sweep is not None
    sweep, right = _read_cluster_sweep(cell, layout) if clustered and swept else (None, {})
    if not clustered and score is not None and swept:
        right = {CLASSIFIER: right_answers(read_predictions(layout.score(*where), score.emotions))}
    folders = {"evaluate": layout.score(*where), "cluster_sweep": layout.cluster_sweep(*where),
               "triplet_test": layout.triplet_test(*where), "cost_curve": layout.cost_curve(*where)}
    receipts = {stage: sound_receipt(folder) for stage, folder in folders.items()}
    return CellRecords(
        row=Heading(cell.row, cell.recipe.title_of(cell.row), part),
        column=Heading(cell.variant.name, cell.variant.title), supervision=supervision.words, level=supervision.level,
        clustered=clustered, published=published, waits=_waits(cell) or "", score=score,
        records={} if score is None else read_records(layout.score(*where)), sweep=sweep, right=right,
        named_by_hand=_read_hand_acts(layout, *where) if score is not None and score.method == "hand" else None,
        cost=_read_cost_curve(cell, layout) if clustered and cell.recipe.cost_curve is not None else None,
        triplets=(_read_triplet_test(cell, layout) or _read_held_out(cell, layout)) if swept else None,
        digests={stage: receipt.digest for stage, receipt in receipts.items() if receipt is not None})


def _waits(cell: Cell) -> str | None:
    """Return what a cell waits for, in words: first what the rows wait for of which its own is made."""
    variant = cell.variant.name
    behind = (_waits(resolve(cell.recipe, row, variant)) for row in cell.behind.values())
    return next(filter(None, behind), None) or cell.recipe.waits_for(cell.row, variant)


def _is_current(cell: Cell, layout: RunLayout, kind: str) -> bool:
    """Return whether an artefact of a cell is current; if it is stale, say on stderr why and what to do."""
    status = Artifacts(layout, cell.recipe).status(kind, cell.row, cell.variant.name)
    if status.state == "stale":
        print(f"table: {cell.title} is shown without its {kind.replace('_', ' ')}: {status}", file=sys.stderr)
    return status.state == "current"


def _read_cluster_sweep(cell: Cell, layout: RunLayout) -> tuple[ClusterSweep | None, dict[Way, RightAnswers]]:
    """Return a cell's record with its right answers, or nothing where it is not current."""
    folder = layout.cluster_sweep(cell.row, cell.variant.name)
    receipt = sound_receipt(folder)
    if receipt is not None and (recipe := receipt.config.get("recipe")) != cell.recipe.name:
        raise StoredStateError(f"{folder} holds a cluster sweep of the recipe {recipe!r}, expected "
                               f"{cell.recipe.name!r}; give each recipe its own run folder")
    if not _is_current(cell, layout, "cluster_sweep"):
        return None, {}
    return read_cluster_sweep(folder)


def _read_hand_acts(layout: RunLayout, row: str, variant: str) -> tuple[int, float] | None:
    """Return how many groups a person named, and the seconds that the labelling session recorded."""
    receipt = sound_receipt(layout.names(row, variant))
    return None if receipt is None else (len(receipt.summary["names"]), float(receipt.summary["seconds"]))


def _read_cost_curve(cell: Cell, layout: RunLayout) -> CostCurve | None:
    if cell.step is not None or not _is_current(cell, layout, "cost_curve"):
        return None
    return COST_CURVE.read(layout.cost_curve(cell.row, cell.variant.name)).timed(recorded_seconds(layout))


def recorded_seconds(layout: RunLayout) -> ActSeconds:
    """Return how long acts took the people who named clusters of a run: means over all of its files of names.

    Of fewer acts than `FEWEST_TIMED` of a kind no mean is taken. A file that cannot be read is named on stderr.
    """
    spent, acts = [0.0, 0.0], [0, 0]
    for path in sorted(layout.labels.glob("*/*.json")):
        try:
            names = read_hand_names(path)
        except InputError as error:
            print(f"table: its seconds are not counted: {error}", file=sys.stderr)
            continue
        timed = [key for key in names.names if names.seconds.get(key)]
        spent[0] += names.seconds_on_groups if timed else 0.0
        acts[0] += len(timed)
        spent[1] += names.seconds_on_faces
        acts[1] += len(names.faces)
    return ActSeconds(*(round(seconds / count, 1) if count >= FEWEST_TIMED and seconds else None
                        for seconds, count in zip(spent, acts, strict=True)))


def _read_triplet_test(cell: Cell, layout: RunLayout) -> Triplets | None:
    """Return how accurate a row is on triplets of faces from which nothing learns, where it was asked."""
    folder = layout.triplet_test(cell.row, cell.variant.name)
    if cell.recipe.roles.triplet_test is None or cell.approach.predicts_by != "clusters":
        return None
    if not _is_current(cell, layout, "triplet_test"):
        return None
    record = TRIPLET_TEST_RECORD.read(folder)
    return Triplets(record.accuracy, record.n_triplets, record.interval, tested=True, by_type=record.by_type)


def _read_held_out(cell: Cell, layout: RunLayout) -> Triplets | None:
    """Return how well held-out triplets were answered at the end of the last phase, if that learned from triplets.

    Of the weights that were kept: those of the last epoch, or of the one with the least loss on held-out triplets. A
    phase after it would have changed the network that was tested, and of a model that is stale nothing is reported.
    """
    if cell.step is not None:
        return None  # fewer triplets hold out others, from which the row itself may have learned
    where, phases = (cell.row, cell.variant.name), cell.approach.phases
    folder = layout.model(*where)
    receipt, path = sound_receipt(folder), folder / "history.csv"
    if not phases or "triplet" not in phases[-1].targets.values() or receipt is None or not path.is_file():
        return None
    if not _is_current(cell, layout, "model"):
        return None
    phase = phases[-1].name
    try:
        with path.open(encoding="utf-8", newline="") as file:
            epochs = [(float(line["valid_loss"]), float(line["valid_accuracy"])) for line in csv.DictReader(file)
                      if line["phase"] == phase and line["valid_accuracy"]]
    except (KeyError, ValueError) as error:
        raise StoredStateError(f"{path} is damaged ({error}); run the train stage again") from error
    if not epochs:
        return None
    chose = cell.fit[phase].keep == "best"
    _, accuracy = min(epochs, key=lambda epoch: epoch[0]) if chose else epochs[-1]
    n_held_out = receipt.summary.get("held_out", {}).get(phase)
    interval = None if n_held_out is None else wilson_interval(accuracy, n_held_out, cell.recipe.evaluation.confidence)
    return Triplets(accuracy, n_held_out, interval, chose)


def read_scores(study: Recipe, layout: RunLayout,
                cells: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Score]:
    """Return the current scores of one seed's run by cell; others are named on stderr, with what to do.

    Raises `StoredStateError` if a score is of another recipe.
    """
    scores, artifacts = {}, Artifacts(layout, study)
    for cell in cells:
        folder, status = layout.score(*cell), artifacts.status("score", *cell)
        receipt = sound_receipt(folder)
        recipe = study.name if receipt is None else receipt.config.get("recipe", [study.name])[0]
        if recipe != study.name:
            raise StoredStateError(f"{folder} holds a score of the recipe {recipe!r}, expected {study.name!r}; give "
                                   "each recipe its own run folder")
        words = str(status)
        try:
            if status.state == "current":
                scores[cell] = SCORE.read(folder)
                continue
        except StoredStateError as error:
            words = str(error)
        if status.state != "missing":
            print(f"table: {' '.join(cell)} is shown as not run: {words}", file=sys.stderr)
    return scores
