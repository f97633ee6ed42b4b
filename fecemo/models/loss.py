"""What a loss is: which output of a network it looks at, what that is held against, and what it remembers.

Light: no Keras is imported before a loss computes, so that recipes and ``--help`` stay quick.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from fecemo.registry import entries

Target = Literal["face", "label", "vector", "views", "triplet"]
"""What can be learnt from.

``"face"``: the face's own pixels, in [0, 255], as they were before `corrupt`; (m, side, side, channels) float32.
``"label"``: the emotion's number; (m,) int32.
``"vector"``: numbers measured on the face, such as distances between landmarks; (m, d) float32.
``"views"``: that two altered views show one face; nothing is given.
``"triplet"``: that the last of three faces is the odd one out; (m,) int32, 0 to 2 where its faces show one, two or
three kinds of expression.
"""

LOSSES = "fecemo.models.losses"


@dataclass(frozen=True)
class Loss:
    """A loss, or one term of a joint loss; its fields are what a recipe may set.

    Parameters
    ----------
    weight : float
        Factor of this term, λ where a study writes a joint loss.
    name : str
        Key in recipes; no setting.

    Attributes
    ----------
    looks_at : str
        The output that it needs, one of those that `Phase.outputs` names.
    learns_from : Target
        What it is held against.
    together : int
        Faces of an example that it looks at together: 1, 2 views or 3 faces of a triplet.
    judges : bool
        Whether `right` says which examples the network has right.
    """

    weight: float = 1.0
    name: str = field(default="", init=False)

    looks_at: ClassVar[str]
    learns_from: ClassVar[Target]
    together: ClassVar[int] = 1
    judges: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0 < self.weight < np.inf:
            raise ValueError(f"weight must be above 0, not {self.weight}")

    def losses(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return one number an example.

        Parameters
        ----------
        output : tensor of shape (m, ...), or (m, together, ...) where faces are looked at together, floating
        target : tensor of shape (m, ...), or None for ``"views"``
        weights : tensor of shape (m,), float32
            1 for examples that count, 0 for those that fill up a batch. What is returned for the latter is ignored;
            they must not touch what is returned for others.
        state : mapping of str to tensor
            As `first_state` or `next_state` gave it.

        Returns
        -------
        tensor of shape (m,), float32
        """
        raise NotImplementedError

    def first_state(self, output_shape: tuple[int, ...], targets: Mapping[str, np.ndarray],
                    n_classes: int) -> dict[str, np.ndarray]:
        """Return what the loss remembers from batch to batch, as it is before the first one.

        Parameters
        ----------
        output_shape : tuple of int
            Of one face's output.
        targets : mapping of str to ndarray
            Of all examples that are learnt from.
        n_classes : int
            Emotions that a label can be.

        Returns
        -------
        dict of str to ndarray, float32
            Kept beside the network, in checkpoints too; no optimizer changes it.
        """
        return {}

    def next_state(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parts of the state that a batch changes, as they are after it; no gradient flows through them."""
        return {}

    def right(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the network has each example right: tensor of shape (m,), bool; see `losses` for the rest."""
        raise NotImplementedError


def losses() -> dict[str, type[Loss]]:
    """Return every loss by name."""
    return entries(LOSSES, "LOSS")
