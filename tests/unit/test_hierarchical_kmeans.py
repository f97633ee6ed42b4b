"""Hierarchical K-means: the centres leave the heap for what lies around it."""

import numpy as np
import pytest

from fecemo.clustering.kmeans import (
    MIN_FACES_PER_CENTRE,
    ClusterSpace,
    KMeansClustering,
    hierarchical_centres,
    stability,
)
from fecemo.clustering.settings import KMeansSettings

OTHERS, RADIUS = 7, 8.0


@pytest.fixture(scope="module")
def pile():
    """Return 95 % of the faces in one wide heap, and the rest in seven groups on a circle around it."""
    rng = np.random.default_rng(0)
    heap = rng.normal(size=(1900, 2)) * 2
    angles = 2 * np.pi * np.arange(OTHERS) / OTHERS
    around = RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rest = np.repeat(around, 14, axis=0) + rng.normal(size=(OTHERS * 14, 2))
    return np.concatenate([heap, rest]).astype(np.float32)


def outside(centres):
    """Return how many centres stand outside the heap."""
    return int((np.linalg.norm(centres, axis=1) > 0.75 * RADIUS).sum())


def fit(values, seed, **settings):
    return KMeansClustering(KMeansSettings(n_clusters=8, **settings), seed).fit(values)


def test_centres_spread_over_what_lies_around_the_heap(pile):
    centres = {levels: fit(pile, 0, hierarchical_kmeans=levels, n_init=4).cluster_centers_
               for levels in ((), (400, 60))}
    assert outside(centres[()]) == 0  # faces are so many in the heap that all centres stand there
    assert outside(centres[400, 60]) >= 3


def test_every_face_has_the_cluster_of_its_nearest_centre(pile):
    clustering = fit(pile, 1, hierarchical_kmeans=(400, 60), n_init=2)
    nearest = np.linalg.norm(pile[:, None] - clustering.cluster_centers_, axis=2).argmin(axis=1)
    assert clustering.labels_.tolist() == nearest.tolist()


def test_long_vectors_too(pile):
    wide = np.concatenate([pile, np.zeros((len(pile), 600), np.float32)], axis=1)
    assert outside(fit(wide, 0, hierarchical_kmeans=(400, 60), n_init=4).cluster_centers_[:, :2]) >= 3


def test_no_level_has_more_small_clusters_than_faces_allow(pile):
    def centres(faces, **settings):
        return hierarchical_centres(faces, KMeansSettings(hierarchical_kmeans=(1000,), **settings), [0])

    assert len(centres(pile[:200], n_clusters=8)) == 200 // MIN_FACES_PER_CENTRE
    assert len(centres(pile[:200], n_clusters=90)) == 90
    assert centres(pile[:90], n_clusters=90).shape == (90, 2)


def test_a_seed_gives_the_same_small_clusters(pile):
    settings = KMeansSettings(hierarchical_kmeans=(400, 60))
    first, second, third = (hierarchical_centres(pile, settings, [seed]) for seed in (3, 3, 4))
    assert (first == second).all()
    assert not np.array_equal(first, third)


@pytest.mark.parametrize("levels", [(5,), (100, 100), (60, 400), (400, 4)])
def test_levels_that_do_not_fall_to_the_clusters_are_refused(levels):
    with pytest.raises(ValueError, match="hierarchical_kmeans must be falling numbers of small clusters, none below "
                                         "n_clusters, 8"):
        KMeansSettings(n_clusters=8, hierarchical_kmeans=levels)


def test_stability_compares_clusterings_each_with_small_clusters_of_its_own():
    rng = np.random.default_rng(0)
    corners = np.array([[0, 0], [30, 0], [0, 30], [30, 30]], np.float32)
    apart = (corners[rng.integers(4, size=800)] + rng.normal(size=(800, 2))).astype(np.float32)
    shapeless = rng.normal(size=(800, 2)).astype(np.float32)

    def measured(values, seeds=3):
        settings = KMeansSettings(n_clusters=4, hierarchical_kmeans=(100,), n_init=4, stability_seeds=seeds)
        return stability(KMeansClustering(settings, 2).fit(values), ClusterSpace.of(values, settings, 2))

    assert measured(apart) == 1.0
    assert measured(shapeless) < 0.9
    assert np.isnan(measured(apart, seeds=1))
