"""How well held-out triplets were told, as Table 2 shows it: with its interval, and only of the network that stands."""

import pytest
import yaml

from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.metrics.triplets import TRIPLET_TEST_RECORD, TripletTest, TypeShare
from fecemo.evaluation.records.score import Interval
from fecemo.evaluation.writers import grids_of
from fecemo.stages.tables.results import read_run
from fecemo.study.artifact_configs import triplet_test_config
from fecemo.study.artifact_kinds import KINDS
from fecemo.study.cell import resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from tests.artifact_receipts import leave_receipt, renew_receipt

FIT = {"loss": "binary_crossentropy", "optimizer": "adam", "learning_rate": 1e-3, "epochs": 1}
MEASURE, CLASSIFY = ({**FIT, "loss": loss} for loss in ("vector_error", "cross_entropy"))
RATE = {**FIT, "loss": "triplet", "validate_on": 0.5}
RECIPE = {
    "name": "rated", "title": "Rated", "variants": ["gray"],
    "datasets": {"fec": {"fetch": {"faces": "faces.csv"}}, "labelled": {"import": {"images": "target"}},
                 "fec_test": {"fetch": {"faces": "others.csv", "format": "fec"}}},
    "roles": {"source": "fec", "target": "labelled", "triplet_test": "fec_test"},
    "approaches": {
        "dense_autoencoder": {"fit": {"reconstruct": FIT}},
        "triplet_embedding": {"embeddings_from": "dense_autoencoder", "fit": {"rate": RATE}},
        "triplet_pixels": {"fit": {"measure": MEASURE, "rate": {**RATE, "keep": "best"}}},
        "triplet_classifier": {"fit": {"measure": MEASURE, "rate": RATE, "classify": CLASSIFY}},
    },
    "cluster_sweep": {"n_clusters": [8], "per_cluster": 3, "seeds": 2},
}
CURVE = "phase,epoch,valid_loss,valid_accuracy\nrate,1,.30,.7\nrate,2,.25,.65\nrate,3,.25,.7\nrate,4,.4,.625\n"
HELD_OUT = {"held_out": {"rate": 40}}


def leave(layout, row, stage, text="", summary=None):
    kind = {"train": "model", "embed": "outputs"}[stage]
    folder = KINDS[kind].folder(layout, row, "gray")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "history.csv").write_text(text)
    leave_receipt(read_recipe(layout.run.parent / "recipe.yaml"), layout, kind, row, "gray", ["history.csv"],
                  summary=summary)


@pytest.fixture
def layout(tmp_path):
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
    layout = RunLayout(tmp_path / "run")
    leave(layout, "dense_autoencoder", "embed")
    leave(layout, "triplet_embedding", "train", CURVE, HELD_OUT)
    leave(layout, "triplet_pixels", "train", CURVE, {"held_out": {"rate": 100}})
    return layout


def run_of(layout):
    return read_run(read_recipe(layout.run.parent / "recipe.yaml"), layout)


def rows_of(layout):
    return {row: cell for (row, _), cell in run_of(layout).cells.items()}


def table_of(layout):
    """Return what Table 2 prints of the triplets of each row, by its title, and the caption."""
    grid = grids_of("table2", run_of(layout).results)[0][0]
    at = grid.headings.index("Triplets") - 2 if "Triplets" in grid.headings else None
    return {names[1]: "—" if at is None else f"{cells[at].plain_value} {cells[at].plain_beside}".strip()
            for names, cells in grid.lines}, grid.plain_caption


def settings_of(layout, row):
    return table_of(layout)[0][read_recipe(layout.run.parent / "recipe.yaml").title_of(row)]


def figures_of(layout, row):
    frame = run_of(layout).results.figures
    return frame[(frame["row"] == row) & (frame["metric"] == "triplet_accuracy")].set_index("class")


def test_the_share_stands_with_its_interval_and_what_it_is_of(layout):
    assert settings_of(layout, "triplet_embedding") == ".625 [.470, .758]"  # Wilson of 25 of 40
    # The first of the two epochs with the least loss, 65 of 100: (0.66921 ± 0.09544) / 1.03841.
    assert settings_of(layout, "triplet_pixels") == ".650 [.553, .736]"
    assert settings_of(layout, "dense_autoencoder") == "—"
    caption = table_of(layout)[1]
    assert "held-out triplets, 40." in caption
    assert "chance is 1/3" in caption
    assert "held-out triplets, which also chose the epoch, 100. That flatters the figure." in caption


def test_programs_get_number_and_interval(layout):
    figure = figures_of(layout, "triplet_embedding").loc[""]
    assert (figure["value"], figure["n"], figure["scored_on"]) == (0.625, 40, "held-out triplets")
    assert (figure["low"], figure["high"]) == (pytest.approx(0.47032, abs=2e-5), pytest.approx(0.75777, abs=2e-5))


def test_a_run_that_did_not_store_the_number_shows_no_interval(layout):
    leave(layout, "triplet_pixels", "train", CURVE)
    assert settings_of(layout, "triplet_pixels") == ".650"
    assert "their number was not stored, so that there is no interval" in table_of(layout)[1]


def test_nothing_is_told_of_a_network_that_stands_on_other_embeddings(layout, capsys):
    leave(layout, "dense_autoencoder", "embed", "made anew")
    assert rows_of(layout)["triplet_embedding"].triplets is None
    assert "made from a previous version of outputs of dense_autoencoder" in capsys.readouterr().err


def test_nothing_is_told_of_a_network_that_learned_on_from_labels(layout):
    leave(layout, "triplet_classifier", "train", CURVE, HELD_OUT)
    assert rows_of(layout)["triplet_classifier"].triplets is None


def leave_test(layout, row, **changed):
    """Leave a record of a triplet test, as its stage does."""
    folder = layout.triplet_test(row, "gray")
    folder.mkdir(parents=True, exist_ok=True)
    record = TripletTest(row, "gray", "rated", n_triplets=900, n_left_out=0, n_faces=500, accuracy=0.5,
                            confidence=0.95, interval=Interval(0.4, 0.6),
                            by_type={"ONE_CLASS_TRIPLET": TypeShare(300, 0.4)})
    study = read_recipe(layout.run.parent / "recipe.yaml")
    leave_receipt(study, layout, "triplet_test", row, "gray", [TRIPLET_TEST_RECORD.write(folder, record)],
                  config=triplet_test_config(resolve(study, row, "gray")) | changed)


def test_a_triplet_test_stands_in_the_place_of_held_out_triplets(layout):
    leave_test(layout, "dense_autoencoder")
    leave_test(layout, "triplet_embedding")
    assert [settings_of(layout, row) for row in ("dense_autoencoder", "triplet_embedding")] == [".500 [.400, .600]"] * 2
    caption = table_of(layout)[1]
    assert "triplet test, 900." in caption
    # A row that was not tested keeps its own, and the caption tells them apart.
    title = read_recipe(layout.run.parent / "recipe.yaml").title_of("triplet_pixels")
    assert f"Scored ({title}): held-out triplets" in caption
    by_type = figures_of(layout, "dense_autoencoder").loc["ONE_CLASS_TRIPLET"]
    assert (by_type["value"], by_type["n"]) == (0.4, 300)
    assert figures_of(layout, "triplet_pixels").loc["", "scored_on"] != "triplet test"


def test_a_recipe_that_asks_for_none_shows_none(layout):
    leave_test(layout, "dense_autoencoder")
    path = layout.run.parent / "recipe.yaml"
    path.write_text(yaml.safe_dump({**RECIPE, "roles": {"source": "fec", "target": "labelled"}}))
    assert settings_of(layout, "dense_autoencoder") == "—"


@pytest.mark.parametrize(("changed", "message"), [
    ({"cluster_sweep": None}, "the triplet test is a column of Table 2: give cluster_sweep too"),
    ({"fetch": {"faces": "others.csv", "format": "boxes"}}, "fec_test has no rated triplets; expected a list in FEC's"),
    ({"draw": {"faces": 9}}, "fec_test has no rated triplets"),
    ({"draw": {"faces": 2, "triplets": 9}}, "triplets is 9 and faces 2: expected at least 3 faces"),
    ({"import": {"images": "elsewhere"}}, "fec_test has no rated triplets"),
])
def test_a_recipe_by_which_nothing_could_be_tested_is_refused(layout, changed, message):
    path = layout.run.parent / "recipe.yaml"
    other = changed if "cluster_sweep" in changed else {"datasets": {**RECIPE["datasets"], "fec_test": changed}}
    path.write_text(yaml.safe_dump(RECIPE | other))
    with pytest.raises(InputError, match=message):
        read_recipe(path)


def test_answers_of_other_settings_are_not_shown(layout, capsys):
    leave_test(layout, "triplet_pixels", agreement=0.9)
    assert settings_of(layout, "triplet_pixels") == ".650 [.553, .736]", "those that were held out"
    assert "made with other settings than the recipe's: agreement was 0.9" in capsys.readouterr().err


def test_a_damaged_record_is_named(layout):
    leave_test(layout, "triplet_pixels")
    path = layout.triplet_test("triplet_pixels", "gray") / "triplets.json"
    path.write_text(path.read_text().replace("triplet_test/1", "triplet_test/0"))
    renew_receipt(path.parent)
    with pytest.raises(StoredStateError, match=r"triplets\.json has the format .*; run the triplet_test stage again"):
        table_of(layout)
