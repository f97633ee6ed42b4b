"""The stacked convolutional autoencoder ("Categorizing Facial Expressions", section 4.2, figure 2)."""

from dataclasses import dataclass

from fecemo.models.approach import Approach, ModelConfig, Phase
from fecemo.models.plan import Shape, Stacks
from fecemo.models.sizes import refuse_pools_that_leave_a_rest, refuse_sizes_below_one

NETWORKS = {"autoencoder": ("encoder", "decoder"), "encoder": ("encoder", "embedding")}


@dataclass(frozen=True)
class ConvAutoencoderConfig(ModelConfig):
    """Sizes of the convolutional autoencoder; the defaults are the published ones.

    Parameters
    ----------
    filters : tuple of int
        Filters of each pair of convolutions in the encoder.
    pools : tuple of int
        Size of the max-pooling after each pair, and stride of the transposed convolution that mirrors it. Their
        product divides the side of the image. The text gives no sizes: 2, 2, 2 is ours for 200 pixels, and
        2, 3, 5 for 150, the coarsest last, so that the widest gaps of the strided decoder are filled by all the others.
    """

    filters: tuple[int, ...] = (32, 64, 128)
    pools: tuple[int, ...] = (2, 2, 2)

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "filters", "pools")
        if len(self.filters) != len(self.pools):
            raise ValueError(f"pools must be as many as filters, {len(self.filters)}, not {len(self.pools)}")

    def check_input(self, input_shape: Shape) -> None:
        """Raise `ValueError` if the pools leave a rest; see `ModelConfig.check_input`."""
        refuse_pools_that_leave_a_rest(self.pools, input_shape)


def _stacks(config: ConvAutoencoderConfig, input_shape: Shape, n_classes: int) -> Stacks:
    from fecemo.models import conv_networks

    return {
        "encoder": lambda _: conv_networks.encoder_layers(config.filters, config.pools),
        "decoder": lambda _: conv_networks.decoder_layers(config.filters, config.pools, input_shape),
        "embedding": lambda _: conv_networks.embedding_layers(),
    }


APPROACH = Approach(
    name="conv_autoencoder",
    title="Stacked convolutional autoencoder",
    predicts_by="clusters",
    phases=(Phase("reconstruct", {"pixels": "autoencoder"}, faces="source"),),
    output="encoder",
    config=ConvAutoencoderConfig,
    networks=NETWORKS,
    stacks=_stacks,
)
