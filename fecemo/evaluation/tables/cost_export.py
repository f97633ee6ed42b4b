"""Table 2 for programs: as CSV, a line a row and way of answering, and as JSON, the records themselves."""

import json
from dataclasses import asdict
from typing import Any

from fecemo.evaluation.records.cited import DASH, field_of
from fecemo.evaluation.tables.cost_table import OWN, CostRow, CostTable, Way, way_key

COST_TABLE_FORMAT = "fecemo.table2/1"
COLUMNS = ("block", "state", "track", "given", "approach", "approach_title", "variant", "variant_title", "n_clusters",
           "naming", "balanced_accuracy", "balanced_accuracy_deviation", "balanced_accuracy_low",
           "balanced_accuracy_high", "accuracy", "accuracy_deviation", "accuracy_low", "accuracy_high", "nmi", "ami",
           "ari", "stability", "labels_training", "labels_choosing", "labels_naming", "seeds", "n_scored",
           "chance_uniform", "chance_majority", "linear_probe", "linear_probe_low", "linear_probe_high", "k_nn_probe",
           "k_nn_probe_low", "k_nn_probe_high", "triplet_accuracy", "triplet_low", "triplet_high", "triplets_held_out",
           "triplets_tested",
           "measure", "figure", "source", "learning", "amount", "unit", "training_seconds")
PROBES = {"linear_probe": "linear", "k_nn_probe": "nearest"}


def to_csv(table: CostTable) -> str:
    """Return the table in long form.

    ``block`` is ``measured``, ``learning`` or ``published``: points of learning curves have beside their figures the
    recipe's key of the curve, how much they had, of what, and the seconds of training. ``state`` is ``scored``, ``not
    run``, ``waits`` or ``published``. What has not run has a dash for its balanced accuracy; read with
    ``na_values="—"``. A figure that does not apply is empty. What others publish has its ``figure`` and ``measure``
    apart. Probes and triplets, which do not depend on the way of answering, stand in every line of their row.
    """
    import pandas

    lines = []
    for row in table.rows:
        lines += _lines(row, table)
    for curve in table.curves:
        for point in curve.points:
            had = {"amount": point.amount, "training_seconds": point.seconds}
            lines += [{**line, "block": "learning", "approach": curve.row.name, "learning": curve.setting,
                       "unit": curve.unit, **{name: repr(its) for name, its in had.items() if its is not None}}
                      for line in _lines(point.row, table)]
    for one in table.references.figures if table.references else ():
        lines.append({"block": "published", "state": "published", "given": one.given, "approach_title": one.system,
                      "measure": one.measure, "figure": repr(one.figure), "source": one.source})
    return str(pandas.DataFrame(lines, columns=list(COLUMNS)).to_csv(index=False, lineterminator="\n"))


def _lines(row: CostRow, table: CostTable) -> list[dict[str, Any]]:
    return [_line(row, way) for way in table.ways if (way == OWN) != row.clustered]


def _line(row: CostRow, way: Way) -> dict[str, Any]:
    figures = row.figures(way)
    line: dict[str, Any] = {
        "block": "measured", "state": "scored" if figures else "waits" if row.waits else "not run", "track": row.track,
        "given": row.given, "approach": row.row.name, "approach_title": row.row.title, "variant": row.column.name,
        "variant_title": row.column.title, "naming": way[1], "n_clusters": "" if way == OWN else way[0]}
    if figures is None:
        return {**{name: str(value) for name, value in line.items()}, "balanced_accuracy": DASH}
    for name, figure in figures.items():
        line |= {name: figure.mean, f"{name}_deviation": figure.deviation, f"{name}_low": figure.low,
                 f"{name}_high": figure.high}
    if row.score is not None:
        line |= {"labels_training": row.score.labels_used.training, "labels_choosing": row.score.labels_used.choosing}
    elif row.cluster_sweep is not None:
        line |= {"labels_training": row.cluster_sweep.labels_training}
    if way == OWN and row.score is not None:
        line |= {"n_scored": row.score.n_scored, "chance_uniform": row.score.chance.uniform,
                 "chance_majority": row.score.chance.majority}
    elif row.cluster_sweep is not None:
        its = next(one for one in row.cluster_sweep.entries if one.n_clusters == way[0])
        named = row.cluster_sweep.named(*way)
        line |= {"nmi": its.nmi.mean, "ami": its.ami.mean, "ari": its.ari.mean, "stability": its.stability,
                 "labels_naming": named.most_labels if named else "", "n_scored": row.cluster_sweep.n_scored,
                 "seeds": len(row.cluster_sweep.seeds), "chance_uniform": row.cluster_sweep.chance.uniform,
                 "chance_majority": row.cluster_sweep.chance.majority}
    if row.probes is not None:
        for name, probe in PROBES.items():
            line |= {name: field_of(row.probes, f"{probe}.balanced_accuracy"), **{
                f"{name}_{end}": field_of(row.probes, f"{probe}.intervals.balanced_accuracy.{end}")
                for end in ("low", "high")}}
    if row.triplets is not None:
        line |= {"triplet_accuracy": row.triplets.accuracy, "triplets_held_out": row.triplets.n_held_out,
                 "triplets_tested": row.triplets.tested,
                 **{f"triplet_{end}": field_of(row.triplets, f"interval.{end}") for end in ("low", "high")}}
    # As text, because pandas would make floats of whole numbers where some lines have none.
    return {name: repr(value) if isinstance(value, float) else str(value) for name, value in line.items()
            if value is not None}


def to_json(table: CostTable) -> str:
    """Return the table as JSON: the records as they are, and what follows from several of them."""
    document = {
        "format": COST_TABLE_FORMAT, "title": table.title, "n_clusters": table.n_clusters,
        "per_cluster": table.per_cluster, "sample": table.sample,
        "rare_class_exponent": table.rare_class_exponent, "class_balanced": table.class_balanced,
        "confidence": table.confidence,
        "rows": [_document(row) for row in table.rows],
        "leaders": {way_key(way): best.key for way in table.ways if (best := table.leader(way)) is not None},
        "differences": {pair: {way: asdict(one) for way, one in its.items()}
                        for pair, its in table.differences.items()},
        "steps": [_document(point.row) for curve in table.curves for point in curve.points[:-1]],
        "learning": [{"approach": curve.row.name, "variant": curve.column.name, "setting": curve.setting,
                      "unit": curve.unit, "points": [{"row": point.row.key, "amount": point.amount,
                                                      "seconds": point.seconds} for point in curve.points]}
                     for curve in table.curves],
        "references": asdict(table.references) if table.references else None,
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _document(row: CostRow) -> dict[str, Any]:
    """Return a row's records, and what they are of."""
    return {"approach": row.row.name, "approach_title": row.row.title, "variant": row.column.name,
            "variant_title": row.column.title, "track": row.track, "given": row.given, "waits": row.waits,
            "published": row.published, **{
                name: None if record is None else asdict(record) for name, record in (
                    ("score", row.score), ("cluster_sweep", row.cluster_sweep), ("probes", row.probes),
                    ("triplets", row.triplets))}}
