"""How a face is captured: the backdrop, the light, the camera, and what a lens and JPEG do to the picture."""

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np

BACKDROPS = ("plain", "gradient", "blobs", "panels", "outdoors")


@dataclass(frozen=True)
class Capture:
    """Everything of a picture that is neither the person nor the expression."""

    #: `yaw`, `pitch`, `roll`: Pose in degrees: positive yaw turns the nose to the picture's right, positive pitch lifts
    #: the chin, positive roll turns the head clockwise. Drawn well up to 30, 20 and 45.
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    scale: float = 1.0  #: Size of the head; at 1 the head is about three quarters of the picture's height.
    #: `shift_x`, `shift_y`: Where the face stands, as fractions of the picture's size from its middle.
    shift_x: float = 0.0
    shift_y: float = 0.0
    #: `gaze_x`, `gaze_y`: From -1 to 1: where the eyes look, to the picture's right and down.
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    #: `light_azimuth`, `light_elevation`: Where the light comes from, in degrees: positive azimuth from the picture's
    #: right, positive elevation from above.
    light_azimuth: float = -25.0
    light_elevation: float = 35.0
    light_strength: float = 0.5  #: From 0 (flat, all ambient) to 1 (hard).
    exposure: float = 1.0  #: Factor on brightness, about 0.75 to 1.2.
    warmth: float = 0.0  #: From -1 (bluish) to 1 (reddish).
    backdrop: str = "plain"  #: One of `BACKDROPS`.
    #: `backdrop_hue`, `backdrop_saturation`, `backdrop_value`: Colour of the background, from 0 to 1.
    backdrop_hue: float = 0.6
    backdrop_saturation: float = 0.2
    backdrop_value: float = 0.7
    backdrop_seed: int = 0  #: Seed of the background's pattern.
    #: `clothes_hue`, `clothes_value`: Colour of the clothes, from 0 to 1.
    clothes_hue: float = 0.6
    clothes_value: float = 0.4
    blur: float = 0.0  #: Standard deviation of the lens's blur, in pixels of a 200-pixel picture.
    noise: float = 0.0  #: Standard deviation of the sensor's noise, in grey levels of 255.
    jpeg_quality: int = 100  #: From 1 to 100; 100 skips JPEG altogether.


def sample_capture(rng: np.random.Generator) -> Capture:
    """Draw the circumstances of one picture. How much is drawn from ``rng`` does not depend on what comes out."""
    normal = rng.normal(0.0, 1.0, 10)
    chance = rng.random(14)
    seed = int(rng.integers(2**31))

    def spread(index: int, deviation: float, limit: float) -> float:
        return float(np.clip(deviation * normal[index], -limit, limit))

    return Capture(yaw=spread(0, 10.0, 26.0), pitch=spread(1, 5.0, 13.0), roll=spread(2, 6.0, 18.0),
                   scale=float(0.92 + 0.2 * chance[0]), shift_x=spread(3, 0.02, 0.06), shift_y=spread(4, 0.02, 0.06),
                   gaze_x=spread(5, 0.3, 0.9), gaze_y=spread(6, 0.2, 0.6), light_azimuth=spread(7, 35.0, 75.0),
                   light_elevation=float(5.0 + 55.0 * chance[1]), light_strength=float(0.25 + 0.55 * chance[2]),
                   exposure=float(0.82 + 0.34 * chance[3]), warmth=spread(8, 0.4, 1.0),
                   backdrop=BACKDROPS[int(chance[4] * len(BACKDROPS))], backdrop_hue=float(chance[5]),
                   backdrop_saturation=float(0.6 * chance[6] ** 1.5), backdrop_value=float(0.15 + 0.8 * chance[7]),
                   backdrop_seed=seed, clothes_hue=float(chance[8]), clothes_value=float(0.1 + 0.8 * chance[9]),
                   blur=float(1.1 * chance[10] ** 2.5), noise=float(7.0 * chance[11] ** 2),
                   jpeg_quality=int(45 + 54 * chance[12] ** 0.7))


def draw_backdrop(capture: Capture, height: int, width: int) -> np.ndarray:
    """Return a background, RGB from 0 to 1: ndarray of shape (height, width, 3), float32."""
    rng = np.random.default_rng([capture.backdrop_seed, 8])
    painters = {"plain": _plain, "gradient": _gradient, "blobs": _blobs, "panels": _panels, "outdoors": _outdoors}
    # Backgrounds are out of focus: they are made small and enlarged.
    small = painters[capture.backdrop](rng, capture, 48, max(8, round(48 * width / height)))
    picture: np.ndarray = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    picture *= capture.exposure * (1 + 0.09 * capture.warmth * np.array([1.0, 0.1, -1.0], np.float32))
    return np.clip(picture, 0, 1)


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
    leaves = cv2.resize(rng.normal(0, 0.16, (height // 3, width // 3)).astype(np.float32), (width, height),
                        interpolation=cv2.INTER_CUBIC)
    picture = sky + (trees - sky) * share[..., None]
    return np.clip(picture * (1 + leaves[..., None] * share[..., None]), 0, 1).astype(np.float32)


def exposed(picture: np.ndarray, capture: Capture, blur_scale: float = 1.0) -> np.ndarray:
    """Return a picture of shape (height, width, 3) as it leaves the sensor, uint8 RGB: blurred, with noise.

    The picture is RGB from 0 to 1, float32; ``blur_scale`` is a factor on the blur, for pictures that are not 200
    pixels high. The noise follows the background's seed.
    """
    sigma = capture.blur * blur_scale
    if sigma > 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    levels = picture * np.float32(255)
    if capture.noise > 0:
        rng = np.random.default_rng([capture.backdrop_seed, 9])
        # Mostly grey noise, with a little coarser colour in it.
        height, width = picture.shape[:2]
        grain = rng.standard_normal((height, width), np.float32)
        colour: np.ndarray = rng.standard_normal((-(-height // 2), -(-width // 2), 3), np.float32) * np.float32(0.35)
        colour = cv2.resize(colour, (width, height), interpolation=cv2.INTER_NEAREST)
        levels += (cv2.merge([grain, grain, grain]) + colour) * np.float32(capture.noise)
    return np.clip(levels + np.float32(0.5), 0, 255).astype(np.uint8)


def as_jpeg(picture: np.ndarray, quality: int) -> bytes:
    """Return the JPEG file of a picture of shape (height, width, 3), uint8 RGB."""
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise RuntimeError("OpenCV could not encode a JPEG")
    return encoded.tobytes()


def through_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """Return a picture, uint8 RGB, as it comes back from a JPEG file; a quality of 100 leaves it as it is."""
    if quality >= 100:
        return picture
    encoded = np.frombuffer(as_jpeg(picture, quality), np.uint8)
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    if decoded is None:
        raise RuntimeError("OpenCV could not decode its own JPEG")
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
