"""Label errors: a labelled data set → faces whose labels are doubtful, shown for a person to judge."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.data.durable import atomic_write, csv_file
from fecemo.data.ranges import Ranged, ranged
from fecemo.data.receipts import Receipt, require_receipt
from fecemo.data.variants import find_dataset_variant
from fecemo.errors import InputError
from fecemo.evaluation.figures.svg import as_picture
from fecemo.evaluation.fold_study import draw_folds
from fecemo.evaluation.metrics.label_errors import find_label_errors
from fecemo.evaluation.probing.probe import fit_standard_vectors, linear_probabilities
from fecemo.evaluation.settings import ProbeSettings
from fecemo.stages.described_faces import describe_faces
from fecemo.stages.run_stage import StageResult, run_stage

STAGE = "label_errors"
NAMES = ("label_errors.csv", "label_errors.html")
MAX_FACES = 400
"""Faces on the sheet; the table has all."""
SIDE = 72


@dataclass(frozen=True)
class LabelErrorSettings(Ranged):
    """Whose labels to doubt, and by what."""

    dataset: Path  #: A labelled data set; its train, valid and test faces are looked at alike.
    #: Vectors of its faces, which nothing learnt from these labels: a run's folder such as
    #: ``runs/table2/outputs/landmark_features/gray/affectnet``. Without it, the mean pixels of squares describe a face,
    #: which is weak.
    outputs: Path | None = None
    output: str = "embedding"  #: Which of these.
    folds: int = ranged(5, min=2)  #: Parts of the faces; each is answered by what learnt from all others. At least 2.
    person: str = "person"  #: Column that says whose face it is: nobody is in two parts. Copies of a picture never are.
    #: scikit-learn's ``C`` of the logistic regression that answers: small, so that it is not surer than it may be.
    penalty: float = 0.01
    components: int = ProbeSettings.components  #: Longer vectors are reduced to this many principal components first.
    seed: int = 0  #: Of the parts.


def run(settings: LabelErrorSettings, out: Path) -> Receipt:
    """Find labels that are doubtful, by confident learning; see `fecemo.evaluation.metrics.label_errors`.

    Writes ``label_errors.csv`` (a row a doubted face, the surest first: row, id, address, split, label, what it
    probably shows, both probabilities) and ``label_errors.html``, which shows them. No label is changed: a person
    judges.

    Raises
    ------
    InputError
        If there are fewer than two classes, a fold lacks one, or the vectors are of other faces.
    StoredStateError
        If the data set or the vectors are not finished.
    ResourceError
        If ``out`` cannot be written.
    """
    dataset = Dataset(settings.dataset)
    inputs = {"dataset": dataset.receipt.digest}
    if settings.outputs is not None:
        embedded = require_receipt(settings.outputs.parent, "embed")
        if dataset.receipt.digest not in embedded.inputs.values():
            raise InputError(f"{settings.outputs} holds vectors of other faces than {settings.dataset}, or of what it "
                             "was before; embed its faces again")
        inputs["outputs"] = embedded.digest
    config = {"output": settings.output, "folds": settings.folds, "person": settings.person,
              "penalty": settings.penalty, "components": settings.components, "seed": settings.seed, "format": 1}
    return run_stage(STAGE, out, config=config, inputs=inputs, seed=settings.seed,
                     work=lambda folder: _find(settings, dataset, folder))


def _find(settings: LabelErrorSettings, dataset: Dataset, folder: Path) -> StageResult:
    from threadpoolctl import threadpool_limits

    from fecemo.evaluation.writers import environment

    rows, vectors = _vectors(settings, dataset, folder)
    labels = dataset.labels[rows]
    classes = [name for name in dataset.classes if (labels == name).any()]
    if len(classes) < 2:
        raise InputError(f"{dataset.folder}: its faces have {len(classes)} classes, expected two or more")
    with threadpool_limits(1):
        probabilities = _answers(settings, vectors, labels, dataset.people(settings.person)[0][rows], classes)
    codes = np.array([classes.index(label) for label in labels.tolist()])
    errors = find_label_errors(probabilities, codes)
    doubted = np.flatnonzero(errors.suggested >= 0)
    doubted = doubted[np.argsort(errors.margin[doubted], kind="stable")]
    shown: list[tuple[object, ...]] = []
    with csv_file(folder / NAMES[0], ("row", "id", "address", "split", "label", "probably", "probability_of_label",
                                      "probability")) as table:
        for at in doubted.tolist():
            row, probably = int(rows[at]), int(errors.suggested[at])
            line = (dataset.splits[row], labels[at], classes[probably], f"{probabilities[at, codes[at]]:.4f}",
                    f"{probabilities[at, probably]:.4f}")
            table.writerow((row, dataset.ids[row], dataset.addresses[row], *line))
            if len(shown) < MAX_FACES:
                shown.append((as_picture(np.asarray(dataset.faces[row]), SIDE), row, *line))
    by_class = {name: int((labels[doubted] == name).sum()) for name in classes}
    atomic_write(folder / NAMES[1], environment().get_template("label_errors.html.jinja").render(
        name=dataset.folder.resolve().name, n=len(rows), doubted=len(doubted), faces=shown, by_class=[
            (name, number, int((labels == name).sum())) for name, number in by_class.items()]))
    words = ", ".join(f"{number} {name}" for name, number in by_class.items() if number)
    return StageResult(files=list(NAMES), summary={"faces": len(rows), "doubted": len(doubted), "by_class": by_class},
                       message=f"{len(doubted)} of {len(rows)} labels are doubtful{words and ': '}{words}")


def _vectors(settings: LabelErrorSettings, dataset: Dataset, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the labelled faces, and their vectors."""
    labelled = np.flatnonzero(dataset.labels != "")
    if settings.outputs is None:
        (vectors,), _, _ = describe_faces(STAGE, [dataset], find_dataset_variant("gray"), None, "", folder)
        return labelled, vectors[labelled]
    stored = read_output(settings.outputs.parent, settings.outputs.name, settings.output)
    rows = np.intersect1d(labelled, stored.rows)
    return rows, np.asarray(stored.values[np.searchsorted(stored.rows, rows)])


def _answers(settings: LabelErrorSettings, vectors: np.ndarray, labels: np.ndarray, groups: np.ndarray,
             classes: list[str]) -> np.ndarray:
    """Return probabilities of the classes of each face, by what learnt from the other folds: shape (n, c)."""
    folds = draw_folds(labels, groups, settings.folds, settings.seed)
    probabilities = np.zeros((len(labels), len(classes)))
    probe = ProbeSettings(penalty=settings.penalty, components=settings.components)
    for fold in range(settings.folds):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if missing := sorted(set(classes) - set(labels[train].tolist())):
            raise InputError(f"all faces of {missing[0]} are in one of {settings.folds} folds; take more folds")
        standard = fit_standard_vectors(vectors, train, components=settings.components, seed=settings.seed)
        names, made = linear_probabilities(standard.of(vectors, train), labels[train], standard.of(vectors, test),
                                           probe, balanced=False)
        probabilities[test] = made[:, [names.index(name) for name in classes]]
    return probabilities
