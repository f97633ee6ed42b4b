"""What enters a finished row: of faces in a data set anywhere, or of a face in one photograph that is in none."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.detect_settings import DECIDING, DetectSettings
from fecemo.data.model_files import require_model
from fecemo.data.receipts import digest_file
from fecemo.data.variants import CUT, MADE_FACES
from fecemo.errors import InputError
from fecemo.imaging.crop import CropPolicy
from fecemo.imaging.decode import ImageFileError, decode_file, read_file
from fecemo.imaging.detect import FaceDetector, load_yunet
from fecemo.imaging.detected_faces import DetectedFace, detected_faces
from fecemo.imaging.landmarks.features import SURE, columns_of, landmark_features
from fecemo.imaging.landmarks.framings import FRAMINGS
from fecemo.imaging.landmarks.model import FaceLandmarker
from fecemo.stages.align import EYE_COLUMNS
from fecemo.stages.run_readout import RunReadout
from fecemo.study.faces.columns import LANDMARK_FEATURES, RunFaces, read_column
from fecemo.study.layout import RunLayout


def row_columns(folder: Path, dataset: Dataset, readout: RunReadout) -> RunFaces:
    """Return the faces of a data set anywhere, with the derived columns that a row takes.

    Raises
    ------
    InputError
        If the row takes some, and the data set is not where they could be beside it.
    StoredStateError
        If one is missing, or of other faces.
    """
    taken = readout.columns
    derived = {name for name in (LANDMARK_FEATURES, *MADE_FACES) if name in {part.split(".")[0] for part in taken}}
    if not derived:
        return RunFaces(dataset)
    place = folder.resolve()
    if place.parent.name != "datasets":
        raise InputError(f"{readout.title} takes the columns {', '.join(sorted(derived))}, and {folder} is not at "
                         "FOLDER/datasets/NAME, so that they cannot be beside it at FOLDER/columns/NAME")
    layout = RunLayout(place.parents[1])
    columns = {name: read_column(layout, place.name, name) for name in sorted(derived)}
    seen = next((name for name in MADE_FACES if name in columns), CUT)
    return RunFaces(dataset, columns.get(LANDMARK_FEATURES), columns.get(seen), seen)


def block_of_rows(faces: RunFaces, readout: RunReadout, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return what enters the row for some faces of a data set, by column."""
    block = {}
    for column in readout.columns:
        if column == CUT:
            block["image"] = np.asarray(faces.dataset.faces[rows])
        elif column in MADE_FACES:
            block[column] = np.asarray(faces.images[rows])
        elif column.split(".")[0] == LANDMARK_FEATURES:
            _, _, group = column.partition(".")
            values = faces.features.groups([group]) if group else faces.features.values
            block[column] = np.asarray(values[rows], np.float32)
        else:
            block[column] = faces.dataset[column][rows][:, None]
    return block


@dataclass(frozen=True)
class Photograph:
    """A photograph that is in no data set, and the models that read its face."""

    path: Path
    face: int | None  #: Which of its faces, counted from the left; without it, it must show one.
    #: `detector`, `landmark_model`: Files, or names of those that ``00_models.py`` has fetched.
    detector: Path
    landmark_model: Path

    def block(self, faces: RunFaces, readout: RunReadout) -> dict[str, np.ndarray]:
        """Return what enters the row for its face, by column, as the stages make it of the data set's faces.

        Raises `InputError` if it is no photograph, shows no face or several, a model is missing or is not the one by
        which the data set was made, or the row takes what people said of faces.
        """
        face = self._face(faces.dataset)
        block, measured = {}, None
        framed_by_mesh = faces.made is not None and "eyes" in faces.made.receipt.inputs
        if faces.landmark_features is not None or framed_by_mesh:
            measured = self._measured(face.crop, faces)
        for column in readout.columns:
            name, _, group = column.partition(".")
            if column == CUT:
                block["image"] = face.crop[None]
            elif column in MADE_FACES:
                points, sure = (measured[2], measured[1]) if framed_by_mesh and measured is not None else (
                    np.array([*(face.values[of] for of in EYE_COLUMNS), 0, 0]).reshape(3, 2), True)
                places, _ = FRAMINGS[column].places(points[None], np.array([sure]))
                block[column] = FRAMINGS[column].picture(face.crop, places[0])[None]
            elif name == LANDMARK_FEATURES and measured is not None:
                block[column] = (measured[0][columns_of([group])] if group else measured[0])[None]
            else:
                raise InputError(f"like: {readout.title} takes the column {column!r}, which people gave to the faces "
                                 "of its data sets; no photograph has it")
        return block

    def _face(self, dataset: Dataset) -> DetectedFace:
        made = dataset.receipt
        deciding = {name: made.config[name] for name in DECIDING if name in made.config}
        settings = DetectSettings(self.path, **deciding)
        model = require_model(self.detector)
        self._require_same("detector", model, made.inputs.get("detector"))
        detector = FaceDetector(load_yunet(model, settings.min_score), settings.min_size, settings.turns)
        try:
            photograph = decode_file(read_file(self.path))
        except ImageFileError as failure:
            raise InputError(f"like: {self.path}: {failure.reason}"
                             + (f" ({failure.detail})" if failure.detail else "")) from failure
        faces = detected_faces(photograph, detector, CropPolicy(settings.margin, settings.square))
        if not faces:
            raise InputError(f"like: {self.path} shows no face of at least {settings.min_size} pixels; expected one")
        if (self.face is None and len(faces) > 1) or not 1 <= (self.face or 1) <= len(faces):
            listed = "; ".join(f"{number} at {', '.join(f'{side:.2f}' for side in face.sides)}"
                               for number, face in enumerate(faces, 1))
            wanted = "expected one" if self.face is None else f"there is no face {self.face}"
            raise InputError(f"like: {self.path} shows {len(faces)} faces, {wanted}; name one of them with --face, "
                             f"from left to right (left, right, top, bottom): {listed}")
        return faces[(self.face or 1) - 1]

    def _measured(self, crop: np.ndarray, faces: RunFaces) -> tuple[np.ndarray, bool, np.ndarray]:
        """Return a face's landmark features, whether the model was sure of it, and where its eyes and mouth are."""
        model = require_model(self.landmark_model)
        column = faces.landmark_features or faces.made
        if column is not None:
            self._require_same("landmark_model", model, column.receipt.inputs.get("landmark_model"))
        values, score, places = landmark_features(crop, FaceLandmarker(model))
        threshold = SURE if faces.landmark_features is None else faces.landmark_features.receipt.config["sure"]
        if score < threshold:
            print(f"warning: {self.path}: the landmark model is not sure of this face ({score:.2f}, below "
                  f"{threshold:g}); what is like it may be like anything", file=sys.stderr)
        return values, score >= threshold, places

    def _require_same(self, setting: str, model: Path, expected: str | None) -> None:
        """Refuse a model by which the data set was not made: its numbers would mean something else."""
        if expected is not None and (digest := digest_file(model)) != expected:
            raise InputError(f"{setting}: {model} has the sha256 {digest}, and the faces of the data set were made by "
                             f"{expected}; name that file with --{setting.replace('_', '-')}")
