"""Find copies: one or more data sets → copies of one picture across splits and between sets, shown and left out."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.dataset import Dataset, copies_between
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import Receipt
from fecemo.data.splits import SPLITS
from fecemo.stages.run_stage import StageResult, run_stage

STAGE = "find_copies"
NAMES = ("copies.csv", "copies.html")
MAX_GROUPS = 200
"""Groups of copies on the sheet; the table has all."""
SIDE = 72


@dataclass(frozen=True)
class FindCopiesSettings:
    """Where to look.

    Parameters
    ----------
    datasets : tuple of Path
        One or more.
    names : tuple of str
        What to call them; by default their folders' names.
    """

    datasets: tuple[Path, ...]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.datasets:
            raise ValueError("datasets is empty: there is nowhere to look")
        if self.names and len(self.names) != len(self.datasets):
            raise ValueError(f"{len(self.datasets)} data sets need as many names, got {len(self.names)}")
        if len(set(self.called)) < len(self.datasets):
            raise ValueError(f"two data sets are called the same ({', '.join(self.called)}); give them different names")

    @property
    def called(self) -> tuple[str, ...]:
        """Names in use."""
        return self.names or tuple(path.resolve().name for path in self.datasets)


def run(settings: FindCopiesSettings, out: Path) -> Receipt:
    """Find the copies of one picture, stored again, resized or mirrored; see `fecemo.data.copies`.

    Writes ``copies.csv`` (a row a face that has a copy: group, data set, row, address, split, label, where its copies
    are, whether it is kept), ``copies.html``, which shows the groups, and ``NAME_without_copies.csv`` for every set:
    path, label and split of all faces but the copies, which ``02_import.py --layout path_label`` reads from beside the
    images. Kept is the copy of the first data set, and there that of the test split before valid and train. Data sets
    are not changed.

    Raises
    ------
    StoredStateError
        If a data set is not finished.
    ResourceError
        If ``out`` cannot be written.
    """
    datasets = [Dataset(path) for path in settings.datasets]
    inputs = {f"dataset {number}": dataset.receipt.digest for number, dataset in enumerate(datasets)}
    return run_stage(STAGE, out, config={"names": settings.called, "format": 1}, inputs=inputs, seed=None,
                     work=lambda folder: _find(settings.called, datasets, folder))


def _find(names: tuple[str, ...], datasets: list[Dataset], folder: Path) -> StageResult:
    from fecemo.evaluation.figures.svg import as_picture
    from fecemo.evaluation.writers import environment

    pictures = np.concatenate(copies_between(datasets))
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
    kinds = ["between data sets" if len(np.unique(owner[group])) > 1 else
             "across splits" if len(np.unique(splits[group])) > 1 else "within a split" for group in groups]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("group", "dataset", "row", "address", "split", "label", "copies_are", "labels_differ", "kept"))
    for number, (group, kind) in enumerate(zip(groups, kinds, strict=True)):
        differ = len({label for label in labels[group].tolist() if label}) > 1
        table.writerows((number, names[owner[at]], rows[at], datasets[owner[at]].addresses[rows[at]], splits[at],
                         labels[at], kind, int(differ), int(kept[at])) for at in group.tolist())
    shown = [{"kind": kind, "faces": [
        (as_picture(np.asarray(datasets[owner[at]].faces[rows[at]]), SIDE), names[owner[at]], int(rows[at]),
         str(splits[at]), str(labels[at]), bool(kept[at])) for at in group.tolist()]}
        for group, kind in list(zip(groups, kinds, strict=True))[:MAX_GROUPS]]
    counts = {kind: kinds.count(kind) for kind in ("between data sets", "across splits", "within a split")}
    atomic_write(folder / NAMES[0], text.getvalue())
    atomic_write(folder / NAMES[1], environment().get_template("copies.html.jinja").render(
        names=names, counts=counts, groups=shown, more=len(groups) - len(shown), out=int((~kept).sum())))
    files = list(NAMES)
    for number, (name, dataset) in enumerate(zip(names, datasets, strict=True)):
        text = io.StringIO()
        listed = csv.writer(text, lineterminator="\n")
        listed.writerow(("path", "label", "split"))
        listed.writerows((dataset.addresses[row], dataset.labels[row], dataset.splits[row])
                         for row in rows[kept & (owner == number)].tolist())
        files.append(f"{name}_without_copies.csv")
        atomic_write(folder / files[-1], text.getvalue())
    totals = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    return StageResult(files=files, message=f"{len(groups)} pictures have copies: {totals}; {int((~kept).sum())} faces "
                       "are left out of the lists", summary={"groups": len(groups), "left_out": int((~kept).sum()),
                                                            **counts})
