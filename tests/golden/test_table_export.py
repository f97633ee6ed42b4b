"""Tables of results made by rule, in every form that they are written in."""

import csv
import io
import re
import shutil
import subprocess
from dataclasses import replace

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_pages import Page
from synthetic_scores import COLUMNS, HITS, ROWS, synthetic_results, synthetic_score
from write_golden import EXPORTS, FILES, MISSING, TITLE, all_grids, golden_results

from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.catalogue import HEADLINES
from fecemo.evaluation.cells import CellRecords
from fecemo.evaluation.figures.cost import cost_figure
from fecemo.evaluation.figures.svg import as_svg, new_figure
from fecemo.evaluation.metrics.cost_curve import CostCurve, CostPoint
from fecemo.evaluation.metrics.over_seeds import SeedFigure, SeedMean, means_over_seeds
from fecemo.evaluation.printed import DASH, count, csv_text, duration, latex_text, markdown_text, plain_csv_text, share
from fecemo.evaluation.records.score import LabelsUsed
from fecemo.evaluation.result_rows import cell_rows
from fecemo.evaluation.results import read_differences, read_results, results_of, write_results
from fecemo.evaluation.table import Figure, Table, pivot, tables
from fecemo.evaluation.writers import grids_of, to_csv, to_html, to_latex, to_markdown

PUBLISHED = {"dense_autoencoder": (0.1226, 0.1253, 0.1184), "conv_autoencoder": (0.1098, 0.1217, 0.1777),
             "semi_supervised": (0.3431, 0.4358, 0.4150), "supervised": (0.5615, 0.5751, 0.5789)}


@pytest.mark.parametrize("suffix", EXPORTS)
def test_exports_equal_the_golden_files(suffix):
    result = EXPORTS[suffix](golden_results())
    assert result == (FILES / f"table1.{suffix}").read_text(encoding="utf-8"), "see tests/golden/write_golden.py"


@pytest.fixture(scope="module")
def results():
    return synthetic_results()


def test_results_are_read_as_they_were_written(results, tmp_path):
    write_results(tmp_path, results)
    pandas.testing.assert_frame_equal(read_results(tmp_path), results.figures)
    pandas.testing.assert_frame_equal(read_differences(tmp_path), results.differences)
    path = tmp_path / "results.csv"
    path.write_text(path.read_text().replace("labels_used", "labels", 1))
    with pytest.raises(StoredStateError, match=r"results\.csv has the columns .*; run the table stage again"):
        read_results(tmp_path)
    path.unlink()
    with pytest.raises(StoredStateError, match=r"results\.csv is missing; run the table stage"):
        read_results(tmp_path)


def test_tables_of_every_metric_have_the_figure_of_all_classes_and_not_that_of_the_last(results):
    (grid,) = pivot(next(table for table in tables() if table.name == "metrics"), results)
    printed = [headline.name for headline in HEADLINES if headline.printed]
    for (title, images), cells in grid.lines:
        cell = next(cell for cell in HITS if synthetic_score(*cell).approach_title == title
                    and synthetic_score(*cell).variant_title == images)
        for name, made in zip(printed, cells, strict=True):
            assert float(made.value[0].value) == getattr(synthetic_score(*cell), name), (cell, name)


def figure_of(results, cell, metric, kind=""):
    frame = results.figures
    result = frame[(frame["row"] == cell[0]) & (frame["variant"] == cell[1]) & (frame["metric"] == metric)
                  & (frame["class"] == kind) & (frame["stage"] == "evaluate")]
    assert len(result) == 1
    return result.iloc[0]


@pytest.mark.parametrize("cell", HITS)
def test_the_results_hold_the_figures_of_a_score_in_full_precision(results, cell):
    score = synthetic_score(*cell)
    accuracy = figure_of(results, cell, "accuracy")
    assert (accuracy["value"], accuracy["low"], accuracy["high"], accuracy["chance"], accuracy["n"]) == (
        score.accuracy, score.intervals["accuracy"].low, score.intervals["accuracy"].high, 1 / 8, score.n_scored)
    assert accuracy["labels_used"] == score.labels_used.total
    assert figure_of(results, cell, "majority_share")["value"] == 64 / 344
    for name, figures in score.classes.items():
        assert figure_of(results, cell, "recall", name)["value"] == figures.recall
    assert figure_of(results, cell, "cohen_kappa")["value"] == score.cohen_kappa
    assert figure_of(results, cell, "seconds")["value"] == score.seconds.total
    if score.clusters:
        purity = figure_of(results, cell, "purity")
        assert (purity["value"], purity["chance"]) == (score.clusters.purity, score.clusters.purity_of_chance)
        assert (purity["readout"], purity["clusters"], purity["naming"]) == ("clusters", 8, "vote")


def test_table_1_is_a_column_a_variant_in_full_precision(results):
    rows = list(csv.DictReader(io.StringIO(EXPORTS["csv"](results))))
    assert [row["Approach"] for row in rows] == [row.title for row in ROWS]
    for row, heading in zip(rows, ROWS, strict=True):
        for column in COLUMNS:
            score = synthetic_score(heading.name, column.name)
            assert float(row[column.title]) == score.accuracy
            assert float(row[f"{column.title}: high"]) == score.intervals["accuracy"].high


def test_a_cell_that_has_not_run_is_a_dash_and_never_a_number():
    missing = synthetic_results(missing=tuple(HITS), with_published=False)
    (grid,), *further = grids_of("table1", missing)
    assert further == []
    assert {cell.value for _, cells in grid.lines for cell in cells} == {(DASH,)}
    assert grid.plain_caption.endswith("—: has not run, or does not apply.")
    golden = grids_of("table1", golden_results())[0][0]
    dashes = {(names[0], heading) for names, cells in golden.lines
              for heading, cell in zip(golden.headings[1:], cells, strict=True) if cell.value == (DASH,)}
    titles = {heading.name: heading.title for heading in (*ROWS, *COLUMNS)}
    assert dashes == {(titles[row], titles[column]) for row, column in MISSING}


def test_every_number_of_a_page_is_on_its_line_of_the_results(results):
    page = Page(to_html(TITLE, all_grids(results)))
    frames = {"results.csv": results.figures, "differences.csv": results.differences}
    assert len(page.data) > 200
    for attributes, _ in page.data:
        line = frames[attributes["data-file"]].iloc[int(attributes["data-line"])]
        assert float(attributes["value"]) == line[attributes["data-column"]]
    assert not re.search(r"(?:src|href)=[\"'](?!data:|#)|@import|url\((?!#|[\"']?data:)", to_html(TITLE, []))


def test_published_figures_are_marked_and_their_source_is_named(results):
    for suffix in ("md", "html"):
        after = EXPORTS[suffix](results)
        after = after[after.index("As published"):]
        assert "not measured here" in after
        assert "Categorizing Facial Expressions" in after
        assert all(share(figure, 4) in after for figures in PUBLISHED.values() for figure in figures)
    assert "As published" not in EXPORTS["md"](synthetic_results(with_published=False))


def test_latex_fits_a_column_with_labels_of_its_own(tmp_path, results):
    text = to_latex(TITLE, all_grids(results), label="runs/first one")
    labels = re.findall(r"\\label\{([^}]+)\}", text)
    assert len(labels) == len(set(labels)) > 5
    assert all(label.startswith("tab:runs-first-one-") for label in labels)
    assert "resizebox" not in text
    assert not re.search(r"caption\{[^}]*Table 1: Table", text)
    assert max(len(columns) for columns in re.findall(r"begin\{tabular\}\{@\{\}(\w+)@", text)) <= 5
    if shutil.which("pdflatex") is None:
        return
    document = (r"\documentclass[twocolumn]{article}\usepackage{booktabs}\begin{document}" "\n" + text
                + r"\end{document}")
    (tmp_path / "page.tex").write_text(document, encoding="utf-8")
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"], cwd=tmp_path,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull \\hbox" not in done.stdout


@given(st.text())
def test_text_is_harmless_in_every_language(text):
    latex = latex_text(text)
    plain = re.sub(r"\\(?:text\w+(?:\{[^{}]*\})?|ldots|[&%$#_{}])(?:\{\})?|\$\\?(?:times|pm|geq|leq|-)\$", "", latex)
    assert not re.search(r"[\\&%$#_^~{}]", plain), "every sign of LaTeX is escaped"
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")
    assert not re.search(r"(?<!\\)[|`*_<>\[\]]", re.sub(r"\\\\", "", markdown_text(text)))
    assert "\n" not in markdown_text(text)
    assert not csv_text(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert plain_csv_text(csv_text(text)) == text


@settings(deadline=None, max_examples=20)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1))
def test_titles_of_any_signs_leave_every_file_whole(title):
    row = replace(ROWS[3], title=title)
    score = replace(synthetic_score("supervised", "rgb"), approach_title=title)
    results = results_of(cell_rows(CellRecords(row, COLUMNS[0], score=score), seed=7))
    grids = grids_of("table1", results)[0]
    page = Page(to_html(title, grids))
    assert page.open == []
    assert title.split() == page.words_of("th")[-1].split()
    line = [line for line in to_markdown("t", grids).splitlines() if line.startswith("|")][-1]
    assert len(re.findall(r"(?<!\\)\|", re.sub(r"\\\\", "", line))) == 3
    assert len(list(csv.reader(io.StringIO(to_csv(grids))))) == 2


@pytest.mark.parametrize("title", ["a\\b \\g<0> \\1", "$x_1^2$ & $", "<b>&amp;", "100 % | {x}"])
def test_a_figure_prints_what_people_type(title):
    figure = new_figure(100, 100)
    figure.text(0.1, 0.1, title)
    svg = as_svg(figure, title, title)
    page = Page(svg)
    assert page.open == []
    assert title in page.svg_words


def test_readable_numbers():
    assert [share(value) for value in (0.1226, 1.0, -0.05, 0.0, -0.0001)] == [".123", "1.000", "-.050", ".000", ".000"]
    assert share(0.12264, 4) == ".1226"
    assert (count(12345), duration(41), duration(185), duration(7800)) == ("12,345", "41 s", "3 min 5 s", "2 h 10 min")


def test_the_differences_hold_every_pair_both_ways(results):
    frame = results.differences[results.differences["metric"] == "accuracy"]
    assert len(frame) == 12 * 11
    supervised, other = ("supervised", "rgb"), ("semi_supervised", "rgb")

    def pair(a, b):
        result = frame[(frame["row"] == a[0]) & (frame["variant"] == a[1]) & (frame["other_row"] == b[0])
                      & (frame["other_variant"] == b[1])]
        return result.iloc[0]

    there, back = pair(supervised, other), pair(other, supervised)
    assert there["n"] == 344
    assert there["value"] == pytest.approx(synthetic_score(*supervised).accuracy - synthetic_score(*other).accuracy)
    assert there["low"] == -back["high"] > 0
    assert (there["against"], back["against"]) == ("variant", "")


def best_of(results, document="table1"):
    grid = grids_of(document, results)[0][0]
    return {heading: names[0] for names, cells in grid.lines
            for heading, cell in zip(grid.headings[1:], cells, strict=True) if cell.best}


def test_the_best_is_marked_only_where_it_is_ahead(results):
    assert best_of(results) == dict.fromkeys(("RGB", "Grayscale", "Cropped"), "Supervised")
    near = synthetic_score("supervised", "gray")
    # 290 of 344 right and 291 of 344 right: no difference that chance does not explain, though one is the greater.
    close = synthetic_results(missing=tuple(cell for cell in HITS if cell[1] != "rgb"), compared=False, changed={
        ("semi_supervised", "rgb"): replace(near, approach="semi_supervised", variant="rgb")})
    assert best_of(close) == {}
    lone = synthetic_results(missing=tuple(cell for cell in HITS if cell != ("supervised", "rgb")))
    assert best_of(lone) == {}


def with_seeds(accuracies):
    rows = []
    for cell, values in accuracies.items():
        scores = [replace(synthetic_score(*cell), seed=seed, accuracy=value) for seed, value in enumerate(values, 1)]
        records = CellRecords(next(row for row in ROWS if row.name == cell[0]), COLUMNS[0], score=scores[0])
        rows += cell_rows(records, seed=1, further=scores[1:])
    return results_of(rows)


def test_several_seeds_are_told_by_mean_and_deviation():
    results = with_seeds({("supervised", "rgb"): (0.5, 0.6, 0.7)})
    frame = results.figures[results.figures["metric"] == "accuracy"]
    assert frame["value"].tolist() == [0.5, 0.6, 0.7, pytest.approx(0.6)]
    assert frame["seed"].tolist()[:3] == [1, 2, 3]
    assert (frame["seeds"].tolist()[-1], frame["deviation"].tolist()[-1]) == (3, pytest.approx(0.1))
    assert ".6000 ± .100" in EXPORTS["md"](results)
    assert r"{\scriptsize $\pm$ .100}" in EXPORTS["tex"](results)
    undefined = means_over_seeds([replace(synthetic_score("supervised", "rgb"), roc_auc=None, seed=seed)
                                  for seed in (1, 2)])
    assert set(undefined) == {one.name for one in HEADLINES} - {"roc_auc"}
    scores = [replace(synthetic_score("supervised", "rgb"), seed=1)] * 2
    with pytest.raises(StoredStateError, match="two runs have the same seed"):
        means_over_seeds(scores)
    with pytest.raises(StoredStateError, match="different cells"):
        means_over_seeds([scores[0], synthetic_score("supervised", "gray")])


@pytest.mark.parametrize(("best_of_the_other", "ahead"), [(0.49, True), (0.51, False)])
def test_under_several_seeds_the_worst_of_the_best_must_beat_the_best_of_the_others(best_of_the_other, ahead):
    results = with_seeds({("supervised", "rgb"): (0.5, 0.9), ("semi_supervised", "rgb"): (0.1, best_of_the_other)})
    pair = {"row": "supervised", "variant": "rgb", "other_row": "semi_supervised", "other_variant": "rgb",
            "stage": "evaluate", "metric": "accuracy", "value": 0.4, "low": 0.3, "high": 0.5}
    results = results_of(results.figures.to_dict("records"), [pair])
    assert (best_of(results) == {"RGB": "Supervised"}) == ahead


def test_names_that_are_not_blind_are_never_shown_as_blind():
    used = LabelsUsed(faces_viewed=64, suggestions_used=3, target_labels_shown=True, named_by="ann")
    for labels, words, blind in ((used, "by hand (ann), not blind", False),
                                 (LabelsUsed(faces_viewed=64, named_by="ann"), "by hand (ann), blind", True)):
        score = replace(synthetic_score("dense_autoencoder", "rgb"), method="hand", labels_used=labels)
        results = results_of(cell_rows(CellRecords(ROWS[0], COLUMNS[0], score=score, clustered=True), seed=7))
        text = EXPORTS["md"](results)
        assert words in text
        assert ("not blind" in text) is not blind
        assert figure_of(results, ("dense_autoencoder", "rgb"), "names_suggested")["value"] == labels.suggestions_used


def test_a_table_of_two_backbones_has_a_part_of_each():
    whole = synthetic_results()
    first = {row.name for row in ROWS[:2]}
    figures = whole.figures.assign(part=["One" if row in first else "Other" for row in whole.figures["row"]])
    divided = replace(whole, figures=figures)
    parts = grids_of("table1", divided)[0]
    assert [grid.table.title for grid in parts] == ["Table 1: One", "Table 1: Other"]
    assert [[names[0] for names, _ in grid.lines] for grid in parts] == [
        [row.title for row in ROWS[:2]], [row.title for row in ROWS[2:]]]
    assert to_csv(parts) == EXPORTS["csv"](whole)


def test_tables_are_pivots_that_name_columns_of_the_results(results):
    names = [table.name for table in tables()]
    assert len(names) == len(set(names)) > 15
    by_class = Table(name="recalls", title="Recalls", lines=("title", "variant_title"), where="row == 'supervised'",
                     figures=(Figure("recall", over="class"),))
    (grid,) = pivot(by_class, results)
    score = synthetic_score("supervised", "rgb")
    assert grid.headings[2:] == score.emotions
    assert [cell.plain_value for cell in grid.lines[0][1]] == [
        share(score.classes[name].recall) for name in score.emotions]
    with pytest.raises(ValueError, match="the results have no column 'colour'"):
        replace(by_class, lines=("colour", "title"))
    with pytest.raises(InputError, match="is no query of the results"):
        pivot(replace(by_class, where="colour == 3"), results)


def test_two_rows_of_the_results_for_one_cell_of_a_table_are_refused():
    """One of them would be lost, and nobody would know which."""
    row = {"row": "cake", "title": "CAKE", "variant": "rgb", "variant_title": "RGB", "stage": "evaluate",
           "metric": "accuracy", "seed": 0, "state": "measured", "clusters": 8}
    table = Table("by_row", "Accuracy", ("title",), (Figure("accuracy", "Accuracy"),), headings=("Approach",))
    named = [{**row, "naming": naming, "value": value} for naming, value in (("vote", 0.5), ("few labels", 0.25))]
    with pytest.raises(InputError, match=r"table by_row: 2 rows of the results are Accuracy of CAKE, expected one; "
                                         r"they differ in naming \(vote, few labels\)"):
        pivot(table, results_of(named))
    with pytest.raises(InputError, match=r"2 rows of the results are Accuracy of CAKE.*in dataset"):
        pivot(table, results_of([{**row, "dataset": name, "value": 0.5} for name in ("affectnet", "rafdb")]))
    by_naming = replace(table, lines=("title", "naming"), headings=("Approach", "Naming"))
    (grid,) = pivot(by_naming, results_of(named))
    assert [(names, cells[0].plain_value) for names, cells in grid.lines] == [
        (("CAKE", "vote"), ".500"), (("CAKE", "few labels"), ".250")]


def test_a_mean_over_seeds_takes_the_place_of_its_seeds_in_a_table():
    row = {"row": "cake", "title": "CAKE", "variant": "rgb", "stage": "evaluate", "metric": "accuracy",
           "state": "measured"}
    seeds = [{**row, "seed": seed, "value": value} for seed, value in ((0, 0.25), (1, 0.75))]
    table = Table("by_row", "Accuracy", ("title",), (Figure("accuracy", "Accuracy"),), headings=("Approach",))
    (grid,) = pivot(table, results_of([*seeds, {**row, "seeds": 2, "value": 0.5}]))
    assert grid.lines[0][1][0].plain_value == ".500"
    with pytest.raises(InputError, match="2 rows of the results"):
        pivot(table, results_of([seeds[0], seeds[0]]))


def test_a_person_who_named_clusters_is_a_point_beside_the_simulated_ones():
    figure, score = SeedFigure(0.5, None, 0.4, 0.6), synthetic_score("dense_autoencoder", "rgb")
    point = CostPoint("looks", "a look each", 8, 8, 0, 80, 192.0, figure, figure)
    curve = CostCurve("dense_autoencoder", "rgb", "golden", score.emotions, "test", score.n_scored, 0, 0, "", 0, (7,),
                      0.95, 100, score.chance, pile_faces=100, class_balanced=False, seconds_per_cluster=24.0,
                      seconds_per_face=4.0, ami=SeedMean(0.1, None), points=(point,))
    score = replace(score, method="hand", labels_used=replace(score.labels_used, named_by="Ada"))
    rows = [row for row in cell_rows(CellRecords(ROWS[0], COLUMNS[0], score=score, clustered=True, cost=curve,
                                                 named_by_hand=(9, 210.5)), seed=7) if row["stage"] == "cost_curve"]
    by_hand = [row for row in rows if "Ada" in row.get("naming", "")]
    assert {row["metric"]: row["value"] for row in by_hand} == {
        "balanced_accuracy": score.balanced_accuracy, "accuracy": score.accuracy, "clusters_named": 9,
        "person_seconds": 210.5}
    assert {row["amount"] for row in by_hand} == {9}
    assert [row["value"] for row in rows if row["metric"] == "person_seconds"] == [192.0, 210.5]
    figure_text = cost_figure(results_of(rows))
    assert "a look each: .500 after 8 acts" in figure_text
    assert f"by hand (Ada), blind: {score.balanced_accuracy:.3f}".replace("0.", ".") in figure_text
