"""K-means finds what was planted, in memory and in blocks."""

import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from fecemo.clustering.cluster_quality import agreement
from fecemo.clustering.kmeans import LONG, START_COMPONENTS, assign, fit_kmeans
from fecemo.clustering.lloyd import lloyd
from fecemo.clustering.principal_axes import fit_principal_axes
from fecemo.clustering.settings import KMeansSettings
from fecemo.clustering.vectors import one_thread, row_blocks
from fecemo.errors import InputError, StoredStateError


def planted(sizes=(90, 60, 40, 25), n_dims=20, spread=0.5, seed=0):
    """Return vectors around far centres, and which centre each belongs to, in mixed order."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(len(sizes), n_dims)) * 4
    belongs = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return (centres[belongs] + rng.normal(size=(len(belongs), n_dims)) * spread).astype(np.float32), belongs


@pytest.mark.parametrize("whole_bytes", [2**30, 0], ids=["in memory", "in blocks"])
def test_planted_clusters_are_found_and_numbered_by_size(whole_bytes):
    values, belongs = planted()
    found = fit_kmeans(values, KMeansSettings(n_clusters=4), seed=1, whole_bytes=whole_bytes)
    assert found.clusters.tolist() == belongs.tolist()  # planted by falling size, so even the numbers agree
    assert found.sizes == [90, 60, 40, 25]
    for cluster in range(4):
        np.testing.assert_allclose(found.centres[cluster], values[belongs == cluster].mean(axis=0), atol=1e-4)
    own = found.distances[np.arange(len(values)), found.clusters]
    np.testing.assert_allclose(own, np.linalg.norm(values - found.centres[belongs], axis=1), rtol=1e-3)
    assert found.inertia == pytest.approx(float((own.astype(float) ** 2).sum()))
    assert found.silhouette > 0.7
    assert found.stability > 0.5
    assert (found.centres.dtype, found.clusters.dtype, found.distances.dtype) == (np.float32, np.int32, np.float32)


def test_in_blocks_ends_at_a_fixed_point_of_kmeans_on_whole_vectors(monkeypatch):
    values, _ = planted(sizes=(300, 200), n_dims=300, spread=6.0)
    monkeypatch.setattr("fecemo.clustering.vectors.BLOCK_BYTES", 64 * 300 * 4)
    assert len(list(row_blocks(values))) == 8
    found = fit_kmeans(values, KMeansSettings(n_clusters=5, n_init=3), seed=0, whole_bytes=0)
    for cluster in range(5):
        np.testing.assert_allclose(found.centres[cluster], values[found.clusters == cluster].mean(axis=0), atol=1e-3)
    whole = fit_kmeans(values, KMeansSettings(n_clusters=5, n_init=3), seed=0)
    assert found.inertia == pytest.approx(whole.inertia, rel=0.02)


def test_a_seed_gives_the_same_clustering_to_the_last_bit():
    values, _ = planted(spread=4.0)
    first, second = (fit_kmeans(values, KMeansSettings(n_clusters=6), seed=3) for _ in range(2))
    assert (first.centres == second.centres).all()
    assert (first.clusters == second.clusters).all()


def test_seeds_agree_on_clear_clusters_and_not_on_a_cloud():
    clear, _ = planted(spread=0.1, sizes=(60, 50))
    cloud = np.random.default_rng(0).normal(size=(110, 20)).astype(np.float32)
    settings = KMeansSettings(n_clusters=2, n_init=2)
    found = fit_kmeans(clear, settings, 0)
    assert (found.stability, found.stability_seeds) == (pytest.approx(1), 5)
    assert fit_kmeans(cloud, settings, 0).stability < 0.7
    alone = fit_kmeans(clear, KMeansSettings(n_clusters=2, stability_seeds=1), 0)
    assert np.isnan(alone.stability)
    assert (alone.clusters == found.clusters).all()


def test_how_many_seeds_are_compared_changes_no_cluster():
    cloud = np.random.default_rng(0).normal(size=(200, 10)).astype(np.float32)
    one, five = (fit_kmeans(cloud, KMeansSettings(n_clusters=7, n_init=2, stability_seeds=seeds), 4)
                 for seeds in (1, 5))
    assert (one.centres == five.centres).all()


def test_agreement_is_the_mean_adjusted_rand_index_of_all_pairs():
    one, other = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    # Each pair of equals gives 1; the other two pairs give -1/2: no pair of faces is together in both.
    assert agreement([one, one, other]) == pytest.approx((1 - 0.5 - 0.5) / 3)
    assert agreement([one, 1 - one]) == 1  # numbers of clusters mean nothing


@pytest.mark.parametrize("cores", [1, 3])
def test_the_clustering_does_not_depend_on_the_number_of_cores(monkeypatch, cores):
    monkeypatch.setattr("fecemo.clustering.starts.n_threads", lambda: cores)
    cloud = np.random.default_rng(0).normal(size=(300, 12)).astype(np.float32)
    found = fit_kmeans(cloud, KMeansSettings(n_clusters=9, n_init=3), 1)
    alone = fit_kmeans(cloud, KMeansSettings(n_clusters=9, n_init=3), 1)
    assert (found.centres == alone.centres).all()
    # What one start after another gives, whatever the threads: the least inertia of the first seed's three.
    states = np.random.default_rng(1).integers(2**31, size=3)
    with one_thread():
        fits = [KMeans(9, n_init=1, random_state=int(state)).fit(cloud) for state in states]
    assert found.inertia == pytest.approx(min(fit.inertia_ for fit in fits))


@pytest.mark.parametrize("n_clusters", [3, 32, 100])
def test_minibatches_find_planted_clusters_of_any_number(n_clusters):
    values, belongs = planted(sizes=np.arange(2 * n_clusters, n_clusters, -1), spread=0.1)
    found = fit_kmeans(values, KMeansSettings(n_clusters=n_clusters, n_init=3, algorithm="minibatch",
                                              stability_seeds=1), 0)
    assert adjusted_rand_score(found.clusters, belongs) > 0.97
    assert (np.diff(found.sizes) <= 0).all()


def test_long_vectors_are_clustered_from_their_principal_components():
    values, belongs = planted(n_dims=LONG + 1, spread=2.0)
    found = fit_kmeans(values, KMeansSettings(n_clusters=4, n_init=3), 0)
    assert found.clusters.tolist() == belongs.tolist()
    assert found.reduction.components == START_COMPONENTS
    assert found.reduction.settled
    assert found.reduction.agreement == pytest.approx(1)
    axes = fit_principal_axes(values, START_COMPONENTS, 0)
    assert found.reduction.explained == pytest.approx(axes.explained)
    assert fit_kmeans(values[:, :LONG], KMeansSettings(n_clusters=4, n_init=1), 0).reduction is None


def test_lloyd_says_when_it_was_ended_before_it_settled():
    cloud = np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32)
    assert not lloyd(cloud, cloud[:6], 2, "cloud").settled
    end = lloyd(cloud, cloud[:6], 300, "cloud")
    assert end.settled
    assert 2 < end.passes < 300


def test_a_centre_that_loses_its_faces_takes_the_farthest_face():
    values = np.array([[0, 0], [1, 0], [10, 0], [11, 0], [10, 9]], np.float32)
    # The third centre is nobody's nearest; (10, 9) is farthest from its own.
    end = lloyd(values, np.array([[0.5, 0], [10.5, 0], [500, 500]], np.float32), 20, "five")
    np.testing.assert_allclose(end.centres, [[0.5, 0], [10.5, 0], [10, 9]], atol=1e-5)


def test_faces_go_to_the_nearest_centre_and_ties_to_the_first():
    centres = np.array([[0, 0], [4, 0]], np.float32)
    clusters, distances = assign(np.array([[1, 0], [3, 0], [2, 0], [4, 3]], np.float32), centres)
    assert clusters.tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(distances, [[1, 3], [3, 1], [2, 2], [5, 3]], atol=1e-5)
    assert assign(np.zeros((0, 2), np.float32), centres)[1].shape == (0, 2)


def test_vectors_that_cannot_be_clustered_are_refused_with_the_reason():
    values, _ = planted()
    with pytest.raises(InputError, match="3 faces cannot make 4 clusters"):
        fit_kmeans(values[:3], KMeansSettings(n_clusters=4), 0)
    broken = values.copy()
    broken[17, 3] = np.nan
    with pytest.raises(StoredStateError, match=r"row 17 .* NaN"):
        fit_kmeans(broken, KMeansSettings(n_clusters=4), 0)
    with pytest.raises(StoredStateError, match="only 3 distinct vectors"):
        fit_kmeans(values[np.arange(200) % 3], KMeansSettings(n_clusters=4), 0)
    with pytest.raises(StoredStateError, match=r"length 20 .* length 7"):
        assign(values, np.zeros((4, 7), np.float32))
    with pytest.raises(StoredStateError, match="shape"):
        fit_kmeans(np.zeros((20, 0), np.float32), KMeansSettings(), 0)


def test_one_thread_holds_also_for_libraries_that_nobody_has_loaded_yet():
    program = ("from fecemo.clustering.vectors import n_threads, one_thread\n"
               "from threadpoolctl import threadpool_info\n"
               "print(n_threads())\n"
               "with one_thread():\n"
               "    import scipy.linalg, sklearn.decomposition\n"
               "    print({pool['num_threads'] for pool in threadpool_info()})\n")
    threads = {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}
    printed = subprocess.run([sys.executable, "-c", program], env={**os.environ, **threads}, capture_output=True,
                             text=True, check=True).stdout
    assert printed.split("\n")[:2] == ["3", "{1}"]


def test_principal_axes_in_blocks_are_those_of_the_library(monkeypatch):
    monkeypatch.setattr("fecemo.clustering.vectors.BLOCK_BYTES", 50 * 40 * 4)
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(400, 40)) * 10 * 0.6 ** np.arange(40) + 3).astype(np.float32)
    blocks, library = (fit_principal_axes(values, 5, 0, whole_bytes=size) for size in (0, 2**30))
    np.testing.assert_allclose(blocks.mean, library.mean, atol=1e-4)
    np.testing.assert_allclose(blocks.axes, library.axes, atol=0.02)
    assert blocks.explained == pytest.approx(library.explained, abs=1e-3)
    np.testing.assert_allclose(blocks.axes @ blocks.axes.T, np.eye(5), atol=1e-5)
    # The variance along an axis is that of what is projected on it.
    projected = library.project(values)
    assert projected.var(axis=0).sum() / values.var(axis=0).sum() == pytest.approx(library.explained, abs=1e-3)


def test_agreement_with_the_plant_survives_a_change_of_scale_and_place():
    values, belongs = planted(sizes=(50, 40, 30))
    moved = (values * 100 + 1000).astype(np.float32)
    found = fit_kmeans(moved, KMeansSettings(n_clusters=3), 0)
    assert adjusted_rand_score(found.clusters, belongs) == 1
