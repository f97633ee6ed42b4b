"""The cluster stage: what it depends on, what it says of itself, and any number of clusters through every stage."""

import json

import numpy as np
import pytest
import yaml

from fecemo.data.cluster_names import read_cluster_names
from fecemo.data.receipts import digest_file, read_receipt
from fecemo.evaluation.records.score import SCORE
from fecemo.stages import cluster, evaluate, label, table
from fecemo.study.artifact_kinds import clustering_digest
from tests.artifact_receipts import renew_receipt
from tests.integration.run_to_name import APPROACH, N_SOURCE, N_TARGET, VARIANT, RunToName


@pytest.fixture(scope="module")
def clustered(tmp_path_factory):
    return RunToName(tmp_path_factory.mktemp("clustered")).make()


@pytest.fixture
def run(clustered, tmp_path):
    return clustered.copy_to(tmp_path)


def embed_other_target(run):
    """Embed other target faces; the source's vectors stay as they are, to the last bit."""
    folder = run.layout.outputs(APPROACH, VARIANT)
    path = folder / "target" / "embedding.npy"
    np.save(path, np.load(path)[::-1])
    renew_receipt(folder)


def settings(run, **clustering):
    document = yaml.safe_load(run.recipe.read_text())
    document["clustering"] |= clustering
    run.recipe.write_text(yaml.safe_dump(document))


def test_other_target_faces_change_neither_the_clustering_nor_its_names(run, capfd):
    folder, assigned = run.layout.clusters(APPROACH, VARIANT), run.layout.assigned(APPROACH, VARIANT)
    before = {path.name: (digest_file(path), path.stat().st_mtime_ns) for path in folder.iterdir()}
    of_target = np.load(assigned / "target_clusters.npy")
    embed_other_target(run)
    capfd.readouterr()
    cluster.run(run.arguments)
    assert "already done" in capfd.readouterr().err
    assert {path.name: (digest_file(path), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
    assert np.load(assigned / "target_clusters.npy").tolist() == of_target[::-1].tolist()
    label.run(run.arguments)
    evaluate.run(run.arguments)
    names = read_cluster_names(run.layout.names(APPROACH, VARIANT) / "names.json")
    assert names.clustering == clustering_digest(read_receipt(folder).outputs)


def test_target_faces_go_to_the_nearest_centre(clustered):
    layout = clustered.layout
    centres = np.load(layout.clusters(APPROACH, VARIANT) / "centres.npy")
    target = np.load(layout.outputs(APPROACH, VARIANT) / "target" / "embedding.npy")
    assigned = layout.assigned(APPROACH, VARIANT)
    distances = np.linalg.norm(target[:, None] - centres, axis=2)
    np.testing.assert_allclose(np.load(assigned / "target_distances.npy"), distances, rtol=1e-3)
    assert np.load(assigned / "target_clusters.npy").tolist() == distances.argmin(axis=1).tolist()
    assert read_receipt(assigned).summary["cluster_sizes"] == np.bincount(distances.argmin(axis=1)).tolist()


def test_a_clustering_says_how_it_was_made_and_how_good_it_is(clustered):
    folder = clustered.layout.clusters(APPROACH, VARIANT)
    document, summary = json.loads((folder / "clusters.json").read_text()), read_receipt(folder).summary
    assert document["format"] == "fecemo.clusters/2"
    assert document["settings"] == {"n_clusters": 8, "n_init": 4, "max_iter": 300, "algorithm": "exact",
                                    "stability_seeds": 5, "hierarchical_kmeans": []}
    assert {name: document[name] for name in summary} == summary
    assert summary["cluster_sizes"] == [N_SOURCE // 8] * 8
    assert summary["silhouette"] > 0.5
    assert summary["silhouette_faces"] == N_SOURCE
    assert summary["stability"] == pytest.approx(1)
    assert summary["stability_seeds"] == 5
    assert summary["principal_axes"] is None
    source = np.load(clustered.layout.outputs(APPROACH, VARIANT) / "source" / "embedding.npy").astype(float)
    centres = np.load(folder / "centres.npy")[np.load(folder / "source_clusters.npy")]
    assert summary["inertia"] == pytest.approx(((source - centres) ** 2).sum(), rel=1e-3)


def test_a_single_seed_says_nothing_of_stability(run):
    settings(run, stability_seeds=1)
    assert cluster.run(run.arguments).summary["stability"] is None


@pytest.mark.parametrize(("n_clusters", "algorithm"), [(3, "exact"), (32, "minibatch"), (90, "exact")])
def test_any_number_of_clusters_goes_through_every_stage(run, n_clusters, algorithm):
    settings(run, n_clusters=n_clusters, algorithm=algorithm)
    cluster.run(run.arguments)
    label.run(run.arguments)
    evaluate.run(run.arguments)
    score = SCORE.read(run.layout.score(APPROACH, VARIANT))
    assert len(score.clusters.source_sizes) == len(score.clusters.target_sizes) == n_clusters
    assert sum(score.clusters.target_sizes) == N_TARGET
    assert len(score.clusters.names) == n_clusters
    assert score.clusters.oracle_rule == "majority"
    table.run((run.layout.run,), run.recipe)
    assert (run.layout.run / "report.html").stat().st_size > 10_000
