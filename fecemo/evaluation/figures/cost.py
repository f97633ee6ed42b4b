"""Figure of the cost curve: what a person's time buys, a line a strategy."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fecemo.evaluation.figures import svg
from fecemo.evaluation.figures.svg import GUESS, INK, PALETTE, QUIET, pixels
from fecemo.evaluation.printed import count, known, share

if TYPE_CHECKING:
    import pandas

    from fecemo.evaluation.results import Results

WIDTH, HEIGHT, LINE = 360, 320, 17
"""Of the panel, and of a line of the key beneath it, in CSS pixels."""
MARKS = "osD^vPX*"
"""A shape a strategy, so that colours need not tell alone."""
TIMES = {10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h", 36000: "10 h", 360000: "100 h"}
"""Seconds that the axis names."""
REFERENCES = ("labels of faces at random", "clusters, a look each (simulated)", "clusters, 5 labels each")
"""Strategies that are told apart always; of the others, those somewhere better than all that takes less time."""
NO_TIME = 0.45
"""Place of no act at all, as a share of the fewest seconds of any other point."""


def cost_figure(results: "Results") -> str:
    """Draw balanced accuracy over a person's seconds for the row that gets farthest, as an SVG element.

    Returns an empty text where no cost curve was made.
    """
    frame = results.figures
    curve = frame[(frame["stage"] == "cost_curve") & (frame["naming"] != "")]
    right = curve[curve["metric"] == "balanced_accuracy"]
    if right.empty:
        return ""
    best = right.sort_values("value", kind="stable").iloc[-1]
    right, seconds = (rows[(rows["row"] == best["row"]) & (rows["variant"] == best["variant"])]
                      for rows in (right, curve[curve["metric"] == "person_seconds"]))
    return _panel(best, right.merge(seconds[["naming", "amount", "value"]], on=["naming", "amount"],
                                    suffixes=("", "_seconds")))


def _panel(best: "pandas.Series", points: "pandas.DataFrame") -> str:
    from matplotlib.lines import Line2D

    by_time = points.sort_values(["value_seconds", "value"], ascending=[True, False], kind="stable")
    before = by_time["value"].cummax().shift(fill_value=-1.0)
    leading = by_time.loc[by_time["value"] > before, "naming"]  # better than all that takes less time
    apart = [name for name in dict.fromkeys(points["naming"])
             if name in {*leading, *REFERENCES} or name.startswith("clusters, by hand")]
    others = [name for name in dict.fromkeys(points["naming"]) if name not in apart]
    height = HEIGHT + LINE * (len(apart) + bool(others))
    figure, spoken = svg.new_figure(WIDTH, height), []
    axes = figure.add_axes((40 / WIDTH, 1 - (HEIGHT - 42) / height, (WIDTH - 54) / WIDTH, (HEIGHT - 74) / height))
    svg.quiet_axes(axes, grid="both")
    axes.set_title(f"{best['title']}, {best['variant_title']}", loc="left", x=-0.1, fontsize=pixels(11),
                   fontweight="bold", color=INK, pad=pixels(10))
    spent = points["value_seconds"]
    least = float(spent[spent > 0].min()) if (spent > 0).any() else 60.0
    at_rest = NO_TIME * least
    plain: dict[str, Any] = {"color": QUIET, "linewidth": pixels(0.8), "alpha": 0.5, "marker": ".",
                             "markersize": pixels(4)}
    key = []
    for name in [*others, *apart]:
        line = points[points["naming"] == name].sort_values("amount")
        x, style = line["value_seconds"].clip(lower=at_rest), plain
        if name in apart:
            place = apart.index(name)
            tint = svg.colour(place)
            style = {"color": tint, "linewidth": pixels(1.8), "marker": MARKS[place % len(MARKS)],
                     "markersize": pixels(6), "linestyle": "-" if place < len(PALETTE) else (0, (4, 2))}
            axes.fill_between(x, line["low"], line["high"], color=tint, alpha=0.1, linewidth=0)
            key.append(Line2D([], [], label=name, **style))
        axes.plot(x, line["value"], **style)
        spoken.append(f"{name}: " + ", ".join(
            f"{share(value)} after {count(acts)} acts" for acts, value in zip(line["amount"], line["value"],
                                                                            strict=True)))
    if others:
        key.append(Line2D([], [], label="others, which are in the table", **plain))
    axes.axhline(float(best["chance"]), **GUESS)
    highest = float(points["high"].max())
    if known(best["human"]):
        axes.axhline(float(best["human"]), color=INK, linewidth=pixels(1.2), linestyle=(0, (1, 2)))
        axes.annotate("one rater", (1, float(best["human"])), xycoords=("axes fraction", "data"), xytext=(0, 3),
                      textcoords="offset points", ha="right", va="bottom", color=QUIET, fontsize=pixels(10))
        highest = max(highest, float(best["human"]))
        spoken.append(f"one rater against the others {share(float(best['human']))}")
    axes.annotate("chance", (1, float(best["chance"])), xycoords=("axes fraction", "data"), xytext=(0, 3),
                  textcoords="offset points", ha="right", va="bottom", color=QUIET, fontsize=pixels(10))
    axes.set_xscale("log")
    last = float(max(spent.max(), 2 * least))
    ticks: dict[float, str] = {at_rest: "none"} | {
        time: words for time, words in TIMES.items() if least / 1.6 < time <= 1.2 * last}
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.minorticks_off()
    axes.set_xlim(at_rest / 1.25, 1.25 * last)
    floor = max(0.0, np.floor(10 * min(float(best["chance"]), float(points["value"].min())) - 0.25) / 10)
    axes.set_ylim(floor, min(1.0, highest + 0.05))
    axes.set_yticks(np.arange(floor, min(1.0, highest + 0.05), 0.1))
    axes.yaxis.set_major_formatter(lambda value, _: share(value, 1) if value else "0")
    axes.set_xlabel("a person’s time", color=QUIET, fontsize=pixels(10.5), labelpad=3)
    figure.legend(handles=key, loc="lower left", bbox_to_anchor=(0, 0), ncols=1, frameon=False, borderpad=0.2,
                  labelspacing=0.35, handletextpad=0.6, fontsize=pixels(11), labelcolor=INK)
    return svg.as_svg(figure, "cost", f"Balanced accuracy of {best['title']} over a person's time. "
                      f"{'; '.join(spoken)}.")
