"""The unlabelled faces."""

from fecemo.errors import InputError
from fecemo.study.faces.example_set import ExampleSet, of_landmarks, with_targets
from fecemo.study.faces.run_faces import RunFaces
from fecemo.training.examples import Examples, held_out
from fecemo.training.order import drawn_rows
from fecemo.training.settings import FitSettings

MIRRORING = {"flip"}
"""Augmentations after which a face no longer has the landmark features that were measured."""


def _draw(faces: RunFaces, fit: FitSettings, seed: int, key: str) -> tuple[Examples, Examples | None]:
    if fit.label_fraction is not None:
        raise InputError(f"{key}.label_fraction: this phase learns from unlabelled faces")
    if fit.validate_on == "valid":
        raise InputError(f"{key}.validate_on: unlabelled faces have no stored validation split; give a share, such as "
                         "0.1")
    measured = any(of_landmarks(term.columns) for term in fit.losses)
    if measured and MIRRORING & {augmentation.name for augmentation in (*fit.augment, *fit.corrupt)}:
        raise InputError(f"{key}: no flip here: what was measured on the left of a face would be asked of its right")
    examples = with_targets(Examples(drawn_rows(len(faces.pack), fit.faces, seed)), faces, fit, key)
    return (examples, None) if fit.validate_on is None else held_out(examples, fit.validate_on, seed)


EXAMPLE_SET = ExampleSet(name="source", pack="source", draw=_draw)
