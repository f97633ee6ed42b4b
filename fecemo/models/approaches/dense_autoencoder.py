"""The stacked autoencoder of dense layers ("Categorizing Facial Expressions", section 4.2, figure 1)."""

from dataclasses import dataclass
from typing import Literal

from fecemo.models.approach import Approach, ModelConfig, Phase
from fecemo.models.plan import Shape, Stacks
from fecemo.models.sizes import refuse_sizes_below_one

NETWORKS = {"autoencoder": ("rescaling", "encoder", "decoder"), "encoder": ("rescaling", "encoder")}


@dataclass(frozen=True)
class DenseAutoencoderConfig(ModelConfig):
    """Sizes of the dense autoencoder; the defaults are the published ones.

    Parameters
    ----------
    widths : tuple of int
        Dense layers of the encoder, in order; the decoder has them in reverse.
    embedding : int
        Width of the embedding.
    output_activation : {"selu", "sigmoid"}
        Of the layer that gives the pixels. SELU as published, though cross-entropy then clips what falls outside of
        [0, 1] and teaches nothing there; sigmoid is the sound choice.
    """

    widths: tuple[int, ...] = (2000, 1000, 500, 200)
    embedding: int = 100
    output_activation: Literal["selu", "sigmoid"] = "selu"

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "widths", "embedding")


def _stacks(config: DenseAutoencoderConfig, input_shape: Shape, n_classes: int) -> Stacks:
    from fecemo.models import dense_networks
    from fecemo.models.pixels import rescaling_layer

    return {
        # The text names no rescaling for this model; binary cross-entropy asks for pixels in [0, 1].
        "rescaling": lambda _: [rescaling_layer()],
        "encoder": lambda _: dense_networks.encoder_layers(config.widths, config.embedding),
        "decoder": lambda _: dense_networks.decoder_layers(config.widths, input_shape, config.output_activation),
    }


APPROACH = Approach(
    name="dense_autoencoder",
    title="Stacked autoencoder",
    predicts_by="clusters",
    phases=(Phase("reconstruct", {"pixels": "autoencoder"}, faces="source"),),
    output="encoder",
    config=DenseAutoencoderConfig,
    networks=NETWORKS,
    stacks=_stacks,
)
