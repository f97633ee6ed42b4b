"""What an approach is: which networks it builds, in which phases they learn, and how its faces get an emotion.

Light: no Keras is imported before `Approach.build` or `Approach.plan` is called, so that recipes and ``--help`` stay
quick.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from fecemo.catalogue import offer, offers
from fecemo.models.plan import NetworkPlan


@dataclass(frozen=True)
class Phase:
    """One fit of one network.

    Parameters
    ----------
    name : str
        Key of its `FitSettings` in a recipe.
    network : str
        Which of the built networks is fitted.
    task : {"reconstruct", "classify"}
        What it learns: the pixels it was given, or the emotion.
    faces : {"source", "target"}
        Unlabelled source faces, or labelled target faces.
    frozen : tuple of str
        Stacks of the network that do not learn in this phase, such as ``"encoder"``.
    """

    name: str
    network: str
    task: Literal["reconstruct", "classify"]
    faces: Literal["source", "target"]
    frozen: tuple[str, ...] = ()


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
    config : type
        Frozen dataclass of the architecture's sizes; its defaults are the published ones.
    build : callable
        ``build(config, input_shape, n_classes, seed) -> dict[str, keras.Model]``. ``input_shape`` is (height, width,
        channels); the networks take float pixels in [0, 255]. An autoencoder gives pixels in [0, 1], an encoder an
        embedding of shape (n, d), a classifier probabilities of shape (n, n_classes).
    plan : callable
        ``plan(config, input_shape, n_classes) -> dict[str, NetworkPlan]``: the same networks on paper, with every
        layer's shape and parameters, without allocating them. It raises `InputError` where the config does not fit
        the input, as ``build`` does.
    """

    name: str
    title: str
    predicts_by: Literal["clusters", "classifier"]
    phases: tuple[Phase, ...]
    output: str
    config: type
    build: Callable[..., dict[str, Any]]
    plan: Callable[..., dict[str, NetworkPlan]]


def approaches() -> dict[str, Approach]:
    """Return every approach by name."""
    return offers("fecemo.models.approaches", "APPROACH")


def find_approach(name: str) -> Approach:
    """Return an approach by name. Raises `InputError` for an unknown one, naming the nearest."""
    return offer("fecemo.models.approaches", "APPROACH", name, "approach")
