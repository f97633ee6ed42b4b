"""What is known of faces, joined to a data set by id, path, or address and box."""

import tracemalloc

import numpy as np
import pytest

from fecemo.data.face_columns import read_face_columns
from fecemo.data.face_lists import face_id
from fecemo.drawn import sample_face
from fecemo.drawn.parameters import factor_column
from fecemo.errors import InputError

IDS = [face_id(path, 0, 1, 0, 1) for path in ("a.jpg", "b.jpg", "c.jpg")]


def written(tmp_path, text):
    path = tmp_path / "people.csv"
    path.write_text(text)
    return path


def test_rows_meet_their_faces_and_unknown_is_unknown(tmp_path):
    path = written(tmp_path, "path,age,gender,note\nc.jpg,31,f,\na.jpg,,m,\nother.jpg,9,f,\n")
    result = read_face_columns(path, IDS)
    np.testing.assert_array_equal(result["age"], [np.nan, np.nan, 31])
    assert result["gender"].tolist() == ["m", "", "f"]
    assert "note" not in result


def test_faces_are_named_by_id_or_by_address_and_box(tmp_path):
    assert read_face_columns(written(tmp_path, f"id,age\n{IDS[1]},5\n"), IDS)["age"][1] == 5
    boxed = [face_id("http://x/1.jpg", 0.1, 0.5, 0.2, 0.6)]
    path = written(tmp_path, "url,left,right,top,bottom,age\nhttp://x/1.jpg,.1,.5,.2,.6,7\n")
    assert read_face_columns(path, boxed)["age"].tolist() == [7]


def test_paths_may_stand_below_a_folder_and_columns_be_renamed(tmp_path):
    path = written(tmp_path, "path,capture.yaw,seed\ntarget/a.jpg,1.5,3\n")
    result = read_face_columns(path, IDS, below="target/", rename=factor_column)
    assert {name: values[0] for name, values in result.items()} == {"pose.yaw": 1.5}


@pytest.mark.parametrize(("text", "message"), [
    ("", "is empty"), ("name,age\nx,1\n", "expected a column id, a column path"),
    ("path,age,age\na.jpg,1,2\n", "two columns 'age'"), ("path,age\na.jpg,1\na.jpg,2\n", "line 3: the face a.jpg"),
    ("path,age\nzzz.jpg,1\n", "none of its 1 rows .* relative to the imported folder"),
    ("url,left,right,top,bottom\nx,y,1,0,1\n", "line 2: left is 'y'")])
def test_what_cannot_be_joined_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_face_columns(written(tmp_path, text), IDS)


def test_codes_that_look_like_numbers_stay_words(tmp_path, capsys):
    path = written(tmp_path, "path,age,site,hours,small\na.jpg,10_19,01,1.5,1e-05\nb.jpg,20_29,1,-2,0.5\n"
                             "c.jpg,30_39,1e3,0,2\n")
    result = read_face_columns(path, IDS)
    assert result["age"].tolist() == ["10_19", "20_29", "30_39"]
    assert result["site"].tolist() == ["01", "1", "1e3"]
    assert result["hours"].tolist() == [1.5, -2, 0]
    assert result["small"].tolist() == [1e-05, 0.5, 2]
    assert "hours, small read as numbers; age, site read as words" in capsys.readouterr().err


def test_what_spreadsheets_write_is_read(tmp_path):
    path = written(tmp_path, "\ufeffPath,Age,,\na.jpg,7,,\n")
    assert read_face_columns(path, IDS)["Age"][0] == 7
    path.write_bytes("path,âge\na.jpg,7\n".encode("latin-1"))
    with pytest.raises(InputError, match="line 1 is not UTF-8"):
        read_face_columns(path, IDS)


def test_a_broken_row_costs_itself_alone(tmp_path, capsys):
    result = read_face_columns(written(tmp_path, 'path,age\na.jpg,1,2\nb.jpg,4\nc.jpg,"\n'), IDS)
    np.testing.assert_array_equal(result["age"], [np.nan, 4, np.nan])
    assert "2 of 3 rows are broken" in capsys.readouterr().err


def test_every_parameter_of_a_drawn_face_belongs_to_a_factor_but_seeds_and_the_emotion():
    row = sample_face(np.random.default_rng(0), "happy").as_row()
    without = [name for name in row if factor_column(name) is None]
    assert without == ["emotion", "identity.texture_seed", "capture.backdrop_seed"]
    assert {factor_column(name).partition(".")[0] for name in row if factor_column(name)} == {
        "expression", "identity", "pose", "light", "background", "camera"}


def test_one_long_remark_costs_its_own_letters_and_not_those_of_every_face(tmp_path):
    ids = [face_id(f"{number}.jpg", 0, 1, 0, 1) for number in range(20_000)]
    rows = "".join(f"{number}.jpg,{'x' * 30_000 if number == 7 else 'fine'}\n" for number in range(10))
    path = written(tmp_path, "path,remark\n" + rows)
    tracemalloc.start()
    remarks = read_face_columns(path, ids)["remark"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (remarks[0], len(remarks[7]), remarks[19_999]) == ("fine", 30_000, "")
    assert np.unique(remarks).tolist() == ["", "fine", "x" * 30_000]
    assert peak < 50e6  # 2.4 GB where every face has room for the longest


def test_rows_of_other_spellings_are_met_and_strangers_are_counted(tmp_path, capsys):
    ids = [face_id(path, 0, 1, 0, 1) for path in ("a/zoe\u0308.png", "a/b.png", "c.png", "d\\e.png")]
    path = written(tmp_path, "path,who,remark\na/zo\u00eb.png,zo\u00eb,\na\\b.png,zoe\u0308,\n./c.png,x,\nd\\e.png,y,\n"
                             "f.png,z,\n")
    assert read_face_columns(path, ids)["who"].tolist() == ["zo\u00eb", "zo\u00eb", "x", "y"]
    output = capsys.readouterr().err
    assert "1 of 5 rows are no face of the data set" in output
    assert "who read as words; remark empty" in output


def test_a_table_of_broken_rows_says_what_is_broken(tmp_path):
    path = tmp_path / "broken.csv"
    path.write_bytes("path,who\n0.png,\u00fcber\n".encode("cp1252"))
    with pytest.raises(InputError, match="1 rows are broken: line 2 is not UTF-8 text"):
        read_face_columns(path, [face_id("0.png", 0, 1, 0, 1)])
