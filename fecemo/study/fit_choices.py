"""How a recipe says that a phase is fitted: its data, the terms of its loss, and all that it chooses by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fecemo.data.choices import choose, choose_one
from fecemo.data.documents import build
from fecemo.errors import InputError, nearest
from fecemo.models.approach import EMBEDDING, IMAGE, Approach, Phase
from fecemo.models.loss import Loss, LossTerm, TargetKind, losses
from fecemo.registry import Registry
from fecemo.study.faces.data_names import LABEL, NO_COLUMNS, SOURCE, TARGET, TRIPLET_TEST, of_dataset, read_data_name
from fecemo.training.augmentation import augmentations
from fecemo.training.balances import balances
from fecemo.training.optimizers import optimizers
from fecemo.training.schedules import schedules
from fecemo.training.settings import FitSettings

CHOICES: dict[str, tuple[Callable[..., Any], Registry[Any]]] = {
    "optimizer": (choose_one, optimizers), "schedule": (choose_one, schedules),
    "balance": (choose_one, balances), "augment": (choose, augmentations), "corrupt": (choose, augmentations)}
TERM_KEYS = ("loss", "output", "target", "weight")
BY_ROLE = {SOURCE: SOURCE, TARGET: TARGET}


def read_fit(approach: Approach, phase: Phase, document: dict[str, Any], where: str,
             datasets: Mapping[str, str] = BY_ROLE) -> FitSettings:
    """Return how a phase is fitted.

    Parameters
    ----------
    phase : Phase
        One of its own.
    document : dict
        What the recipe says under ``fit.<phase>``: ``loss``, the loss of the phase's first output; or ``losses``, a
        list of terms, each with ``loss`` and, where they are not the phase's first or the loss's own, ``output``,
        ``target`` and ``weight``.
    where : str
        That key.
    datasets : mapping of str to str
        Names of the recipe's data sets, by name and by role; see `Recipe.dataset_names`.

    Raises
    ------
    InputError
        If a key or choice is not sound, or a loss cannot learn from its target.
    """
    chosen = {key: choice(registry, document[key], f"{where}.{key}")
              for key, (choice, registry) in CHOICES.items() if key in document}
    data = document.get("data", [phase.data])
    data = tuple(_dataset_name(name, datasets, f"{where}.data") for name in ([data] if isinstance(data, str) else data))
    terms = tuple(replace(term, target=_own_columns(term.target, datasets))
                  for term in _terms(approach, phase, document, where))
    rest = {key: value for key, value in document.items() if key not in ("loss", "losses")}
    if document.get("moments_of") is not None:
        rest["moments_of"] = _moments_of(approach, document["moments_of"], datasets, f"{where}.moments_of")
    fit = build(FitSettings, {**rest, **chosen, "data": data, "losses": terms}, where)
    if frozen := [name for name in fit.frozen or () if name not in approach.submodels]:
        raise InputError(f"{where}.frozen: {approach.name} has no submodel {frozen[0]!r}: "
                         f"{nearest(frozen[0], approach.submodels)}")
    emitted = {name for augmentation in (*fit.augment, *fit.corrupt) for name in augmentation.targets}
    for term in terms:
        _check_term(term, fit, emitted, where)
    return fit


def _dataset_name(name: str, datasets: Mapping[str, str], where: str) -> str:
    """Return what is learnt from by the name of the data set. Raises `InputError` for what there is not."""
    try:
        part = read_data_name(name, datasets)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    dataset_name = datasets[part.dataset]
    if dataset_name == datasets.get(TRIPLET_TEST):
        raise InputError(f"{where}: nothing learns from {dataset_name}, which is the triplet test")
    return str(replace(part, dataset=dataset_name))


def _moments_of(approach: Approach, name: Any, datasets: Mapping[str, str], where: str) -> str:
    """Return the faces whose moments numbers are to have. Raises `InputError` where no number enters the model."""
    if set(approach.columns().values()) <= {IMAGE, EMBEDDING}:
        raise InputError(f"{where}: no numbers of a data set enter {approach.name}, whose moments could be matched")
    named = _dataset_name(str(name), datasets, where)
    if read_data_name(named).faces_each > 1:
        raise InputError(f"{where}: expected faces, such as target.train, found {name}")
    return named


def _own_columns(target: str | tuple[str, ...], datasets: Mapping[str, str]) -> str | tuple[str, ...]:
    """Return a target whose columns of one data set bear that data set's own name, where a role was said."""
    if not isinstance(target, str):
        return tuple(str(_own_columns(column, datasets)) for column in target)
    dataset, column = of_dataset(target)
    return f"{datasets.get(dataset, dataset)}.{column}" if dataset else target


def _terms(approach: Approach, phase: Phase, document: dict[str, Any], where: str) -> tuple[LossTerm, ...]:
    if ("loss" in document) == ("losses" in document):
        raise InputError(f"{where}: give one of loss, as in loss: cross_entropy, and losses, a list of terms")
    if "loss" in document:
        return (_term(approach, phase, {"loss": document["loss"]}, where),)
    listed = document["losses"]
    if not isinstance(listed, list) or not listed:
        raise InputError(f"{where}.losses: expected a list of terms, as in [{{loss: cross_entropy, output: "
                         f"{approach.output}}}], found {listed!r}")
    return tuple(_term(approach, phase, term, f"{where}.losses.{number}") for number, term in enumerate(listed, 1))


def _term(approach: Approach, phase: Phase, document: Any, where: str) -> LossTerm:
    if not isinstance(document, dict) or "loss" not in document:
        raise InputError(f"{where}: expected a term with the key loss, found {document!r}")
    for key in document:
        if key not in TERM_KEYS:
            raise InputError(f"{where}: unknown key {key!r}, {nearest(str(key), TERM_KEYS)}")
    loss: Loss = choose_one(losses, document["loss"], f"{where}.loss")
    output = document.get("output", next(iter(phase.targets)))
    if output not in approach.outputs:
        raise InputError(f"{where}.output: {approach.name} has no output {output!r}: "
                         f"{nearest(str(output), approach.outputs)}")
    target = document.get("target", phase.targets.get(output))
    if target is None:
        raise InputError(f"{where}.target: the phase {phase.name!r} has no target of its own for {output!r}; name one")
    target = tuple(target) if isinstance(target, list | tuple) else target
    return build(LossTerm, {"loss": loss, "output": output, "target": target,
                            "weight": document.get("weight", loss.default_weight)}, where)


def _check_term(term: LossTerm, fit: FitSettings, emitted: set[str], where: str) -> None:
    """Raise `InputError` if a loss cannot learn from its target, as far as that is known without the faces."""
    key = f"{where}.losses" if len(fit.losses) > 1 else f"{where}.loss"
    kinds = _kinds_of(term, emitted)
    if term.loss.target_kind not in kinds:
        fitting = [name for name, kind in losses().items() if kind.target_kind in kinds]
        raise InputError(f"{key}: {term.loss.name!r} learns from {term.loss.target_kind}, and the target of "
                         f"{term.output}, {term.target_name}, is {' or '.join(kinds)}: expected {' or '.join(fitting)}")
    triplets = {read_data_name(name).faces_each == 3 for name in fit.data}
    if triplets != {"triplet" in {term_of_phase.target_name for term_of_phase in fit.losses}}:
        raise InputError(f"{where}: a loss of triplets learns from data such as source.triplets, and nothing else "
                         f"does; the data is {', '.join(fit.data)}")
    if term.loss.target_kind == "views" and fit.batch_size == 1:
        raise InputError(f"{where}.batch_size: {term.loss.name!r} distinguishes a face from the others of its batch, "
                         "and there are none in a batch of 1")


def _kinds_of(term: LossTerm, emitted: set[str]) -> tuple[TargetKind, ...]:
    """Return what a target can be: of columns and of what augmentations emit, the values alone tell which."""
    name = term.target_name
    if name in emitted:
        return ("classes", "numbers")
    if name in NO_COLUMNS:
        kinds: dict[str, tuple[TargetKind, ...]] = {
            "image": ("numbers",), "views": ("views",), "triplet": ("triplet",)}
        return kinds[name]
    if of_dataset(name)[1] == LABEL:
        return ("classes",)
    return ("classes", "numbers")
