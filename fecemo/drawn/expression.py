"""Expressions: intensities of facial actions, and the eight emotions as prototypes of them.

The prototypes follow EMFACS and the tables of Ekman and Friesen: happy 6+12(+25), sad 1+4+15(+17), surprise
1+2+5+25+26, fear 1+2+4+5+7+20+25, disgust 9+10+15(+17), anger 4+5+7+23+24, contempt 12+14 of one side.
"""

from dataclasses import dataclass, fields

import numpy as np

from fecemo.errors import InputError, nearest

ASYMMETRY_GAIN = 0.3
"""How far an asymmetry of 1 strengthens one side's actions and weakens the other's."""


@dataclass(frozen=True)
class Expression:
    """Facial actions of the Facial Action Coding System (FACS), with the numbers of their action units (AU).

    Every action is an intensity from 0 (none) to 1 (as far as it goes). Left and right are the person's own, as in
    FACS: the person's left side is at the right of the picture.
    """

    inner_brow_raise: float = 0.0  #: Inner brow raiser, AU1.
    outer_brow_raise: float = 0.0  #: Outer brow raiser, AU2.
    brow_lower: float = 0.0  #: Brow lowerer, AU4: down, and together.
    upper_lid_raise: float = 0.0  #: Upper lid raiser, AU5: the eye opens wide.
    cheek_raise: float = 0.0  #: Cheek raiser, AU6: cheeks bulge and push the lower lid up.
    lid_tighten: float = 0.0  #: Lid tightener, AU7: both lids narrow.
    nose_wrinkle: float = 0.0  #: Nose wrinkler, AU9.
    upper_lip_raise: float = 0.0  #: Upper lip raiser, AU10.
    lip_corner_pull: float = 0.0  #: Lip corner puller, AU12: a smile, on both sides.
    #: `dimple_left`, `dimple_right`: Dimpler, AU14, of one side: that lip corner is tightened, pulled outwards and a
    #: little up.
    dimple_left: float = 0.0
    dimple_right: float = 0.0
    lip_corner_depress: float = 0.0  #: Lip corner depressor, AU15.
    chin_raise: float = 0.0  #: Chin raiser, AU17: the chin boss and the lower lip are pushed up.
    lip_stretch: float = 0.0  #: Lip stretcher, AU20: corners pulled straight outwards.
    lip_tighten: float = 0.0  #: Lip tightener, AU23: a narrower, thinner mouth.
    lip_press: float = 0.0  #: Lip pressor, AU24: the lips are pressed together.
    lips_part: float = 0.0  #: Lips part, AU25.
    jaw_drop: float = 0.0  #: Jaw drop, AU26.
    #: `upper_asymmetry`, `lower_asymmetry`: From -1 to 1: above 0 the person's left brow and eye (lip corner) act more
    #: strongly than the right, by up to 30 %.
    upper_asymmetry: float = 0.0
    lower_asymmetry: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            lowest = -1.0 if field.name.endswith("asymmetry") else 0.0
            if not lowest <= value <= 1.0:
                raise InputError(f"{field.name} is {value}, expected a number from {lowest:g} to 1")

    def upper_gain(self, side: int) -> float:
        """Return the factor on brow and eye actions of one side (-1 the picture's left, 1 its right)."""
        return 1.0 + ASYMMETRY_GAIN * self.upper_asymmetry * side

    def lower_gain(self, side: int) -> float:
        """Return the factor on lip corner actions of one side (-1 the picture's left, 1 its right)."""
        return 1.0 + ASYMMETRY_GAIN * self.lower_asymmetry * side

    def dimple(self, side: int) -> float:
        """Return the dimpler's intensity on one side (-1 the picture's left, the person's right; 1 its right)."""
        return self.dimple_left if side > 0 else self.dimple_right


ACTIONS = tuple(field.name for field in fields(Expression) if not field.name.endswith("asymmetry"))
"""Names of the eighteen actions, without the two asymmetries."""


Actions = dict[str, float]


@dataclass(frozen=True)
class Prototype:
    """What an emotion always does, and its further variants."""

    core: Actions  #: Intensities at full strength, by action.
    variants: tuple[Actions, ...] = ({},)  #: Further actions, of which each face takes one set at random.


PROTOTYPES = {"neutral": Prototype({}),
              "happy": Prototype({"cheek_raise": 0.75, "lip_corner_pull": 0.95},
                                 ({}, {"lips_part": 0.6}, {"lips_part": 0.85, "jaw_drop": 0.15},
                                  {"lips_part": 1.0, "jaw_drop": 0.4})),
              "sad": Prototype({"inner_brow_raise": 0.95, "brow_lower": 0.55, "lip_corner_depress": 0.95},
                               ({"chin_raise": 0.3}, {"chin_raise": 0.7}, {"lips_part": 0.2})),
              "surprise": Prototype({"inner_brow_raise": 0.95, "outer_brow_raise": 0.95, "upper_lid_raise": 0.8,
                                     "lips_part": 0.85}, ({"jaw_drop": 0.55}, {"jaw_drop": 0.75}, {"jaw_drop": 0.95})),
              "fear": Prototype({"inner_brow_raise": 0.9, "outer_brow_raise": 0.45, "brow_lower": 0.65,
                                 "upper_lid_raise": 0.95, "lid_tighten": 0.35, "lip_stretch": 0.95, "lips_part": 0.65},
                                ({}, {"jaw_drop": 0.15}, {"jaw_drop": 0.3})),
              "disgust": Prototype({"nose_wrinkle": 0.95, "upper_lip_raise": 0.85, "lip_corner_depress": 0.4,
                                    "brow_lower": 0.4, "cheek_raise": 0.3, "lid_tighten": 0.45},
                                   ({"chin_raise": 0.55}, {"chin_raise": 0.3}, {"lips_part": 0.45})),
              "anger": Prototype({"brow_lower": 1.0, "upper_lid_raise": 0.5, "lid_tighten": 0.6},
                                 ({"lip_tighten": 0.7, "lip_press": 0.8},
                                  {"lip_tighten": 0.5, "lip_press": 0.9, "chin_raise": 0.4},
                                  {"lip_tighten": 0.6, "lips_part": 0.7, "upper_lip_raise": 0.35, "lip_stretch": 0.2})),
              "contempt": Prototype({},
                                    ({"dimple_left": 0.95}, {"dimple_right": 0.95},
                                     {"dimple_left": 0.9, "lip_corner_pull": 0.08},
                                     {"dimple_right": 0.9, "lip_corner_pull": 0.08}))}
"""Each emotion's prototype, by name."""
EMOTIONS = tuple(PROTOTYPES)
"""The emotions that can be drawn, in their order."""


def sample_expression(rng: np.random.Generator, emotion: str) -> Expression:
    """Draw one face's expression of an emotion.

    About one face in seven is mild, about one in six borrows from another emotion; every action wavers, the two sides
    differ a little, and small movements that mean nothing are always there.
    """
    if emotion not in PROTOTYPES:
        raise InputError(f"no emotion is called {emotion!r}; {nearest(emotion, EMOTIONS)}")
    prototype = PROTOTYPES[emotion]
    mild, borrowing, borrowed_share = rng.random(3)
    intensity = rng.uniform(0.4, 0.6) if mild < 0.15 else rng.uniform(0.65, 1.0)
    actions = _varied(rng, prototype, intensity)
    lender = PROTOTYPES[EMOTIONS[int(rng.integers(len(EMOTIONS)))]]
    borrowed = _varied(rng, lender, 0.15 + 0.3 * borrowed_share)
    if borrowing < 0.18 and mild >= 0.15:  # a mild face that borrows would be neither
        actions = {name: max(actions[name], borrowed[name]) for name in ACTIONS}

    # Idle movements: nearly always tiny, now and then one that could be mistaken for a meaning.
    idle = np.abs(rng.normal(0.0, 0.035, len(ACTIONS)))
    idle[int(rng.integers(len(ACTIONS)))] += rng.uniform(0.0, 0.18)
    upper, lower = np.clip(rng.normal(0.0, 0.3, 2), -1.0, 1.0)
    return Expression(**{name: float(min(1.0, actions[name] + idle[index])) for index, name in enumerate(ACTIONS)},
                      upper_asymmetry=float(upper), lower_asymmetry=float(lower))


def _varied(rng: np.random.Generator, prototype: Prototype, intensity: float) -> Actions:
    """Return every action's intensity for a prototype whose actions each waver by themselves."""
    waver = np.clip(rng.normal(1.0, 0.16, len(ACTIONS)), 0.5, 1.4)
    variant = prototype.variants[int(rng.integers(len(prototype.variants)))]
    strengths = {**prototype.core, **variant}
    return {name: float(np.clip(strengths.get(name, 0.0) * intensity * waver[index], 0.0, 1.0))
            for index, name in enumerate(ACTIONS)}
