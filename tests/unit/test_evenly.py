"""Evening out a pile: the centres of K-means leave the heap for what lies around it."""

from dataclasses import replace

import numpy as np
import pytest

from fecemo.clustering.evenly import FEWEST, even_pile
from fecemo.clustering.kmeans import fit_kmeans
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


def test_centres_spread_over_what_lies_around_the_heap(pile):
    found = {even: fit_kmeans(pile, KMeansSettings(n_clusters=8, even=even, n_init=4, stability_seeds=1), seed=0)
             for even in ((), (400, 60))}
    assert outside(found[()].centres) == 0  # faces are so many in the heap that all centres stand there
    assert outside(found[400, 60].centres) >= 3


def test_every_face_has_the_cluster_of_its_nearest_centre(pile):
    found = fit_kmeans(pile, KMeansSettings(n_clusters=8, even=(400, 60), n_init=2, stability_seeds=2), seed=1)
    nearest = np.linalg.norm(pile[:, None] - found.centres, axis=2).argmin(axis=1)
    assert found.clusters.tolist() == nearest.tolist()
    assert sum(found.sizes) == len(pile)


def test_long_vectors_are_evened_out_too(pile):
    wide = np.concatenate([pile, np.zeros((len(pile), 600), np.float32)], axis=1)
    found = fit_kmeans(wide, KMeansSettings(n_clusters=8, even=(400, 60), n_init=4, stability_seeds=1), seed=0)
    assert found.reduction is not None
    assert 0 <= found.reduction.agreement <= 1
    assert outside(found.centres[:, :2]) >= 3


def test_no_level_has_more_small_clusters_than_faces_allow(pile):
    few = pile[:200]
    assert len(even_pile(few, KMeansSettings(n_clusters=8, even=(1000,)), seed=0)) == 200 // FEWEST
    assert len(even_pile(few, KMeansSettings(n_clusters=90, even=(1000,)), seed=0)) == 90
    assert even_pile(few[:90], KMeansSettings(n_clusters=90, even=(1000,)), seed=0).shape == (90, 2)


def test_a_seed_gives_the_same_pile(pile):
    first, second, other = (even_pile(pile, KMeansSettings(even=(400, 60)), seed=seed) for seed in (3, 3, 4))
    assert (first == second).all()
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("even", [(5,), (100, 100), (60, 400), (400, 4)])
def test_levels_that_do_not_fall_to_the_clusters_are_refused(even):
    with pytest.raises(ValueError, match="even must be falling numbers of small clusters, none below n_clusters, 8"):
        KMeansSettings(n_clusters=8, even=even)


def test_stability_is_that_of_the_faces_clusters_each_of_a_pile_of_its_own():
    rng = np.random.default_rng(0)
    corners = np.array([[0, 0], [30, 0], [0, 30], [30, 30]], np.float32)
    apart = (corners[rng.integers(4, size=800)] + rng.normal(size=(800, 2))).astype(np.float32)
    settings = KMeansSettings(n_clusters=4, even=(100,), n_init=4, stability_seeds=3)
    assert fit_kmeans(apart, settings, seed=2).stability == 1.0
    shapeless = rng.normal(size=(800, 2)).astype(np.float32)
    assert fit_kmeans(shapeless, settings, seed=2).stability < 0.9
    assert np.isnan(fit_kmeans(apart, replace(settings, stability_seeds=1), seed=2).stability)
