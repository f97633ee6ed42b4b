"""Find copies: one or more data sets → copies of one picture across splits and between sets, shown and left out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.copies import merged, reduced_pictures
from fecemo.data.dataset import Dataset, copies_between
from fecemo.data.durable import atomic_write, csv_file
from fecemo.data.receipts import Receipt, digest_file
from fecemo.data.splits import SPLITS
from fecemo.data.variants import find_dataset_variant
from fecemo.errors import InputError
from fecemo.progress import progress
from fecemo.stages.described_faces import NamedDatasets, describe_faces
from fecemo.stages.run_stage import StageResult, run_stage

STAGE = "find_copies"
NAMES = ("copies.csv", "copies.html")
MAX_GROUPS = 200
"""Groups of copies on the sheet; the table has all."""
SIDE = 72


@dataclass(frozen=True)
class FindCopiesSettings(NamedDatasets):
    """Where to look: one or more data sets."""

    #: Of every face so many nearest ones are compared with it, to find pictures that were cropped, brightened or
    #: compressed since; 0 looks by perceptual hash alone. The seconds grow with the square of the faces.
    neighbours: int = 0
    #: A trained network whose ``output`` says which faces are near; without one their reduced pictures do.
    network: Path | None = None
    output: str = "embedding"  #: Of the network.
    variant: str = "gray"  #: Image variant that the network takes: ``rgb``, ``gray`` or ``tight``.

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.datasets:
            raise ValueError("datasets is empty: there is nowhere to look")
        if self.neighbours < 0:
            raise ValueError(f"neighbours must be 0 or more, not {self.neighbours}")
        if self.network is not None and not self.neighbours:
            raise ValueError("network says which faces are near: give neighbours too, such as 5")


def run(settings: FindCopiesSettings, out: Path) -> Receipt:
    """Find the copies of one picture, stored again, resized or mirrored; see `fecemo.data.copies`.

    With ``neighbours`` also those that were cropped, brightened or compressed: nearest faces by a vector, of which the
    middle of one is found in the other; see `fecemo.imaging.near_copies`.

    Writes ``copies.csv`` (a row a face that has a copy: group, data set, row, address, split, label, where its copies
    are, by what they were found, whether it is kept), ``copies.html``, which shows the groups, and
    ``NAME_without_copies.csv`` for every set: path, label and split of all faces but the copies, which ``02_import.py
    --layout path_label`` reads from beside the images. Kept is the copy of the first data set, and there that of the
    test split before valid and train. Data sets are not changed.

    Raises
    ------
    InputError
        If there is no such network, or it does not take these faces.
    StoredStateError
        If a data set is not finished.
    ResourceError
        If ``out`` cannot be written.
    """
    datasets = [Dataset(path) for path in settings.datasets]
    inputs = {f"dataset {number}": dataset.receipt.digest for number, dataset in enumerate(datasets)}
    if settings.network is not None:
        if not settings.network.is_file():
            raise InputError(f"network: {settings.network}: there is no such file")
        inputs["network"] = digest_file(settings.network)
    config = {"names": settings.called, "neighbours": settings.neighbours, "output": settings.output,
              "variant": settings.variant, "format": 2}
    return run_stage(STAGE, out, config=config, inputs=inputs, seed=None,
                     work=lambda folder: _find(settings, datasets, folder))


def _near(settings: FindCopiesSettings, datasets: list[Dataset],
          folder: Path) -> tuple[list[tuple[int, int]], list[str]]:
    """Return pairs of faces, counted over all data sets, of which one is the other changed; and files for now."""
    from fecemo.imaging.near_copies import near_copies, neighbour_pairs

    scratch: list[str] = []
    if settings.network is None:
        vectors = [reduced_pictures(dataset.fingerprints) for dataset in datasets]
    else:
        vectors, scratch, _ = describe_faces(STAGE, datasets, find_dataset_variant(settings.variant), settings.network,
                                             settings.output, folder)
    pairs = neighbour_pairs(np.concatenate([np.asarray(part) for part in vectors]), settings.neighbours)
    starts = np.cumsum([0, *map(len, datasets)])

    def face(place: int) -> np.ndarray:
        owner = int(np.searchsorted(starts, place, side="right")) - 1
        return np.asarray(datasets[owner].faces[place - int(starts[owner])])

    with progress(len(pairs), f"{STAGE}: compare", "pair") as bar:
        return near_copies(face, pairs, bar.update), scratch


def _find(settings: FindCopiesSettings, datasets: list[Dataset], folder: Path) -> StageResult:
    from fecemo.evaluation.figures.svg import as_picture
    from fecemo.evaluation.writers import environment

    names, scratch = settings.called, list[str]()
    by_hash = pictures = np.concatenate(copies_between(datasets))
    if settings.neighbours:
        near, scratch = _near(settings, datasets, folder)
        pictures = merged(by_hash, near)
    owner = np.repeat(np.arange(len(datasets)), list(map(len, datasets)))
    rows = np.concatenate([np.arange(len(dataset)) for dataset in datasets])
    splits = np.concatenate([dataset.splits for dataset in datasets])
    labels = np.concatenate([dataset.labels for dataset in datasets])
    rank = np.array([SPLITS[::-1].index(split) if split in SPLITS else len(SPLITS) for split in splits.tolist()])
    order = np.lexsort((rows, rank, owner, pictures))
    is_first = np.r_[True, pictures[order][1:] != pictures[order][:-1]]
    kept = np.zeros(len(pictures), bool)
    kept[order[is_first]] = True
    groups = [group for group in np.split(order, np.flatnonzero(is_first)[1:]) if len(group) > 1]
    ways = ["hash" if len(np.unique(by_hash[group])) == 1 else "embedding" for group in groups]
    kinds = ["between data sets" if len(np.unique(owner[group])) > 1 else
             "across splits" if len(np.unique(splits[group])) > 1 else "within a split" for group in groups]
    with csv_file(folder / NAMES[0], ("group", "dataset", "row", "address", "split", "label", "copies_are", "found_by",
                                      "labels_differ", "kept")) as table:
        for number, (group, kind, way) in enumerate(zip(groups, kinds, ways, strict=True)):
            differ = len({label for label in labels[group].tolist() if label}) > 1
            table.writerows((number, names[owner[at]], rows[at], datasets[owner[at]].addresses[rows[at]], splits[at],
                             labels[at], kind, way, int(differ), int(kept[at])) for at in group.tolist())
    shown = [{"kind": kind, "way": way, "faces": [
        (as_picture(np.asarray(datasets[owner[at]].faces[rows[at]]), SIDE), names[owner[at]], int(rows[at]),
         str(splits[at]), str(labels[at]), bool(kept[at])) for at in group.tolist()]}
        for group, kind, way in list(zip(groups, kinds, ways, strict=True))[:MAX_GROUPS]]
    counts = {kind: kinds.count(kind) for kind in ("between data sets", "across splits", "within a split")}
    atomic_write(folder / NAMES[1], environment().get_template("copies.html.jinja").render(
        names=names, counts=counts, groups=shown, more=len(groups) - len(shown), out=int((~kept).sum()),
        by_embedding=settings.neighbours))
    files = list(NAMES)
    for number, (name, dataset) in enumerate(zip(names, datasets, strict=True)):
        files.append(f"{name}_without_copies.csv")
        with csv_file(folder / files[-1], ("path", "label", "split")) as listed:
            listed.writerows((dataset.addresses[row], dataset.labels[row], dataset.splits[row])
                             for row in rows[kept & (owner == number)].tolist())
    left_out, of_hash = int((~kept).sum()), len(by_hash) - len(np.unique(by_hash))
    totals = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    further = f", {left_out - of_hash} of them found by embedding alone" if settings.neighbours else ""
    return StageResult(files=files, scratch=scratch,
                       message=f"{len(groups)} pictures have copies: {totals}; {left_out} faces are left out of the "
                               f"lists{further}",
                       summary={"faces": len(pictures), "groups": len(groups), "left_out": left_out,
                                "by_embedding": left_out - of_hash, **counts})
