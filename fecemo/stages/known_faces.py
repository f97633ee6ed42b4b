"""What is known of the faces of a run's target beside their emotions, and from which file."""

from typing import TYPE_CHECKING

from fecemo.data.draw_settings import LABELLED_FOLDER, PARAMETERS_NAME
from fecemo.data.face_columns import read_face_columns
from fecemo.study.artifact_kinds import Files, about_faces
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

if TYPE_CHECKING:
    import numpy as np

    from fecemo.data.dataset import Dataset


def known_columns(study: Recipe, layout: RunLayout, target: "Dataset") -> "dict[str, np.ndarray]":
    """Return what is known of every target face, by column; empty where nothing is.

    Columns of drawn faces are named by the factors that they belong to; see `factor_column`.

    Raises
    ------
    InputError
        If the file is missing or does not name the faces of the data set.
    """
    about = about_faces(study, layout)
    if isinstance(about, Files):
        return read_face_columns(about.paths[0], target.ids.tolist())
    path = None if about is None else layout.drawn(*about.key) / PARAMETERS_NAME
    if path is None or not path.is_file():
        return {}
    from fecemo.drawn.parameters import factor_column

    return read_face_columns(path, target.ids.tolist(), below=f"{LABELLED_FOLDER}/", rename=factor_column)
