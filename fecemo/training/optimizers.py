"""The optimizers that a recipe may name: Keras's, with Keras's settings, checked where the recipe is read.

No Keras is imported before `Optimizer.build` is called, so that recipes and ``--help`` stay quick. Others come from
entry points in the group ``fecemo.optimizers``; see `fecemo.registry`.
"""

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from fecemo.data.choices import choose_within
from fecemo.data.ranges import Ranged, ranged
from fecemo.lazy_keras import keras, ops
from fecemo.registry import Registry


@dataclass(frozen=True)
class Optimizer(Ranged):
    """An optimizer of Keras; its fields are the keyword arguments that a recipe may set.

    Attributes
    ----------
    keras_name : str
        Of the class in `keras.optimizers`.
    passes : int
        Gradients of a batch that a step takes. Before each but the last, the step sets the built optimizer's
        ``climbing``.
    """

    name: str = field(default="", init=False)  #: Key in recipes; no setting.

    keras_name: ClassVar[str]
    passes: ClassVar[int] = 1

    @property
    def settings(self) -> dict[str, Any]:
        """Dict of str to object: What a recipe may set, and its values."""
        return {setting.name: getattr(self, setting.name) for setting in fields(self) if setting.init}

    @property
    def slots(self) -> int:
        """int: Numbers that it keeps for each weight: two moments, unless a subclass knows better."""
        return 2

    def build(self, learning_rate: float, accumulate: int | None = None) -> Any:
        """Return the `keras.optimizers.Optimizer`.

        Parameters
        ----------
        accumulate : int, optional
            Batches whose gradients are averaged into one step, where that is more than one.
        """
        kind = getattr(keras.optimizers, self.keras_name)
        return kind(learning_rate, gradient_accumulation_steps=accumulate, **self.settings)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1)."""

    beta_1: float = ranged(0.9, min=0, below=1)
    beta_2: float = ranged(0.999, min=0, below=1)
    epsilon: float = ranged(1e-7, above=0)
    name: str = field(default="adam", init=False)

    keras_name = "Adam"


@dataclass(frozen=True)
class Adamax(Adam):
    """Adamax (Kingma and Ba 2015, algorithm 2)."""

    name: str = field(default="adamax", init=False)

    keras_name = "Adamax"


@dataclass(frozen=True)
class Nadam(Adam):
    """Adam with Nesterov momentum (Dozat 2016)."""

    name: str = field(default="nadam", init=False)

    keras_name = "Nadam"


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled decay (Loshchilov and Hutter 2019): a weight shrinks by rate × weight_decay × itself."""

    weight_decay: float = ranged(1e-4, above=0, advice="without it take adam")
    name: str = field(default="adamw", init=False)

    keras_name = "AdamW"


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Gradients divided by the root of their mean square (Tieleman and Hinton 2012)."""

    rho: float = ranged(0.9, min=0, below=1)
    momentum: float = ranged(0.0, min=0, below=1)
    epsilon: float = ranged(1e-7, above=0)
    name: str = field(default="rmsprop", init=False)

    keras_name = "RMSprop"

    @property
    def slots(self) -> int:
        """int: The mean square, and the velocity where there is momentum."""
        return 2 if self.momentum else 1


@dataclass(frozen=True)
class SGD(Optimizer):
    """v ← momentum · v − rate · (g + weight_decay · w);  w ← w + v.

    Decay is a part of the gradient and gathers momentum with it, as in the frameworks in which studies state it
    beside momentum. Keras's ``weight_decay`` acts on the weights alone and would be ten times weaker at a momentum
    of .9, so that this one thing is not left to Keras.
    """

    momentum: float = ranged(0.0, min=0, below=1)  #: In [0, 1).
    weight_decay: float = ranged(0.0, min=0)
    nesterov: bool = False
    name: str = field(default="sgd", init=False)

    keras_name = "SGD"

    @property
    def slots(self) -> int:
        """int: The velocity, where there is momentum."""
        return 1 if self.momentum else 0

    def build(self, learning_rate: float, accumulate: int | None = None) -> Any:
        """Return Keras's optimizer, with the coupled decay; see `Optimizer.build`."""
        decay = self.weight_decay

        class CoupledDecaySGD(keras.optimizers.SGD):  # type: ignore[name-defined]
            def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
                super().update_step(gradient + decay * variable, variable, learning_rate)

        kind = CoupledDecaySGD if decay else keras.optimizers.SGD
        return kind(learning_rate, momentum=self.momentum, nesterov=self.nesterov,
                    gradient_accumulation_steps=accumulate)


@dataclass(frozen=True)
class Outer(Optimizer):
    """An optimizer around another one, of which it keeps one number more for each weight."""

    #: The other optimizer, by name or by name with settings, such as ``{adamw: {weight_decay: 1.0e-3}}``.
    base: Any = "adam"

    def __post_init__(self) -> None:
        super().__post_init__()
        chosen = choose_within(self, "base", optimizers)
        if len(chosen) != 1 or chosen[0].passes > 1:
            raise ValueError(f"base: expected one optimizer that takes one gradient of a batch, not "
                             f"{' and '.join(optimizer.name for optimizer in chosen)}")
        object.__setattr__(self, "base", chosen[0])

    @property
    def slots(self) -> int:
        """int: Those of the other optimizer, and one more."""
        return int(self.base.slots) + 1


@dataclass(frozen=True)
class SAM(Outer):
    """Any other optimizer, led by the slope at the worst place near by: sharpness-aware minimization.

    e = ρ g / ‖g‖₂, g the gradient at the weights w and its norm that over all weights; the other optimizer then steps
    from w along the gradient at w + e (Foret et al. 2021, algorithm 1). Both gradients are of one batch, altered alike,
    so that a step costs two. Normalizations of batches move twice.
    """

    rho: float = ranged(0.05, above=0)  #: ρ.
    name: str = field(default="sam", init=False)

    passes = 2

    def build(self, learning_rate: float, accumulate: int | None = None) -> Any:
        """Return the other Keras optimizer with ``climbing``, which says what `apply` does; see `Optimizer.build`."""
        rho, plain = self.rho, self.base.build(learning_rate)

        class SharpnessAware(type(plain)):  # type: ignore[misc]
            climbing = False

            def build(self, variables: Any) -> None:
                super().build(variables)
                self._ways_up = [self.add_variable_from_reference(variable, name="way_up") for variable in variables]

            def apply(self, grads: Any, trainable_variables: Any = None) -> None:
                weights = self._trainable_variables if trainable_variables is None else list(trainable_variables)
                ways_up = [self._ways_up[self._get_variable_index(weight)] for weight in weights]
                if not self.climbing:
                    for weight, way_up in zip(weights, ways_up, strict=True):
                        weight.assign(weight - way_up)
                    super().apply(grads, trainable_variables)
                    return
                lengths = [ops.sum(ops.square(gradient)) for gradient in grads if gradient is not None]
                length = rho / (ops.sqrt(sum(lengths)) + 1e-12)
                for weight, way_up, gradient in zip(weights, ways_up, grads, strict=True):
                    way_up.assign(ops.zeros_like(way_up) if gradient is None else length * gradient)
                    weight.assign(weight + way_up)

        return SharpnessAware.from_config(plain.get_config())


@dataclass(frozen=True)
class Averaged(Outer):
    """Any other optimizer; a phase ends with the mean of the weights that it went through (Polyak and Juditsky 1992).

    m ← β m + (1 − β) w after every step, m = w after the first. The phase is validated by w, and ends with m; what a
    normalization of batches remembers stays that of w, which is near m where the rate ends near 0.
    """

    beta: float = ranged(0.99, min=0, below=1)  #: β, in [0, 1): some 1 / (1 − β) steps count.
    name: str = field(default="averaged", init=False)

    def build(self, learning_rate: float, accumulate: int | None = None) -> Any:
        """Return the other Keras optimizer with its mean of the weights; see `Optimizer.build`."""
        plain = self.base.build(learning_rate, accumulate)
        return type(plain).from_config({**plain.get_config(), "use_ema": True, "ema_momentum": self.beta})


optimizers = Registry[type[Optimizer]]("fecemo.training.optimizers", "OPTIMIZER", "optimizer")
OPTIMIZER = (Adam, Adamax, Nadam, AdamW, RMSprop, SGD, SAM, Averaged)
