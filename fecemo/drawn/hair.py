"""Hair: a cap around the forehead, and what falls beside and behind the face."""

import cv2
import numpy as np

from fecemo.drawn.canvas import Canvas, Patch
from fecemo.drawn.curves import ellipse, spline
from fecemo.drawn.geometry import FaceGeometry
from fecemo.drawn.haircut import HAIR_CUTS, HairCut, hair_crown, hairline
from fecemo.drawn.parameters import FaceParameters
from fecemo.drawn.surface import light_on_head


def paint_bun(canvas: Canvas, parameters: FaceParameters) -> None:
    """Paint a bun behind the skull, before the head is painted."""
    cut = HAIR_CUTS.get(parameters.identity.hair_style)
    if cut is not None and cut.bun:
        patch = canvas.covered(ellipse((0.10 * parameters.identity.parting, -1.40), 0.36, 0.31), 0.006)
        _paint_hair_on(canvas, patch, parameters, cut, (0.0, -1.38), 0.85)


def paint_hair(canvas: Canvas, geometry: FaceGeometry, parameters: FaceParameters) -> None:
    """Paint the hair over the skull and beside the face.

    Parameters
    ----------
    canvas : Canvas
        The painted face.
    geometry : FaceGeometry
        Its outline.
    parameters : FaceParameters
        Style, colour, volume, and the light.
    """
    identity = parameters.identity
    cut = HAIR_CUTS.get(identity.hair_style)
    if cut is None:
        return
    shape = np.concatenate([hair_crown(cut, geometry, identity), hairline(cut, geometry, identity)])
    if cut.texture != "stubble":
        # The hair's shadow falls on the forehead.
        canvas.shadow(shape + np.array([0, 0.035], np.float32), (0.62, 0.52, 0.48), softness=0.03, opacity=0.6)
    softness = {"stubble": 0.030, "strands": 0.022, "curls": 0.012}[cut.texture]
    crown = {
        "back": (0.2 * identity.parting, -1.9),
        "fringe": (0.2 * identity.parting, -1.75),
        "swept": (1.1 if identity.parting > 0 else -1.1, -1.5),
        "curtain": (0.45 * identity.parting, -1.3),
    }[cut.hairline]
    _paint_hair_on(canvas, canvas.covered(shape, softness), parameters, cut, crown, 1.0)


def paint_back_hair(canvas: Canvas, geometry: FaceGeometry, parameters: FaceParameters) -> None:
    """Paint the hair that hangs behind the neck.

    Parameters
    ----------
    canvas : Canvas
        What lies behind the head.
    geometry : FaceGeometry
        Its outline.
    parameters : FaceParameters
        Style, colour and the light.
    """
    cut = HAIR_CUTS.get(parameters.identity.hair_style)
    if cut is None or cut.length == 0:
        return
    width, end = geometry.head.half_width, cut.length - 0.10
    outer = width * (1.0 + cut.side)
    shape = spline(
        [
            (-outer, -0.3),
            (-0.5 * outer, -0.9),
            (0.5 * outer, -0.9),
            (outer, -0.3),
            (outer * 1.03, 0.7 * end),
            (0.75 * outer, end + 0.05),
            (0, end + 0.08),
            (-0.75 * outer, end + 0.05),
            (-outer * 1.03, 0.7 * end),
        ],
        closed=True,
    )
    _paint_hair_on(canvas, canvas.covered(shape, 0.012), parameters, cut, (0.0, -1.4), 0.52)


def _paint_hair_on(canvas: Canvas, patch: Patch | None, parameters: FaceParameters, cut: HairCut,
                   crown: tuple[float, float], brightness: float) -> None:
    """Paint hair on a patch: strands that run away from a crown, or curls, under the light."""
    if patch is None:
        return
    identity, light = parameters.identity, light_on_head(parameters.capture)
    rng = np.random.default_rng([identity.texture_seed, 7])
    rows, columns = patch.window
    height, width = patch.coverage.shape
    inverse = cv2.invertAffineTransform(canvas.to_pixels)
    column = np.arange(columns.start, columns.stop, dtype=np.float32)[None]
    row = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
    x = inverse[0, 0] * column + inverse[0, 1] * row + inverse[0, 2]
    y = inverse[1, 0] * column + inverse[1, 1] * row + inverse[1, 2]

    across, above = x / np.float32(1.10), np.clip(y / np.float32(1.45), -1, 0)
    facing = np.sqrt(np.maximum(1 - across * across - above * above, 0.04))
    direct = light.direction[0] * across + light.direction[1] * above + light.direction[2] * facing
    level = light.ambient * (0.60 + 0.40 * facing) + light.diffuse * np.clip((direct + 0.3) / 1.3, 0, 1)
    if cut.texture == "strands":
        distance, angle = cv2.cartToPolar(x - np.float32(crown[0]), y - np.float32(crown[1]))
        # Strands wave a little, and cross where locks lie over each other; at the crown they run together.
        wave = cv2.resize(
            rng.normal(0, 0.05, (7, 6)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        texture = _strands(rng, 720)[((angle + wave) * np.float32(720 / (2 * np.pi))).astype(np.int32) % 720]
        texture *= np.minimum(distance * np.float32(1.2), 1.0)
        gloss = np.exp(-(((facing - 0.72) / 0.16) ** 2)) * np.clip(direct, 0, 1) * (y < 0.6)
    elif cut.texture == "curls":
        cells = (max(3, int(height / canvas.pixels_per_unit * 13)), max(3, int(width / canvas.pixels_per_unit * 13)))
        texture = cv2.resize(rng.normal(0, 1, cells).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        gloss = np.clip(texture, 0, 1) * np.clip(direct, 0, 1) * np.float32(0.5)
    else:
        texture = rng.normal(0, 0.5, (height, width)).astype(np.float32)
        gloss = np.zeros((height, width), np.float32)
    # Dark hair shows its strands by their gloss alone; light hair more evenly.
    depth = 0.13 if identity.hair_rgb.mean() > 0.25 else 0.20
    value = level * np.clip(1 + depth * texture, 0.4, 1.8) * brightness
    colour = identity.hair_rgb[:, None, None] * value
    shine = 0.22 * parameters.capture.light_strength * brightness * (0.5 * identity.hair_rgb + np.float32(0.25))
    colour += gloss * np.clip(1 + 0.6 * texture, 0, 2) * shine[:, None, None].astype(np.float32)
    colour *= light.tint[:, None, None]
    if cut.texture == "strands":  # single strands reach over the soft edge
        edge = patch.coverage * (1 - patch.coverage) * np.float32(1.6)
        patch = Patch(patch.window, np.clip(patch.coverage + edge * texture, 0, 1))
    canvas.paint(patch, colour, 0.62 if cut.texture == "stubble" else 1.0, lit=False)


def _strands(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return the brightness of strands side by side: fine hairs in broader locks, about -2 to 2.

    Returns
    -------
    ndarray of shape (count,), float32
    """
    fine = rng.normal(0, 1, count)
    locks = np.interp(np.arange(count), np.sort(rng.uniform(0, count, count // 9)), rng.normal(0, 1, count // 9))
    return cv2.GaussianBlur((0.8 * fine + 0.7 * locks).astype(np.float32)[None], (0, 0), 0.9)[0]
