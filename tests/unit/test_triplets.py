"""Rated triplets of a data set as examples: which of them count, and which face is the odd one."""

import numpy as np
import pytest

from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import output_lock
from fecemo.errors import InputError, StoredStateError
from fecemo.models.loss import LossTerm
from fecemo.models.losses.triplets import TripletLoss
from fecemo.study.faces.columns import RunFaces
from fecemo.study.faces.examples import draw_examples
from fecemo.study.faces.triplets import read_triplets
from fecemo.training.optimizers import Adam
from fecemo.training.settings import FitSettings

IDS = [f"{row:032x}" for row in range(6)]
LOST = "f" * 32
TRIPLETS = [  # faces, type, answers
    ((0, 1, 2), "ONE_CLASS_TRIPLET", "333333"),
    ((3, 4, 5), "TWO_CLASS_TRIPLET", "113112"),  # four of six: just enough
    ((5, 0, 3), "THREE_CLASS_TRIPLET", "221222"),
    ((1, 2, 3), "THREE_CLASS_TRIPLET", "112233"),  # nobody agrees
    ((1, 2, 4), "TWO_CLASS_TRIPLET", "1112"),  # three of four
    ((2, 4, 5), "ONE_CLASS_TRIPLET", "11122"),  # three of five: too few
    ((0, None, 5), "ONE_CLASS_TRIPLET", "111"),  # a face that could not be fetched
]
"""As the list has them."""


def write_tables(folder, triplets=TRIPLETS):
    names = [IDS[face] if face is not None else LOST for faces, _, _ in triplets for face in faces]
    lines = [",".join([str(number), *names[3 * number : 3 * number + 3], kind])
             for number, (_, kind, _) in enumerate(triplets)]
    (folder / "triplets.csv").write_text("triplet,first,second,third,type\n" + "".join(f"{line}\n" for line in lines))
    ratings = [f"{number},rater_{place},{answer}\n" for number, (_, _, answers) in enumerate(triplets)
               for place, answer in enumerate(answers)]
    (folder / "ratings.csv").write_text("triplet,rater,answer\n" + "".join(ratings))


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "dataset"
    with output_lock(folder):
        writer = DatasetWriter(folder, [FaceEntry(id=name, address=f"{name}.png") for name in IDS])
        for slot in range(len(IDS)):
            writer.put(slot, np.full((200, 200, 3), slot, np.uint8))
        writer.finish("fetch", config={}, inputs={})
        writer.close()
    write_tables(folder)
    return Dataset(folder)


def draw(dataset, **over):
    term = LossTerm(TripletLoss(), "embedding", "triplet")
    fit = FitSettings((term,), Adam(), 1e-3, epochs=1, data=("source.triplets",), **over)
    return draw_examples({"source": RunFaces(dataset)}, fit, 5, "a.fit.rate")


def test_those_on_which_two_thirds_agree_with_the_odd_face_last(dataset):
    result = read_triplets(dataset.folder, dataset.ids)
    faces = [[dataset.ids[row] for row in rows] for rows in result.rows]
    assert faces == [[IDS[face] for face in trio] for trio in ((0, 1, 2), (4, 5, 3), (5, 3, 0), (2, 4, 1))]
    assert result.targets["triplet"].tolist() == [0, 1, 2, 1]
    assert (result.rows.dtype, result.targets["triplet"].dtype) == (np.int64, np.int32)


def test_some_are_drawn(dataset):
    assert len(draw(dataset)[0]) == 4
    assert len(draw(dataset, faces=2)[0]) == 2


def test_what_is_held_out_shares_no_face_with_what_is_learnt_from(dataset):
    write_tables(dataset.folder, [((0, 1, 2), "ONE_CLASS_TRIPLET", "333"), ((3, 4, 5), "TWO_CLASS_TRIPLET", "111"),
                               ((1, 2, 0), "TWO_CLASS_TRIPLET", "222")])
    learnt, held = draw(dataset, validate_on=0.7)
    assert len(learnt) + len(held) == 3
    assert not set(learnt.rows.ravel().tolist()) & set(held.rows.ravel().tolist())
    assert len(held) in (1, 2)


def test_triplets_that_are_all_linked_cannot_be_held_out_cheaply(dataset):
    with pytest.raises(InputError, match=r"rate\.validate_on: no triplet can be held out by giving up 0\.25 of 4"):
        draw(dataset, validate_on=0.25)


def test_a_dataset_without_ratings_is_refused(dataset):
    (dataset.folder / "ratings.csv").unlink()
    with pytest.raises(InputError, match=r"a\.fit\.rate: .* has no ratings\.csv; only faces that were fetched"):
        draw(dataset)


def test_ratings_that_agree_on_nothing_are_refused(dataset):
    write_tables(dataset.folder, TRIPLETS[3:4])
    with pytest.raises(InputError, match="on none of its whole triplets did 67% of the ratings agree"):
        draw(dataset)


@pytest.mark.parametrize("triplet", [((0, 1, 2), "FOUR_CLASS_TRIPLET", "111"), ((0, 1, 2), "ONE_CLASS_TRIPLET", "444")])
def test_a_damaged_table_is_named(dataset, triplet):
    write_tables(dataset.folder, [triplet])
    with pytest.raises(StoredStateError, match=r"triplets\.csv: triplet 0 is of the type"):
        draw(dataset)


@pytest.mark.parametrize(("column", "message"), [
    ({"label_fraction": 0.2}, r"a\.fit\.rate\.label_fraction"),
    ({"validate_on": "valid"}, r"a\.fit\.rate\.validate_on"),
])
def test_labels_have_nothing_to_do_with_it(dataset, column, message):
    with pytest.raises(InputError, match=message):
        draw(dataset, **column)
