"""What is known of faces beside their labels: of the target by column, of the source to see what clusters follow."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.draw_settings import LABELLED_FOLDER, PARAMETERS_NAME
from fecemo.data.face_columns import read_face_columns
from fecemo.study.artifact_kinds import DRAWN, Files, about_faces
from fecemo.study.faces.data_names import SOURCE
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

EVERY = 8
"""Brightness is read off every eighth row and column of a face."""
BLOCK = 512

Known = Mapping[str, Callable[[np.ndarray], np.ndarray]]


def known_of_target(study: Recipe, layout: RunLayout, target: Dataset) -> dict[str, np.ndarray]:
    """Return what is known of every target face, by column; empty where nothing is.

    Columns of drawn faces are named by the factors that they belong to; see `factor_column`. Raises `InputError` if the
    file is missing or does not name the faces of the data set.
    """
    about = about_faces(study, layout)
    if isinstance(about, Files):
        return read_face_columns(about.paths[0], target.ids.tolist())
    path = None if about is None else layout.drawn(*about.key) / PARAMETERS_NAME
    if path is None or not path.is_file():
        return {}
    from fecemo.drawn.parameters import factor_column

    return read_face_columns(path, target.ids.tolist(), below=f"{LABELLED_FOLDER}/", rename=factor_column)


def known_of_source(study: Recipe, layout: RunLayout, dataset: Dataset, rows: np.ndarray) -> Known:
    """Return what is known of source faces, each a callable of positions that gives numbers or words.

    Parameters
    ----------
    dataset : Dataset
        Source faces.
    rows : ndarray of shape (n,), int64
        Rows of the embedded ones.

    Returns
    -------
    mapping of str to callable
        Brightness; of drawn faces also every parameter that has nothing to do with expression, by its factor. What is
        not known of some face is left out.
    """
    known: dict[str, Callable[[np.ndarray], np.ndarray]] = {"brightness": partial(_brightness, dataset, rows)}
    source = study.role(SOURCE)
    drawn, path = study.datasets[source], layout.drawn(source) / PARAMETERS_NAME
    if drawn.made != DRAWN or not path.is_file():
        return known
    columns = read_face_columns(path, dataset.ids.tolist(), below=f"{LABELLED_FOLDER}/", rename=_beside_expression)
    for title in sorted(columns):
        values = columns[title][rows]
        if values.dtype.kind == "f":
            values = values.astype(np.float32)
        if not (np.isnan(values) if values.dtype.kind == "f" else values == "").any():
            known[title] = values.__getitem__
    return known


def _beside_expression(column: str) -> str | None:
    """Return a parameter's name by its factor; who names is not to see expressions in figures."""
    from fecemo.drawn.parameters import factor_column

    name = factor_column(column)
    return None if name is None or name.startswith("expression.") else name


def _brightness(dataset: Dataset, rows: np.ndarray, positions: np.ndarray) -> np.ndarray:
    wanted, back = np.unique(rows[positions], return_inverse=True)
    levels = [np.asarray(dataset.faces[wanted[start : start + BLOCK]])[:, ::EVERY, ::EVERY].mean(axis=(1, 2, 3))
              for start in range(0, len(wanted), BLOCK)]
    return np.concatenate(levels).astype(np.float32)[back]
