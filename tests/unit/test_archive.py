"""Parts of tagging: confidence, vectors that are kept, photographs by name."""

import numpy as np
import pytest

from fecemo.archive.photographs import Photograph, require_unchanged
from fecemo.archive.vectors import DIGEST, VectorStore
from fecemo.data.photo_tree import photo_path
from fecemo.errors import InputError
from fecemo.evaluation.metrics.calibration import Calibration, calibrate, shares


def test_a_temperature_makes_confidence_what_labels_say():
    # Scores ±m and three of four right: softmax(2m / T) = 3/4 where T = 2m / ln 3.
    scores = np.tile([0.5, -0.5], (80, 1))
    right = np.eye(2, dtype=bool)[(np.arange(80) % 4 == 0).astype(int)]
    result = calibrate(scores, right, assumed=1.0)
    assert result.temperature == pytest.approx(1 / np.log(3), rel=1e-3)
    assert result.n_labelled == 80
    assert result.error == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(shares(scores[:1], result.temperature), [[0.75, 0.25]], atol=1e-4)
    assert calibrate(scores[:10], right[:10], assumed=0.3) == Calibration(0.3)


def test_the_share_of_a_class_is_that_of_all_names_that_count_as_it():
    # Scores (m, m, -m), the first two names of one class, three of four right: 2e / (2e + 1/e) = 3/4 with e = exp(m/T),
    # so that exp(2m / T) = 3/2.
    scores = np.tile([0.5, 0.5, -0.5], (80, 1))
    right = np.array([[False, False, True], [True, True, False]])[(np.arange(80) % 4 != 0).astype(int)]
    assert calibrate(scores, right, assumed=1.0).temperature == pytest.approx(1 / np.log(1.5), rel=1e-3)


def test_vectors_are_kept_by_the_digests_of_faces(tmp_path):
    names = np.array(["a", "b", "a", "c", "d"], DIGEST)
    store = VectorStore(tmp_path, "m1")
    assert store.missing(names).tolist() == [0, 1, 3, 4]
    assert list(store.gather(names[:0])) == []
    store.add(names[[0, 1]], np.array([[1, 1], [2, 2]], np.float32))
    store.add(names[[3]], np.array([[3, 3]], np.float32))
    store = store.reload()
    assert store.missing(names).tolist() == [4]
    assert np.concatenate(list(store.gather(names[[3, 2, 1, 0]])))[:, 0].tolist() == [3, 1, 2, 1]
    with pytest.raises(KeyError):
        list(store.gather(names))
    other = VectorStore(tmp_path, "m2")  # another model's
    assert len(other.missing(names)) == 4
    other.add(names[:1], np.zeros((1, 2), np.float32))
    other.forget_others()
    assert len(VectorStore(tmp_path, "m1").missing(names)) == 4
    assert other.reload().missing(names[:1]).tolist() == []


@pytest.mark.parametrize(("name", "path"), [("a/b c.jpg", "a/b c.jpg"), ("a%0Ab%25.jpg", "a\nb%.jpg"),
                                            ("%FF.jpg", "\udcff.jpg")])
def test_names_of_tables_are_paths(tmp_path, name, path):
    assert photo_path(tmp_path, name) == tmp_path / path


@pytest.mark.parametrize("name", ["../a.jpg", "a/../../b.jpg", "/etc/passwd", "%2Fetc/passwd", "%2E%2E/a.jpg", "",
                                  "a%00"])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    with pytest.raises(InputError, match="no photograph within"):
        photo_path(tmp_path, name)


def test_a_photograph_that_changed_is_another(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    require_unchanged(path, Photograph(3, 1, 1, 1, ""))
    with pytest.raises(InputError, match="has 3 bytes, and had 4"):
        require_unchanged(path, Photograph(4, 1, 1, 1, ""))
    with pytest.raises(InputError, match="is gone"):
        require_unchanged(tmp_path / "b.jpg", Photograph(3, 1, 1, 1, ""))
