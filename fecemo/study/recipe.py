"""A recipe: the whole study as data. Nothing in the code enumerates approaches, variants or cells."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from fecemo.clustering.naming import naming_methods
from fecemo.clustering.settings import (
    ClusterSweepSettings,
    CostCurveSettings,
    KMeansSettings,
    MapSettings,
    NamingSettings,
)
from fecemo.data.documents import build, require_name
from fecemo.data.model_files import COMMAND, locate_model
from fecemo.data.receipts import RECEIPT_NAME
from fecemo.data.variants import CUT, FACE_SIDE, Variant, variants
from fecemo.errors import InputError, nearest
from fecemo.evaluation.settings import PROBE, ComposeSettings, EvaluationSettings
from fecemo.imaging.landmarks.framings import FRAMINGS
from fecemo.machine import install_command
from fecemo.models.approach import Approach, approaches
from fecemo.study.datasets import DatasetRecipe, Roles, refuse_roles
from fecemo.study.faces.data_names import measured
from fecemo.study.rows import ApproachRecipe, LearningStep, learning_steps

MAX_SEED = 1 << 32
"""No library takes a larger seed."""


@dataclass(frozen=True)
class Recipe:
    """A study."""

    name: str  #: Of its run's folder, and in every record, so that two recipes never share a run.
    title: str  #: Heading of tables and report.
    #: Data sets by name, and how each is made: ``NAME: {fetch: {...}}``, ``NAME: {import: {...}}``, ``NAME: {draw:
    #: {...}}`` or ``NAME: {synthesize: {...}}``. A phase names those from which it learns in its ``data``, by name or
    #: by role, such as ``data: [target.train, rated]``. Labels of drawn and synthetic faces are never counted as labels
    #: of people; those of the people of whom synthetic ones are made are.
    datasets: dict[str, DatasetRecipe]
    roles: Roles  #: Which of them is what: ``{source: NAME, target: NAME}``.
    approaches: dict[str, ApproachRecipe]  #: Rows of the table, in order.
    variants: tuple[str, ...] = ("rgb", "gray", "tight")  #: Columns of the table, in order.
    seed: int = 0  #: Of everything random.
    #: Further seeds: the study runs again with each of them, on the same faces and splits, in ``seeds/SEED`` of the
    #: run's folder. The table then shows mean and spread.
    seeds: tuple[int, ...] = ()
    #: What is known of the faces of a data set, by its name: the name of a statement that comes with fecemo, such as
    #: ``"fec"``, or the path of one's own. It is shown in the report's data card.
    data: dict[str, str] = field(default_factory=dict)
    #: Side, in pixels, to which a whole 200-pixel face is reduced before it enters a network; other variants in
    #: proportion. 200 reduces nothing.
    face_side: int = FACE_SIDE
    #: Cores of one training. Fixed, it makes figures equal on machines of any number of cores; None gives each training
    #: the whole machine.
    threads: int | None = None
    #: Devices of one training, which share each batch out: data parallel, with the backend JAX alone. None takes every
    #: accelerator that the backend sees.
    devices: int | None = None
    #: Google's ``face_landmarker.task``, by which faces are measured for the rows that need it: a file, or the name of
    #: one that ``00_models.py`` has fetched. While it is not there, they wait for it.
    landmark_model: Path = Path("face_landmarker.task")
    #: Figures of others that are shown beside: a file of ``data_manifests/published``, such as ``"table1"``.
    published: str = ""
    #: Figures of others, of other faces, that are printed beneath Table 2 in a block of their own: likewise a file.
    references: str = "table2"
    #: `clustering`, `map`, `naming`, `evaluation`: Settings of the later stages.
    clustering: KMeansSettings = field(default_factory=KMeansSettings)
    map: MapSettings = field(default_factory=MapSettings)
    naming: NamingSettings = field(default_factory=NamingSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    #: Whether a finished run's model and clusters stay when faces join the source, so that the names that people gave
    #: stay valid: an archive grows. Without it, clusters are made anew. For recipes without a target.
    keep_groups: bool = False
    #: Clusters at several numbers of them, named at several costs: asks for Table 2.
    cluster_sweep: ClusterSweepSettings | None = None
    #: What a person's acts buy: balanced accuracy of every clustered row against clusters named and faces labelled.
    cost_curve: CostCurveSettings | None = None
    #: The composition study on the target: training sets of one size with changing shares of a group. Its figure is in
    #: the report.
    compose: ComposeSettings | None = None
    #: Learning curves, printed beneath Table 2: by row, which setting has less, and how much. A phase's ``faces``,
    #: ``label_fraction`` or ``epochs``, as in ``small_resnet: {classify.faces: [600, 2400]}``, is trained with less; of
    #: ``cluster_on: [500, 2000]`` faces only the clusters are made anew. ``variants`` names the variants, where these
    #: are not all of the row's. The row itself is the last point of each curve.
    learning: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_name(self.name, "name:")
        for row in self.approaches:
            require_name(row, "approaches:")
        refuse_roles(self.roles, self.datasets)
        for name in self.data:
            if name not in self.datasets:
                raise ValueError(f"data: there is no data set {name!r}: {nearest(name, self.datasets)}")
        for seed in (self.seed, *self.seeds):
            if not 0 <= seed < MAX_SEED:
                raise ValueError(f"a seed is from 0 to {MAX_SEED - 1}, not {seed}")
        if not 1 <= self.face_side <= FACE_SIDE:
            raise ValueError(f"face_side must be 1 to {FACE_SIDE} pixels, not {self.face_side}")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}")
        if self.devices is not None and self.devices < 1:
            raise ValueError(f"devices must be at least 1, not {self.devices}")
        if len({self.seed, *self.seeds}) <= len(self.seeds):
            raise ValueError(f"seeds must differ from each other and from seed {self.seed}, not {self.seeds}")
        levels = self.clustering.hierarchical_kmeans
        if self.cluster_sweep and levels and levels[-1] < max(self.cluster_sweep.n_clusters):
            raise ValueError(f"clustering.hierarchical_kmeans: {levels[-1]} small clusters are fewer than the "
                             f"{max(self.cluster_sweep.n_clusters)} of cluster_sweep.n_clusters")
        if self.learning and self.cluster_sweep is None:
            raise ValueError("learning curves are printed beneath Table 2: give cluster_sweep too")
        if self.roles.triplet_test and self.cluster_sweep is None:
            raise ValueError("roles.triplet_test: the triplet test is a column of Table 2: give cluster_sweep too")
        if self.roles.target is not None and self.keep_groups:
            raise ValueError("keep_groups: where a target has a role, scores are of clusters of all its faces")
        if self.roles.target is not None and self.naming.classes:
            raise ValueError("naming.classes: where a target has a role, clusters are named by its classes")
        if "drawn" in naming_methods.find(self.naming.method).settings or self.naming.drawn:
            self._require_drawn(self.naming.drawn)
        if self.roles.target is None:
            for key in ("cluster_sweep", "cost_curve", "compose"):
                if getattr(self, key) is not None:
                    raise ValueError(f"{key}: scores need labelled faces: name a target in roles")
            if naming_methods.find(self.naming.method).draw is not None:
                raise ValueError(f"naming.method: {self.naming.method} needs labelled faces: name a target in roles, "
                                 "or give naming: {method: hand}")
        if self.compose is not None and self.compose.learner not in (PROBE, *self.approaches):
            raise ValueError(f"compose.learner: {self.compose.learner!r} is no row of the recipe: "
                             f"{nearest(self.compose.learner, (PROBE, *self.approaches))}")
        for name in ("approaches", "variants"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty: there is no cell to fill")

    def _require_drawn(self, name: str) -> None:
        """Refuse other faces than drawn, labelled ones as those from which names are suggested."""
        if name not in self.datasets:
            raise ValueError(f"naming.drawn: {name!r} is no data set of the recipe: {nearest(name, self.datasets)}; "
                             "add one of drawn faces: {NAME: {draw: {faces_per_class: 192}}}")
        way = self.datasets[name].way
        if way.made != "drawn" or not way.has_labels(self.datasets[name].settings):
            held = {"drawn": "faces without labels", "": "faces of people"}.get(way.made, f"{way.made} faces")
            raise ValueError(f"naming.drawn: {name} holds {held}; "
                             "expected drawn, labelled faces: {draw: {faces_per_class: 192}}")

    def role(self, name: str) -> str:
        """Return the data set that has a role. Raises `InputError` where none has."""
        datasets = self.roles.named()
        if name not in datasets:
            raise InputError(f"the recipe {self.name} gives no data set the role {name!r}: add {name}: NAME to its "
                             "roles")
        return datasets[name]

    @property
    def dataset_names(self) -> dict[str, str]:
        """Dict of str to str: Data sets by all that a recipe may call them: their names, and their roles."""
        return {**{name: name for name in self.datasets}, **self.roles.named()}

    def with_seed(self, seed: int, where: str) -> "Recipe":
        """Return the recipe as it is under one of its further seeds. Raises `InputError` if it has none such."""
        if seed not in self.seeds:
            known = ", ".join(map(str, self.seeds)) or "none"
            raise InputError(f"{where}: {seed} is none of this recipe's further seeds; they are: {known}")
        return replace(self, seed=seed, seeds=())

    @property
    def cells(self) -> list[tuple[str, str]]:
        """List of (str, str): Row and variant of every cell that runs, in the order of the table."""
        return self._cells(self.approaches)

    @property
    def step_cells(self) -> list[tuple[str, str]]:
        """List of (str, str): Name and variant of every step of the learning curves."""
        return self._cells(self.steps)

    def _cells(self, rows: Iterable[str]) -> list[tuple[str, str]]:
        return [(row, variant) for row in rows for variant in self.variants
                if not (limited := self.settings_of(row).variants) or variant in limited]

    @cached_property
    def resolved(self) -> dict[tuple[str, str], Any]:
        """Dict: Cells that this process has resolved, by row and variant; see `fecemo.study.cell.resolve`."""
        return {}

    @cached_property
    def steps(self) -> dict[str, LearningStep]:
        """Dict of str to LearningStep: Steps of the learning curves by name."""
        return learning_steps(self.learning)

    def settings_of(self, row: str) -> ApproachRecipe:
        """Return what the recipe says of a row; of a step, what it says of the step's row, apart from where it runs."""
        if row in self.approaches:
            return self.approaches[row]
        step = self.steps[row]
        settings = self.approaches[step.row]
        return replace(settings, approach=settings.approach or step.row,
                       variants=tuple(self.learning[step.row].get("variants", settings.variants)))

    def approach_of(self, row: str) -> Approach:
        """Return the approach of a row. Raises `InputError` for an unknown one, naming the nearest."""
        return approaches.find(self.settings_of(row).approach or row)

    def title_of(self, row: str) -> str:
        """Return the heading of a row."""
        title, step = self.settings_of(row).title or self.approach_of(row).title, self.steps.get(row)
        return title if step is None else f"{title}, {step.key} {step.value}"

    def rows_behind(self, row: str, variant: str | None = None) -> dict[str, str]:
        """Return the rows of whose outputs a row is made, by the columns that hold these."""
        settings, approach = self.settings_of(row), self.approach_of(row)
        sizes = {**settings.model, **settings.overrides.get(variant or "", {}).get("model", {})}
        return approach.rows_behind(build(approach.config, sizes, f"approaches.{row}.model"), settings.embeddings_from)

    def waits_for(self, row: str, variant: str | None = None) -> str | None:
        """Return what a row waits for, in words, or None where it can run: on any variant, or on this one."""
        approach, folder = self.approach_of(row), self.settings_of(row).pretrained
        for behind in self.rows_behind(row, variant).values():
            if (waiting := self.waits_for(behind, variant)) is not None:
                return f"waits for the row {behind}, which {waiting}"
        seen = CUT if variant is None else faces_seen(approach, variants.find(variant))
        by_landmarks = seen != CUT and (FRAMINGS[seen].by_mouth or not all(
            dataset.way.has_eyes for dataset in self.datasets.values()))
        suggested = naming_methods.find(self.naming.method).by == "suggestion" and approach.predicts_by == "clusters"
        if (measured(approach) or by_landmarks or suggested) and not locate_model(self.landmark_model).is_file():
            return (f"waits for a face landmark model in {self.landmark_model}: run `make models`, or "
                    f"{COMMAND} and {install_command('landmarks')}")
        if folder is None or (folder / RECEIPT_NAME).exists():
            return None
        return (f"waits for pre-trained weights in {folder}: fetch them where their makers publish them, then run "
                f"pipelines/12_convert_weights.py --weights FILE --trained-on NAME "
                f"--approach {self.approach_of(row).name} --out {folder}")


def faces_seen(approach: Approach, variant: Variant) -> str:
    """Return the stored faces that an approach's networks see on a variant: the data set's where it takes no pixels."""
    return variant.faces if approach.takes_image else CUT
