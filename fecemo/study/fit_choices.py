"""How a recipe says that a phase is fitted, with everything it chooses from catalogues."""

from typing import Any

from fecemo.data.documents import build
from fecemo.errors import InputError
from fecemo.models.approach import Phase
from fecemo.models.loss import LOSSES, Loss, losses
from fecemo.study.choices import choose, choose_one
from fecemo.study.faces.example_set import find_example_set
from fecemo.training.augmentation import AUGMENTATIONS
from fecemo.training.optimizers import OPTIMIZERS
from fecemo.training.schedules import SCHEDULES
from fecemo.training.settings import FitSettings

CHOICES = {
    "loss": (choose, LOSSES, "LOSS", "loss"),
    "optimizer": (choose_one, OPTIMIZERS, "OPTIMIZER", "optimizer"),
    "schedule": (choose_one, SCHEDULES, "SCHEDULE", "schedule"),
    "augment": (choose, AUGMENTATIONS, "AUGMENTATION", "augmentation"),
    "corrupt": (choose, AUGMENTATIONS, "AUGMENTATION", "augmentation"),
}


def read_fit(phase: Phase, document: dict[str, Any], where: str) -> FitSettings:
    """Return how a phase is fitted.

    Parameters
    ----------
    phase : Phase
    document : dict
        What the recipe says under ``fit.<phase>``.
    where : str
        That key.

    Raises
    ------
    InputError
        If a key or choice is not sound, or a loss asks for what the phase does not have.
    """
    chosen = {key: choice(package, attribute, document[key], what, f"{where}.{key}")
              for key, (choice, package, attribute, what) in CHOICES.items() if key in document}
    fit = build(FitSettings, {**document, **chosen}, where)
    for loss in fit.loss:
        if not _teaches(type(loss), phase):
            possible = [name for name, kind in losses().items() if _teaches(kind, phase)]
            raise InputError(f"{where}.loss: {loss.name!r} needs {loss.looks_at} and learns from {loss.learns_from}; "
                             f"the phase has {', '.join(phase.outputs)} of {phase.faces} faces: expected "
                             f"{' or '.join(possible)}")
        if loss.learns_from == "views" and fit.batch_size == 1:
            raise InputError(f"{where}.batch_size: {loss.name!r} tells a face from the others of its batch, and there "
                             "are none in a batch of 1")
    return fit


def _teaches(kind: type[Loss], phase: Phase) -> bool:
    return kind.looks_at in phase.outputs and kind.learns_from in find_example_set(phase.faces).gives
