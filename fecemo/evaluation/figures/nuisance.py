"""Figures of the nuisance check: factors of one cell, and factors by cells at a glance."""

from collections.abc import Mapping, Sequence

from fecemo.evaluation.figures.svg import ACCENT, HAIRLINE, INK, QUIET, SECOND, as_svg, new_figure, pixels, quiet_axes
from fecemo.evaluation.printed import share
from fecemo.evaluation.probing.factors import EXPRESSION, Nuisance

BRIGHT, ON_BRIGHT = 0.62, "#1d1e20"
"""From this depth on, orange is too bright for the light figures of a dark page; dark ones stand on it on any page."""
LEAST_SCALE = 0.1
"""The deepest square stands for the largest value of the figure, or for this where all are smaller."""
WIDTH = 350


def factors_figure(cell: str, nuisance: Nuisance) -> str:
    """Draw what one cell's groups (bars) and embedding (rings) follow, a row a factor, as an SVG element."""
    factors = list(nuisance.factors.items())
    height = 30 + 34 * len(factors)
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes((0.33, 28 / height, 0.64, 1 - 30 / height))
    quiet_axes(axes, grid="x")
    spoken = []
    for place, (name, its) in enumerate(factors):
        tint = ACCENT if name in EXPRESSION else SECOND
        axes.plot([0, max(0.0, its.ami)], [place, place], color=tint, linewidth=pixels(9), solid_capstyle="butt")
        if its.predictable is not None:
            axes.plot([max(0.0, its.predictable)], [place], marker="o", markersize=pixels(9), color="none",
                      markeredgecolor=INK, markeredgewidth=pixels(1.6), clip_on=False)
        axes.text(-0.03, place - (0.13 if its.explains != name else 0), words(name), color=INK, fontsize=pixels(11),
                  ha="right", va="center", clip_on=False)
        if its.explains != name:
            axes.text(-0.03, place + 0.24, words(its.explains), color=QUIET, fontsize=pixels(9), ha="right",
                      va="center", clip_on=False)
        told = "" if its.predictable is None else f", predictable {share(its.predictable, 2)}"
        spoken.append(f"{name} {share(its.ami, 2)}{told}")
    axes.set_xlim(0, 1)
    axes.set_ylim(len(factors) - 0.5, -0.6)
    axes.set_yticks([])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])
    return as_svg(figure, f"factors {cell}", f"What {cell} follows: {'; '.join(spoken)}.")


def factors_grid(name: str, what: str, rows: Sequence[tuple[str, str, Mapping[str, float | None]]]) -> str:
    """Draw values of factors by cells: a row a cell, a column a factor; the figure is the value in percent.

    Parameters
    ----------
    name : str
        Unlike that of any other figure on the page.
    what : str
        What a value is, for who does not see the picture.
    rows : sequence of (approach, variant, values)
        Cells in the order of the table; approaches stand together. Values are shares by factor, None where there is
        none; below 0 counts as 0.

    Returns
    -------
    str
        An SVG element that reads at the width of a phone.
    """
    from matplotlib.patches import Rectangle

    factors = list(dict.fromkeys(factor for _, _, values in rows for factor in values))
    approaches = list(dict.fromkeys(approach for approach, _, _ in rows))
    most = max([LEAST_SCALE, *(value for _, _, values in rows for value in values.values() if value is not None)])
    left, top, line, head = 62, 76, 25, 24
    height = top + line * len(rows) + head * len(approaches) + 4
    side = (WIDTH - left - 24) / len(factors)
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    for column, factor in enumerate(factors):
        weight = "bold" if factor in EXPRESSION else "normal"
        axes.text(left + (column + 0.45) * side, top - 6, words(factor), color=INK, fontsize=pixels(10.5), rotation=50,
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
            part = min(1.0, percent / 100 / most)
            tint = ACCENT if factor in EXPRESSION else SECOND
            axes.add_patch(Rectangle((left + column * side + 1, y + 1), side - 2, line - 2, facecolor=(tint, part),
                                     edgecolor=HAIRLINE, linewidth=pixels(0.6)))
            text = "" if value is None else str(percent or "·")
            axes.text(left + (column + 0.5) * side, y + line / 2 + 0.5, text, ha="center", va="center",
                      fontsize=pixels(10.5), color=ON_BRIGHT if tint == SECOND and part >= BRIGHT else INK)
        y += line
        told = ", ".join(f"{factor} {share(value, 2)}" for factor, value in values.items() if value is not None)
        spoken.append(f"{approach} {variant}: {told}")
    return as_svg(figure, name, f"{what}. {'; '.join(spoken)}.")


def words(name: str) -> str:
    """Return a column's name in words: ``"expression.jaw_drop"`` → ``"jaw drop"``."""
    return (name.partition(".")[2] or name).replace("_", " ")


def nuisance_grids(cells: "Sequence[tuple[str, str, Nuisance]]") -> tuple[str, str] | None:
    """Draw what all cells' groups share with each factor, and how well it is predicted from their embeddings.

    Parameters
    ----------
    cells : sequence of (approach, variant, Nuisance)
        Titles and record, in the order of the table.

    Returns
    -------
    (str, str) or None
        Two SVG elements; None without cells.
    """
    if not cells:
        return None
    shared = [(approach, variant, {name: its.ami for name, its in found.factors.items()})
              for approach, variant, found in cells]
    told = [(approach, variant, {name: its.predictable for name, its in found.factors.items()})
            for approach, variant, found in cells]
    return (factors_grid("groups by factor", "Adjusted mutual information of groups and factors", shared),
            factors_grid("embeddings by factor", "Linear predictability of factors from embeddings", told))
