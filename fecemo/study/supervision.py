"""What a row learns from, derived from what its phases read and never typed; who would learn too little is refused."""

from dataclasses import dataclass
from typing import Any

from fecemo.data.variants import CUT
from fecemo.errors import InputError
from fecemo.imaging.landmarks.framings import FRAMINGS
from fecemo.study.cell import Cell, resolve
from fecemo.study.faces.data_names import LABEL, TRIPLET, measured, read_data_name

FACES, EYES, EYES_AND_MOUTH, LANDMARKS, RATINGS, WEIGHTS = (
    "faces", "eyes found by a landmark model", "eyes and mouth found by a landmark model", "a landmark model",
    "ratings of similarity", "pre-trained weights")
OF_NOBODY = " faces with labels"
"""What faces with labels that nobody gave are called, after ``"drawn"`` or ``"synthetic"``."""


CLASSIFIER_OF_OTHERS, NETWORK_OF_OTHERS = (f"{kind} that others trained on " for kind in ("a classifier", "a network"))
ORDER = (FACES, EYES, EYES_AND_MOUTH, LANDMARKS, RATINGS, WEIGHTS)


@dataclass(frozen=True)
class Supervision:
    """What a row learns from."""

    parts: tuple[str, ...]  #: In the order of their cost; labels last.
    labels: float = 0.0  #: Share of all labels that it learned from, in [0, 1]; 1 means all of the train split.
    at_most: int | None = None  #: Number of labels, where the recipe limits it.
    made: str = ""  #: What the faces of the target are called where nobody gave their labels, such as ``"drawn"``.

    @property
    def words(self) -> str:
        """str: Such as ``"faces, a landmark model, 20 % of the labels"``."""
        amounts = {0.0: (), 1.0: ("all labels",)}.get(self.labels, (f"{100 * self.labels:g} % of the labels",))
        if self.at_most is not None:
            amounts = (f"{self.at_most:,} labels",)
        of = f" of {self.made} faces" if self.made else ""
        return ", ".join((*self.parts, *(words + of for words in amounts)))

    @property
    def level(self) -> int:
        """int: 0 faces, aligned or not; 1 a landmark model, or labels that nobody gave; 2 ratings; 3 labels; 4 all.

        A network of others is 1, a classifier of others 3, whatever they learnt from.
        """
        if self.labels:
            return 4 if self.labels == 1 and self.at_most is None else 3
        if any(part.startswith(CLASSIFIER_OF_OTHERS) for part in self.parts):
            return 3
        pretrained = LANDMARKS in self.parts or any(
            part.endswith(OF_NOBODY) or part.startswith(NETWORK_OF_OTHERS) for part in self.parts)
        return 2 if RATINGS in self.parts else 1 if pretrained else 0


def supervision_of(cell: Cell) -> Supervision:
    """Return what a cell's row learns from, with what the rows learn from of whose outputs it is made."""
    parts, labels, target = set(), 0.0, cell.recipe.roles.target
    limits: list[int | None] = []
    for phase in cell.approach.phases:
        fit = cell.fit[phase.name]
        targets = {term.target for term in fit.losses}
        for name in (read_data_name(part).dataset for part in fit.data):
            dataset = cell.recipe.datasets[name]
            if LABEL not in targets or not dataset.has_labels:
                parts.add(FACES)
            elif dataset.made and name != target:
                parts.add(dataset.made + OF_NOBODY)
                if dataset.parent and (dataset.parent == target or not cell.recipe.datasets[dataset.parent].made):
                    labels = max(labels, dataset.settings.label_fraction or 1.0)
                    limits.append(None)
            else:
                labels = max(labels, fit.label_fraction or 1.0)
                limits.append(fit.faces)
        if TRIPLET in targets:
            parts.add(RATINGS)
    if trained_on := getattr(cell.model, "trained_on", ""):
        kind = CLASSIFIER_OF_OTHERS if cell.approach.predicts_by == "classifier" else NETWORK_OF_OTHERS
        parts.add(kind + trained_on + (", these faces perhaps among them" if cell.model.in_sample else ""))
    elif not cell.approach.phases and not cell.behind:
        parts.add(FACES)
    if measured(cell.approach):
        parts |= {FACES, LANDMARKS}
    if cell.faces_seen != CUT:
        parts.add(EYES_AND_MOUTH if FRAMINGS[cell.faces_seen].by_mouth else EYES)
    if cell.pretrained is not None:
        parts.add(WEIGHTS)
    for row in cell.behind.values():
        before = supervision_of(resolve(cell.recipe, row, cell.variant.name))
        parts |= set(before.parts)
        labels = max(labels, before.labels)
        limits += [before.at_most] if before.labels else []
    limited = [limit for limit in limits if limit is not None]
    ordered = *(part for part in ORDER if part in parts), *sorted(parts - set(ORDER))
    return Supervision(ordered, labels, max(limited) if limited and len(limited) == len(limits) else None,
                       made=cell.recipe.datasets[target].made if target is not None else "")


def check_outputs_trained(cell: Cell, model: Any) -> None:
    """Check that every layer with weights behind a cell's outputs is behind an output that a loss is computed from.

    A centre loss alone, say, trains features, and the softmax over them would answer at random.

    Parameters
    ----------
    model : keras.Model
        Of its approach; an outline will do.

    Raises
    ------
    InputError
        If no phase trains a layer that an output is made of.
    """
    from fecemo.models.description import describe

    approach = cell.approach
    if not approach.phases:
        return
    trained = {(layer.stack, layer.name) for phase in approach.phases
              for layer in describe(model, cell.fit[phase.name].outputs).layers}
    for output in approach.readouts:
        untrained = {layer.stack for layer in describe(model, [output]).layers
                    if layer.parameters and (layer.stack, layer.name) not in trained}
        if untrained:
            parts = " and ".join(sorted(untrained))
            raise InputError(f"approaches.{cell.recipe_row}.fit: no loss is computed from what {parts} gives, of which "
                             f"the row's {output} are made: they would learn nothing and answer at random; add a loss "
                             f"of {output}")
