"""A row whose losses leave a part of its output untaught is refused before it trains."""

from pathlib import Path

import pytest

from fecemo.drawn.emotions import EMOTIONS
from fecemo.errors import InputError
from fecemo.study.cell import resolve
from fecemo.study.recipe_file import read_recipe
from fecemo.study.taught import refuse_untaught

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"
CENTRES = """
name: centres
title: Centres alone
source: {faces: nowhere.csv}
target: {images: nowhere}
approaches:
  resnet:
    model: {blocks: [1, 1, 1, 1], filters: 4}
    fit: {classify: {loss: centre, optimizer: sgd, learning_rate: 1.0e-2, epochs: 1}}
"""


def plans_of(cell):
    shape = (12,) if cell.approach.takes != "pixels" else cell.shape
    return cell.approach.plan(cell.model, shape, len(EMOTIONS))


def test_features_without_a_loss_on_the_emotions_are_refused(tmp_path):
    (tmp_path / "centres.yaml").write_text(CENTRES)
    cell = resolve(read_recipe(tmp_path / "centres.yaml"), "resnet", "rgb")
    with pytest.raises(InputError, match=r"approaches\.resnet\.fit: no loss looks at what emotions gives, of which the "
                                         r"row's classifier is made.*add a loss that looks at probabilities"):
        refuse_untaught(cell, plans_of(cell))


def test_every_row_of_every_recipe_teaches_all_of_its_output():
    checked = set()
    for path in sorted(RECIPES.glob("*.yaml")):
        recipe = read_recipe(path)
        for row in recipe.approaches:
            cell = resolve(recipe, row, recipe.variants[0])
            looked_at = (cell.approach.name, *(fit.looks_at for fit in cell.fit.values()))
            if cell.approach.networks and looked_at not in checked:
                refuse_untaught(cell, plans_of(cell))
            checked.add(looked_at)
    assert len(checked) > 5
