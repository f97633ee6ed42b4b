"""What is known of the faces, from a file that a recipe names to the records beside a score."""

import pytest
from test_cluster_to_evaluate import N_TARGET, PlantedRun

from fecemo.data.receipts import read_receipt
from fecemo.errors import InputError
from fecemo.evaluation.cell_metric import read_records
from fecemo.stages import cluster, evaluate, label


@pytest.fixture
def planted(tmp_path):
    return PlantedRun(tmp_path)


def told(planted, approach, lines):
    """Return the arguments of a cell whose recipe names a file of these lines and two groups."""
    about = planted.folder / "people.csv"
    about.write_text("\n".join(["id,age_group,light.level", *lines]) + "\n")
    arguments = planted.arguments(approach)
    arguments.recipe.write_text(arguments.recipe.read_text().replace(
        "evaluation: {bootstrap: 200}", f"evaluation: {{bootstrap: 50, about_faces: {about}, groups: [age_group]}}"))
    return arguments


def test_what_is_known_of_the_faces_reaches_the_records(planted):
    # Light follows the emotion and with it the clusters; age follows nothing.
    lines = [f"face{row},{'old' if row // 8 % 2 else 'young'},{row % 8}" for row in range(N_TARGET)]
    arguments = told(planted, "dense_autoencoder", lines)
    folder = planted.layout.score("dense_autoencoder", "rgb")
    cluster.run(arguments)
    label.run(arguments)
    first = evaluate.run(arguments)
    records = read_records(folder)
    assert records["nuisance"].factors["emotion"].ami == pytest.approx(1)
    assert records["nuisance"].factors["light"].ami == pytest.approx(1)
    assert records["nuisance"].factors["age_group"].ami < 0.2
    assert records["probes"].linear.accuracy == 1
    assert {group.name for group in records["groups"].columns[0].groups} == {"old", "young"}
    assert all(group.small for group in records["groups"].columns[0].groups)

    assert evaluate.run(arguments).digest == first.digest
    told(planted, "dense_autoencoder", lines[:-8])
    assert evaluate.run(arguments).inputs["about_faces"] != first.inputs["about_faces"]
    assert read_records(folder)["groups"].columns[0].unknown > 0


def test_a_cell_of_which_nothing_is_known_has_no_such_records(planted):
    evaluate.run(planted.arguments("supervised", score_on="test"))
    records = set(read_records(planted.layout.score("supervised", "rgb")))
    assert "curves" in records
    assert not {"groups", "nuisance"} & records


def test_a_file_that_is_not_there_is_named_before_any_work(planted):
    arguments = told(planted, "supervised", ["face0,old,1"])
    (planted.folder / "people.csv").unlink()
    with pytest.raises(InputError, match=r"about_faces: .*people\.csv: there is no such file"):
        evaluate.run(arguments)
    assert read_receipt(planted.layout.score("supervised", "rgb")) is None
