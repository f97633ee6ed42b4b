"""Time the map of fecemo against scikit-learn's t-SNE on the same embeddings, and count the neighbours that each keeps.

    python benchmarks/maps.py            10,000 faces: minutes, most of them scikit-learn's
    python benchmarks/maps.py --quick    1,500 faces: under a minute on two cores

Both reduce to 50 principal components, start from the first two, and take perplexity 30 and early exaggeration 12; both
use every core they can. The peer takes 750 iterations and its own "auto" learning rate; fecemo takes as many as it
takes by default, fewer and with more momentum, so that neighbours kept have to be read beside seconds. Ours is drawn
before and after the peer's, and the mean counts; the peer has a process of its own, where nothing of ours is set.
Embeddings are those of a run, or else planted: 40 clusters of faces that vary along a few directions, as an encoder's
output does. The last line is one JSON object; ``speed_ratio`` is scikit-learn's seconds over ours, ``work_ratio`` the
same of seconds that cores were busy, which other work on the machine disturbs less, and ``accuracy_ratio`` our share of
kept neighbours over theirs.
"""

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

QUICK_FACES, ALL_FACES = 1500, 10_000


def planted_embeddings(n_faces: int, n_dims: int = 100, seed: int = 0) -> np.ndarray:
    """Return embeddings of shape (n_faces, n_dims), float32: 40 clusters, each spread along four directions."""
    rng = np.random.default_rng(seed)
    belongs = rng.integers(40, size=n_faces)
    directions = rng.normal(size=(40, 4, n_dims))
    along = np.einsum("nk,nkd->nd", rng.normal(size=(n_faces, 4)), directions[belongs])
    centres = rng.normal(size=(40, n_dims)) * 2
    return (centres[belongs] + along + rng.normal(size=(n_faces, n_dims)) * 0.2).astype(np.float32)


def run_embeddings(file: Path, n_faces: int) -> np.ndarray:
    """Return up to ``n_faces`` of a run's embeddings, drawn by a fixed seed."""
    values = np.load(file, mmap_mode="r")
    rows = np.random.default_rng(0).choice(len(values), min(n_faces, len(values)), replace=False)
    return np.array(values[np.sort(rows)])


def peer_map(values: np.ndarray) -> np.ndarray:
    """Return scikit-learn's map of embeddings, shape (n, 2)."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    reduced = PCA(min(50, *values.shape), random_state=0).fit_transform(values)
    return TSNE(perplexity=30, early_exaggeration=12, learning_rate="auto", max_iter=750, init="pca", random_state=0,
                n_jobs=-1).fit_transform(reduced)


def timed_peer(values: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return scikit-learn's map, its seconds and those that cores were busy; importing it is not timed."""
    import_module("sklearn.manifold")
    return timed(lambda: peer_map(values))


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what ``work`` returns, the seconds it took, and the seconds that cores were busy."""
    started, worked = time.perf_counter(), time.process_time()
    done = work()
    return done, time.perf_counter() - started, time.process_time() - worked


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_FACES} faces instead of {ALL_FACES}")
    parser.add_argument("--embeddings", type=Path,
                        help="of a run, such as runs/demo/outputs/conv_autoencoder/rgb/drawn_photographs/embedding.npy")
    arguments = parser.parse_args()

    from fecemo.clustering.settings import MapSettings
    from fecemo.clustering.tsne import draw_map, neighbour_accuracy

    n_faces = QUICK_FACES if arguments.quick else ALL_FACES
    values = run_embeddings(arguments.embeddings, n_faces) if arguments.embeddings else planted_embeddings(n_faces)

    def our_map() -> np.ndarray:
        return draw_map(values, values[:0], MapSettings(), seed=0).source

    draw_map(values[:100], values[:0], MapSettings(), seed=0)  # so that the libraries are not timed with their import
    our_points, *first = timed(our_map)
    print(f"fecemo (openTSNE {version('openTSNE')}): {first[0]:.1f} s", flush=True)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as other_process:
        peer_points, peer_seconds, peer_work = other_process.submit(timed_peer, values).result()
    print(f"scikit-learn {version('scikit-learn')}: {peer_seconds:.1f} s", flush=True)
    _, *second = timed(our_map)
    print(f"fecemo again: {second[0]:.1f} s", flush=True)
    our_seconds, our_work = (sum(both) / 2 for both in zip(first, second, strict=True))

    kept, kept_by_peer = (neighbour_accuracy(values, values, points, points, n_queries=2000)
                          for points in (our_points, peer_points))
    print(f"of each face's ten nearest kept: fecemo {kept:.3f}, scikit-learn {kept_by_peer:.3f}, chance "
          f"{10 / (len(values) - 1):.3f}")
    print(json.dumps({
        "benchmark": "maps", "faces": len(values), "dimensions": values.shape[1], "cores": os.cpu_count(),
        "embeddings": str(arguments.embeddings or "planted"),
        "seconds": round(our_seconds, 2), "peer_seconds": round(peer_seconds, 2),
        "speed_ratio": round(peer_seconds / our_seconds, 2), "work_ratio": round(peer_work / our_work, 2),
        "neighbour_accuracy": round(kept, 4), "peer_neighbour_accuracy": round(kept_by_peer, 4),
        "accuracy_ratio": round(kept / kept_by_peer, 3),
    }))


if __name__ == "__main__":
    main()
