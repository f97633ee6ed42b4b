"""SVG elements of a t-SNE map: the source by cluster or name, the target one emotion at a time, and made of faces."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fecemo.data.cluster_names import shown_by
from fecemo.data.vocabulary import names_of
from fecemo.evaluation.figures import svg
from fecemo.evaluation.figures.svg import ACCENT, CARD, INK, pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MIN_HEIGHT = 0.4
"""A map that is a thin thread is drawn on a ground of this height in widths, to leave room for numbers."""
OTHERS = "#8a8f96"
"""Gray that recedes on white and on black."""
DIVIDED = "divided"
"""In the place of a name, of a cluster whose halves have names of their own."""
BADGES, NUMBERS = 16, 60
"""Clusters up to which each has a badge with its number, and up to which at least the number."""
SQUARES = 14
"""Thumbnails along the longer side: on a phone a face can still be told, on paper each is above a centimetre."""
SIDE, EDGE = 64, 3
"""Pixels of a thumbnail with its edge, which are also the units of the picture, and of the edge."""


@dataclass(frozen=True)
class MapPoints:
    """A map of embeddings with everything that colours it."""

    source: np.ndarray  #: Places of source faces: of shape (n, 2), float.
    #: Of shape (n,), int. Of a classifier, whose source are the labelled faces that it learned from, the numbers of
    #: their emotions.
    source_clusters: np.ndarray
    target: np.ndarray  #: Places of target faces in the same map: of shape (m, 2), float.
    target_emotions: np.ndarray  #: What they show, ``""`` where that is not known: of shape (m,), str.
    classes: tuple[str, ...]  #: Of the target, in order.


def cluster_map(cell: str, points: MapPoints) -> str:
    """Draw the source faces of a map in the colours of their clusters, each cluster's number at its middle.

    Numbers that would cover the map, of more than 60 clusters, are left out.
    """
    figure, axes = _bare_axes(400, points)
    clusters = np.unique(points.source_clusters).tolist()
    _scatter_source(axes, points, {number: svg.colour(number) for number in clusters})
    small = len(clusters) > BADGES
    for number, (x, y) in _badge_places(points).items() if len(clusters) <= NUMBERS else ():
        axes.plot([x], [y], marker="o", markersize=pixels(13 if small else 20), color=CARD,
                  markeredgecolor=svg.colour(number), markeredgewidth=pixels(1.2 if small else 2.5), clip_on=False)
        axes.text(x, y, str(number), ha="center", va="center_baseline", color=INK, fontsize=pixels(8 if small else 12),
                  fontweight="normal" if small else "bold")
    return svg.as_svg(figure, f"map {cell}",
                  f"t-SNE map of {len(points.source):,} source faces in {len(clusters)} clusters.")


def name_map(cell: str, points: MapPoints, names: Mapping[int, str]) -> str:
    """Draw the source faces of a map in the colours of their clusters' names, one colour a name: see `name_key`.

    A cluster without a name is gray.
    """
    figure, axes = _bare_axes(400, points)
    colours = {name: colour for colour, name in name_key(names, points.classes)}
    _scatter_source(axes, points, {number: colours.get(names.get(number, ""), OTHERS)
                                   for number in np.unique(points.source_clusters).tolist()})
    shown = ", ".join(name for _, name in name_key(names, points.classes))
    return svg.as_svg(figure, f"names {cell}", f"t-SNE map of {len(points.source):,} source faces by the names of "
                      f"their clusters: {shown}.")


def learnt_map(cell: str, points: MapPoints) -> str:
    """Draw the faces that a classifier learned from in the colours of their emotions, which are the clusters."""
    figure, axes = _bare_axes(400, points)
    _scatter_source(axes, points, {number: svg.colour(number) for number in range(len(points.classes))})
    return svg.as_svg(figure, f"learnt {cell}",
                  f"t-SNE map of {len(points.source):,} faces that the classifier learned from, by emotion.")


def name_key(names: Mapping[int, str], classes: Sequence[str]) -> list[tuple[str, str]]:
    """Return colour and label of every label in use, classes in their order and whatever is none after them.

    A label of several names has the colour of the first. Names that are no class have paler colours, in the order of
    the alphabet.
    """
    used = set(names.values())
    known = [name for name in classes if name in used]
    others = sorted(used.difference(classes))
    first = {label: names_of(label)[0] if shown_by(label) not in ("", DIVIDED) else "" for label in others}
    further = sorted({*first.values(), ""}.difference(classes))[1:]

    def colour(name: str) -> str:
        return svg.FURTHER[further.index(name) % len(svg.FURTHER)] if name in further else emotion_colour(name, classes)

    return [(colour(first.get(label, label)), label) for label in known + others]


def emotion_colour(name: str, classes: Sequence[str]) -> str:
    """Return the colour of a class; gray for what is none."""
    return svg.colour(list(classes).index(name)) if name in classes else OTHERS


def emotion_map(cell: str, points: MapPoints, emotion: str) -> str:
    """Draw the target faces of one emotion over all target faces."""
    figure, axes = _bare_axes(200, points)
    shown = points.target_emotions == emotion
    for mask, dots, size, alpha in ((~shown, OTHERS, 3.2, 0.35), (shown, ACCENT, 5.0, 0.9)):
        axes.scatter(points.target[mask, 0], points.target[mask, 1], c=dots, s=_dot(len(points.target), size),
                     alpha=alpha, linewidths=0, rasterized=True)
    return svg.as_svg(figure, f"map {cell} {emotion}", f"Map of {len(points.target):,} target faces; the "
                  f"{int(shown.sum()):,} that show {emotion} are marked.")


def _scatter_source(axes: "Axes", points: MapPoints, colours: Mapping[int, str]) -> None:
    # Shuffled, so that no cluster lies on top of the others because it was drawn last.
    order = np.random.default_rng(0).permutation(len(points.source))
    of_face = np.array([colours[int(number)] for number in points.source_clusters])
    axes.scatter(points.source[order, 0], points.source[order, 1], c=of_face[order], s=_dot(len(order), 5.5),
                 alpha=0.7, linewidths=0, rasterized=True)


def _badge_places(points: MapPoints, grid: int = 16) -> dict[int, np.ndarray]:
    """Return for each cluster the middle of its faces where they are thickest, and no other cluster's badge is."""
    low = points.source.min(axis=0)
    square = max(float((points.source.max(axis=0) - low).max()), 1e-9) / grid
    places: dict[int, np.ndarray] = {}
    numbers, sizes = np.unique(points.source_clusters, return_counts=True)
    for number in numbers[np.argsort(sizes, kind="stable")].tolist():  # small ones have the least choice
        members = points.source[points.source_clusters == number]
        _, of_square, counts = np.unique(((members - low) / square).astype(int), axis=0, return_inverse=True,
                                         return_counts=True)
        middles = [members[of_square.ravel() == at].mean(axis=0) for at in np.argsort(-counts, kind="stable")]
        free = (middle for middle in middles
                if all(np.linalg.norm(middle - taken) > square for taken in places.values()))
        places[number] = next(free, middles[0])
    return dict(sorted(places.items()))


def _bare_axes(width: float, points: MapPoints) -> "tuple[Figure, Axes]":
    """Return a figure as high as the map needs, and axes with one scale for both directions."""
    places = np.concatenate([points.source, points.target])
    low, high = places.min(0), places.max(0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-9) * 1.06
    wide = max(half[0], half[1])
    tall = max(half[1], MIN_HEIGHT * wide)
    figure = svg.new_figure(width, width * tall / wide)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(middle[0] - wide, middle[0] + wide)
    axes.set_ylim(middle[1] - tall, middle[1] + tall)
    return figure, axes


def _dot(n: int, size: float) -> float:
    """Return the area of a dot, in square points: smaller for larger crowds, never invisible."""
    return float(np.clip(size**2 * np.sqrt(600 / max(n, 1)), 1.2, size**2) * 0.5)


@dataclass(frozen=True)
class FaceGrid:
    """Which faces represent which part of a map: thumbnails on a grid, none over another."""

    chosen: np.ndarray  #: Positions among the faces of the map: of shape (m,), int64.
    columns: np.ndarray  #: Where each is shown, like `rows` of shape (m,), int64.
    rows: np.ndarray  #: 0 is the highest.
    width: int  #: Of the whole grid, in thumbnails.
    height: int
    faces: np.ndarray  #: Of shape (m, side, side, 1 or 3), uint8.


def lay_out_faces(places: np.ndarray, read: Callable[[np.ndarray], np.ndarray], grid: int = SQUARES) -> FaceGrid:
    """Choose faces that together show a map: in each square of a grid the face nearest to the middle, by rows.

    Parameters
    ----------
    places : ndarray of shape (n, 2), float
        n ≥ 1.
    read : callable
        ``read(positions) -> faces``: the chosen ones alone are read.
    grid : int
        Along the longer side of the map.
    """
    low, high = places.min(axis=0).astype(float), places.max(axis=0).astype(float)
    square = max(float((high - low).max()), 1e-9) / grid
    width, height = (max(1, int(np.ceil(length / square - 1e-9))) for length in high - low)
    across = np.clip(((places[:, 0] - low[0]) / square).astype(int), 0, width - 1)
    down = np.clip(((high[1] - places[:, 1]) / square).astype(int), 0, height - 1)
    middles = np.stack([low[0] + (across + 0.5) * square, high[1] - (down + 0.5) * square], axis=1)
    order = np.argsort(np.linalg.norm(places - middles, axis=1), kind="stable")
    _, first = np.unique((down * width + across)[order], return_index=True)
    chosen = order[first]
    return FaceGrid(chosen, across[chosen], down[chosen], width, height, read(chosen))


def source_face_map(cell: str, points: MapPoints, grid: FaceGrid) -> str:
    """Draw source faces at their places, each with an edge in the colour of its cluster."""
    edges = [svg.colour(int(number)) for number in points.source_clusters[grid.chosen]]
    return _face_map(f"source faces {cell}", grid, edges,
                     f"{len(grid.chosen)} of {len(points.source):,} source faces at their places on the map.")


def target_face_map(cell: str, points: MapPoints, grid: FaceGrid) -> str:
    """Draw target faces at their places, each with an edge in the colour of its emotion."""
    edges = [emotion_colour(name, points.classes) for name in points.target_emotions[grid.chosen].tolist()]
    return _face_map(f"target faces {cell}", grid, edges,
                     f"{len(grid.chosen)} of {len(points.target):,} target faces at their places on the map.")


def _face_map(name: str, grid: FaceGrid, edges: Sequence[str], alt: str) -> str:
    """Return an SVG element without a size of its own. It holds one JPEG; where there is no face, the page shows."""
    from PIL import Image

    prefix, inner = re.sub(r"\W+", "-", name), SIDE - 2 * EDGE
    width, height = grid.width * SIDE, grid.height * SIDE
    sheet = Image.new("L" if grid.faces.shape[-1] == 1 else "RGB", (width, height))
    windows, frames = [], []
    for column, row, face, edge in zip(grid.columns.tolist(), grid.rows.tolist(), grid.faces, edges, strict=True):
        x, y = column * SIDE, row * SIDE
        sheet.paste(svg.as_image(face).resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, y))
        windows.append(f'<rect x="{x + EDGE}" y="{y + EDGE}" width="{inner}" height="{inner}" rx="5"/>')
        frames.append(f'<rect x="{x + EDGE / 2}" y="{y + EDGE / 2}" width="{inner + EDGE}" height="{inner + EDGE}" '
                      f'rx="6.5" stroke="{edge}"/>')
    return (f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{alt}">'
            f'<clipPath id="{prefix}-windows">{"".join(windows)}</clipPath>'
            f'<image width="{width}" height="{height}" clip-path="url(#{prefix}-windows)" '
            f'href="{svg.data_address(sheet, "jpeg", quality=78)}"/>'
            f'<g fill="none" stroke-width="{EDGE}">{"".join(frames)}</g></svg>')
