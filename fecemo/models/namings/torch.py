"""Names of PyTorch's own ResNet, which ports of the VGGFace2 models share; excitation as a block's conv4 and conv5."""

from fecemo.models.naming import TORCH_VARIABLES, Naming, Place, torch_kernel

PARTS = {("shortcut", "conv"): "downsample.0", ("shortcut", "norm"): "downsample.1",
         ("excite_1", "dense"): "conv4", ("excite_2", "dense"): "conv5",
         **{(str(number), kind): f"{short}{number}" for number in (1, 2, 3)
            for kind, short in (("conv", "conv"), ("norm", "bn"))}}


def _layer(place: Place) -> str:
    if place.stage == 1:
        return {"conv": "conv1", "norm": "bn1"}[place.kind]
    return f"layer{place.stage - 1}.{place.block - 1}.{PARTS[place.part, place.kind]}"


NAMING = Naming("torch", _layer, TORCH_VARIABLES, torch_kernel, epsilon=1e-5)
