"""A row whose losses leave a part of its output untrained is refused before it trains."""

from pathlib import Path

import pytest

from fecemo.errors import InputError
from fecemo.models.approach import IMAGE
from fecemo.study.cell import resolve
from fecemo.study.recipe_file import read_recipe
from fecemo.study.supervision import check_outputs_trained

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"
CENTRES = """
name: centres
title: Centres alone
datasets: {source: {fetch: {faces: nowhere.csv}}, target: {import: {images: nowhere}}}
roles: {source: source, target: target}
approaches:
  resnet:
    model: {blocks: [1, 1, 1, 1], filters: 4}
    fit: {classify: {losses: [{loss: centre, output: features}], optimizer: sgd, learning_rate: 1.0e-2, epochs: 1}}
"""


def outline_of(cell):
    shapes = {name: cell.shape if column == IMAGE else (12,) for name, column in
              cell.approach.columns(cell.model).items()}
    return cell.approach.outline(cell.model, shapes, 8)


def test_features_without_a_loss_on_the_emotions_are_refused(tmp_path):
    (tmp_path / "centres.yaml").write_text(CENTRES)
    cell = resolve(read_recipe(tmp_path / "centres.yaml"), "resnet", "rgb")
    with pytest.raises(InputError, match=r"approaches\.resnet\.fit: no loss is computed from what head gives, of which "
                                         r"the row's probabilities are made.*add a loss of probabilities"):
        check_outputs_trained(cell, outline_of(cell))


def test_every_row_of_every_recipe_teaches_all_of_its_output():
    checked = set()
    for path in sorted(RECIPES.glob("*.yaml")):
        recipe = read_recipe(path)
        for row in recipe.approaches:
            cell = resolve(recipe, row, recipe.variants[0])
            faces_viewed = (cell.approach.name, *(fit.outputs for fit in cell.fit.values()))
            if cell.approach.build and faces_viewed not in checked:
                check_outputs_trained(cell, outline_of(cell))
            checked.add(faces_viewed)
    assert len(checked) > 5
