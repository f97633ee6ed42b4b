"""The stages from embeddings to a score, on a run folder whose embeddings were planted."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from fecemo import registry
from fecemo.data.arrays import write_arrays
from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.receipts import read_receipt
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.cell_metric import cell_metrics, read_records
from fecemo.evaluation.metrics.classification import score_predictions
from fecemo.evaluation.records.predictions import read_predictions
from fecemo.evaluation.records.score import SCORE, LabelsUsed
from fecemo.stages import cluster, evaluate, label, map_faces
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.labels_read import LabelsRead, scored_faces
from fecemo.study.artifact_kinds import clustering_digest
from tests.artifact_receipts import leave_outputs, leave_receipt

N_SOURCE = 160
N_TARGET = 64
RECIPE = """
name: planted
title: Planted embeddings
seed: 5
datasets: {source: {fetch: {faces: faces.csv}}, target: {import: {images: target}}}
roles: {source: source, target: target}
variants: [rgb]
approaches:
  dense_autoencoder:
    score_on: SCORE_ON
    fit: {reconstruct: {loss: binary_crossentropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 1}}
  supervised:
    score_on: test
    fit: {classify: {loss: cross_entropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 1}}
clustering: {n_clusters: 8, n_init: 4}
map: {perplexity: 10, pca_components: 5, iterations: 50, source_faces: 100}
naming: {method: METHOD, sample: 32}
evaluation: {bootstrap: 200}
"""


class PlantedRun:
    """A run with a target data set, and models and outputs of two cells, as the stages before would leave them."""

    def __init__(self, folder):
        self.folder, self.recipe = folder, RECIPE
        self.layout = self.arguments("dense_autoencoder").layout
        rng = np.random.default_rng(0)
        self.labels = np.array(EMOTIONS)[np.arange(N_TARGET) % 8]
        plan = [FaceEntry(id=f"face{row}", address=f"{row}.png",
                          annotations={"label": str(self.labels[row]),
                                       "split": "test" if row >= N_TARGET * 3 // 4 else "train"})
                for row in range(N_TARGET)]
        writer = DatasetWriter(self.layout.dataset("target"), plan)
        for slot in writer.missing():
            flat = np.full((200, 200, 3), slot, np.uint8)
            writer.put(slot, flat if slot < N_TARGET - 1 else np.repeat(np.repeat(rng.integers(
                0, 256, (5, 8, 3), dtype=np.uint8), 40, axis=0), 25, axis=1))  # the last is a picture
        writer.finish("import", config={}, inputs={})
        writer.close()
        self.centres = rng.normal(size=(8, 12)) * 5
        self.source = self.centres[np.arange(N_SOURCE) % 8] + rng.normal(size=(N_SOURCE, 12)) * 0.3
        self.target = self.centres[np.arange(N_TARGET) % 8] + rng.normal(size=(N_TARGET, 12)) * 0.3
        self.model("dense_autoencoder", [])
        self.outputs("dense_autoencoder", source=self.source, target=self.target)
        self.model("supervised", range(N_TARGET * 3 // 4))
        certain = np.eye(8)[np.arange(N_TARGET) % 8] * 0.5 + 0.0625
        certain[-1] = np.eye(8)[3]  # the last face is contempt, and taken for surprise
        self.outputs("supervised", target=certain)

    def arguments(self, approach, score_on="unused_labels", method="majority_vote"):
        recipe = self.folder / f"{score_on}_{method}.yaml"
        recipe.write_text(self.recipe.replace("SCORE_ON", score_on).replace("METHOD", method))
        return CellArguments(recipe=recipe, run=self.folder / "run", approach=approach, variant="rgb")

    def model(self, approach, labelled_rows, summary=None, **arrays):
        folder = self.layout.model(approach, "rgb")
        folder.mkdir(parents=True, exist_ok=True)
        files = write_arrays(folder, {"labelled_rows": np.array(labelled_rows, np.int64), **arrays})
        leave_receipt(self.arguments(approach).study, self.layout, "model", approach, "rgb", files, seconds=40.0,
                      summary=summary or {})
        if (stored := read_receipt(self.layout.outputs(approach, "rgb"))) is not None:  # embedded again, equally
            leave_receipt(self.arguments(approach).study, self.layout, "outputs", approach, "rgb", list(stored.outputs))

    def outputs(self, approach, **vectors):
        leave_outputs(self.arguments(approach).study, self.layout, approach, "rgb", seconds=2.0, **vectors)


@pytest.fixture
def planted(tmp_path):
    return PlantedRun(tmp_path)


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_planted_emotions_are_clustered_named_by_vote_and_scored(planted):
    arguments = planted.arguments("dense_autoencoder")
    clustered = cluster.run(arguments)
    assert clustered.summary["cluster_sizes"] == [20] * 8
    assigned = read_receipt(planted.layout.assigned("dense_autoencoder", "rgb"))
    assert assigned.summary["cluster_sizes"] == [8] * 8
    label.run(arguments)
    evaluate.run(arguments)

    score = SCORE.read(planted.layout.score("dense_autoencoder", "rgb"))
    assert (score.accuracy, score.balanced_accuracy, score.macro_f1, score.abstained) == (1, 1, 1, 0)
    assert score.method == "majority_vote"
    assert score.labels_used == LabelsUsed(training=0, naming=32)
    assert score.n_scored == N_TARGET - 32  # every labelled face but those that named
    assert np.array(score.confusion).shape == (8, 8)
    assert (score.clusters.nmi, score.clusters.purity, score.clusters.oracle_accuracy) == pytest.approx((1, 1, 1))
    assert (score.clusters.oracle_rule, score.clusters.upper_bound) == ("one to one", True)
    assert (score.roc_auc, score.pr_auc) == (1, 1)  # every face is nearest to the centre of its own emotion
    assert score.clusters.purity_of_chance > 1 / 8
    assert score.clusters.purity_of_chance < 0.6
    assert score.clusters.stability is not None
    assert sorted(score.clusters.names.values()) == sorted(EMOTIONS)
    assert (score.seconds.train, score.seconds.embed) == (40, 2)
    after = score.seconds.cluster + score.seconds.label + score.seconds.evaluate
    assert score.seconds.total == pytest.approx(42 + after)
    assert (score.recipe, score.seed, score.confidence, score.bootstrap) == ("planted", 5, 0.95, 200)

    sample = rows_of(planted.layout.names("dense_autoencoder", "rgb") / "sample.csv")
    dataset = Dataset(planted.layout.dataset("target"))
    assert all(dataset.splits[int(line["row"])] == "train" for line in sample)
    assert all(dataset.ids[int(line["row"])] == line["id"] for line in sample)
    predictions = rows_of(planted.layout.score("dense_autoencoder", "rgb") / "predictions.csv")
    assert not {line["row"] for line in sample} & {line["row"] for line in predictions}
    assert [planted.labels[int(line["row"])] for line in predictions] == [line["truth"] for line in predictions]


def test_a_second_run_does_nothing_and_gives_the_same_bytes_when_made_anew(planted):
    arguments = planted.arguments("dense_autoencoder")
    stages = [cluster.run, map_faces.run, label.run, evaluate.run]
    first = [stage(arguments) for stage in stages]
    assert [stage(arguments) for stage in stages] == first
    folders = [planted.layout.clusters, planted.layout.map, planted.layout.names]
    for folder in folders:
        (folder("dense_autoencoder", "rgb") / "receipt.json").unlink()
    assert [stage(arguments).digest for stage in stages[:3]] == [receipt.digest for receipt in first[:3]]


def test_a_record_of_another_format_is_measured_anew(planted, monkeypatch):
    arguments = planted.arguments("supervised")
    folder = planted.layout.score("supervised", "rgb")
    evaluate.run(arguments)
    newer = {name: replace(kind, version=kind.version + 1) for name, kind in cell_metrics().items()}
    present = registry._entries
    monkeypatch.setattr(registry, "_entries", lambda package, attribute: newer if package == cell_metrics.package
                        else present(package, attribute))
    with pytest.raises(StoredStateError, match=r"curves\.json has the format .*run the evaluate stage again"):
        read_records(folder)
    evaluate.run(arguments)
    assert read_records(folder)["curves"].roc


def test_the_test_split_alone_is_scored_where_the_recipe_says_so(planted):
    arguments = planted.arguments("dense_autoencoder", score_on="test")
    for stage in (cluster.run, label.run, evaluate.run):
        stage(arguments)
    score = SCORE.read(planted.layout.score("dense_autoencoder", "rgb"))
    assert (score.n_scored, score.score_on) == (N_TARGET // 4, "test")
    predictions = rows_of(planted.layout.score("dense_autoencoder", "rgb") / "predictions.csv")
    assert {line["split"] for line in predictions} == {"test"}


def test_a_classifier_is_scored_by_its_probabilities_and_has_no_clusters(planted):
    arguments = planted.arguments("supervised")
    evaluate.run(arguments)
    score = SCORE.read(planted.layout.score("supervised", "rgb"))
    assert score.accuracy == 15 / 16
    assert score.classes["contempt"].recall == 1 / 2
    assert score.confusion[EMOTIONS.index("contempt")][EMOTIONS.index("surprise")] == 1
    assert score.intervals["accuracy"].low < 15 / 16 < score.intervals["accuracy"].high
    assert (score.method, score.clusters, score.labels_used) == ("classifier", None, LabelsUsed(training=48))
    assert score.chance.uniform == score.chance.majority == 1 / 8
    for stage in (cluster.run, map_faces.run, label.run):
        with pytest.raises(InputError, match="supervised predicts by its own classifier"):
            stage(arguments)


def test_every_figure_follows_from_the_predictions_alone(planted):
    arguments = planted.arguments("supervised")
    evaluate.run(arguments)
    folder = planted.layout.score("supervised", "rgb")
    score, predictions = SCORE.read(folder), read_predictions(folder, EMOTIONS)
    again = score_predictions(predictions.truth, predictions.prediction, EMOTIONS, predictions.scores)
    assert {name: score.metric(name) for name in again.values} == again.values
    assert score.classes == again.classes
    assert score.scored_faces == predictions.digest
    stored = np.load(planted.layout.outputs("supervised", "rgb") / "target" / "probabilities.npy")
    np.testing.assert_array_equal(predictions.scores, stored[predictions.rows])  # to the last bit
    curves = read_records(folder)["curves"]
    assert set(curves.roc) == set(curves.pr) == set(EMOTIONS)
    assert curves.roc["happy"][:2] == ((0.0, 0.0), (0.0, 1.0))  # both happy faces come before every other
    assert curves.roc["contempt"][-1] == (1.0, 1.0)
    assert curves.roc["contempt"][1] == (0.0, 0.5)  # one of the two, and the other is tied with the rest


def test_names_given_with_labels_in_sight_are_never_called_blind(planted):
    arguments = planted.arguments("dense_autoencoder", method="hand")
    clustering = clustering_digest(cluster.run(arguments).outputs)
    path = name_by_hand(planted, clustering, dict(zip(map(str, range(8)), EMOTIONS, strict=True)))
    label.run(arguments)
    evaluate.run(arguments)
    assert SCORE.read(planted.layout.score("dense_autoencoder", "rgb")).labels_used.blind
    document = json.loads(path.read_text()) | {"suggestions_used": 3, "target_labels_shown": True}
    path.write_text(json.dumps(document))
    label.run(arguments)
    evaluate.run(arguments)
    used = SCORE.read(planted.layout.score("dense_autoencoder", "rgb")).labels_used
    assert used == LabelsUsed(faces_viewed=64, suggestions_used=3, target_labels_shown=True, named_by="ann")
    assert not used.blind


def test_labels_that_chose_settings_are_counted_and_not_scored(planted):
    planted.model("supervised", range(40), choosing_rows=np.arange(40, 44))
    evaluate.run(planted.arguments("supervised"))
    assert SCORE.read(planted.layout.score("supervised", "rgb")).labels_used == LabelsUsed(training=40, choosing=4)
    planted.model("supervised", range(40), choosing_rows=np.array([N_TARGET - 1]))  # a face of the test split
    with pytest.raises(StoredStateError, match="1 labels of the test split were used"):
        evaluate.run(planted.arguments("supervised"))


@pytest.mark.parametrize("score_on", ["test", "unused_labels"])
def test_labels_of_further_data_sets_are_counted_and_their_copies_are_not_among_unused_ones(planted, score_on):
    """By data set and by use: of people in all of them; of drawn faces apart, which nobody labelled."""
    last, faces = N_TARGET - 1, np.load(planted.layout.dataset("target") / "faces.npy")
    for name, pixels in (("rated", faces[last, :, ::-1]), ("made", np.full((200, 200, 3), 200, np.uint8))):
        writer = DatasetWriter(planted.layout.dataset(name), [
            FaceEntry(id=f"{name}{row}", address=f"{row}.png", annotations={"label": "happy", "split": "train"})
            for row in range(6)])
        for row in range(6):
            writer.put(row, pixels if row == 5 else np.full((200, 200, 3), 100 + row + len(name), np.uint8))
        writer.finish("import", config={}, inputs={})
        writer.close()
    planted.recipe = RECIPE.replace(
        "datasets: {", "datasets: {rated: {import: {images: x}}, made: {draw: {faces_per_class: 1}}, ").replace(
        "    score_on: test\n    fit: {classify: {",
        f"    score_on: {score_on}\n    fit: {{classify: {{data: [target.train, rated.train, made], ")
    planted.model("supervised", range(40), labelled_rows_rated=np.array([1, 5]), choosing_rows_rated=np.array([2]),
                  labelled_rows_made=np.arange(6))
    evaluate.run(planted.arguments("supervised"))
    score = SCORE.read(planted.layout.score("supervised", "rgb"))
    assert score.labels_used == LabelsUsed(training=40 + 2, choosing=1, of_nobody=6)
    assert score.labels_used.total == 43
    # The last face of the target is in the other set too, mirrored, under another name, and its label was read there.
    assert score.n_scored == (N_TARGET // 4 if score_on == "test" else N_TARGET - 40 - 1)
    receipt = read_receipt(planted.layout.score("supervised", "rgb"))
    assert receipt.summary["copies"] == (1 if score_on == "test" else 0)


def test_a_model_is_scored_on_a_second_labelled_set_by_the_classes_that_it_learnt(planted):
    """Its labels are none of those that are scored; its outputs are in its own order of classes."""
    planted.recipe = RECIPE.replace("datasets: {", "datasets: {rated: {import: {images: x}}, ").replace(
        "    fit: {classify: {", "    fit: {classify: {data: rated.train, ")
    classes = sorted(EMOTIONS, reverse=True)
    writer = DatasetWriter(planted.layout.dataset("rated"), [
        FaceEntry(id=f"rated{row}", address=f"{row}.png", annotations={"label": EMOTIONS[row % 8], "split": "train"})
        for row in range(8)])
    for row in range(8):
        writer.put(row, np.full((200, 200, 3), 100 + row, np.uint8))
    writer.finish("import", config={}, inputs={})
    writer.close()
    order = [EMOTIONS.index(name) for name in classes]
    planted.model("supervised", [], labelled_rows_rated=np.arange(8), summary={"classes": classes[1:]})
    planted.outputs("supervised", target=(np.eye(8)[np.arange(N_TARGET) % 8] * 0.5 + 0.0625)[:, order])
    with pytest.raises(InputError, match="and the target has the classes"):
        evaluate.run(planted.arguments("supervised"))
    planted.model("supervised", [], labelled_rows_rated=np.arange(8), summary={"classes": classes})
    evaluate.run(planted.arguments("supervised"))
    score = SCORE.read(planted.layout.score("supervised", "rgb"))
    assert (score.accuracy, score.n_scored) == (1, N_TARGET // 4)
    assert score.labels_used == LabelsUsed(training=8)


def test_what_an_earlier_training_left_is_not_believed(planted):
    planted.model("supervised", range(40), choosing_rows=np.arange(40, 44))
    planted.model("supervised", range(40))  # trained again, without choosing: its receipt does not name the rows
    assert (planted.layout.model("supervised", "rgb") / "choosing_rows.npy").is_file()
    evaluate.run(planted.arguments("supervised"))
    assert SCORE.read(planted.layout.score("supervised", "rgb")).labels_used == LabelsUsed(training=40)


def test_a_label_that_was_learned_from_is_never_scored_as_test(planted):
    planted.model("supervised", range(N_TARGET * 3 // 4 + 1))
    with pytest.raises(StoredStateError, match="1 labels of the test split were used"):
        evaluate.run(planted.arguments("supervised"))
    assert read_receipt(planted.layout.score("supervised", "rgb")) is None


def test_the_map_knows_its_rows_and_keeps_neighbours(planted):
    receipt = map_faces.run(planted.arguments("dense_autoencoder"))
    folder = planted.layout.map("dense_autoencoder", "rgb")
    source, rows = np.load(folder / "source_map.npy"), np.load(folder / "source_rows.npy")
    target = np.load(folder / "target_map.npy")
    assert (source.shape, source.dtype, target.shape) == ((100, 2), np.float32, (N_TARGET, 2))
    assert (np.diff(rows) > 0).all()
    middles = np.array([source[rows % 8 == emotion].mean(axis=0) for emotion in range(8)])
    nearest = np.linalg.norm(target[:, None] - middles, axis=2).argmin(axis=1)
    assert (nearest == np.arange(N_TARGET) % 8).mean() > 0.9
    assert receipt.summary["neighbour_accuracy"] > 3 * receipt.summary["neighbour_accuracy_of_chance"]


def name_by_hand(planted, clustering, names):
    path = planted.layout.hand_names("dense_autoencoder", "rgb")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"format": "fecemo.names/1", "approach": "dense_autoencoder", "variant": "rgb",
                                "clustering": clustering, "names": names, "by": "ann", "faces_viewed": 64}))
    return path


def test_names_by_hand_are_used_kept_and_refused_for_another_clustering(planted):
    arguments = planted.arguments("dense_autoencoder", method="hand")
    clustering = clustering_digest(cluster.run(arguments).outputs)
    with pytest.raises(InputError, match="nobody has named"):
        label.run(arguments)
    clusters = np.load(planted.layout.assigned("dense_autoencoder", "rgb") / "target_clusters.npy")
    names = {str(clusters[row]): EMOTIONS[row] for row in range(8)}
    names[str(clusters[1])] = "mixed"
    path = name_by_hand(planted, clustering, names)
    written = path.read_bytes()
    label.run(arguments)
    evaluate.run(arguments)
    score = SCORE.read(planted.layout.score("dense_autoencoder", "rgb"))
    assert (score.method, score.labels_used) == ("hand", LabelsUsed(faces_viewed=64, named_by="ann"))
    assert (score.n_scored, score.abstained, score.accuracy) == (N_TARGET, 8, 7 / 8)  # nobody calls a face happy
    assert [row[-1] for row in score.confusion] == [0, 8, 0, 0, 0, 0, 0, 0]
    assert score.classes["happy"].recall == 0
    assert path.read_bytes() == written

    # Other names are other work; another clustering refuses them.
    names[str(clusters[1])] = "happy"
    name_by_hand(planted, clustering, names)
    label.run(arguments)
    evaluate.run(arguments)
    assert SCORE.read(planted.layout.score("dense_autoencoder", "rgb")).accuracy == 1
    planted.outputs("dense_autoencoder", source=planted.source[::-1] * 2, target=planted.target * 2)
    cluster.run(arguments)
    with pytest.raises(StoredStateError, match="names the clusters of another clustering"):
        label.run(arguments)


def test_half_written_names_are_a_clear_refusal(planted):
    arguments = planted.arguments("dense_autoencoder", method="hand")
    path = name_by_hand(planted, clustering_digest(cluster.run(arguments).outputs), {"0": "happy"})
    path.write_text(path.read_text()[:60])
    with pytest.raises(InputError, match=r"rgb\.json is not readable JSON"):
        label.run(arguments)


def test_what_is_missing_is_named_with_the_stage_that_makes_it(planted):
    arguments = planted.arguments("dense_autoencoder")
    with pytest.raises(StoredStateError, match="'cluster' has not finished"):
        label.run(arguments)
    cluster.run(arguments)
    with pytest.raises(StoredStateError, match="'label' has not finished"):
        evaluate.run(arguments)
    label.run(arguments)
    (planted.layout.assigned("dense_autoencoder", "rgb") / "target_clusters.npy").unlink()
    with pytest.raises(StoredStateError, match=r"target_clusters\.npy is missing; run the cluster stage again"):
        evaluate.run(arguments)


def test_a_diverged_or_collapsed_encoder_is_explained(planted):
    arguments = planted.arguments("dense_autoencoder")
    planted.outputs("dense_autoencoder", source=planted.source * np.nan, target=planted.target)
    with pytest.raises(StoredStateError, match="diverged"):
        cluster.run(arguments)
    planted.outputs("dense_autoencoder", source=planted.source * 0, target=planted.target)
    with pytest.raises(StoredStateError, match="collapsed"):
        cluster.run(arguments)
    assert read_receipt(planted.layout.clusters("dense_autoencoder", "rgb")) is None


@pytest.mark.parametrize("score_on", ["test", "unused_labels"])
def test_copies_of_faces_whose_labels_were_used_are_not_scored_among_unused_labels(planted, score_on):
    faces, last = np.load(planted.layout.dataset("target") / "faces.npy"), N_TARGET - 1
    writer = DatasetWriter(planted.folder / "again", [
        FaceEntry(id=f"face{row}", address=f"{row}.png", annotations={
            "label": str(planted.labels[row]), "split": "test" if row >= N_TARGET * 3 // 4 else "train"})
        for row in range(N_TARGET)])
    for row in range(N_TARGET):
        writer.put(row, faces[0 if row == last else row])  # a test face is a copy of a face of the training
    writer.finish("import", config={}, inputs={})
    writer.close()
    target = Dataset(planted.folder / "again")
    read = LabelsRead(np.arange(1, 10), copied=np.array([20]), training=9, choosing=0, of_nobody=0)
    assert target.copies[last] == 0
    scored = scored_faces(score_on, target, read, named_with=np.array([0]))
    assert (last in scored.rows) == (score_on == "test")
    assert not np.isin([0, 5, 20], scored.rows).any()  # the twentieth is a copy of a face of another data set
    if score_on == "test":
        assert (len(scored.rows), scored.copies, scored.copies_left_out) == (N_TARGET // 4, 1, 0)
    else:
        assert (len(scored.rows), scored.copies, scored.copies_left_out) == (N_TARGET - 12, 0, 2)
    # Where a set comes divided so, nothing learns from that face and it names nothing.
    assert 0 not in target.learnable_rows("train")
    assert not target.naming_faces[[0, last]].any()
    assert target.naming_faces.sum() == N_TARGET * 3 // 4 - 1
