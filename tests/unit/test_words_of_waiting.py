"""What is told of work before and while it is done."""

import runpy
from pathlib import Path

import pytest

from fecemo.errors import StoredStateError
from fecemo.progress import progress
from fecemo.stages.cell_arguments import CellArguments

PIPELINES = Path(__file__).parents[2] / "pipelines"


def test_a_cell_says_what_it_is_and_does_before_anything_else(tmp_path, capsys):
    run = runpy.run_path(str(PIPELINES / "cell.py"))["run"]
    arguments = CellArguments(PIPELINES / "recipes/demo.yaml", tmp_path, "dense_autoencoder", "rgb")
    with pytest.raises(StoredStateError):  # there are no faces
        run(arguments, ("train", "embed"))
    assert capsys.readouterr().err.splitlines()[0] == "dense_autoencoder rgb: train, embed"


@pytest.mark.parametrize(("unit", "units"), [("picture", "pictures"), ("strategy", "strategies")])
def test_several_are_counted_in_the_plural(capsys, unit, units):
    with progress(631, "draw", unit) as bar:
        bar.update(631)
    assert f"631/631 {units} [" in capsys.readouterr().err
