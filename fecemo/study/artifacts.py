"""The graph of artefacts: whether what is stored is what a recipe asks for, and if not, why.

Snakemake's rules, the stages' receipts, the tables, the report and the labelling board ask `Artifacts`; nothing else
decides whether an artefact is missing, stale or current. `fecemo.study.artifact_kinds` is the table that it reads.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from fecemo.clustering.naming import naming_methods
from fecemo.data.receipts import Receipt, damage, read_receipt, require_receipt
from fecemo.data.variants import MADE_FACES
from fecemo.errors import StoredStateError
from fecemo.study.artifact_kinds import (
    CELL_KINDS,
    DRAWN,
    HAND_INPUTS,
    KINDS,
    MACHINE,
    NOT_FACES,
    OF_ROW,
    SOURCE_OUTPUTS,
    VOCABULARY,
    Artifact,
    Config,
    Files,
    Inputs,
    Kind,
    hand_inputs,
    inputs_in_place_of_suggestions,
    not_faces_inputs,
    part_digest,
    vocabulary_inputs,
)
from fecemo.study.cell import Cell, resolve
from fecemo.study.faces.columns import LANDMARK_FEATURES, STAGES
from fecemo.study.faces.data_names import SOURCE
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

TEMPLATE_NAME = "names.template.json"
"""Beside the clusters, a file of names with every name left to give."""


@dataclass(frozen=True)
class Status:
    """Whether an artefact can be used."""

    #: Stale is what was made with other settings than the recipe's, or from something that has been made again since,
    #: however far behind, and what is damaged: no longer what its stage wrote.
    state: Literal["missing", "stale", "current"]
    why: str = ""  #: Which artefact is missing or stale and why, as one clause; ``""`` where it is current.
    advice: str = ""  #: What to do about it, as another.

    def __str__(self) -> str:
        return f"{self.why}; {self.advice}" if self.why else self.state


CURRENT = Status("current")


@dataclass(frozen=True)
class Artifacts:
    """The artefacts of one run."""

    layout: RunLayout
    #: As it is under the seed of the run. Without one, it is not known which settings an artefact should have, and only
    #: what it was made from is checked.
    recipe: Recipe | None = None

    def folder(self, kind: str, *key: str) -> Path:
        """Return the folder of an artefact."""
        return KINDS[kind].folder(self.layout, *key)

    def require(self, kind: str, *key: str) -> Receipt:
        """Return the receipt of an artefact that is current.

        Raises `StoredStateError` if it is missing or stale; the message says why, and which stage to run.
        """
        status = self.status(kind, *key)
        if status.state == "stale":
            raise StoredStateError(f"{self.folder(kind, *key)}: {status}")
        receipt = self._receipt(kind, key)
        if receipt is None:
            first = self._first_missing(Artifact(kind, key))
            return require_receipt(self.folder(first.kind, *first.key), KINDS[first.kind].stage or "fetch or import")
        return receipt

    def digests(self, inputs: Inputs) -> dict[str, str]:
        """Return the digests of inputs by name.

        Raises
        ------
        StoredStateError
            If one of them is missing or stale.
        InputError
            If a file that the recipe names is not there.
        """
        digests = {}
        for name, source in inputs.items():
            if isinstance(source, Files):
                digests[name] = source.digest()
            elif not source.optional or self._receipt(source.kind, source.key) is not None:
                digests[name] = part_digest(self.require(source.kind, *source.key), source.part)
        return digests

    def status(self, kind: str, *key: str, known: "dict[Artifact, Status] | None" = None) -> Status:
        """Return whether an artefact is missing, stale or current, and why.

        Parameters
        ----------
        known : dict of Artifact to Status, optional
            Keeps what was looked at, for the next call.
        """
        return self._status(Artifact(kind, key), {} if known is None else known)

    def _status(self, artifact: Artifact, known: dict[Artifact, Status]) -> Status:
        whole = replace(artifact, part="", optional=False)
        if whole not in known:
            known[whole] = self._new_status(whole, known)
        return known[whole]

    def _new_status(self, artifact: Artifact, known: dict[Artifact, Status]) -> Status:
        role = KINDS[artifact.kind].role
        if role and self.recipe is not None and role not in self.recipe.roles.named():
            return Status("missing", f"the recipe gives no data set the role {role}", f"add {role}: NAME to its roles")
        try:
            receipt = self._receipt(artifact.kind, artifact.key)
        except StoredStateError as error:
            return self._damaged(artifact, str(error))
        if receipt is None:
            first = self._first_missing(artifact)
            return Status("missing", f"{_title(first)} {_verb(first, 'is', 'are')} missing", self._advice(first))
        inputs = self._inputs(artifact, receipt)
        for source in inputs.values():  # what is farthest behind is to be made again first
            if isinstance(source, Artifact) and (below := self._status(source, known)).state == "stale":
                return below
        if (words := damage(self.folder(artifact.kind, *artifact.key), receipt)) is not None:
            return self._damaged(artifact, words)
        if artifact.kind in ("dataset", DRAWN) and (status := self._dataset_settings(artifact)) is not None:
            return status
        if (words := self._other_settings(artifact, receipt)) is not None:
            return self._stale(artifact, words)
        for name, source in inputs.items():
            made = None if isinstance(source, Files) else self._receipt(source.kind, source.key)
            if isinstance(source, Artifact) and made is None and (source.optional or name in receipt.inputs):
                continue  # what it was made from may be gone since
            digest = source.digest() if isinstance(source, Files) else made and part_digest(made, source.part)
            if receipt.inputs.get(name) != digest:
                before = "from a previous version of" if name in receipt.inputs else "without"
                return self._stale(artifact, f"{before} {_words(name)}")
        return CURRENT

    def _first_missing(self, artifact: Artifact) -> Artifact:
        """Return what is missing farthest behind a missing artefact: the artefact itself, or what it is made from."""
        if self.recipe is not None and artifact.kind in CELL_KINDS:
            cell, kind = resolve(self.recipe, *artifact.key), KINDS[artifact.kind]
            for source in kind.inputs(cell, self.layout, kind.config_of(cell)).values():
                if isinstance(source, Artifact) and source.kind in CELL_KINDS and self._is_missing(source):
                    return self._first_missing(source)
        return artifact

    def _is_missing(self, artifact: Artifact) -> bool:
        """Tell whether an artefact has no receipt; one that cannot be read is damaged, and is not missing."""
        try:
            return self._receipt(artifact.kind, artifact.key) is None
        except StoredStateError:
            return False

    def _stale(self, artifact: Artifact, words: str) -> Status:
        return Status("stale", f"{_title(artifact)} {_verb(artifact, 'was', 'were')} made {words}",
                      self._advice(artifact, "again"))

    def _damaged(self, artifact: Artifact, words: str) -> Status:
        return Status("stale", f"{_title(artifact)} {_verb(artifact, 'is', 'are')} damaged: {words}",
                      self._advice(artifact, "again"))

    def _receipt(self, kind: str, key: tuple[str, ...]) -> Receipt | None:
        folder, stage = self.folder(kind, *key), KINDS[kind].stage
        receipt = read_receipt(folder)
        return receipt if receipt is None or not stage else require_receipt(folder, stage)

    def _other_settings(self, artifact: Artifact, receipt: Receipt) -> str | None:
        """Return with what an artefact was made that the recipe does not have, in words."""
        kind = KINDS[artifact.kind]
        if kind.config is None or self.recipe is None:
            return None
        cell = resolve(self.recipe, *artifact.key)
        if not self._is_asked_for(kind, cell, receipt):
            return f"with other settings than the recipe's: {_difference(_settings(receipt), kind.config(cell))}"
        surplus = sorted(set(receipt.inputs) - set(self._inputs(artifact, receipt)))
        return f"from {_words(surplus[0])}, which the recipe does not name" if surplus else None

    def _dataset_settings(self, artifact: Artifact) -> Status | None:
        """Return as stale a data set, or what was drawn for it, that was made with other settings than the recipe's."""
        dataset = None if self.recipe is None else self.recipe.datasets.get(artifact.key[0])
        folder = self.folder(DRAWN, *artifact.key) if artifact.kind == DRAWN else None
        other = None if dataset is None else dataset.other_settings(artifact.key[0], self.layout, folder)
        title = "the drawn pictures of" if artifact.kind == DRAWN else "the data set"
        if other is None:
            return None
        return Status("stale", f"{title} {artifact.key[0]} {'were' if artifact.kind == DRAWN else 'was'} made with "
                               f"other settings than the recipe's: {_difference(other.stored, other.current)}",
                      f"run the {other.stage} stage again")

    @staticmethod
    def _is_asked_for(kind: Kind, cell: Cell, receipt: Receipt) -> bool:
        """Return whether an artefact has the recipe's settings, or those that a person chose in their place."""
        return _settings(receipt) == kind.config_of(cell) or _settings(receipt) in kind.choices(cell)

    def _inputs(self, artifact: Artifact, receipt: Receipt) -> Inputs:
        """Return from what a stored artefact would be made now."""
        kind = KINDS[artifact.kind]
        if artifact.kind == LANDMARK_FEATURES:
            return {"dataset": Artifact("dataset", artifact.key)}
        if artifact.kind in MADE_FACES:
            eyes: Inputs = {"eyes": Artifact(LANDMARK_FEATURES, artifact.key, "eyes")}
            # Where a face detector saw the eyes, they are columns of the dataset.
            return {"dataset": Artifact("dataset", artifact.key), **(eyes if "eyes" in receipt.inputs else {})}
        if artifact.kind == "dataset" and self.recipe is not None and artifact.key[0] in self.recipe.datasets:
            parent = self.recipe.datasets[artifact.key[0]].parent
            return {"dataset": Artifact("dataset", (parent,))} if parent else {}
        if kind.config is None:
            return {}
        if self.recipe is None:
            named = {name: self._named(name, artifact.key) for name in receipt.inputs}
            if artifact.kind == "names" and naming_methods.find(receipt.config["method"]).by == "suggestion":
                named |= inputs_in_place_of_suggestions(self.layout, *artifact.key)
            return {name: source for name, source in named.items() if source is not None}
        cell = resolve(self.recipe, *artifact.key)
        config = receipt.config if self._is_asked_for(kind, cell, receipt) else kind.config(cell)
        return kind.inputs(cell, self.layout, config)

    def _named(self, name: str, cell: tuple[str, ...]) -> Artifact | Files | None:
        """Return the artefact or files that an input of a cell's artefact names, where there is no recipe."""
        if name in HAND_INPUTS:
            return hand_inputs(self.layout, *cell)[name]
        if name == NOT_FACES:
            return not_faces_inputs(self.layout).get(name, Files((), str))
        if name == VOCABULARY:
            return vocabulary_inputs(self.layout).get(name, Files((), str))
        kind, _, row = name.partition(OF_ROW)
        if kind in CELL_KINDS:
            return Artifact(kind, (row or cell[0], cell[1]))
        if name == SOURCE_OUTPUTS:
            return Artifact("outputs", cell, part=SOURCE)
        return Artifact(kind, (row,)) if kind in ("dataset", *STAGES) else None

    def _advice(self, artifact: Artifact, again: str = "") -> str:
        if artifact.kind == "names" and self.recipe is not None and self.recipe.naming.method == "hand":
            names = self.layout.hand_names(*artifact.key)
            if not names.exists():
                return (f"name its clusters in notebooks/label_clusters.ipynb, or in a copy of "
                        f"{self.layout.clusters(*artifact.key) / TEMPLATE_NAME} at {names}")
        stage = KINDS[artifact.kind].stage
        if artifact.kind == "names" and self.recipe is None:
            return f"run the workflow again (of an archive: `make archive`), or the {stage} stage"
        return f"run the {stage} stage {again}".rstrip() if stage else "fetch or import its faces"


def _settings(receipt: Receipt) -> Config:
    return {key: value for key, value in receipt.config.items() if key not in MACHINE}


def _title(artifact: Artifact) -> str:
    """Return an artefact in words, such as ``"the model of supervised gray"``."""
    return f"the {_words(artifact.kind)}" + (f" of {' '.join(artifact.key)}" if artifact.key else "")


def _verb(artifact: Artifact, singular: str, plural: str) -> str:
    return plural if artifact.kind.endswith("s") or artifact.kind in MADE_FACES else singular


def _words(name: str) -> str:
    kind, of, row = name.partition(OF_ROW)
    return f"the data set {row}" if kind == "dataset" and row else kind.replace("_", " ") + of + row


def _difference(stored: Any, current: Any, path: str = "") -> str:
    """Return the first setting in which two configs differ, in words."""
    if isinstance(stored, dict) and isinstance(current, dict):
        for key in (*current, *stored):
            if stored.get(key) != current.get(key):
                return _difference(stored.get(key), current.get(key), f"{path}.{key}" if path else key)
    return f"{path} was {_short(stored)}, is {_short(current)}"


def _short(value: Any) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
