"""To which factor each parameter of a drawn face belongs, so that models can be asked what they follow."""

CAPTURE_FACTORS = {
    "pose": ("yaw", "pitch", "roll", "scale", "shift_x", "shift_y", "gaze_x", "gaze_y"),
    "light": ("light_azimuth", "light_elevation", "light_strength", "exposure", "warmth"),
    "background": ("backdrop", "backdrop_hue", "backdrop_saturation", "backdrop_value", "clothes_hue",
                   "clothes_value"),
    "camera": ("blur", "noise", "jpeg_quality"),
}
"""How a face was photographed, sorted; seeds belong nowhere."""
_FACTOR_OF = {name: factor for factor, names in CAPTURE_FACTORS.items() for name in names}


def factor_column(column: str) -> str | None:
    """Return a parameter's column name by its factor, or None for what is no factor.

    Parameters
    ----------
    column : str
        As `FaceParameters.as_row` writes it, such as ``"capture.yaw"``.

    Returns
    -------
    str or None
        Such as ``"pose.yaw"``; of ``expression.…`` and ``identity.…`` the name itself. None for seeds and for columns
        that are no parameters.
    """
    part, _, name = column.partition(".")
    if part == "capture":
        return f"{_FACTOR_OF[name]}.{name}" if name in _FACTOR_OF else None
    return column if part in ("expression", "identity") and not name.endswith("seed") else None
