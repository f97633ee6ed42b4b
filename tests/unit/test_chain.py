"""The chain of receipts: what was made of something that has since been made anew is never read."""

import pytest

from fecemo.data.receipts import write_receipt
from fecemo.errors import StoredStateError
from fecemo.stages.chain import clustering_digest, outdated, require_chain, source_digest
from fecemo.study.layout import RunLayout

CELL = ("conv_autoencoder", "gray")


def make(folder, stage, content, **made_of):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "out").write_text(content)
    return write_receipt(folder, stage, config={}, inputs={name: one.digest for name, one in made_of.items()},
                         files=["out"], seconds=1.0)


def embed(layout, source_vectors="vectors", target_vectors="vectors", **made_of):
    folder = layout.embeddings(*CELL)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("source", source_vectors), ("target", target_vectors)):
        (folder / f"{name}.npy").write_text(content)
        (folder / f"{name}_rows.npy").write_text("rows")
    return write_receipt(folder, "embed", config={}, inputs={name: one.digest for name, one in made_of.items()},
                         files=[f"{name}{end}.npy" for name in ("source", "target") for end in ("", "_rows")],
                         seconds=1.0)


def cluster(layout, embeddings, content="groups"):
    """Return the receipts of the clustering, and of the target faces assigned to it."""
    folder = layout.clusters(*CELL)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "out").write_text(content)
    clusters = write_receipt(folder, "cluster", config={}, inputs={"source_embeddings": source_digest(embeddings)},
                             files=["out"], seconds=1.0)
    return clusters, make(layout.assigned(*CELL), "cluster", "assigned", clusters=clusters, embeddings=embeddings)


@pytest.fixture
def layout(tmp_path):
    layout = RunLayout(tmp_path)
    source, target = make(layout.source, "fetch", "faces"), make(layout.target, "import", "labelled")
    model = make(layout.model(*CELL), "train", "weights", source=source)
    embeddings = embed(layout, model=model, source=source, target=target)
    clusters, _ = cluster(layout, embeddings)
    make(layout.names(*CELL), "label", "names", clusters=clusters, embeddings=embeddings, target=target)
    return layout


def test_a_whole_chain_is_given(layout):
    found = require_chain(layout, *CELL, "model", "embeddings", "clusters", "names")
    assert list(found) == ["model", "embeddings", "clusters", "names"]
    assert found["clusters"].inputs == {"source_embeddings": source_digest(found["embeddings"])}


def test_vectors_of_a_model_that_was_trained_again_are_refused(layout):
    """Their scores would be charged with the labels of another model."""
    make(layout.model(*CELL), "train", "other weights")
    with pytest.raises(StoredStateError, match=r"made of another model.*run the embed stage again"):
        require_chain(layout, *CELL, "model", "embeddings")
    with pytest.raises(StoredStateError, match="run the embed stage again"):
        require_chain(layout, *CELL, "embeddings")  # also where the model itself is not read


def test_names_voted_by_labels_that_have_changed_are_refused(layout):
    target = make(layout.target, "import", "corrected labels")
    with pytest.raises(StoredStateError, match=r"made of another target.*run the embed stage again"):
        require_chain(layout, *CELL, "model", "embeddings", "clusters", "names")
    found = require_chain(layout, *CELL, "model")
    source = make(layout.source, "fetch", "faces")
    cluster(layout, embed(layout, model=found["model"], source=source, target=target))
    with pytest.raises(StoredStateError, match=r"made of another target.*run the label stage again"):
        require_chain(layout, *CELL, "model", "embeddings", "clusters", "names")


def test_other_target_faces_leave_the_clustering_alone_and_not_the_clusters_of_target_faces(layout):
    embeddings = embed(layout, target_vectors="of other faces")
    require_chain(layout, *CELL, "embeddings", "clusters")
    with pytest.raises(StoredStateError, match=r"assigned.* was made of another embeddings.*run the cluster stage"):
        require_chain(layout, *CELL, "embeddings", "clusters", "assigned")
    cluster(layout, embeddings)
    require_chain(layout, *CELL, "embeddings", "clusters", "assigned")


def test_other_source_vectors_do_not(layout):
    embed(layout, source_vectors="of other faces")
    with pytest.raises(StoredStateError, match=r"another source_embeddings.*run the cluster stage again"):
        require_chain(layout, *CELL, "clusters")


def test_an_equal_rerun_breaks_nothing(layout):
    make(layout.model(*CELL), "train", "weights")
    require_chain(layout, *CELL, "model", "embeddings", "clusters", "names")


def test_a_score_knows_what_it_was_made_of(layout):
    found = require_chain(layout, *CELL, "model", "names")
    score = make(layout.score(*CELL), "evaluate", "score", model=found["model"], names=found["names"])
    assert outdated(layout, *CELL, score) is None
    make(layout.names(*CELL), "label", "other names")
    assert outdated(layout, *CELL, score) == "names"


def test_names_belong_to_the_groups_and_to_nothing_else():
    outputs = {"centres.npy": "a", "source_clusters.npy": "b", "source_distances.npy": "c"}
    assert clustering_digest(outputs) == clustering_digest({**outputs, "source_distances.npy": "d"})
    assert clustering_digest(outputs) != clustering_digest({**outputs, "centres.npy": "d"})
