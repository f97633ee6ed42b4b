"""Time the ways in which a map's forces can be summed, at several sizes: what the map chooses by.

    python benchmarks/forces.py            2,000 to 25,000 faces
    python benchmarks/forces.py --quick    2,000 and 5,000 faces: under a minute on two cores

Milliseconds of one core an iteration, on the narrow map after early exaggeration and on the wide map at its end.
Barnes-Hut's grow with the faces, the FFT's with the width of the map over its boxes. The last line is one JSON object.
"""

import argparse
import json
import time
from typing import Any

from maps import planted_embeddings

QUICK_SIZES, ALL_SIZES = (2000, 5000), (2000, 5000, 10_000, 25_000)
ITERATIONS = 10
WAYS: dict[str, dict[str, Any]] = {
    "Barnes-Hut, angle 0.5": {"negative_gradient_method": "bh", "theta": 0.5},
    "Barnes-Hut, angle 0.8": {"negative_gradient_method": "bh", "theta": 0.8},
    "FFT, boxes of 1": {"negative_gradient_method": "fft", "ints_in_interval": 1},
    "FFT, boxes of 2": {"negative_gradient_method": "fft", "ints_in_interval": 2},
}


def maps_of(n_faces: int) -> dict[str, Any]:
    """Return openTSNE's map of planted embeddings as it is narrow, and as it is wide."""
    from openTSNE import TSNE
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.initialization import pca

    from fecemo.clustering.principal_axes import fit_principal_axes

    values = planted_embeddings(n_faces)
    points = fit_principal_axes(values, 50, 0).project(values)
    affinities = PerplexityBasedNN(points, perplexity=30, method="exact", n_jobs=1)
    start = TSNE(n_jobs=1).prepare_initial(affinities=affinities, initialization=pca(points, random_state=0))
    narrow = start.optimize(n_iter=125, exaggeration=12, momentum=0.8, negative_gradient_method="fft")
    wide = narrow.optimize(n_iter=200, momentum=0.95, negative_gradient_method="fft", ints_in_interval=2)
    return {"narrow": narrow, "wide": wide}


def milliseconds(embedding: Any, way: dict[str, Any]) -> float:
    """Return the milliseconds of one core that an iteration takes."""
    started = time.process_time()
    embedding.optimize(n_iter=ITERATIONS, momentum=0.8, n_jobs=1, **way)
    return (time.process_time() - started) * 1000 / ITERATIONS


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the two smallest sizes alone")
    arguments = parser.parse_args()
    results = []
    for n_faces in QUICK_SIZES if arguments.quick else ALL_SIZES:
        for width, embedding in maps_of(n_faces).items():
            row = {way: round(milliseconds(embedding, settings), 1) for way, settings in WAYS.items()}
            timings = "; ".join(f"{way} {taken} ms" for way, taken in row.items())
            print(f"{n_faces:6,} faces, {width:6}: {timings}", flush=True)
            results.append({"faces": n_faces, "map": width, **row})
    print(json.dumps({"benchmark": "forces", "milliseconds": results}))


if __name__ == "__main__":
    main()
