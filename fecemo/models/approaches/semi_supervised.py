"""A wider convolutional autoencoder, then a head on its frozen encoder (section 4.3, figure 3)."""

from dataclasses import dataclass

from fecemo.models.approach import Approach, ModelConfig, Phase
from fecemo.models.plan import Shape, Stacks
from fecemo.models.sizes import refuse_pools_that_leave_a_rest, refuse_sizes_below_one

NETWORKS = {"autoencoder": ("encoder", "decoder"), "classifier": ("encoder", "head")}


@dataclass(frozen=True)
class SemiSupervisedConfig(ModelConfig):
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

    def check_input(self, input_shape: Shape) -> None:
        """Raise `ValueError` if the pools leave a rest; see `ModelConfig.check_input`."""
        refuse_pools_that_leave_a_rest(self.pools, input_shape)


def _stacks(config: SemiSupervisedConfig, input_shape: Shape, n_classes: int) -> Stacks:
    from fecemo.models import conv_networks

    return {
        "encoder": lambda _: conv_networks.encoder_layers(config.filters, config.pools),
        "decoder": lambda _: conv_networks.decoder_layers(config.filters, config.pools, input_shape),
        "head": lambda _: conv_networks.head_layers(config.head, n_classes),
    }


APPROACH = Approach(
    name="semi_supervised",
    title="Semi-supervised",
    predicts_by="classifier",
    phases=(
        Phase("reconstruct", {"pixels": "autoencoder"}, faces="source"),
        Phase("classify", {"probabilities": "classifier"}, faces="target", frozen=("encoder",)),
    ),
    output="classifier",
    config=SemiSupervisedConfig,
    networks=NETWORKS,
    stacks=_stacks,
)
