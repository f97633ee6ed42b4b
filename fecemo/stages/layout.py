"""Where everything of a run stands. Nothing else in the library knows these names."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunLayout:
    """Folders and files of one run.

    Parameters
    ----------
    run : Path
        The run's folder, such as ``runs/demo``.
    """

    run: Path

    @property
    def drawn(self) -> Path:
        """Path: Drawn photographs, their list of faces, and drawn labelled faces."""
        return self.run / "drawn"

    @property
    def source(self) -> Path:
        """Path: Face pack of unlabelled faces."""
        return self.run / "packs" / "source"

    @property
    def target(self) -> Path:
        """Path: Face pack of labelled faces."""
        return self.run / "packs" / "target"

    def model(self, approach: str, variant: str) -> Path:
        """Return the folder of trained networks: ``<network>.keras``, ``history.csv``, ``labelled_rows.npy``."""
        return self.run / "models" / approach / variant

    def embeddings(self, approach: str, variant: str) -> Path:
        """Return the folder of face arrays ``source`` and ``target``: embeddings, or class probabilities."""
        return self.run / "embeddings" / approach / variant

    def clusters(self, approach: str, variant: str) -> Path:
        """Return the folder of ``centres.npy`` and every face's cluster."""
        return self.run / "clusters" / approach / variant

    def map(self, approach: str, variant: str) -> Path:
        """Return the folder of t-SNE coordinates."""
        return self.run / "maps" / approach / variant

    def hand_names(self, approach: str, variant: str) -> Path:
        """Return the file of names a person gave: an input, never written by a stage."""
        return self.run / "labels" / approach / f"{variant}.json"

    def names(self, approach: str, variant: str) -> Path:
        """Return the folder of ``names.json``, the names in use, and ``sample.csv``, the labels they cost."""
        return self.run / "names" / approach / variant

    def score(self, approach: str, variant: str) -> Path:
        """Return the folder of ``score.json`` and ``predictions.csv``."""
        return self.run / "scores" / approach / variant

    @property
    def tables(self) -> Path:
        """Path: Folder of the finished tables' receipt."""
        return self.run / "tables"
