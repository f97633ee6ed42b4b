"""A finished run from Python: its results as a DataFrame, its models as encoders and classifiers, its named clusters.

    import fecemo
    run = fecemo.open_run("runs/demo")
    vectors = run.encoder("conv_autoencoder", "gray").transform(images)
    labels = run.namer("conv_autoencoder", "gray").predict(vectors)

Everything is read from what the stages stored; nothing is written.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fecemo.clustering.naming import ClusterNamer
from fecemo.data.arrays import FaceArray, read_array, read_output
from fecemo.data.cluster_names import NAMES_NAME, read_cluster_names
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import require_receipt
from fecemo.encoder import Classifier, Encoder
from fecemo.errors import InputError, nearest
from fecemo.study.layout import RunLayout

if TYPE_CHECKING:
    import pandas as pd



class Run:
    """A run's folder, opened.

    Parameters
    ----------
    folder : Path
        Such as ``runs/demo``, or that of a further seed, ``runs/demo/seeds/7``.

    Raises
    ------
    InputError
        If there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"{folder}: there is no such run; expected the folder of one, such as runs/demo")
        self.folder = folder
        self.layout = RunLayout(folder)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {len(self.cells)} trained)"

    @cached_property
    def results(self) -> "pd.DataFrame":
        """DataFrame: One row a figure; ``docs/results_columns.md`` says what each column holds."""
        from fecemo.evaluation.results import read_results

        return read_results(self.folder)

    @cached_property
    def differences(self) -> "pd.DataFrame":
        """DataFrame: One row a paired difference of two rows on the same faces."""
        from fecemo.evaluation.results import read_differences

        return read_differences(self.folder)

    @property
    def cells(self) -> list[tuple[str, str]]:
        """List of (str, str): Row and variant of every trained cell."""
        stored = self.layout.model("*", "*").relative_to(self.folder)
        return sorted((path.parent.parent.name, path.parent.name)
                      for path in self.folder.glob(f"{stored}/receipt.json"))

    def outputs(self, row: str, variant: str, name: str = "target", output: str = "") -> FaceArray:
        """Return stored outputs: a vector for faces of a data set, with their rows there.

        Parameters
        ----------
        row, variant : str
            The cell.
        name : str
            The data set's, or its role: ``"source"`` or ``"target"``.
        output : str
            A further output, where the model has several; by default the embedding or the probabilities.

        Raises
        ------
        InputError
            If the run has no such cell.
        StoredStateError
            If the cell is not embedded, or a file is damaged.
        """
        self.require_cell(row, variant)
        stored = require_receipt(self.layout.outputs(row, variant), "embed").config
        return read_output(self.layout.outputs(row, variant), stored["roles"].get(name, name),
                           output or stored["outputs"][0])

    def encoder(self, row: str, variant: str) -> "Encoder":
        """Return the trained model of a cell. Raises `InputError` for a row without a model, or no such cell."""
        self.require_cell(row, variant)
        return Encoder(self.layout, row, variant)

    def classifier(self, row: str, variant: str) -> "Classifier":
        """Return the trained classifier of a cell. Raises `InputError` for a row that is read by its clusters."""
        self.require_cell(row, variant)
        return Classifier(self.layout, row, variant)

    def namer(self, row: str, variant: str) -> "ClusterNamer":
        """Return the named clusters of a cell: ``predict(vectors)`` gives the class, or other label, of each vector.

        Raises
        ------
        InputError
            If there is no such cell.
        StoredStateError
            If its clusters are not named yet.
        """
        self.require_cell(row, variant)
        require_receipt(self.layout.clusters(row, variant), "cluster")
        require_receipt(self.layout.names(row, variant), "label")
        centres = np.asarray(read_array(self.layout.clusters(row, variant), "centres", "cluster"))
        names = read_cluster_names(self.layout.names(row, variant) / NAMES_NAME)
        return ClusterNamer(names.labels).fit(centres, names.names)

    def roles(self, row: str, variant: str) -> dict[str, str]:
        """Return the data sets whose outputs a cell stores, by their role. Raises `StoredStateError` before it does."""
        return dict(require_receipt(self.layout.outputs(row, variant), "embed").config["roles"])

    def classes(self, row: str, variant: str) -> tuple[str, ...]:
        """Return the classes of a classifier in the order of its probabilities; empty where no labels were learnt."""
        return tuple(require_receipt(self.layout.model(row, variant), "train").summary.get("classes", ()))

    def require_cell(self, row: str, variant: str) -> None:
        """Raise `InputError` where there is no such trained cell, naming the nearest."""
        if (row, variant) not in self.cells:
            known = [f"{name} {of}" for name, of in self.cells]
            raise InputError(f"{self.folder} holds no trained cell {row} {variant}: "
                             + (nearest(f"{row} {variant}", known) if known else "nothing is trained yet"))


def open_run(folder: Path | str) -> Run:
    """Open a run; see `Run`."""
    return Run(Path(folder))


def open_dataset(folder: Path | str) -> Dataset:
    """Open a data set; see `fecemo.data.dataset.Dataset`."""
    return Dataset(Path(folder))
