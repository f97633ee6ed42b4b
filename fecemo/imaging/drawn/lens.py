"""What a camera does to a picture: blur, noise and JPEG."""

import cv2
import numpy as np

from fecemo.imaging.drawn.capture import Capture


def photographed(picture: np.ndarray, capture: Capture, blur_scale: float = 1.0) -> np.ndarray:
    """Return a picture as the camera stores it.

    Parameters
    ----------
    picture : ndarray of shape (height, width, 3), float32
        RGB from 0 to 1.
    capture : Capture
        Blur, noise and JPEG quality; the noise follows the background's seed.
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
        # Mostly grey noise with a little colour in it, stronger in the dark as after a brightening.
        grain = rng.standard_normal(picture.shape[:2], np.float32)[..., None]
        colour = rng.standard_normal(picture.shape, np.float32) * np.float32(0.35)
        levels += (grain + colour) * np.float32(capture.noise)
    stored = np.clip(levels + np.float32(0.5), 0, 255).astype(np.uint8)
    if capture.jpeg_quality >= 100:
        return stored
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(stored, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, capture.jpeg_quality])
    if not done:
        raise RuntimeError("OpenCV could not encode a JPEG")
    decoded: np.ndarray = cv2.cvtColor(cv2.imdecode(encoded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return decoded
