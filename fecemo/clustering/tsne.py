"""The t-SNE map: source faces by openTSNE, target faces placed into the finished map."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fecemo.clustering.kmeans import assign
from fecemo.clustering.principal_axes import fit_principal_axes
from fecemo.clustering.settings import MapSettings
from fecemo.clustering.vectors import n_threads, require_finite
from fecemo.errors import InputError, StoredStateError
from fecemo.progress import progress

EARLY_EXAGGERATION, EARLY_ITERATIONS, EARLY_MOMENTUM = 12, 125, 0.8
WIDENING_MOMENTUM = 0.95
"""Of the iterations in which the map grows to its width: many times as quick as with the usual 0.8."""
LAST_MOMENTUM = 0.8
COARSE_BOX = 2
"""Side of the boxes of the FFT while the map grows, in units of the map; 1 is openTSNE's own."""
THETA = 0.8
"""Barnes-Hut takes a cell of faces for one where it is seen under a smaller angle; 0.5 is openTSNE's own."""
BARNES_HUT_UP_TO = 3000
"""Faces up to which Barnes-Hut is the quicker throughout; ``benchmarks/forces.py`` measures it."""
LAST_BY_BARNES_HUT_UP_TO = 40_000
"""Faces up to which it is the quicker in the end, when an FFT in fine boxes has a wide map to cover."""
MIN_FACES = 10
NEIGHBOUR_BLOCK = 10_000
"""Faces whose distances to the queries are in memory at a time."""
EXACT_NEIGHBOURS_UP_TO = 100_000
"""Faces up to which exact neighbours are searched; beyond, Annoy's approximate ones."""
REPORT_EVERY = 25
PLACED_AT_ONCE = 5000


@dataclass(frozen=True)
class FaceMap:
    """Where faces are on the map."""

    source: np.ndarray  #: Of shape (n, 2), float32.
    target: np.ndarray  #: Of shape (m, 2), float32.
    perplexity: float  #: The one used: the wanted one, or a third of the number of other faces where that is less.
    explained: float  #: Share of the embeddings' variance in the principal components that were mapped.
    kl_divergence: float  #: What t-SNE minimises, at its end.


def draw_map(source: np.ndarray, target: np.ndarray, settings: MapSettings, seed: int, *,
             title: str = "embeddings") -> FaceMap:
    """Map source faces, then place target faces among them without moving any.

    The embeddings' first principal components, found on the source alone, are mapped from a start at the first two of
    them, with early exaggeration 12 for 125 iterations and a learning rate of n / exaggeration (Belkina et al., 2019).
    Then follow ``settings.iterations``: two thirds with a momentum of 0.95, in which the map grows to its width, their
    forces interpolated by FFT in coarse boxes (Linderman et al., 2019), and one third with exacter forces and 0.8, in
    which faces settle among their neighbours. Where Barnes-Hut's forces are the quicker they take that place. Threads
    share out the faces, never one face's sum: the map does not depend on the number of cores.

    Parameters
    ----------
    source : ndarray of shape (n, d), float32
        n ≥ 10.
    target : ndarray of shape (m, d), float32
        m may be 0.
    title : str
        For progress and messages.

    Raises
    ------
    InputError
        If there are fewer than 10 source faces.
    StoredStateError
        If a value is NaN or infinite, or source and target have vectors of different lengths.
    """
    if len(source) < MIN_FACES:
        raise InputError(f"{title}: a map needs at least {MIN_FACES} source faces, there are {len(source)}")
    for name, values in (("source", source), ("target", target)):
        require_finite(values, f"{title}, {name}")
    if source.shape[1] != target.shape[1]:
        raise StoredStateError(f"{title}, target: the faces have vectors of length {target.shape[1]}, the source faces "
                               f"of length {source.shape[1]}; run embed again")
    perplexity = min(settings.perplexity, (len(source) - 1) / 3)
    axes = fit_principal_axes(source, settings.pca_components, seed)
    embedding = _fit(axes.project(source), perplexity, settings.iterations, seed, title)
    placed = _place(embedding, axes.project(target), title)
    return FaceMap(source=np.asarray(embedding, dtype=np.float32), target=placed, perplexity=perplexity,
                   explained=axes.explained, kl_divergence=float(embedding.kl_divergence))


def neighbour_accuracy(query: np.ndarray, faces: np.ndarray, query_map: np.ndarray, faces_map: np.ndarray, *,
                       n_neighbours: int = 10, n_queries: int = 500, seed: int = 0) -> float:
    """Return the share of each face's nearest neighbours in the embedding that are its nearest on the map, too.

    In [0, 1]; a random map gives about ``n_neighbours / n``. NaN where there is nothing to ask.

    Parameters
    ----------
    query, faces : ndarray of shape (m, d) and (n, d), float32
        Embeddings of the faces asked about, and of those among which neighbours are sought. One and the same array
        asks every face about the others.
    query_map, faces_map : ndarray of shape (m, 2) and (n, 2), float32
        Their places on the map.
    n_neighbours : int
        At most n - 1 are taken.
    n_queries : int
        Faces that are asked about, drawn by ``seed``.
    """
    n_neighbours = min(n_neighbours, len(faces) - 1)
    if not len(query) or n_neighbours < 1:
        return float("nan")
    queries = np.sort(np.random.default_rng(seed).choice(len(query), min(n_queries, len(query)), replace=False))
    rows = queries if query is faces else None
    near = _nearest(query[queries], faces, n_neighbours, rows)
    near_on_map = _nearest(query_map[queries], faces_map, n_neighbours, rows)
    kept = [len(np.intersect1d(a, b)) for a, b in zip(near, near_on_map, strict=True)]
    return float(np.mean(kept) / n_neighbours)


def _nearest(query: np.ndarray, faces: np.ndarray, n_neighbours: int, rows: np.ndarray | None) -> np.ndarray:
    """Return the rows of the nearest faces, shape (m, n_neighbours), never that of the query itself."""
    query = np.ascontiguousarray(query, dtype=np.float32)
    nearest = np.full((n_neighbours, len(query)), -1)
    best = np.full(nearest.shape, np.inf, np.float32)
    # Block by block of faces: the distances of a million faces to all queries would take gigabytes.
    for start in range(0, len(faces), NEIGHBOUR_BLOCK):
        _, distances = assign(np.asarray(faces[start : start + NEIGHBOUR_BLOCK]), query)
        if rows is not None:
            here = np.flatnonzero((rows >= start) & (rows < start + len(distances)))
            distances[rows[here] - start, here] = np.inf
        numbers = np.broadcast_to(np.arange(start, start + len(distances))[:, None], distances.shape)
        together, both = np.concatenate([best, distances]), np.concatenate([nearest, numbers])
        kept = np.argpartition(together, n_neighbours - 1, axis=0)[:n_neighbours]
        best, nearest = np.take_along_axis(together, kept, axis=0), np.take_along_axis(both, kept, axis=0)
    return nearest.T


def _fit(points: np.ndarray, perplexity: float, iterations: int, seed: int, title: str) -> Any:
    exact, threads = len(points) <= EXACT_NEIGHBOURS_UP_TO, n_threads()  # which loads OpenMP before openTSNE does
    from openTSNE import TSNE
    from openTSNE.affinity import PerplexityBasedNN

    affinities = PerplexityBasedNN(points, perplexity=perplexity, method="exact" if exact else "annoy",
                                   random_state=seed, n_jobs=threads if exact else 1)
    embedding = TSNE(learning_rate="auto", random_state=seed, negative_gradient_method="bh", theta=THETA,
                     n_jobs=threads).prepare_initial(affinities=affinities, initialization=_start(points))
    phases = _phases(len(points), iterations)
    with progress(sum(phase.iterations for phase in phases), f"map {title}", "iteration") as bar:

        def report(iteration: int, divergence: float, embedding: np.ndarray) -> None:
            bar.update(REPORT_EVERY)

        for phase in phases:
            embedding = embedding.optimize(n_iter=phase.iterations, exaggeration=phase.exaggeration,
                                           momentum=phase.momentum, negative_gradient_method=phase.forces,
                                           ints_in_interval=phase.box, callbacks=report,
                                           callbacks_every_iters=REPORT_EVERY)
        bar.update(bar.total - bar.n)
    # The divergence alone is one sum over all faces: taken by one thread, it is the same on any number of cores.
    return embedding.optimize(n_iter=0, negative_gradient_method=phases[-1].forces, n_jobs=1)


@dataclass(frozen=True)
class _Phase:
    iterations: int
    exaggeration: float
    momentum: float
    forces: str
    box: int = 1


def _phases(n_faces: int, iterations: int) -> list[_Phase]:
    """Return how the map is optimised: early exaggeration, then the given number of iterations.

    The time of an FFT grows with the area of the map over that of its boxes, that of Barnes-Hut with the number of
    faces. While the map grows coarse boxes do; in the end, when it is wide and places matter, they do not.
    """
    first = "bh" if n_faces <= BARNES_HUT_UP_TO else "fft"
    last = "bh" if n_faces <= LAST_BY_BARNES_HUT_UP_TO else "fft"
    growing = iterations * 2 // 3
    phases = [_Phase(EARLY_ITERATIONS, EARLY_EXAGGERATION, EARLY_MOMENTUM, first),
              _Phase(growing, 1, WIDENING_MOMENTUM, first, COARSE_BOX),
              _Phase(iterations - growing, 1, LAST_MOMENTUM, last)]
    return [phase for phase in phases if phase.iterations]


def _start(points: np.ndarray) -> np.ndarray:
    """Return the first two principal components, so small that no face starts far from another, shape (n, 2)."""
    start = np.zeros((len(points), 2))
    start[:, : points.shape[1]] = points[:, :2]
    spread = start[:, 0].std()
    return start / spread * 1e-4 if spread else start


def _place(embedding: Any, points: np.ndarray, title: str) -> np.ndarray:
    placed = np.empty((len(points), 2), np.float32)
    if not len(points):
        return placed
    with progress(len(points), f"place target faces on the map of {title}", "face") as bar:
        for start in range(0, len(points), PLACED_AT_ONCE):
            rows = slice(start, start + PLACED_AT_ONCE)
            placed[rows] = embedding.transform(points[rows])
            bar.update(len(points[rows]))
    return placed
