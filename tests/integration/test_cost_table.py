"""Table 2: clusters, named at several costs, beside classifiers, read from a run and written."""

import re
from html.parser import HTMLParser

import pytest
import yaml

from fecemo.errors import StoredStateError
from fecemo.evaluation.records.score import SCORE
from fecemo.evaluation.results import read_differences, read_results
from fecemo.evaluation.writers import grids_of
from fecemo.stages import cluster, cluster_sweep, evaluate, label, table
from fecemo.stages.tables.results import read_run
from fecemo.study.recipe_file import read_recipe
from tests.integration.planted_run import N_TARGET, OTHERS, RECIPE, Planted

CLUSTERED = ("dense_autoencoder", "contrastive", "triplet_embedding")


@pytest.fixture(scope="module", autouse=True)
def no_models(tmp_path_factory):
    """Whatever models this machine has, the run here waits for one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FECEMO_MODELS", str(tmp_path_factory.mktemp("models")))
        yield


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the run with both tables written."""
    planted = Planted(tmp_path_factory.mktemp("planted"), learning={"contrastive": {"cluster_on": [40]}})
    for row in CLUSTERED:
        for stage in (cluster, label, cluster_sweep, evaluate):
            stage.run(planted.cell(row))
    cluster_sweep.run(planted.cell("contrastive-cluster_on-40"))
    for row in ("semi_supervised", "supervised"):
        evaluate.run(planted.cell(row))
    table.run((planted.layout.run,), planted.recipe)
    return planted


def test_a_recipe_of_the_first_table_may_name_by_a_few_labels_too(tmp_path):
    planted = Planted(tmp_path, naming={"method": "labels_per_cluster", "per_cluster": 2})
    arguments = planted.cell("contrastive")
    for stage in (cluster, label, evaluate):
        stage.run(arguments)
    score = SCORE.read(planted.layout.score("contrastive", "gray"))
    assert (score.method, score.labels_used.naming, score.accuracy) == ("labels_per_cluster", 16, 1)
    table.run((planted.layout.run,), planted.recipe)
    assert "by the labels of a few faces of each" in (planted.layout.run / "table1.md").read_text()


def swept(planted):
    """Return the figures of Table 2."""
    frame = read_results(planted.layout.run)
    return frame[(frame["setting"] == "") & (frame["state"] != "published")]


def test_rows_stand_by_their_supervision(written):
    grid = grids_of("table2", read_run(read_recipe(written.recipe), written.layout).results)[0][0]
    titles = read_recipe(written.recipe).title_of
    assert [names for names, _ in grid.lines] == [
        ("Faces", titles("dense_autoencoder")), ("Faces", titles("contrastive")),
        ("Faces, a landmark model", titles("landmark_features")),
        ("Faces, ratings of similarity", titles("triplet_embedding")),
        ("Faces, 20 % of the labels", titles("semi_supervised")), ("All labels", titles("supervised"))]
    frame = swept(written)
    assert set(frame[frame["row"] == "landmark_features"]["state"].map(lambda state: state[:9])) == {"waits for"}
    # Twenty-five of forty, and Wilson's interval of that.
    (triplets,) = frame[(frame["metric"] == "triplet_accuracy")].to_dict("records")
    assert (triplets["row"], triplets["value"], triplets["n"], triplets["scored_on"]) == (
        "triplet_embedding", 0.625, 40, "held-out triplets")
    assert (triplets["low"], triplets["high"]) == (pytest.approx(0.47032, abs=2e-5), pytest.approx(0.75777, abs=2e-5))
    assert set(frame[frame["row"] == "supervised"]["readout"]) <= {"argmax", ""}
    text = (written.layout.run / "table2.md").read_text()
    assert "Landmark features: waits for a face landmark model in" in text
    assert "Exp-CLIP" in text.split("As others publish")[1]


def test_marked_is_only_what_is_ahead_of_all_others(written):
    grid = grids_of("table2", read_run(read_recipe(written.recipe), written.layout).results)[0][0]
    best = {(heading, names[1]) for names, cells in grid.lines
            for heading, cell in zip(grid.headings[2:], cells, strict=True) if cell.best}
    # The planted rows are alike: neither is ahead of the other. The supervised row is ahead of the other classifier.
    assert best == {("Classifier", "Supervised")}
    frame = read_differences(written.layout.run)
    frame = frame[frame["stage"] == "cluster_sweep"]

    def difference(row, other, readout, naming):
        result = frame[(frame["row"] == row) & (frame["other_row"] == other) & (frame["readout"] == readout)
                      & (frame["naming"] == naming) & (frame["clusters"].isna() | (frame["clusters"] == 8))]
        return result.iloc[0]

    apart = difference("supervised", "semi_supervised", "argmax", "")
    assert apart["low"] > 0
    assert apart["value"] == pytest.approx((N_TARGET // 4 - OTHERS) / (N_TARGET // 4), abs=0.01)
    # Contrastive against the study's own that was given no more: the dense autoencoder.
    against = difference("contrastive", "dense_autoencoder", "clusters", "few labels")
    assert against["against"] == "study"
    assert against["low"] > 0.5


class Numbers(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.cells = []
        self.loose = []
        self._open = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._open.append(tag)
        if tag == "data":
            self.cells.append(dict(attributes))

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, text):
        if not {"data", "style", "svg"} & set(self._open):
            self.loose += re.findall(r"(?<![\d.])\.\d+", text)


def test_every_number_of_the_page_is_on_its_line_of_the_results(written):
    frames = {"results.csv": read_results(written.layout.run), "differences.csv": read_differences(written.layout.run)}
    page = Numbers((written.layout.run / "table2.html").read_text())
    assert page.loose == []
    assert len(page.cells) > 150
    for number in page.cells:
        line = frames[number["data-file"]].iloc[int(number["data-line"])]
        assert float(number["value"]) == line[number["data-column"]]


def test_the_report_shows_the_second_table(written):
    text = (written.layout.run / "report.html").read_text()
    assert 'href="#second"' in text
    assert 'id="table2"' in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_cells_that_the_recipe_leaves_out_are_not_missing(tmp_path):
    approaches = {**RECIPE["approaches"], "contrastive": {**RECIPE["approaches"]["contrastive"], "variants": ["gray"]}}
    planted = Planted(tmp_path, variants=["gray", "rgb"], approaches=approaches)
    study = read_recipe(planted.recipe)
    frame = read_run(study, planted.layout).results.figures
    result = set(map(tuple, frame[frame["state"] != "published"][["row", "variant"]].values.tolist()))
    assert result == set(study.cells)
    assert ("contrastive", "rgb") not in result
    assert ("supervised", "rgb") in result


def test_what_was_made_anew_since_is_shown_as_not_run(tmp_path, capsys):
    planted = Planted(tmp_path)
    planted.group("contrastive")
    planted.leave("contrastive", **dict(zip(("source", "target"), planted.vectors["dense_autoencoder"], strict=True)))
    study = read_recipe(planted.recipe)
    rows = read_run(study, planted.layout).cells.values()
    assert "cluster sweep of contrastive gray was made from a previous version of outputs" in capsys.readouterr().err
    assert {row.row.name for row in rows if row.sweep} == set()


OTHER_SETTINGS = (
    {"cluster_sweep": {**RECIPE["cluster_sweep"], "per_cluster": 4}},
    {"cluster_sweep": {**RECIPE["cluster_sweep"], "seeds": 2}},
    {"naming": {**RECIPE["naming"], "sample": 39}}, {"naming": {**RECIPE["naming"], "rare_class_exponent": 0.5}},
    {"naming": {**RECIPE["naming"], "class_balanced": True}}, {"evaluation": {"bootstrap": 201}},
    {"evaluation": {"bootstrap": 200, "confidence": 0.9}}, {"clustering": {"hierarchical_kmeans": [60, 24]}})


def test_what_was_made_with_other_settings_is_shown_as_not_run(tmp_path, capsys):
    planted = Planted(tmp_path)
    planted.group("contrastive")

    def grouped(changes):
        planted.recipe.write_text(yaml.safe_dump({**RECIPE, **changes}))
        study = read_recipe(planted.recipe)
        rows = read_run(study, planted.layout).cells.values()
        return [row.row.name for row in rows if row.sweep]

    capsys.readouterr()
    # What a cluster sweep is not made of changes nothing: a title, or the settings of the cells' own clustering.
    assert grouped({"title": "Another", "clustering": {"n_clusters": 9}}) == ["contrastive"]
    assert capsys.readouterr().err == ""
    for changes in OTHER_SETTINGS:
        assert grouped(changes) == [], changes
        assert "sweep of contrastive gray was made with other settings than the recipe's" in capsys.readouterr().err
    with pytest.raises(StoredStateError, match="holds a cluster sweep of the recipe 'planted', expected 'other'"):
        grouped({"name": "other"})


def test_the_written_table_follows_the_settings_too(tmp_path):
    planted = Planted(tmp_path)
    planted.group("contrastive")

    def written_with(changes):
        planted.recipe.write_text(yaml.safe_dump({**RECIPE, **changes}))
        table.run((planted.layout.run,), planted.recipe)
        frame = swept(planted)
        return set(frame[frame["row"] == "contrastive"]["state"])

    assert written_with({}) == {"measured"}
    assert written_with({"naming": {**RECIPE["naming"], "rare_class_exponent": 0.5}}) == {"not run"}


def test_the_studys_own_rows_are_those_of_the_figures_that_the_recipe_names(tmp_path):
    planted = Planted(tmp_path)
    for name, expected in (("table1", {"dense_autoencoder", "semi_supervised", "supervised"}), ("transfer", set())):
        planted.recipe.write_text(yaml.safe_dump({**RECIPE, "published": name}))
        study = read_recipe(planted.recipe)
        rows = read_run(study, planted.layout).cells.values()
        assert {row.row.name for row in rows if row.published} == expected


def test_captions_say_what_no_interval_holds(written):
    text = (written.layout.run / "table2.md").read_text()
    main, against = text.split("## Against the study's own approaches")
    for block in (main, against):
        assert "The networks are of one training each: by how much another would differ is in no interval." in block
