"""The graph of artefacts: where each is, which stage makes it, which settings shape it, and what it is made from.

Snakemake's rules, the stages' receipts, the tables, the report and the labelling board ask this table; nothing else
decides whether what is stored is what a recipe asks for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from fecemo.clustering.cluster_sweep import NAMINGS
from fecemo.clustering.naming import find_naming_method, naming_methods
from fecemo.data.arrays import ROWS, output_file
from fecemo.data.cluster_names import labels_seen_elsewhere
from fecemo.data.draw_settings import PARAMETERS_NAME
from fecemo.data.receipts import Receipt, damage, digest_file, digest_json, plain, read_receipt, require_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.cell_metric import cell_metrics
from fecemo.evaluation.metrics.cluster_sweep import CLUSTER_SWEEP_FORMAT
from fecemo.evaluation.metrics.triplets import TRIPLET_TEST_FORMAT
from fecemo.evaluation.records.score import SCORE_FORMAT
from fecemo.study.cell import Cell, resolve
from fecemo.study.faces.columns import ALIGNED, LANDMARK_FEATURES, STAGES, eyes_digest
from fecemo.study.faces.data_names import SOURCE, TARGET, TRIPLET_TEST
from fecemo.study.faces.triplets import AGREEMENT
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

MACHINE = ("threads", "devices", "backend")
"""Keys of a receipt's config that say on what an artefact was made, and not with which settings."""
OF_ROW = " of "
"""Between an artefact's kind and another row's name, in the inputs of what is made from that row."""
DRAWN = "drawn"
"""What drawn faces are called, and the artefact that holds them before they are fetched or imported."""
SOURCE_OUTPUTS = "source_outputs"
"""What the source faces' part of a cell's outputs is called as an input."""
NAMED_FILES = ("centres.npy", "source_clusters.npy")
"""What names belong to: the clusters, and not where other faces fall among them."""
TEMPLATE_NAME = "names.template.json"
"""Beside the clusters, a file of names with every name left to give."""
HAND_INPUTS = ("hand_names", "labels_seen")
"""What names that a person gave are made from: their file, and the labels that the person saw elsewhere in the run."""


@dataclass(frozen=True)
class Artifact:
    """One artefact of a run, or a part of one.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    key : tuple of str
        Which one: row and variant of a cell, the name of a data set, or a path.
    part : str
        ``""`` for all of it; otherwise the part that is read: another part may change without making anything stale.
    optional : bool
        Whether what is made from it can also be made without it.
    """

    kind: str
    key: tuple[str, ...]
    part: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Files:
    """Files that people bring, as an input.

    Parameters
    ----------
    paths : tuple of Path
    digest : callable
        ``digest() -> str``: of what is read from them; ``""`` where there are none.
    """

    paths: tuple[Path, ...]
    digest: Callable[[], str]


@dataclass(frozen=True)
class Status:
    """Whether an artefact can be used.

    Parameters
    ----------
    state : {"missing", "stale", "current"}
        Stale is what was made with other settings than the recipe's, or from something that has been made again since,
        however far behind, and what is damaged: no longer what its stage wrote.
    why : str
        Which artefact is missing or stale and why, as one clause; ``""`` where it is current.
    advice : str
        What to do about it, as another.
    """

    state: Literal["missing", "stale", "current"]
    why: str = ""
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.why}; {self.advice}" if self.why else self.state


CURRENT = Status("current")
Config = dict[str, Any]
Inputs = dict[str, Artifact | Files]


@dataclass(frozen=True)
class Kind:
    """A kind of artefact.

    Parameters
    ----------
    folder : callable
        ``folder(layout, *key) -> Path``.
    stage : str
        The stage that makes it; ``""`` where several can.
    config : callable, optional
        ``config(cell) -> dict``: all of a recipe that shapes it, as JSON values.
    inputs : callable
        ``inputs(cell, layout, config) -> dict``: what it is made from with these settings, by its name in the receipt.
    choices : callable
        ``choices(cell) -> list of dict``: further configs that a person may have chosen in the place of the recipe's.
    role : str
        The role without which there is none, because a recipe gives it to no data set.
    """

    folder: Callable[..., Path]
    stage: str
    config: Callable[[Cell], Config] | None = None
    inputs: Callable[[Cell, RunLayout, Config], Inputs] = lambda cell, layout, config: {}
    choices: Callable[[Cell], list[Config]] = lambda cell: []
    role: str = ""

    def config_of(self, cell: Cell) -> Config:
        """Return ``config(cell)``. Raises `ValueError` for a kind that no cell has."""
        if self.config is None:
            raise ValueError(f"the stage {self.stage} makes nothing of a cell")
        return self.config(cell)


def model_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes a cell's networks."""
    return plain({"approach": cell.approach.name, "variant": cell.variant, "side": cell.side, "model": cell.model,
                  "fit": cell.fit, "seed": cell.recipe.seed, **({"frozen": cell.frozen} if cell.frozen else {})})


def outputs_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes the outputs that are stored of a cell's faces."""
    return plain({"outputs": list(cell.approach.readouts), "variant": cell.variant, "side": cell.side,
                  "roles": cell.embedded, "faces": embedded_faces(cell), "seed": cell.recipe.seed,
                  **({"tsne_output": cell.tsne_output} if cell.tsne_output else {}),
                  **({} if cell.approach.descriptor is None else
                     {"descriptor": cell.approach.descriptor, "model": cell.model})})


def embedded_faces(cell: Cell) -> int | None:
    """Return to how many source faces the phase behind the output was limited; None for all."""
    return next((fit.faces for fit in cell.fit.values() if cell.recipe.roles.source in fit.data), None)


def clusters_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes a cell's clusters."""
    return plain({"clustering": cell.recipe.clustering, "seed": cell.recipe.seed})


def map_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes a cell's map."""
    return plain({"map": cell.recipe.map, "seed": cell.recipe.seed})


def names_config(cell: Cell, method: str | None = None) -> dict[str, Any]:
    """Return what shapes the names of a cell's clusters: of the settings those alone that the method reads.

    Parameters
    ----------
    cell : Cell
    method : str, optional
        A person's choice in the place of the recipe's ``naming.method``.
    """
    settings = cell.recipe.naming
    naming = find_naming_method(method or settings.method)
    config: dict[str, Any] = {"method": naming.name, "approach": cell.row, "variant": cell.variant.name,
                              "seed": cell.recipe.seed}
    if naming.name != settings.method:
        config["instead_of"] = settings.method
    shaping: tuple[str, ...] = ("classes",) if settings.classes else ()
    if naming.by == "labels":
        shaping = (*naming.settings, "rare_class_exponent", "class_balanced")
    return plain(config | {name: getattr(settings, name) for name in shaping})


def cluster_sweep_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes a cell's clusterings at several numbers of clusters, with their names and figures."""
    recipe = cell.recipe
    return plain({
        "cluster_sweep": recipe.cluster_sweep,
        "kmeans": {name: getattr(recipe.clustering, name) for name in ("algorithm", "max_iter", "hierarchical_kmeans")},
        "naming": {name: getattr(recipe.naming, name) for name in ("sample", "rare_class_exponent", "class_balanced")},
        "namings": NAMINGS, "score_on": cell.score_on, "bootstrap": recipe.evaluation.bootstrap,
        "confidence": recipe.evaluation.confidence, "seed": recipe.seed, "recipe": recipe.name,
        "format": CLUSTER_SWEEP_FORMAT, **({"cluster_on": cell.cluster_on} if cell.cluster_on else {})})


def triplet_test_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes the test of a cell's embedding by rated triplets."""
    recipe = cell.recipe
    return outputs_config(cell) | plain({
        "roles": {TRIPLET_TEST: recipe.roles.triplet_test}, "confidence": recipe.evaluation.confidence,
        "agreement": AGREEMENT, "recipe": recipe.name, "format": TRIPLET_TEST_FORMAT})


def score_config(cell: Cell) -> dict[str, Any]:
    """Return what shapes a cell's score, with the format of every record that is written beside it."""
    recipe = cell.recipe
    formats = {"score": SCORE_FORMAT, **{name: measurement.format for name, measurement in cell_metrics().items()}}
    return plain({"evaluation": replace(recipe.evaluation, about_faces=None), "score_on": cell.score_on,
                  "seed": recipe.seed, "approach": [cell.row, recipe.title_of(cell.row)],
                  "variant": [cell.variant.name, cell.variant.title], "recipe": [recipe.name, recipe.title],
                  "formats": formats})


def tables_config(recipe: Recipe) -> dict[str, Any]:
    """Return what shapes the tables of a run and its report."""
    return plain({
        "recipe": recipe.name, "title": recipe.title, "rows": recipe.approaches, "face_side": recipe.face_side,
        "columns": recipe.variants, "seed": recipe.seed, "seeds": recipe.seeds, "cells": recipe.cells,
        "cluster_sweep": recipe.cluster_sweep, "learning": recipe.learning,
        "roles": recipe.roles.named(),
        "clustering": recipe.clustering, "map": recipe.map, "naming": recipe.naming, "evaluation": recipe.evaluation})


def about_faces(recipe: Recipe, layout: RunLayout) -> "Artifact | Files | None":
    """Return where it is written what is known of the target faces beside their labels, or None.

    It is in the file that the recipe names; without one, of drawn faces it is their true parameters.
    """
    path, target = recipe.evaluation.about_faces, recipe.role(TARGET)
    if path is not None:
        def digest() -> str:
            if not path.is_file():
                raise InputError(f"evaluation.about_faces: {path}: there is no such file")
            return digest_file(path)

        return Files((path,), digest)
    drawn = recipe.datasets[target].made == DRAWN
    return Artifact(DRAWN, (target,), part=PARAMETERS_NAME, optional=True) if drawn else None


def _dataset(name: str, kind: str = "dataset", optional: bool = False) -> Inputs:
    return {f"{kind}{OF_ROW}{name}": Artifact(kind, (name,), optional=optional)}


def _faces(datasets: Mapping[str, bool], cell: Cell) -> Inputs:
    """Return data sets, what was measured on those that ask for it, and their aligned faces where a cell sees these."""
    inputs: Inputs = {}
    for name, measured in datasets.items():
        inputs |= _dataset(name)
        inputs |= _dataset(name, LANDMARK_FEATURES) if measured else {}
        inputs |= _dataset(name, ALIGNED) if cell.faces_seen == ALIGNED else {}
    return inputs


def _of_cell(cell: Cell, *kinds: str, row: str | None = None) -> Inputs:
    return {kind: Artifact(kind, (row or cell.row, cell.variant.name)) for kind in kinds}


def _of_row_behind(cell: Cell, kind: str) -> Inputs:
    """Return the other row's artefact that a cell is made from, if it is."""
    row = cell.embeddings_from
    return {} if row is None else {kind + OF_ROW + row: Artifact(kind, (row, cell.variant.name))}


def _model_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    weights = {} if cell.pretrained is None else {"pretrained": Artifact("weights", (str(cell.pretrained),))}
    return {**weights, **_of_row_behind(cell, "outputs"), **_faces(cell.learnt_from, cell)}


def _outputs_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    return {**_of_cell(cell, "model"), **_of_row_behind(cell, "outputs"),
            **_faces(dict.fromkeys(cell.embedded.values(), cell.takes_landmarks), cell)}


def _clusters_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    return {SOURCE_OUTPUTS: Artifact("outputs", (cell.row, cell.variant.name), part=SOURCE)}


def _names_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    target = cell.recipe.roles.target
    inputs = _of_cell(cell, "clusters") if target is None else {
        **_of_cell(cell, "clusters", "assignments", "outputs"), **_dataset(target)}
    naming = find_naming_method(config["method"])
    if naming.by == "person":
        inputs |= _hand_inputs(layout, cell.row, cell.variant.name)
    if naming.by == "units":
        inputs |= _dataset(cell.recipe.role(SOURCE), LANDMARK_FEATURES)
    return inputs


def _hand_inputs(layout: RunLayout, row: str, variant: str) -> Inputs:
    used = layout.hand_names(row, variant)
    elsewhere = tuple(path for path in sorted(used.parents[1].glob("*/*.json")) if path != used)
    return {"hand_names": Files((used,), lambda: digest_file(used) if used.is_file() else ""),
            "labels_seen": Files(elsewhere, lambda: digest_json(labels_seen_elsewhere(used)))}


def _cluster_sweep_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    return {**_dataset(cell.recipe.role(TARGET)), **_of_cell(cell, "model", "outputs", row=cell.made_by)}


def _triplet_test_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    # No face that rows learn from may be tested, so that the other data sets are read too.
    tested, datasets = cell.recipe.role(TRIPLET_TEST), dict[str, Artifact | Files]()
    for name in cell.recipe.datasets:
        datasets |= _dataset(name, optional=True) if name != tested else {}
    return {**_of_cell(cell, "model"), **_of_row_behind(cell, "triplet_test"),
            **_faces({tested: cell.takes_landmarks}, cell), **datasets}


def _score_inputs(cell: Cell, layout: RunLayout, config: Config) -> Inputs:
    clustered = ("clusters", "assignments", "names") if cell.approach.predicts_by == "clusters" else ()
    about = about_faces(cell.recipe, layout)
    return {**_dataset(cell.recipe.role(TARGET)), **({} if about is None else {"about_faces": about}),
            **_of_cell(cell, "model", "outputs", *clustered)}


KINDS: dict[str, Kind] = {
    DRAWN: Kind(RunLayout.drawn, "draw"),
    "dataset": Kind(RunLayout.dataset, ""),
    LANDMARK_FEATURES: Kind(lambda layout, name: layout.column(name, LANDMARK_FEATURES), STAGES[LANDMARK_FEATURES]),
    ALIGNED: Kind(lambda layout, name: layout.column(name, ALIGNED), STAGES[ALIGNED]),
    "weights": Kind(lambda layout, path: Path(path), "convert weights"),
    "model": Kind(RunLayout.model, "train", model_config, _model_inputs),
    "outputs": Kind(RunLayout.outputs, "embed", outputs_config, _outputs_inputs),
    "clusters": Kind(RunLayout.clusters, "cluster", clusters_config, _clusters_inputs),
    "assignments": Kind(RunLayout.assigned, "cluster", lambda cell: {},
                        lambda cell, layout, config: _of_cell(cell, "clusters", "outputs"), role=TARGET),
    "map": Kind(RunLayout.map, "map", map_config, lambda cell, layout, config: _of_cell(cell, "outputs")),
    "names": Kind(RunLayout.names, "label", names_config, _names_inputs,
                  lambda cell: [names_config(cell, method) for method in naming_methods()]),
    "cluster_sweep": Kind(RunLayout.cluster_sweep, "cluster_sweep", cluster_sweep_config, _cluster_sweep_inputs,
                          role=TARGET),
    "triplet_test": Kind(RunLayout.triplet_test, "triplet_test", triplet_test_config, _triplet_test_inputs,
                         role=TRIPLET_TEST),
    "score": Kind(RunLayout.score, "evaluate", score_config, _score_inputs, role=TARGET),
    "tables": Kind(lambda layout: layout.tables, "table"),
}
"""Every kind of artefact, in the order in which they are made."""
CELL_KINDS = tuple(name for name, kind in KINDS.items() if kind.config is not None)
"""Those of a cell."""


@dataclass(frozen=True)
class Artifacts:
    """The artefacts of one run.

    Parameters
    ----------
    layout : RunLayout
    recipe : Recipe, optional
        As it is under the seed of the run. Without one, it is not known which settings an artefact should have, and
        only what it was made from is checked.
    """

    layout: RunLayout
    recipe: Recipe | None = None

    def folder(self, kind: str, *key: str) -> Path:
        """Return the folder of an artefact."""
        return KINDS[kind].folder(self.layout, *key)

    def require(self, kind: str, *key: str) -> Receipt:
        """Return the receipt of an artefact that is current.

        Raises
        ------
        StoredStateError
            If it is missing or stale; the message says why, and which stage to run.
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
                digests[name] = _digest(self.require(source.kind, *source.key), source.part)
        return digests

    def status(self, kind: str, *key: str, known: "dict[Artifact, Status] | None" = None) -> Status:
        """Return whether an artefact is missing, stale or current, and why.

        Parameters
        ----------
        kind : str
        *key : str
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
            digest = source.digest() if isinstance(source, Files) else made and _digest(made, source.part)
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
                               f"other settings than the recipe's: {_difference(other.stored, other.asked)}",
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
        if artifact.kind == ALIGNED:
            eyes: Inputs = {"eyes": Artifact(LANDMARK_FEATURES, artifact.key, "eyes")}
            # Where a face detector saw the eyes, they are columns of the dataset.
            return {"dataset": Artifact("dataset", artifact.key), **(eyes if "eyes" in receipt.inputs else {})}
        if kind.config is None:
            return {}
        if self.recipe is None:
            named = {name: self._named(name, artifact.key) for name in receipt.inputs}
            return {name: source for name, source in named.items() if source is not None}
        cell = resolve(self.recipe, *artifact.key)
        config = receipt.config if self._is_asked_for(kind, cell, receipt) else kind.config(cell)
        return kind.inputs(cell, self.layout, config)

    def _named(self, name: str, cell: tuple[str, ...]) -> Artifact | Files | None:
        """Return the artefact or files that an input of a cell's artefact names, where no recipe tells."""
        if name in HAND_INPUTS:
            return _hand_inputs(self.layout, *cell)[name]
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
        return f"run the {stage} stage {again}".rstrip() if stage else "fetch or import its faces"


def _settings(receipt: Receipt) -> Config:
    return {key: value for key, value in receipt.config.items() if key not in MACHINE}


def _digest(receipt: Receipt, part: str) -> str:
    if not part:
        return receipt.digest
    return {SOURCE: source_digest, "eyes": eyes_digest}.get(part, lambda made: made.outputs.get(part, ""))(receipt)


def source_digest(outputs: Receipt) -> str:
    """Return the digest of the source faces' outputs: all that clusters are made from.

    Clusters stay current when other target faces are embedded.
    """
    source, decisive = outputs.config["roles"][SOURCE], outputs.config["outputs"][0]
    return digest_json([outputs.outputs.get(output_file(source, name)) for name in (decisive, ROWS)])


def clustering_digest(outputs: Mapping[str, str]) -> str:
    """Return the digest that names carry: of the centres and the source faces' clusters alone.

    Names given for a clustering stay valid when other target faces are assigned to it.

    Parameters
    ----------
    outputs : mapping of str to str
        Digests of the cluster stage's files: `Receipt.outputs`.
    """
    return digest_json({name: outputs[name] for name in NAMED_FILES})


def _title(artifact: Artifact) -> str:
    """Return an artefact in words, such as ``"the model of supervised gray"``."""
    return f"the {_words(artifact.kind)}" + (f" of {' '.join(artifact.key)}" if artifact.key else "")


def _verb(artifact: Artifact, singular: str, plural: str) -> str:
    return plural if artifact.kind.endswith("s") or artifact.kind == "aligned" else singular


def _words(name: str) -> str:
    kind, of, row = name.partition(OF_ROW)
    return f"the data set {row}" if kind == "dataset" and row else kind.replace("_", " ") + of + row


def _difference(stored: Any, asked: Any, path: str = "") -> str:
    """Return the first setting in which two configs differ, in words."""
    if isinstance(stored, dict) and isinstance(asked, dict):
        for key in (*asked, *stored):
            if stored.get(key) != asked.get(key):
                return _difference(stored.get(key), asked.get(key), f"{path}.{key}" if path else key)
    return f"{path} was {_short(stored)}, is {_short(asked)}"


def _short(value: Any) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
