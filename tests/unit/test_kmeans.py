"""K-means finds what was planted, in memory and in blocks."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from fecemo.clustering.kmeans import assign, fit_kmeans
from fecemo.clustering.principal_axes import fit_principal_axes
from fecemo.clustering.settings import KMeansSettings
from fecemo.clustering.vectors import row_blocks
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


def test_more_starts_agree_on_clear_clusters_than_on_a_cloud():
    clear, _ = planted(spread=0.1, sizes=(60, 50))
    cloud = np.random.default_rng(0).normal(size=(110, 20)).astype(np.float32)
    settings = KMeansSettings(n_clusters=2)
    assert fit_kmeans(clear, settings, 0).stability == pytest.approx(1)
    assert fit_kmeans(cloud, settings, 0).stability < 0.7
    assert np.isnan(fit_kmeans(clear, KMeansSettings(n_clusters=2, n_init=1), 0).stability)


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
