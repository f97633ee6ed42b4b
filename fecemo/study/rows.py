"""The rows of a recipe: what each says of its approach, and learning curves, rows with less of one thing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

LESSENED = ("faces", "label_fraction", "epochs")
"""Settings of a phase of training of which a step has less."""
CLUSTER_ON = "cluster_on"
"""Number of unlabelled faces of which a step makes its clusters. Nothing is trained anew for it."""


@dataclass(frozen=True)
class ApproachRecipe:
    """What a recipe says of one approach, or of one row, where several rows share an approach."""

    fit: dict[str, dict[str, Any]]  #: `FitSettings` of each phase, by the phase's name.
    model: dict[str, Any] = field(default_factory=dict)  #: Sizes that differ from the approach's published defaults.
    #: Score the stored test split, or every labelled face whose label neither trained nor named anything.
    score_on: Literal["test", "unused_labels"] = "test"
    #: For one variant, ``fit`` and ``model`` keys that differ.
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)
    approach: str | None = None  #: The approach, where the row has a name of its own.
    title: str | None = None  #: Heading of the row; by default that of the approach.
    #: Folder of converted weights with which the networks begin. While it is not there, the row waits for it.
    pretrained: Path | None = None
    #: Stacks that do not learn, beside those that the approach freezes by itself; with them stay the statistics by
    #: which their batches are normalized.
    frozen: tuple[str, ...] = ()
    embeddings_from: str | None = None  #: For an approach that takes embeddings: the row whose embeddings these are.
    #: Gives the row, with the recipe's seed, first weights, an order of faces and augmentations of its own. Which faces
    #: and labels it learns from stays what the recipe's seed draws. Rows that differ by nothing else make an ensemble
    #: of seeds.
    seed: int | None = None
    #: For an approach with a classifier: the output of its networks, such as ``"features"``, that is stored for the
    #: target faces beside their probabilities, and of which a map is drawn.
    tsne_output: str | None = None
    #: The variants on which the row runs, where it does not run on all; the other cells stay empty.
    variants: tuple[str, ...] = ()


@dataclass(frozen=True)
class LearningStep:
    """One point of a learning curve."""

    row: str  #: The row of the recipe of which it is a step.
    phase: str  #: The phase of training that has less; ``""`` where only the clusters have.
    setting: str  #: Of `LESSENED`, or `CLUSTER_ON`.
    value: float  #: Of the setting.

    @property
    def key(self) -> str:
        """str: What the recipe calls the curve, such as ``"classify.faces"``."""
        return f"{self.phase}.{self.setting}" if self.phase else self.setting

    @property
    def name(self) -> str:
        """str: By which its folders are called, such as ``"small_resnet-classify.faces-600"``."""
        return f"{self.row}-{self.key}-{self.value!r}"

    def lessen(self, fit: dict[str, dict[str, Any]]) -> None:
        """Put the step's setting into what the recipe says of the row's phases, one of which it lessens."""
        fit[self.phase][self.setting] = self.value


def curves_of(curves: Mapping[str, Any]) -> Iterator[tuple[str, list[float]]]:
    """Yield the curves that a recipe asks of a row: a key and its values."""
    yield from ((key, values) for key, values in curves.items() if key != "variants")


def learning_steps(learning: Mapping[str, Mapping[str, Any]]) -> dict[str, LearningStep]:
    """Return all steps by name, in the recipe's order.

    Parameters
    ----------
    learning : mapping of str to mapping
        What a recipe says under ``learning``; see `Recipe`.
    """
    steps = (LearningStep(row, *curve_parts(key), value) for row, curves in learning.items()
             for key, values in curves_of(curves) for value in values)
    return {step.name: step for step in steps}


def curve_parts(key: str) -> tuple[str, str]:
    """Return the phase and the setting of a curve's key, such as ``("classify", "faces")``."""
    phase, _, setting = key.rpartition(".")
    return phase, setting
