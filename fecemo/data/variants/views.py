"""The study's three views of a stored face, and the two faces that a stage makes of it by its eyes."""

from fecemo.data.variants import Variant

VARIANT = (
    Variant(name="rgb", title="RGB", channels=3, margin=0),
    Variant(name="gray", title="Grayscale", channels=1, margin=0),
    Variant(name="tight", title="Cropped", channels=3, margin=25),
    # Eyes on fixed points, along an ellipse, light evened out.
    Variant(name="aligned", title="Aligned", channels=1, margin=0, faces="aligned"),
    # Eyes level at a quarter of the height, the mouth at three quarters, stretched: a benchmark's normalization.
    Variant(name="quarters", title="Quarters", channels=1, margin=0, faces="quarters"),
)
