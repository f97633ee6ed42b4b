"""Names of the VGGFace2 models as they were published in Caffe, and in PyTorch by the same makers."""

from fecemo.models.naming import TORCH_VARIABLES, Naming, Place, torch_kernel

PARTS = {"1": "1x1_reduce", "2": "3x3", "3": "1x1_increase", "shortcut": "1x1_proj", "excite_1": "1x1_down",
         "excite_2": "1x1_up"}


def _layer(place: Place) -> str:
    layer = "conv1_7x7_s2" if place.stage == 1 else f"conv{place.stage}_{place.block}_{PARTS[place.part]}"
    return f"{layer}_bn" if place.kind == "norm" else layer


NAMING = Naming("caffe", _layer, TORCH_VARIABLES, torch_kernel, epsilon=1e-5)
