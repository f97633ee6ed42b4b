"""The face as gray levels."""

from fecemo.data.variant import Variant

VARIANT = Variant(name="gray", title="Grayscale", channels=1, margin=0)
