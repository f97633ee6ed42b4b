"""Skin: its colours, and light and relief on its surface."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from fecemo.drawn.canvas import Canvas, ellipse
from fecemo.drawn.capture import Capture
from fecemo.drawn.creases import Crease
from fecemo.drawn.geometry import FaceGeometry
from fecemo.drawn.identity import Identity
from fecemo.drawn.mouth import nose_relief
from fecemo.drawn.parameters import FaceParameters


def paint_skin(canvas: Canvas, geometry: FaceGeometry, identity: Identity, gloss: np.ndarray) -> None:
    """Paint the bare head on a canvas that `light_surface` lit; ``gloss`` is what that returned."""
    patch = canvas.covered(geometry.head.outline)
    if patch is None or canvas.shade is None:
        return
    rows, columns = patch.window
    rng = np.random.default_rng([identity.texture_seed, 3])
    height, width = patch.coverage.shape
    mottle = cv2.resize(rng.normal(0, 1, (14, 11)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    pores = cv2.resize(rng.normal(0, 1, (height // 3, width // 3)).astype(np.float32), (width, height))
    texture = 1 + 0.010 * mottle + (0.006 + 0.008 * identity.age) * pores
    colour = identity.skin_rgb[:, None, None] * texture
    colour += gloss[rows, columns] / np.maximum(canvas.shade[:, rows, columns], np.float32(0.2))
    canvas.paint(patch, colour)

    red = np.array((1.0, 0.80, 0.78), np.float32)
    canvas.shadow([ellipse((eye.side * 0.50, 0.34), 0.19, 0.13) for eye in geometry.eyes], red, softness=0.09,
                  opacity=0.25 + 0.65 * identity.blush)
    canvas.shadow([ellipse((eye.centre[0] * 0.93, 0.01), 0.22, 0.12) for eye in geometry.eyes], (0.86, 0.78, 0.78),
                  softness=0.06, opacity=0.35 + 0.35 * identity.age)
    canvas.shadow(ellipse((0.0, geometry.nose.tip), 0.11, 0.08), red, softness=0.05, opacity=0.2 + 0.5 * identity.blush)
    canvas.shadow(ellipse((0.0, geometry.head.chin - 0.15), 0.14, 0.08), red, softness=0.06, opacity=0.25)
    if identity.freckles > 0.05:
        _paint_freckles(canvas, identity, rng)


def _paint_freckles(canvas: Canvas, identity: Identity, rng: np.random.Generator) -> None:
    count = int(70 * identity.freckles)
    x = rng.normal(0, 0.33, count)
    y = 0.24 + rng.normal(0, 0.10, count) + 0.15 * np.abs(x)
    size = rng.uniform(0.005, 0.010, count)
    spots = [ellipse((float(a), float(b)), float(s), float(s), count=8) for a, b, s in zip(x, y, size, strict=True)]
    canvas.shadow(spots, (0.72, 0.56, 0.46), softness=0.004, opacity=0.75)


LEFT, RIGHT, TOP, BOTTOM = -1.45, 1.45, -1.85, 2.15
"""Part of the plane that a head's canvas shows, in face units, long hair and all."""
LOWEST_CHIN = 1.64
"""Part that suffices for a head without long hair."""
DEPTH = 0.80
"""How far the middle of the head stands out from its outline, in face units."""

_STEPS = 1000
_SHARES = np.arange(int(1.3 * _STEPS)) / _STEPS
# Over the outline the surface goes on falling as steeply as it did a little inside: a flat rim would shine.
_ROUNDNESS = (DEPTH * np.where(_SHARES < 0.96, np.sqrt(np.maximum(1 - _SHARES**2.3, 0)),
                               np.sqrt(1 - 0.96**2.3) - 3.5 * (_SHARES - 0.96))).astype(np.float32)

Bump = tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Light:
    """Light on a surface."""

    #: Of shape (3,), float32. Unit vector towards the light, in the head's own frame (x right, y down, z to the
    #: camera).
    direction: np.ndarray
    #: `ambient`, `diffuse`: Brightness in the shade, and what the light adds where it falls straight.
    ambient: float
    diffuse: float
    tint: np.ndarray  #: Of shape (3,), float32. Colour of the light, with the exposure in it.


@dataclass(frozen=True)
class _Grid:
    """Where the pixels are that skin may cover.

    ``window`` of the canvas; ``x`` and ``y`` in face units; ``angle`` (whole degrees, clockwise in a picture from its
    right) and ``distance`` of each pixel from the point between the eyes.
    """

    window: tuple[slice, slice]
    x: np.ndarray
    y: np.ndarray
    angle: np.ndarray
    distance: np.ndarray


@lru_cache(maxsize=16)
def _skin_grid(pixels_per_unit: int) -> _Grid:
    edges = (-0.98 - LEFT, 0.98 - LEFT, -1.26 - TOP, LOWEST_CHIN - 0.02 - TOP)
    left, right, top, bottom = (round(edge * pixels_per_unit) for edge in edges)
    x = (LEFT + np.arange(left, right) / pixels_per_unit).astype(np.float32)
    y = (TOP + np.arange(top, bottom) / pixels_per_unit).astype(np.float32)
    angle = np.round(np.degrees(np.arctan2(y[:, None], x[None]))).astype(np.int32) % 360
    return _Grid((slice(top, bottom), slice(left, right)), x, y, angle, np.hypot(x[None], y[:, None]))


def head_canvas(pixels_per_unit: int, bottom: float = BOTTOM) -> Canvas:
    """Return an empty canvas for a head seen from the front, down to ``bottom`` in face units."""
    width, height = round((RIGHT - LEFT) * pixels_per_unit), round((bottom - TOP) * pixels_per_unit)
    return Canvas(height, width,
                  [[pixels_per_unit, 0, -LEFT * pixels_per_unit], [0, pixels_per_unit, -TOP * pixels_per_unit]])


def light_on_head(capture: Capture) -> Light:
    """Return the light as the turned head sees it."""
    azimuth, elevation = np.radians(capture.light_azimuth), np.radians(capture.light_elevation)
    x, y, z = np.sin(azimuth) * np.cos(elevation), -np.sin(elevation), np.cos(azimuth) * np.cos(elevation)
    yaw, pitch, roll = np.radians((capture.yaw, capture.pitch, capture.roll))
    x, y = np.cos(roll) * x + np.sin(roll) * y, -np.sin(roll) * x + np.cos(roll) * y
    y, z = np.cos(pitch) * y + np.sin(pitch) * z, -np.sin(pitch) * y + np.cos(pitch) * z
    x, z = np.cos(yaw) * x - np.sin(yaw) * z, np.sin(yaw) * x + np.cos(yaw) * z
    strength = capture.light_strength
    tint = capture.exposure * (1 + 0.09 * capture.warmth * np.array([1.0, 0.1, -1.0]))
    return Light(np.array([x, y, z], np.float32), 0.97 - 0.66 * strength, 0.88 * strength, tint.astype(np.float32))


def relief(parameters: FaceParameters, geometry: FaceGeometry) -> list[Bump]:
    """Return the bumps and hollows on the head's ellipsoid, each as `nose_relief` has them."""
    expression, mouth = parameters.expression, geometry.mouth
    middle = float(mouth.upper_inner[20, 1])
    low = float(mouth.lower_outer[20, 1])
    bumps: list[Bump] = [(0.0, -0.62, 0.42, 0.22, 0.05), (0.0, middle, 0.25, 0.17, 0.05),
                         (0.0, float(mouth.upper_outer[20, 1]) + 0.03, 0.16, 0.03, 0.016),
                         (0.0, low - 0.035, 0.15, 0.035, 0.032), (0.0, low + 0.05, 0.16, 0.04, -0.045),
                         (0.0, geometry.head.chin - 0.17, 0.17, 0.10, 0.065 + 0.035 * expression.chin_raise),
                         (0.0, geometry.nose.base + 0.07, 0.022, 0.055, -0.012), *nose_relief(geometry.nose)]
    for eye, brow in zip(geometry.eyes, geometry.brows, strict=True):
        side = eye.side
        x, y = eye.centre
        inner_x, inner_y = brow.inner
        cheek = max(expression.cheek_raise, 0.8 * expression.lip_corner_pull) * expression.lower_gain(side)
        cheek = max(cheek, 0.5 * expression.dimple(side))
        bumps += [(x, y, 0.17, 0.10, -0.065), (x, y + 0.005, 0.12, 0.08, 0.045),
                  (0.55 * x, y - 0.03, 0.06, 0.09, -0.035),
                  (x * 1.02, float(brow.curve[len(brow.curve) // 2, 1]) + 0.01, 0.20, 0.055, 0.034),
                  (inner_x, inner_y, 0.07, 0.06, 0.03 * expression.brow_lower + 0.015),
                  (side * 0.53, 0.30 - 0.04 * cheek, 0.20, 0.13, 0.035),
                  (side * 0.475, 0.305 - 0.05 * cheek, 0.145, 0.105, 0.095 * cheek),
                  (side * 0.62, 0.66, 0.15, 0.18, -0.022)]
    return bumps


def light_surface(canvas: Canvas, parameters: FaceParameters, geometry: FaceGeometry,
                  folds: list[Crease]) -> np.ndarray:
    """Compute how light falls on the skin, folds cut into it, and keep it as the ``shade`` of a `head_canvas`.

    Returns
    -------
    ndarray of shape (height, width), float32
        Gloss: white light thrown back by the skin, from 0 to about 0.2.
    """
    scale = round(canvas.pixels_per_unit)
    grid = _skin_grid(scale)
    share = grid.distance / geometry.head.radius[grid.angle]
    height = _ROUNDNESS[np.minimum((share * np.float32(_STEPS)).astype(np.int32), len(_ROUNDNESS) - 1)]
    bumps = np.array(relief(parameters, geometry), np.float32)
    across = np.exp(np.float32(-0.5) * ((grid.x[None] - bumps[:, :1]) / bumps[:, 2:3]) ** 2)
    down = np.exp(np.float32(-0.5) * ((grid.y[None] - bumps[:, 1:2]) / bumps[:, 3:4]) ** 2) * bumps[:, 4:]
    # Not NumPy's product: a BLAS would wake its threads for this, and they would fight over the cores.
    height = cv2.gemm(down, across, 1.0, height, 1.0, flags=cv2.GEMM_1_T)
    fold = _fold_map(canvas, folds)[grid.window]
    height -= np.float32(0.030) * fold
    # The outline is known by whole degrees and the folds are sharp: a little smoothing takes the facets off.
    height = cv2.GaussianBlur(height, (0, 0), 0.014 * scale)

    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=scale / 8)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=scale / 8)
    facing = 1 / np.sqrt(1 + slope_x**2 + slope_y**2)
    light = light_on_head(parameters.capture)
    lx, ly, lz = (float(value) for value in light.direction)
    direct = (lz - lx * slope_x - ly * slope_y) * facing
    # Light that wraps around, and a dim floor light from below, keep the shaded side soft like skin.
    wrapped = np.clip((direct + 0.30) / 1.30, 0, 1)
    level = light.ambient * (0.93 + facing * (0.07 - 0.03 * slope_y)) + light.diffuse * wrapped
    level *= (0.70 + 0.30 * np.minimum(1.0, 1.3 * facing)) * (1 - 0.30 * fold)
    # Red goes deeper into skin than blue: shadows stay warm.
    canvas.shade = np.ones_like(canvas.pixels[:3])
    canvas.shade *= light.tint[:, None, None]
    red, green, blue = canvas.shade[:, *grid.window]
    depth = cv2.log(np.maximum(level, np.float32(0.05)))
    red *= cv2.exp(depth * 0.90)
    green *= cv2.exp(depth * 1.03)
    blue *= cv2.exp(depth * 1.10)

    hx, hy, hz = (float(value) for value in np.array([lx, ly, lz + 1.0]) / np.linalg.norm((lx, ly, lz + 1.0)))
    mirror = np.clip((hz - hx * slope_x - hy * slope_y) * facing, 0, 1)
    mirror *= mirror
    mirror *= mirror
    mirror *= mirror
    gloss = np.zeros(canvas.pixels.shape[1:], np.float32)
    gloss[grid.window] = mirror * mirror * np.float32(0.16 * parameters.capture.light_strength + 0.02)
    return gloss


def _fold_map(canvas: Canvas, folds: list[Crease]) -> np.ndarray:
    """Return the folds' depth from 0 to 1 at each pixel: ndarray of shape (height, width), float32."""
    depth = np.zeros(canvas.pixels.shape[1:], np.uint8)
    for crease in folds:
        vertices = np.round(canvas.placed(crease.outline) * 16).astype(np.int32)
        cv2.fillPoly(depth, [vertices], int(255 * crease.depth), cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(depth, (0, 0), max(0.5, 0.012 * canvas.pixels_per_unit))
    return soft.astype(np.float32) * np.float32(1 / 255)
