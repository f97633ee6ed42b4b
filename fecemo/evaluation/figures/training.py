"""Learning curves."""

from dataclasses import dataclass

from fecemo.evaluation.figures.svg import ACCENT, INK, QUIET, SECOND, as_svg, new_figure, pixels, quiet_axes


@dataclass(frozen=True)
class Curve:
    """One measure of one phase of training, epoch by epoch.

    Parameters
    ----------
    phase : str
        Such as ``"reconstruction"``.
    measure : str
        Such as ``"loss"`` or ``"accuracy"``.
    values : tuple of float
        On the faces that were learned from, one an epoch.
    held_out : tuple of float
        On faces that were held out; empty where there were none.
    """

    phase: str
    measure: str
    values: tuple[float, ...]
    held_out: tuple[float, ...] = ()


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

    epochs = range(1, len(curve.values) + 1)
    figure = new_figure(340, 210)
    axes = figure.add_axes((0.15, 0.19, 0.8, 0.75))
    quiet_axes(axes)
    axes.plot(epochs, curve.values, color=ACCENT, linewidth=pixels(2), marker="o", markersize=pixels(5),
              markevery=max(1, len(epochs) // 12))
    if curve.held_out:
        axes.plot(epochs, curve.held_out, color=SECOND, linewidth=pixels(2), linestyle=(0, (4, 2)))
        axes.annotate("held out", (len(epochs), curve.held_out[-1]), xytext=(0, -pixels(14)),
                      textcoords="offset points", ha="right", color=INK, fontsize=pixels(10.5))
    axes.annotate(f"{curve.values[-1]:.3g}", (len(epochs), curve.values[-1]), xytext=(0, pixels(9)),
                  textcoords="offset points", ha="right", color=INK, fontsize=pixels(11))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.margins(y=0.12)
    axes.set_xlabel("epoch", color=QUIET, fontsize=pixels(10.5), labelpad=3)
    axes.set_xlim(0.8, len(epochs) + 0.2)
    return as_svg(figure, f"curve {cell} {curve.phase} {curve.measure}",
                  f"{curve.measure} of {curve.phase} over {len(epochs)} epochs, from {curve.values[0]:.3g} to "
                  f"{curve.values[-1]:.3g}"
                  + (f"; on held-out faces from {curve.held_out[0]:.3g} to {curve.held_out[-1]:.3g}."
                     if curve.held_out else "."))
