"""The face with 25 pixels cut off each side."""

from fecemo.data.variant import Variant

VARIANT = Variant(name="tight", title="Cropped", channels=3, margin=25)
