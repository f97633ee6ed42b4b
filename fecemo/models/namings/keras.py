"""Names of Keras's own ResNet-50."""

from fecemo.models.naming import Naming, Place

KINDS = {"conv": "conv", "norm": "bn", "dense": "dense"}


def _layer(place: Place) -> str:
    if place.stage == 1:
        return f"conv1_{KINDS[place.kind]}"
    part = "0" if place.part == "shortcut" else place.part
    return f"conv{place.stage}_block{place.block}_{part}_{KINDS[place.kind]}"


NAMING = Naming("keras", _layer, {
    f"{kind}/{variable}": f"/{variable}" for kind, variables in {
        "layer": ("kernel", "bias"), "norm": ("gamma", "beta", "moving_mean", "moving_variance")}.items()
    for variable in variables}, kernel=lambda kernel: kernel, epsilon=1.001e-5)
