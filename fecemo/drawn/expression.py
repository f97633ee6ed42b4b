"""What a face does: the intensities of its facial actions."""

from dataclasses import dataclass, fields

from fecemo.errors import InputError

ASYMMETRY_GAIN = 0.3
"""How far an asymmetry of 1 strengthens one side's actions and weakens the other's."""


@dataclass(frozen=True)
class Expression:
    """Facial actions of the Facial Action Coding System (FACS), with the numbers of their action units (AU).

    Every action is an intensity from 0 (none) to 1 (as far as it goes). Left and right are the person's own, as in
    FACS: the person's left side is at the right of the picture.

    Parameters
    ----------
    inner_brow_raise : float
        Inner brow raiser, AU1.
    outer_brow_raise : float
        Outer brow raiser, AU2.
    brow_lower : float
        Brow lowerer, AU4: down, and together.
    upper_lid_raise : float
        Upper lid raiser, AU5: the eye opens wide.
    cheek_raise : float
        Cheek raiser, AU6: cheeks bulge and push the lower lid up.
    lid_tighten : float
        Lid tightener, AU7: both lids narrow.
    nose_wrinkle : float
        Nose wrinkler, AU9.
    upper_lip_raise : float
        Upper lip raiser, AU10.
    lip_corner_pull : float
        Lip corner puller, AU12: a smile, on both sides.
    dimple_left, dimple_right : float
        Dimpler, AU14, of one side: that lip corner is tightened, pulled outwards and a little up.
    lip_corner_depress : float
        Lip corner depressor, AU15.
    chin_raise : float
        Chin raiser, AU17: the chin boss and the lower lip are pushed up.
    lip_stretch : float
        Lip stretcher, AU20: corners pulled straight outwards.
    lip_tighten : float
        Lip tightener, AU23: a narrower, thinner mouth.
    lip_press : float
        Lip pressor, AU24: the lips are pressed together.
    lips_part : float
        Lips part, AU25.
    jaw_drop : float
        Jaw drop, AU26.
    upper_asymmetry, lower_asymmetry : float
        From -1 to 1: above 0 the person's left brow and eye (lip corner) act more strongly than the right, by up to
        30 %.
    """

    inner_brow_raise: float = 0.0
    outer_brow_raise: float = 0.0
    brow_lower: float = 0.0
    upper_lid_raise: float = 0.0
    cheek_raise: float = 0.0
    lid_tighten: float = 0.0
    nose_wrinkle: float = 0.0
    upper_lip_raise: float = 0.0
    lip_corner_pull: float = 0.0
    dimple_left: float = 0.0
    dimple_right: float = 0.0
    lip_corner_depress: float = 0.0
    chin_raise: float = 0.0
    lip_stretch: float = 0.0
    lip_tighten: float = 0.0
    lip_press: float = 0.0
    lips_part: float = 0.0
    jaw_drop: float = 0.0
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
