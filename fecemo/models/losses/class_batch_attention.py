"""Class batch attention: each face's class scores drawn from those of the faces that look alike (Her et al. 2025)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.lazy_keras import ops
from fecemo.models.loss import Loss

LEFT_OUT = -1e9
"""Score of a face that fills up a batch: nothing is drawn from it."""


@dataclass(frozen=True)
class ClassBatchAttention(Loss):
    """CE(CBA) + CE(CBA + v), the attention of each class c being over the B faces of a batch (BTN, section 3).

        A_c = softmax(Q_c K_cᵀ / √C),    CBA[b, c] = Σ_b' A_c[b, b'] v[b', c]

    The output of a face are, for each of C classes, its query, its key and its score side by side. A batch of one face
    has CBA = v, so that answers are those of v alone and do not depend on who else is asked about. Whether anything
    follows the softmax in the authors' code was not to be seen; it is the natural reading.
    """

    name: str = field(default="class_batch_attention", init=False)
    target_kind = "classes"

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the sum of both cross-entropies of each face; see `Loss.per_example`."""
        maps = ops.cast(output, "float32")
        attended = attend(maps, weights)
        plain = maps[..., -1]
        known = ops.one_hot(target, plain.shape[-1], dtype="float32")
        return sum(ops.logsumexp(scores, axis=-1) - ops.sum(known * scores, axis=-1)
                   for scores in (attended, attended + plain))

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return nothing. Raises `ValueError` if the output is no class maps, or has too few classes."""
        if len(output_shape) != 2 or output_shape[1] % 2 == 0 or output_shape[1] < 3:
            raise ValueError("class maps are of the shape (classes, 2 places + 1) a face: query, key and score of each "
                             f"class; the output's is {tuple(output_shape)}")
        if target is not None and len(target) and target.max() >= output_shape[0]:
            raise ValueError(f"the output has {output_shape[0]} classes, and the target has the class {target.max()}")
        return {}


def attend(maps: Any, weights: Any) -> Any:
    """Return CBA.

    Parameters
    ----------
    maps : tensor of shape (B, C, 2E + 1), float32
        Query, key, both of length E, and score of each class.
    weights : tensor of shape (B,), float32
        0 for faces that nothing is drawn from.

    Returns
    -------
    tensor of shape (B, C), float32
    """
    classes, length = maps.shape[1], maps.shape[2] // 2
    of_class = ops.transpose(maps, (1, 0, 2))
    queries, keys, scores = of_class[..., :length], of_class[..., length : 2 * length], of_class[..., -1:]
    alike = ops.matmul(queries, ops.transpose(keys, (0, 2, 1))) / float(np.sqrt(classes))
    alike = ops.where(ops.reshape(weights, (1, 1, -1)) > 0, alike, LEFT_OUT)
    return ops.transpose(ops.squeeze(ops.matmul(ops.softmax(alike, axis=-1), scores), axis=-1))


LOSS = ClassBatchAttention
