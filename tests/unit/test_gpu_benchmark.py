"""The benchmark of a GPU, which no run of the tests has: its recipe is read, and its minutes follow from the rates."""

from pathlib import Path

import pytest

from fecemo.study.cell import resolve
from fecemo.study.recipe_file import read_recipe

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_its_cells_are_the_published_ones_and_twice_the_rate_is_half_the_time(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import gpu
    import gpu_study

    gpu_study.study_recipe(tmp_path / "recipe.yaml", gpu_study.Sizes.small(), 32, "float32")
    recipe = read_recipe(tmp_path / "recipe.yaml")
    assert len(recipe.cells) == 12
    phases = [f"{row} {phase.name}" for row in recipe.approaches
              for phase in resolve(recipe, row, recipe.variants[0]).approach.phases]
    slow, fast = (gpu.projected_minutes(recipe, {phase: {"device": {"images_per_second": rate}} for phase in phases})
                  for rate in (10, 20))
    assert slow == pytest.approx(2 * fast, abs=0.02)
    assert gpu.projected_minutes(recipe, {}) is None
