import csv
import io
import re
import shutil
import subprocess
from dataclasses import replace

import pandas
import pytest
from synthetic_scores import COLUMNS, HITS, ROWS, synthetic_score, synthetic_table
from write_golden import EXPORTS, FILES, MISSING, golden_table

from fecemo.errors import StoredStateError
from fecemo.evaluation.table import ComparisonTable
from fecemo.evaluation.table_export import CSV_FIELDS, to_csv, to_html, to_latex, to_markdown, to_text
from fecemo.evaluation.table_numbers import DASH, cite, count, duration, share

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
        assert float(row["accuracy_low"]) == score.accuracy_interval.low
        assert float(row["balanced_accuracy_high"]) == score.balanced_accuracy_interval.high
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
    for text in (to_markdown(table), to_text(table), page):
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
    assert text.count("<table") == text.count("</table>") == 3
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
    number = cite(synthetic_score("supervised", "rgb"), "recall.happy")
    assert (number.record, number.field, number.value) == ("supervised/rgb", "recall.happy", 42 / 48)
    assert str(number) == ".875"
    assert number.__html__() == '<data value="0.875" data-record="supervised/rgb" data-field="recall.happy">.875</data>'
    assert count(12345) == "12,345"
