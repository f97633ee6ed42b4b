"""Results: one row a figure of a run, tidy, as ``results.csv``; paired differences of two rows as ``differences.csv``.

The table stage makes both of the stages' records. Every table is a pivot of them, and every number of a table or of the
report says on which line it is found.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas

from fecemo.data.durable import atomic_write
from fecemo.errors import StoredStateError
from fecemo.evaluation.printed import csv_text, plain_csv_text

RESULTS_NAME, DIFFERENCES_NAME = "results.csv", "differences.csv"
MEASURED, NOT_RUN, PUBLISHED = "measured", "not run", "published"

COLUMNS: dict[str, tuple[str, str]] = {
    "run": ("str", "Name of the run; empty in the results of a single one."),
    "row": ("str", "The recipe's key of the row."),
    "title": ("str", "Heading of the row."),
    "part": ("str", "Part of the table to which the row belongs, where it has several, such as a backbone."),
    "variant": ("str", "Variant of the face: rgb, gray, tight, …"),
    "variant_title": ("str", "Heading of the variant."),
    "dataset": ("str", "Data set on which it was scored, by its name in the recipe."),
    "supervision": ("str", "What the row learned from, in words, beside unlabelled faces."),
    "level": ("Int64", "As a step: 0 faces, 1 a landmark model or drawn labels, 2 ratings, 3 some labels, 4 all"),
    "setting": ("str", "Learning curves: the recipe's key of what there was less of. Empty for the row itself."),
    "amount": ("float64", "Learning curves: how much there was of it."),
    "unit": ("str", "Learning curves: of what."),
    "stage": ("str", "Stage, or cell metric, whose record holds the figure."),
    "seed": ("Int64", "Seed of the figure; empty for a mean over seeds."),
    "seeds": ("Int64", "Number of seeds behind the figure."),
    "readout": ("str", "How outputs became answers: clusters, argmax or regression."),
    "clusters": ("Int64", "Number of clusters; empty for a classifier."),
    "naming": ("str", "How clusters got their names."),
    "scored_on": ("str", "Faces or triplets that were scored."),
    "labels_used": ("Int64", "Labels that training, choosing settings and naming read, together, of any data set; not "
                    "those of drawn or synthetic faces beside the target, which nobody gave."),
    "metric": ("str", "What the figure is; see the list of metrics."),
    "class": ("str", "The class, type, part or column of numbers of which it is; empty for all."),
    "value": ("float64", "The figure; empty where the cell has not run."),
    "deviation": ("float64", "Standard deviation over the seeds (n - 1)."),
    "low": ("float64", "Lower end of the interval, at the recipe's confidence."),
    "high": ("float64", "Upper end of it."),
    "chance": ("float64", "What guessing gives."),
    "human": ("float64", "What one rater reaches against the others on the same faces, where votes are stored."),
    "n": ("Int64", "Faces or triplets behind the figure."),
    "state": ("str", f"{MEASURED}; {NOT_RUN}, or what the cell waits for; {PUBLISHED} by others on other faces."),
    "source": ("str", "Publication of a published figure."),
    "digest": ("str", "Digest of the receipt of the record behind the figure."),
}
"""Columns of ``results.csv``: their type in pandas, and what they hold."""

_OF_A_ROW = ("run", "row", "title", "variant", "variant_title")
DIFFERENCE_COLUMNS: dict[str, tuple[str, str]] = {
    **{name: COLUMNS[name] for name in (*_OF_A_ROW, "supervision")},
    **{f"other_{name}": ("str", f"Of the second row: {COLUMNS[name][1][0].lower()}{COLUMNS[name][1][1:]}")
       for name in _OF_A_ROW},
    "against": ("str", "variant: the best row of a variant against the others. row: the best variant of a row against "
                       "the others. study: against the best published approach with no more supervision. run: the same "
                       "cell of another run. Empty for every other pair."),
    **{name: COLUMNS[name] for name in ("stage", "readout", "clusters", "naming", "metric")},
    "value": ("float64", "Figure of the first minus figure of the second, on the faces that both were scored on."),
    "low": ("float64", "Lower end of the paired bootstrap's interval."),
    "high": ("float64", "Upper end; the first is better where the whole interval lies above 0."),
    "n": ("Int64", "Faces that both were scored on."),
    "p": ("float64", "Of the accuracy, where a table shows it: that both are right equally often, by McNemar's exact "
                     "test, corrected by Holm for all comparisons of its kind that are shown."),
}
"""Columns of ``differences.csv``."""


@dataclass(frozen=True)
class Results:
    """The figures of a run, or of several."""

    figures: pandas.DataFrame  #: A row a figure, with `COLUMNS`.
    differences: pandas.DataFrame  #: A row a comparison, with `DIFFERENCE_COLUMNS`.
    grids: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """Tables of these results by document, once they are made: exports, the report and the screen show the same."""


def results_of(rows: Iterable[Mapping[str, Any]], differences: Iterable[Mapping[str, Any]] = ()) -> Results:
    """Return rows as frames of the right columns and types."""
    return Results(_frame(rows, COLUMNS), _frame(differences, DIFFERENCE_COLUMNS))


def _frame(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, tuple[str, str]]) -> pandas.DataFrame:
    frame = pandas.DataFrame(list(rows), columns=list(columns))
    for name, (kind, _) in columns.items():
        frame[name] = _typed(frame[name], kind)
    return frame


def _typed(column: pandas.Series, kind: str) -> pandas.Series:
    """Return a column of the results in its type; what is not there is empty text or no number."""
    values = column.astype(object).where(column.notna() & (column.astype(object) != ""), None)
    if kind == "str":
        return values.map(lambda value: "" if value is None or value != value else str(value)).astype(str)
    numbers = values.map(lambda value: None if value is None or value != value else float(value)).astype("float64")
    return numbers if kind == "float64" else numbers.astype("Int64")


def write_results(folder: Path, results: Results) -> None:
    """Write ``results.csv`` and ``differences.csv``, in full precision.

    Text that a spreadsheet would take for a formula is written behind an apostrophe.
    """
    for name, frame, columns in ((RESULTS_NAME, results.figures, COLUMNS),
                                 (DIFFERENCES_NAME, results.differences, DIFFERENCE_COLUMNS)):
        safe = frame.assign(**{column: frame[column].map(csv_text) for column, (kind, _) in columns.items()
                               if kind == "str"})
        atomic_write(folder / name, safe.to_csv(index=False, lineterminator="\n"))


def read_results(run: Path) -> pandas.DataFrame:
    """Return the figures of a run: ``run/results.csv`` with the columns and types of `COLUMNS`.

    Raises `StoredStateError` if the file is missing or damaged.
    """
    return _read(run / RESULTS_NAME, COLUMNS)


def read_differences(run: Path) -> pandas.DataFrame:
    """Return the paired differences of a run: ``run/differences.csv``. Raises as `read_results` does."""
    return _read(run / DIFFERENCES_NAME, DIFFERENCE_COLUMNS)


def _read(path: Path, columns: Mapping[str, tuple[str, str]]) -> pandas.DataFrame:
    try:
        frame = pandas.read_csv(path, dtype=str, keep_default_na=False)
        if list(frame.columns) == list(columns):
            frame = frame.assign(**{name: _typed(frame[name], kind) for name, (kind, _) in columns.items()})
    except FileNotFoundError as error:
        raise StoredStateError(f"{path} is missing; run the table stage") from error
    except (ValueError, pandas.errors.ParserError) as error:
        raise StoredStateError(f"{path} is damaged ({error}); run the table stage again") from error
    if list(frame.columns) != list(columns):
        raise StoredStateError(f"{path} has the columns {', '.join(frame.columns)}, expected {', '.join(columns)}; "
                               "run the table stage again")
    return frame.assign(**{name: frame[name].map(plain_csv_text) for name, (kind, _) in columns.items()
                           if kind == "str"})
