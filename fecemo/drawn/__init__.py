"""Drawn faces: the embedded default data, with true parameters for every pixel."""

from fecemo.drawn.capture import Capture, as_jpeg, sample_capture
from fecemo.drawn.expression import ACTIONS, EMOTIONS, PROTOTYPES, Expression, sample_expression
from fecemo.drawn.face import draw_face, expose_face
from fecemo.drawn.geometry import FaceGeometry, face_geometry
from fecemo.drawn.identity import Identity, sample_identity
from fecemo.drawn.parameters import FaceParameters, Nuisance, sample_face
from fecemo.drawn.photograph import FaceBox, Photograph, PlacedFace, draw_photograph, face_boxes, sample_photograph
from fecemo.drawn.raters import expression_distance, rate_triplet, sample_triplets

__all__ = ["ACTIONS", "EMOTIONS", "PROTOTYPES", "Capture", "Expression", "FaceBox", "FaceGeometry", "FaceParameters",
           "Identity", "Nuisance", "Photograph", "PlacedFace", "as_jpeg", "draw_face", "draw_photograph", "expose_face",
           "expression_distance", "face_boxes", "face_geometry", "rate_triplet",
           "sample_capture", "sample_expression", "sample_face", "sample_identity", "sample_photograph",
           "sample_triplets"]
