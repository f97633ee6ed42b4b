"""Figures of scores as SVG elements: accuracies beside chance, a confusion matrix, and a matrix of sets by sets."""

from collections.abc import Sequence
from dataclasses import dataclass

from fecemo.evaluation.figures import svg
from fecemo.evaluation.figures.svg import ACCENT, GUESS, INK, QUIET, SECOND, pixels
from fecemo.evaluation.printed import share
from fecemo.evaluation.records.score import Score

LONGEST = 14
"""Letters of a set's name that are printed."""
ROOMY = 44
"""Side in pixels of a tile that has room for a second line."""


@dataclass(frozen=True)
class Bar:
    """An accuracy in the overview."""

    heading: str  #: The variant.
    value: float | None = None  #: None where the cell has not run.
    low: float | None = None  #: Like `high` None where there is no interval.
    high: float | None = None
    published: float | None = None


def overview_figure(rows: Sequence[tuple[str, Sequence[Bar]]], *, uniform: float, majority: float,
                    human: float | None = None) -> str:
    """Draw the accuracies of all cells with their intervals beside what guessing gives, a line an approach.

    Parameters
    ----------
    rows : sequence of (title, bars)
        Approaches with a bar a variant, in the order of the table.
    uniform, majority : float
        Accuracy of guessing, and of always naming the most frequent class.
    human : float, optional
        Accuracy of one rater against the others, where it is known.
    """
    step, gap, head = 15, 22, 20
    height = 30 + sum(head + step * len(bars) + gap - 12 for _, bars in rows)
    figure = svg.new_figure(460, height)
    axes = figure.add_axes((0.02, 24 / height, 0.96, 1 - 26 / height))
    svg.quiet_axes(axes, grid="x")
    spoken, place, maximum = [], 0.0, max(uniform, majority)
    for title, bars in rows:
        axes.text(0, place + 5, title, color=INK, fontsize=pixels(11.5), va="center", ha="left", fontweight="bold",
                  transform=axes.get_yaxis_transform())
        place += head
        for number, bar in enumerate(bars):
            if bar.published is not None:
                axes.plot([bar.published], [place], marker="D", markersize=pixels(5), color="none",
                          markeredgecolor=QUIET, markeredgewidth=pixels(1.3))
            if bar.value is None:
                spoken.append(f"{title}, {bar.heading} has not run")
            else:
                svg.draw_interval(axes, place, bar.value, (bar.low, bar.high), svg.colour(number), size=7)
                spoken.append(f"{title}, {bar.heading} {share(bar.value)}")
            maximum = max(maximum, bar.high or bar.value or 0.0, bar.published or 0.0)
            place += step
        place += gap - 12
    axes.axvline(uniform, **GUESS)
    axes.axvline(majority, color=SECOND, linewidth=pixels(2), alpha=0.8)
    if human is not None:
        axes.axvline(human, color=INK, linewidth=pixels(1.2), linestyle=(0, (1, 2)))
        spoken.append(f"one rater against the others {share(human)}")
        maximum = max(maximum, human)
    axes.set_ylim(place - gap / 2, -6)
    axes.set_yticks([])
    svg.share_axis(axes, maximum + 0.04)
    return svg.as_svg(figure, "overview", f"Accuracy, guessing gives {share(uniform)}: {'; '.join(spoken)}.")


def confusion_figure(score: Score) -> str:
    """Draw a confusion matrix: depth of colour and figure are the percentage of a true emotion's faces, a row each."""
    columns, rows = score.confusion_columns, score.emotions
    width, height = 62 + 36 * len(columns) + 44, 78 + 30 * len(rows)
    figure = svg.new_figure(width, height)
    axes = figure.add_axes((62 / width, 4 / height, 36 * len(columns) / width, 30 * len(rows) / height))
    svg.quiet_axes(axes, grid=None)
    for row, counts in enumerate(score.confusion):
        total = sum(counts)
        for column, count in enumerate(counts):
            svg.draw_tile(axes, (column + 0.03, row + 0.03), (0.94, 0.94), ACCENT, count / total if total else 0.0,
                      outlined=rows[row] == columns[column])
            axes.text(column + 0.5, row + 0.52, f"{100 * count / total:.0f}" if count else "·", ha="center",
                      va="center", fontsize=pixels(10.5), color=INK)
        axes.text(len(columns) + 0.15, row + 0.52, f"{total:,}", ha="left", va="center", fontsize=pixels(10),
                  color=QUIET)
    axes.text(len(columns) + 0.15, -0.18, "faces", ha="left", va="bottom", fontsize=pixels(10), color=QUIET)
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.set_yticks([row + 0.5 for row in range(len(rows))], rows)
    axes.set_xticks([column + 0.5 for column in range(len(columns))], columns, rotation=45, ha="left",
                    rotation_mode="anchor")
    axes.xaxis.tick_top()
    axes.tick_params(labelcolor=INK, labelsize=pixels(10.5))
    spoken = [f"{emotion} {100 * figures.recall:.0f}" for emotion, figures in score.classes.items()
              if figures.recall is not None]
    return svg.as_svg(figure, f"confusion {score.approach} {score.variant}",
                  f"Confusion matrix of {score.approach_title} on {score.variant_title} faces. Percent recognised: "
                  f"{', '.join(spoken)}.")


def matrix_figure(name: str, quantity: str, sets: Sequence[str], values: Sequence[Sequence[float]],
                  beside: Sequence[Sequence[str]] | None, *, minimum: float) -> str:
    """Draw a square matrix of sets of faces: rows are learned from, columns are met.

    Parameters
    ----------
    name, quantity : str
        Unlike that of any other figure on the page, and what a value is.
    sets : sequence of str, of length s
    values : sequence of s sequences of s floats
    beside : likewise of str, optional
        Printed small below each value.
    minimum : float
        Value that has no colour; the largest of all has the deepest.
    """
    left, top = 96, 64
    side = min(84, max(30, 254 / len(sets)))
    width = max(350, left + side * len(sets) + 40)
    line = 0.72 * side
    figure, axes = svg.pixel_axes(width, top + line * len(sets) + 4)
    reach = max(max(row) for row in values) - minimum
    spoken = []
    for row, values_of_row in enumerate(values):
        title = sets[row] if len(sets[row]) <= LONGEST else f"{sets[row][: LONGEST - 1]}…"
        axes.text(left - 8, top + line * (row + 0.5), title, color=INK, fontsize=pixels(11), ha="right", va="center")
        axes.text(left + side * (row + 0.3), top - 6, title, color=INK, fontsize=pixels(11), ha="left", va="bottom",
                  rotation=40, rotation_mode="anchor")
        for column, value in enumerate(values_of_row):
            x, y = left + side * column, top + line * row
            svg.draw_tile(axes, (x + 1, y + 1), (side - 2, line - 2), ACCENT, outlined=row == column,
                      depth=min(1.0, max(0.0, (value - minimum) / reach)) if reach > 0 else 0.0)
            axes.text(x + side / 2, y + side * (0.36 if beside is None else 0.27), share(value, 2), color=INK,
                      fontsize=pixels(min(12, 0.36 * side)), ha="center", va="center")
            if beside is not None and side >= ROOMY:
                axes.text(x + side / 2, y + side * 0.53, beside[row][column], color=INK, fontsize=pixels(9),
                          ha="center", va="center")
            spoken.append(f"from {sets[row]} to {sets[column]} {share(value, 2)}")
    return svg.as_svg(figure, name, f"{quantity}: {'; '.join(spoken)}.")
