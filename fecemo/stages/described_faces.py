"""Faces as vectors: an output of a network that a person brings, or the mean pixels of squares of a face."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.arrays import map_array
from fecemo.data.dataset import Dataset
from fecemo.data.variants import Variant
from fecemo.errors import InputError, nearest
from fecemo.progress import progress

BLOCK = 10
"""Side in pixels of the squares whose means describe a face where no network does."""
BATCH_SIZE = 64


@dataclass(frozen=True)
class NamedDatasets:
    """Data sets, and what to call them."""

    datasets: tuple[Path, ...]  #: Folders of data sets.
    names: tuple[str, ...] = ()  #: What to call them; by default their folders' names.

    def __post_init__(self) -> None:
        if self.names and len(self.names) != len(self.datasets):
            raise ValueError(f"{len(self.datasets)} data sets need as many names, got {len(self.names)}")
        if len(set(self.called)) < len(self.datasets):
            raise ValueError(f"two data sets are called the same ({', '.join(self.called)}); give them different names")

    @property
    def called(self) -> tuple[str, ...]:
        """Names in use."""
        return self.names or tuple(path.resolve().name for path in self.datasets)


def describe_faces(stage: str, datasets: Sequence[Dataset], variant: Variant, network: Path | None, output: str,
                   folder: Path) -> tuple[list[np.ndarray], list[str], dict[str, str]]:
    """Return the faces of data sets as vectors, the files that hold these for now, and on what they were made.

    Parameters
    ----------
    stage : str
        For progress lines.
    network : Path, optional
        A trained network; without one, pixels describe a face.
    output : str
        Of the network.
    folder : Path
        Of the files.

    Returns
    -------
    tuple of (list of ndarray of shape (n, d), float32), list of str, dict of str to str

    Raises
    ------
    InputError
        If the network has no such output, or does not take these faces.
    """
    if network is None:
        return [_mean_pixels(stage, dataset, variant) for dataset in datasets], [], {}
    files = [f"{number}.npy" for number in range(len(datasets))]
    machine = _embed(stage, network, output, datasets, variant, folder, files)
    return [map_array(folder / file) for file in files], files, machine


def _embed(stage: str, path: Path, output: str, datasets: Sequence[Dataset], variant: Variant, folder: Path,
           files: list[str]) -> dict[str, str]:
    from fecemo.training.backend import describe_backend, import_keras

    import_keras(None)
    from fecemo.models.approach import approaches
    from fecemo.training.device_view import DeviceView
    from fecemo.training.loader import Loader
    from fecemo.training.network_file import load_network
    from fecemo.training.outputs import write_outputs
    from fecemo.training.step import part_of

    approaches()  # a model may hold layers that their files register
    model = load_network(path)
    if output not in model.output:
        raise InputError(f"output: {path} has no output {output!r}: {nearest(output, model.output)}")
    if len(model.input) != 1 or len(next(iter(model.input.values())).shape) != 4:
        raise InputError(f"{path} takes {' and '.join(model.input)}; expected a model that takes images alone")
    (name, image), = model.input.items()
    side, channels = image.shape[1], image.shape[-1]
    if channels != variant.channels or not 0 < side <= variant.side:
        raise InputError(f"{path} takes {side}×{side} pixels of {channels} channels, which {variant.name} faces do not "
                         "have; name the variant that it was trained on")
    view = DeviceView(variant, side)
    for dataset, file in zip(datasets, files, strict=True):
        # Each face goes through once: there is nothing to gain by keeping it.
        loader = Loader({name: dataset.faces}, np.arange(len(dataset)), view, resident_bytes=0)
        write_outputs({output: folder / file}, part_of(model, (output,)), loader, BATCH_SIZE,
                      f"{stage}: embed {dataset.folder.name}")
    return describe_backend()


def _mean_pixels(stage: str, dataset: Dataset, variant: Variant) -> np.ndarray:
    """Return the mean pixels of squares of every face: shape (n, d), float32 in [0, 1]."""
    side = variant.side // BLOCK
    described = np.empty((len(dataset), side * side * variant.channels), np.float32)
    with progress(len(dataset), f"{stage}: {dataset.folder.name}", "face") as bar:
        for start in range(0, len(dataset), BATCH_SIZE):
            faces = variant.view(dataset.faces[start : start + BATCH_SIZE])
            cells = faces.reshape(len(faces), side, BLOCK, side, BLOCK, -1).mean(axis=(2, 4), dtype=np.float32)
            described[start : start + len(faces)] = cells.reshape(len(faces), -1) / 255
            bar.update(len(faces))
    return described
