"""The map keeps neighbours, and puts target faces where they belong."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from fecemo.clustering.settings import MapSettings
from fecemo.clustering.tsne import EARLY_ITERATIONS, _nearest, _phases, draw_map, neighbour_accuracy
from fecemo.errors import InputError, StoredStateError

SETTINGS = MapSettings(perplexity=15, pca_components=10, iterations=250)


@pytest.fixture(scope="module")
def planted():
    """Five planted clusters of 60 source and 10 target faces each, on thin arcs so that neighbours mean something."""
    rng = np.random.default_rng(0)
    centres, along = rng.normal(size=(5, 30)) * 5, rng.normal(size=(5, 30))

    def faces(n_each):
        belongs = np.tile(np.arange(5), n_each)
        where = rng.uniform(-2, 2, size=(len(belongs), 1))
        noise = rng.normal(size=(len(belongs), 30)) * 0.05
        return (centres[belongs] + where * along[belongs] + noise).astype(np.float32), belongs

    return *faces(60), *faces(10)


@pytest.fixture(scope="module")
def drawn(planted):
    source, _, target, _ = planted
    return draw_map(source, target, SETTINGS, seed=0)


def test_the_map_keeps_far_more_neighbours_than_chance(planted, drawn):
    source, *_ = planted
    kept = neighbour_accuracy(source, source, drawn.source, drawn.source)
    shuffled = np.random.default_rng(1).permutation(drawn.source)
    assert kept > 0.6
    assert neighbour_accuracy(source, source, shuffled, shuffled) < 0.1


def test_target_faces_stand_in_their_cluster(planted, drawn):
    _, source_belongs, _, target_belongs = planted
    middles = np.array([drawn.source[source_belongs == cluster].mean(axis=0) for cluster in range(5)])
    nearest = np.linalg.norm(drawn.target[:, None] - middles, axis=2).argmin(axis=1)
    assert (nearest == target_belongs).all()


def test_a_target_face_that_is_a_source_face_stands_near_it(planted, drawn):
    source, *_ = planted
    again = draw_map(source, source[:20], SETTINGS, seed=0)
    assert (again.source == drawn.source).all()  # equal by seed, and target faces move no source face
    apart = np.linalg.norm(again.target - again.source[:20], axis=1)
    assert apart.max() < np.linalg.norm(drawn.source.max(axis=0) - drawn.source.min(axis=0)) / 20


def test_perplexity_is_bounded_by_the_faces_there_are(planted):
    source, *_ = planted
    small = draw_map(source[:13], source[:0], MapSettings(iterations=10), seed=0)
    assert small.perplexity == pytest.approx(12 / 3)
    assert (small.source.shape, small.target.shape) == ((13, 2), (0, 2))
    assert np.isfinite(small.source).all()


def test_embeddings_of_one_number_can_be_mapped(planted):
    source, *_ = planted
    narrow = draw_map(source[:30, :1], source[:5, :1], MapSettings(iterations=10), seed=0)
    assert np.isfinite(narrow.source).all()
    assert np.isfinite(narrow.target).all()


def test_what_cannot_be_mapped_is_refused(planted):
    source, *_ = planted
    with pytest.raises(InputError, match="at least 10 source faces, there are 9"):
        draw_map(source[:9], source[:2], SETTINGS, 0)
    with pytest.raises(StoredStateError, match="target: row 1"):
        draw_map(source, np.array([source[0], source[0] * np.inf]), SETTINGS, 0)
    with pytest.raises(StoredStateError, match=f"target: .* length 2, the source faces of length {source.shape[1]}"):
        draw_map(source, source[:3, :2], SETTINGS, 0)


def test_neighbour_accuracy_of_a_line_by_hand():
    line = np.array([[0.0], [1.0], [2.1], [3.3]], np.float32)
    flat = np.hstack([line, np.zeros_like(line)])
    assert neighbour_accuracy(line, line, flat, flat, n_neighbours=1) == 1
    # Nearest in the line: 0→1, 1→0, 2→1, 3→2. With the last two places changed on the map (0, 1, 3.3, 2.1):
    # 0→1, 1→0, 2→3, 3→1, so that two of four keep theirs.
    swapped = flat[[0, 1, 3, 2]]
    assert neighbour_accuracy(line, line, swapped, swapped, n_neighbours=1) == 0.5
    # All the others are neighbours, whatever the map.
    assert neighbour_accuracy(line, line, swapped, swapped, n_neighbours=10) == 1
    # Of another array's faces, a query's own copy counts as a neighbour.
    assert neighbour_accuracy(line.copy(), line, swapped, flat, n_neighbours=1) == 0.5
    assert np.isnan(neighbour_accuracy(line[:0], line, flat[:0], flat))


@pytest.mark.parametrize("n_faces", [100, 5000, 50_000])
@pytest.mark.parametrize("iterations", [1, 250, 300])
def test_every_size_of_map_gets_all_of_its_iterations(n_faces, iterations):
    phases = _phases(n_faces, iterations)
    assert sum(phase.iterations for phase in phases) == EARLY_ITERATIONS + iterations
    assert [phase.exaggeration for phase in phases][:2] == [12, 1]
    assert phases[-1].box == 1


SHORT = MapSettings(perplexity=15, pca_components=10, iterations=60)


@pytest.fixture(scope="module")
def by_fft(planted):
    """A short map by the way of large ones, on one thread and on two."""
    source, _, target, _ = planted
    drawn = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fecemo.clustering.tsne.BARNES_HUT_UP_TO", 50)
        for count in (1, 2):
            patch.setattr("fecemo.clustering.tsne.n_threads", lambda count=count: count)
            drawn.append(draw_map(source, target, SHORT, seed=0))
    return drawn


def test_forces_by_fft_keep_the_neighbours_that_barnes_hut_keeps(planted, by_fft):
    source, _, target, _ = planted
    by_barnes_hut = draw_map(source, target, SHORT, seed=0)
    kept, kept_by_fft = (neighbour_accuracy(source, source, spots.source, spots.source) for spots in (by_barnes_hut,
                                                                                                by_fft[0]))
    assert not (by_barnes_hut.source == by_fft[0].source).all()  # they are indeed two ways
    assert kept_by_fft == pytest.approx(kept, abs=0.03)


def test_the_map_does_not_depend_on_the_number_of_cores(by_fft):
    assert (by_fft[0].source == by_fft[1].source).all()
    assert (by_fft[0].target == by_fft[1].target).all()
    assert by_fft[0].kl_divergence == by_fft[1].kl_divergence


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere OpenMP is another library, which says other things")
@pytest.mark.parametrize(("setting", "policy"), [(None, "PASSIVE"), ("active", "ACTIVE")])
def test_threads_sleep_while_they_wait_unless_the_environment_says_otherwise(setting, policy):
    program = ("from fecemo.clustering.vectors import n_threads\n"
               "n_threads()\n"
               "import os, openTSNE\n"
               "print(os.environ.get('OMP_WAIT_POLICY'))\n")
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_DISPLAY_ENV": "true", **({"OMP_WAIT_POLICY": setting} if setting else {})}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert set(re.findall(r"OMP_WAIT_POLICY = '(\w+)'", done.stderr)) == {policy}
    assert done.stdout.strip() == str(setting)  # as it was before


def test_a_target_face_with_a_copy_among_the_source_is_placed_beside_it(planted, drawn):
    """Nearer than the source faces that are its nearest on the map, in most cases."""
    source, *_ = planted
    placed = draw_map(source, source[:40], SETTINGS, seed=0).target
    nearest = np.linalg.norm(placed[:, None] - drawn.source, axis=2).argsort(axis=1)
    rank = np.array([np.flatnonzero(order == row)[0] for row, order in enumerate(nearest)])
    assert np.median(rank) <= 1
    assert (rank < 5).mean() > 0.9


def test_neighbours_are_the_same_in_blocks(monkeypatch):
    rng = np.random.default_rng(3)
    faces, places = rng.normal(size=(700, 5)).astype(np.float32), rng.normal(size=(700, 2)).astype(np.float32)
    whole = neighbour_accuracy(faces, faces, places, places)
    near = _nearest(faces[:50], faces, 10, np.arange(50))
    monkeypatch.setattr("fecemo.clustering.tsne.NEIGHBOUR_BLOCK", 64)
    assert neighbour_accuracy(faces, faces, places, places) == whole
    assert [set(row) for row in _nearest(faces[:50], faces, 10, np.arange(50)).tolist()] == [
        set(row) for row in near.tolist()]
