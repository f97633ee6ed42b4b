"""Who a face is: proportions, skin, hair, glasses and beard, all independent of what the face does."""

from dataclasses import dataclass

import numpy as np

SKIN_TONES = np.array([(0.99, 0.87, 0.79), (0.96, 0.79, 0.67), (0.89, 0.69, 0.54), (0.75, 0.54, 0.39),
                       (0.56, 0.38, 0.27), (0.40, 0.27, 0.20)], np.float32)
"""RGB of fully lit skin from the lightest (tone 0) to the darkest (tone 1), evenly spaced."""

HAIR_COLOURS = {"black": (0.09, 0.08, 0.085), "dark_brown": (0.19, 0.13, 0.10), "brown": (0.33, 0.21, 0.13),
                "auburn": (0.42, 0.19, 0.10), "red": (0.62, 0.29, 0.12), "blonde": (0.80, 0.63, 0.38),
                "dark_blonde": (0.55, 0.42, 0.26), "grey": (0.56, 0.56, 0.56), "white": (0.84, 0.83, 0.80)}
"""RGB of each hair colour."""

EYE_COLOURS = {"brown": (0.33, 0.19, 0.10), "dark_brown": (0.20, 0.12, 0.08), "hazel": (0.44, 0.34, 0.16),
               "green": (0.33, 0.45, 0.28), "blue": (0.29, 0.47, 0.66), "grey": (0.44, 0.50, 0.55)}
"""RGB of each iris colour."""

HAIR_STYLES = ("bald", "buzz", "short", "parted", "quiff", "fringe", "curly", "bob", "long", "bun", "afro")
BEARD_STYLES = ("none", "stubble", "moustache", "goatee", "full")
GLASSES_STYLES = ("none", "round", "rectangular")


@dataclass(frozen=True)
class Identity:
    """One person's looks.

    Proportions are deviations from the average face, mostly within -1 to 1, where 0 is average; all other numbers are
    from 0 to 1.
    """

    #: `face_width`, `face_length`, `jaw_width`, `chin_length`: Shape of the head's outline.
    face_width: float = 0.0
    face_length: float = 0.0
    jaw_width: float = 0.0
    chin_length: float = 0.0
    #: `eye_size`, `eye_spacing`, `eye_tilt`, `eye_opening`: A positive tilt lifts the outer corner; the opening is that
    #: of the relaxed eye.
    eye_size: float = 0.0
    eye_spacing: float = 0.0
    eye_tilt: float = 0.0
    eye_opening: float = 0.0
    #: `brow_height`, `brow_thickness`, `brow_arch`: Of the relaxed brow.
    brow_height: float = 0.0
    brow_thickness: float = 0.0
    brow_arch: float = 0.0
    #: `nose_length`, `nose_width`, `mouth_width`, `mouth_height`, `lip_thickness`, `ear_size`: A positive mouth height
    #: sets the mouth further down.
    nose_length: float = 0.0
    nose_width: float = 0.0
    mouth_width: float = 0.0
    mouth_height: float = 0.0
    lip_thickness: float = 0.0
    ear_size: float = 0.0
    #: `skin_tone`, `freckles`, `blush`, `age`: From 0 to 1: light to dark skin; freckles; redness of the cheeks; lines
    #: of age.
    skin_tone: float = 0.25
    freckles: float = 0.0
    blush: float = 0.3
    age: float = 0.2
    undertone: float = 0.0  #: From -1 (pink) to 1 (olive).
    lip_colour: float = 0.1  #: From 0 (the skin's own) to 1 (painted red).
    #: `eye_colour`, `hair_style`, `hair_colour`, `beard`, `glasses`: Keys of `EYE_COLOURS`, `HAIR_STYLES`,
    #: `HAIR_COLOURS`, `BEARD_STYLES`, `GLASSES_STYLES`.
    eye_colour: str = "brown"
    hair_style: str = "short"
    hair_colour: str = "brown"
    #: `hair_volume`, `hairline`, `parting`: From -1 to 1: fullness; how far the hairline has receded; where hair parts
    #: (-1 the picture's left).
    hair_volume: float = 0.0
    hairline: float = 0.0
    parting: float = -0.4
    beard: str = "none"
    glasses: str = "none"
    texture_seed: int = 0  #: Seed of the strands of hair, stubble, freckles and pores.

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


# How often each is drawn, by what mostly goes together. Brows, jaw, hair and beard share one latent "masculine", and
# hair and eyes depend on skin and age, so that most faces look coherent.
_STYLES = {True: {"short": 26, "buzz": 14, "parted": 18, "quiff": 14, "curly": 8, "bald": 9, "fringe": 5, "afro": 3,
                  "long": 3},
           False: {"long": 32, "bob": 18, "bun": 15, "fringe": 13, "curly": 8, "parted": 5, "short": 5, "afro": 4}}
_BEARDS = {True: {"none": 52, "stubble": 18, "full": 15, "moustache": 7, "goatee": 8}, False: {"none": 1}}
_OLD_HAIR = {"grey": 50, "white": 30, "dark_brown": 12, "dark_blonde": 8}
_DARK_HAIR = {"black": 68, "dark_brown": 24, "brown": 5, "auburn": 3}
_ANY_HAIR = {"black": 18, "dark_brown": 24, "brown": 21, "auburn": 8, "red": 6, "blonde": 13, "dark_blonde": 10}
_DARK_EYES = {"dark_brown": 65, "brown": 30, "hazel": 5}
_ANY_EYES = {"brown": 30, "dark_brown": 18, "hazel": 14, "green": 10, "blue": 20, "grey": 8}
_GLASSES = {"none": 80, "round": 9, "rectangular": 11}


def sample_identity(rng: np.random.Generator) -> Identity:
    """Draw a person. How much is drawn from ``rng`` does not depend on what comes out."""
    deviation = [float(value) for value in np.clip(rng.normal(0.0, 0.45, 20), -1.0, 1.0)]
    chance = [float(value) for value in rng.random(16)]
    seed = int(rng.integers(2**31))
    tone, age, masculine = chance[0], chance[1] ** 1.5, chance[2] < 0.5
    leaning = 0.5 if masculine else -0.5
    hair = _OLD_HAIR if age > 0.75 else _DARK_HAIR if tone > 0.6 else _ANY_HAIR
    return Identity(face_width=deviation[0], face_length=deviation[1],
                    jaw_width=_limited(deviation[2] + 0.35 * leaning), chin_length=deviation[3], eye_size=deviation[4],
                    eye_spacing=deviation[5], eye_tilt=deviation[6], eye_opening=deviation[7], brow_height=deviation[8],
                    brow_thickness=_limited(deviation[9] + 0.9 * leaning), brow_arch=deviation[10],
                    nose_length=deviation[11], nose_width=deviation[12], mouth_width=deviation[13],
                    mouth_height=deviation[14], lip_thickness=_limited(deviation[15] - 0.4 * leaning),
                    ear_size=deviation[16], skin_tone=tone,
                    freckles=5 * max(0.0, chance[3] - 0.8) if tone < 0.4 else 0.0, blush=chance[4], age=age,
                    undertone=2 * chance[5] - 1,
                    lip_colour=0.1 * chance[6] if masculine or chance[7] < 0.4 else chance[6],
                    eye_colour=_pick(chance[8], _DARK_EYES if tone > 0.6 else _ANY_EYES),
                    hair_style=_pick(chance[9], _STYLES[masculine]), hair_colour=_pick(chance[10], hair),
                    hair_volume=deviation[17], hairline=_limited(deviation[18] + (0.5 * age if masculine else -0.2)),
                    parting=0.75 * (2 * chance[11] - 1), beard=_pick(chance[12], _BEARDS[masculine]),
                    glasses=_pick(chance[13], _GLASSES), texture_seed=seed)


def _limited(value: float) -> float:
    return min(1.0, max(-1.0, value))


def _pick(chance: float, weights: dict[str, int]) -> str:
    bounds = np.cumsum(list(weights.values())) / sum(weights.values())
    return list(weights)[min(int(np.searchsorted(bounds, chance, side="right")), len(weights) - 1)]
