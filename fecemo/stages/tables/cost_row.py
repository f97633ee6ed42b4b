"""One row of Table 2, read from the records of its cell."""

import csv
import sys
from typing import TYPE_CHECKING

from fecemo.data.receipts import read_receipt, require_receipt
from fecemo.errors import StoredStateError
from fecemo.study.artifacts import KINDS, Artifacts
from fecemo.study.cell import Cell, resolve
from fecemo.study.faces.example_set import find_example_set
from fecemo.study.layout import RunLayout
from fecemo.study.supervision import supervision_of

if TYPE_CHECKING:
    from fecemo.evaluation.probing.probe import Probes
    from fecemo.evaluation.records.cluster_sweep import ClusterSweep, RightAnswers
    from fecemo.evaluation.records.score import Score
    from fecemo.evaluation.tables.cost_table import CostRow, Triplets, Way


def read_cost_row(cell: Cell, layout: RunLayout, score: "Score | None", *, published: bool = False,
                  probes: "Probes | None" = None) -> "CostRow":
    """Return one cell of a run, or a step of a learning curve, as a row; what has not run is left empty.

    Parameters
    ----------
    cell : Cell
    layout : RunLayout
    score : Score or None
        The cell's, where it has one.
    published : bool
        Whether it is one of the study's own cells.
    probes : Probes or None

    Raises
    ------
    StoredStateError
        If a record is damaged or of another recipe.
    """
    from fecemo.evaluation.records.predictions import read_predictions
    from fecemo.evaluation.tables.cost_table import OWN, CostRow, right_answers
    from fecemo.evaluation.tables.table import Heading

    given, clustered = supervision_of(cell), cell.approach.predicts_by == "clusters"
    cluster_sweep, right = _read_cluster_sweep(cell, layout) if clustered else (None, {})
    if not clustered and score is not None:
        right = {OWN: right_answers(read_predictions(layout.score(cell.row, cell.variant.name), score.emotions))}
    return CostRow(
        row=Heading(cell.row, cell.recipe.title_of(cell.row)), column=Heading(cell.variant.name, cell.variant.title),
        given=given.words, track=given.level, clustered=clustered, published=published,
        waits=_waits(cell) or "", score=score, cluster_sweep=cluster_sweep, right=right,
        probes=probes, triplets=_read_triplet_test(cell, layout) or _read_held_out(cell, layout))


def _waits(cell: Cell) -> str | None:
    """Return what a cell waits for, in words: first what the row waits for whose embeddings it takes."""
    row, variant = cell.embeddings_from, cell.variant.name
    behind = None if row is None else _waits(resolve(cell.recipe, row, variant))
    return behind or cell.recipe.waits_for(cell.row, variant)


def _is_current(cell: Cell, layout: RunLayout, kind: str) -> bool:
    """Return whether an artefact of a cell is current; if it is stale, say on stderr why and what to do."""
    status = Artifacts(layout, cell.recipe).status(kind, cell.row, cell.variant.name)
    if status.state == "stale":
        print(f"table: {cell.title} is shown without its {kind.replace('_', ' ')}: {status}", file=sys.stderr)
    return status.state == "current"


def _read_cluster_sweep(cell: Cell, layout: RunLayout) -> "tuple[ClusterSweep | None, dict[Way, RightAnswers]]":
    """Return a cell's record with its right answers, or nothing where it has not run on what stands now and so."""
    from fecemo.evaluation.records.cluster_sweep import read_cluster_sweep

    folder = layout.cluster_sweep(cell.row, cell.variant.name)
    if read_receipt(folder) is None:
        return None, {}
    receipt = require_receipt(folder, KINDS["cluster_sweep"].stage)
    if (recipe := receipt.config.get("recipe")) != cell.recipe.name:
        raise StoredStateError(f"{folder} holds a cluster sweep of the recipe {recipe!r}, expected "
                               f"{cell.recipe.name!r}; give each recipe its own run folder")
    if not _is_current(cell, layout, "cluster_sweep"):
        return None, {}
    return read_cluster_sweep(folder)


def _read_triplet_test(cell: Cell, layout: RunLayout) -> "Triplets | None":
    """Return how well a row tells triplets of faces from which nothing learns, where it was asked."""
    from fecemo.evaluation.records.triplet_test import read_triplet_test
    from fecemo.evaluation.tables.cost_table import Triplets

    folder = layout.triplet_test(cell.row, cell.variant.name)
    receipt = read_receipt(folder)
    if receipt is None or cell.recipe.triplet_test is None or cell.approach.predicts_by != "clusters":
        return None
    if not _is_current(cell, layout, "triplet_test"):
        return None
    its = read_triplet_test(folder)
    return Triplets(its.accuracy, its.n_triplets, its.interval, tested=True, by_type=its.by_type)


def _read_held_out(cell: Cell, layout: RunLayout) -> "Triplets | None":
    """Return how well held-out triplets were answered at the end of the last phase, if that learned from triplets.

    Of the weights that were kept: those of the last epoch, or of the one with the least loss on held-out triplets. A
    phase after it would have changed the network that was tested, and of a model that is outdated nothing is told.
    """
    from fecemo.evaluation.metrics.intervals import wilson_interval
    from fecemo.evaluation.tables.cost_table import Triplets

    if cell.step is not None:
        return None  # fewer triplets hold out others, from which the row itself may have learned
    where, phases = (cell.row, cell.variant.name), cell.approach.phases
    folder = layout.model(*where)
    receipt, path = read_receipt(folder), folder / "history.csv"
    if not phases or "triplet" not in find_example_set(phases[-1].faces).gives or receipt is None or not path.is_file():
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
