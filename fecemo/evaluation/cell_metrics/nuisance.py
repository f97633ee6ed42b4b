"""Nuisance check: how much of the clusters and the embedding follows expression, and how much everything else."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.figures import svg
from fecemo.evaluation.figures.svg import ACCENT, INK, QUIET, SECOND, pixels
from fecemo.evaluation.printed import Part, share
from fecemo.evaluation.probing.factors import EXPRESSION, Nuisance, column_figures, strongest
from fecemo.evaluation.probing.probe import fit_standard_vectors
from fecemo.evaluation.records.score import Score

MAX_FACES = 4000
"""Faces on which linear predictability is measured; they are drawn where more were scored."""
BRIGHT, ON_BRIGHT = 0.62, "#1d1e20"
"""From this depth on, orange is too bright for the light figures of a dark page; dark ones are legible on it."""
MIN_SCALE = 0.1
"""The deepest square stands for the largest value of the figure, or for this where all are smaller."""
WIDTH = 350


def measure_nuisance(evidence: CellEvidence) -> Nuisance | None:
    """Compare groups and embedding of the scored faces with all that is known of them, or None where nothing is."""
    from threadpoolctl import threadpool_limits

    if not evidence.columns:
        return None
    predictions = evidence.predictions
    groups = predictions.prediction if evidence.clusters is None else evidence.clusters
    columns = {"emotion": predictions.truth,
               **{name: values[predictions.rows] for name, values in evidence.columns.items()}}
    drawn = np.arange(len(groups))
    if len(drawn) > MAX_FACES:
        drawn = np.sort(np.random.default_rng(evidence.seed).choice(drawn, MAX_FACES, replace=False))
    with threadpool_limits(limits=1):  # so that figures do not depend on the number of cores
        at = np.searchsorted(evidence.vector_rows, predictions.rows[drawn])
        standard = fit_standard_vectors(evidence.vectors, at, components=evidence.settings.probe.components,
                                        seed=evidence.seed)
        figures = column_figures({name: values[drawn] for name, values in columns.items()}, groups[drawn],
                                 standard.of(evidence.vectors, at), seed=evidence.seed)
    if len(figures) < 2:
        return None
    factors = strongest(figures)
    nuisances = [factor for name, factor in factors.items() if name not in EXPRESSION]
    return Nuisance(n_faces=len(drawn), grouping="answers" if evidence.clusters is None else "clusters",
                    n_groups=len(np.unique(groups)), factors=factors, columns=figures,
                    largest=max((factor.ami for factor in nuisances), default=None),
                    most_predictable=max((factor.predictable for factor in nuisances if factor.predictable is not None),
                                         default=None),
                    competitors=sum(column.factor not in EXPRESSION and column.predictable is not None
                                    for column in figures))


def show_nuisance(nuisance: Nuisance, score: Score, cite: Callable[..., Part]) -> dict[str, object]:
    """Return what ``nuisance.html.jinja`` shows."""
    return {"figure": factors_figure(f"{score.approach} {score.variant}", nuisance), "nuisance": nuisance, "cite": cite}


def factors_figure(cell: str, nuisance: Nuisance) -> str:
    """Draw what one cell's groups (bars) and embedding (rings) follow, a row a factor, as an SVG element."""
    factors = list(nuisance.factors.items())
    height = 30 + 34 * len(factors)
    figure = svg.new_figure(WIDTH, height)
    axes = figure.add_axes((0.33, 28 / height, 0.64, 1 - 30 / height))
    svg.quiet_axes(axes, grid="x")
    spoken = []
    for place, (name, factor) in enumerate(factors):
        axes.plot([0, max(0.0, factor.ami)], [place, place], color=_tint(name), linewidth=pixels(9),
                  solid_capstyle="butt")
        if factor.predictable is not None:
            axes.plot([max(0.0, factor.predictable)], [place], marker="o", markersize=pixels(9), color="none",
                      markeredgecolor=INK, markeredgewidth=pixels(1.6), clip_on=False)
        axes.text(-0.03, place - (0.13 if factor.explains != name else 0), _words(name), color=INK,
                  fontsize=pixels(11), ha="right", va="center", clip_on=False)
        if factor.explains != name:
            axes.text(-0.03, place + 0.24, _words(factor.explains), color=QUIET, fontsize=pixels(9), ha="right",
                      va="center", clip_on=False)
        predictable = "" if factor.predictable is None else f", predictable {share(factor.predictable, 2)}"
        spoken.append(f"{name} {share(factor.ami, 2)}{predictable}")
    axes.set_xlim(0, 1)
    axes.set_ylim(len(factors) - 0.5, -0.6)
    axes.set_yticks([])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])
    return svg.as_svg(figure, f"factors {cell}", f"What {cell} follows: {'; '.join(spoken)}.")


def factors_grid(name: str, title: str, rows: Sequence[tuple[str, str, Mapping[str, float | None]]]) -> str:
    """Draw values of factors by cells: a row a cell, a column a factor; the figure is the value in percent.

    Parameters
    ----------
    name, title : str
        Unlike that of any other figure on the page, and what a value is.
    rows : sequence of (approach, variant, values)
        Cells in the order of the table; approaches are together. Values are shares by factor, None where there is
        none; below 0 counts as 0.
    """
    factors = list(dict.fromkeys(factor for _, _, values in rows for factor in values))
    approaches = list(dict.fromkeys(approach for approach, _, _ in rows))
    scale = max([MIN_SCALE, *(value for _, _, values in rows for value in values.values() if value is not None)])
    left, top, line, head = 62, 76, 25, 24
    height = top + line * len(rows) + head * len(approaches) + 4
    side = (WIDTH - left - 24) / len(factors)
    figure, axes = svg.pixel_axes(WIDTH, height)
    for column, factor in enumerate(factors):
        weight = "bold" if factor in EXPRESSION else "normal"
        axes.text(left + (column + 0.45) * side, top - 6, _words(factor), color=INK, fontsize=pixels(10.5), rotation=50,
                  ha="left", va="bottom", rotation_mode="anchor", fontweight=weight)
    y, spoken, before = float(top), [], None
    for approach, variant, values in rows:
        if approach != before:
            axes.text(0, y + head * 0.6, approach, color=INK, fontsize=pixels(11), fontweight="bold", va="center")
            y, before = y + head, approach
        axes.text(left - 8, y + line / 2, variant, color=QUIET, fontsize=pixels(10.5), ha="right", va="center")
        for column, factor in enumerate(factors):
            value = values.get(factor)
            percent = round(100 * max(0.0, value or 0.0))
            part = min(1.0, percent / 100 / scale)
            svg.draw_tile(axes, (left + column * side + 1, y + 1), (side - 2, line - 2), _tint(factor), part)
            text = "" if value is None else str(percent or "·")
            axes.text(left + (column + 0.5) * side, y + line / 2 + 0.5, text, ha="center", va="center",
                      fontsize=pixels(10.5), color=ON_BRIGHT if _tint(factor) == SECOND and part >= BRIGHT else INK)
        y += line
        spoken.append(f"{approach} {variant}: " + ", ".join(
            f"{factor} {share(value, 2)}" for factor, value in values.items() if value is not None))
    return svg.as_svg(figure, name, f"{title}. {'; '.join(spoken)}.")


def _tint(factor: str) -> str:
    return ACCENT if factor in EXPRESSION else SECOND


def _words(name: str) -> str:
    """Return a column's name in words: ``"expression.jaw_drop"`` → ``"jaw drop"``."""
    return (name.partition(".")[2] or name).replace("_", " ")


def nuisance_grids(cells: Sequence[tuple[str, str, Nuisance]]) -> tuple[str, str] | None:
    """Draw what all cells' groups share with each factor, and how well it is predicted; None without cells."""
    if not cells:
        return None
    shared, predicted = ([(approach, variant, {name: getattr(factor, field)
                                               for name, factor in nuisance.factors.items()})
                          for approach, variant, nuisance in cells] for field in ("ami", "predictable"))
    return (factors_grid("groups by factor", "Adjusted mutual information of groups and factors", shared),
            factors_grid("embeddings by factor", "Linear predictability of factors from embeddings", predicted))


METRIC = CellMetric(
    name="nuisance", title="What the groups follow", kind=Nuisance, measure=measure_nuisance, show=show_nuisance,
    caption="How much of a cell's groups (its clusters or, where it has none, its answers) each factor shares: "
            "adjusted mutual information, 0 is chance and 1 is all; and how well a linear model predicts the factor "
            "from the embedding: R² for numbers, balanced accuracy rescaled so that guessing is 0 for words. Emotion "
            "is one column; expression is the largest of its own, and nuisance the largest of n columns, of all that "
            "is neither: the more there are, the larger is their largest.",
    columns={"Groups: emotion": "factors.emotion.ami", "Groups: nuisance": "largest",
             "Embedding: emotion": "factors.emotion.predictable",
             "Embedding: expression": "factors.expression.predictable", "Embedding: nuisance": "most_predictable",
             "n columns": "competitors"})
