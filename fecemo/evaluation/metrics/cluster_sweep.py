"""Clusters of one cell at several numbers of them, named at several costs: scored and stored, for Table 2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import fmean

import numpy as np

from fecemo.data.arrays import read_array, write_arrays
from fecemo.errors import StoredStateError
from fecemo.evaluation.metrics.over_seeds import (
    RightAnswers,
    SeededRecord,
    SeedFigure,
    SeedMean,
    seed_figures,
    seed_mean,
)
from fecemo.evaluation.records.stored import RecordFile
from fecemo.evaluation.settings import Resampling

ROWS_NAME, TRUTH_NAME, RIGHT_NAME = "scored_rows", "truth", "right"


@dataclass(frozen=True)
class NamedGroups:
    """Clusters of one number, named in one way."""

    labels: tuple[int, ...]  #: Labels that naming saw, by seed.
    balanced_accuracy: SeedFigure
    accuracy: SeedFigure

    @property
    def most_labels(self) -> int:
        """int: Labels that naming saw, at the most."""
        return max(self.labels)


@dataclass(frozen=True)
class SweepEntry:
    """Clusters of one number."""

    n_clusters: int
    nmi: SeedMean  #: Like `ami` and `ari` of clusters and emotions of the scored faces.
    ami: SeedMean
    ari: SeedMean
    stability: float | None  #: Mean adjusted Rand index of all pairs of seeds, on source faces; None for a single seed.
    named: dict[str, NamedGroups]  #: By the way of naming, ``"labels_per_cluster"`` and ``"majority_vote"``.


@dataclass(frozen=True)
class ClusterSweep(SeededRecord):
    """Cluster sweep of one cell."""

    source_faces: int  #: Faces that were clustered.
    per_cluster: int  #: Labelled faces of each cluster that ``"labels_per_cluster"`` asked.
    entries: tuple[SweepEntry, ...]  #: By number of clusters, in the recipe's order.

    @property
    def ways(self) -> tuple[tuple[int, str], ...]:
        """Tuple of (int, str): Every number of clusters with every way of naming, as right answers are stored."""
        return tuple((entry.n_clusters, naming) for entry in self.entries for naming in entry.named)

    def named(self, n_clusters: int, naming: str) -> NamedGroups | None:
        """Return what clusters of one number, named in one way, scored; None where they were not made."""
        return {entry.n_clusters: entry.named for entry in self.entries}.get(n_clusters, {}).get(naming)


CLUSTER_SWEEP = RecordFile("cluster_sweep.json", "fecemo.cluster_sweep/2", ClusterSweep, "cluster_sweep")


def write_cluster_sweep(folder: Path, record: ClusterSweep, rows: np.ndarray, truth: np.ndarray,
                        right: dict[tuple[int, str], np.ndarray]) -> list[str]:
    """Write ``cluster_sweep.json``, ``scored_rows.npy``, ``truth.npy`` and ``right.npy``, and return their names.

    Parameters
    ----------
    rows, truth
        As in `RightAnswers`.
    right : dict of (int, str) to ndarray of shape (s, n), bool
        By number of clusters and way of naming. They are stored as one array of shape (w, s, n), uint8.
    """
    files = write_arrays(folder, {ROWS_NAME: rows, TRUTH_NAME: truth,
                                  RIGHT_NAME: np.stack([right[way] for way in record.ways]).astype(np.uint8)})
    return [CLUSTER_SWEEP.write(folder, record), *files]


def read_cluster_sweep(folder: Path) -> tuple[ClusterSweep, dict[tuple[int, str], RightAnswers]]:
    """Read what `write_cluster_sweep` wrote.

    Raises `StoredStateError` if a file is missing, damaged or of another format, or they do not belong together.
    """
    record = CLUSTER_SWEEP.read(folder)
    rows, truth, right = (np.asarray(read_array(folder, name, "cluster_sweep", length=length)) for name, length in (
        (ROWS_NAME, record.n_scored), (TRUTH_NAME, record.n_scored), (RIGHT_NAME, len(record.ways))))
    if right.shape != (expected := (len(record.ways), len(record.seeds), record.n_scored)):
        raise StoredStateError(f"{folder / RIGHT_NAME}.npy has the shape {right.shape}, expected {expected}; run the "
                               "cluster_sweep stage again")
    return record, {way: RightAnswers(rows, truth, answers)
                    for way, answers in zip(record.ways, right.astype(bool), strict=True)}


@dataclass(frozen=True)
class SeedGroups:
    """What one seed made of the faces."""

    source_clusters: np.ndarray  #: Of all source faces: of shape (m,), int.
    clusters: np.ndarray  #: Of the scored faces: of shape (n,), int.
    answers: Mapping[str, np.ndarray]  #: The scored faces' emotions by the way of naming: each of shape (n,), str.
    labels: Mapping[str, int]  #: Labels that this way of naming saw.


def score_clusterings(n_clusters: int, seeds: Sequence[SeedGroups], truth: np.ndarray, emotions: Sequence[str],
                      resampling: Resampling) -> tuple[SweepEntry, dict[str, np.ndarray]]:
    """Score clusterings of one number of clusters.

    Parameters
    ----------
    seeds : sequence of SeedGroups
        At least one.
    truth : ndarray of shape (n,), str
        Emotions of the scored faces; n ≥ 1.

    Returns
    -------
    entry : SweepEntry
    right : dict of str to ndarray of shape (s, n), bool
        Whether each scored face was answered rightly with each seed, by the way of naming.
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score

    codes = np.array([list(emotions).index(emotion) for emotion in truth.tolist()])
    right = {naming: np.stack([groups.answers[naming] == truth for groups in seeds]) for naming in seeds[0].answers}
    named = {naming: NamedGroups(labels=tuple(groups.labels[naming] for groups in seeds), **seed_figures(
        RightAnswers(np.arange(len(truth)), codes, answers), resampling)) for naming, answers in right.items()}
    agreement = [float(adjusted_rand_score(a.source_clusters, b.source_clusters)) for a, b in combinations(seeds, 2)]
    nmi, ami, ari = (seed_mean([float(measure(truth, groups.clusters)) for groups in seeds]) for measure in (
        normalized_mutual_info_score, adjusted_mutual_info_score, adjusted_rand_score))
    return SweepEntry(n_clusters, nmi, ami, ari, fmean(agreement) if agreement else None, named), right
