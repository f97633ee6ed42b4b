"""Eyes level at a quarter of the height, the mouth at three quarters, grey, stretched: a benchmark's normalization."""

from fecemo.data.variants import Variant

VARIANT = Variant(name="quarters", title="Quarters", channels=1, margin=0, faces="quarters")
