"""The results of a run, made of the records of its cells."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fecemo.data.manifests import PublishedTable, read_published, read_reference_figures, shipped
from fecemo.data.variants import variants
from fecemo.evaluation.catalogue import HEADLINES
from fecemo.evaluation.cells import CellRecords, compare_cells, compare_rows
from fecemo.evaluation.records.predictions import read_predictions
from fecemo.evaluation.result_rows import cell_rows, comparison_rows, row_comparison_rows
from fecemo.evaluation.results import PUBLISHED, Results, results_of
from fecemo.models.approach import approaches
from fecemo.stages.tables.cell_records import read_cell, read_scores
from fecemo.stages.tables.learning_curves import read_learning_curves
from fecemo.study.cell import resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe


@dataclass(frozen=True)
class RunResults:
    """What a run's tables and report are made of."""

    results: Results
    cells: Mapping[tuple[str, str], CellRecords]  #: Every cell of the recipe.

    @property
    def n_scored(self) -> int:
        """int: Cells with a score."""
        return sum(cell.score is not None for cell in self.cells.values())


def published_files(study: Recipe) -> dict[str, Path]:
    """Return the files of published figures that a recipe's tables show."""
    files = {"published": shipped(f"published/{study.published}.yaml")} if study.published else {}
    return files | ({"references": shipped(f"published/{study.references}.yaml")} if study.cluster_sweep else {})


def read_run(study: Recipe, layout: RunLayout) -> RunResults:
    """Return the results of a run; what has not run, or is stale, is a row without a figure.

    Raises `StoredStateError` if a record is damaged or of another recipe, or two cells cannot be compared.
    """
    published = read_published(published_files(study)["published"]) if study.published else None
    scores, parts = read_scores(study, layout, study.cells), _parts(study)
    further = [read_scores(study.with_seed(seed, study.name), layout.of_seed(seed), study.cells)
               for seed in study.seeds]
    cells = {where: read_cell(resolve(study, *where), layout, scores.get(where), part=parts[where[0]],
                              published=published is not None and published.figure(*where) is not None)
             for where in study.cells}
    curves = read_learning_curves(study, layout, tuple(cells.values())) if study.cluster_sweep else ()
    rows: list[dict[str, Any]] = []
    for where in cells:
        rows += cell_rows(cells[where], seed=study.seed, dataset=study.role("target"),
                          further=[scores_of_seed[where] for scores_of_seed in further if where in scores_of_seed])
        if cells[where].sweep is not None:
            settings = {"rare_class_exponent": study.naming.rare_class_exponent,
                        "class_balanced": float(study.naming.class_balanced)}
            identity = {name: rows[-1].get(name) for name in ("row", "title", "part", "variant", "variant_title",
                                                              "dataset", "supervision", "level", "state")}
            rows += [{**identity, "stage": "cluster_sweep", "readout": "clusters", "metric": name, "value": value}
                     for name, value in settings.items()]
    for curve in curves:
        for point in curve.points:
            amount = point.recipe_value if point.amount is None else point.amount
            less: dict[str, Any] = {
                "setting": curve.setting, "amount": amount, "unit": curve.unit, "title": curve.row.title,
                "variant_title": curve.column.title}
            rows += cell_rows(replace(point.cell, seconds=point.seconds), seed=study.seed, dataset=study.role("target"),
                              **less)
    predictions = {where: read_predictions(layout.score(*where), score.emotions) for where, score in scores.items()}
    differences = list(comparison_rows(scores, compare_cells(scores, predictions, seed=study.seed)))
    if study.cluster_sweep is not None:
        differences += row_comparison_rows(compare_rows(
            list(cells.values()), study.evaluation.resampling(study.seed)))
        rows += _reference_rows(published_files(study)["references"])
    rows += _published_rows(published, parts) if published is not None else ()
    return RunResults(results_of(rows, differences), cells)


def _parts(study: Recipe) -> dict[str, str]:
    """Return the part of the table to which each row belongs: a backbone's, where rows share each of several."""
    behind = {row: study.approach_of(row) for row in study.approaches}
    rows = Counter(approach.name for approach in behind.values())
    divided = len(rows) > 1 and min(rows.values()) > 1
    return {row: approach.title if divided else "" for row, approach in behind.items()}


def _published_rows(published: PublishedTable, parts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    titles = {**{name: approach.title for name, approach in approaches().items()}, **published.titles}
    headings = {**{name: variant.title for name, variant in variants().items()},
                **{headline.name: headline.short for headline in HEADLINES}}
    for row, figures in published.figures.items():
        for column, figure in figures.items():
            of_variant = column in variants()
            yield {"row": row, "title": titles.get(row, row), "part": parts.get(row, ""), "stage": "published",
                   "metric": "published_figure", "class": headings.get(column, column), "value": figure,
                   "state": PUBLISHED, "source": f"{published.measure}. {published.source}",
                   **({"variant": column, "variant_title": variants.find(column).title} if of_variant else {})}


def _reference_rows(path: Path) -> Iterator[dict[str, Any]]:
    references = read_reference_figures(path)
    for entry in references.figures:
        yield {"row": entry.system, "title": entry.system, "supervision": entry.supervision, "stage": "references",
               "metric": "published_figure", "class": entry.measure, "value": entry.figure, "state": PUBLISHED,
               "source": f"{entry.source}, {references.sources[entry.source]}"}
