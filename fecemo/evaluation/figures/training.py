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
    best : int
        Epoch of the least loss on held-out faces, from 1; 0 where there were none.
    kept_best : bool
        Whether the weights of that epoch were kept, and not those of the last.
    """

    phase: str
    measure: str
    values: tuple[float, ...]
    held_out: tuple[float, ...] = ()
    best: int = 0
    kept_best: bool = False


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
    figure = new_figure(340, 230 if curve.held_out else 210)
    axes = figure.add_axes((0.15, 0.18, 0.8, 0.68 if curve.held_out else 0.76))
    quiet_axes(axes)
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
    return as_svg(figure, f"curve {cell} {curve.phase} {curve.measure}",
                  f"{curve.measure} of {curve.phase} over {len(epochs)} epochs, from {curve.values[0]:.3g} to "
                  f"{curve.values[-1]:.3g}"
                  + (f"; on held-out faces from {curve.held_out[0]:.3g} to {curve.held_out[-1]:.3g}"
                     if curve.held_out else "")
                  + (f", their loss least in epoch {curve.best}." if curve.best else "."))
