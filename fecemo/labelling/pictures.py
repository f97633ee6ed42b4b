"""Pictures of faces: as data for a page, as a mean with its spread, and as a contact sheet."""

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

TILE = 96
GAP = 6
CAPTION = 30
INK, PAPER, QUIET = "#222222", "#ffffff", "#777777"


def mean_and_spread(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of faces and how far they differ from it.

    Parameters
    ----------
    faces : ndarray of shape (m, side, side, channels), uint8
        At least one.

    Returns
    -------
    mean : ndarray of shape (side, side, channels), uint8
    spread : ndarray of shape (side, side, 1), uint8
        Standard deviation of a pixel's levels, the mean over its channels, stretched from black, the least, to white.
    """
    values = faces.astype(np.float32)
    spread = values.std(axis=0).mean(axis=-1, keepdims=True)
    low, high = float(spread.min()), float(spread.max())
    stretched = 255 * (spread - low) / max(high - low, 1e-6)
    return np.rint(values.mean(axis=0)).astype(np.uint8), np.rint(stretched).astype(np.uint8)


def as_data_url(face: np.ndarray, side: int = TILE) -> str:
    """Return a face as a ``data:`` URL of a JPEG of ``side`` pixels."""
    data = io.BytesIO()
    _image(face, side).save(data, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()


def contact_sheet(title: str, rows: Sequence[tuple[str, np.ndarray]], columns: int = 10) -> bytes:
    """Return a PNG of faces under their headings.

    Parameters
    ----------
    title : str
    rows : sequence of (str, ndarray of shape (m, side, side, channels), uint8)
        A heading and its faces each; more faces than ``columns`` go on below.
    columns : int
    """
    from PIL import Image, ImageDraw, ImageFont

    lines: list[tuple[str, np.ndarray]] = []
    for heading, faces in rows:
        lines += [(heading if start == 0 else "", faces[start : start + columns])
                  for start in range(0, max(1, len(faces)), columns)]
    width = GAP + columns * (TILE + GAP)
    heights = [TILE + GAP + (CAPTION if heading else 0) for heading, _ in lines]
    sheet = Image.new("RGB", (width, 44 + sum(heights) + GAP), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, 10), title, fill=INK, font=ImageFont.load_default(20))
    top = 44
    for (heading, faces), height in zip(lines, heights, strict=True):
        if heading:
            pen.text((GAP, top + 8), heading, fill=QUIET, font=ImageFont.load_default(15))
        for column, face in enumerate(faces):
            sheet.paste(_image(face, TILE), (GAP + column * (TILE + GAP), top + (CAPTION if heading else 0)))
        top += height
    data = io.BytesIO()
    sheet.save(data, "PNG")
    return data.getvalue()


def _image(face: np.ndarray, side: int) -> "Image":
    from PIL import Image

    levels = face[..., 0] if face.shape[-1] == 1 else face
    return Image.fromarray(np.ascontiguousarray(levels)).convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
