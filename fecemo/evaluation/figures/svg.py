"""What all figures share: one palette, one manner, and vector pictures that follow the page into the dark.

A figure is drawn with stand-in colours for ink, quiet ink, hairlines and the ground. In the SVG text they become
``currentColor`` and the page's own variables, so that the same picture reads on white, on black and on paper.
"""

import base64
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal
from xml.etree import ElementTree

import numpy as np

from fecemo.evaluation.printed import share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

PALETTE = ("#4b78e1", "#f0961e", "#0fc3a5", "#c34b87", "#877800", "#c396ff", "#873c2d", "#693ca5")
"""Eight colours that stay apart under protanopia, deuteranopia and tritanopia, and that show on white and on black."""

FURTHER = ("#a1b8f2", "#f8cc93", "#7de0cf", "#e2a4c3", "#c3ba73", "#e0cbff", "#c39a93", "#b298d2")
"""The same colours, half as strong: of names that are no class."""

ACCENT, SECOND = PALETTE[:2]
INK, QUIET, HAIRLINE, CARD = "#010101", "#020202", "#030303", "#040404"
PAGE_COLOURS = {INK: "currentColor", QUIET: "var(--quiet)", HAIRLINE: "var(--hairline)", CARD: "var(--card)"}
POINTS_PER_PIXEL = 0.75
RASTER_DPI = 192
"""Clouds of points are drawn as pixels inside the vector picture, two to a CSS pixel."""
GUESS: dict[str, Any] = {"color": INK, "linewidth": POINTS_PER_PIXEL, "linestyle": (0, (3, 3)), "alpha": 0.6}
"""How a line is drawn that says what guessing gives."""


def colour(number: int) -> str:
    """Return the colour of a cluster or class; beyond eight the colours begin again, and the printed number tells."""
    return PALETTE[number % len(PALETTE)]


def pixels(size: float) -> float:
    """Return a length in CSS pixels as points, the unit of fonts and lines in Matplotlib."""
    return size * POINTS_PER_PIXEL


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty transparent figure.

    Parameters
    ----------
    width, height : float
        In CSS pixels; text of 11 pixels is 11 pixels where the page shows the figure at this width.
    """
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcdefaults()  # a user's matplotlibrc changes no figure: TeX, fonts, the locale's numbers, sizes
    scale = POINTS_PER_PIXEL / 72
    figure = Figure(figsize=(width * scale, height * scale), dpi=RASTER_DPI)
    figure.patch.set_alpha(0.0)
    return figure


def pixel_axes(width: float, height: float) -> "tuple[Figure, Axes]":
    """Return a figure and bare axes over all of it, in CSS pixels from the upper left."""
    figure = new_figure(width, height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    return figure, axes


def quiet_axes(axes: "Axes", *, grid: Literal["x", "y", "both"] | None = "y") -> None:
    """Give axes the house's manner: hairlines behind, no frame, small quiet figures along the edges."""
    axes.set_facecolor("none")
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=pixels(10.5), labelcolor=QUIET, pad=4)
    axes.set_axisbelow(True)
    if grid is not None:
        axes.grid(axis=grid, color=HAIRLINE, linewidth=0.8)


def share_axis(axes: "Axes", high: float, bins: int = 6) -> None:
    """Let a horizontal axis run over shares from 0 to a value, at most to 1."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(0, min(1.0, high))
    axes.xaxis.set_major_formatter(lambda value, _: share(value, 1) if value else "0")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=bins, steps=[1, 2]))


def draw_interval(axes: "Axes", place: float, value: float, ends: tuple[float | None, float | None], tint: str, *,
                  size: float = 9, ring: bool = False) -> None:
    """Draw a value as a dot, or as a ring, on the bar of its interval, where both ends of that are known."""
    low, high = ends
    if low is not None and high is not None:
        axes.plot([low, high], [place, place], color=tint, linewidth=pixels(4), alpha=0.45, solid_capstyle="round")
    edge: dict[str, Any] = {"markeredgecolor": tint, "markeredgewidth": pixels(1.6)} if ring else {}
    axes.plot([value], [place], marker="o", markersize=pixels(size), color="none" if ring else tint, **edge)


def draw_tile(axes: "Axes", place: tuple[float, float], size: tuple[float, float], tint: str, depth: float, *,
              outlined: bool = False) -> None:
    """Draw a rectangle whose depth of colour, in [0, 1], is a value.

    Paler is more see-through, so that the ground shows, which is light or dark as the page is.
    """
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle(place, *size, facecolor=(tint, depth), edgecolor=INK if outlined else HAIRLINE,
                             linewidth=pixels(1.2 if outlined else 0.6)))


def as_svg(figure: "Figure", name: str, alt: str) -> str:
    """Return a figure as an SVG element for the inside of a page.

    Parameters
    ----------
    name : str
        Unlike that of any other figure on the page: it is the salt of the ids inside the picture.
    alt : str
        What the picture shows, for who does not see it.

    Returns
    -------
    str
        Equal for equal figures. Without a size, letters and a ground: these are the page's.
    """
    import matplotlib
    from matplotlib.text import Text

    file = io.BytesIO()
    for part in _shown_parts(figure):
        for words in part.findobj(Text):
            words.set_parse_math(False)  # what people type is no formula, whatever signs it holds
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "text.parse_math": False}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(file.getvalue())
    values = " ".join(value for element in root.iter() for value in element.attrib.values())
    _plain(root, set(re.findall(r"#([\w-]+)", values)))
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": alt}
    text = ElementTree.tostring(root, encoding="unicode")
    for stand_in, page_colour in PAGE_COLOURS.items():
        text = text.replace(stand_in, page_colour)
    return text.strip()


def _shown_parts(figure: "Figure") -> Iterator[Any]:
    """Yield the parts of a figure; of bare axes all but the axis, which would make ticks only to be looked through."""
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    for part in figure.get_children():
        if isinstance(part, Axes) and not part.axison:
            yield from (child for child in part.get_children() if not isinstance(child, Axis))
        else:
            yield part


def _plain(element: ElementTree.Element, referenced: set[str]) -> None:
    """Take from an element what a page does not need: ids to which nothing refers, fonts, and what shows nothing."""
    element.tag = element.tag.rpartition("}")[2]
    element.attrib = {name.rpartition("}")[2]: value for name, value in element.attrib.items()
                      if name != "id" or value in referenced}
    if element.tag == "text":
        style = dict(part.split(": ", 1) for part in element.get("style", "").split("; ") if part)
        style.pop("font-family", None)
        if font := style.pop("font", None):  # of Matplotlib up to 3.9, weight, size and family in one
            weight, _, size = font.partition("px")[0].rpartition(" ")
            style |= {"font-size": f"{size}px", **({"font-weight": "600"} if weight in ("bold", "700") else {})}
        element.set("style", "; ".join(f"{name}: {value}" for name, value in style.items()))
    elif element.tag == "image":
        element.set("href", _in_few_colours(element.attrib["href"]))
    for child in list(element):
        _plain(child, referenced)
        is_ground = child.tag == "path" and child.get("style") in ("fill: none", "fill: none; opacity: 0")
        if child.tag in ("metadata", "style") or is_ground or (child.tag in ("g", "defs") and not len(child)):
            element.remove(child)
        child.tail = "\n"
    if element.tag not in ("text", "tspan"):
        element.text = "\n" if element.tag in ("svg", "g", "defs") else None


def _in_few_colours(address: str) -> str:
    """Return an embedded cloud of points in 64 colours: a fraction of the size, and no visible change."""
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGBA")
    return data_address(image.quantize(64, method=Image.Quantize.FASTOCTREE), "png")


def as_picture(face: np.ndarray, side: int, quality: int = 82) -> str:
    """Return a small picture as a ``data:`` address of a JPEG.

    Parameters
    ----------
    face : ndarray of shape (height, width, 1 or 3), uint8
    side : int
        Width in pixels to which the picture is reduced; a smaller one is enlarged in whole blocks, so that what a
        network saw stays visible as it is.
    quality : int
        Of the JPEG, in [1, 95].
    """
    from PIL import Image

    image = as_image(face)
    if image.width < side:
        factor = round(side / image.width)
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    else:
        image = image.resize((side, round(side * image.height / image.width)), Image.Resampling.LANCZOS)
    return data_address(image, "jpeg", quality=quality)


def as_image(face: np.ndarray) -> "Image":
    """Return an array of shape (height, width, 1 or 3), uint8, as a picture of Pillow."""
    from PIL import Image

    return Image.fromarray(face[..., 0] if face.shape[-1] == 1 else np.ascontiguousarray(face))


def data_address(image: "Image", kind: Literal["jpeg", "png"], **options: int) -> str:
    """Return a picture as a ``data:`` address."""
    file = io.BytesIO()
    image.save(file, format=kind, optimize=True, **options)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"
