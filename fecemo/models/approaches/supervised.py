"""The supervised convolutional classifier ("Categorizing Facial Expressions", section 4.4, figure 4)."""

from dataclasses import dataclass
from typing import Any, Literal

from fecemo.errors import InputError
from fecemo.models.approach import Approach, Phase
from fecemo.models.plan import NetworkPlan, Shape, Stacks, plan_networks
from fecemo.models.sizes import refuse_sizes_below_one

NETWORKS = {"classifier": ("classifier",)}


@dataclass(frozen=True)
class SupervisedConfig:
    """Sizes of the supervised classifier; the defaults are the published ones.

    Parameters
    ----------
    groups : tuple of int
        Convolutions in each group, with a 2×2 max-pooling between groups.
    filters : int
        Of every convolution.
    dense : int
        Width of the SELU layer before the softmax.
    kernel_initializer : {"glorot_uniform", "he_normal"}
        Of the convolutions. The text names none: Keras's default is ours. It halves the variance of the signal at each
        of the seventeen ReLU layers (He et al. 2015, section 2.2), and narrow stacks then do not leave chance;
        ``he_normal`` keeps the variance and is the sound choice.
    """

    groups: tuple[int, ...] = (7, 7, 3)
    filters: int = 64
    dense: int = 256
    kernel_initializer: Literal["glorot_uniform", "he_normal"] = "glorot_uniform"

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "groups", "filters", "dense")


def _stacks(config: SupervisedConfig, input_shape: Shape, n_classes: int) -> Stacks:
    if input_shape[0] < 2 ** (len(config.groups) - 1):
        raise InputError(f"approaches.{APPROACH.name}: model.groups {list(config.groups)} halve the image "
                         f"{len(config.groups) - 1} times, and it has only {input_shape[0]} pixels a side")
    from fecemo.models.classifier_networks import classifier_layers

    return {"classifier": lambda _: classifier_layers(
        config.groups, config.filters, config.dense, n_classes, config.kernel_initializer)}


def _build(config: SupervisedConfig, input_shape: Shape, n_classes: int, seed: int) -> dict[str, Any]:
    from fecemo.models.stacks import build_networks

    return build_networks(NETWORKS, _stacks(config, input_shape, n_classes), input_shape, seed)


def _plan(config: SupervisedConfig, input_shape: Shape, n_classes: int) -> dict[str, NetworkPlan]:
    return plan_networks(NETWORKS, _stacks(config, input_shape, n_classes), input_shape)


APPROACH = Approach(
    name="supervised",
    title="Supervised",
    predicts_by="classifier",
    phases=(Phase("classify", network="classifier", task="classify", faces="target"),),
    output="classifier",
    config=SupervisedConfig,
    build=_build,
    plan=_plan,
)
