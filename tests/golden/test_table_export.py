import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import asdict, replace

import pandas
import pytest
from synthetic_scores import COLUMNS, HITS, ROWS, synthetic_score, synthetic_table
from write_golden import EXPORTS, FILES, MISSING, golden_table

from fecemo.errors import StoredStateError
from fecemo.evaluation.metrics.comparison import is_ahead
from fecemo.evaluation.metrics.seeds import spread_over_seeds
from fecemo.evaluation.records.cited import DASH, cite, count, duration, share
from fecemo.evaluation.records.headline import HEADLINES
from fecemo.evaluation.records.score_parts import LabelsUsed
from fecemo.evaluation.tables.block_export import to_text as text_of_blocks
from fecemo.evaluation.tables.blocks import main_block
from fecemo.evaluation.tables.export import CSV_FIELDS, to_csv, to_json
from fecemo.evaluation.tables.table import ComparisonTable
from fecemo.evaluation.tables.table_blocks import table_blocks

to_markdown, to_latex, to_html = (EXPORTS[suffix] for suffix in ("md", "tex", "html"))

PUBLISHED = {"dense_autoencoder": (0.1226, 0.1253, 0.1184), "conv_autoencoder": (0.1098, 0.1217, 0.1777),
             "semi_supervised": (0.3431, 0.4358, 0.4150), "supervised": (0.5615, 0.5751, 0.5789)}


@pytest.mark.parametrize("suffix", EXPORTS)
def test_exports_equal_the_golden_files(suffix):
    found = EXPORTS[suffix](golden_table())
    assert found == (FILES / f"table1.{suffix}").read_text(encoding="utf-8"), "see tests/golden/write_golden.py"


def rows_of(table: ComparisonTable) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(table))))


def test_csv_has_a_row_a_cell_and_block_in_full_precision():
    rows = rows_of(synthetic_table())
    measured = [row for row in rows if row["block"] == "measured"]
    assert [(row["approach"], row["variant"]) for row in measured] == list(HITS)
    for row in measured:
        score = synthetic_score(row["approach"], row["variant"])
        assert float(row["accuracy"]) == score.accuracy
        assert float(row["roc_auc_high"]) == score.intervals["roc_auc"].high
        assert float(row["accuracy_low"]) == score.intervals["accuracy"].low
        assert float(row["balanced_accuracy_high"]) == score.intervals["balanced_accuracy"].high
        assert float(row["chance_majority"]) == 64 / 344
        assert int(row["labels_naming"]) == score.labels_used.naming
        assert float(row["seconds"]) == score.seconds.total
    published = [row for row in rows if row["block"] == "published"]
    assert {(row["approach"], row["variant"]): float(row["accuracy"]) for row in published} == {
        (approach, column.name): figure
        for approach, figures in PUBLISHED.items() for column, figure in zip(COLUMNS, figures, strict=True)}
    assert all("Categorizing Facial Expressions" in row["source"] for row in published)
    assert all(row["n_scored"] == row["seed"] == row["labels_training"] == "" for row in published)


def test_csv_reads_as_numbers_when_the_dash_is_named():
    frame = pandas.read_csv(io.StringIO(to_csv(golden_table())), na_values=DASH)
    assert frame["accuracy"].dtype == float
    assert frame.loc[frame["state"] == "not run", "accuracy"].isna().all()
    assert (frame["state"] == "not run").sum() == len(MISSING)


def test_a_cell_that_has_not_run_is_a_dash_and_never_a_number():
    table = synthetic_table(missing=tuple(HITS), with_published=False)
    for row in rows_of(table):
        assert row["accuracy"] == DASH
        assert all(row[column] == "" for column in CSV_FIELDS if column != "accuracy")
    page = re.sub(r"<style>.*?</style>", "", to_html(table), flags=re.DOTALL)
    for text in (to_markdown(table), text_of_blocks("", [main_block(table)]), page):
        assert not re.search(r"\d*\.\d{3}", text)
        assert text.count(DASH) >= 12
    assert to_latex(table).count("---") >= 12


def test_no_row_or_column_is_enumerated_in_the_code():
    one = ComparisonTable(title="One", rows=ROWS[3:], columns=COLUMNS[1:2],
                          scores={("supervised", "gray"): synthetic_score("supervised", "gray")})
    assert len(rows_of(one)) == 1
    assert "| Supervised | .7384 [.692, .785] |" in re.sub(" +", " ", to_markdown(one))
    assert "As published" not in to_markdown(one)


def test_readable_exports_mark_the_published_block_and_name_its_source():
    for text in (to_markdown(synthetic_table()), to_latex(synthetic_table()), to_html(synthetic_table())):
        after = text[text.index("As published"):]
        assert "not measured here" in after
        assert "Categorizing Facial Expressions" in after
        assert all(share(figure, 4) in after for figures in PUBLISHED.values() for figure in figures)


def test_the_html_table_is_whole_and_loads_nothing():
    text = to_html(synthetic_table())
    assert not re.search(r"(?:src|href)=[\"'](?!data:|#)|@import|url\((?!#|[\"']?data:)", text)
    assert text.count("<table") == text.count("</table>") == 6
    assert len(re.findall(r'data-field="accuracy"', text)) == 2 * len(HITS)


def test_titles_are_escaped():
    table = replace(synthetic_table(), title="Faces & <b>100 %</b> of_them")
    assert "Faces &amp; &lt;b&gt;100 %&lt;/b&gt; of_them" in to_html(table)
    assert r"Faces \& <b>100 \%</b> of\_them" in to_latex(table)


def test_latex_compiles(tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    document = (r"\documentclass{article}\usepackage{booktabs}\usepackage{graphicx}\begin{document}"
                "\n" + to_latex(golden_table()) + r"\end{document}")
    (tmp_path / "page.tex").write_text(document, encoding="utf-8")
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"], cwd=tmp_path,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull \\hbox" not in done.stdout


def test_a_misfiled_or_foreign_score_is_refused():
    score = synthetic_score("supervised", "rgb")
    with pytest.raises(StoredStateError, match="filed under supervised/gray is of supervised/rgb"):
        ComparisonTable("t", ROWS, COLUMNS, {("supervised", "gray"): score})
    with pytest.raises(StoredStateError, match="supervised/rgb belongs to no cell"):
        ComparisonTable("t", ROWS[:1], COLUMNS, {("supervised", "rgb"): score})


@pytest.mark.parametrize(("value", "places", "text"), [
    (0.1226, 4, ".1226"), (0.0, 3, ".000"), (1.0, 3, "1.000"), (0.99996, 4, "1.0000"), (-0.0329, 3, "-.033"),
    (-0.0002, 3, ".000"),
    (0.415, 4, ".4150"),
])
def test_shares_are_printed_as_in_the_study(value, places, text):
    assert share(value, places) == text


@pytest.mark.parametrize(("seconds", "text"), [
    (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"), (3599.7, "1 h 0 min"),
    (7800, "2 h 10 min")])
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_a_cited_number_says_where_it_comes_from():
    number = cite(synthetic_score("supervised", "rgb"), "classes.happy.recall")
    assert (number.record, number.field, number.value) == ("supervised/rgb", "classes.happy.recall", 42 / 48)
    assert str(number) == ".875"
    assert number.__html__() == ('<data value="0.875" data-record="supervised/rgb" data-field="classes.happy.recall">'
                                 ".875</data>")
    assert count(12345) == "12,345"


def test_the_json_holds_the_records_themselves():
    table = golden_table()
    document = json.loads(to_json(table))
    cells = {(cell["approach"], cell["variant"]): cell for cell in document["cells"]}
    assert cells["dense_autoencoder", "gray"]["score"] is None
    assert cells["supervised", "rgb"]["score"] == json.loads(json.dumps(asdict(synthetic_score("supervised", "rgb"))))
    assert document["published"]["figures"]["supervised"]["rgb"] == 0.5615
    pair = document["comparisons"]["supervised/rgb - semi_supervised/rgb"]
    back = document["comparisons"]["semi_supervised/rgb - supervised/rgb"]
    assert pair["n_shared"] == 344
    assert pair["differences"]["accuracy"]["value"] == pytest.approx(
        synthetic_score("supervised", "rgb").accuracy - synthetic_score("semi_supervised", "rgb").accuracy)
    assert pair["differences"]["accuracy"]["low"] == -back["differences"]["accuracy"]["high"] > 0
    assert document["leaders"]["accuracy_by_column"]["rgb"] == "supervised"


def test_the_best_is_marked_only_where_it_is_ahead():
    table = synthetic_table()
    assert {name: score.approach for name, score in table.leaders().items()} == dict.fromkeys(
        ("rgb", "gray", "tight"), "supervised")
    near = synthetic_score("supervised", "gray")
    # 290 of 344 right and 291 of 344 right: no difference that chance does not explain, though one is the greater.
    close = ComparisonTable("t", ROWS[2:], COLUMNS[:1], {
        ("supervised", "rgb"): synthetic_score("supervised", "rgb"),
        ("semi_supervised", "rgb"): replace(near, approach="semi_supervised", variant="rgb")})
    assert near.accuracy > synthetic_score("supervised", "rgb").accuracy
    assert close.leaders() == {}
    assert "**" not in to_markdown(close)


def test_shared_faces_tell_apart_what_intervals_do_not():
    table = synthetic_table()
    better, worse = synthetic_score("supervised", "gray"), synthetic_score("supervised", "rgb")
    assert better.intervals["accuracy"].low < worse.intervals["accuracy"].high
    assert is_ahead(table.comparisons, better, worse, "accuracy")
    assert not is_ahead({}, better, worse, "accuracy")
    assert not is_ahead(table.comparisons, better, worse, "roc_auc")  # areas are compared by their intervals


def test_a_lone_cell_is_not_the_best_of_its_column():
    table = synthetic_table(missing=tuple(cell for cell in HITS if cell != ("supervised", "rgb")))
    assert table.leaders() == {}
    assert table.leader("accuracy") is None


def test_several_seeds_are_told_by_mean_and_spread():
    scores = [replace(synthetic_score("supervised", "rgb"), seed=seed, accuracy=accuracy)
              for seed, accuracy in ((2, 0.5), (1, 0.6), (3, 0.7))]
    spread = spread_over_seeds(scores)
    assert spread.seeds == (1, 2, 3)
    assert (spread.metrics["accuracy"].mean, spread.metrics["accuracy"].deviation) == pytest.approx((0.6, 0.1))
    table = replace(synthetic_table(), spreads={("supervised", "rgb"): spread})
    assert ".600 ± .100" in to_markdown(table)
    assert r".600 $\pm$ .100" in to_latex(table)
    row = next(row for row in rows_of(table) if (row["approach"], row["variant"]) == ("supervised", "rgb"))
    assert (row["seeds"], float(row["accuracy_mean"])) == ("1 2 3", pytest.approx(0.6))
    assert spread_over_seeds(scores[:1]) is None
    undefined = spread_over_seeds([replace(score, roc_auc=None) for score in scores])
    assert set(undefined.metrics) == {one.name for one in HEADLINES} - {"roc_auc"}
    with pytest.raises(StoredStateError, match="two runs have the same seed"):
        spread_over_seeds([scores[0], scores[0]])
    with pytest.raises(StoredStateError, match="different cells"):
        spread_over_seeds([scores[0], synthetic_score("supervised", "gray")])


@pytest.mark.parametrize(("best_of_the_other", "ahead"), [(0.49, True), (0.51, False)])
def test_under_several_seeds_the_worst_of_the_best_must_beat_the_best_of_the_others(best_of_the_other, ahead):
    seeds = {("supervised", "rgb"): (0.5, 0.9), ("semi_supervised", "rgb"): (0.1, best_of_the_other)}
    table = replace(synthetic_table(), spreads={cell: spread_over_seeds([
        replace(synthetic_score(*cell), seed=seed, accuracy=accuracy) for seed, accuracy in enumerate(accuracies)])
        for cell, accuracies in seeds.items()})
    assert ("rgb" in table.leaders()) == ahead
    assert table.leaders().keys() >= {"gray", "tight"}  # of one seed, as ever


def test_names_that_are_not_blind_are_never_shown_as_blind():
    score = synthetic_score("dense_autoencoder", "rgb")
    seen = replace(score, method="hand", labels_used=LabelsUsed(
        looked_at=64, suggestions_used=3, target_labels_shown=True, named_by="ann"))
    table = ComparisonTable("t", ROWS[:1], COLUMNS[:1], {("dense_autoencoder", "rgb"): seen})
    for text in (to_markdown(table), to_latex(table), to_html(table)):
        assert "by hand, not blind" in text
        assert "not blind." in text
        assert re.sub("<[^>]+>", "", text).count("3 names suggested by labels, labels shown") == 1
    row = rows_of(table)[0]
    assert (row["suggestions_used"], row["target_labels_shown"], row["named_by"]) == ("3", "True", "ann")
    blind = replace(seen, labels_used=LabelsUsed(looked_at=64, named_by="ann"))
    text = to_markdown(replace(table, scores={("dense_autoencoder", "rgb"): blind}))
    assert "by hand ann; blind" in text
    assert "not blind" not in text


def test_a_table_of_two_backbones_has_a_block_of_each_with_its_own_rows_and_published_figures():
    whole = synthetic_table()
    first = {row.name for row in whole.rows[:2]}
    divided = replace(whole, rows=tuple(replace(row, part="One" if row.name in first else "Other")
                                        for row in whole.rows))
    blocks = {block.name: block for block in table_blocks(divided)}
    assert [blocks[name].title for name in ("accuracy-1", "accuracy-2")] == ["Table 1: One", "Table 1: Other"]
    for name in ("accuracy", "published"):
        titles = [[line[0] for line in blocks[f"{name}-{number}"].lines] for number in (1, 2)]
        assert titles == [[row.title for row in whole.rows[:2]], [row.title for row in whole.rows[2:]]]
    assert len({line[0] for line in blocks["metrics-1"].lines}) == 2
    assert to_csv(divided) == to_csv(whole)
