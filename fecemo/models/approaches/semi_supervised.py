"""A wider convolutional autoencoder, then a head on its frozen encoder (section 4.3, figure 3)."""

from dataclasses import dataclass
from typing import Any

from fecemo.models.approach import Approach, Phase
from fecemo.models.plan import NetworkPlan, Shape, Stacks, plan_networks
from fecemo.models.sizes import refuse_pools_that_leave_a_rest, refuse_sizes_below_one

NETWORKS = {"autoencoder": ("encoder", "decoder"), "classifier": ("encoder", "head")}


@dataclass(frozen=True)
class SemiSupervisedConfig:
    """Sizes of the semi-supervised model; the defaults are the published ones.

    Parameters
    ----------
    filters : tuple of int
        Filters of each pair of convolutions in the encoder.
    pools : tuple of int
        See `ConvAutoencoderConfig`.
    head : tuple of int
        SELU layers before the softmax. The text says three dense layers from 256 to 8; the middle width is ours, and
        so are the activations.
    """

    filters: tuple[int, ...] = (128, 256, 512)
    pools: tuple[int, ...] = (2, 2, 2)
    head: tuple[int, ...] = (256, 64)

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "filters", "pools", "head")
        if len(self.filters) != len(self.pools):
            raise ValueError(f"pools must be as many as filters, {len(self.filters)}, not {len(self.pools)}")


def _stacks(config: SemiSupervisedConfig, input_shape: Shape, n_classes: int) -> Stacks:
    refuse_pools_that_leave_a_rest(config.pools, input_shape, APPROACH.name)
    from fecemo.models import conv_networks

    return {
        "encoder": lambda _: conv_networks.encoder_layers(config.filters, config.pools),
        "decoder": lambda _: conv_networks.decoder_layers(config.filters, config.pools, input_shape),
        "head": lambda _: conv_networks.head_layers(config.head, n_classes),
    }


def _build(config: SemiSupervisedConfig, input_shape: Shape, n_classes: int, seed: int) -> dict[str, Any]:
    from fecemo.models.stacks import build_networks

    return build_networks(NETWORKS, _stacks(config, input_shape, n_classes), input_shape, seed)


def _plan(config: SemiSupervisedConfig, input_shape: Shape, n_classes: int) -> dict[str, NetworkPlan]:
    return plan_networks(NETWORKS, _stacks(config, input_shape, n_classes), input_shape)


APPROACH = Approach(
    name="semi_supervised",
    title="Semi-supervised",
    predicts_by="classifier",
    phases=(
        Phase("reconstruct", network="autoencoder", task="reconstruct", faces="source"),
        Phase("classify", network="classifier", task="classify", faces="target", frozen=("encoder",)),
    ),
    output="classifier",
    config=SemiSupervisedConfig,
    build=_build,
    plan=_plan,
)
