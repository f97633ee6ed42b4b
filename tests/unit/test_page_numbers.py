"""The figures of the pages that report on runs are those of the records beside them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from write_networks import table
from write_networks_altered import table as altered_table
from write_results_columns import columns_page
from write_sets_compared import written
from write_synthesis import page as synthesis_page

DOCS = Path(__file__).parents[2] / "docs"


def numbers_in(record: object) -> Iterator[float]:
    if isinstance(record, dict | list):
        for part in record.values() if isinstance(record, dict) else record:
            yield from numbers_in(part)
    elif isinstance(record, int | float) and not isinstance(record, bool):
        yield float(record)


ROWS = {
    # The first column that names a row of the page's first table, and the row of the record.
    "real_faces": {
        "Stacked autoencoder (the study)": "dense_autoencoder/gray",
        "Stacked convolutional autoencoder (the study)": "conv_autoencoder/gray",
        "Symmetric HOG": "symmetric_hog/gray", "Symmetric HOG, aligned": "symmetric_hog/aligned",
        "Landmark features with gradients": "landmarks_gradients/gray",
        "Triplet embedding of landmark features": "triplet_landmarks/gray",
        "Semi-supervised (the study)": "semi_supervised/gray",
        "Triplet encoder, fine-tuned": "triplet_classifier/gray",
        "Supervised CNN (the study)": "supervised/gray", "Small residual network": "small_resnet/gray"},
    "clusters": {
        "Stacked autoencoder": "dense_autoencoder/gray", "Stacked convolutional autoencoder": "conv_autoencoder/gray",
        "Masked autoencoder": "masked_autoencoder/gray", "Contrastive encoder": "contrastive/gray",
        "Symmetric HOG": "symmetric_hog/gray", "Convolutional autoencoder, aligned": "conv_autoencoder/aligned",
        "Symmetric HOG, aligned": "symmetric_hog/aligned", "Landmark features": "landmark_features/gray",
        "Triplet embedding of landmark features": "triplet_landmarks/gray"}}
QUOTED = {"real_faces": {".818"}, "clusters": {".11", ".18", ".56", ".58"}, "networks": set(), "sets_compared": set()}
"""Figures of papers, which no run prints."""


def read_page(page: str) -> tuple[str, dict]:
    return ((DOCS / f"{page}.md").read_text(encoding="utf-8"),
            json.loads((DOCS / f"{page}.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", ROWS)
def test_the_first_table_is_that_of_the_record(page):
    text, record = read_page(page)
    table = re.split(r"\n\n", text[text.index("|:--|"):])[0].splitlines()[1:]
    titles = [line.split("|")[2].strip() for line in table]
    assert titles == list(ROWS[page])
    for line, key in zip(table, ROWS[page].values(), strict=True):
        row = record["rows"][key]
        answers = {way: figure["mean"] for way, figure in row["answers"].items()
                   if way in ("own", "8 labels_per_cluster", "100 labels_per_cluster")}
        expected = [answers[way] for way in ("8 labels_per_cluster", "100 labels_per_cluster", "own") if way in answers]
        printed = re.findall(r"(?<![\d.])(\.\d+)", line)
        if page == "clusters":
            expected += [row["probe"], row["triplets"]]
        assert printed == [f"{figure:.{len(cell) - 1}f}".lstrip("0")
                           for cell, figure in zip(printed, expected, strict=True)], key


@pytest.mark.parametrize("page", [*ROWS, "networks", "sets_compared"])
def test_every_figure_is_in_the_record(page):
    text, record = read_page(page)
    numbers = [abs(number) for number in numbers_in(record)]
    known = {f"{number:.{places}f}"[-places - 1:] for number in numbers for places in (2, 3)}
    figures = set(re.findall(r"(?<![\d.])(\.\d{2,3})(?!\d)", text))
    assert len(figures) > 20
    assert figures - known - QUOTED[page] == set()


@pytest.mark.parametrize("page", [*ROWS, "networks", "sets_compared", "synthesis"])
def test_every_picture_is_there(page):
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", read_page(page)[0])
    assert pictures
    assert [name for name in pictures if not (DOCS / name).is_file()] == []


def test_the_tables_of_networks_are_those_of_the_record():
    text, record = read_page("networks")
    for name, run in record.items():
        assert f"<!-- {name} -->\n{table(run)}\n<!-- end -->" in text, "run python docs/write_networks.py"
        if "altered" in run:
            assert f"<!-- altered -->\n{altered_table(run)}\n<!-- end -->" in text, "run docs/write_networks_altered.py"


def test_the_tables_of_compared_sets_are_those_of_the_record():
    text, record = read_page("sets_compared")
    assert written(text, record) == text, "run python docs/write_sets_compared.py"
    assert set(record) == {"similarity", "composition", "copies", "tools"}


def test_the_page_of_synthesis_is_that_of_the_record():
    text, record = read_page("synthesis")
    assert text == synthesis_page(record), "run python docs/write_synthesis.py"
    assert {kind for part in record["added"] for kind in part["kinds"]} == {
        "nothing", "oversampled", "drawn", "synthetic"}


def test_the_page_of_columns_is_that_of_the_code():
    assert (DOCS / "results_columns.md").read_text(encoding="utf-8") == columns_page(), (
        "run python docs/write_results_columns.py")
