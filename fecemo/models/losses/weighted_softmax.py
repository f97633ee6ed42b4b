"""Cross-entropy in which rare emotions count more ("weighted-cluster loss", section 3.3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.class_weights import class_weights
from fecemo.models.losses.categorical_crossentropy import CategoricalCrossentropy


@dataclass(frozen=True)
class WeightedSoftmax(CategoricalCrossentropy):
    """−W_y log p̂ of the true emotion y, with W_y = N_min / N_y over the faces that are learnt from (equations 1, 6).

    The study adds up the faces of a batch; here as in every loss their mean is taken, so that the learning rate does
    not depend on the size of a batch.
    """

    name: str = field(default="weighted_softmax", init=False)

    def losses(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the weighted cross-entropy of each face; see `Loss.losses`."""
        from keras import ops

        return ops.take(state["class_weights"], target, axis=0) * super().losses(output, target, weights, state)

    def first_state(self, output_shape: tuple[int, ...], targets: Mapping[str, np.ndarray],
                    n_classes: int) -> dict[str, np.ndarray]:
        """Return ``class_weights`` of shape (n_classes,), which never change; see `Loss.first_state`."""
        return {"class_weights": class_weights(targets["label"], n_classes)}


LOSS = WeightedSoftmax
