"""How one network is fitted, as a recipe states it."""

from dataclasses import dataclass, field
from typing import Any, Literal

from fecemo.data.ranges import Ranged, ranged
from fecemo.training.augmentation import Augmentation
from fecemo.training.balances import Balance, Fixed
from fecemo.training.optimizers import Optimizer
from fecemo.training.schedules import Constant, Schedule


@dataclass(frozen=True)
class FitSettings(Ranged):
    """Settings of one phase of training."""

    #: The terms that are added up; see `fecemo.models.loss`. A recipe names the loss of the phase's first output, as in
    #: ``loss: cross_entropy`` or ``loss: {nt_xent: {temperature: 0.2}}``; or it lists terms under ``losses``, as in
    #: ``[{loss: weighted_softmax}, {loss: weighted_cluster, output: features, weight: 1.0}]``.
    losses: tuple[Any, ...]
    optimizer: Optimizer  #: ``optimizer: adam``, ``optimizer: {sgd: {momentum: 0.9}}``.
    learning_rate: float = ranged(above=0)  #: Where the schedule begins.
    epochs: int = ranged(above=0)  #: At the most.
    batch_size: int = ranged(32, above=0)  #: Examples a step. The study does not state it.
    faces: int | None = ranged(None, above=0)  #: Train on this many examples, drawn by seed; None takes all there are.
    #: Only for phases that learn from labels: the share of all labelled faces, in (0, 1], stratified by emotion and
    #: drawn by seed from the train split; None takes the whole train split.
    label_fraction: float | None = ranged(None, above=0, max=1)
    #: Share of the labels that are learnt from, in [0, 1), that are exchanged for another class by seed: what a
    #: training makes of wrong labels. Those that are validated on stay.
    label_noise: float = ranged(0.0, min=0, below=1)
    #: Of what the layers compute; weights are float32 always. Half the memory and several times the speed on
    #: accelerators that have bfloat16, slower elsewhere.
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    #: Steps whose gradients are averaged into one update of the weights, for batches that memory cannot hold at once.
    #: Those of a last, unfinished update are lost.
    accumulate: int = ranged(1, above=0)
    #: How the learning rate changes: ``constant``, ``{halved: {every: 10}}``, ``cosine``.
    schedule: Schedule = field(default_factory=Constant)
    #: Applied, in this order, to the faces that are learnt from: ``[flip, {crop: {min_side: 0.6}}]``. Not to those that
    #: are validated on, unless the loss compares two views of a face or an augmentation emits its target.
    augment: tuple[Augmentation, ...] = ()
    #: Applied after that, to what the network sees, and not to the pixels that it is to give: ``[mask]``, ``[noise]``.
    #: In validation too.
    corrupt: tuple[Augmentation, ...] = ()
    #: What is learnt from, where that is not what the phase says: ``source``, ``target.train``, ``source.triplets``.
    data: tuple[str, ...] = ()
    #: Faces, such as ``target.train``, of which no label is read: each number that enters the model is shifted and
    #: scaled over every other data set to have the mean and deviation that it has there. Drawn faces differ from
    #: people's in proportion by more than by expression.
    moments_of: str | None = None
    #: How the terms are weighed against each other: ``fixed``, ``{ema: {beta: 0.9}}``, ``dwa``, ``uncertainty``,
    #: ``geometric``.
    balance: Balance = field(default_factory=Fixed)
    #: Each example once an epoch; or as many, drawn with replacement so that all classes are equally likely, of the
    #: first loss that learns classes.
    sampling: Literal["shuffled", "balanced"] = "shuffled"
    #: Submodels that do not learn, in the place of those that the phase freezes by itself.
    frozen: tuple[str, ...] | None = None
    #: A share of the phase's own examples, in (0, 1), that is held out, by seed and stratified by emotion; or the
    #: stored validation split of labelled faces. Their labels count as used. The test split is never looked at.
    validate_on: float | Literal["valid"] | None = None
    patience: int | None = ranged(None, above=0)  #: Stop when the validation loss has not fallen for so many epochs.
    #: The weights of the last epoch, or of the one with the least validation loss.
    keep: Literal["last", "best"] = "last"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.validate_on, float) and not 0 < self.validate_on < 1:
            raise ValueError(f"validate_on must be above 0 and below 1, not {self.validate_on}")
        if self.validate_on is None and (self.patience is not None or self.keep == "best"):
            raise ValueError("patience and keep: best look at a validation loss: give validate_on, such as 0.1")
        if self.keep == "best" and self.optimizer.name == "averaged":
            raise ValueError("keep: best keeps the weights of an epoch, and averaged ends with the mean over epochs: "
                             "leave one of them out")
        if not self.losses:
            raise ValueError("losses is empty: there is nothing to learn")
        if self.sampling == "balanced" and not any(term.loss.target_kind == "classes" for term in self.losses):
            raise ValueError("sampling: balanced draws classes alike, and no loss learns classes")
        if self.optimizer.passes > 1 and self.accumulate > 1:
            raise ValueError(f"accumulate must be 1 with {self.optimizer.name}, which takes several gradients of a "
                             f"batch, not {self.accumulate}")
        if sizes := sorted({term.loss.group_size for term in self.losses} - {1}):
            if len(sizes) > 1:
                raise ValueError(f"losses that compare {' and '.join(map(str, sizes))} faces do not mix")
            if 2 in sizes and not self.augment:
                raise ValueError("two views of a face are equal without augment, such as [flip, crop, colour]")
        if apart := [way.name for way in (*self.augment, *self.corrupt) if way.group_size not in (1, self.group_size)]:
            raise ValueError(f"{apart[0]} tells two views of a face apart: a loss must compare them (consistency)")

    @property
    def outputs(self) -> tuple[str, ...]:
        """Tuple of str: Outputs that the terms look at, each once."""
        return tuple(dict.fromkeys(term.output for term in self.losses))

    @property
    def term_names(self) -> tuple[str, ...]:
        """Tuple of str: A name for each term, such as ``"probabilities.cross_entropy"``; a second such ends in 2."""
        plain = [f"{term.output}.{term.loss.name}" for term in self.losses]
        counts = [plain[:number].count(name) + 1 for number, name in enumerate(plain)]
        return tuple(name if count == 1 else f"{name}.{count}" for name, count in zip(plain, counts, strict=True))

    @property
    def group_size(self) -> int:
        """int: Faces that go through the model for an example."""
        return max(term.loss.group_size for term in self.losses)
