"""What the clusters of a cell can be called, and what published action units suggest for them without any label."""

import numpy as np

from fecemo.clustering.prototypes import Suggestions, suggest_by_units
from fecemo.data.arrays import read_array, read_rows
from fecemo.data.classes import USUAL_CLASSES
from fecemo.data.dataset_files import read_description
from fecemo.errors import InputError
from fecemo.imaging.landmarks.points import BLENDSHAPE_NAMES
from fecemo.study.faces.columns import LANDMARK_FEATURES, read_column
from fecemo.study.faces.data_names import SOURCE
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe


def names_to_give(recipe: Recipe, layout: RunLayout) -> tuple[str, ...]:
    """Return what a cluster can be named: the target's classes, else ``naming.classes``, else the usual emotions."""
    target = recipe.roles.target
    classes = recipe.naming.classes if target is None else read_description(layout.dataset(target)).classes
    return classes or USUAL_CLASSES


def suggest_names(recipe: Recipe, layout: RunLayout, row: str, variant: str) -> Suggestions:
    """Return what published action units suggest for each cluster of a cell: see `suggest_by_units`.

    Raises
    ------
    InputError
        If no face was seen by the landmark model, or nothing moved in any.
    StoredStateError
        If the source faces have no landmark features, or something else is missing.
    """
    source = recipe.role(SOURCE)
    column = read_column(layout, source, LANDMARK_FEATURES)
    rows = read_rows(layout.outputs(row, variant), source)
    clusters = np.asarray(read_array(layout.clusters(row, variant), "source_clusters", "cluster", length=len(rows)))
    n_clusters = len(read_array(layout.clusters(row, variant), "centres", "cluster"))
    try:
        return suggest_by_units(column.groups(["blendshapes"])[rows], BLENDSHAPE_NAMES, clusters, n_clusters,
                                names_to_give(recipe, layout), sure=column.detected[rows])
    except ValueError as error:
        raise InputError(f"naming.method: action_units: {source}: {error}; name by hand instead") from error
