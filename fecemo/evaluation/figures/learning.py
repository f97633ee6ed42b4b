"""Figures of learning: a loss over the epochs, and how well rows do with less data or less time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fecemo.evaluation.figures import svg
from fecemo.evaluation.figures.svg import ACCENT, GUESS, INK, PALETTE, QUIET, SECOND, pixels
from fecemo.evaluation.printed import count, share

if TYPE_CHECKING:
    from fecemo.evaluation.results import Results

COLUMNS, WIDTH, HEIGHT, KEY = 3, 277, 186, 26
"""Panels beside each other, their size, and the height of the key above them, in CSS pixels."""


@dataclass(frozen=True)
class Curve:
    """One measure of one phase of training, epoch by epoch."""

    phase: str  #: Such as ``"reconstruction"``.
    measure: str  #: Such as ``"loss"`` or ``"accuracy"``.
    values: tuple[float, ...]  #: On the faces that were learned from, one an epoch.
    held_out: tuple[float, ...] = ()  #: On faces that were held out; empty where there were none.
    best: int = 0  #: Epoch of the least loss on held-out faces, from 1; 0 where there were none.
    kept_best: bool = False  #: Whether the weights of that epoch were kept, and not those of the last.


def curve_figure(cell: str, curve: Curve) -> str:
    """Draw one measure over the epochs, of a cell such as ``"conv_autoencoder rgb"``, as an SVG element."""
    from matplotlib.ticker import MaxNLocator

    epochs = range(1, len(curve.values) + 1)
    figure = svg.new_figure(340, 230 if curve.held_out else 210)
    axes = figure.add_axes((0.15, 0.18, 0.8, 0.68 if curve.held_out else 0.76))
    svg.quiet_axes(axes)
    axes.plot(epochs, curve.values, color=ACCENT, linewidth=pixels(2), marker="o", markersize=pixels(5),
              markevery=max(1, len(epochs) // 12), label="learned from")
    if curve.held_out:
        axes.plot(epochs, curve.held_out, color=SECOND, linewidth=pixels(2), linestyle=(0, (4, 2)), label="held out")
        if curve.best:
            axes.plot(curve.best, curve.held_out[curve.best - 1], linestyle="none", marker="o", markersize=pixels(9),
                      markerfacecolor="none", markeredgecolor=INK, markeredgewidth=pixels(1.5),
                      label=f"best, epoch {curve.best}")
        axes.legend(loc="lower left", bbox_to_anchor=(-0.17, 1.0), ncols=3, frameon=False, borderpad=0.2,
                    columnspacing=1.4, handletextpad=0.6, fontsize=pixels(10.5), labelcolor=INK)
    else:
        falls = curve.values[-1] < curve.values[max(0, len(epochs) - 2)]
        axes.annotate(f"{curve.values[-1]:.3g}", (len(epochs), curve.values[-1]),
                      xytext=(0, -pixels(18) if falls else pixels(9)), textcoords="offset points", ha="right",
                      color=INK, fontsize=pixels(11))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.margins(y=0.16)
    axes.set_xlabel("epoch", color=QUIET, fontsize=pixels(10.5), labelpad=3)
    axes.set_xlim(0.8, len(epochs) + 0.2)
    alt = f"{curve.measure} of {curve.phase} over {len(epochs)} epochs, from {curve.values[0]:.3g} to " \
          f"{curve.values[-1]:.3g}"
    alt += f"; on held-out faces from {curve.held_out[0]:.3g} to {curve.held_out[-1]:.3g}" if curve.held_out else ""
    return svg.as_svg(figure, f"curve {cell} {curve.phase} {curve.measure}",
                  alt + (f", their loss least in epoch {curve.best}." if curve.best else "."))


def learning_panels(results: "Results") -> str:
    """Draw balanced accuracy over the amount of data or time, which grows by equal factors, a panel a curve.

    Returns an SVG element of every learning curve with two points or more; empty where there is none.
    """
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MultipleLocator

    frame = results.figures
    points = frame[(frame["unit"] != "") & (frame["metric"] == "balanced_accuracy") & frame["value"].notna()
                   & (frame["naming"] != "vote")]
    clusters = sorted(points.loc[points["stage"] == "cluster_sweep", "clusters"].dropna().unique())
    points = points[(points["readout"] == "argmax") | ((points["stage"] == "cluster_sweep")
                                                       & points["clusters"].isin(clusters[:1] + clusters[-1:]))]
    curves = [curve for _, curve in points.groupby(["title", "variant", "setting", "unit"], sort=False)
              if curve["amount"].nunique() > 1]
    if not curves:
        return ""
    chance = float(frame.loc[(frame["metric"] == "balanced_accuracy") & frame["chance"].notna(), "chance"].iloc[0])
    min_clusters, max_clusters = (f"k = {numbers[0]}" if numbers else "" for numbers in (clusters[:1], clusters[-1:]))
    tints = {max_clusters: PALETTE[2], min_clusters: ACCENT, "classifier": SECOND}
    highest = max([chance, *(curve["high"].max() for curve in curves)])
    width, height = COLUMNS * WIDTH, -(-len(curves) // COLUMNS) * HEIGHT + KEY
    figure, spoken = svg.new_figure(width, height), []
    shown: dict[str, str] = {}
    for place, curve in enumerate(curves):
        left, top = place % COLUMNS * WIDTH, place // COLUMNS * HEIGHT + KEY
        axes = figure.add_axes(((left + 34) / width, 1 - (top + HEIGHT - 38) / height,
                                (WIDTH - 52) / width, (HEIGHT - 66) / height))
        svg.quiet_axes(axes)
        title, unit = curve["title"].iloc[0], curve["unit"].iloc[0]
        axes.set_title(title, loc="left", x=-0.13, fontsize=pixels(10), fontweight="bold", color=INK, pad=pixels(8))
        axes.axhline(chance, **GUESS)
        answers = curve["clusters"].map(lambda number: f"k = {number}", na_action="ignore").astype(object)
        for name, answered in curve.sort_values("amount").groupby(
                answers.where(curve["readout"] != "argmax", "classifier"), sort=False):
            tint = shown[name] = tints[name]
            axes.fill_between(answered["amount"], answered["low"], answered["high"], color=tint, alpha=0.16,
                              linewidth=0)
            axes.plot(answered["amount"], answered["value"], color=tint, linewidth=pixels(2), marker="o",
                      markersize=pixels(5))
            spoken.append(f"{title}, {name}: " + ", ".join(
                f"{share(value)} with {count(amount)}" for amount, value in zip(
                    answered["amount"], answered["value"], strict=True)) + f" {unit}")
        axes.set_xscale("log")
        amounts = sorted(set(curve["amount"]))
        axes.set_xticks(amounts, [_short(round(amount)) for amount in amounts])
        axes.minorticks_off()
        axes.margins(x=0.08)
        axes.set_ylim(0, 1.03 * highest)
        axes.set_xlabel(unit, color=QUIET, fontsize=pixels(10.5), labelpad=2)
        axes.yaxis.set_major_locator(MultipleLocator(0.2))
        axes.yaxis.set_major_formatter(lambda value, _: share(value, 1) if value else "0")
    key = [Line2D([], [], color=tint, linewidth=pixels(2), marker="o", markersize=pixels(5), label=name)
           for name, tint in shown.items()]
    figure.legend(handles=[*key, Line2D([], [], label="chance", **GUESS)], loc="upper left", bbox_to_anchor=(0, 1),
                  ncols=len(key) + 1, frameon=False, borderpad=0.2, columnspacing=1.8, handletextpad=0.6,
                  fontsize=pixels(11), labelcolor=INK)
    return svg.as_svg(figure, "learning", f"Balanced accuracy with less of one thing. {'; '.join(spoken)}.")


def _short(amount: int) -> str:
    """Return a count in four characters: ``"950"``, ``"1.2k"``, ``"24k"``."""
    if amount < 1000:
        return str(amount)
    return f"{amount / 1000:.1f}k".replace(".0k", "k") if amount < 9950 else f"{round(amount / 1000)}k"
