"""What all figures share: one palette, one manner, and vector pictures that follow the page into the dark.

A figure is drawn with stand-in colours for ink, quiet ink, hairlines and the ground. In the SVG text they become
``currentColor`` and the page's own variables, so that the same picture reads on white, on black and on paper.
"""

import base64
import io
import re
from typing import TYPE_CHECKING, Literal

import numpy as np

from fecemo.evaluation.escape import svg_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#4b78e1", "#f0961e", "#0fc3a5", "#c34b87", "#877800", "#c396ff", "#873c2d", "#693ca5")
"""Eight colours that stay apart under protanopia, deuteranopia and tritanopia, and that show on white and on black."""

ACCENT, SECOND = PALETTE[:2]
INK, QUIET, HAIRLINE, CARD = "#010101", "#020202", "#030303", "#040404"
_PAGE_COLOURS = {INK: "currentColor", QUIET: "var(--quiet)", HAIRLINE: "var(--hairline)", CARD: "var(--card)"}

POINTS_PER_PIXEL = 0.75
RASTER_DPI = 192
"""Clouds of points are drawn as pixels inside the vector picture, two to a CSS pixel."""


def colour(number: int) -> str:
    """Return the colour of a cluster or class; beyond eight the colours begin again, and the printed number tells."""
    return PALETTE[number % len(PALETTE)]


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty transparent figure.

    Parameters
    ----------
    width, height : float
        In CSS pixels; text of 11 pixels is 11 pixels where the page shows the figure at this width.
    """
    from matplotlib.figure import Figure

    scale = POINTS_PER_PIXEL / 72
    figure = Figure(figsize=(width * scale, height * scale), dpi=RASTER_DPI)
    figure.patch.set_alpha(0.0)
    return figure


def quiet_axes(axes: "Axes", *, grid: Literal["x", "y"] | None = "y") -> None:
    """Give axes the house's manner: hairlines behind, no frame, small quiet figures along the edges."""
    axes.set_facecolor("none")
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=pixels(10.5), labelcolor=QUIET, pad=4)
    axes.set_axisbelow(True)
    if grid is not None:
        axes.grid(axis=grid, color=HAIRLINE, linewidth=0.8)


def pixels(size: float) -> float:
    """Return a length in CSS pixels as points, the unit of fonts and lines in Matplotlib."""
    return size * POINTS_PER_PIXEL


def as_svg(figure: "Figure", name: str, alt: str) -> str:
    """Return a figure as an SVG element for the inside of a page.

    Parameters
    ----------
    figure : Figure
    name : str
        Unlike that of any other figure on the page: ids inside the picture begin with it.
    alt : str
        What the picture shows, for who does not see it.

    Returns
    -------
    str
        Equal for equal figures. Without a size of its own: the page's layout gives the width.
    """
    import matplotlib
    from markupsafe import escape
    from matplotlib.text import Text

    file = io.BytesIO()
    for words in figure.findobj(Text):
        words.set_parse_math(False)  # what people type is no formula, whatever signs it holds
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "text.parse_math": False}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue().decode()
    text = text[text.index("<svg"):]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<defs>\s*</defs>", "", text, flags=re.DOTALL)
    view_box = re.search(r'viewBox="([^"]+)"', text)
    if view_box is None:
        raise ValueError("Matplotlib wrote an SVG without a viewBox")
    opening = f'<svg viewBox="{view_box[1]}" role="img" aria-label="{escape(alt)}">'
    text = opening + text[text.index(">", text.index("<svg")) + 1:]
    prefix = svg_name(name)
    text = re.sub(r' id="(?:figure|axes|patch|text|line2d|matplotlib\.axis|xtick|ytick|PathCollection|FillBetween'
                  r'PolyCollection|LineCollection|PolyCollection|legend)_\d+"', "", text)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'(xlink:href="|url\()#', rf"\1#{prefix}-", text).replace("xlink:href", "href")
    text = re.sub(r'"data:image/png;base64,([^"]+)"', _in_few_colours, text)
    text = re.sub(r"font: ((?:\w+ )*)([\d.]+px) [^;\"]+", _font, text)
    text = re.sub(r"font-family: [^;\"]+;? ?", "", text)  # the page's own letters
    for stand_in, page_colour in _PAGE_COLOURS.items():
        text = text.replace(stand_in, page_colour)
    text = re.sub(r'<path d="[^"]*" style="fill: none(?:; opacity: 0)?"/>', "", text)  # grounds that nobody sees
    return re.sub(r"<g/>|<defs>\s*</defs>", "", re.sub(r"\n\s*", "\n", text)).strip()


def _font(found: re.Match[str]) -> str:
    weight = "font-weight: 600; " if "bold" in found[1] or re.search(r"\b[67]00\b", found[1]) else ""
    return f"{weight}font-size: {found[2]}"


def _in_few_colours(found: re.Match[str]) -> str:
    """Return an embedded cloud of points in 64 colours: a fraction of the size, and no visible change."""
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGBA")
    file = io.BytesIO()
    image.quantize(64, method=Image.Quantize.FASTOCTREE).save(file, format="PNG", optimize=True)
    return f'"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"'


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

    image = Image.fromarray(face[..., 0] if face.shape[-1] == 1 else np.ascontiguousarray(face))
    if image.width < side:
        factor = round(side / image.width)
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    else:
        image = image.resize((side, round(side * image.height / image.width)), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=quality, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
