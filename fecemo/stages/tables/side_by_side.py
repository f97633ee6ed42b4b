"""Several runs side by side, from their score records; what differs between their recipes; paired differences."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas

from fecemo.data.durable import atomic_write
from fecemo.data.receipts import Receipt, sound_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.cells import CellRecords, Heading, compare
from fecemo.evaluation.metrics.over_seeds import share_a_test
from fecemo.evaluation.records.predictions import Predictions, read_predictions
from fecemo.evaluation.records.score import SCORE, Score
from fecemo.evaluation.result_rows import cell_rows, difference_rows
from fecemo.evaluation.results import Results, results_of, write_results
from fecemo.evaluation.writers import grids_of, to_text, write_documents
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.artifacts import Artifacts
from fecemo.study.layout import RunLayout

STAGE = "side_by_side"
NAMES = tuple(f"side_by_side.{suffix}" for suffix in ("csv", "json", "md", "tex", "html"))
TITLE = "Runs side by side"
SETTINGS_NAME = "recipe_differences.csv"
Where = tuple[str, str]


@dataclass(frozen=True)
class RunScores:
    """The score records of one run."""

    name: str  #: Unlike that of any other run.
    #: By approach and variant; at least one, all of one recipe and seed.
    scores: dict[Where, Score]
    predictions: dict[Where, Predictions] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)  #: Of the receipts of the scores.
    #: What the receipts say of each cell's model and clusters, by their path: what may differ between runs.
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def recipe(self) -> str:
        """str: Name of the recipe."""
        return next(iter(self.scores.values())).recipe

    @property
    def seed(self) -> int:
        """int: Seed of the run."""
        return next(iter(self.scores.values())).seed


def write_side_by_side(runs: Sequence[Path], out: Path) -> Receipt:
    """Write the scores of runs side by side, with what differs between them, and print the accuracies.

    Parameters
    ----------
    runs : sequence of Path
        Folders of runs.
    out : Path
        Folder for the tables.

    Raises
    ------
    InputError
        If a run has no score, or one is named twice.
    StoredStateError
        If a score is damaged.
    """
    names = _distinct_names(runs)
    read = [_read_run(run, name) for run, name in zip(runs, names, strict=True)]
    results = join_runs(read)
    settings = differing_settings(read)

    def work(folder: Path) -> StageResult:
        write_results(folder, results)
        files = write_documents(results, {"side_by_side": TITLE}, label=folder.resolve().name)
        files[SETTINGS_NAME] = pandas.DataFrame(settings, columns=["cell", "setting", *names]).to_csv(index=False)
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            atomic_write(folder / name, text)
        return StageResult(files=["results.csv", "differences.csv", *files], message=f"{len(runs)} runs",
                           summary={"runs": len(runs)})

    receipt = run_stage(STAGE, out, config={"runs": names},
                        inputs={name: digest for run in read for name, digest in run.digests.items()}, seed=0,
                        work=work)
    print(to_text(TITLE, grids_of("side_by_side", results)[0]))
    for line in settings:
        print(f"{line['cell']}: {line['setting']}: {', '.join(f'{name} {line[name]}' for name in names)}")
    print("\n".join(str(out / name) for name in ("results.csv", "differences.csv", SETTINGS_NAME, *NAMES)))
    return receipt


def join_runs(runs: Sequence[RunScores]) -> Results:
    """Return the results of several runs in one frame.

    Each run keeps its own figures; runs of one recipe with different seeds, scored on the same test, are joined to
    means with their deviations as a run of their own, named ``"RECIPE (seeds 1, 2)"``. Every run is compared with
    the first, cell by cell, on the faces that both were scored on.
    """
    rows: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    met = list(dict.fromkeys(where for run in runs for where in run.scores))
    approaches = [approach for approach, _ in met]
    cells = sorted(met, key=lambda where: approaches.index(where[0]))

    def records(score: Score) -> CellRecords:
        return CellRecords(Heading(score.approach, score.approach_title), Heading(score.variant, score.variant_title),
                           score=score, clustered=score.clusters is not None)

    for where in cells:
        for run in runs:
            if where in run.scores:
                rows += cell_rows(records(run.scores[where]), seed=run.seed, run=run.name)
    by_recipe: dict[str, list[RunScores]] = {}
    for run in runs:
        by_recipe.setdefault(run.recipe, []).append(run)
    for recipe, seeded in by_recipe.items():
        seeded.sort(key=lambda run: run.seed)
        by_cell = {where: [run.scores[where] for run in seeded if where in run.scores] for where in cells}
        if len({run.seed for run in seeded}) < len(seeded) or not all(map(share_a_test, by_cell.values())):
            continue
        for scores in by_cell.values():
            if scores:
                name = f"{recipe} (seeds {', '.join(str(run.seed) for run in seeded)})"
                rows += [row for row in cell_rows(records(scores[0]), seed=seeded[0].seed, further=scores[1:], run=name)
                         if row.get("deviation") is not None]
    first = runs[0]
    for run in runs[1:]:
        for where in cells:
            if where not in run.predictions or where not in first.predictions:
                continue
            score = run.scores[where]
            comparison = compare(score, run.predictions[where], first.scores[where], first.predictions[where])
            if comparison is not None:
                differences += difference_rows(comparison, score, score, run=run.name, other_run=first.name,
                                               against="run")
    return results_of(rows, differences)


def differing_settings(runs: Sequence[RunScores]) -> list[dict[str, str]]:
    """Return every setting that is not the same in all runs: its cell, its path, and its value in each run."""
    cells = list(dict.fromkeys(cell for run in runs for cell in run.settings))
    rows = []
    for cell in cells:
        have = [run for run in runs if cell in run.settings]
        for path in dict.fromkeys(path for run in have for path in run.settings[cell]):
            values = {run.name: run.settings[cell].get(path) for run in have}
            if len({str(value) for value in values.values()}) > 1:
                rows.append({"cell": cell, "setting": path, **{
                    run.name: _words(values.get(run.name)) if run in have else "" for run in runs}})
    return rows


def flat_settings(settings: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return settings by their path, such as ``"fit.classify.epochs"``."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        path = f"{before}.{name}" if before else name
        flat |= flat_settings(value, path) if isinstance(value, dict) else {path: value}
    return flat


def _words(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    if isinstance(value, dict):
        return " ".join(map(_words, value.values()))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _distinct_names(runs: Sequence[Path]) -> list[str]:
    """Return the last part of each run's path, or as many of its parts as no other run's path ends in."""
    paths = [run.resolve().parts for run in runs]
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise InputError(f"{runs[number]}: this run is named twice; name each once")

    def name(path: tuple[str, ...]) -> str:
        length = next((length for length in range(1, len(path))
                       if sum(path_of_run[-length:] == path[-length:] for path_of_run in paths) == 1), len(path))
        return "/".join(path[-length:])

    return [name(path) for path in paths]


def _read_run(run: Path, name: str) -> RunScores:
    """Return a run's scores without stale ones, which are named on stderr."""
    layout, read = RunLayout(run), RunScores(name, {})
    for path in sorted((run / "scores").glob(f"*/*/{SCORE.name}")):
        cell = (path.parents[1].name, path.parent.name)
        status, receipt = Artifacts(layout).status("score", *cell), sound_receipt(path.parent)
        if status.state == "missing":
            continue
        if status.state == "stale" or receipt is None:
            print(f"{STAGE}: {name} {' '.join(cell)} is shown as not run: {status}", file=sys.stderr)
            continue
        score = SCORE.read(path.parent)
        read.scores[cell] = score
        read.predictions[cell] = read_predictions(path.parent, score.emotions)
        read.digests[f"{name} {' '.join(cell)}"] = receipt.digest
        made = {kind: sound_receipt(folder) for kind, folder in (
            ("", layout.model(*cell)), ("clusters", layout.clusters(*cell)), ("names", layout.names(*cell)))}
        read.settings[f"{score.approach_title}, {score.variant_title}"] = {
            path: value for kind, recipes in made.items() if recipes is not None
            for path, value in flat_settings(recipes.config, kind).items()}
    if not read.scores:
        raise InputError(f"{run}: no cell of this run has a current score; run the evaluate stage first")
    if len(recipes := {(score.recipe, score.seed) for score in read.scores.values()}) > 1:
        studies = ", ".join(f"{recipe} with seed {seed}" for recipe, seed in sorted(recipes))
        raise StoredStateError(f"{run} holds scores of several recipes or seeds ({studies}); give each its own "
                               "run folder")
    return read
