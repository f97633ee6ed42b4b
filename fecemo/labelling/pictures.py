"""Pictures of faces: as data for a page, and as a mean with its spread."""

import base64
import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

TILE = 96


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


def _image(face: np.ndarray, side: int) -> "Image":
    from PIL import Image

    levels = face[..., 0] if face.shape[-1] == 1 else face
    return Image.fromarray(np.ascontiguousarray(levels)).convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
