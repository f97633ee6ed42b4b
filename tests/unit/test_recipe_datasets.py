"""Further datasets of a recipe: by any name, fetched or imported, and learnt from by that name."""

from pathlib import Path

import pytest
import yaml

from fecemo.data.import_settings import ImportSettings
from fecemo.errors import InputError
from fecemo.fetch.settings import FetchSettings
from fecemo.study.cell import resolve
from fecemo.study.faces.data_names import learnt_from
from fecemo.study.recipe_file import read_recipe

TINY = Path(__file__).parents[1] / "integration" / "tiny.yaml"


@pytest.fixture
def recipe_with(tmp_path):
    def write(datasets, data=None):
        document = yaml.safe_load(TINY.read_text(encoding="utf-8"))
        document["datasets"] = datasets
        if data is not None:
            document["approaches"]["supervised"]["fit"]["classify"]["data"] = data
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return path

    return write


def test_a_phase_learns_from_datasets_by_name(recipe_with):
    datasets = {"rated": {"import": {"images": "drawn/target", "annotations": ["valence"]}},
                "listed": {"fetch": {"faces": "drawn/faces.csv"}}}
    recipe = read_recipe(recipe_with(datasets, ["target.train", "rated.train"]))
    assert isinstance(recipe.datasets["rated"], ImportSettings)
    assert isinstance(recipe.datasets["listed"], FetchSettings)
    cell = resolve(recipe, "supervised", recipe.variants[0])
    assert learnt_from(cell.approach, cell.fit) == {"rated": False, "target": False}


@pytest.mark.parametrize(("datasets", "data", "said"), [
    ({"rated": {"import": {"images": "x"}}}, ["target.train", "raded"], "no data set 'raded': did you mean 'rated'"),
    ({"rated": {"import": {"images": "x"}}}, ["rated.test"], "nothing learns from the test split"),
    ({"rated": {"imports": {"images": "x"}}}, None, r"datasets\.rated: unknown key 'imports', did you mean 'import'"),
    ({"rated": {"import": {"image": "x"}}}, None, r"datasets\.rated\.import: .*'image'"),
    ({"rated": {"import": {"images": "x", "layout": "class_folder"}}}, None, "did you mean 'class_folders'"),
    ({"rated": {}}, None, r"datasets\.rated: expected one of fetch: \{\.\.\.\} and import"),
    ({"target": {"import": {"images": "x"}}}, None, "'target' is the name of a role"),
    ({"a.b": {"import": {"images": "x"}}}, None, "has a point in it"),
    (["rated"], None, "expected a dataset by each name"),
])
def test_what_cannot_be_meant_is_refused(recipe_with, datasets, data, said):
    with pytest.raises(InputError, match=said):
        read_recipe(recipe_with(datasets, data))
