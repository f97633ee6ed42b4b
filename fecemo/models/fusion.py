"""Fusion of two streams of tokens, each queried by the other, at three widths at once (POSTER; Zheng et al. 2023).

Tokens are tensors of shape (n, 2t, width): t tokens of the image, the first of them their mean, then t of the
landmarks. All is as the authors' code runs it; where the paper is remembered otherwise, that is said.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

MIN_VARIANCE = 1e-6
MLP_RATIO = 2


@keras.saving.register_keras_serializable("fecemo")
class CrossAttention(layers.Layer):
    """softmax(Q_h K_hᵀ / √(width / heads)) V_h of all heads h side by side, times W_O; [query, context] in.

    K and V are projections of the context. **The query is not projected**: it is the other stream, cut into heads.

    Parameters
    ----------
    heads : int
        They divide the width.
    """

    def __init__(self, heads: int, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.heads = heads

    def build(self, input_shape: Sequence[Sequence[int]]) -> None:
        """Make the weights: ``inward`` from width to keys and values side by side, ``outward`` from width to width.

        They are the layer's own, and not those of layers within it, so that they compute in its precision.
        """
        width = input_shape[1][-1]
        self.inward, self.inward_bias, self.outward, self.outward_bias = (
            self.add_weight(shape=shape, initializer=begun, name=name) for name, shape, begun in (
                ("inward", (width, 2 * width), "glorot_uniform"), ("inward_bias", (2 * width,), "zeros"),
                ("outward", (width, width), "glorot_uniform"), ("outward_bias", (width,), "zeros")))

    def call(self, inputs: Any) -> Any:
        """Return tensors of shape (n, t, width), of a query of that shape and a context of shape (n, s, width)."""
        query, context = inputs
        width = context.shape[-1]
        keys, values = ops.split(ops.matmul(context, self.inward) + self.inward_bias, 2, axis=-1)
        queries, keys, values = (self._apart(tokens) for tokens in (query, keys, values))
        alike = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2))) / float(np.sqrt(width / self.heads))
        attended = ops.transpose(ops.matmul(ops.softmax(alike, axis=-1), values), (0, 2, 1, 3))
        return ops.matmul(ops.reshape(attended, (-1, *query.shape[1:])), self.outward) + self.outward_bias

    def _apart(self, tokens: Any) -> Any:
        """Return the heads: tensor of shape (n, heads, t, width / heads)."""
        _, places, width = tokens.shape
        return ops.transpose(ops.reshape(tokens, (-1, places, self.heads, width // self.heads)), (0, 2, 1, 3))

    def compute_output_shape(self, input_shape: Sequence[Sequence[int]]) -> tuple[int | None, ...]:
        """Return the shape of the query."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor takes."""
        return {**super().get_config(), "heads": self.heads}


def fusion_block(name: str, tokens: Any, heads: int, drop_path: float, mix_tokens: bool) -> Any:
    """Return tokens after both streams have queried each other.

        N = LN₁(X),  X_I ← X_I + A(N_L; N_I),  X_I ← X_I + MLP₁(LN₂(X_I))
        N' = LN₃(X), X_L ← X_L + A'(N'_I; N'_L),  X_L ← X_L + MLP₂(LN₄(X_L))
        X ← C [X_I; X_L] + c

    Parameters
    ----------
    name : str
        Of its layers.
    tokens : tensor of shape (n, 2t, width)
    drop_path : float
        Chance that a branch is left out of a face.
    mix_tokens : bool
        Whether the last line is there: as in the authors' network for RAF-DB, and not in that for AffectNet.
    """
    half, width = tokens.shape[1] // 2, tokens.shape[2]
    streams = []
    for stream, first, second in (("image", 1, 2), ("landmarks", 3, 4)):
        normed = _norm(f"{name}_norm_{first}")(tokens)
        of_image, of_landmarks = normed[:, :half], normed[:, half:]
        branch = tokens[:, :half] if stream == "image" else tokens[:, half:]
        query, context = (of_landmarks, of_image) if stream == "image" else (of_image, of_landmarks)
        attended = CrossAttention(heads, name=f"{name}_{stream}_attention")([query, context])
        branch = layers.Add(name=f"{name}_{stream}_add_1")(
            [branch, _maybe(f"{name}_{stream}_drop_1", attended, drop_path)])
        deep = _norm(f"{name}_norm_{second}")(branch)
        deep = layers.Dense(MLP_RATIO * width, activation="gelu", name=f"{name}_{stream}_mlp_1")(deep)
        deep = layers.Dense(width, name=f"{name}_{stream}_mlp_2")(deep)
        streams.append(layers.Add(name=f"{name}_{stream}_add_2")(
            [branch, _maybe(f"{name}_{stream}_drop_2", deep, drop_path)]))
    both = layers.Concatenate(axis=1, name=f"{name}_streams")(streams)
    return _along_features(f"{name}_mix", both, layers.Dense(2 * half, name=f"{name}_mix")) if mix_tokens else both


def fusion_pyramid(tokens: Any, depth: int, heads: int, drop_path: float, mix_tokens: bool) -> Any:
    """Return tokens of the full width after blocks at that width, half and a quarter of it.

    The narrower tokens are made once, by convolutions along the features, with the tokens as channels; after each
    block the narrow ones are widened and added to the next wider ones.

    Parameters
    ----------
    tokens : tensor of shape (n, 2t, width)
    depth : int
        Blocks at each width.
    heads, mix_tokens
        See `fusion_block`.
    drop_path : float
        Of the last block; it grows from 0.
    """
    channels = tokens.shape[1]
    levels = [tokens, *(
        _along_features(f"narrow_{factor}", tokens, layers.Conv1D(channels, factor, strides=factor,
                                                                  name=f"narrow_{factor}")) for factor in (2, 4))]
    for number in range(1, depth + 1):
        share = drop_path * (number - 1) / max(depth - 1, 1)
        levels = [fusion_block(f"level_{level}_block_{number}", made, heads, share, mix_tokens)
                  for level, made in enumerate(levels, 1)]
        for level in (1, 0):
            name = f"widen_{level + 2}_block_{number}"
            wider = _along_features(name, levels[level + 1], layers.Conv1DTranspose(channels, 2, strides=2, name=name))
            levels[level] = layers.Add(name=f"{name}_add")([levels[level], wider])
    return levels[0]


def with_mean(name: str, tokens: Any) -> Any:
    """Return tokens of shape (n, t + 1, width), their mean before them."""
    mean = layers.GlobalAveragePooling1D(keepdims=True, name=f"{name}_mean")(tokens)
    return layers.Concatenate(axis=1, name=f"{name}_tokens")([mean, tokens])


def fused_head(tokens: Any, n_classes: int) -> Any:
    """Return class probabilities from the image's mean token: normalized, its numbers gated by each other, softmax."""
    first = _norm("norm")(tokens)[:, 0]
    width = first.shape[-1]
    gate = layers.Dense(width, activation="relu", name="excite_1")(first)
    gate = layers.Dense(width, activation="sigmoid", name="excite_2")(gate)
    return layers.Dense(n_classes, activation="softmax", name="classes")(
        layers.Multiply(name="scale")([first, gate]))


def _norm(name: str) -> Any:
    return layers.LayerNormalization(epsilon=MIN_VARIANCE, name=name)


def _maybe(name: str, tokens: Any, drop_path: float) -> Any:
    """Return tokens that are left out, for whole faces, by chance while a network trains."""
    return layers.Dropout(drop_path, noise_shape=(None, 1, 1), name=name)(tokens) if drop_path else tokens


def _along_features(name: str, tokens: Any, layer: Any) -> Any:
    """Return what a layer makes of tokens whose features are its places and whose tokens are its channels."""
    turned = layers.Permute((2, 1), name=f"{name}_features")(tokens)
    return layers.Permute((2, 1), name=f"{name}_tokens")(layer(turned))
