"""Cross-entropy in which rare emotions count more ("weighted-cluster loss", section 3.3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.class_weights import weights_and_mean
from fecemo.models.loss import need_targets
from fecemo.models.losses.cross_entropy import CrossEntropy


@dataclass(frozen=True)
class WeightedSoftmax(CrossEntropy):
    """−W_y log p̂ / W̄ of the true emotion y; W_y = N_min / N_y over the faces that are learnt from (equations 1, 6).

    The study adds up −W_y log p̂ over a batch; here as in every loss the mean is taken, so that the learning rate does
    not depend on the size of a batch, and W̄, the mean of W_y over all faces, keeps it from depending on how rare the
    rarest emotion is; see `weights_and_mean`.
    """

    name: str = field(default="weighted_softmax", init=False)

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the weighted cross-entropy of each face; see `Loss.per_example`."""
        from keras import ops

        factors = state["class_weights"] / state["mean_weight"]
        return ops.take(factors, target, axis=0) * super().per_example(output, target, weights, state)

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return ``class_weights`` and ``mean_weight``, which never change; see `weights_and_mean`."""
        return weights_and_mean(need_targets(target, self), output_shape[-1])


LOSS = WeightedSoftmax
