"""How seconds and memory grow with the number of faces: clustering, names, scores, search and tables of a data set.

    python benchmarks/growth.py            10⁴, 10⁵ and 10⁶ faces of 16 numbers: ten minutes or more on two cores
    python benchmarks/growth.py --quick    10⁴ and 10⁵: about a minute
    python benchmarks/growth.py --faces 10000 100000 1000000 10000000
    python benchmarks/growth.py --faces 5000 20000 --only map

Vectors are drawn around eight centres, and written to a file that is mapped, as embeddings are. Each step runs in a
process of its own, so that its peak memory is its own too. Peers take the same vectors in the same run, as they are
shipped: scikit-learn's K-means, whole and by minibatches, openTSNE's map and, where it is installed (``pip install
faiss-cpu``), faiss, whose K-means takes all faces where it would draw 256 a cluster. ``quality`` is the sum of squares
over that of scikit-learn's K-means, of one start each (below 1 is better), or the share of each face's ten nearest that
a map keeps. Maps end at 20,000 faces unless ``--maps`` says otherwise. ``exponent`` is the slope of log seconds over
log faces between the last two sizes that took a tenth of a second: 1 is in proportion, 1.1 is n log n here. The last
line is one JSON object.
"""

import argparse
import csv
import importlib.util
import json
import math
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

DIMENSIONS, CLUSTERS, CLASSES, TOP = 16, 8, tuple("abcdefgh"), 50
MEASURABLE = 0.1
"""Seconds below which a step says nothing of its growth."""


def write(folder: Path, n: int) -> None:
    """Write vectors, their classes and a table of faces."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 2, (CLUSTERS, DIMENSIONS))
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, (n, DIMENSIONS))
    classes = np.lib.format.open_memmap(folder / "classes.npy", "w+", np.int8, (n,))
    for start in range(0, n, 1 << 18):
        part = rng.integers(0, CLUSTERS, min(1 << 18, n - start))
        classes[start : start + len(part)] = part
        vectors[start : start + len(part)] = centres[part] + rng.normal(0, 1, (len(part), DIMENSIONS))
    with (folder / "annotations.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("row", "label", "split", "age"))
        table.writerows((row, CLASSES[number], "train", row % 90) for row, number in enumerate(classes.tolist()))


def clusters(folder: Path, algorithm: str) -> float:
    """Cluster by one start."""
    from fecemo.clustering.kmeans import KMeansClustering
    from fecemo.clustering.settings import KMeansSettings

    settings: Any = KMeansSettings(n_clusters=CLUSTERS, n_init=1, algorithm=algorithm, stability_seeds=1)  # type: ignore[arg-type]
    return KMeansClustering(settings, 0).fit(np.load(folder / "vectors.npy", mmap_mode="r")).inertia_


def peer_clusters(folder: Path, algorithm: str) -> float:
    """Cluster likewise by scikit-learn."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    model = (KMeans(CLUSTERS, n_init=1, random_state=0) if algorithm == "exact" else
             MiniBatchKMeans(CLUSTERS, n_init=1, batch_size=4096, random_state=0)).fit(vectors)
    return float(model.inertia_)


def faiss_clusters(folder: Path) -> float:
    """Cluster by faiss, in its 25 iterations over all faces, and assign them."""
    import faiss

    vectors = np.load(folder / "vectors.npy")
    model = faiss.Kmeans(DIMENSIONS, CLUSTERS, seed=0, max_points_per_centroid=len(vectors))
    model.train(vectors)
    return float(model.index.search(vectors, 1)[0].sum(dtype=np.float64))


def embedding_map(folder: Path, *, peer: bool) -> float:
    """Draw the map of all faces, by openTSNE as it is shipped for the peer."""
    from fecemo.clustering.settings import MapSettings
    from fecemo.clustering.tsne import draw_map, neighbour_accuracy

    vectors = np.load(folder / "vectors.npy")
    if peer:
        from openTSNE import TSNE

        points = np.asarray(TSNE(random_state=0).fit(vectors))
    else:
        points = draw_map(vectors, vectors[:0], MapSettings(), 0).source
    return neighbour_accuracy(vectors, vectors, points, points)


def names(folder: Path) -> None:
    """Assign all faces to centres, and name these by a few labels each."""
    from fecemo.clustering.kmeans import assign
    from fecemo.clustering.naming import LabelledFaces, name_by_labels, naming_methods
    from fecemo.clustering.settings import NamingSettings

    vectors, classes = np.load(folder / "vectors.npy", mmap_mode="r"), np.load(folder / "classes.npy")
    centres = np.asarray(vectors[:CLUSTERS])
    labels, distances = assign(vectors, centres)
    faces = LabelledFaces(np.array(CLASSES)[classes], labels, distances)
    name_by_labels(naming_methods.find("labels_per_cluster"), faces, centres, CLASSES,
                   NamingSettings(method="labels_per_cluster"), 0)


def scores(folder: Path) -> None:
    """Score answers, with intervals by a thousand resamples."""
    from fecemo.evaluation.metrics.classification import score_predictions
    from fecemo.evaluation.metrics.intervals import bootstrap_intervals
    from fecemo.evaluation.settings import Resampling

    codes = np.load(folder / "classes.npy").astype(np.int64)
    truth = np.array(CLASSES)[codes]
    answers = np.where(np.arange(len(truth)) % 3 == 0, np.roll(truth, 1), truth)
    shares = np.random.default_rng(0).random((len(truth), len(CLASSES)), np.float32)
    metrics = score_predictions(truth, answers, CLASSES, shares)
    bootstrap_intervals(metrics.confusion, Resampling(1000, 0.95, 0), truth=codes, scores=shares)


def search(folder: Path) -> None:
    """Find the faces that are most like one."""
    from fecemo.archive.search import by_likeness

    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    by_likeness(vectors, np.asarray(vectors[:1]), TOP)


def faiss_search(folder: Path) -> None:
    """Find them by faiss's exact index, which holds a copy of the vectors."""
    import faiss

    vectors = np.load(folder / "vectors.npy")
    index = faiss.IndexFlatL2(DIMENSIONS)
    index.add(vectors)
    index.search(vectors[:1], TOP)


def table(folder: Path) -> None:
    """Read the annotations of a data set."""
    from fecemo.data.dataset_files import read_table

    read_table(folder / "annotations.csv", ("row", "label", "split", "age"))


def splits(folder: Path) -> None:
    """Divide faces into train, valid and test, by their ids."""
    from fecemo.data.splits import make_splits

    classes = np.load(folder / "classes.npy")
    ids = [f"{row:032x}" for row in range(len(classes))]
    make_splits(ids, np.array(CLASSES)[classes], valid_fraction=0.1, test_fraction=0.2)


STEPS: dict[str, Callable[[Path], float | None]] = {
    "K-means, scikit-learn": lambda folder: peer_clusters(folder, "exact"),
    "K-means": lambda folder: clusters(folder, "exact"),
    "K-means, faiss": faiss_clusters,
    "K-means by minibatches, scikit-learn": lambda folder: peer_clusters(folder, "minibatch"),
    "K-means by minibatches": lambda folder: clusters(folder, "minibatch"),
    "assign and name": names, "score with intervals": scores,
    "search by likeness": search, "search by likeness, faiss": faiss_search,
    "map": lambda folder: embedding_map(folder, peer=False),
    "map, openTSNE": lambda folder: embedding_map(folder, peer=True),
    "read annotations": table, "divide into splits": splits,
}


def measured(step: str, folder: Path, answer: "multiprocessing.connection.Connection") -> None:
    """Run a step once to import what it needs, on few faces, and once on all; send seconds, MiB and quality."""
    with tempfile.TemporaryDirectory() as small:
        write(Path(small), 2000)
        STEPS[step](Path(small))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    quality = STEPS[step](folder)
    seconds = time.perf_counter() - started
    answer.send((seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, quality))


def main() -> None:
    """Run all steps at all sizes and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10,000 and 100,000 faces")
    parser.add_argument("--faces", type=int, nargs="+", help="other numbers of faces, rising")
    parser.add_argument("--only", default="", help="steps whose name holds this word")
    parser.add_argument("--maps", type=int, default=20_000, help="faces beyond which no map is drawn")
    parser.add_argument("--folder", help="for the temporary files")
    arguments = parser.parse_args()
    sizes = arguments.faces or ([10**4, 10**5] if arguments.quick else [10**4, 10**5, 10**6])
    has_faiss = importlib.util.find_spec("faiss") is not None
    steps = [step for step in STEPS if arguments.only in step and (has_faiss or "faiss" not in step)]
    if not has_faiss:
        print("faiss is not installed: it is left out")
    measures: dict[str, list[dict[str, Any]]] = {step: [] for step in steps}
    spawn = multiprocessing.get_context("spawn")
    for n in sizes:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            write(Path(folder), n)
            reference = None
            for step in steps:
                if step.startswith("map") and n > arguments.maps:
                    continue
                receiver, sender = spawn.Pipe(duplex=False)
                process = spawn.Process(target=measured, args=(step, Path(folder), sender))
                process.start()
                sender.close()
                took, grew, quality = receiver.recv()
                process.join()
                if step == "K-means, scikit-learn":
                    reference = quality
                if quality is not None and step.startswith("K-means"):
                    quality = quality / reference if reference else None
                measures[step].append({"faces": n, "seconds": round(took, 3), "mebibytes": round(grew),
                                       "quality": quality and round(quality, 4)})
                print(f"{n:>10,} faces, {step}: {took:.2f} s, {grew:.0f} MiB more at the peak"
                      + (f", quality {quality:.4f}" if quality is not None else ""), flush=True)
    results = []
    for step in steps:
        slow = [measure for measure in measures[step] if measure["seconds"] >= MEASURABLE][-2:]
        exponent = None
        if len(slow) == 2:
            few, many = slow
            exponent = round(math.log(many["seconds"] / few["seconds"]) / math.log(many["faces"] / few["faces"]), 2)
        results.append({"step": step, "measures": measures[step], "exponent": exponent})
        print(f"{step}: exponent {'not measurable' if exponent is None else exponent}")
    print(json.dumps({"benchmark": "growth", "results": results}))


if __name__ == "__main__":
    main()
