"""Figure of a matrix of sets by sets: what is learned from, and what is met."""

from collections.abc import Sequence

from fecemo.evaluation.figures.svg import ACCENT, HAIRLINE, INK, as_svg, new_figure, pixels
from fecemo.evaluation.printed import share

WIDTH, LEFT, TOP = 350, 96, 64
MOST_SIDE = 84
LONGEST = 14
"""Letters of a name that are printed."""


def matrix_figure(name: str, what: str, sets: Sequence[str], values: Sequence[Sequence[float]],
                  beside: Sequence[Sequence[str]] | None, *, least: float) -> str:
    """Draw a square matrix: rows are learned from, columns are met.

    Parameters
    ----------
    name : str
        Unlike that of any other figure on the page.
    what : str
        What a value is.
    sets : sequence of str, of length s
    values : sequence of s sequences of s floats
    beside : likewise of str, optional
        Printed small below each value.
    least : float
        Value that has no colour; the largest of all has the deepest.

    Returns
    -------
    str
        An SVG element that reads at the width of a phone.
    """
    from matplotlib.patches import Rectangle

    side = min(MOST_SIDE, (WIDTH - LEFT) / len(sets))
    height = TOP + 0.72 * side * len(sets) + 4
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    most = max(max(row) for row in values)
    for place, title in enumerate(map(_short, sets)):
        axes.text(LEFT - 8, TOP + 0.72 * side * (place + 0.5), title, color=INK, fontsize=pixels(11), ha="right",
                  va="center")
        axes.text(LEFT + side * (place + 0.3), TOP - 6, title, color=INK, fontsize=pixels(11), ha="left", va="bottom",
                  rotation=40, rotation_mode="anchor")
    spoken = []
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            part = min(1.0, max(0.0, (value - least) / (most - least))) if most > least else 0.0
            x, y = LEFT + side * column, TOP + 0.72 * side * row
            axes.add_patch(Rectangle((x + 1, y + 1), side - 2, 0.72 * side - 2, facecolor=(ACCENT, part),
                                     edgecolor=INK if row == column else HAIRLINE,
                                     linewidth=pixels(1.2 if row == column else 0.6)))
            axes.text(x + side / 2, y + side * (0.36 if beside is None else 0.27), share(value, 2), color=INK,
                      fontsize=pixels(12), ha="center", va="center")
            if beside is not None:
                axes.text(x + side / 2, y + side * 0.53, beside[row][column], color=INK, fontsize=pixels(9),
                          ha="center", va="center")
            spoken.append(f"from {sets[row]} to {sets[column]} {share(value, 2)}")
    return as_svg(figure, name, f"{what}: {'; '.join(spoken)}.")


def _short(title: str) -> str:
    return title if len(title) <= LONGEST else f"{title[: LONGEST - 1]}…"
