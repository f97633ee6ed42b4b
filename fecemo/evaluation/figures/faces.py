"""The map itself made of faces: thumbnails on a grid, each near the place of its face and none over another."""

import base64
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fecemo.evaluation.figures.maps import MapPoints, emotion_colour
from fecemo.evaluation.figures.svg import colour

SQUARES = 14
"""Thumbnails along the longer side: on a phone a face can still be told, on paper each is above a centimetre."""
SIDE, EDGE = 64, 3
"""Pixels of a thumbnail with its edge, which are also the units of the picture, and of the edge."""


@dataclass(frozen=True)
class FaceGrid:
    """Which faces stand for which part of a map.

    Parameters
    ----------
    chosen : ndarray of shape (m,), int64
        Positions among the faces of the map.
    columns, rows : ndarray of shape (m,), int64
        Where each stands; row 0 is the highest. No two stand in one place.
    width, height : int
        Of the whole grid, in thumbnails.
    faces : ndarray of shape (m, side, side, 1 or 3), uint8
    """

    chosen: np.ndarray
    columns: np.ndarray
    rows: np.ndarray
    width: int
    height: int
    faces: np.ndarray


def lay_out_faces(places: np.ndarray, read: Callable[[np.ndarray], np.ndarray], squares: int = SQUARES) -> FaceGrid:
    """Choose faces that together show a map.

    The map is divided into squares; in each, the face nearest to its middle stands for all that lie there.

    Parameters
    ----------
    places : ndarray of shape (n, 2), float
        n ≥ 1.
    read : callable
        ``read(positions) -> faces``: the chosen ones alone are read.
    squares : int
        Along the longer side of the map.

    Returns
    -------
    FaceGrid
        Ordered by rows, then columns.
    """
    low, high = places.min(axis=0).astype(float), places.max(axis=0).astype(float)
    square = max(float((high - low).max()), 1e-9) / squares
    width, height = (max(1, int(np.ceil(length / square - 1e-9))) for length in high - low)
    across = np.clip(((places[:, 0] - low[0]) / square).astype(int), 0, width - 1)
    down = np.clip(((high[1] - places[:, 1]) / square).astype(int), 0, height - 1)
    middles = np.stack([low[0] + (across + 0.5) * square, high[1] - (down + 0.5) * square], axis=1)
    order = np.argsort(np.linalg.norm(places - middles, axis=1), kind="stable")
    _, first = np.unique((down * width + across)[order], return_index=True)
    chosen = order[first]
    return FaceGrid(chosen, across[chosen], down[chosen], width, height, read(chosen))


def source_face_map(cell: str, points: MapPoints, grid: FaceGrid) -> str:
    """Draw source faces at their places, each with an edge in the colour of its cluster. Returns an SVG element."""
    edges = [colour(int(number)) for number in points.source_clusters[grid.chosen]]
    return _face_map(f"source faces {cell}", grid, edges,
                     f"{len(grid.chosen)} of {len(points.source):,} source faces at their places on the map.")


def target_face_map(cell: str, points: MapPoints, grid: FaceGrid) -> str:
    """Draw target faces at their places, each with an edge in the colour of its emotion. Returns an SVG element."""
    edges = [emotion_colour(name, points.classes) for name in points.target_emotions[grid.chosen].tolist()]
    return _face_map(f"target faces {cell}", grid, edges,
                     f"{len(grid.chosen)} of {len(points.target):,} target faces at their places on the map.")


def _face_map(name: str, grid: FaceGrid, edges: Sequence[str], alt: str) -> str:
    """Return an SVG element without a size of its own. It holds one JPEG; where no face stands, the page shows."""
    prefix, inner, half = re.sub(r"\W+", "-", name), SIDE - 2 * EDGE, EDGE / 2
    spots = [(column * SIDE, row * SIDE) for column, row in zip(grid.columns.tolist(), grid.rows.tolist(), strict=True)]
    windows = "".join(f'<rect x="{x + EDGE}" y="{y + EDGE}" width="{inner}" height="{inner}" rx="5"/>'
                      for x, y in spots)
    frames = "".join(f'<rect x="{x + half}" y="{y + half}" width="{inner + EDGE}" height="{inner + EDGE}" rx="6.5" '
                     f'stroke="{edge}"/>' for (x, y), edge in zip(spots, edges, strict=True))
    width, height = grid.width * SIDE, grid.height * SIDE
    return (f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{alt}">'
            f'<clipPath id="{prefix}-windows">{windows}</clipPath>'
            f'<image width="{width}" height="{height}" clip-path="url(#{prefix}-windows)" href="{_sheet(grid)}"/>'
            f'<g fill="none" stroke-width="{EDGE}">{frames}</g></svg>')


def _sheet(grid: FaceGrid) -> str:
    """Return all thumbnails at their places in one JPEG, as a ``data:`` address."""
    from PIL import Image

    gray = grid.faces.shape[-1] == 1
    sheet = Image.new("L" if gray else "RGB", (grid.width * SIDE, grid.height * SIDE))
    for column, row, face in zip(grid.columns.tolist(), grid.rows.tolist(), grid.faces, strict=True):
        image = Image.fromarray(face[..., 0] if gray else np.ascontiguousarray(face))
        sheet.paste(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS), (column * SIDE, row * SIDE))
    file = io.BytesIO()
    sheet.save(file, format="JPEG", quality=78, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
