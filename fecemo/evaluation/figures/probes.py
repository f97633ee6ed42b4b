"""Figure of the probes: what an embedding holds of the emotions, beside what the cell makes of it."""

from fecemo.evaluation.figures.svg import ACCENT, INK, QUIET, SECOND, as_svg, new_figure, pixels, quiet_axes
from fecemo.evaluation.printed import share
from fecemo.evaluation.probing.probe import Probes
from fecemo.evaluation.records.score import Score


def probes_figure(probes: Probes, score: Score) -> str:
    """Draw the balanced accuracies of a cell and of its probes, with their intervals, as an SVG element."""
    from matplotlib.ticker import MaxNLocator

    rows = [("clusters", score.balanced_accuracy, score.intervals["balanced_accuracy"], SECOND)]
    rows += [(title, probe.balanced_accuracy, probe.intervals["balanced_accuracy"], ACCENT)
             for title, probe in (("neighbours", probes.nearest), ("linear", probes.linear))]
    height = 44 + 34 * len(rows)
    figure = new_figure(340, height)
    axes = figure.add_axes((0.24, 30 / height, 0.72, 1 - 36 / height))
    quiet_axes(axes, grid="x")
    for place, (_, value, interval, tint) in enumerate(rows):
        axes.plot([interval.low, interval.high], [place, place], color=tint, linewidth=pixels(4), alpha=0.45,
                  solid_capstyle="round")
        axes.plot([value], [place], marker="o", markersize=pixels(9), color=tint)
        axes.text(value, place - 0.24, share(value), color=QUIET, fontsize=pixels(10.5), ha="center", va="bottom")
    axes.axvline(probes.chance, color=INK, linewidth=pixels(1), linestyle=(0, (3, 3)), alpha=0.6)
    axes.set_xlim(0, min(1.0, max(interval.high for _, _, interval, _ in rows) + 0.08))
    axes.set_ylim(len(rows) - 0.5, -0.7)
    axes.set_yticks(range(len(rows)), [title for title, *_ in rows])
    for label in axes.get_yticklabels():
        label.set_color(INK)
    axes.xaxis.set_major_formatter(lambda value, _: share(value, 1) if value else "0")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2]))
    spoken = "; ".join(f"{title} {share(value)}, interval {share(interval.low)} to {share(interval.high)}"
                       for title, value, interval, _ in rows)
    return as_svg(figure, f"probes {score.approach} {score.variant}", f"Balanced accuracy of {spoken}.")
