"""Who a face is: proportions, skin, hair, glasses and beard, all independent of what the face does."""

from dataclasses import dataclass

import numpy as np

SKIN_TONES = np.array(
    [
        (0.99, 0.87, 0.79),
        (0.96, 0.79, 0.67),
        (0.89, 0.69, 0.54),
        (0.75, 0.54, 0.39),
        (0.56, 0.38, 0.27),
        (0.40, 0.27, 0.20),
    ],
    np.float32,
)
"""RGB of fully lit skin from the lightest (tone 0) to the darkest (tone 1), evenly spaced."""

HAIR_COLOURS = {
    "black": (0.09, 0.08, 0.085), "dark_brown": (0.19, 0.13, 0.10), "brown": (0.33, 0.21, 0.13),
    "auburn": (0.42, 0.19, 0.10), "red": (0.62, 0.29, 0.12), "blonde": (0.80, 0.63, 0.38),
    "dark_blonde": (0.55, 0.42, 0.26), "grey": (0.56, 0.56, 0.56), "white": (0.84, 0.83, 0.80),
}
"""RGB of each hair colour."""

EYE_COLOURS = {
    "brown": (0.33, 0.19, 0.10), "dark_brown": (0.20, 0.12, 0.08), "hazel": (0.44, 0.34, 0.16),
    "green": (0.33, 0.45, 0.28), "blue": (0.29, 0.47, 0.66), "grey": (0.44, 0.50, 0.55),
}
"""RGB of each iris colour."""

HAIR_STYLES = ("bald", "buzz", "short", "parted", "quiff", "fringe", "curly", "bob", "long", "bun", "afro")
BEARD_STYLES = ("none", "stubble", "moustache", "goatee", "full")
GLASSES_STYLES = ("none", "round", "rectangular")


@dataclass(frozen=True)
class Identity:
    """One person's looks.

    Proportions are deviations from the average face, mostly within -1 to 1, where 0 is average; all other numbers are
    from 0 to 1.

    Parameters
    ----------
    face_width, face_length, jaw_width, chin_length : float
        Shape of the head's outline.
    eye_size, eye_spacing, eye_tilt, eye_opening : float
        A positive tilt lifts the outer corner; the opening is that of the relaxed eye.
    brow_height, brow_thickness, brow_arch : float
        Of the relaxed brow.
    nose_length, nose_width, mouth_width, mouth_height, lip_thickness, ear_size : float
        A positive mouth height sets the mouth further down.
    skin_tone, freckles, blush, age : float
        From 0 to 1: light to dark skin; freckles; redness of the cheeks; lines of age.
    undertone : float
        From -1 (pink) to 1 (olive).
    lip_colour : float
        From 0 (the skin's own) to 1 (painted red).
    eye_colour, hair_style, hair_colour, beard, glasses : str
        Keys of `EYE_COLOURS`, `HAIR_STYLES`, `HAIR_COLOURS`, `BEARD_STYLES`, `GLASSES_STYLES`.
    hair_volume, hairline, parting : float
        From -1 to 1: fullness; how far the hairline has receded; where hair parts (-1 the picture's left).
    texture_seed : int
        Seed of the strands of hair, stubble, freckles and pores.
    """

    face_width: float = 0.0
    face_length: float = 0.0
    jaw_width: float = 0.0
    chin_length: float = 0.0
    eye_size: float = 0.0
    eye_spacing: float = 0.0
    eye_tilt: float = 0.0
    eye_opening: float = 0.0
    brow_height: float = 0.0
    brow_thickness: float = 0.0
    brow_arch: float = 0.0
    nose_length: float = 0.0
    nose_width: float = 0.0
    mouth_width: float = 0.0
    mouth_height: float = 0.0
    lip_thickness: float = 0.0
    ear_size: float = 0.0
    skin_tone: float = 0.25
    freckles: float = 0.0
    blush: float = 0.3
    age: float = 0.2
    undertone: float = 0.0
    lip_colour: float = 0.1
    eye_colour: str = "brown"
    hair_style: str = "short"
    hair_colour: str = "brown"
    hair_volume: float = 0.0
    hairline: float = 0.0
    parting: float = -0.4
    beard: str = "none"
    glasses: str = "none"
    texture_seed: int = 0

    @property
    def skin_rgb(self) -> np.ndarray:
        """Ndarray of shape (3,), float32: colour of fully lit skin, from 0 to 1."""
        position = self.skin_tone * (len(SKIN_TONES) - 1)
        lower = min(int(position), len(SKIN_TONES) - 2)
        tone = SKIN_TONES[lower] + (SKIN_TONES[lower + 1] - SKIN_TONES[lower]) * (position - lower)
        return (tone + 0.02 * self.undertone * np.array((-0.6, 0.8, -1.2))).astype(np.float32)

    @property
    def hair_rgb(self) -> np.ndarray:
        """Ndarray of shape (3,), float32: colour of the hair, from 0 to 1."""
        return np.array(HAIR_COLOURS[self.hair_colour], np.float32)

    @property
    def brow_rgb(self) -> np.ndarray:
        """Ndarray of shape (3,), float32: colour of brows and beard: hair, darkened where it is light."""
        lightness = float(self.hair_rgb.mean())
        return (self.hair_rgb * (0.95 - 0.45 * lightness)).astype(np.float32)


def sample_identity(rng: np.random.Generator) -> Identity:
    """Draw a person.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness. How much is drawn from it does not depend on what comes out.

    Returns
    -------
    Identity
    """
    deviation = [float(value) for value in np.clip(rng.normal(0.0, 0.45, 20), -1.0, 1.0)]
    chance = rng.random(16)
    tone = float(chance[0])
    age = float(chance[1] ** 1.5)
    seed = int(rng.integers(2**31))

    # A bearded face or a bald head is drawn about as often as in a crowd; what hair and beard have in common is one
    # latent "masculinity", so that most faces look coherent.
    masculine = chance[2] < 0.5
    styles, weights = (
        (
            ("short", "buzz", "parted", "quiff", "curly", "bald", "fringe", "afro", "long"),
            (26, 14, 18, 14, 8, 9, 5, 3, 3),
        )
        if masculine
        else (("long", "bob", "bun", "fringe", "curly", "parted", "short", "afro"), (32, 18, 15, 13, 8, 5, 5, 4))
    )
    beards = ("none", "stubble", "full", "moustache", "goatee") if masculine else ("none",)
    beard_weights = (52, 18, 15, 7, 8) if masculine else (1,)
    if age > 0.75:
        colours, colour_weights = ("grey", "white", "dark_brown", "dark_blonde"), (50, 30, 12, 8)
    elif tone > 0.6:
        colours, colour_weights = ("black", "dark_brown", "brown", "auburn"), (68, 24, 5, 3)
    else:
        colours = ("black", "dark_brown", "brown", "auburn", "red", "blonde", "dark_blonde")
        colour_weights = (18, 24, 21, 8, 6, 13, 10)
    eyes, eye_weights = (
        (("dark_brown", "brown", "hazel"), (65, 30, 5)) if tone > 0.6 else
        (("brown", "dark_brown", "hazel", "green", "blue", "grey"), (30, 18, 14, 10, 20, 8))
    )
    return Identity(
        face_width=deviation[0],
        face_length=deviation[1],
        jaw_width=float(np.clip(deviation[2] + 0.35 * (masculine - 0.5), -1, 1)),
        chin_length=deviation[3],
        eye_size=deviation[4],
        eye_spacing=deviation[5],
        eye_tilt=deviation[6],
        eye_opening=deviation[7],
        brow_height=deviation[8],
        brow_thickness=float(np.clip(deviation[9] + 0.9 * (masculine - 0.5), -1, 1)),
        brow_arch=deviation[10],
        nose_length=deviation[11],
        nose_width=deviation[12],
        mouth_width=deviation[13],
        mouth_height=deviation[14],
        lip_thickness=float(np.clip(deviation[15] - 0.4 * (masculine - 0.5), -1, 1)),
        ear_size=deviation[16],
        skin_tone=tone,
        freckles=float(max(0.0, chance[3] - 0.8) * 5) if tone < 0.4 else 0.0,
        blush=float(chance[4]),
        age=age,
        undertone=float(2 * chance[5] - 1),
        lip_colour=float(0.1 * chance[6] if masculine or chance[7] < 0.4 else chance[6]),
        eye_colour=_pick(chance[8], eyes, eye_weights),
        hair_style=_pick(chance[9], styles, weights),
        hair_colour=_pick(chance[10], colours, colour_weights),
        hair_volume=deviation[17],
        hairline=float(np.clip(deviation[18] + (0.5 * age if masculine else -0.2), -1, 1)),
        parting=float(0.75 * (2 * chance[11] - 1)),
        beard=_pick(chance[12], beards, beard_weights),
        glasses=_pick(chance[13], GLASSES_STYLES, (80, 9, 11)),
        texture_seed=seed,
    )


def _pick(chance: float, choices: tuple[str, ...], weights: tuple[int, ...]) -> str:
    bounds = np.cumsum(weights) / sum(weights)
    return choices[min(int(np.searchsorted(bounds, chance, side="right")), len(choices) - 1)]
