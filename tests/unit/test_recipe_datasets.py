"""Data sets of a recipe: made in any way, looked up by role, and learnt from by name."""

from pathlib import Path

import pytest
import yaml

from fecemo.data.draw_settings import DrawSettings
from fecemo.data.import_settings import ImportSettings
from fecemo.errors import InputError
from fecemo.fetch.settings import FetchSettings
from fecemo.study.artifact_kinds import Artifact, about_faces
from fecemo.study.cell import resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

TINY = Path(__file__).parents[1] / "integration" / "tiny.yaml"
RATED = {"import": {"images": "x", "annotations": ["valence"]}}


@pytest.fixture
def recipe_with(tmp_path):
    def write(datasets, data=None, roles=None, **changes):
        document = yaml.safe_load(TINY.read_text(encoding="utf-8"))
        document["datasets"] = {**document["datasets"], **datasets} if isinstance(datasets, dict) else datasets
        document |= {**({} if roles is None else {"roles": roles}), **changes}
        if data is not None:
            document["approaches"]["supervised"]["fit"]["classify"]["data"] = data
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return path

    return write


def test_a_phase_learns_from_data_sets_by_name_and_by_role(recipe_with):
    recipe = read_recipe(recipe_with({"rated": RATED}, ["target.train", "rated.train"]))
    assert isinstance(recipe.datasets["rated"].settings, ImportSettings)
    cell = resolve(recipe, "supervised", recipe.variants[0])
    assert cell.fit["classify"].data == ("emotions.train", "rated.train")
    assert cell.learnt_from == {"emotions": False, "rated": False}
    assert cell.embedded == {"target": "emotions"}
    clustered = resolve(recipe, "dense_autoencoder", "gray")
    assert clustered.fit["reconstruct"].data == ("photographs",)
    assert clustered.embedded == {"target": "emotions", "source": "photographs"}


def test_every_way_ends_in_the_folder_of_the_data_set_and_drawn_faces_go_the_way_of_all(tmp_path):
    layout, recipe = RunLayout(tmp_path), read_recipe(TINY)
    steps = {name: dataset.way.steps(dataset.settings, name, layout) for name, dataset in recipe.datasets.items()}
    drawn, fetched = steps["photographs"]
    assert (drawn.script, drawn.out, type(drawn.settings)) == ("00_draw", layout.drawn("photographs"), DrawSettings)
    assert (fetched.script, fetched.out, fetched.port) == ("01_fetch", layout.dataset("photographs"), 18799)
    assert isinstance(fetched.settings, FetchSettings)
    assert (fetched.settings.faces, fetched.settings.serve) == (drawn.out / "faces.csv", drawn.out)
    assert [step.script for step in steps["emotions"]] == ["00_draw", "02_import"]
    assert steps["emotions"][1].settings == ImportSettings(layout.drawn("emotions") / "labelled", test_fraction=0.3)
    assert [recipe.datasets[name].made for name in recipe.datasets] == ["drawn", "drawn"]


def test_what_is_known_of_drawn_faces_is_read_where_the_target_is_drawn(recipe_with, tmp_path):
    layout = RunLayout(tmp_path)
    recipe = read_recipe(recipe_with({}))
    assert about_faces(recipe, layout) == Artifact("drawn", ("emotions",), part="parameters.csv", optional=True)
    recipe = read_recipe(recipe_with({"rated": RATED}, roles={"source": "photographs", "target": "rated"}))
    assert about_faces(recipe, layout) is None


@pytest.mark.parametrize(("datasets", "data", "message"), [
    ({"rated": RATED}, ["target.train", "raded"], "no data set 'raded': did you mean 'rated'"),
    ({"rated": RATED}, ["rated.test"], "nothing learns from the test split"),
    ({"rated": {"imports": {"images": "x"}}}, None, r"datasets\.rated: unknown key 'imports', did you mean 'import'"),
    ({"rated": {"import": {"image": "x"}}}, None, r"datasets\.rated\.import: .*'image'"),
    ({"rated": {"import": {"images": "x", "layout": "class_folder"}}}, None, "did you mean 'class_folders'"),
    ({"rated": {}}, None, r"datasets\.rated: expected one of detect: \{\.\.\.\} or draw: .* or fetch: .* or import"),
    ({"target": RATED}, None, "'target' is the name of another role"),
    ({"a.b": RATED}, None, "has a point in it"),
    ({"../b": RATED}, None, r"datasets: '\.\./b' is no name"),
    (["rated"], None, "expected data sets by name"),
])
def test_what_cannot_be_meant_is_refused(recipe_with, datasets, data, message):
    with pytest.raises(InputError, match=message):
        read_recipe(recipe_with(datasets, data))


def test_nothing_learns_from_the_triplet_test_under_any_name(recipe_with):
    rated = {"rated": {"draw": {"faces": 9, "triplets": 3}}}
    roles = {"source": "photographs", "target": "emotions", "triplet_test": "rated"}
    for data in ("rated", "rated.triplets"):
        with pytest.raises(InputError, match="nothing learns from rated, which is the triplet test"):
            read_recipe(recipe_with(rated, [data], roles, cluster_sweep={"n_clusters": [8]}))
