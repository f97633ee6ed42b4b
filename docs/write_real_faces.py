"""Write ``real_faces.md``: what each step of help buys on real faces, from a finished run that is scored on FER+.

    python docs/write_real_faces.py runs/real_faces --recipe my_recipe.yaml

The recipe is one with ``cluster_sweep``, such as ``table2.yaml`` with other sizes; the page tells what it changes. The
run's figures are kept as ``real_faces.json`` beside the page, so that a test can hold the page to it; the figure is
written too. Rows that have not run, or that were made with other settings than the recipe's, are left out and named on
stderr.
The sentences stand in ``real_faces.md.jinja``, and no number of a run in them; words such as "ahead of" are chosen by
the record.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from followed import followed, read_source_measurements
from learning_found import curve_found, curve_lines, learning_drawn
from page_parts import as_record, filled_in, rounded, row_found, steps_figure
from recipe_differences import recipe_differences

from fecemo.data.dataset import Dataset
from fecemo.data.receipts import require_receipt
from fecemo.drawn.emotions import EMOTIONS
from fecemo.errors import FecemoError, StoredStateError
from fecemo.evaluation.records.cited import DASH, share
from fecemo.evaluation.tables.cost_table import OWN, CostRow, compare_rows, pair_key, reference_of, way_key
from fecemo.stages.tables.comparison_table import read_table
from fecemo.stages.tables.cost_table import read_cost_table
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe
from fecemo.study.recipe_file import read_recipe

DOCS = Path(__file__).parent
SHIPPED = DOCS.parent / "pipelines" / "recipes" / "table2.yaml"
PAGE, TEMPLATE, RECORD = (DOCS / f"real_faces.{suffix}" for suffix in ("md", "md.jinja", "json"))
STEPS, LEARNING = (DOCS / f"real_faces_{figure}.svg" for figure in ("steps", "learning"))
AHEAD, BEHIND, LEVEL = "ahead of", "behind", "on a level with"


def gather(run: Path, recipe: Path) -> dict[str, Any]:
    """Return what the page says of a run."""
    study, layout = read_recipe(recipe), RunLayout(run)
    table = read_table(study, layout)
    costs = read_cost_table(study, layout, table)
    if costs is None:
        raise StoredStateError(f"{recipe} asks for no Table 2, expected the key cluster_sweep")
    ran = [row for row in costs.rows if _stands(study, row)]
    differences = compare_rows(ran, costs.n_clusters, resamples=study.evaluation.bootstrap,
                               confidence=study.evaluation.confidence, seed=study.seed)
    first = next((row.score for row in ran if row.score is not None), None)
    if first is None:
        raise StoredStateError(f"{run}: no row of {recipe} has run as the recipe says")
    ways = (*((k, "labels_per_cluster") for k in costs.n_clusters), OWN)
    kept, rows, on_source = [way_key(way) for way in ways], {}, read_source_measurements(layout)
    for row in ran:
        of = {way_key(way): own.key for way in ways if not row.published and row.figures(way) is not None
              and (own := reference_of(row, ran, way)) is not None
              and way_key(way) in differences.get(pair_key(row, own), {})}
        rows[row.key] = {
            **row_found(row, costs.n_clusters), "track": row.track, "reference": of, **_by_emotion(row),
            "followed": followed(layout, row.row.name, row.column.name, on_source) if row.clustered else {}}
    measured = [require_receipt(layout.measurements(name), "measure").summary for name in ("source", "target")]
    trained = [require_receipt(layout.model(row.row.name, row.column.name), "train") for row in ran]
    return {
        "faces": _faces(layout), "side": study.face_side, "emotions": list(EMOTIONS),
        "devices": sorted({receipt.machine["device"] for receipt in trained if "device" in receipt.machine}),
        "confidence": first.confidence, "chance": first.chance.uniform, "majority": first.chance.majority,
        "n_clusters": list(costs.n_clusters), "per_cluster": costs.per_cluster, "sample": costs.sample,
        "class_balanced": costs.class_balanced,
        "seeds": 0 if study.cluster_sweep is None else study.cluster_sweep.seeds,
        "measured": sum(its["faces"] for its in measured), "unsure": sum(its["unsure"] for its in measured),
        "layout": study.target.layout, "main_clusters": study.clustering.n_clusters, "rows": rows,
        "differences": {pair: its for pair, by_way in differences.items() if (
                        its := {way: asdict(one) for way, one in by_way.items() if way in kept})},
        "learning": [found for curve in costs.curves if (found := curve_found(
            curve, costs.n_clusters, lambda row: _stands(study, row))) is not None],
        "published_triplets": [asdict(one) for one in (costs.references.figures if costs.references else ())
                               if one.measure == "triplet accuracy"],
        "recipe": recipe_differences(study, read_recipe(SHIPPED), {row.row.name for row in ran}),
    }


def _stands(study: Recipe, row: CostRow) -> bool:
    """Tell whether a row has run, and with the settings of the recipe; say on stderr where not."""
    step = row.row.name in study.steps  # of which clusters alone are scored
    ran = (step or row.score is not None) and row.cluster_sweep is not None if row.clustered else row.score is not None
    if not ran:
        print(f"{row.key} has not run as the recipe says; it is left out", file=sys.stderr)
    return ran


def _by_emotion(row: CostRow) -> dict[str, Any]:
    """Return what share of each emotion a classifier finds, or how many clusters a vote called by each."""
    if row.score is None:
        return {}
    clusters, classes = row.score.clusters, row.score.classes
    return {"recall": {} if row.clustered else {name: its.recall for name, its in classes.items()},
            "names": {} if clusters is None or row.score.method != "majority_vote" else dict(Counter(
                name for name in clusters.names.values() if name))}


def _faces(layout: RunLayout) -> dict[str, Any]:
    """Return what the packs hold: how many faces of each emotion, and which of them are the unlabelled ones."""
    source, target = Dataset(layout.source), Dataset(layout.target)
    splits = dict(zip(target.sha256.tolist(), target.splits.tolist(), strict=True))
    same = Counter(splits.get(digest, "none") for digest in source.sha256.tolist())
    if set(same) != {"train"}:
        raise StoredStateError(f"{layout.source}: {same} of the unlabelled faces by split of {layout.target}, expected "
                               "that all are among the labelled ones that may be learned from")
    by_split = {split: Counter(target.labels[target.rows_in(split)].tolist()) for split in ("train", "test")}
    said = source.receipt.summary
    return {"train": {emotion: by_split["train"][emotion] for emotion in EMOTIONS},
            "scored": {emotion: by_split["test"][emotion] for emotion in EMOTIONS},
            "source": len(source), "triplets": said["triplets"], "answers": said["ratings"]}


def compared(found: dict[str, Any], a: str, b: str, way_a: str, way_b: str) -> str:
    """Return how one row's answers stand to another's, in words: by the paired difference, or by their intervals."""
    for x, y, words in ((a, b, (AHEAD, BEHIND)), (b, a, (BEHIND, AHEAD))):
        one = found["differences"].get(f"{x} - {y}", {}).get(way_a) if way_a == way_b else None
        if one is not None:
            return words[0] if one["low"] > 0 else words[1] if one["high"] < 0 else LEVEL
    of_a, of_b = found["rows"][a]["answers"][way_a], found["rows"][b]["answers"][way_b]
    return AHEAD if of_a["low"] > of_b["high"] else BEHIND if of_a["high"] < of_b["low"] else LEVEL


def beside_chance(found: dict[str, Any], its: dict[str, float]) -> str:
    """Return how an answer stands to guessing, in words."""
    side = "above" if its["low"] > found["chance"] else "below" if its["high"] < found["chance"] else ""
    return f"{side} chance by {share(abs(its['mean'] - found['chance']))}" if side else "not to be told from chance"


def spread(its: dict[str, float] | None) -> str:
    """Return a figure with its interval, or a dash."""
    return DASH if its is None else f"{share(its['mean'])} [{share(its['low'])}, {share(its['high'])}]"


def gained(value: float) -> str:
    """Return a difference with its sign."""
    return f"{'+' if value >= 0 else ''}{share(value)}"


def signed(its: dict[str, float]) -> str:
    """Return a difference with its interval."""
    return f"{gained(its['value'])} [{share(its['low'])}, {share(its['high'])}]"


def steps_of(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of each step that has run, the best first, each with the figure that stands for it."""
    few = f"{found['n_clusters'][-1]} labels_per_cluster"
    best: dict[str, Any] | None = None
    for track in sorted({row["track"] for row in found["rows"].values()}):
        rows = [{"key": key, "title": row["title"], "way": way, **row["answers"][way], "row": row}
                for key, row in found["rows"].items() if row["track"] == track
                for way in ("own" if "own" in row["answers"] else few,)]
        rows.sort(key=lambda one: -one["mean"])
        yield {"track": track, "rows": rows, "before": best, "beside": "" if best is None else compared(
            found, rows[0]["key"], best["key"], rows[0]["way"], best["way"])}
        best = rows[0] if best is None or rows[0]["mean"] > best["mean"] else best


def page(found: dict[str, Any]) -> str:
    """Return the whole page."""
    k = str(found["n_clusters"][0])
    return filled_in(
        TEMPLATE, found, steps=list(steps_of(found)), clustered=sorted(
            (row for row in found["rows"].values() if row["groups"]), key=lambda row: -row["groups"][k]["ami"]),
        spread=spread, signed=signed, source_name=Path(__file__).name,
        record_name=RECORD.name, steps_name=STEPS.name, learning_name=LEARNING.name,
        curves=list(curve_lines(found)), gained=gained, beside_chance=lambda its: beside_chance(found, its))


def main(run: Path, recipe: Path) -> None:
    """Write the page, its figure and its record from a run."""
    found = rounded(gather(run, recipe))
    for path, text in {RECORD: as_record(found), STEPS: steps_figure(found), LEARNING: learning_drawn(found),
                       PAGE: page(found)}.items():
        path.write_text(text, encoding="utf-8")
    print(PAGE, file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of the finished run")
    parser.add_argument("--recipe", type=Path, required=True, help="the recipe of which it is a run")
    chosen = parser.parse_args()
    try:
        main(chosen.run, chosen.recipe)
    except FecemoError as error:
        raise SystemExit(f"{error}") from error
