"""Backgrounds: plain, graded, out-of-focus spots, rooms and outdoors."""

import colorsys

import cv2
import numpy as np

from fecemo.drawn.capture import Capture


def draw_backdrop(capture: Capture, height: int, width: int) -> np.ndarray:
    """Return a background.

    Parameters
    ----------
    capture : Capture
        Kind, colour and seed.
    height, width : int
        In pixels.

    Returns
    -------
    ndarray of shape (height, width, 3), float32
        RGB from 0 to 1.
    """
    rng = np.random.default_rng([capture.backdrop_seed, 8])
    painters = {"plain": _plain, "gradient": _gradient, "blobs": _blobs, "panels": _panels, "outdoors": _outdoors}
    # Backgrounds are out of focus: they are made small and enlarged.
    small = painters[capture.backdrop](rng, capture, 48, max(8, round(48 * width / height)))
    picture: np.ndarray = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    picture *= capture.exposure * (1 + 0.09 * capture.warmth * np.array([1.0, 0.1, -1.0], np.float32))
    backdrop: np.ndarray = np.clip(picture, 0, 1)
    return backdrop


def _colour(capture: Capture, hue_shift: float = 0.0, value_factor: float = 1.0) -> np.ndarray:
    return np.array(colorsys.hsv_to_rgb((capture.backdrop_hue + hue_shift) % 1.0, capture.backdrop_saturation,
                                        min(1.0, capture.backdrop_value * value_factor)), np.float32)


def _plain(rng: np.random.Generator, capture: Capture, height: int, width: int) -> np.ndarray:
    mottle = cv2.resize(rng.normal(0, 0.02, (5, 6)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return (_colour(capture) * (1 + mottle[..., None])).astype(np.float32)


def _gradient(rng: np.random.Generator, capture: Capture, height: int, width: int) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    x, y = np.linspace(-1, 1, width)[None], np.linspace(-1, 1, height)[:, None]
    if rng.random() < 0.5:
        share = np.clip(0.5 + 0.5 * (np.cos(angle) * x + np.sin(angle) * y), 0, 1)
    else:  # a spotlight behind the head
        share = np.exp(-1.2 * (x**2 + (y + 0.1) ** 2)) * np.ones((height, width))
    dark, bright = _colour(capture, rng.uniform(-0.1, 0.1), 0.55), _colour(capture, 0.0, 1.25)
    return (dark + (bright - dark) * share[..., None]).astype(np.float32)


def _blobs(rng: np.random.Generator, capture: Capture, height: int, width: int) -> np.ndarray:
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = _colour(capture, 0.0, 0.6)
    for _ in range(int(rng.integers(8, 22))):
        colour = _colour(capture, rng.uniform(-0.25, 0.25), rng.uniform(0.5, 1.7))
        where = (int(rng.integers(width)), int(rng.integers(height)))
        spot = np.zeros((height, width), np.float32)
        cv2.circle(spot, where, int(rng.integers(2, 9)), float(rng.uniform(0.25, 0.85)), -1, cv2.LINE_AA)
        picture += spot[..., None] * (colour - picture)
    return cv2.GaussianBlur(picture, (0, 0), 0.9)


def _panels(rng: np.random.Generator, capture: Capture, height: int, width: int) -> np.ndarray:
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = _colour(capture)
    for _ in range(int(rng.integers(2, 6))):  # door frames, shelves, windows
        left, top = int(rng.integers(-6, width)), int(rng.integers(-6, height))
        right, bottom = left + int(rng.integers(4, 22)), top + int(rng.integers(8, 50))
        colour = _colour(capture, rng.uniform(-0.3, 0.3), rng.uniform(0.35, 1.6))
        picture[max(0, top):max(0, bottom), max(0, left):max(0, right)] = colour
    return cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 1.6)))


def _outdoors(rng: np.random.Generator, capture: Capture, height: int, width: int) -> np.ndarray:
    light = 0.6 + 0.4 * capture.backdrop_value
    sky, trees = np.array([0.66, 0.78, 0.92]) * light, np.array([0.25, 0.38, 0.20]) * light
    horizon = rng.uniform(0.1, 0.7) * height
    ragged = cv2.resize(rng.normal(0, 5, (1, 9)).astype(np.float32), (width, 1), interpolation=cv2.INTER_CUBIC)[0]
    share = 1 / (1 + np.exp(-(np.arange(height)[:, None] - horizon - ragged[None]) / 1.8))
    leaves = cv2.resize(
        rng.normal(0, 0.16, (height // 3, width // 3)).astype(np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    picture = sky + (trees - sky) * share[..., None]
    return np.clip(picture * (1 + leaves[..., None] * share[..., None]), 0, 1).astype(np.float32)
