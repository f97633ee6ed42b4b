"""What the clusters of a cell can be called, and what is suggested for them without a label of any person."""

import sys

import numpy as np

from fecemo.clustering.naming import naming_methods
from fecemo.clustering.prototypes import (
    LEARNT_FROM,
    DrawnExamples,
    Suggestions,
    suggest_by_drawn_faces,
    suggest_by_units,
)
from fecemo.data.arrays import read_array, read_rows
from fecemo.data.classes import USUAL_CLASSES
from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import read_description
from fecemo.errors import InputError
from fecemo.imaging.landmarks.points import BLENDSHAPE_NAMES
from fecemo.study.faces.columns import LANDMARK_FEATURES, read_column
from fecemo.study.faces.data_names import SOURCE, TARGET
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe


def names_to_give(recipe: Recipe, layout: RunLayout) -> tuple[str, ...]:
    """Return what a cluster can be named: the target's classes, else ``naming.classes``, else the usual emotions."""
    target = recipe.roles.target
    classes = recipe.naming.classes if target is None else read_description(layout.dataset(target)).classes
    return classes or USUAL_CLASSES


ACTION_UNITS, DRAWN_FACES = "action_units", "drawn_faces"


def suggest_names(recipe: Recipe, layout: RunLayout, row: str, variant: str, method: str = "") -> Suggestions:
    """Return what is suggested for each cluster of a cell: see `suggest_by_units` and `suggest_by_drawn_faces`.

    Parameters
    ----------
    method : str, optional
        A way of naming that suggests; by default the recipe's where it does, and otherwise ``"action_units"``.

    Raises
    ------
    InputError
        If no face was seen by the landmark model, nothing moved in any, or no class was drawn.
    StoredStateError
        If the source faces have no landmark features, or something else is missing.
    """
    if not method:
        method = recipe.naming.method if naming_methods.find(recipe.naming.method).by == "suggestion" else ACTION_UNITS
    source = recipe.role(SOURCE)
    column, classes = read_column(layout, source, LANDMARK_FEATURES), names_to_give(recipe, layout)
    rows = read_rows(layout.outputs(row, variant), source)
    clusters = np.asarray(read_array(layout.clusters(row, variant), "source_clusters", "cluster", length=len(rows)))
    n_clusters = len(read_array(layout.clusters(row, variant), "centres", "cluster"))
    sure = column.detected[rows]
    try:
        if method == DRAWN_FACES:
            drawn = _drawn_examples(recipe.naming.drawn, layout)
            return suggest_by_drawn_faces(drawn, column.groups(LEARNT_FROM)[rows], clusters, n_clusters, classes, sure)
        return suggest_by_units(column.groups(["blendshapes"])[rows], BLENDSHAPE_NAMES, clusters, n_clusters, classes,
                                sure)
    except ValueError as error:
        raise InputError(f"naming.method: {method}: {source}: {error}; name by hand instead") from error


def suggest_faces(recipe: Recipe, layout: RunLayout, rows: np.ndarray,
                  classes: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return what is suggested for single faces of the target without a label, by way of naming.

    Parameters
    ----------
    recipe : Recipe
        Drawn faces suggest where its ``naming.drawn`` names them.
    rows : ndarray of shape (n,), int64
        Of the target.
    classes : tuple of str, of length c

    Returns
    -------
    dict of str to ndarray of shape (n, c), float64
        Logarithms of probabilities; equal ones for a face of which the landmark model was not sure.
    """
    column, each = read_column(layout, recipe.role(TARGET), LANDMARK_FEATURES), np.arange(len(rows))
    sure, suggested = column.detected[rows], {}
    try:
        suggested[ACTION_UNITS] = suggest_by_units(column.groups(["blendshapes"])[rows], BLENDSHAPE_NAMES, each,
                                                   len(rows), classes, sure)
        if recipe.naming.drawn:
            suggested[DRAWN_FACES] = suggest_by_drawn_faces(
                _drawn_examples(recipe.naming.drawn, layout), column.groups(LEARNT_FROM)[rows], each, len(rows),
                classes, sure)
    except ValueError as error:
        print(f"{recipe.role(TARGET)}: nothing is suggested for its faces: {error}", file=sys.stderr)
    return {name: suggestions.log_proba(classes) for name, suggestions in suggested.items()}


def _drawn_examples(name: str, layout: RunLayout) -> DrawnExamples:
    if not name:
        raise ValueError("naming.drawn names no data set of drawn, labelled faces")
    dataset, column = Dataset(layout.dataset(name)), read_column(layout, name, LANDMARK_FEATURES)
    labelled = column.detected & (dataset.labels != "")
    return DrawnExamples(column.groups(LEARNT_FROM)[labelled], dataset.labels[labelled])
