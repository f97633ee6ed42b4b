"""Figures of scores: accuracy with its interval beside chance, and the confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

from fecemo.evaluation.figures.svg import (
    ACCENT,
    HAIRLINE,
    INK,
    QUIET,
    SECOND,
    as_svg,
    colour,
    new_figure,
    pixels,
    quiet_axes,
)
from fecemo.evaluation.printed import share
from fecemo.evaluation.records.score import Score


@dataclass(frozen=True)
class Bar:
    """An accuracy in the overview.

    Parameters
    ----------
    heading : str
        The variant.
    value, low, high : float or None
        None where the cell has not run; the ends, where there is no interval.
    published : float or None
    """

    heading: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    published: float | None = None


def overview_figure(rows: Sequence[tuple[str, Sequence[Bar]]], *, uniform: float, majority: float) -> str:
    """Draw the accuracies of all cells with their intervals beside what guessing gives, a line an approach.

    Parameters
    ----------
    rows : sequence of (title, bars)
        Approaches with a bar a variant, in the order of the table.
    uniform, majority : float
        Accuracy of guessing, and of always naming the most frequent class.

    Returns
    -------
    str
        An SVG element.
    """
    from matplotlib.ticker import MaxNLocator

    step, gap, head = 15, 22, 20
    height = 30 + sum(head + step * len(bars) + gap - 12 for _, bars in rows)
    figure = new_figure(460, height)
    axes = figure.add_axes((0.02, 24 / height, 0.96, 1 - 26 / height))
    quiet_axes(axes, grid="x")
    spoken, place, most = [], 0.0, max(uniform, majority)
    for title, bars in rows:
        axes.text(0, place + 5, title, color=INK, fontsize=pixels(11.5), va="center", ha="left", fontweight="bold",
                  transform=axes.get_yaxis_transform())
        place += head
        for number, bar in enumerate(bars):
            tint = colour(number)
            if bar.published is not None:
                axes.plot([bar.published], [place], marker="D", markersize=pixels(5), color="none",
                          markeredgecolor=QUIET, markeredgewidth=pixels(1.3))
                most = max(most, bar.published)
            if bar.value is None:
                spoken.append(f"{title}, {bar.heading} has not run")
            else:
                if bar.low is not None and bar.high is not None:
                    axes.plot([bar.low, bar.high], [place, place], color=tint, linewidth=pixels(4), alpha=0.45,
                              solid_capstyle="round")
                axes.plot([bar.value], [place], marker="o", markersize=pixels(7), color=tint)
                most = max(most, bar.high or bar.value)
                spoken.append(f"{title}, {bar.heading} {share(bar.value)}")
            place += step
        place += gap - 12
    axes.axvline(uniform, color=INK, linewidth=pixels(1), linestyle=(0, (3, 3)), alpha=0.7)
    axes.axvline(majority, color=SECOND, linewidth=pixels(2), alpha=0.8)
    axes.set_xlim(0, min(1.0, most + 0.04))
    axes.set_ylim(place - gap / 2, -6)
    axes.set_yticks([])
    axes.xaxis.set_major_formatter(lambda value, _: share(value, 1) if value else "0")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2]))
    return as_svg(figure, "overview", f"Accuracy, guessing gives {share(uniform)}: {'; '.join(spoken)}.")


def confusion_figure(score: Score) -> str:
    """Draw a confusion matrix: a row a true emotion, its shares adding up to 100.

    Parameters
    ----------
    score : Score

    Returns
    -------
    str
        An SVG element. Depth of colour and the printed figure are the percentage of the row's faces.
    """
    from matplotlib.patches import Rectangle

    columns, rows = score.confusion_columns, score.emotions
    width, height = 62 + 36 * len(columns) + 44, 78 + 30 * len(rows)
    figure = new_figure(width, height)
    axes = figure.add_axes((62 / width, 4 / height, 36 * len(columns) / width, 30 * len(rows) / height))
    quiet_axes(axes, grid=None)
    for row, counts in enumerate(score.confusion):
        total = sum(counts)
        for column, count in enumerate(counts):
            part = count / total if total else 0.0
            right = rows[row] == columns[column]
            # Paler is more see-through, so that the ground shows, which is light or dark as the page is.
            axes.add_patch(Rectangle((column + 0.03, row + 0.03), 0.94, 0.94, facecolor=(ACCENT, part),
                                     edgecolor=INK if right else HAIRLINE, linewidth=pixels(1.2 if right else 0.6)))
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
    spoken = [f"{emotion} {100 * one.recall:.0f}" for emotion, one in score.classes.items() if one.recall is not None]
    return as_svg(figure, f"confusion {score.approach} {score.variant}",
                  f"Confusion matrix of {score.approach_title} on {score.variant_title} faces. Percent recognised: "
                  f"{', '.join(spoken)}.")
