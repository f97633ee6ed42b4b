"""One row of a recipe: an approach, and what differs from what it states by itself."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


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
