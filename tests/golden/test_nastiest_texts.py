"""The nastiest texts that people type, through every place that keeps or shows what they typed."""

import csv
import io
import json
import re
import unicodedata
from dataclasses import replace
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
import yaml
from report_pages import Page, write_table
from synthetic_run import RECIPE, write_synthetic_run
from synthetic_scores import COLUMNS, ROWS, synthetic_score

from fecemo.archive.merge import FaceTag, PhotoTags
from fecemo.archive.sidecar import read_sidecar, remove_tags, write_tags
from fecemo.data.cluster_names import HandNames
from fecemo.data.dataset import Dataset
from fecemo.data.documents import build, read_json
from fecemo.data.face_columns import read_face_columns
from fecemo.data.face_lists import face_id
from fecemo.data.import_settings import ImportSettings
from fecemo.evaluation.cells import CellRecords
from fecemo.evaluation.result_rows import cell_rows
from fecemo.evaluation.results import read_results, results_of, write_results
from fecemo.evaluation.writers import grids_of, to_csv, to_html, to_json, to_latex, to_markdown, to_text
from fecemo.stages.import_labelled import run as import_images
from fecemo.study.recipe_file import read_recipe

NASTY = (
    r"Hispanic\Latino \1 \g<0> \alpha", "$x_1^2$ and $\\frac$", "$20k_$30k", "%s %(a)s %d 100 %", "{x} {0} {{y}} ${z}",
    "<script>alert(1)</script>", "&amp; &lt;b&gt; <b", "]]> --> <!--", "' OR 1=1; --", '"; rm -rf / #', "`id` $(id)",
    "=HYPERLINK(\"http://evil.example\")", "+1", "-1", "@SUM(A1)", "a|b||c", "# head *em* _em_ [l](u)",
    "\\textbf{x} \\input{/etc/passwd}", "{% raw %}{{ 7 * 7 }}", "null", "nan", "1e3", "0x10", "1_000", "no", "~", "01",
    "\u202eright to left", "zoe\u0308", "🙂 👩‍👩‍👧", "ﬁ ① ２", "a" * 300, "[red]rich[/red]", "a;b c", "*?[!a]",
    "a, \"quoted\", b", "'", "\\", "-", ".", "CON", "x: y # z", "!!python/object/apply:os.system",
)


@pytest.mark.parametrize("text", NASTY)
def test_a_title_stays_what_was_typed_in_every_table(tmp_path, text):
    row = replace(ROWS[3], title=text)
    results = results_of(cell_rows(CellRecords(row, COLUMNS[0], score=replace(
        synthetic_score("supervised", "rgb"), approach_title=text)), seed=7))
    grids = grids_of("table1", results)[0]
    page = Page(to_html(text, grids))
    assert page.open == []
    assert not page.links
    assert text.split() == page.words_of("th")[-1].split()
    assert any(text in str(value) for value in _leaves(json.loads(to_json(grids))))
    line = [line for line in to_markdown("t", grids).splitlines() if line.startswith("|")][-1]
    assert len(re.findall(r"(?<!\\)\|", re.sub(r"\\\\", "", line))) == 3
    assert len(list(csv.reader(io.StringIO(to_csv(grids))))) == 2
    assert not re.search(r"(?<!\\)\\(?:input|textbf|frac|alpha)", to_latex("t", grids, label="x"))
    assert text.split()[0][:20] in to_text("t", grids)
    write_results(tmp_path, results)
    assert set(read_results(tmp_path)["title"]) == {text}


def _leaves(value):
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value


def test_groups_keep_their_names(tmp_path):
    n = 4 * len(NASTY)
    table = tmp_path / "people.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("path", "group"), *((f"{place}.png", NASTY[place // 4]) for place in range(n))])
    values = read_face_columns(table, [face_id(f"{place}.png", 0, 1, 0, 1) for place in range(n)])["group"]
    # Composed and decomposed letters are one spelling of a group.
    assert [str(value) for value in values[::4]] == [unicodedata.normalize("NFC", text) for text in NASTY]


@pytest.mark.parametrize("text", NASTY)
def test_names_notes_and_recipes_are_read_as_they_were_written(tmp_path, text):
    names = HandNames("row", "gray", "digest", {"0": "happy"}, by=text, notes={"0": text})
    path = tmp_path / "gray.json"
    path.write_text(names.as_json(), encoding="utf-8")
    document = read_json(path)
    document.pop("format", None)
    assert build(HandNames, document, "names") == names
    recipe = yaml.safe_load(RECIPE)
    recipe["title"] = text
    recipe["approaches"]["supervised"]["title"] = text
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    study = read_recipe(path)
    assert (study.title, study.title_of("supervised")) == (text, text)


def test_paths_of_images_are_kept_to_the_letter(tmp_path):
    names = [text.replace("/", "∕")[:200] + ".png" for text in NASTY if text != "."]
    for number, name in enumerate(names):
        path = tmp_path / "set" / ("happy" if number % 2 else "sad") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        knots = np.random.default_rng(number).integers(0, 256, (3, 3, 3), np.uint8)
        picture = cv2.resize(knots, (20, 20), interpolation=cv2.INTER_CUBIC)
        path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    import_images(ImportSettings(tmp_path / "set"), tmp_path / "data {x} $(y) %s")
    addresses = Dataset(tmp_path / "data {x} $(y) %s").addresses.tolist()
    assert sorted(address.partition("/")[2] for address in addresses) == sorted(names)


@pytest.mark.parametrize("text", NASTY)
def test_keywords_of_sidecars_are_read_back_and_taken_out_again(tmp_path, text):
    path = tmp_path / "photo.jpg.xmp"
    levels = ("fecemo", "shows", text.replace("|", "/"))
    tag = FaceTag("a" * 32, (0.1, 0.4, 0.2, 0.6), text, (levels,), f"shows: {text}")
    tags = PhotoTags((tag,), 640, 480, 1, "digest", text, "2026-01-01T00:00:00Z")
    assert write_tags(path, tags) == "written"
    ElementTree.fromstring(path.read_text(encoding="utf-8").partition("?>")[2].rpartition("<?xpacket")[0])
    sidecar = read_sidecar(path)
    assert sidecar.row == text
    assert any(f"shows: {text}" in words for words in sidecar.keywords.values())
    assert remove_tags(path) == "deleted"


def test_a_report_of_nasty_titles_is_whole(tmp_path):
    recipe, run = write_synthetic_run(tmp_path)
    document = yaml.safe_load(recipe.read_text())
    document["title"] = " ".join(NASTY)
    recipe.write_text(yaml.safe_dump(document))
    write_table(recipe, run)
    for name in ("report.html", "table1.html"):
        page = Page((run / name).read_text(encoding="utf-8"))
        assert page.open == []
        assert not any(link.startswith(("http", "javascript")) for link in page.links)
        assert "49" not in "".join(page.words_of("h1"))
        assert any("{{ 7 * 7 }}" in words for words in page.words_of("h1"))
