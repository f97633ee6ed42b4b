"""The labelling board of a run, for a notebook."""

from pathlib import Path
from typing import Any

from fecemo.errors import ResourceError
from fecemo.stages.naming.label_run import LabelRun


def open_board(run: str | Path, recipe: str | Path) -> Any:
    """Return the board on which a person names the clusters of a run.

    Parameters
    ----------
    run : str or Path
        The run's folder, such as ``runs/demo``.
    recipe : str or Path
        Its recipe, such as ``pipelines/recipes/demo.yaml``.

    Returns
    -------
    fecemo.labelling.board.board.LabellingBoard
        Show its ``view``.

    Raises
    ------
    InputError
        If the recipe is not sound or has no approach with clusters.
    StoredStateError
        If there is no such run.
    ResourceError
        If the notebook's packages are not installed.
    """
    try:
        from fecemo.labelling.board.board import LabellingBoard
    except ImportError as error:
        raise ResourceError(f"the labelling notebook needs {error.name}, which is not installed: "
                            "pip install 'fecemo[notebook]', or name the clusters in a terminal with "
                            "pipelines/07_label.py --terminal") from error
    return LabellingBoard(LabelRun(Path(run), Path(recipe)))
