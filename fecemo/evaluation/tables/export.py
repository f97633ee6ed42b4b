"""The comparison table for programs: as CSV, a row a cell and block, and as JSON, the score records themselves."""

import json
from dataclasses import asdict
from typing import Any

from fecemo.evaluation.records.cited import DASH, field_of
from fecemo.evaluation.records.headline import HEADLINES
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.tables.table import ComparisonTable

TABLE_FORMAT = "fecemo.table/1"

CSV_FIELDS = {
    **{name: field for one in HEADLINES for name, field in {
        one.name: one.name, f"{one.name}_low": f"intervals.{one.name}.low",
        f"{one.name}_high": f"intervals.{one.name}.high"}.items()},
    "confidence": "confidence", "chance_uniform": "chance.uniform", "chance_majority": "chance.majority",
    **{name: f"clusters.{name}" for name in (
        "nmi", "homogeneity", "completeness", "ami", "ari", "purity", "purity_of_chance", "oracle_accuracy",
        "oracle_of_chance", "oracle_rule", "silhouette", "stability")},
    "labels_training": "labels_used.training", "labels_naming": "labels_used.naming",
    "labels_choosing": "labels_used.choosing", "looked_at": "labels_used.looked_at",
    "suggestions_used": "labels_used.suggestions_used", "target_labels_shown": "labels_used.target_labels_shown",
    "other_scores_seen": "labels_used.other_scores_seen",
    "named_by": "labels_used.named_by", "method": "method", "n_scored": "n_scored", "score_on": "score_on",
    "abstained": "abstained", "seed": "seed", "seconds": "seconds.total",
}
"""Columns of the CSV, and the field of the score record that each holds."""


def to_csv(table: ComparisonTable) -> str:
    """Return the table in long form.

    ``block`` is ``measured`` or ``published``, ``state`` is ``scored``, ``not run`` or ``published``. A cell that has
    not run has a dash for its accuracy; read with ``na_values="—"``. A figure that is not defined is empty. Where cells
    ran with several seeds, ``seeds``, ``accuracy_mean``, ``accuracy_deviation`` and so on are mean and spread.
    """
    import pandas

    spread_columns = {f"{one.name}_{part}": (one.name, part) for one in HEADLINES for part in ("mean", "deviation")}
    lines = []
    for row, column, score in table.cells():
        line: dict[str, Any] = {"block": "measured", "state": "scored" if score else "not run",
                                "approach": row.name, "approach_title": row.title,
                                "variant": column.name, "variant_title": column.title}
        if score is None:
            line["accuracy"] = DASH
        else:
            line |= csv_fields(score)
        if (spread := table.spreads.get((row.name, column.name))) is not None:
            line |= {"seeds": " ".join(map(str, spread.seeds)), **{
                name: repr(getattr(spread.metrics[metric], part)) for name, (metric, part) in spread_columns.items()
                if metric in spread.metrics}}
        lines.append(line)
    for row in table.published_rows:
        for column in table.published_columns:
            assert table.published is not None  # no rows otherwise
            figure = table.published.figure(row.name, column.name)
            lines.append({"block": "published", "state": "published", "approach": row.name, "approach_title": row.title,
                          "variant": column.name, "variant_title": column.title,
                          "accuracy": DASH if figure is None else repr(figure), "source": str(table.published.source)})
    columns = ["block", "state", "approach", "approach_title", "variant", "variant_title", *CSV_FIELDS,
               *(("seeds", *spread_columns) if table.spreads else ()), "source"]
    return str(pandas.DataFrame(lines, columns=columns).to_csv(index=False, lineterminator="\n"))


def csv_fields(score: Score) -> dict[str, str]:
    """Return what the CSV says of one score, in full precision."""
    return {name: _plain(score, path) for name, path in CSV_FIELDS.items()}


def _plain(score: Any, path: str) -> str:
    value = field_of(score, path)
    if value is None:
        return ""
    return value if isinstance(value, str) else repr(value)


def to_json(table: ComparisonTable) -> str:
    """Return the table as JSON: the records as they are, and what follows from several of them."""
    document = {
        "format": TABLE_FORMAT, "title": table.title,
        "rows": [asdict(row) for row in table.rows], "columns": [asdict(column) for column in table.columns],
        "cells": [{"approach": row.name, "variant": column.name, "state": "scored" if score else "not run",
                   "score": asdict(score) if score else None,
                   "records": {name: asdict(record) for name, record
                               in table.records.get((row.name, column.name), {}).items()}}
                  for row, column, score in table.cells()],
        "leaders": {"accuracy_by_column": {name: score.approach for name, score in table.leaders().items()},
                    **{one.name: [best.approach, best.variant] for one in HEADLINES
                       if (best := table.leader(one.name)) is not None}},
        "comparisons": {name: asdict(comparison) for name, comparison in table.comparisons.items()},
        "spreads": {"/".join(cell): asdict(spread) for cell, spread in table.spreads.items()},
        "published": asdict(table.published) if table.published else None,
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
