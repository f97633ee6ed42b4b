"""How well rows do with less data or less time, a panel a curve, all on one scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fecemo.evaluation.figures.svg import ACCENT, INK, PALETTE, QUIET, SECOND, as_svg, new_figure, pixels, quiet_axes
from fecemo.evaluation.printed import count, share

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fecemo.evaluation.results import Results

COLUMNS = 3
WIDTH, HEIGHT = 277, 186
"""Of a panel, in CSS pixels."""
KEY = 26
"""Height of the key above the panels, in CSS pixels."""
TINTS = (ACCENT, PALETTE[2])
"""Of fewer and of more clusters; answers of a classifier are drawn in the second colour of the house."""


@dataclass(frozen=True)
class PanelPoint:
    """One point of a curve.

    Parameters
    ----------
    amount : int
    answers : mapping of str to (float, float, float)
        Balanced accuracy, with the low and high end of its interval, by the way of answering.
    """

    amount: int
    answers: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True)
class Panel:
    """One curve.

    Parameters
    ----------
    title, unit : str
        What learns, and of what it has more along the panel.
    points : tuple of PanelPoint
        From the least.
    """

    title: str
    unit: str
    points: tuple[PanelPoint, ...]


def learning_figure(panels: Sequence[Panel], chance: float) -> str:
    """Draw balanced accuracy over the amount of data or time, which grows by equal factors.

    Parameters
    ----------
    panels : sequence of Panel
    chance : float
        Balanced accuracy of one answer for every face.

    Returns
    -------
    str
        An SVG element.
    """
    from matplotlib.ticker import MultipleLocator

    rows = -(-len(panels) // COLUMNS)
    width, height = COLUMNS * WIDTH, rows * HEIGHT + KEY
    figure = new_figure(width, height)
    most = max([chance, *(high for panel in panels for point in panel.points for _, _, high in point.answers.values())])
    names = list(dict.fromkeys(name for panel in panels for point in panel.points for name in point.answers))
    tints = dict(zip([name for name in names if name.startswith("k = ")], TINTS, strict=False))
    said = []
    for place, panel in enumerate(panels):
        left, top = place % COLUMNS * WIDTH, place // COLUMNS * HEIGHT + KEY
        axes = figure.add_axes(((left + 34) / width, 1 - (top + HEIGHT - 38) / height,
                                (WIDTH - 52) / width, (HEIGHT - 66) / height))
        quiet_axes(axes)
        axes.set_title(panel.title, loc="left", x=-0.13, fontsize=pixels(10), fontweight="bold", color=INK,
                       pad=pixels(8))
        axes.axhline(chance, color=INK, linewidth=pixels(1), linestyle=(0, (3, 3)), alpha=0.6)
        for name in names:
            its = [(point.amount, *point.answers[name]) for point in panel.points if name in point.answers]
            if its:
                amounts, means, lows, highs = zip(*its, strict=True)
                tint = tints.get(name, SECOND)
                axes.fill_between(amounts, lows, highs, color=tint, alpha=0.16, linewidth=0)
                axes.plot(amounts, means, color=tint, linewidth=pixels(2), marker="o", markersize=pixels(5))
                said.append(f"{panel.title}, {name}: " + ", ".join(
                    f"{share(mean)} with {count(amount)}" for amount, mean in zip(amounts, means, strict=True))
                    + f" {panel.unit}")
        axes.set_xscale("log")
        amounts = tuple(point.amount for point in panel.points)
        axes.set_xticks(amounts, [_short(amount) for amount in amounts])
        axes.minorticks_off()
        axes.margins(x=0.08)
        axes.set_ylim(0, 1.03 * most)
        axes.set_xlabel(panel.unit, color=QUIET, fontsize=pixels(10.5), labelpad=2)
        axes.yaxis.set_major_locator(MultipleLocator(0.2))
        axes.yaxis.set_major_formatter(lambda value, _: share(value, 1) if value else "0")
    _key(figure, {**tints, **{name: SECOND for name in names if name not in tints}})
    return as_svg(figure, "learning", "Balanced accuracy with less of one thing. " + "; ".join(said) + ".")


def _key(figure: "Figure", tints: Mapping[str, str]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=tint, linewidth=pixels(2), marker="o", markersize=pixels(5), label=name)
               for name, tint in tints.items()]
    handles.append(Line2D([], [], color=INK, linewidth=pixels(1), linestyle=(0, (3, 3)), alpha=0.6, label="chance"))
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, 1), ncols=len(handles), frameon=False,
                  borderpad=0.2, columnspacing=1.8, handletextpad=0.6, fontsize=pixels(11), labelcolor=INK)


def _short(amount: int) -> str:
    """Return a count in four characters: ``"950"``, ``"1.2k"``, ``"24k"``."""
    if amount < 1000:
        return str(amount)
    return f"{amount / 1000:.1f}k".replace(".0k", "k") if amount < 9950 else f"{round(amount / 1000)}k"


def learning_panels(results: "Results") -> str:
    """Draw every learning curve of the results with two points or more; empty where there is none."""
    frame = results.figures
    points = frame[(frame["unit"] != "") & (frame["metric"] == "balanced_accuracy") & frame["value"].notna()
                   & ((frame["stage"] == "cluster_sweep") | (frame["readout"] == "argmax"))]
    counts = sorted(points["clusters"].dropna().unique())
    shown = {counts[0], counts[-1]} if counts else set()
    panels = []
    for _, curve in points.groupby(["title", "variant", "setting", "unit"], sort=False):
        amounts = []
        for amount in sorted(set(curve["amount"].tolist())):
            answers = {}
            for row in curve[curve["amount"] == amount].to_dict("records"):
                if row["readout"] == "argmax":
                    answers["classifier"] = (row["value"], row["low"], row["high"])
                elif row["clusters"] in shown and row["naming"] != "vote":
                    answers[f"k = {row['clusters']}"] = (row["value"], row["low"], row["high"])
            amounts.append(PanelPoint(int(amount), answers))
        if len(amounts) > 1:
            panels.append(Panel(str(curve["title"].iloc[0]), str(curve["unit"].iloc[0]), tuple(amounts)))
    chances = frame.loc[(frame["metric"] == "balanced_accuracy") & frame["chance"].notna(), "chance"]
    return learning_figure(panels, float(chances.iloc[0])) if panels else ""
