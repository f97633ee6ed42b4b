"""Hair: haircuts, and how they are drawn."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from fecemo.drawn.canvas import Canvas, Patch, Points, ellipse, spline
from fecemo.drawn.geometry import FaceGeometry
from fecemo.drawn.identity import Identity
from fecemo.drawn.parameters import FaceParameters
from fecemo.drawn.skin import light_on_head

Control = list[tuple[float, float]]


@dataclass(frozen=True)
class HairCut:
    """One style of hair."""

    #: `top`, `side`: How far the hair stands off the skull, as a share of its radius.
    top: float
    side: float
    hairline: str  #: One of "back", "swept", "fringe", "curtain". How it meets the forehead.
    length: float = 0.0  #: y down to which it falls beside the face, in face units; 0 where it ends above the ears.
    texture: str = "strands"  #: One of "strands", "curls", "stubble". What it is made of.
    lumps: float = 0.0  #: Unevenness of its outline.
    bun: bool = False  #: Whether it is tied up.
    ears: bool = True  #: Whether it leaves the ears free.


HAIR_CUTS = {"buzz": HairCut(0.015, 0.012, "back", texture="stubble"),
             "short": HairCut(0.10, 0.045, "back", lumps=0.010),
             "parted": HairCut(0.13, 0.055, "swept", lumps=0.006),
             "quiff": HairCut(0.22, 0.035, "back", lumps=0.016),
             "fringe": HairCut(0.13, 0.070, "fringe", lumps=0.008),
             "curly": HairCut(0.24, 0.15, "back", texture="curls", lumps=0.028),
             "bob": HairCut(0.13, 0.12, "curtain", length=1.05, ears=False),
             "long": HairCut(0.12, 0.10, "curtain", length=1.95, ears=False),
             "bun": HairCut(0.07, 0.035, "back", bun=True),
             "afro": HairCut(0.44, 0.40, "back", texture="curls", lumps=0.007, ears=False)}
"""Every style but ``bald``, by name."""


def hair_crown(cut: HairCut, geometry: FaceGeometry, identity: Identity) -> Points:
    """Return the outer edge of the hair, from the picture's right over the top to its left."""
    fullness = 1 + 0.35 * identity.hair_volume
    start = np.degrees(np.arctan2(0.10 if cut.ears else 0.26, geometry.head.half_width))
    degrees = np.linspace(start, -180 - start, 61)
    up = np.clip(-np.sin(np.radians(degrees)), 0, 1)
    lean = np.cos(np.radians(degrees)) * identity.parting
    stand = cut.side + (cut.top - cut.side) * up**1.5 * (1 - 0.25 * lean * (cut.hairline == "swept"))
    rng = np.random.default_rng([identity.texture_seed, 5])
    lumps = np.interp(np.arange(61), np.arange(0, 61, 2), rng.normal(0, cut.lumps, 31))
    # Hair ends where it grows: at the sideburns it lies close.
    to_end = np.minimum(np.arange(61), np.arange(60, -1, -1))
    close = np.sqrt(np.clip(to_end / (12 if cut.texture == "curls" else 8), 0, 1)) if cut.length == 0 else 1.0
    radius = geometry.head.radius[np.round(degrees).astype(int) % 360] * (1.008 + (stand + lumps) * fullness * close)
    edge = np.stack([radius * np.cos(np.radians(degrees)), radius * np.sin(np.radians(degrees))], 1).astype(np.float32)
    edge = spline(edge[::3], 4)
    if cut.length == 0:
        return edge
    outer = geometry.head.half_width * (1 + cut.side)
    width = 0.80 if cut.length < 1.5 else 1.12  # a bob turns in, long hair spreads on the shoulders
    right = spline([(0.84 * outer, cut.length + 0.02), (0.97 * width * outer, cut.length - 0.16),
                    (1.06 * outer, 0.62 * cut.length), (1.04 * outer, 0.40), tuple(edge[0])], 5)
    left = (right * np.array([-1, 1], np.float32))[::-1]
    return np.concatenate([right, edge, left])


def hairline(cut: HairCut, geometry: FaceGeometry, identity: Identity) -> Points:
    """Return the inner edge of the hair, from the picture's left over the forehead to its right, shape (n, 2)."""
    width = geometry.head.half_width
    recede = 0.07 * identity.hairline
    if cut.hairline == "curtain":
        return spline(_curtain(width, recede, identity.parting, cut.length), 5)
    burn = 0.22 if cut.texture != "curls" else 0.05
    left = [(-0.995 * width, 0.06), (-0.95 * width, burn), (-0.895 * width, 0.02), (-0.865 * width, -0.28)]
    right = [(-x, y) for x, y in left[::-1]]
    rng = np.random.default_rng([identity.texture_seed, 6])
    return spline([*left, *_FOREHEADS[cut.hairline](width, recede, identity.parting, rng), *right], 4)


def _curtain(width: float, recede: float, parting: float, length: float) -> Control:
    """Hair that falls from a parting over the temples and down beside the face, clear of eyes and mouth."""
    right = [(0.72 * width, -0.44), (0.86 * width, -0.08), (0.875 * width, 0.35), (0.82 * width, 0.75),
             (0.70 * width, min(length, 1.15)), (0.74 * width, length - 0.10)]
    left = [(-x, y) for x, y in right[::-1]]
    near = 0.2 * parting
    top = (0.45 * parting * width, -0.93 - recede)
    return [*left, (near - 0.40 * width, -0.74), top, (near + 0.40 * width, -0.74), *right]


def _back(width: float, recede: float, parting: float, rng: np.random.Generator) -> Control:
    """Hair brushed back; where it recedes, it does so at the temples first."""
    back = max(0.0, recede)
    right = [(0.28 * width, -0.80 - 1.3 * back), (0.58 * width, -0.74 - 1.9 * back), (0.80 * width, -0.52 - 0.5 * back)]
    even = [*((-x, y) for x, y in right[::-1]), (0.0, -0.80 - 0.8 * back), *right]
    return [(x, y + float(rng.uniform(-0.02, 0.02))) for x, y in even]


def _swept(width: float, recede: float, parting: float, rng: np.random.Generator) -> Control:
    """Hair combed across the forehead, away from its parting."""
    line = [(-0.80 * width, -0.52), (-0.66 * width, -0.72 - recede), (-0.42 * width, -0.86 - recede),
            (-0.10 * width, -0.74 - recede), (0.30 * width, -0.62 - recede), (0.64 * width, -0.54),
            (0.80 * width, -0.42)]
    return line if parting <= 0 else [(-x, y) for x, y in line[::-1]]


def _fringe(width: float, recede: float, parting: float, rng: np.random.Generator) -> Control:
    """Hair cut straight above the brows, in locks."""
    x = np.linspace(-0.72, 0.72, 11)
    locks = np.where(np.arange(11) % 2, 0.035, -0.02) + rng.uniform(-0.015, 0.015, 11)
    y = -0.40 + 0.03 * np.abs(x) + locks
    return [(float(a) * width, float(b)) for a, b in zip(x, y, strict=True)]


_FOREHEADS: dict[str, Callable[[float, float, float, np.random.Generator], Control]] = {
    "back": _back, "swept": _swept, "fringe": _fringe}


def paint_bun(canvas: Canvas, parameters: FaceParameters) -> None:
    """Paint a bun behind the skull, before the head is painted."""
    cut = HAIR_CUTS.get(parameters.identity.hair_style)
    if cut is not None and cut.bun:
        patch = canvas.covered(ellipse((0.10 * parameters.identity.parting, -1.40), 0.36, 0.31), 0.006)
        _paint_hair_on(canvas, patch, parameters, cut, (0.0, -1.38), 0.85)


def paint_hair(canvas: Canvas, geometry: FaceGeometry, parameters: FaceParameters) -> None:
    """Paint the hair over the skull and beside the painted face."""
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
    """Paint the hair that hangs behind the neck."""
    cut = HAIR_CUTS.get(parameters.identity.hair_style)
    if cut is None or cut.length == 0:
        return
    width, end = geometry.head.half_width, cut.length - 0.10
    outer = width * (1.0 + cut.side)
    shape = spline([(-outer, -0.3), (-0.5 * outer, -0.9), (0.5 * outer, -0.9), (outer, -0.3), (outer * 1.03, 0.7 * end),
                    (0.75 * outer, end + 0.05), (0, end + 0.08), (-0.75 * outer, end + 0.05),
                    (-outer * 1.03, 0.7 * end)], closed=True)
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
        wave = cv2.resize(rng.normal(0, 0.05, (7, 6)).astype(np.float32), (width, height),
                          interpolation=cv2.INTER_CUBIC)
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
    """Return the brightness of ``count`` strands side by side: fine hairs in broader locks, about -2 to 2, float32."""
    fine = rng.normal(0, 1, count)
    locks = np.interp(np.arange(count), np.sort(rng.uniform(0, count, count // 9)), rng.normal(0, 1, count // 9))
    return cv2.GaussianBlur((0.8 * fine + 0.7 * locks).astype(np.float32)[None], (0, 0), 0.9)[0]
