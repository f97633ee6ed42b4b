"""Clusters of one cell at several numbers of them, named at several costs: the record behind its row of Table 2."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.arrays import read_array, write_arrays
from fecemo.errors import StoredStateError
from fecemo.evaluation.records.score_parts import Chance
from fecemo.evaluation.records.stored import read_stored, write_stored

CLUSTER_SWEEP_FORMAT = "fecemo.cluster_sweep/1"
CLUSTER_SWEEP_NAME = "cluster_sweep.json"
ROWS_NAME, TRUTH_NAME, RIGHT_NAME = "scored_rows", "truth", "right"


@dataclass(frozen=True)
class SeedMean:
    """A figure over seeds.

    Parameters
    ----------
    mean : float
    deviation : float or None
        Standard deviation of a sample (n − 1); None for a single seed.
    """

    mean: float
    deviation: float | None


@dataclass(frozen=True)
class SeedFigure(SeedMean):
    """A figure over seeds with its interval.

    Parameters
    ----------
    low, high : float
        Bootstrap interval of the mean, over the scored faces and over the seeds, of which there are few: see
        `fecemo.evaluation.metrics.over_seeds`.
    """

    low: float
    high: float


@dataclass(frozen=True)
class NamedGroups:
    """Clusters of one number, named in one way.

    Parameters
    ----------
    labels : tuple of int
        Labels that naming saw, by seed.
    balanced_accuracy, accuracy : SeedFigure
    """

    labels: tuple[int, ...]
    balanced_accuracy: SeedFigure
    accuracy: SeedFigure

    @property
    def most_labels(self) -> int:
        """int: Labels that naming saw, at the most."""
        return max(self.labels)


@dataclass(frozen=True)
class SweepEntry:
    """Clusters of one number.

    Parameters
    ----------
    n_clusters : int
    nmi, ami, ari : SeedMean
        Normalised and adjusted mutual information, and adjusted Rand index, of clusters and emotions of the scored
        faces.
    stability : float or None
        Mean adjusted Rand index of all pairs of the seeds' clusterings of the source faces; None for a single seed.
    named : dict of str to NamedGroups
        By the way of naming, ``"labels_per_cluster"`` and ``"majority_vote"``.
    """

    n_clusters: int
    nmi: SeedMean
    ami: SeedMean
    ari: SeedMean
    stability: float | None
    named: dict[str, NamedGroups]


@dataclass(frozen=True)
class ClusterSweep:
    """Cluster sweep of one cell.

    Parameters
    ----------
    approach, variant, recipe : str
        The cell, and the study that it belongs to.
    emotions : tuple of str
    source_faces : int
        Faces that were clustered.
    score_on : {"test", "unused_labels"}
    n_scored : int
        Scored faces. None of them named anything, with any seed.
    scored_faces : str
        Digest of their rows and true emotions: equal where two cells were scored on the same ones.
    labels_training : int
        Labels from which the cell's networks learned, or by which their settings were chosen.
    per_cluster : int
        Labelled faces of each cluster that ``"labels_per_cluster"`` asked.
    seeds : tuple of int
    confidence : float
        Coverage of the intervals, such as 0.95.
    bootstrap : int
        Resamples behind them.
    chance : Chance
    entries : tuple of SweepEntry
        By number of clusters, in the recipe's order.
    """

    approach: str
    variant: str
    recipe: str
    emotions: tuple[str, ...]
    source_faces: int
    score_on: str
    n_scored: int
    scored_faces: str
    labels_training: int
    per_cluster: int
    seeds: tuple[int, ...]
    confidence: float
    bootstrap: int
    chance: Chance
    entries: tuple[SweepEntry, ...]

    def named(self, n_clusters: int, naming: str) -> NamedGroups | None:
        """Return what clusters of one number, named in one way, scored; None where they were not made."""
        found = next((one for one in self.entries if one.n_clusters == n_clusters), None)
        return None if found is None else found.named.get(naming)


@dataclass(frozen=True)
class RightAnswers:
    """Which scored faces were answered rightly: what makes two rows comparable face by face.

    Parameters
    ----------
    rows : ndarray of shape (n,), int64
        Rows of the target pack, ascending.
    truth : ndarray of shape (n,), int64
        Their emotions, as positions in the record's.
    right : ndarray of shape (s, n), bool
        A line a seed.
    """

    rows: np.ndarray
    truth: np.ndarray
    right: np.ndarray


Ways = tuple[tuple[int, str], ...]


def ways_of(record: ClusterSweep) -> Ways:
    """Return every number of clusters with every way of naming, in the order in which right answers are stored."""
    return tuple((one.n_clusters, naming) for one in record.entries for naming in one.named)


def write_cluster_sweep(folder: Path, record: ClusterSweep, rows: np.ndarray, truth: np.ndarray,
                    right: dict[tuple[int, str], np.ndarray]) -> list[str]:
    """Write ``cluster_sweep.json``, ``scored_rows.npy``, ``truth.npy`` and ``right.npy``, and return their names.

    Parameters
    ----------
    folder : Path
    record : ClusterSweep
    rows, truth
        As in `RightAnswers`.
    right : dict of (int, str) to ndarray of shape (s, n), bool
        By number of clusters and way of naming. They are stored as one array of shape (w, s, n), uint8.
    """
    files = write_arrays(folder, {ROWS_NAME: rows, TRUTH_NAME: truth,
                                  RIGHT_NAME: np.stack([right[way] for way in ways_of(record)]).astype(np.uint8)})
    write_stored(folder / CLUSTER_SWEEP_NAME, CLUSTER_SWEEP_FORMAT, record)
    return [CLUSTER_SWEEP_NAME, *files]


def read_cluster_sweep(folder: Path) -> tuple[ClusterSweep, dict[tuple[int, str], RightAnswers]]:
    """Read what `write_cluster_sweep` wrote.

    Raises
    ------
    StoredStateError
        If a file is missing, damaged or of another format, or they do not belong together.
    """
    record = read_stored(folder / CLUSTER_SWEEP_NAME, CLUSTER_SWEEP_FORMAT, ClusterSweep, "cluster_sweep")
    ways = ways_of(record)
    rows = np.asarray(read_array(folder, ROWS_NAME, "cluster_sweep", length=record.n_scored))
    truth = np.asarray(read_array(folder, TRUTH_NAME, "cluster_sweep", length=record.n_scored))
    right = np.asarray(read_array(folder, RIGHT_NAME, "cluster_sweep", length=len(ways))).astype(bool)
    if right.shape != (expected := (len(ways), len(record.seeds), record.n_scored)):
        raise StoredStateError(f"{folder / RIGHT_NAME}.npy has the shape {right.shape}, expected {expected}; run the "
                               "cluster_sweep stage again")
    return record, {way: RightAnswers(rows, truth, its) for way, its in zip(ways, right, strict=True)}
