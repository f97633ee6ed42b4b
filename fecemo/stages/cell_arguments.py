"""The arguments of the scripts of one cell: a recipe, a run folder, an approach and a variant."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fecemo.errors import InputError
from fecemo.study.artifacts import Artifacts
from fecemo.study.cell import Cell, resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe
from fecemo.study.recipe_file import read_recipe


@dataclass(frozen=True)
class CellArguments:
    """Which cell of which run."""

    recipe: Path  #: A recipe, such as ``pipelines/recipes/demo.yaml``.
    #: The run's folder, such as ``runs/demo``; or that of a further seed of the recipe, ``runs/demo/seeds/SEED``.
    run: Path
    approach: str  #: A row of the recipe, such as ``conv_autoencoder``.
    variant: str  #: A column of the recipe: ``rgb``, ``gray``, ``tight`` or ``aligned``.

    def cell(self) -> Cell:
        """Return the resolved cell. Raises `InputError` if the recipe has none such, or only clusters of it."""
        cell = self._cell()
        if cell.made_by != cell.row:
            raise InputError(f"{self.approach} is {cell.made_by}, with fewer faces clustered: only the cluster_sweep "
                             "stage runs for it")
        return cell

    def grouped_cell(self) -> Cell:
        """Return the resolved cell of an approach that has clusters, which may be a step of fewer clustered faces."""
        return self._clustered(self._cell())

    def _cell(self) -> Cell:
        return resolve(self.study, self.approach, self.variant, where=str(self.recipe))

    @cached_property
    def study(self) -> Recipe:
        """Recipe: The recipe, under the seed of the run; of its cells only those that are asked for are resolved."""
        study, seed = read_recipe(self.recipe, check_cells=False), self.layout.seed
        return study if seed is None else study.with_seed(seed, str(self.recipe))

    @property
    def artifacts(self) -> Artifacts:
        """Artifacts: Those of the run."""
        return Artifacts(self.layout, self.study)

    def clustered_cell(self) -> Cell:
        """Return the resolved cell of an approach that has clusters. Raises `InputError` for any other."""
        return self._clustered(self.cell())

    def _clustered(self, cell: Cell) -> Cell:
        if cell.approach.predicts_by != "clusters":
            raise InputError(f"{self.approach} predicts by its own classifier: it has no clusters to name. "
                             "Go on with the evaluate stage")
        return cell

    def mapped_cell(self) -> Cell:
        """Return the resolved cell of a row that is mapped. Raises `InputError` for any other."""
        cell = self.cell()
        if cell.approach.predicts_by != "clusters" and cell.tsne_output is None:
            raise InputError(f"{self.approach} predicts by its own classifier: there is nothing to map, unless "
                             f"approaches.{self.approach}.tsne_output in the recipe names an output, such as features. "
                             "Go on with the evaluate stage")
        return cell

    @property
    def layout(self) -> RunLayout:
        """RunLayout: Where the run's files are."""
        return RunLayout(self.run)
