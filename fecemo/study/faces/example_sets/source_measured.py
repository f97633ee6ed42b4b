"""The unlabelled faces on which a landmark model was sure of a face, with what it measured on them."""

from fecemo.errors import InputError
from fecemo.study.faces.example_set import ExampleSet
from fecemo.study.faces.run_faces import RunFaces
from fecemo.training.examples import Examples, held_out
from fecemo.training.order import drawn_rows
from fecemo.training.settings import FitSettings

LEARNT = ("distances", "blendshapes")
"""Groups of measurements: those of the landmark model. Gradients a network sees for itself."""
MIRRORING = {"flip"}
"""Augmentations after which a face no longer has the measurements that were taken."""


def _draw(faces: RunFaces, fit: FitSettings, seed: int, key: str) -> tuple[Examples, Examples | None]:
    if fit.label_fraction is not None:
        raise InputError(f"{key}.label_fraction: this phase learns from unlabelled faces")
    if fit.validate_on == "valid":
        raise InputError(f"{key}.validate_on: unlabelled faces have no stored validation split; give a share, such as "
                         "0.1")
    if MIRRORING & {augmentation.name for augmentation in (*fit.augment, *fit.corrupt)}:
        raise InputError(f"{key}: no flip here: what was measured on the left of a face would be asked of its right")
    measured = faces.measured
    rows = drawn_rows(len(faces.pack), fit.faces, seed)
    rows = rows[measured.sure[rows]]
    examples = Examples(rows, {"vector": measured.of(LEARNT)[rows]})
    return (examples, None) if fit.validate_on is None else held_out(examples, fit.validate_on, seed)


EXAMPLE_SET = ExampleSet(name="source_measured", pack="source", gives=("face", "views", "vector"), draw=_draw,
                         measured=True)
