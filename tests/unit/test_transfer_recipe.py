"""The recipes of the second study: its twenty models, its settings, its figures."""

from dataclasses import replace
from pathlib import Path

import pytest

from fecemo.data.manifests import read_published, shipped
from fecemo.errors import InputError
from fecemo.stages.pretrained import check_pretrained
from fecemo.study.cell import resolve
from fecemo.study.recipe_file import read_recipe

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"


@pytest.fixture(scope="module")
def transfer():
    return read_recipe(RECIPES / "transfer.yaml")


def test_twenty_rows_stand_in_the_published_order(transfer):
    published = read_published(shipped("published/transfer.yaml"))
    assert list(transfer.approaches) == list(published.figures)
    assert {row: transfer.title_of(row) for row in transfer.approaches} == published.titles
    accuracy = [row["accuracy"] for row in published.figures.values()]
    assert accuracy == [0.5065, 0.4607, 0.5637, 0.5690, 0.5627, 0.5222, 0.4708, 0.5972, 0.5960, 0.6070,
                        0.4985, 0.4662, 0.5740, 0.5720, 0.5737, 0.5188, 0.4833, 0.5865, 0.5827, 0.5945]


def test_the_published_kappa_is_that_of_all_emotions_together():
    """On equally many faces of eight emotions it follows from accuracy, to the digits printed: (a − 1/8) / (7/8)."""
    for row in read_published(shipped("published/transfer.yaml")).figures.values():
        assert row["cohen_kappa"] == pytest.approx((row["accuracy"] - 1 / 8) / (7 / 8), abs=1.1e-4)


@pytest.mark.parametrize(("weights", "rate", "batch", "frozen"), [
    ("scratch", 1e-2, 30, ()), ("pretrained", 1e-3, 36, ("stage_1", "stage_2", "stage_3"))])
@pytest.mark.parametrize("backbone", ["resnet", "se_resnet"])
def test_settings_are_as_published(transfer, backbone, weights, rate, batch, frozen):
    losses = {}
    for loss in ("softmax", "centre", "weighted", "centre_weighted", "cluster"):
        cell = resolve(transfer, f"{backbone}_{weights}_{loss}", "rgb")
        fit = cell.fit["classify"]
        assert (cell.approach.name, cell.frozen, cell.side) == (backbone, frozen, 200)
        assert (fit.learning_rate, fit.batch_size, fit.schedule.every) == (rate, batch, 10)
        assert (fit.optimizer.name, fit.optimizer.momentum, fit.optimizer.weight_decay) == ("sgd", 0.9, 5e-4)
        assert (cell.model.side, cell.model.blocks, cell.model.features) == (224, (3, 4, 6, 3), 512)
        losses[loss] = [(term.loss.name, term.weight) for term in fit.losses]
    assert losses == {
        "softmax": [("cross_entropy", 1)], "weighted": [("weighted_softmax", 1)],
        "centre": [("cross_entropy", 1), ("centre", 0.5)],
        "centre_weighted": [("weighted_softmax", 1), ("centre", 0.5)],
        "cluster": [("weighted_softmax", 1), ("weighted_cluster", 1)]}


def test_rows_without_weights_say_what_they_wait_for(transfer):
    waiting = [row for row in transfer.approaches if transfer.waits_for(row)]
    assert waiting == [row for row in transfer.approaches if "pretrained" in row]
    assert "weights/vggface2" in transfer.waits_for("se_resnet_pretrained_cluster")


def test_the_small_recipe_has_five_losses_and_three_seeds():
    small = read_recipe(RECIPES / "transfer_small.yaml")
    assert len(small.approaches) == 5
    assert len({small.seed, *small.seeds}) == 3
    assert {small.approach_of(row).name for row in small.approaches} == {"se_resnet"}


def test_weights_for_colour_are_refused_for_gray_faces(transfer):
    """Converting them again, as a misfit otherwise asks for, would not help."""
    cell = resolve(replace(transfer, variants=("rgb", "gray")), "resnet_pretrained_softmax", "gray")
    with pytest.raises(InputError, match=r"take three channels, and gray has one; name .*softmax\.variants"):
        check_pretrained(cell)
