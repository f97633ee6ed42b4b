"""What a camera does to a picture: blur, noise and JPEG."""

import cv2
import numpy as np

from fecemo.drawn.capture import Capture


def exposed(picture: np.ndarray, capture: Capture, blur_scale: float = 1.0) -> np.ndarray:
    """Return a picture as it leaves the sensor: blurred by the lens, with noise.

    Parameters
    ----------
    picture : ndarray of shape (height, width, 3), float32
        RGB from 0 to 1.
    capture : Capture
        Blur and noise; the noise follows the background's seed.
    blur_scale : float
        Factor on the blur, for pictures that are not 200 pixels high.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        RGB.
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
