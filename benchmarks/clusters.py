"""Time the clustering of fecemo against scikit-learn's K-means on the same embeddings, and compare what both minimise.

    python benchmarks/clusters.py            25,000 faces of 100 numbers and 5,000 of 2,304; k of 8, 32 and 100: minutes
    python benchmarks/clusters.py --quick    5,000 of 100 and 1,000 of 2,304; k of 8 and 32: under a minute on two cores

All take ten starts and one seed, and every core they can. Long vectors fecemo clusters along their principal
axes; minibatches are the recipe's ``algorithm: minibatch``. Embeddings are planted, as those of maps.py. The last
line is one JSON object; ``speed_ratio`` is scikit-learn's seconds over ours, ``work_ratio`` the same of seconds that
cores were busy, and ``inertia_ratio`` our sum of squared distances over theirs: 1 is as good, below 1 better.
"""

import argparse
import json
import os

from maps import planted_embeddings, timed

STARTS = 10
QUICK, ALL = (((5000, 100), (1000, 2304)), (8, 32)), (((25_000, 100), (5000, 2304)), (8, 32, 100))


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer faces and clusters")
    arguments = parser.parse_args()

    from sklearn.cluster import KMeans

    from fecemo.clustering.kmeans import KMeansClustering
    from fecemo.clustering.settings import KMeansSettings

    shapes, numbers = QUICK if arguments.quick else ALL
    results = []
    for n_faces, n_dims in shapes:
        values = planted_embeddings(n_faces, n_dims)
        for k in numbers:
            peer, *peer_spent = timed(lambda k=k, values=values: KMeans(k, n_init=STARTS, random_state=0).fit(values))
            for algorithm in ("exact", "minibatch"):
                settings = KMeansSettings(n_clusters=k, n_init=STARTS, algorithm=algorithm, stability_seeds=1)
                fitted, *spent = timed(
                    lambda settings=settings, values=values: KMeansClustering(settings, 0).fit(values))
                row = {"faces": n_faces, "dimensions": n_dims, "clusters": k, "algorithm": algorithm,
                       "seconds": round(spent[0], 2), "peer_seconds": round(peer_spent[0], 2),
                       "speed_ratio": round(peer_spent[0] / spent[0], 2),
                       "work_ratio": round(peer_spent[1] / spent[1], 2),
                       "inertia_ratio": round(fitted.inertia_ / peer.inertia_, 4)}
                print(f"{n_faces:,} faces of {n_dims:,} numbers, k = {k}, {algorithm}: {spent[0]:.1f} s, scikit-learn "
                      f"{peer_spent[0]:.1f} s; inertia {row['inertia_ratio']} of its", flush=True)
                results.append(row)
    print(json.dumps({"benchmark": "clusters", "cores": os.cpu_count(), "results": results}))


if __name__ == "__main__":
    main()
