"""Arrays on the disk: rows that were counted survive a kill, and rows of something else are never taken for them."""

import numpy as np
import pytest

from fecemo.data.arrays import GrowingArray, write_arrays, write_pieces

ROWS = np.random.default_rng(0).integers(0, 256, (10, 4, 3), dtype=np.uint8)


def grown(folder, upto, mark="a", blocks=3):
    array = GrowingArray(folder / "faces.npy", ROWS.shape, mark)
    while array.rows < upto:
        array.append(ROWS[array.rows : min(array.rows + blocks, upto)])
    return array


def test_whole_it_is_a_plain_array(tmp_path):
    assert grown(tmp_path, 10).rows == 10
    np.testing.assert_array_equal(np.load(tmp_path / "faces.npy"), ROWS)


def test_it_goes_on_after_the_last_row_that_was_counted(tmp_path):
    first = grown(tmp_path, 6)
    with (tmp_path / "faces.npy").open("ab") as file:
        file.write(b"a block that was not counted any more")
    again = GrowingArray(tmp_path / "faces.npy", ROWS.shape, "a")
    assert again.rows == 6
    again.append(ROWS[6:])
    np.testing.assert_array_equal(np.load(tmp_path / "faces.npy"), ROWS)
    again.count_file.unlink()
    assert [path.name for path in tmp_path.iterdir()] == ["faces.npy"]
    assert first.count_file == again.count_file


def test_rows_of_another_mark_are_given_up_and_stay_given_up(tmp_path):
    grown(tmp_path, 6, "a")
    assert GrowingArray(tmp_path / "faces.npy", ROWS.shape, "b").rows == 0
    assert GrowingArray(tmp_path / "faces.npy", ROWS.shape, "a").rows == 0, "b began to write over them"


@pytest.mark.parametrize("spoil", [
    lambda path: path.unlink(),
    lambda path: path.write_bytes(path.read_bytes()[:-1]),
    lambda path: path.write_bytes(b""),
    lambda path: np.save(path, np.zeros((3, 3))),
    lambda path: path.with_name("faces_a.count").write_text("all"),
    lambda path: path.with_name("faces_a.count").write_text("-1"),
], ids=["gone", "short", "empty", "another array", "no number", "no count"])
def test_what_does_not_hold_the_counted_rows_is_begun_anew(tmp_path, spoil):
    grown(tmp_path, 6)
    spoil(tmp_path / "faces.npy")
    assert GrowingArray(tmp_path / "faces.npy", ROWS.shape, "a").rows == 0
    grown(tmp_path, 10)
    np.testing.assert_array_equal(np.load(tmp_path / "faces.npy"), ROWS)


def test_an_array_written_by_pieces_is_that_written_whole_to_the_byte(tmp_path):
    whole = np.arange(60, dtype=np.float32).reshape(10, 3, 2) / 7
    write_arrays(tmp_path, {"whole": whole})
    pieces = (whole[start:start + 4] for start in (0, 4, 8))
    assert write_pieces(tmp_path, "pieces", whole.shape, pieces) == "pieces.npy"
    assert (tmp_path / "pieces.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    wide = np.arange(30, dtype=np.float32).reshape(5, 6)
    write_pieces(tmp_path, "pairs", (5, 2, 2), [wide[:, 1:5]])
    assert np.array_equal(np.load(tmp_path / "pairs.npy"), wide[:, 1:5].reshape(5, 2, 2))
    with pytest.raises(ValueError, match="pairs has 4 rows, expected 5"):
        write_pieces(tmp_path, "pairs", (5, 2, 2), [wide[:4, 1:5]])
    assert len(np.load(tmp_path / "pairs.npy")) == 5
