"""Drawn faces: the embedded default data, with true parameters for every pixel."""

from fecemo.imaging.drawn.capture import Capture, sample_capture
from fecemo.imaging.drawn.emotions import PROTOTYPES, prototype_expression, sample_expression
from fecemo.imaging.drawn.expression import ACTIONS, Expression
from fecemo.imaging.drawn.face import draw_face, expose_face
from fecemo.imaging.drawn.geometry import FaceGeometry, face_geometry
from fecemo.imaging.drawn.identity import Identity, sample_identity
from fecemo.imaging.drawn.lens import as_jpeg
from fecemo.imaging.drawn.parameters import FaceParameters, Nuisance, sample_face
from fecemo.imaging.drawn.photograph import (
    FaceBox,
    Photograph,
    PlacedFace,
    draw_photograph,
    face_boxes,
    sample_photograph,
)
from fecemo.imaging.drawn.raters import expression_distance, rate_triplet, sample_triplets

__all__ = [
    "ACTIONS",
    "PROTOTYPES",
    "Capture",
    "Expression",
    "FaceBox",
    "FaceGeometry",
    "FaceParameters",
    "Identity",
    "Nuisance",
    "Photograph",
    "PlacedFace",
    "as_jpeg",
    "draw_face",
    "draw_photograph",
    "expose_face",
    "expression_distance",
    "face_boxes",
    "face_geometry",
    "prototype_expression",
    "rate_triplet",
    "sample_capture",
    "sample_expression",
    "sample_face",
    "sample_identity",
    "sample_photograph",
    "sample_triplets",
]
