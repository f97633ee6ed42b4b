"""The face with its eyes on fixed points, along an ellipse, its light evened out: what the align stage makes."""

from fecemo.data.variant import Variant

VARIANT = Variant(name="aligned", title="Aligned", channels=1, margin=0, faces="aligned")
