"""Rows that answer together: the mean of classifiers' probabilities, or several rows' embeddings side by side.

Nothing is learnt here. A mean of probabilities is the prediction of deep ensembles (Lakshminarayanan et al. 2017,
section 2.4). A mean of embeddings, number by number, would mean nothing, since the axes of two networks have nothing to
do with each other; what can be averaged is how far two faces are apart. Each member's embedding is therefore moved to
mean 0, divided by one standard deviation, the root of its summed variances over the source faces, and by the root of
the number of members M, and these are put side by side: the squared distance of two faces is then the mean over the
members of theirs, each in units of its own spread,

    d²(a, b) = 1/M Σ_m |x_m(a) − x_m(b)|² / v_m,    v_m = Σ_j var x_mj.

One standard deviation for all numbers of a member keeps its own distances, so that an ensemble of one member has the
clusters of that member.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.lazy_keras import keras, layers
from fecemo.models.approach import EMBEDDING_OF, PROBABILITIES_OF, Approach, ModelConfig, Shape


@dataclass(frozen=True)
class EnsembleConfig(ModelConfig):
    """Which rows answer together."""

    #: Rows of the recipe, at least one; of rows that differ by their ``seed`` alone it is an ensemble of seeds.
    members: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if twice := [row for row in self.members if self.members.count(row) > 1]:
            raise ValueError(f"members must be different rows, and {twice[0]} is named twice")


def columns_of_members(config: EnsembleConfig, kind: str) -> dict[str, str]:
    """Return the inputs ``member_1``, ``member_2`` … and the columns of ``kind`` that enter them."""
    return {f"member_{number}": kind + row for number, row in enumerate(config.members, 1)}


def build_classifier(config: EnsembleConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: the members' probabilities to their mean, ``"probabilities"``, of shape (n, c)."""
    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    members = list(inputs.values())
    mean = layers.Average(name="mean")(members) if len(members) > 1 else layers.Identity(name="mean")(members[0])
    return keras.Model(inputs, {"probabilities": mean}, name="ensemble_model")


def build_embedding(config: EnsembleConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: the members' embeddings, standardized, side by side as ``"embedding"``, of shape (n, Σ d_m)."""
    from fecemo.models.layers import Standardization

    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    vectors = [Standardization(pooled=True, length=len(inputs) ** -0.5, name=f"standardization_{name}")(tensor)
               for name, tensor in inputs.items()]
    embedding = layers.Concatenate(name="side_by_side")(vectors) if len(vectors) > 1 else vectors[0]
    return keras.Model(inputs, {"embedding": embedding}, name="embedding_ensemble_model")


APPROACH = (
    Approach(name="ensemble", title="Ensemble", config=EnsembleConfig,
             inputs=lambda config: columns_of_members(config, PROBABILITIES_OF), build=build_classifier, phases=(),
             readouts={"probabilities": "argmax"}),
    Approach(name="embedding_ensemble", title="Ensemble of embeddings", config=EnsembleConfig,
             inputs=lambda config: columns_of_members(config, EMBEDDING_OF), build=build_embedding, phases=(),
             readouts={"embedding": "clusters"}),
)
