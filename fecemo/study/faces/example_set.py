"""What a set of examples is: which faces of a run a phase learns from, and what is known of them."""

from collections.abc import Callable
from dataclasses import dataclass

from fecemo.models.approach import Approach
from fecemo.registry import find
from fecemo.study.faces.run_faces import RunFaces
from fecemo.training.examples import Examples
from fecemo.training.settings import FitSettings


@dataclass(frozen=True)
class ExampleSet:
    """A set of examples.

    Parameters
    ----------
    name : str
        `Phase.faces` names it.
    pack : {"source", "target"}
        The run's face pack that holds the faces.
    gives : tuple of str
        What can be learnt from; see `fecemo.models.loss.Target`.
    draw : callable
        ``draw(faces, fit, seed, key) -> (Examples, Examples or None)``: to learn from, and to validate on. ``fit`` is
        the phase's `FitSettings` and ``key`` what the recipe calls it, such as
        ``"approaches.supervised.fit.classify"``; it raises `InputError` where the faces cannot give what is asked for.
    measured : bool
        Whether it needs what a landmark model measured on the faces.
    faces_each : int
        Faces of an example.
    """

    name: str
    pack: str
    gives: tuple[str, ...]
    draw: Callable[[RunFaces, FitSettings, int, str], tuple[Examples, Examples | None]]
    measured: bool = False
    faces_each: int = 1


def find_example_set(name: str) -> ExampleSet:
    """Return a set of examples by name. Raises `InputError` for an unknown one, naming the nearest."""
    return find("fecemo.study.faces.example_sets", "EXAMPLE_SET", name, "set of examples")


def learnt_from(approach: Approach) -> dict[str, bool]:
    """Return the packs that an approach learns from, and of each whether its faces are to be measured first."""
    sets = [find_example_set(phase.faces) for phase in approach.phases]
    takes_measured = approach.takes == "measurements"
    # Without a phase, measurements are scaled as the source faces vary.
    needs = [(one.pack, one.measured or takes_measured) for one in sets] or [("source", takes_measured)]
    return {pack: any(measured for name, measured in needs if name == pack) for pack in sorted(dict(needs))}


def embedded(approach: Approach) -> dict[str, bool]:
    """Return the packs whose faces an approach embeds, and of each whether its faces are to be measured first."""
    packs = ("target", "source") if approach.predicts_by == "clusters" else ("target",)
    return dict.fromkeys(packs, approach.takes == "measurements")


def measured(approach: Approach) -> tuple[str, ...]:
    """Return the packs whose faces are to be measured for an approach."""
    needs = [*learnt_from(approach).items(), *embedded(approach).items()]
    return tuple(sorted({pack for pack, its in needs if its}))
