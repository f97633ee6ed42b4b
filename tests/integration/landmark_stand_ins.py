"""Networks that stand in for the landmark model's, and an exported row that takes what is measured by them."""

import zipfile
from pathlib import Path

import numpy as np

from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.features import COLUMNS
from fecemo.imaging.landmarks.mesh import CROP_SIDE
from fecemo.imaging.landmarks.model import BLENDSHAPES_NAME, MESH_NAME
from fecemo.stages.exported_model import finish_onnx
from tests.unit.standing_mesh import standing_mesh

TURN = 0.3
"""Radians by which the mesh is turned in every picture: the second look must be turned too."""


def landmark_bundle(path: Path) -> Path:
    """Write a ``face_landmarker.task`` whose mesh moves with the brightness of the picture's quarters."""
    import tensorflow as tf

    rng = np.random.default_rng(3)
    cos, sin = np.cos(TURN), np.sin(TURN)
    mesh = 90 * standing_mesh() @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    mesh += np.array([CROP_SIDE / 2, CROP_SIDE / 2 - 20, 0])
    moves = rng.normal(0, 30, (12, 3 * points.N_LANDMARKS)).astype(np.float32)
    shapes = rng.normal(0, 1e-3, (2 * len(points.INPUT_LANDMARKS), len(points.MODEL_NAMES))).astype(np.float32)

    @tf.function(input_signature=[tf.TensorSpec((1, CROP_SIDE, CROP_SIDE, 3), tf.float32)])
    def of_mesh(picture):
        quarters = tf.reshape(tf.nn.avg_pool2d(picture, CROP_SIDE // 2, CROP_SIDE // 2, "VALID"), (1, 12))
        landmarks = tf.matmul(quarters - 0.5, moves) + mesh.reshape(1, -1).astype(np.float32)
        return tf.reshape(landmarks, (1, 1, 1, -1)), tf.reshape(3 - quarters[:, :1], (1, 1, 1, 1))

    @tf.function(input_signature=[tf.TensorSpec((1, len(points.INPUT_LANDMARKS), 2), tf.float32)])
    def of_blendshapes(landmarks):
        return tf.reshape(tf.sigmoid(tf.matmul(tf.reshape(landmarks, (1, -1)), shapes)), (-1,))

    with zipfile.ZipFile(path, "w") as bundle:
        for name, function in ((MESH_NAME, of_mesh), (BLENDSHAPES_NAME, of_blendshapes)):
            converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
            bundle.writestr(name, converter.convert())
    return path


def model_of_landmarks(groups: tuple[str, ...] = ("distances", "blendshapes")) -> bytes:
    """Return an exported row of two labels, each with the share that the measured numbers, weighted, give it."""
    from onnx import TensorProto, helper, numpy_helper

    lengths = {"distances": 18, "blendshapes": 51, "gradients": len(COLUMNS) - 69}
    names = [f"landmark_features_{group}" for group in groups]
    rng = np.random.default_rng(8)
    weights = rng.normal(0, 1, (sum(lengths[group] for group in groups), 2)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Concat", names, ["embedding"], axis=1),
         helper.make_node("MatMul", ["embedding", "weights"], ["logits"]),
         helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1)],
        "landmarks", [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", lengths[group]])
                      for name, group in zip(names, groups, strict=True)],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2]),
         helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", len(weights)])],
        [numpy_helper.from_array(weights, "weights")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    columns = ", ".join(f'"landmark_features.{group}"' for group in groups)
    return finish_onnx(model.SerializeToString(), ["first", "second"],
                       {"columns": f"[{columns}]", "calibrated": "false"})
