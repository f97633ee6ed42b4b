"""How a face was photographed: pose, framing, light, background and the camera's faults."""

from dataclasses import dataclass

import numpy as np

BACKDROPS = ("plain", "gradient", "blobs", "panels", "outdoors")


@dataclass(frozen=True)
class Capture:
    """Everything of a picture that is neither the person nor the expression.

    Parameters
    ----------
    yaw, pitch, roll : float
        Pose in degrees: positive yaw turns the nose to the picture's right, positive pitch lifts the chin, positive
        roll turns the head clockwise. Drawn well up to 30, 20 and 45.
    scale : float
        Size of the head; at 1 the head is about three quarters of the picture's height.
    shift_x, shift_y : float
        Where the face stands, as fractions of the picture's size from its middle.
    gaze_x, gaze_y : float
        From -1 to 1: where the eyes look, to the picture's right and down.
    light_azimuth, light_elevation : float
        Where the light comes from, in degrees: positive azimuth from the picture's right, positive elevation from
        above.
    light_strength : float
        From 0 (flat, all ambient) to 1 (hard).
    exposure : float
        Factor on brightness, about 0.75 to 1.2.
    warmth : float
        From -1 (bluish) to 1 (reddish).
    backdrop : str
        One of `BACKDROPS`.
    backdrop_hue, backdrop_saturation, backdrop_value : float
        Colour of the background, from 0 to 1.
    backdrop_seed : int
        Seed of the background's pattern.
    clothes_hue, clothes_value : float
        Colour of the clothes, from 0 to 1.
    blur : float
        Standard deviation of the lens's blur, in pixels of a 200-pixel picture.
    noise : float
        Standard deviation of the sensor's noise, in grey levels of 255.
    jpeg_quality : int
        From 1 to 100; 100 skips JPEG altogether.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    scale: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    light_azimuth: float = -25.0
    light_elevation: float = 35.0
    light_strength: float = 0.5
    exposure: float = 1.0
    warmth: float = 0.0
    backdrop: str = "plain"
    backdrop_hue: float = 0.6
    backdrop_saturation: float = 0.2
    backdrop_value: float = 0.7
    backdrop_seed: int = 0
    clothes_hue: float = 0.6
    clothes_value: float = 0.4
    blur: float = 0.0
    noise: float = 0.0
    jpeg_quality: int = 100


def sample_capture(rng: np.random.Generator) -> Capture:
    """Draw the circumstances of one picture.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness. How much is drawn from it does not depend on what comes out.

    Returns
    -------
    Capture
    """
    normal = rng.normal(0.0, 1.0, 10)
    chance = rng.random(14)
    seed = int(rng.integers(2**31))

    def spread(index: int, deviation: float, limit: float) -> float:
        return float(np.clip(deviation * normal[index], -limit, limit))

    return Capture(
        yaw=spread(0, 10.0, 26.0),
        pitch=spread(1, 5.0, 13.0),
        roll=spread(2, 6.0, 18.0),
        scale=float(0.92 + 0.2 * chance[0]),
        shift_x=spread(3, 0.02, 0.06),
        shift_y=spread(4, 0.02, 0.06),
        gaze_x=spread(5, 0.3, 0.9),
        gaze_y=spread(6, 0.2, 0.6),
        light_azimuth=spread(7, 35.0, 75.0),
        light_elevation=float(5.0 + 55.0 * chance[1]),
        light_strength=float(0.25 + 0.55 * chance[2]),
        exposure=float(0.82 + 0.34 * chance[3]),
        warmth=spread(8, 0.4, 1.0),
        backdrop=BACKDROPS[int(chance[4] * len(BACKDROPS))],
        backdrop_hue=float(chance[5]),
        backdrop_saturation=float(0.6 * chance[6] ** 1.5),
        backdrop_value=float(0.15 + 0.8 * chance[7]),
        backdrop_seed=seed,
        clothes_hue=float(chance[8]),
        clothes_value=float(0.1 + 0.8 * chance[9]),
        blur=float(1.1 * chance[10] ** 2.5),
        noise=float(7.0 * chance[11] ** 2),
        jpeg_quality=int(45 + 54 * chance[12] ** 0.7),
    )
