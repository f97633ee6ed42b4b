"""Where everything of a run is stored. Nothing else in the library knows these names."""

from dataclasses import dataclass
from pathlib import Path

SEEDS = "seeds"
"""Folder of a run that holds a run of each further seed."""


@dataclass(frozen=True)
class RunLayout:
    """Folders and files of one run."""

    #: The run's folder, such as ``runs/demo``; or that of a further seed within it, such as ``runs/demo/seeds/7``,
    #: which reads the same faces.
    run: Path

    def of_seed(self, seed: int) -> "RunLayout":
        """Return the layout of a further seed of this run."""
        return RunLayout(self.run / SEEDS / str(seed))

    @property
    def seed(self) -> int | None:
        """The further seed whose folder this is, or None."""
        return int(self.run.name) if self.run.parent.name == SEEDS and self.run.name.isdecimal() else None

    @property
    def _faces(self) -> Path:
        return self.run if self.seed is None else self.run.parents[1]

    def drawn(self, name: str) -> Path:
        """Return the folder of what is drawn for a data set: photographs and their list, or labelled faces."""
        return self._faces / "drawn" / name

    def dataset(self, name: str) -> Path:
        """Return the folder of a data set by its own name, whatever its role in the recipe."""
        return self._faces / "datasets" / name

    def column(self, dataset: str, name: str) -> Path:
        """Return the folder of a column that a stage derived from the faces of a dataset, such as ``"aligned"``."""
        return self._faces / "columns" / dataset / name

    def model(self, approach: str, variant: str) -> Path:
        """Return the folder of trained networks: ``<network>.keras``, ``history.csv``, ``labelled_rows.npy``."""
        return self.run / "models" / approach / variant

    def outputs(self, approach: str, variant: str) -> Path:
        """Return the folder of a model's outputs: ``DATASET/OUTPUT.npy``, and the rows of their faces beside."""
        return self.run / "outputs" / approach / variant

    def clusters(self, approach: str, variant: str) -> Path:
        """Return the folder of the clustering: ``centres.npy``, ``clusters.json``, every source face's cluster."""
        return self.run / "clusters" / approach / variant

    def assigned(self, approach: str, variant: str) -> Path:
        """Return the folder of every target face's cluster: ``target_clusters.npy``, ``target_distances.npy``."""
        return self.run / "assigned" / approach / variant

    def map(self, approach: str, variant: str) -> Path:
        """Return the folder of t-SNE coordinates."""
        return self.run / "maps" / approach / variant

    @property
    def labels(self) -> Path:
        """Path: Folder of what people say: names by row, a house's vocabulary, faces that are none."""
        return self.run / "labels"

    def hand_names(self, approach: str, variant: str) -> Path:
        """Return the file of names a person gave: an input, never written by a stage."""
        return self.labels / approach / f"{variant}.json"

    def names(self, approach: str, variant: str) -> Path:
        """Return the folder of ``names.json``, the names in use, and ``sample.csv``, the labels they cost."""
        return self.run / "names" / approach / variant

    def cluster_sweep(self, approach: str, variant: str) -> Path:
        """Return the folder of ``cluster_sweep.json``: clusters at several numbers of them, named at several costs."""
        return self.run / "cluster_sweep" / approach / variant

    def cost_curve(self, approach: str, variant: str) -> Path:
        """Return the folder of ``cost_curve.json``: what a person's acts buy."""
        return self.run / "cost_curve" / approach / variant

    def triplet_test(self, approach: str, variant: str) -> Path:
        """Return the folder of ``triplets.json``, and of the embeddings of which it tells."""
        return self.run / "triplet_test" / approach / variant

    def score(self, approach: str, variant: str) -> Path:
        """Return the folder of ``score.json`` and ``predictions.csv``."""
        return self.run / "scores" / approach / variant

    @property
    def composition(self) -> Path:
        """Path: Folder of ``composition.json``: training sets with changing shares of a group."""
        return self.run / "composition"

    @property
    def tables(self) -> Path:
        """Path: Folder of the finished tables' receipt."""
        return self.run / "tables"
