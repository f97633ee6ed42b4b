"""The stored face itself."""

from fecemo.data.variant import Variant

VARIANT = Variant(name="rgb", title="RGB", channels=3, margin=0)
