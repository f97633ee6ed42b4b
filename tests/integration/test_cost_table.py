"""Table 2: clusters, named at several costs, beside classifiers, read from a run and written."""

import csv
import json
import re
from html.parser import HTMLParser

import pytest
import yaml

from fecemo.errors import StoredStateError
from fecemo.evaluation.records.score import read_score
from fecemo.stages import cluster, cluster_sweep, evaluate, label, table
from fecemo.stages.tables.comparison_table import read_table
from fecemo.stages.tables.cost_table import read_cost_table
from fecemo.study.recipe_file import read_recipe
from tests.integration.planted_run import N_TARGET, OTHERS, RECIPE, Planted

CLUSTERED = ("dense_autoencoder", "contrastive", "triplet_embedding")


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
    score = read_score(planted.layout.score("contrastive", "gray"))
    assert (score.method, score.labels_used.naming, score.accuracy) == ("labels_per_cluster", 16, 1)
    table.run((planted.layout.run,), planted.recipe)
    assert "from the labels of a few faces of each" in (planted.layout.run / "table1.md").read_text()


def lines_of(planted):
    with (planted.layout.run / "table2.csv").open(newline="") as file:
        return [line for line in csv.DictReader(file) if line["block"] == "measured"]


def test_rows_stand_by_what_they_were_given(written):
    lines = lines_of(written)
    given = dict.fromkeys((line["track"], line["given"]) for line in lines)
    assert list(given) == [("0", "faces"), ("1", "faces, a landmark model"), ("2", "faces, ratings of similarity"),
                           ("3", "faces, 20 % of the labels"), ("4", "all labels")]
    assert {line["approach"]: line["state"] for line in lines} == {
        "dense_autoencoder": "scored", "contrastive": "scored", "triplet_embedding": "scored",
        "landmark_features": "waits",
        "semi_supervised": "scored", "supervised": "scored"}
    # Twenty-five of forty, and Wilson's interval of that.
    triplets = {tuple(line[f"triplet{name}"] for name in ("_accuracy", "_low", "_high", "s_held_out",
                                                                       "s_tested"))
                for line in lines if line["approach"] == "triplet_embedding"}
    (accuracy, low, high, n_held_out, tested), = triplets
    assert (accuracy, n_held_out, tested) == ("0.625", "40", "False")
    assert (float(low), float(high)) == pytest.approx((0.47032, 0.75777), abs=2e-5)
    assert {line["naming"] for line in lines if line["approach"] == "supervised"} == {"classifier"}
    text = (written.layout.run / "table2.md").read_text()
    assert "1 of the rows without figures waits for a face landmark model in landmark_model of the recipe" in text
    assert "Exp-CLIP" in text.split("As others publish")[1]


def test_marked_is_only_what_is_ahead_of_all_others(written):
    document = json.loads((written.layout.run / "table2.json").read_text())
    # The planted rows are alike: neither is ahead of the other. The supervised row is ahead of the other classifier.
    assert document["leaders"] == {"own": "supervised/gray"}
    apart = document["differences"]["supervised/gray - semi_supervised/gray"]["own"]
    assert apart["low"] > 0
    assert apart["value"] == pytest.approx((N_TARGET // 4 - OTHERS) / (N_TARGET // 4), abs=0.01)
    # Contrastive against the study's own that was given no more: the dense autoencoder.
    against = document["differences"]["contrastive/gray - dense_autoencoder/gray"]["8 labels_per_cluster"]
    assert against["low"] > 0.5


class Numbers(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.loose = []
        self._open = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._open.append(tag)
        if tag == "data":
            self.found.append(dict(attributes))

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, text):
        if not {"data", "style", "svg"} & set(self._open):
            self.loose += re.findall(r"(?<![\d.])\.\d+", text)


def test_every_number_of_the_page_is_that_of_a_record(written):
    document = json.loads((written.layout.run / "table2.json").read_text())
    rows = {f"{row['approach']}/{row['variant']}": row for row in (*document["rows"], *document["steps"])}
    page = Numbers((written.layout.run / "table2.html").read_text())
    assert page.loose == []
    assert len(page.found) > 150
    for number in page.found:
        record, field = number["data-record"], number["data-field"]
        if record == "table2":
            found = document
        else:
            approach, variant, *beside = record.split("/")
            found = rows[f"{approach}/{variant}"][beside[0] if beside else "score"]
        for name in re.split(r"\.(?! )", field):
            found = found[int(name)] if isinstance(found, list) else found[name]
        assert float(number["value"]) == found, (record, field)


def test_the_report_shows_the_second_table(written):
    text = (written.layout.run / "report.html").read_text()
    assert 'href="#table2"' in text
    assert 'id="table2-balanced"' in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_cells_that_the_recipe_leaves_out_are_not_missing(tmp_path):
    approaches = {**RECIPE["approaches"], "contrastive": {**RECIPE["approaches"]["contrastive"], "variants": ["gray"]}}
    planted = Planted(tmp_path, variants=["gray", "rgb"], approaches=approaches)
    study = read_recipe(planted.recipe)
    found = {(row.name, column.name) for row, column, _ in read_table(study, planted.layout).cells()}
    assert found == set(study.cells)
    assert ("contrastive", "rgb") not in found
    assert ("supervised", "rgb") in found


def test_what_was_made_anew_since_is_shown_as_not_run(tmp_path, capsys):
    planted = Planted(tmp_path)
    planted.group("contrastive")
    planted.leave("contrastive", **dict(zip(("source", "target"), planted.vectors["dense_autoencoder"], strict=True)))
    study = read_recipe(planted.recipe)
    rows = read_cost_table(study, planted.layout, read_table(study, planted.layout)).rows
    assert "cluster sweep of contrastive gray was made from a previous version of outputs" in capsys.readouterr().err
    assert {row.row.name for row in rows if row.cluster_sweep} == set()


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
        rows = read_cost_table(study, planted.layout, read_table(study, planted.layout)).rows
        return [row.row.name for row in rows if row.cluster_sweep]

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
        rows = {line["approach"]: line["state"] for line in lines_of(planted)}
        return rows["contrastive"], "rare emotions weigh more" in (planted.layout.run / "table2.md").read_text()

    assert written_with({}) == ("scored", False)
    assert written_with({"naming": {**RECIPE["naming"], "rare_class_exponent": 0.5}}) == ("not run", True)


def test_the_studys_own_rows_are_those_of_the_figures_that_the_recipe_names(tmp_path):
    planted = Planted(tmp_path)
    for name, expected in (("table1", {"dense_autoencoder", "semi_supervised", "supervised"}), ("transfer", set())):
        planted.recipe.write_text(yaml.safe_dump({**RECIPE, "published": name}))
        study = read_recipe(planted.recipe)
        rows = read_cost_table(study, planted.layout, read_table(study, planted.layout)).rows
        assert {row.row.name for row in rows if row.published} == expected


def test_captions_say_what_no_interval_holds(written):
    text = (written.layout.run / "table2.md").read_text()
    main, against = text.split("## Against the study's own")
    for block in (main, against):
        assert "The networks are of one training each: by how much another would differ is in no interval." in block
