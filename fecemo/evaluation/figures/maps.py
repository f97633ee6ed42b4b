"""Figures of a t-SNE map: the source by cluster or by name, the target one emotion at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fecemo.evaluation.figures.svg import ACCENT, CARD, INK, as_svg, colour, new_figure, pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEAST_HEIGHT = 0.4
"""A map that is a thin thread is drawn on a ground of this height in widths, to leave room for numbers."""
OTHERS = "#8a8f96"
"""Gray that stands back on white and on black."""
BADGES, NUMBERS = 16, 60
"""Clusters up to which each has a badge with its number, and up to which at least the number."""


@dataclass(frozen=True)
class MapPoints:
    """A map of embeddings with everything that colours it.

    Parameters
    ----------
    source : ndarray of shape (n, 2), float
        Places of source faces.
    source_clusters : ndarray of shape (n,), int
        Of a classifier, whose source are the labelled faces that it learned from, the numbers of their emotions.
    target : ndarray of shape (m, 2), float
        Places of target faces in the same map.
    target_emotions : ndarray of shape (m,), str
        What each target face shows; ``""`` where that is not known.
    classes : tuple of str
        Of the target, in order.
    """

    source: np.ndarray
    source_clusters: np.ndarray
    target: np.ndarray
    target_emotions: np.ndarray
    classes: tuple[str, ...]


def cluster_map(cell: str, points: MapPoints) -> str:
    """Draw the source faces of a map in the colours of their clusters, each cluster's number at its middle.

    Returns
    -------
    str
        An SVG element. Numbers that would cover the map, of more than 60 clusters, are left out.
    """
    figure, axes = _bare_axes(400, points)
    clusters = [int(number) for number in np.unique(points.source_clusters)]
    _scatter_source(axes, points, {number: colour(number) for number in clusters})
    small = len(clusters) > BADGES
    for number, (x, y) in _badge_places(points).items() if len(clusters) <= NUMBERS else ():
        axes.plot([x], [y], marker="o", markersize=pixels(13 if small else 20), color=CARD,
                  markeredgecolor=colour(number), markeredgewidth=pixels(1.2 if small else 2.5), clip_on=False)
        axes.text(x, y, str(number), ha="center", va="center_baseline", color=INK, fontsize=pixels(8 if small else 12),
                  fontweight="normal" if small else "bold")
    return as_svg(figure, f"map {cell}",
                  f"t-SNE map of {len(points.source):,} source faces in {len(clusters)} clusters.")


def name_map(cell: str, points: MapPoints, names: Mapping[int, str]) -> str:
    """Draw the source faces of a map in the colours of their clusters' names, one colour a name.

    Parameters
    ----------
    cell : str
    points : MapPoints
    names : mapping of int to str
        Name of each cluster; one without a name is gray.

    Returns
    -------
    str
        An SVG element; `name_key` tells its colours.
    """
    figure, axes = _bare_axes(400, points)
    clusters = [int(number) for number in np.unique(points.source_clusters)]
    _scatter_source(axes, points, {
        number: emotion_colour(names.get(number, ""), points.classes) for number in clusters})
    shown = ", ".join(name for _, name in name_key(names, points.classes))
    return as_svg(figure, f"names {cell}", f"t-SNE map of {len(points.source):,} source faces by the names of their "
                  f"clusters: {shown}.")


def learnt_map(cell: str, points: MapPoints) -> str:
    """Draw the faces that a classifier learned from in the colours of their emotions, whose numbers the clusters are.

    Returns
    -------
    str
        An SVG element; `name_key` tells its colours.
    """
    figure, axes = _bare_axes(400, points)
    _scatter_source(axes, points, {
        number: emotion_colour(emotion, points.classes) for number, emotion in enumerate(points.classes)})
    return as_svg(figure, f"learnt {cell}",
                  f"t-SNE map of {len(points.source):,} faces that the classifier learned from, by emotion.")


def name_key(names: Mapping[int, str], classes: Sequence[str]) -> list[tuple[str, str]]:
    """Return colour and name of every name in use, classes in their order and whatever is none after them."""
    used = set(names.values())
    known = [name for name in classes if name in used]
    return [(emotion_colour(name, classes), name) for name in known + sorted(used.difference(classes))]


def emotion_colour(name: str, classes: Sequence[str]) -> str:
    """Return the colour of a class; gray for what is none."""
    return colour(list(classes).index(name)) if name in classes else OTHERS


def _scatter_source(axes: "Axes", points: MapPoints, colours: Mapping[int, str]) -> None:
    # Shuffled, so that no cluster lies on top of the others because it was drawn last.
    order = np.random.default_rng(0).permutation(len(points.source))
    of_face = np.array([colours[int(number)] for number in points.source_clusters])
    axes.scatter(points.source[order, 0], points.source[order, 1], c=of_face[order], s=_dot(len(order), 5.5),
                 alpha=0.7, linewidths=0, rasterized=True)


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


def _badge_places(points: MapPoints, squares: int = 16) -> dict[int, np.ndarray]:
    """Return for each cluster the middle of its faces where they are thickest, and no other cluster's badge stands."""
    low = points.source.min(axis=0)
    square = max(float((points.source.max(axis=0) - low).max()), 1e-9) / squares
    places: dict[int, np.ndarray] = {}
    numbers, sizes = np.unique(points.source_clusters, return_counts=True)
    for number in numbers[np.argsort(sizes, kind="stable")].tolist():  # small ones have the least choice
        own = points.source[points.source_clusters == number]
        _, of_square, counts = np.unique(((own - low) / square).astype(int), axis=0, return_inverse=True,
                                         return_counts=True)
        middles = [own[of_square.ravel() == at].mean(axis=0) for at in np.argsort(-counts, kind="stable")]
        free = (middle for middle in middles
                if all(np.linalg.norm(middle - other) > square for other in places.values()))
        places[number] = next(free, middles[0])
    return dict(sorted(places.items()))


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
