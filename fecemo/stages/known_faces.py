"""What is known of the faces of a run's target beside their emotions, and from which file."""

from pathlib import Path
from typing import TYPE_CHECKING

from fecemo.data.face_columns import read_face_columns
from fecemo.data.receipts import digest_file
from fecemo.errors import InputError
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

if TYPE_CHECKING:
    import numpy as np

    from fecemo.data.dataset import Dataset

DRAWN_NAME, DRAWN_FACES = "target_parameters.csv", "target"
"""What the draw stage writes: the true parameters of labelled faces, and the folder that these stand in."""


def about_faces(study: Recipe, layout: RunLayout) -> Path | None:
    """Return the file that says what is known of the target faces, or None where there is none.

    It is the one that the recipe names, relative to the run's folder where faces are drawn; for drawn faces without
    one their true parameters, as long as they stand.
    """
    named = study.evaluation.about_faces
    if study.draw is None:
        return named
    if named is not None:
        return layout.drawn.parent / named
    drawn, imported = layout.drawn / DRAWN_NAME, layout.drawn.parent / study.target.images
    return drawn if drawn.exists() and imported == layout.drawn / DRAWN_FACES else None


def about_digest(study: Recipe, layout: RunLayout) -> dict[str, str]:
    """Return the digest of that file, as an input of a stage; empty where there is none.

    Raises
    ------
    InputError
        If the recipe names a file that is not there.
    """
    path = about_faces(study, layout)
    if path is None:
        return {}
    if not path.is_file():
        raise InputError(f"evaluation.about_faces: {path}: there is no such file")
    return {"about_faces": digest_file(path)}


def known_columns(study: Recipe, layout: RunLayout, target: "Dataset") -> "dict[str, np.ndarray]":
    """Return what is known of every target face, by column; empty where nothing is.

    Columns of drawn faces are named by the factors that they belong to; see `factor_column`.

    Raises
    ------
    InputError
        If the file is missing or does not name the faces of the pack.
    """
    path = about_faces(study, layout)
    if path is None:
        return {}
    if study.evaluation.about_faces is not None:
        return read_face_columns(path, target.ids.tolist())
    from fecemo.drawn.factors import factor_column

    return read_face_columns(path, target.ids.tolist(), below=f"{DRAWN_FACES}/", rename=factor_column)
