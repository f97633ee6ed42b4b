"""ROC and precision-recall curves of one cell, a line an emotion."""

from collections.abc import Mapping, Sequence

from fecemo.evaluation.figures.svg import INK, QUIET, as_svg, colour, new_figure, pixels, quiet_axes

Points = Sequence[tuple[float, float]]


def roc_figure(cell: str, curves: Mapping[str, Points], colours: Mapping[str, int]) -> str:
    """Draw ROC curves over the diagonal of chance.

    Parameters
    ----------
    cell : str
        Which cell, such as ``"supervised rgb"``.
    curves : mapping of str to sequence of (float, float)
        By emotion, points (false positive rate, true positive rate).
    colours : mapping of str to int
        Number of each emotion's colour.

    Returns
    -------
    str
        An SVG element.
    """
    return _figure(cell, "ROC", curves, colours, ("faces of other emotions let in", "faces of the emotion found"))


def precision_recall_figure(cell: str, curves: Mapping[str, Points], colours: Mapping[str, int]) -> str:
    """Draw precision-recall curves; parameters as in `roc_figure`, points (recall, precision)."""
    return _figure(cell, "precision-recall", curves, colours,
                   ("faces of the emotion found", "right among those let in"))


def _figure(cell: str, kind: str, curves: Mapping[str, Points], colours: Mapping[str, int],
            labels: tuple[str, str]) -> str:
    figure = new_figure(340, 300)
    axes = figure.add_axes((0.13, 0.15, 0.84, 0.82))
    quiet_axes(axes)
    axes.grid(axis="x", color=axes.yaxis.get_gridlines()[0].get_color(), linewidth=0.8)
    if kind == "ROC":
        axes.plot([0, 1], [0, 1], color=INK, linewidth=pixels(1), linestyle=(0, (3, 3)), alpha=0.6)
    for emotion, points in curves.items():
        x, y = zip(*points, strict=True)
        # What is let in together with others of the same score counts from the first of them on.
        axes.plot(x, y, color=colour(colours[emotion]), linewidth=pixels(1.8), alpha=0.9,
                  drawstyle="default" if kind == "ROC" else "steps-pre")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])
    axes.set_xlabel(labels[0], color=QUIET, fontsize=pixels(10.5), labelpad=3)
    axes.set_ylabel(labels[1], color=QUIET, fontsize=pixels(10.5), labelpad=3)
    return as_svg(figure, f"{kind} {cell}", f"{kind} curves of {', '.join(curves)}, each against the rest.")
