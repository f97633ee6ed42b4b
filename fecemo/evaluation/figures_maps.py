"""Figures of a t-SNE map: the source by cluster, the target one emotion at a time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fecemo.evaluation.figures import ACCENT, CARD, INK, as_svg, colour, new_figure, pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEAST_HEIGHT = 0.4
"""A map that is a thin thread is drawn on a ground of this height in widths, to leave room for numbers."""
OTHERS = "#8a8f96"
"""Gray that stands back on white and on black."""


@dataclass(frozen=True)
class MapPoints:
    """A map of embeddings with everything that colours it.

    Parameters
    ----------
    source : ndarray of shape (n, 2), float
        Places of source faces.
    source_clusters : ndarray of shape (n,), int
    target : ndarray of shape (m, 2), float
        Places of target faces in the same map.
    target_emotions : ndarray of shape (m,), str
        What each target face shows; ``""`` where that is not known.
    """

    source: np.ndarray
    source_clusters: np.ndarray
    target: np.ndarray
    target_emotions: np.ndarray


def cluster_map(cell: str, points: MapPoints) -> str:
    """Draw the source faces of a map in the colours of their clusters, each cluster's number at its middle.

    Returns
    -------
    str
        An SVG element.
    """
    figure, axes = _bare_axes(400, points)
    clusters = [int(number) for number in np.unique(points.source_clusters)]
    # Shuffled, so that no cluster lies on top of the others because it was drawn last.
    order = np.random.default_rng(0).permutation(len(points.source))
    colours = np.array([colour(int(number)) for number in points.source_clusters])
    axes.scatter(points.source[order, 0], points.source[order, 1], c=colours[order], s=_dot(len(order), 5.5),
                 alpha=0.7, linewidths=0, rasterized=True)
    for number in clusters:
        x, y = np.median(points.source[points.source_clusters == number], axis=0)
        axes.plot([x], [y], marker="o", markersize=pixels(20), color=CARD, markeredgecolor=colour(number),
                  markeredgewidth=pixels(2.5), clip_on=False)
        axes.text(x, y, str(number), ha="center", va="center_baseline", color=INK, fontsize=pixels(12),
                  fontweight="bold")
    return as_svg(figure, f"map {cell}",
                  f"t-SNE map of {len(points.source):,} source faces in {len(clusters)} clusters.")


def emotion_map(cell: str, points: MapPoints, emotion: str) -> str:
    """Draw the target faces of one emotion over all target faces.

    Returns
    -------
    str
        An SVG element.
    """
    figure, axes = _bare_axes(200, points)
    shown = points.target_emotions == emotion
    for these, dots, size, alpha in ((~shown, OTHERS, 3.2, 0.35), (shown, ACCENT, 5.0, 0.9)):
        axes.scatter(points.target[these, 0], points.target[these, 1], c=dots, s=_dot(len(points.target), size),
                     alpha=alpha, linewidths=0, rasterized=True)
    return as_svg(figure, f"map {cell} {emotion}", f"Map of {len(points.target):,} target faces; the "
                  f"{int(shown.sum()):,} that show {emotion} are marked.")


def _bare_axes(width: float, points: MapPoints) -> "tuple[Figure, Axes]":
    """Return a figure as high as the map needs, and axes with one scale for both directions."""
    places = np.concatenate([points.source, points.target])
    low, high = places.min(0), places.max(0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-9) * 1.06
    wide = max(half[0], half[1])
    tall = max(half[1], LEAST_HEIGHT * wide)
    figure = new_figure(width, width * tall / wide)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(middle[0] - wide, middle[0] + wide)
    axes.set_ylim(middle[1] - tall, middle[1] + tall)
    return figure, axes


def _dot(n: int, most: float) -> float:
    """Return the area of a dot, in square points: smaller for larger crowds, never invisible."""
    return float(np.clip(most**2 * np.sqrt(600 / max(n, 1)), 1.2, most**2) * 0.5)
