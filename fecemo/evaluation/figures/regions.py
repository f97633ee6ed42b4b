"""Figure of an embedding of two or three numbers that a softmax reads: the region of every emotion, faces over it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fecemo.evaluation.figures.maps import OTHERS, emotion_colour
from fecemo.evaluation.figures.svg import INK, as_svg, new_figure, pixels
from fecemo.evaluation.probing.regions import Arrow, Softmax

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRID = 240
"""Places along a side of the ground."""
MARGIN = 0.08
ARROW, LEAST_ARROW = 0.7, 0.1
"""How far the longest arrow goes from the middle to the frame, and the shortest that is drawn, as a share of it."""
LEAST_R2 = 0.15
"""Of an arrow that is drawn: where a fit explains less, its direction is chance, and many such lie over one another."""

MAX_LENGTH = 3
"""Numbers of an embedding whose planes are drawn."""


@dataclass(frozen=True)
class RegionPoints:
    """Faces in an embedding of few numbers, and the softmax that reads it."""

    embedding: np.ndarray  #: Of shape (n, 2), or (n, 3), float.
    emotions: np.ndarray  #: Of shape (n,), str. What people say that each face shows; ``""`` where nobody does.
    softmax: Softmax  #: Of the classes.


def region_map(cell: str, points: RegionPoints, classes: Sequence[str],
               arrows: Mapping[str, Arrow] | None = None) -> str:
    """Draw which emotion is answered at each place, the fainter the less surely, with the faces and arrows over it.

    Parameters
    ----------
    cell : str
        Such as ``"cake_2 gray"``.
    points : RegionPoints
        Of three numbers three planes are drawn, each through the mean of the third number.
    arrows : mapping of str to Arrow, optional
        By column, such as ``valence``; those that explain less than `LEAST_R2` are not drawn.

    Returns
    -------
    str
        An SVG element.

    Raises
    ------
    ValueError
        If the embedding has another length.
    """
    embedding = points.embedding
    length = embedding.shape[1]
    if not 2 <= length <= MAX_LENGTH:
        raise ValueError(f"regions of an embedding of 2 or 3 numbers are drawn, not of {length}")
    planes = [(0, 1)] if length == 2 else [(0, 1), (0, 2), (1, 2)]
    figure = new_figure(360 * len(planes), 360)
    drawn = {name: arrow for name, arrow in (arrows or {}).items() if arrow.r2 >= LEAST_R2}
    present: set[int] = set()
    for number, plane in enumerate(planes):
        axes = figure.add_axes((number / len(planes), 0.0, 1 / len(planes), 1.0))
        axes.set_axis_off()
        low, high = _box(embedding[:, plane])
        answered = _draw_ground(axes, points.softmax, plane, embedding.mean(axis=0), low, high, classes)
        present |= set(np.unique(answered).tolist())
        _write_names(axes, answered, low, high, classes)
        axes.scatter(embedding[:, plane[0]], embedding[:, plane[1]], s=pixels(6), linewidths=0, alpha=0.8,
                     c=[emotion_colour(name, classes) if name else OTHERS for name in points.emotions.tolist()],
                     rasterized=True)
        _draw_arrows(axes, drawn, plane, embedding[:, plane].mean(axis=0), low, high)
        axes.set_xlim(low[0], high[0])
        axes.set_ylim(low[1], high[1])
    shown = ", ".join(classes[code] for code in sorted(present))
    explained = "".join(f"; {name}, R² {arrow.r2:.2f}" for name, arrow in (arrows or {}).items())
    return as_svg(figure, f"regions {cell}", f"{len(embedding):,} faces in an embedding of {length} numbers, over the "
                  f"regions of {len(present)} of {len(classes)} emotions: {shown}{explained}.")


def answered_at(softmax: Softmax, plane: Sequence[int], through: np.ndarray, low: np.ndarray,
                high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which class is answered on a grid of a plane, and how surely.

    Parameters
    ----------
    plane : sequence of two int
        Numbers of the embedding that vary, across and up.
    through : ndarray of shape (k,)
        A place of the plane.
    low, high : ndarray of shape (2,)
        Of the two.

    Returns
    -------
    classes : ndarray of shape (GRID, GRID), int
        Rows go up, columns across.
    confidence : ndarray of shape (GRID, GRID), float
        The probability of that class.
    """
    across, up = (np.linspace(low[axis], high[axis], GRID) for axis in range(2))
    places = np.tile(through.astype(np.float64), (GRID * GRID, 1))
    places[:, plane[0]], places[:, plane[1]] = np.tile(across, GRID), np.repeat(up, GRID)
    probabilities = softmax.probabilities(places)
    shape = (GRID, GRID)
    return probabilities.argmax(axis=1).reshape(shape), probabilities.max(axis=1).reshape(shape)


def _box(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = places.min(axis=0), places.max(axis=0)
    room = MARGIN * np.maximum(high - low, 1e-6)
    return low - room, high + room


def _draw_ground(axes: "Axes", softmax: Softmax, plane: Sequence[int], through: np.ndarray, low: np.ndarray,
                 high: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    from matplotlib.colors import to_rgb

    answered, confidence = answered_at(softmax, plane, through, low, high)
    colours = np.array([to_rgb(emotion_colour(name, classes)) for name in classes])
    ground = np.concatenate([colours[answered], 0.6 * confidence[..., None]], axis=-1)
    axes.imshow(ground, extent=(low[0], high[0], low[1], high[1]), origin="lower", aspect="auto",
                interpolation="nearest")
    return answered


def _write_names(axes: "Axes", answered: np.ndarray, low: np.ndarray, high: np.ndarray,
                 classes: Sequence[str]) -> None:
    """Write each name in the middle of its region."""
    for code in np.unique(answered).tolist():
        up, across = (places.mean() / (GRID - 1) for places in np.nonzero(answered == code))
        axes.text(low[0] + across * (high[0] - low[0]), low[1] + up * (high[1] - low[1]), classes[code], color=INK,
                  ha="center", va="center", fontsize=pixels(12), fontweight="bold")


def _draw_arrows(axes: "Axes", arrows: Mapping[str, Arrow], plane: Sequence[int], middle: np.ndarray,
                 low: np.ndarray, high: np.ndarray) -> None:
    """Draw the arrows in proportion to each other, the longest within the frame; one that leaves the plane has none."""
    slopes = {name: np.array([arrow.slope[axis] for axis in plane]) for name, arrow in arrows.items()}
    longest = max((np.linalg.norm(slope) for slope in slopes.values()), default=0.0)
    shown = {name: slope / longest for name, slope in slopes.items()
             if longest > 0 and np.linalg.norm(slope) >= LEAST_ARROW * longest}
    ends = np.array([slope / np.where(slope < 0, middle - low, high - middle) for slope in shown.values()])
    length = ARROW / max(np.abs(ends).max(initial=0.0), 1e-12)
    for name, slope in shown.items():
        x, y = (middle + length * slope).tolist()
        axes.annotate("", xy=(x, y), xytext=(float(middle[0]), float(middle[1])),
                      arrowprops={"arrowstyle": "->", "color": INK, "linewidth": pixels(1.6)})
        above = y > middle[1]
        axes.annotate(f"{name}, R² {arrows[name].r2:.2f}", xy=(x, y), xytext=(0, pixels(5) if above else -pixels(5)),
                      textcoords="offset points", color=INK, fontsize=pixels(11),
                      ha="right" if x > middle[0] else "left", va="bottom" if above else "top")
