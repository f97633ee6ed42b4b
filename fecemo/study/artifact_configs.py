"""What of a recipe shapes each kind of artefact, as JSON values: a change there, and only there, makes it stale."""

from dataclasses import replace
from typing import Any

from fecemo.clustering.cluster_sweep import NAMINGS
from fecemo.clustering.naming import naming_methods
from fecemo.clustering.strategy import TRUST, strategies
from fecemo.data.receipts import plain
from fecemo.evaluation.cell_metric import cell_metrics
from fecemo.evaluation.metrics.cluster_sweep import CLUSTER_SWEEP
from fecemo.evaluation.metrics.cost_curve import COST_CURVE
from fecemo.evaluation.metrics.triplets import TRIPLET_TEST_RECORD
from fecemo.evaluation.records.score import SCORE
from fecemo.study.cell import Cell
from fecemo.study.faces.data_names import TRIPLET_TEST
from fecemo.study.faces.triplets import AGREEMENT
from fecemo.study.recipe import Recipe


def model_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes a cell's networks."""
    return plain({"approach": cell.approach.name, "variant": cell.variant, "side": cell.side, "model": cell.model,
                  "fit": cell.fit, "seed": cell.recipe.seed, **({"frozen": cell.frozen} if cell.frozen else {}),
                  **({} if cell.own_seed is None else {"own_seed": cell.own_seed})})


def outputs_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes the outputs that are stored of a cell's faces."""
    return plain({"outputs": list(cell.approach.readouts), "variant": cell.variant, "side": cell.side,
                  "roles": cell.embedded, "faces": embedded_faces(cell), "seed": cell.recipe.seed,
                  **({"tsne_output": cell.tsne_output} if cell.tsne_output else {}),
                  **({} if cell.approach.descriptor is None else
                     {"descriptor": cell.approach.descriptor, "model": cell.model})})


def embedded_faces(cell: Cell) -> int | None:
    """Return to how many source faces the phase behind the output was limited; None for all."""
    return next((fit.faces for fit in cell.fit.values() if cell.recipe.roles.source in fit.data), None)


def clusters_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes a cell's clusters."""
    return plain({"clustering": cell.recipe.clustering, "seed": cell.recipe.seed})


def map_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes a cell's map."""
    return plain({"map": cell.recipe.map, "seed": cell.recipe.seed})


def names_config(cell: Cell, method: str | None = None) -> dict[str, Any]:
    """Return what shapes the names of a cell's clusters: of settings and constants those alone that the method reads.

    Parameters
    ----------
    method : str, optional
        A person's choice in the place of the recipe's ``naming.method``.
    """
    settings = cell.recipe.naming
    naming = naming_methods.find(method or settings.method)
    config: dict[str, Any] = {"method": naming.name, "approach": cell.row, "variant": cell.variant.name,
                              "seed": cell.recipe.seed}
    if naming.name != settings.method:
        config["instead_of"] = settings.method
    shaping: tuple[str, ...] = ("classes",) if settings.classes else ()
    if naming.by == "labels":
        shaping = (*naming.settings, "rare_class_exponent", "class_balanced")
    if naming.by == "suggestion":
        shaping = (*shaping, *naming.settings)
    return plain(config | dict(naming.constants) | {name: getattr(settings, name) for name in shaping})


def cluster_sweep_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes a cell's clusterings at several numbers of clusters, with their names and figures."""
    recipe = cell.recipe
    return plain({
        "cluster_sweep": recipe.cluster_sweep,
        "kmeans": {name: getattr(recipe.clustering, name) for name in ("algorithm", "max_iter", "hierarchical_kmeans")},
        "naming": {name: getattr(recipe.naming, name) for name in ("sample", "rare_class_exponent", "class_balanced")},
        "namings": NAMINGS, "score_on": cell.score_on, "bootstrap": recipe.evaluation.bootstrap,
        "confidence": recipe.evaluation.confidence, "seed": recipe.seed, "recipe": recipe.name,
        "format": CLUSTER_SWEEP.format, **({"cluster_on": cell.cluster_on} if cell.cluster_on else {})})


def cost_curve_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes a cell's cost curve, which suggestions of single faces are part of."""
    recipe = cell.recipe
    suggested = {name: {"trust": trust, **naming_methods.find(name).constants} for name, trust in TRUST.items()}
    return plain({
        "cost_curve": recipe.cost_curve,
        "kmeans": {name: getattr(recipe.clustering, name) for name in ("algorithm", "max_iter")},
        "naming": {name: getattr(recipe.naming, name) for name in ("rare_class_exponent", "class_balanced", "drawn")},
        "components": recipe.evaluation.probe.components, "score_on": cell.score_on,
        "bootstrap": recipe.evaluation.bootstrap, "confidence": recipe.evaluation.confidence, "seed": recipe.seed,
        "recipe": recipe.name, "format": COST_CURVE.format, "strategies": sorted(strategies()),
        "suggested": suggested})


def triplet_test_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes the test of a cell's embedding by rated triplets."""
    recipe = cell.recipe
    return outputs_config(cell) | plain({
        "roles": {TRIPLET_TEST: recipe.roles.triplet_test}, "confidence": recipe.evaluation.confidence,
        "agreement": AGREEMENT, "recipe": recipe.name, "format": TRIPLET_TEST_RECORD.format})


def score_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes a cell's score, with the format of every record that is written beside it."""
    recipe = cell.recipe
    formats = {"score": SCORE.format, **{name: metric.record.format for name, metric in cell_metrics().items()}}
    return plain({"evaluation": replace(recipe.evaluation, about_faces=None), "score_on": cell.score_on,
                  "seed": recipe.seed, "approach": [cell.row, recipe.title_of(cell.row)],
                  "variant": [cell.variant.name, cell.variant.title], "recipe": [recipe.name, recipe.title],
                  "formats": formats})


def tables_config(recipe: Recipe) -> dict[str, Any]:
    """Return what shapes the tables of a run and its report."""
    return plain({
        "recipe": recipe.name, "title": recipe.title, "rows": recipe.approaches, "face_side": recipe.face_side,
        "columns": recipe.variants, "seed": recipe.seed, "seeds": recipe.seeds, "cells": recipe.cells,
        "cluster_sweep": recipe.cluster_sweep, "cost_curve": recipe.cost_curve, "learning": recipe.learning,
        "compose": recipe.compose,
        "roles": recipe.roles.named(),
        "clustering": recipe.clustering, "map": recipe.map, "naming": recipe.naming, "evaluation": recipe.evaluation})
