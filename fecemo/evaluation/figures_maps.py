"""Figures of a t-SNE map: the source by cluster, the target one emotion at a time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fecemo.evaluation.figures import ACCENT, CARD, INK, as_svg, colour, new_figure, pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
    figure = new_figure(400, 400)
    axes = _bare_axes(figure, points)
    clusters = [int(number) for number in np.unique(points.source_clusters)]
    # Shuffled, so that no cluster lies on top of the others because it was drawn last.
    order = np.random.default_rng(0).permutation(len(points.source))
    colours = np.array([colour(int(number)) for number in points.source_clusters])
    axes.scatter(*points.source[order].T, c=colours[order], s=_dot(len(order), 5.5), alpha=0.7, linewidths=0,
                 rasterized=True)
    for number in clusters:
        x, y = np.median(points.source[points.source_clusters == number], axis=0)
        axes.plot([x], [y], marker="o", markersize=pixels(20), color=CARD, markeredgecolor=colour(number),
                  markeredgewidth=pixels(2.5), clip_on=False)
        axes.text(x, y, str(number), ha="center", va="center_baseline", color=INK, fontsize=pixels(12),
                  fontweight="bold")
    return as_svg(figure, f"map {cell}", f"t-SNE map of {len(points.source):,} source faces in {len(clusters)} clusters.")


def emotion_map(cell: str, points: MapPoints, emotion: str) -> str:
    """Draw the target faces of one emotion over all target faces.

    Returns
    -------
    str
        An SVG element.
    """
    figure = new_figure(200, 200)
    axes = _bare_axes(figure, points)
    shown = points.target_emotions == emotion
    axes.scatter(*points.target[~shown].T, c="#8a8f96", s=_dot(len(points.target), 3.2), alpha=0.35, linewidths=0,
                 rasterized=True)
    axes.scatter(*points.target[shown].T, c=ACCENT, s=_dot(len(points.target), 5), alpha=0.9, linewidths=0,
                 rasterized=True)
    return as_svg(figure, f"map {cell} {emotion}",
                  f"Map of {len(points.target):,} target faces; the {int(shown.sum()):,} that show {emotion} are marked.")


def _bare_axes(figure: "Figure", points: MapPoints) -> "Axes":
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
    axes.set_facecolor("none")
    axes.set_axis_off()
    places = np.concatenate([points.source, points.target])
    low, high = places.min(0), places.max(0)
    middle, half = (low + high) / 2, max(float((high - low).max()) / 2, 1e-9) * 1.03
    axes.set_xlim(middle[0] - half, middle[0] + half)
    axes.set_ylim(middle[1] - half, middle[1] + half)
    return axes


def _dot(n: int, most: float) -> float:
    """Return the area of a dot, in square points: smaller for larger crowds, never invisible."""
    return float(np.clip(most**2 * np.sqrt(600 / max(n, 1)), 1.2, most**2) * 0.5)
