"""Figure of groups: each group's accuracy with its interval, beside that of all scored faces."""

from fecemo.evaluation.figures.svg import ACCENT, INK, QUIET, SECOND, as_svg, new_figure, pixels, quiet_axes
from fecemo.evaluation.printed import count, share
from fecemo.evaluation.probing.group_rates import GroupColumn
from fecemo.evaluation.records.score import Score


def groups_figure(cell: str, column: GroupColumn, score: Score) -> str:
    """Draw the accuracies of one column's groups; a small group is a ring. Returns an SVG element."""
    from matplotlib.ticker import MaxNLocator

    height = 30 + 30 * len(column.groups)
    figure = new_figure(340, height)
    axes = figure.add_axes((0.3, 28 / height, 0.54, 1 - 30 / height))
    quiet_axes(axes, grid="x")
    spoken = []
    for place, group in enumerate(column.groups):
        interval = group.intervals["accuracy"]
        axes.plot([interval.low, interval.high], [place, place], color=ACCENT, linewidth=pixels(4), alpha=0.45,
                  solid_capstyle="round")
        axes.plot([group.accuracy], [place], marker="o", markersize=pixels(9), color="none" if group.small else ACCENT,
                  markeredgecolor=ACCENT, markeredgewidth=pixels(1.6))
        axes.text(1.03, place, count(group.n_scored), transform=axes.get_yaxis_transform(), color=QUIET,
                  fontsize=pixels(10.5), ha="left", va="center")
        spoken.append(f"{group.name} {share(group.accuracy)} of {group.n_scored} faces")
    axes.axvline(score.accuracy, color=INK, linewidth=pixels(1), linestyle=(0, (3, 3)), alpha=0.6)
    axes.axvline(score.chance.majority, color=SECOND, linewidth=pixels(2.5), alpha=0.8)
    axes.set_xlim(0, min(1.0, max(group.intervals["accuracy"].high for group in column.groups) + 0.05))
    axes.set_ylim(len(column.groups) - 0.5, -0.5)
    axes.set_yticks(range(len(column.groups)), [group.name for group in column.groups])
    for label in axes.get_yticklabels():
        label.set_color(INK)
    axes.xaxis.set_major_formatter(lambda value, _: share(value, 1) if value else "0")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2]))
    return as_svg(figure, f"groups {column.name} {cell}", f"Accuracy by {column.name}: {'; '.join(spoken)}.")
