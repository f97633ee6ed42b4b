"""What an approach is: which networks it builds, in which phases they learn, and how its faces get an emotion.

Light: no Keras is imported before `Approach.build` or `Approach.plan` is called, so that recipes and ``--help`` stay
quick.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fecemo.errors import InputError
from fecemo.models.plan import NetworkPlan, Networks, Shape, Stacks, plan_networks
from fecemo.registry import entries, find

Takes = Literal["pixels", "measurements", "embedding"]


@dataclass(frozen=True)
class Phase:
    """One fit of one or several networks that share stacks.

    Parameters
    ----------
    name : str
        Key of its `FitSettings` in a recipe.
    outputs : mapping of str to str
        What the phase can be taught by: each kind of output, and the network that gives it for a face. A loss names
        the kind that it looks at: ``"pixels"`` in [0, 1] of the face's shape, ``"probabilities"`` of shape
        (n_classes,), ``"features"`` of any shape, ``"embedding"`` or ``"vector"`` of shape (d,).
    faces : str
        Which faces it learns from: unlabelled ``"source"`` faces, labelled ``"target"`` faces, or another set of
        examples that the stages know by this name.
    frozen : tuple of str
        Stacks of the networks that do not learn in this phase, such as ``"encoder"``.
    """

    name: str
    outputs: Mapping[str, str]
    faces: str
    frozen: tuple[str, ...] = ()


class ModelConfig:
    """Base of the frozen dataclasses that hold an approach's sizes."""

    def check_input(self, input_shape: Shape) -> None:
        """Raise `ValueError`, the field's name first, if no network of these sizes takes faces of this shape."""


@dataclass(frozen=True)
class Approach:
    """An approach of the study, a row of its Table 1.

    Parameters
    ----------
    name : str
        Key in recipes.
    title : str
        Heading in tables, as published.
    predicts_by : {"clusters", "classifier"}
        Through named clusters of its embeddings, or through its own class probabilities.
    phases : tuple of Phase
        In the order in which they run. Networks share layers, so that a later phase builds on an earlier one.
    output : str
        The network whose output is stored for every face: the encoder, or the classifier.
    config : type of ModelConfig
        Frozen dataclass of the architecture's sizes; its defaults are the published ones.
    networks : mapping of str to tuple of str
        See `Networks`. They take float pixels in [0, 255], or float vectors.
    stacks : callable
        ``stacks(config, input_shape, n_classes) -> Stacks``, with ``input_shape`` (height, width, channels), or (d,).
    takes : {"pixels", "measurements", "embedding"}
        What a face is to its networks: pixels; a vector of what was measured on the face, of the kinds that the config
        chooses (`fecemo.models.measured_groups`); or its embedding by another row of the recipe. An approach may have
        neither phases nor networks: then measurements are its embedding themselves, or a description of the pixels.
    """

    name: str
    title: str
    predicts_by: Literal["clusters", "classifier"]
    phases: tuple[Phase, ...]
    output: str
    config: type[ModelConfig]
    networks: Networks
    stacks: Callable[..., Stacks]
    takes: Takes = "pixels"

    def check(self, config: ModelConfig, input_shape: Shape, where: str = "approaches") -> None:
        """Raise `InputError`, with the recipe's key, if the config does not fit faces of this shape."""
        try:
            config.check_input(input_shape)
        except ValueError as error:
            raise InputError(f"{where}.{self.name}.model.{error}") from error

    def build(self, config: ModelConfig, input_shape: Shape, n_classes: int, seed: int) -> dict[str, Any]:
        """Return the networks by name, of type `keras.Model`. Raises `InputError` as `check` does."""
        from fecemo.models.stacks import build_networks

        self.check(config, input_shape)
        return build_networks(self.networks, self.stacks(config, input_shape, n_classes), input_shape, seed)

    def plan(self, config: ModelConfig, input_shape: Shape, n_classes: int) -> dict[str, NetworkPlan]:
        """Return the same networks on paper: every layer's shape and weights, none allocated.

        Raises `InputError` as `check` does.
        """
        self.check(config, input_shape)
        return plan_networks(self.networks, self.stacks(config, input_shape, n_classes), input_shape)


def approaches() -> dict[str, Approach]:
    """Return every approach by name."""
    return entries("fecemo.models.approaches", "APPROACH")


def find_approach(name: str) -> Approach:
    """Return an approach by name. Raises `InputError` for an unknown one, naming the nearest."""
    return find("fecemo.models.approaches", "APPROACH", name, "approach")
