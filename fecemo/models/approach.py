"""What an approach is: the columns that enter its Keras model, the outputs that leave it, and the phases of its fit.

Light: no Keras is imported before a model is built, so that recipes and ``--help`` stay quick.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fecemo.data.arrays import ROWS
from fecemo.errors import InputError
from fecemo.lazy_keras import keras
from fecemo.registry import Registry

IMAGE = "image"
"""The column that stands for the table's variant of a face: pixels in [0, 255] of shape (side, side, channels)."""
EMBEDDING = "embedding"
"""The column that stands for the embedding of a face by the row that a recipe names as ``embeddings_from``."""
EMBEDDING_OF, PROBABILITIES_OF = "embedding of ", "probabilities of "
"""With a row's name behind them, columns that stand for what that row of the recipe gives: the embedding of a row whose
faces are clustered, the probabilities of a classifier."""
Shape = tuple[int, ...]
"""Shape of one face's tensor, without the batch."""
Readout = Literal["clusters", "argmax", "regression"]


@dataclass(frozen=True)
class Phase:
    """One fit of the model, or of a part of it."""

    name: str  #: Key of its `FitSettings` in a recipe.
    #: What it learns from unless a recipe says otherwise: a role (``"source"``), a split of its faces
    #: (``"target.train"``) or a relation between them (``"source.triplets"``).
    data: str
    #: Outputs that can be trained, and what each is compared with: ``"image"``, ``"views"``, ``"triplet"``, a column or
    #: several columns side by side. The first pair is that of a recipe's ``loss: NAME``.
    targets: Mapping[str, str | tuple[str, ...]]
    frozen: tuple[str, ...] = ()  #: Submodels that do not learn in this phase, such as ``"encoder"``.

    @property
    def role(self) -> str:
        """str: The data set that it learns from by default."""
        return self.data.partition(".")[0]


@dataclass(frozen=True)
class ModelConfig:
    """Base of the frozen dataclasses that hold an approach's sizes; by itself, the config of one that has none."""

    def check_image(self, shape: Shape) -> None:
        """Raise `ValueError`, the field's name first, if no model of these sizes takes images of this shape."""


@dataclass(frozen=True)
class Approach:
    """An approach of the study, a row of its Table 1."""

    name: str  #: Key in recipes.
    title: str  #: Heading in tables, as published.
    config: type[ModelConfig]  #: Frozen dataclass of the architecture's sizes; its defaults are the published ones.
    #: Inputs of the model, and the column that enters each: `IMAGE`, `EMBEDDING`, what another row gives, by its name
    #: behind `EMBEDDING_OF` or `PROBABILITIES_OF`, or a column of the data set; or a function of the config that
    #: returns them.
    inputs: Mapping[str, str] | Callable[[Any], Mapping[str, str]]
    #: ``build(config, shapes, n_classes) -> keras.Model``, ``shapes`` by input. The model takes a dict and returns a
    #: dict; its encoder, decoder or head are submodels by these names.
    build: Callable[..., Any] | None
    #: In the order in which they run; they share the model. Without one, nothing learns but layers that are adapted to
    #: the source faces, of an approach whose faces are clustered.
    phases: tuple[Phase, ...]
    #: Outputs that are stored for every face, and how each becomes an answer. The first gives each face its class, by
    #: its cluster or as a classifier; those of ``regression`` are compared with the columns that they learn.
    readouts: Mapping[str, Readout]
    submodels: tuple[str, ...] = ()  #: Names of the submodels that phases and recipes may freeze.
    #: In the place of a model: a registered description of pictures; see `fecemo.imaging.descriptors`.
    descriptor: str | None = None

    def __post_init__(self) -> None:
        if self.readouts.get(next(iter(self.readouts), "")) not in ("clusters", "argmax"):
            raise ValueError(f"the approach {self.name}: the first readout gives each face its class, so that it is "
                             f"clusters or argmax; found {dict(self.readouts)}. Numbers are read beside it")
        if ROWS in self.outputs:
            raise ValueError(f"the approach {self.name}: no output may be called {ROWS}; the rows of faces are stored "
                             "under that name beside its outputs")

    @property
    def output(self) -> str:
        """str: The output whose readout decides."""
        return next(iter(self.readouts))

    @property
    def predicts_by(self) -> Literal["clusters", "classifier"]:
        """str: Whether faces get their class through clusters, or from the model itself."""
        return "clusters" if self.readouts[self.output] == "clusters" else "classifier"

    @property
    def outputs(self) -> tuple[str, ...]:
        """Tuple of str: Outputs that phases train or that are stored, each once."""
        return tuple(dict.fromkeys([*(name for phase in self.phases for name in phase.targets), *self.readouts]))

    def columns(self, config: Any = None) -> dict[str, str]:
        """Return the column that enters each input, of a config or, by default, of the published one."""
        if callable(self.inputs):
            return dict(self.inputs(self.config() if config is None else config))
        return dict(self.inputs)

    def rows_behind(self, config: Any, embeddings_from: str | None = None) -> dict[str, str]:
        """Return the row whose outputs a column holds, of the columns that enter the model and hold such.

        Parameters
        ----------
        config : ModelConfig
        embeddings_from : str, optional
            The row behind `EMBEDDING`.
        """
        named = {column: column.partition(start)[2] for column in self.columns(config).values()
                 for start in (EMBEDDING_OF, PROBABILITIES_OF) if column.startswith(start)}
        return ({EMBEDDING: embeddings_from} if embeddings_from is not None else {}) | named

    @property
    def takes_image(self) -> bool:
        """bool: Whether pixels enter the model."""
        return IMAGE in self.columns().values()

    @property
    def takes_embedding(self) -> bool:
        """bool: Whether embeddings by another row enter the model."""
        return EMBEDDING in self.columns().values()

    def check(self, config: ModelConfig, image_shape: Shape, where: str = "approaches") -> None:
        """Raise `InputError`, with the recipe's key, if the config does not fit images of this shape."""
        try:
            config.check_image(image_shape)
        except ValueError as error:
            raise InputError(f"{where}.{self.name}.model.{error}") from error

    def model(self, config: Any, shapes: Mapping[str, Shape], n_classes: int, seed: int) -> Any:
        """Return the `keras.Model`, its first weights drawn by the seed and its unnamed layers numbered from 1.

        Parameters
        ----------
        config : ModelConfig
        shapes : mapping of str to tuple of int
            Of each input, without the batch.
        n_classes : int
            Of the data set that is learnt from.
        """
        self._fresh_session()
        keras.utils.set_random_seed(seed)
        return self._built(config, shapes, n_classes)

    def outline(self, config: Any, shapes: Mapping[str, Shape], n_classes: int) -> Any:
        """Return the model without the memory of its weights: its layers, shapes and counts alone are to be used.

        The dense autoencoder has 485 million weights at 200 pixels; what they take is known before they are drawn.
        """
        self._fresh_session()
        with keras.StatelessScope(initialize_variables=False):
            outline = self._built(config, shapes, n_classes)
        self._fresh_session()  # forgets the weights that still wait for their values
        return outline

    def _built(self, config: Any, shapes: Mapping[str, Shape], n_classes: int) -> Any:
        if self.build is None:
            raise ValueError(f"the approach {self.name} has no model")
        for name, column in self.columns(config).items():
            if column == IMAGE:
                self.check(config, shapes[name])
        return self.build(config, shapes, n_classes)

    @staticmethod
    def _fresh_session() -> None:
        shared = keras.distribution.distribution()
        keras.utils.clear_session(free_memory=False)
        if shared is not None:
            keras.distribution.set_distribution(shared)


def refuse_sizes_below_one(config: Any, *names: str) -> None:
    """Raise `ValueError` if one of the named fields, a whole number or several, is below 1 or empty."""
    for name in names:
        value = getattr(config, name)
        sizes = value if isinstance(value, tuple) else (value,)
        if not sizes or min(sizes) < 1:
            raise ValueError(f"{name} must be whole numbers above 0, not {value}")


def refuse_pools_that_leave_a_rest(pools: tuple[int, ...], shape: Shape) -> None:
    """Raise `ValueError` if poolings of these sizes do not divide the side of the image.

    A transposed convolution multiplies the side by its stride: only then does the decoder come back to the same size.
    """
    side = shape[0]
    if side % math.prod(pools):
        divisors = [size for size in range(2, side + 1) if side % size == 0]
        raise ValueError(
            f"pools: {list(pools)} multiply to {math.prod(pools)}, which does not divide the {side} pixels of the "
            f"image; choose {len(pools)} sizes whose product does (divisors of {side}: {divisors})"
        )


approaches = Registry[Approach]("fecemo.models.approaches", "APPROACH", "approach")
