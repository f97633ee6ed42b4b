"""Figures of scores: accuracy with its interval beside chance, and the confusion matrix."""

from collections.abc import Sequence

from fecemo.evaluation.figures.svg import ACCENT, HAIRLINE, INK, QUIET, SECOND, as_svg, new_figure, pixels, quiet_axes
from fecemo.evaluation.records.cited import share
from fecemo.evaluation.records.score import Score


def accuracy_figure(title: str, scores: Sequence[tuple[str, Score | None, float | None]], *, most: float) -> str:
    """Draw one approach's accuracies with their intervals, over its variants.

    Parameters
    ----------
    title : str
        The approach.
    scores : sequence of (heading, score or None, published accuracy or None)
        One a variant.
    most : float
        Right end of the scale, the same for all approaches that stand beside each other.

    Returns
    -------
    str
        An SVG element.
    """
    from matplotlib.ticker import MaxNLocator

    height = 44 + 34 * len(scores)
    figure = new_figure(340, height)
    axes = figure.add_axes((0.24, 30 / height, 0.72, 1 - 36 / height))
    quiet_axes(axes, grid="x")
    spoken = []
    for place, (heading, score, published) in enumerate(scores):
        if published is not None:
            axes.plot([published], [place + 0.24], marker="D", markersize=pixels(6), color="none",
                      markeredgecolor=QUIET, markeredgewidth=pixels(1.5))
        if score is None:
            axes.text(most, place, "not run", color=QUIET, fontsize=pixels(10.5), va="center", ha="right")
            spoken.append(f"{heading} has not run")
            continue
        low, high = score.intervals["accuracy"].low, score.intervals["accuracy"].high
        axes.plot([score.chance.majority] * 2, [place - 0.3, place + 0.3], color=SECOND, linewidth=pixels(2.5))
        axes.plot([low, high], [place, place], color=ACCENT, linewidth=pixels(4), alpha=0.45, solid_capstyle="round")
        axes.plot([score.accuracy], [place], marker="o", markersize=pixels(9), color=ACCENT)
        spoken.append(f"{heading} {share(score.accuracy)}, interval {share(low)} to {share(high)}")
    uniform = {score.chance.uniform for _, score, _ in scores if score is not None}
    for chance in sorted(uniform):
        axes.axvline(chance, color=INK, linewidth=pixels(1), linestyle=(0, (3, 3)), alpha=0.6)
    axes.set_xlim(0, most)
    axes.set_ylim(len(scores) - 0.5, -0.5)
    axes.set_yticks(range(len(scores)), [heading for heading, _, _ in scores])
    for label in axes.get_yticklabels():
        label.set_color(INK)
    axes.xaxis.set_major_formatter(lambda value, _: share(value, 1) if value else "0")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2]))
    return as_svg(figure, f"accuracy {title}", f"Accuracy of {title}: {'; '.join(spoken)}.")


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
