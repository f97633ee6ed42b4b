"""K-means finds what was planted, of vectors of any length."""

import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.metrics import adjusted_rand_score

from fecemo.clustering.kmeans import (
    COMPONENTS,
    LONG,
    MINIBATCH_FACES,
    PATIENCE,
    ClusterSpace,
    KMeansClustering,
    agreement,
    assign,
    silhouette_of_sample,
    stability,
)
from fecemo.clustering.principal_axes import fit_principal_axes
from fecemo.clustering.settings import KMeansSettings
from fecemo.clustering.vectors import one_thread
from fecemo.errors import InputError, StoredStateError


def planted(sizes=(90, 60, 40, 25), n_dims=20, spread=0.5, seed=0):
    """Return vectors around far centres, and which centre each belongs to, in mixed order."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(len(sizes), n_dims)) * 4
    belongs = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return (centres[belongs] + rng.normal(size=(len(belongs), n_dims)) * spread).astype(np.float32), belongs


def fit(values, seed=0, **settings):
    return KMeansClustering(KMeansSettings(**settings), seed).fit(values)


def stability_of(values, seed=0, **settings):
    space = ClusterSpace.of(values, KMeansSettings(**settings), seed)
    return stability(KMeansClustering(KMeansSettings(**settings), seed).fit(values, space), space)


@pytest.mark.parametrize(("whole_bytes", "n_dims", "along_axes", "atol"), [
    (2**30, 200, False, 1e-4), (0, 200, True, 5e-3), (0, 20, False, 1e-4)],
                         ids=["as they are", "along principal axes in blocks", "as many axes as numbers"])
def test_planted_clusters_are_found_and_numbered_by_size(whole_bytes, n_dims, along_axes, atol):
    values, belongs = planted(n_dims=n_dims)
    settings = KMeansSettings(n_clusters=4)
    space = ClusterSpace.of(values, settings, 1, whole_bytes=whole_bytes)
    assert (space.axes is not None) == along_axes
    clustering = KMeansClustering(settings, 1).fit(values, space)
    assert clustering.labels_.tolist() == belongs.tolist()  # planted by falling size, so even the numbers agree
    for cluster in range(4):
        np.testing.assert_allclose(clustering.cluster_centers_[cluster], values[belongs == cluster].mean(axis=0),
                                   atol=atol)
    least = clustering.distances_[np.arange(len(values)), clustering.labels_]
    np.testing.assert_allclose(least, np.linalg.norm(values - clustering.cluster_centers_[belongs], axis=1), rtol=1e-3)
    assert clustering.inertia_ == pytest.approx(float((least.astype(float) ** 2).sum()))
    assert silhouette_of_sample(values, clustering.labels_, 0)[0] > 0.7
    assert stability(clustering, space) > 0.5
    assert [array.dtype for array in (clustering.cluster_centers_, clustering.labels_, clustering.distances_)] == [
        np.float32, np.int32, np.float32]


def test_other_faces_are_predicted_as_the_fitted_ones_were():
    values, _ = planted(spread=3.0)
    clustering = fit(values, n_clusters=5)
    assert clustering.predict(values).tolist() == clustering.labels_.tolist()
    np.testing.assert_allclose(clustering.transform(values), clustering.distances_, rtol=1e-4)


@pytest.mark.parametrize("n_dims", [300, LONG + 100])
def test_the_principal_axes_lose_nothing_that_kmeans_needs(n_dims):
    rng = np.random.default_rng(0)
    # Forty factors and noise in every number, as embeddings have; no clear clusters.
    values = (rng.normal(size=(600, 40)) @ rng.normal(size=(40, n_dims)) + rng.normal(size=(600, n_dims))).astype("f4")
    settings = KMeansSettings(n_clusters=5, n_init=10)
    along_axes = KMeansClustering(settings, 0).fit(values, ClusterSpace.of(values, settings, 0, whole_bytes=0))
    whole = KMeans(5, n_init=10, random_state=0).fit(values)
    assert along_axes.inertia_ == pytest.approx(whole.inertia_, rel=0.005)


def test_a_seed_gives_the_same_clustering_to_the_last_bit():
    values, _ = planted(spread=4.0)
    first, second = (fit(values, 3, n_clusters=6) for _ in range(2))
    assert (first.cluster_centers_ == second.cluster_centers_).all()
    assert (first.labels_ == second.labels_).all()


def test_seeds_agree_on_clear_clusters_and_not_on_a_cloud():
    clear, _ = planted(spread=0.1, sizes=(60, 50))
    cloud = np.random.default_rng(0).normal(size=(110, 20)).astype(np.float32)
    assert stability_of(clear, n_clusters=2, n_init=2) == pytest.approx(1)
    assert stability_of(cloud, n_clusters=2, n_init=2) < 0.7
    assert np.isnan(stability_of(clear, n_clusters=2, stability_seeds=1))


def test_agreement_is_the_mean_adjusted_rand_index_of_all_pairs():
    a, b = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    # Each pair of equals gives 1; the other two pairs give -1/2: no pair of faces is together in both.
    assert agreement([a, a, b]) == pytest.approx((1 - 0.5 - 0.5) / 3)
    assert agreement([a, 1 - a]) == 1  # numbers of clusters mean nothing


@pytest.mark.parametrize("cores", [1, 3])
def test_the_clustering_does_not_depend_on_the_number_of_cores(monkeypatch, cores):
    monkeypatch.setattr("fecemo.clustering.kmeans.n_threads", lambda: cores)
    cloud = np.random.default_rng(0).normal(size=(300, 12)).astype(np.float32)
    clustering = fit(cloud, 1, n_clusters=9, n_init=3)
    assert (clustering.cluster_centers_ == fit(cloud, 1, n_clusters=9, n_init=3).cluster_centers_).all()
    # What one start after another gives, whatever the threads: the least inertia of the seed's three.
    states = np.random.default_rng(1).integers(2**31, size=3)
    with one_thread():
        fits = [KMeans(9, n_init=1, random_state=int(state)).fit(cloud) for state in states]
    assert clustering.inertia_ == pytest.approx(min(model.inertia_ for model in fits))


@pytest.mark.parametrize("n_clusters", [3, 32, 100])
def test_minibatches_find_planted_clusters_of_any_number(n_clusters):
    values, belongs = planted(sizes=np.arange(2 * n_clusters, n_clusters, -1), spread=0.1)
    clustering = fit(values, n_clusters=n_clusters, n_init=3, algorithm="minibatch")
    assert adjusted_rand_score(clustering.labels_, belongs) > 0.97
    assert (np.diff(np.bincount(clustering.labels_)) <= 0).all()


def test_minibatches_end_when_nothing_is_gained_and_are_drawn_by_seed(monkeypatch):
    values, belongs = planted(sizes=np.full(4, 3000), spread=0.3)
    taken = []
    step = MiniBatchKMeans.partial_fit
    monkeypatch.setattr(MiniBatchKMeans, "partial_fit",
                        lambda self, batch: taken.append(len(batch)) or step(self, batch))
    first = fit(values, n_clusters=4, n_init=2, algorithm="minibatch")
    assert adjusted_rand_score(first.labels_, belongs) > 0.97
    assert set(taken) == {MINIBATCH_FACES}
    assert 2 * PATIENCE < len(taken) < 2 * 300 * len(values) // MINIBATCH_FACES
    again = fit(values, n_clusters=4, n_init=2, algorithm="minibatch")
    np.testing.assert_array_equal(first.cluster_centers_, again.cluster_centers_)
    taken.clear()
    fit(values, n_clusters=4, n_init=1, algorithm="minibatch", max_iter=1)
    assert len(taken) == len(values) // MINIBATCH_FACES


def test_long_vectors_are_clustered_along_their_principal_axes():
    values, belongs = planted(n_dims=LONG + 1, spread=2.0)
    space = ClusterSpace.of(values, KMeansSettings(), 0)
    assert space.points.shape == (len(values), COMPONENTS)
    clustering = KMeansClustering(KMeansSettings(n_clusters=4, n_init=3), 0).fit(values, space)
    assert clustering.labels_.tolist() == belongs.tolist()
    assert clustering.cluster_centers_.shape == (4, LONG + 1)
    # The nearest centre along the axes is the nearest to the whole vector.
    of_points = assign(space.points, space.axes.project(clustering.cluster_centers_))[0]
    assert of_points.tolist() == clustering.labels_.tolist()
    assert ClusterSpace.of(values[:, :LONG], KMeansSettings(), 0).axes is None


def test_faces_go_to_the_nearest_centre_and_ties_to_the_first():
    centres = np.array([[0, 0], [4, 0]], np.float32)
    clusters, distances = assign(np.array([[1, 0], [3, 0], [2, 0], [4, 3]], np.float32), centres)
    assert clusters.tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(distances, [[1, 3], [3, 1], [2, 2], [5, 3]], atol=1e-5)
    assert assign(np.zeros((0, 2), np.float32), centres)[1].shape == (0, 2)


def test_vectors_that_cannot_be_clustered_are_refused_with_the_reason():
    values, _ = planted()
    with pytest.raises(InputError, match="3 faces cannot make 4 clusters"):
        fit(values[:3], n_clusters=4)
    broken = values.copy()
    broken[17, 3] = np.nan
    with pytest.raises(StoredStateError, match=r"row 17 .* NaN"):
        fit(broken, n_clusters=4)
    with pytest.raises(StoredStateError, match="only 3 distinct vectors"):
        fit(values[np.arange(200) % 3], n_clusters=4)
    with pytest.raises(StoredStateError, match=r"vectors of length 20, the centres of length 7"):
        assign(values, np.zeros((4, 7), np.float32))
    with pytest.raises(StoredStateError, match="shape"):
        fit(np.zeros((20, 0), np.float32))


@pytest.mark.parametrize("width", [20, LONG + 1])
@pytest.mark.parametrize(("spoil", "words"), [
    (lambda values: np.where(np.arange(40)[:, None] == 3, np.nan, values), "row 3 holds a value that is NaN or inf"),
    (lambda values: np.where(np.arange(40)[:, None] == 3, np.inf, values), "row 3 holds a value that is NaN or inf"),
    (lambda values: np.where(np.arange(40)[:, None] == 3, 1e38, values), "row 3 holds values too large"),
    (lambda values: values.astype("U8"), "expected one vector of numbers a face"),
    (lambda values: values.astype(complex), "expected one vector of numbers a face"),
    (lambda values: values[:, :, None], r"an array of shape \(40, \d+, 1\)"),
])
def test_no_clustering_begins_with_what_is_no_vector_of_numbers_a_face(width, spoil, words):
    """Long vectors meet their principal axes first; a search for these would end in a fault of its own."""
    values = spoil(np.random.default_rng(0).normal(size=(40, width)).astype(np.float32))
    values = values.astype(np.float32) if values.dtype == np.float64 else values
    with pytest.raises(StoredStateError, match=f"dense gray: .*{words}"):
        ClusterSpace.of(values, KMeansSettings(), 0, title="dense gray")
    with pytest.raises(StoredStateError, match=f"embeddings: .*{words}"):
        fit(values, n_clusters=4)


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
    assert adjusted_rand_score(fit(moved, n_clusters=3).labels_, belongs) == 1


@pytest.mark.parametrize("scale", [1e19, 1e30])
def test_values_too_large_for_their_distances_are_refused(scale):
    faces = np.random.default_rng(0).normal(size=(400, 10)).astype(np.float32)
    one_far = faces.copy()
    one_far[7] *= np.float32(scale * 1e3)
    for vectors, row in ((faces * np.float32(scale), 0), (one_far, 7)):
        clustering = KMeansClustering(KMeansSettings(n_clusters=4, n_init=1), 0)
        for use in (clustering.fit, lambda values: assign(values, faces)):
            with pytest.raises(StoredStateError, match=rf"row {row} holds values too large"):
                use(vectors)
    large = KMeansClustering(KMeansSettings(n_clusters=4, n_init=1), 0).fit(faces * np.float32(1e12))
    assert np.isfinite(large.inertia_)
