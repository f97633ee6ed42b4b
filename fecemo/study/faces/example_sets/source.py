"""The unlabelled faces."""

from fecemo.errors import InputError
from fecemo.study.faces.example_set import ExampleSet
from fecemo.study.faces.run_faces import RunFaces
from fecemo.training.examples import Examples, held_out
from fecemo.training.order import drawn_rows
from fecemo.training.settings import FitSettings


def _draw(faces: RunFaces, fit: FitSettings, seed: int, key: str) -> tuple[Examples, Examples | None]:
    if fit.label_fraction is not None:
        raise InputError(f"{key}.label_fraction: this phase learns from unlabelled faces")
    if fit.validate_on == "valid":
        raise InputError(f"{key}.validate_on: unlabelled faces have no stored validation split; give a share, such as "
                         "0.1")
    examples = Examples(drawn_rows(len(faces.pack), fit.faces, seed))
    return (examples, None) if fit.validate_on is None else held_out(examples, fit.validate_on, seed)


EXAMPLE_SET = ExampleSet(name="source", pack="source", gives=("face", "views"), draw=_draw)
