"""What a loss is: an equation of a model's output and a target, that knows neither by name.

Light: no Keras is imported before a loss computes, so that recipes and ``--help`` stay quick.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from fecemo.data.ranges import Ranged, ranged
from fecemo.registry import Registry

TargetKind = Literal["classes", "numbers", "views", "triplet"]
"""``"classes"``: a whole number, (m,) int32, −1 where it is not known. ``"numbers"``: (m, ...) float32, NaN where they
are not known. ``"views"``: that two altered views show one face; there is no array. ``"triplet"``: that the last of
three faces is the odd one out; (m,) int32, 0 to 2 where its faces show one, two or three kinds of expression."""


@dataclass(frozen=True)
class Loss(Ranged):
    """A loss; its fields are what a recipe may set.

    Attributes
    ----------
    target_kind : TargetKind
        What outputs are compared with.
    group_size : int
        Faces of an example that it compares with each other: 1, 2 views or 3 faces of a triplet.
    has_accuracy : bool
        Whether `is_correct` says which examples the model has right.
    default_weight : float
        Of a term that states none: λ where a study writes a joint loss.
    """

    name: str = field(default="", init=False)  #: Key in recipes; no setting.

    target_kind: ClassVar[TargetKind]
    group_size: ClassVar[int] = 1
    has_accuracy: ClassVar[bool] = False
    default_weight: ClassVar[float] = 1.0

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return one number an example.

        Parameters
        ----------
        output : tensor of shape (m, ...), or (m, group_size, ...) where faces are compared, floating
        target : tensor of shape (m, ...), or None for ``"views"``
            Images are in [0, 1].
        weights : tensor of shape (m,), float32
            1 for examples that count, 0 for those that fill up a batch or whose target is not known. What is returned
            for the latter is ignored; they must not touch what is returned for others.
        state : mapping of str to tensor
            As `init_state` or `update_state` returned it.

        Returns
        -------
        tensor of shape (m,), float32
        """
        raise NotImplementedError

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return what the loss remembers from batch to batch, as it is before the first one.

        Parameters
        ----------
        output_shape : tuple of int
            Of one face's output.
        target : ndarray of shape (n, ...) or None
            Of all examples that are learnt from and whose target is known; None where targets are known only from
            batch to batch.
        n_classes : int
            Of the labels of the data set.

        Returns
        -------
        dict of str to ndarray, float32
            Kept beside the model, in checkpoints too; no optimizer changes it.

        Raises
        ------
        ValueError
            If output and target do not fit together, or targets are needed before the training.
        """
        return {}

    def update_state(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parts of the state that a batch changes, as they are after it; no gradient flows through them."""
        return {}

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the model has each example right: tensor of shape (m,), bool; see `per_example`."""
        raise NotImplementedError


@dataclass(frozen=True)
class LossTerm(Ranged):
    """A term of the loss of a phase."""

    loss: Loss  #: By its name, or by its name with settings.
    output: str  #: Output of the model; by default the phase's first.
    #: ``"image"`` (the face's pixels as they are before they are corrupted), ``"views"``, ``"triplet"``, a column,
    #: several columns side by side, or what an augmentation emits; by default what the phase says of the output.
    target: str | tuple[str, ...]
    weight: float = ranged(1.0, above=0)  #: Factor of the term; by default the loss's own, mostly 1.

    @property
    def target_name(self) -> str:
        """str: Key of the target in a batch; several columns are joined by ``+``."""
        return self.target if isinstance(self.target, str) else "+".join(self.target)

    @property
    def columns(self) -> tuple[str, ...]:
        """Tuple of str: The columns that the target is read from, if it is read from any."""
        return (self.target,) if isinstance(self.target, str) else self.target


def need_targets(target: np.ndarray | None, loss: Loss) -> np.ndarray:
    """Return the targets. Raises `ValueError` where they are not known before the training."""
    if target is None:
        raise ValueError(f"{loss.name} needs all targets before the training, and an augmentation emits them batch by "
                         "batch; take cross_entropy")
    return np.asarray(target)


losses = Registry[type[Loss]]("fecemo.models.losses", "LOSS", "loss")
