"""Learning curves."""

from collections.abc import Sequence
from dataclasses import dataclass

from fecemo.evaluation.figures import ACCENT, INK, QUIET, SECOND, as_svg, new_figure, pixels, quiet_axes


@dataclass(frozen=True)
class Curve:
    """One measure of one phase of training, epoch by epoch.

    Parameters
    ----------
    phase : str
        Such as ``"reconstruction"``.
    measure : str
        Such as ``"loss"`` or ``"accuracy"``.
    training : tuple of float
        On the faces that were learned from, one an epoch.
    validation : tuple of float
        On faces held back; empty where none were.
    """

    phase: str
    measure: str
    training: tuple[float, ...]
    validation: tuple[float, ...] = ()


def curve_figure(cell: str, curve: Curve) -> str:
    """Draw one measure over the epochs.

    Parameters
    ----------
    cell : str
        Which cell, such as ``"conv_autoencoder rgb"``.
    curve : Curve

    Returns
    -------
    str
        An SVG element.
    """
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(340, 210)
    axes = figure.add_axes((0.15, 0.19, 0.63, 0.75))
    quiet_axes(axes)
    ends = []
    for values, colour, marker, word in ((curve.training, ACCENT, "o", "training"),
                                         (curve.validation, SECOND, "s", "held back")):
        if not values:
            continue
        epochs = range(1, len(values) + 1)
        axes.plot(epochs, values, color=colour, linewidth=pixels(2), marker=marker, markersize=pixels(5),
                  markevery=max(1, len(values) // 12))
        ends.append((values[-1], word, colour))
    for height, (value, word, colour) in zip(_apart([end[0] for end in ends], axes.get_ylim()), ends, strict=True):
        axes.annotate(word, (len(curve.training), value), xytext=(1.04, height), textcoords=axes.get_yaxis_transform(),
                      va="center", color=INK, fontsize=pixels(11), annotation_clip=False,
                      arrowprops={"arrowstyle": "-", "color": colour, "linewidth": pixels(1), "alpha": 0.7,
                                  "shrinkA": 1, "shrinkB": 3})
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_xlabel("epoch", color=QUIET, fontsize=pixels(10.5), labelpad=3)
    axes.set_xlim(0.8, len(curve.training) + 0.2)
    spoken = "; ".join(f"{word} ends at {value:.3g}" for value, word, _ in ends)
    return as_svg(figure, f"curve {cell} {curve.phase} {curve.measure}",
                  f"{curve.measure} over {len(curve.training)} epochs of {curve.phase}: {spoken}.")


def _apart(heights: Sequence[float], limits: tuple[float, float]) -> list[float]:
    """Move two labels apart so that they do not cover each other."""
    if len(heights) < 2:
        return list(heights)
    gap = 0.1 * (limits[1] - limits[0])
    low, high = sorted(heights)
    if high - low >= gap:
        return list(heights)
    middle = (low + high) / 2
    first = middle + gap / 2 if heights[0] >= heights[1] else middle - gap / 2
    return [first, 2 * middle - first]
