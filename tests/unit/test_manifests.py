"""What comes with fecemo: published figures and statements of data sets; and a user's own."""

from pathlib import Path

import pytest

from fecemo.data.manifests import read_published, read_reference_figures, read_statement, shipped
from fecemo.errors import InputError


def test_the_studys_table_is_as_printed():
    table = read_published()
    assert table.measure == "accuracy"
    assert {approach: [row["rgb"], row["gray"], row["tight"]] for approach, row in table.figures.items()} == {
        "dense_autoencoder": [0.1226, 0.1253, 0.1184],
        "conv_autoencoder": [0.1098, 0.1217, 0.1777],
        "semi_supervised": [0.3431, 0.4358, 0.4150],
        "supervised": [0.5615, 0.5751, 0.5789],
    }


def test_the_source_is_named():
    message = str(read_published().source)
    for part in ("Categorizing Facial Expressions", "2023-12-03", "Table 1", "preprint", "Kiss"):
        assert part in message


def test_a_figure_that_was_not_published_is_none():
    table = read_published()
    assert table.figure("supervised", "tight") == 0.5789
    assert table.figure("supervised", "sepia") is None
    assert table.figure("new_approach", "rgb") is None


def test_a_figure_that_is_no_fraction_is_refused(tmp_path):
    text = shipped("published/table1.yaml").read_text().replace("0.5615", "56.15")
    (tmp_path / "table.yaml").write_text(text)
    with pytest.raises(InputError, match=r"figures\.supervised\.rgb must be a fraction in \[0, 1\], not 56\.15"):
        read_published(tmp_path / "table.yaml")


def test_the_folder_of_the_clone_is_what_the_package_ships():
    shipped_file = shipped("published/table1.yaml")
    assert shipped_file.resolve() == Path(__file__).parents[2] / "data_manifests/published/table1.yaml"


def test_nothing_of_that_name_is_said():
    with pytest.raises(InputError, match=r"table9\.yaml: nothing of that name comes with fecemo"):
        shipped("published/table9.yaml")


def test_figures_beside_the_second_table_name_their_sources(tmp_path):
    figures = read_reference_figures()
    assert {entry.system: entry.figure for entry in figures.figures}["Exp-CLIP, ViT-L/14"] == 0.384
    assert "other faces" in figures.note
    text = shipped("published/table2.yaml").read_text()
    for spoilt, message in ((text.replace("0.384", "38.4"), r"fraction in \[0, 1\], not 38\.4"),
                         (text.replace('source: "Shu et al. 2022', 'source: "Shu et al. 2023'),
                          r"'Shu et al\. 2023 \(BMVC\)', is none of sources: did you mean 'Shu et al\. 2022")):
        (tmp_path / "table.yaml").write_text(spoilt)
        with pytest.raises(InputError, match=message):
            read_reference_figures(tmp_path / "table.yaml")


@pytest.mark.parametrize("name", sorted(path.stem for path in shipped("sets").glob("*.yaml")))
def test_every_statement_that_is_shipped_can_be_read(name):
    statement = read_statement(name)
    assert statement.name
    assert statement.origin
    assert statement.people


def test_a_statement_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: My album\npeople: my family, who were asked\n")
    statement = read_statement(str(path))
    assert (statement.name, statement.people, statement.licence) == ("My album", "my family, who were asked", "")


def test_what_is_no_statement_is_refused(tmp_path):
    with pytest.raises(InputError, match="did you mean 'affectnet'"):
        read_statement("afectnet")
    path = tmp_path / "mine.yaml"
    path.write_text("name: My album\nlicense: none\n")
    with pytest.raises(InputError, match="did you mean 'licence'"):
        read_statement(str(path))
    with pytest.raises(InputError, match="there is no such file"):
        read_statement(str(tmp_path / "none.yaml"))
