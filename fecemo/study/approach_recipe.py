"""One row of a recipe: an approach, and what differs from what it states by itself."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class ApproachRecipe:
    """What a recipe says of one approach, or of one row, where several rows share an approach.

    Parameters
    ----------
    fit : dict of str to dict
        `FitSettings` of each phase, by the phase's name.
    model : dict
        Sizes that differ from the approach's published defaults.
    score_on : {"test", "unused_labels"}
        Score the stored test split, or every labelled face whose label neither trained nor named anything.
    overrides : dict of str to dict
        For one variant, ``fit`` and ``model`` keys that differ.
    approach : str, optional
        The approach, where the row has a name of its own.
    title : str, optional
        Heading of the row; by default that of the approach.
    pretrained : Path, optional
        Folder of converted weights with which the networks begin. While it is not there, the row waits for it.
    frozen : tuple of str
        Stacks that do not learn, beside those that the approach freezes by itself; with them stay the statistics by
        which their batches are normalized.
    embeddings_from : str, optional
        For an approach that takes embeddings: the row whose embeddings these are.
    seed : int, optional
        Gives the row, with the recipe's seed, first weights, an order of faces and augmentations of its own. Which
        faces and labels it learns from stays what the recipe's seed draws. Rows that differ by nothing else make an
        ensemble of seeds.
    tsne_output : str, optional
        For an approach with a classifier: the output of its networks, such as ``"features"``, that is stored for the
        target faces beside their probabilities, and of which a map is drawn.
    variants : tuple of str
        The variants on which the row runs, where it does not run on all; the other cells stay empty.
    """

    fit: dict[str, dict[str, Any]]
    model: dict[str, Any] = field(default_factory=dict)
    score_on: Literal["test", "unused_labels"] = "test"
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)
    approach: str | None = None
    title: str | None = None
    pretrained: Path | None = None
    frozen: tuple[str, ...] = ()
    embeddings_from: str | None = None
    seed: int | None = None
    tsne_output: str | None = None
    variants: tuple[str, ...] = ()
