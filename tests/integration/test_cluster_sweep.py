"""Clusters at several numbers of them, named at several costs."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from study_workflow import ROOT, dry_run

from fecemo.clustering.cluster_sweep import cluster_and_name
from fecemo.clustering.settings import ClusterSweepSettings, KMeansSettings, NamingSettings
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.metrics.cluster_sweep import CLUSTER_SWEEP, read_cluster_sweep
from fecemo.stages import cluster_sweep
from fecemo.study.layout import RunLayout
from tests.artifact_receipts import renew_receipt
from tests.integration.planted_run import N_SOURCE, N_TARGET, RECIPE, Planted


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return Planted(tmp_path_factory.mktemp("planted"))


def test_planted_emotions_are_found_whatever_names_the_clusters(planted):
    record, right = planted.group("contrastive")
    eight, sixteen = record.entries
    assert (eight.nmi.mean, eight.ari.mean, eight.stability) == pytest.approx((1, 1, 1))
    assert eight.named["labels_per_cluster"].labels == (24, 24, 24)  # three of each cluster, with each seed
    assert eight.named["majority_vote"].labels == (40, 40, 40)
    for naming in ("labels_per_cluster", "majority_vote"):
        assert (eight.named[naming].balanced_accuracy.mean, eight.named[naming].balanced_accuracy.low) == (1, 1)
    # Of sixteen clusters each still lies within one emotion: names are right, and agreement with emotions falls.
    assert sixteen.named["labels_per_cluster"].accuracy.mean == 1
    assert sixteen.ari.mean < 0.9
    assert all(answers.right.all() for answers in right.values())


def test_vectors_that_know_nothing_are_at_chance_at_every_number_of_clusters(planted):
    record, _ = planted.group("dense_autoencoder")
    assert record.chance.uniform == 1 / 8
    for entry in record.entries:
        assert abs(entry.ami.mean) < 0.05
        for named in entry.named.values():
            assert named.balanced_accuracy.low < 1 / 8 < named.balanced_accuracy.high


def test_figures_follow_from_the_answers(planted):
    record, right = planted.group("dense_autoencoder")
    truth = right[8, "labels_per_cluster"].truth
    for way, answers in right.items():
        balanced = [np.mean([line[truth == emotion].mean() for emotion in range(8)]) for line in answers.right]
        named = record.named(*way)
        assert named.balanced_accuracy.mean == pytest.approx(np.mean(balanced))
        assert named.balanced_accuracy.deviation == pytest.approx(np.std(balanced, ddof=1))
        assert named.accuracy.mean == pytest.approx(answers.right.mean())


def test_the_test_split_is_scored_and_nothing_else(planted):
    record, right = planted.group("contrastive")
    assert record.n_scored == N_TARGET // 4
    for answers in right.values():
        assert answers.rows.tolist() == planted.target.rows_in("test").tolist()
        assert [EMOTIONS[emotion] for emotion in answers.truth] == planted.target.labels[answers.rows].tolist()


def test_what_any_seed_named_with_is_never_scored_where_all_other_labels_are(tmp_path):
    approaches = {"contrastive": {**RECIPE["approaches"]["contrastive"], "score_on": "unused_labels"}}
    planted = Planted(tmp_path, approaches=approaches)
    planted.leave("contrastive", labelled=range(20), **dict(zip(("source", "target"), planted.vectors["contrastive"],
                                                                 strict=True)))
    record, right = planted.group("contrastive")
    source, target = (np.asarray(values, np.float32) for values in planted.vectors["contrastive"])
    labels = np.where(planted.target.splits == "train", planted.target.labels, "")
    seen = {int(row) for entry in cluster_and_name(
                source, target, labels, EMOTIONS, ClusterSweepSettings((8, 16), 3, 3), KMeansSettings(),
                NamingSettings(sample=40), seed=5, title="again")
            for named in entry.named.values() for row in named.labelled_rows}
    assert set(planted.target.splits[list(seen)]) == {"train"}
    assert set(right[8, "labels_per_cluster"].rows.tolist()) == set(range(N_TARGET)) - seen - set(range(20))
    assert record.labels_training == 20


def test_an_evened_pile_is_clustered_and_all_faces_get_a_cluster(tmp_path):
    planted = Planted(tmp_path, clustering={"hierarchical_kmeans": [60, 24]})
    record, _ = planted.group("contrastive")
    assert record.entries[0].named["labels_per_cluster"].balanced_accuracy.mean > 0.9
    assert record.source_faces == N_SOURCE


def test_long_vectors_are_grouped_along_their_principal_components(tmp_path):
    planted = Planted(tmp_path)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(600, 6)))[0].T
    planted.leave("contrastive", **{name: values @ turn for name, values in zip(
        ("source", "target"), planted.vectors["contrastive"], strict=True)})
    assert planted.group("contrastive")[0].entries[0].named["labels_per_cluster"].balanced_accuracy.mean == 1


def test_an_equal_rerun_does_nothing_and_other_embeddings_are_grouped_anew(tmp_path):
    planted = Planted(tmp_path)
    first, _ = planted.group("contrastive")
    path = planted.layout.cluster_sweep("contrastive", "gray") / CLUSTER_SWEEP.name
    before = path.stat().st_mtime_ns
    assert planted.group("contrastive")[0] == first
    assert path.stat().st_mtime_ns == before
    planted.leave("contrastive", **dict(zip(("source", "target"), planted.vectors["dense_autoencoder"], strict=True)))
    assert planted.group("contrastive")[0].entries[0].ami.mean < 0.1


def test_a_record_that_is_damaged_or_of_another_format_is_refused(tmp_path):
    planted = Planted(tmp_path)
    planted.group("contrastive")
    folder = planted.layout.cluster_sweep("contrastive", "gray")
    text = (folder / CLUSTER_SWEEP.name).read_text()
    for spoilt in (text.replace(CLUSTER_SWEEP.format, "fecemo.cluster_sweep/0"),
                   text.replace('"n_scored"', '"scored_n"'), text[:200]):
        (folder / CLUSTER_SWEEP.name).write_text(spoilt)
        with pytest.raises(StoredStateError, match=r"cluster_sweep\.json.*run the cluster_sweep stage again"):
            read_cluster_sweep(folder)
    (folder / CLUSTER_SWEEP.name).write_text(text)
    np.save(folder / "right.npy", np.load(folder / "right.npy")[:, :2])
    with pytest.raises(StoredStateError, match=r"right\.npy has \d+ bytes, and \d+ were written; run the cluster"):
        read_cluster_sweep(folder)
    renew_receipt(folder)
    with pytest.raises(StoredStateError, match=r"right\.npy has the shape \(4, 2, 80\), expected \(4, 3, 80\)"):
        read_cluster_sweep(folder)


def test_a_classifier_or_a_recipe_without_cluster_sweep_is_refused(tmp_path):
    planted = Planted(tmp_path)
    with pytest.raises(InputError, match="supervised predicts by its own classifier"):
        cluster_sweep.run(planted.cell("supervised"))
    planted.recipe.write_text(yaml.safe_dump({key: value for key, value in RECIPE.items() if key != "cluster_sweep"}))
    with pytest.raises(InputError, match="there is no key cluster_sweep"):
        cluster_sweep.run(planted.cell("contrastive"))


def test_more_labels_than_there_are_cannot_vote(tmp_path):
    planted = Planted(tmp_path, naming={"method": "labels_per_cluster", "sample": 241})
    with pytest.raises(InputError, match=r"naming\.sample: 241 labels are asked for, and .* holds 240"):
        planted.group("contrastive")


def test_the_graph_groups_every_clustered_cell_that_waits_for_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("FECEMO_MODELS", str(tmp_path / "none"))  # whatever this machine's cache holds
    printed = dry_run(tmp_path, ROOT / "pipelines" / "recipes" / "table2_small.yaml", tmp_path / "run")
    listed = re.findall(r"^ +output: (.+)$", printed.stdout + printed.stderr, re.MULTILINE)
    made = Counter(Path(path).relative_to(tmp_path / "run").parts[0] for paths in listed for path in paths.split(", ")
                   if path.endswith("digest.txt"))
    # Without a landmark model: four encoders of faces alone, their gradients, and one encoder of ratings, which stands
    # on another's embedding; and two steps of learning curves, of which one learns nothing.
    layout = RunLayout(Path())
    folders = [layout.cluster_sweep("row", "gray"), layout.clusters("row", "gray"), layout.score("row", "gray"),
               layout.model("row", "gray")]
    assert [made[folder.parts[0]] for folder in folders] == [7, 6, 11, 11]
    assert "landmarks" not in printed.stdout + printed.stderr
