"""The fetch stage over real HTTP: what is asked for, what is stored, what is recorded."""

import socket
from pathlib import Path

import cv2
import numpy as np
import pytest
from fetching import WHOLE, settings_for, table, write_list
from photo_server import encoded, jpeg, photo_server, picture, redirecting, replying

from fecemo.data.dataset import Dataset
from fecemo.data.face_lists import face_id
from fecemo.errors import StoredStateError
from fecemo.stages.fetch import FetchSettings, run


@pytest.fixture
def server():
    with photo_server() as served:
        yield served


def test_faces_are_cut_where_their_boxes_lie_and_a_photograph_is_asked_for_once(server, tmp_path):
    photo = np.zeros((400, 800, 3), np.uint8)
    photo[:, :400] = (200, 30, 40)
    photo[:, 400:] = (20, 60, 210)
    server.routes["/two.png"] = encoded(photo, ".png")
    left, right = (0.0, 0.5, 0.0, 1.0), (0.5, 1.0, 0.0, 1.0)
    listed = write_list(tmp_path / "faces.csv", [(server.url("/two.png"), right), (server.url("/two.png"), left)])
    run(settings_for(server, listed), tmp_path / "dataset")
    dataset = Dataset(tmp_path / "dataset")
    assert (dataset.faces[0] == (20, 60, 210)).all()
    assert (dataset.faces[1] == (200, 30, 40)).all()
    assert dataset.ids.tolist() == [face_id(server.url("/two.png"), *box) for box in (right, left)]
    assert server.requests == {"/two.png": 1}
    assert dataset.damaged_rows() == []


def test_rows_keep_the_order_of_the_list_and_every_reject_has_its_reason(server, tmp_path):
    server.routes |= {
        "/0.jpg": jpeg(picture(0)), "/2.jpg": jpeg(picture(2)), "/html.jpg": b"<html>sorry</html>",
        "/short.jpg": jpeg(picture(3))[:-900], "/none.jpg": b"", "/gone.jpg": replying(410),
        "/no.jpg": replying(403), "/moved.jpg": redirecting("/2.jpg"),
        "/dead.jpg": redirecting("https://s.yimg.com/pw/images/en-us/photo_unavailable.png"),
    }
    box = (0.1, 0.9, 0.1, 0.9)
    names = ("0", "missing", "html", "short", "none", "gone", "no", "moved", "dead")
    faces = [(server.url(f"/{name}.jpg"), box) for name in names]
    faces += [(server.url("/2.jpg"), (0.9, 0.1, 0.1, 0.9)), ("file:///etc/passwd", box), (server.url("/2.jpg"), box)]
    listed = write_list(tmp_path / "faces.csv", faces)
    receipt = run(settings_for(server, listed), tmp_path / "dataset")
    stored = [Path(address).name for address in Dataset(tmp_path / "dataset").addresses.tolist()]
    assert stored == ["0.jpg", "moved.jpg", "2.jpg"]
    reasons = {Path(row["address"]).name: row["reason"] for row in table(tmp_path / "dataset" / "rejects.csv")}
    assert reasons == {
        "missing.jpg": "gone", "html.jpg": "not_an_image", "short.jpg": "damaged_image", "none.jpg": "empty",
        "gone.jpg": "gone", "no.jpg": "refused", "dead.jpg": "placeholder", "2.jpg": "bad_box", "passwd": "bad_url",
    }
    assert receipt.summary["rejected"]["gone"] == 2
    assert server.requests["/missing.jpg"] == 1  # permanent: never asked for again


def test_fec_rows_become_faces_triplets_and_every_rating(server, tmp_path):
    for number in range(4):
        server.routes[f"/{number}.jpg"] = jpeg(picture(number))

    def cells(number):
        return f'"{server.url(f"/{number}.jpg")}",0.0,1.0,0.0,1.0'

    rows = [
        f'{cells(0)},{cells(1)},{cells(2)},"ONE_CLASS_TRIPLET","anna",1,"ben",3,"anna",1',
        "torn row",
        f'{cells(2)},{cells(9)},{cells(3)},"TWO_CLASS_TRIPLET","cleo",2',
    ]
    (tmp_path / "fec.csv").write_text("\n".join(rows) + "\n")
    receipt = run(settings_for(server, tmp_path / "fec.csv"), tmp_path / "dataset")
    dataset = Dataset(tmp_path / "dataset")
    names = dict(zip(dataset.ids.tolist(), (Path(address).stem for address in dataset.addresses.tolist()), strict=True))
    assert list(names.values()) == ["0", "1", "2", "3"]
    triplets = table(tmp_path / "dataset" / "triplets.csv")
    assert [row["type"] for row in triplets] == ["ONE_CLASS_TRIPLET", "TWO_CLASS_TRIPLET"]
    assert [names.get(triplets[1][key], "dead") for key in ("first", "second", "third")] == ["2", "dead", "3"]
    ratings = [(row["triplet"], row["rater"], row["answer"]) for row in table(tmp_path / "dataset" / "ratings.csv")]
    assert ratings == [("1", "anna", "1"), ("1", "ben", "3"), ("1", "anna", "1"), ("3", "cleo", "2")]
    assert [row["line"] for row in table(tmp_path / "dataset" / "rejected_rows.csv")] == ["2"]
    assert receipt.summary["triplets"] == 2
    assert receipt.summary["triplets_whole"] == 1


def test_a_limit_keeps_only_triplets_whose_faces_are_all_within_it(server, tmp_path):
    for number in range(5):
        server.routes[f"/{number}.jpg"] = jpeg(picture(number))

    def row(*numbers):
        faces = ",".join(f"{server.url(f'/{number}.jpg')},0,1,0,1" for number in numbers)
        return f"{faces},ONE_CLASS_TRIPLET,anna,1"

    (tmp_path / "fec.csv").write_text("\n".join([row(0, 1, 2), row(2, 3, 4), row(2, 1, 0)]) + "\n")
    run(settings_for(server, tmp_path / "fec.csv", limit=4), tmp_path / "dataset")
    assert len(Dataset(tmp_path / "dataset")) == 4
    assert [row["triplet"] for row in table(tmp_path / "dataset" / "triplets.csv")] == ["1", "3"]


def test_a_finished_dataset_is_left_alone_and_another_list_or_margin_is_refused(server, tmp_path, capsys):
    server.routes["/0.jpg"] = jpeg(picture(0))
    listed = write_list(tmp_path / "faces.csv", [(server.url("/0.jpg"), (0.2, 0.8, 0.2, 0.8))])
    first = run(settings_for(server, listed), tmp_path / "dataset")
    again = run(settings_for(server, listed, deadline=5.0), tmp_path / "dataset")
    assert again == first
    assert "nothing to do" in capsys.readouterr().err
    assert server.requests["/0.jpg"] == 1
    with pytest.raises(StoredStateError, match=r"with margin 0\.0, not with margin 0\.5"):
        run(settings_for(server, listed, margin=0.5), tmp_path / "dataset")
    other = write_list(tmp_path / "other.csv", [(server.url("/0.jpg"), WHOLE)])
    with pytest.raises(StoredStateError, match="another list"):
        run(settings_for(server, other), tmp_path / "dataset")
    assert Dataset(tmp_path / "dataset").damaged_rows() == []


def test_a_margin_and_the_square_policy_widen_the_box(server, tmp_path):
    photo = np.zeros((600, 600, 3), np.uint8)
    photo[200:400, 250:350] = 255  # the box: 100 wide, 200 high
    server.routes["/box.png"] = encoded(photo, ".png")
    box = (250 / 600, 350 / 600, 200 / 600, 400 / 600)
    listed = write_list(tmp_path / "faces.csv", [(server.url("/box.png"), box)])
    share = {}
    for name, change in {"as_is": {}, "square": {"square": True}, "margin": {"margin": 1.0}}.items():
        run(settings_for(server, listed, **change), tmp_path / name)
        share[name] = (Dataset(tmp_path / name).faces[0] > 127).mean()
    assert share["as_is"] == 1.0
    assert share["square"] == pytest.approx(1 / 2, abs=0.01)
    assert share["margin"] == pytest.approx(1 / 4, abs=0.01)


def test_a_folder_of_ones_own_is_served_while_fetching(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a b.jpg").write_bytes(jpeg(picture(1)))
    (tmp_path / "secret.jpg").write_bytes(jpeg(picture(2)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    faces = [(f"http://127.0.0.1:{port}/{path}", WHOLE) for path in ("a%20b.jpg", "../secret.jpg", "%2e%2e/secret.jpg")]
    faces.append((f"http://127.0.0.1:{port + 1}/a.jpg", WHOLE))
    listed = write_list(tmp_path / "faces.csv", faces)
    run(FetchSettings(faces=listed, serve=tmp_path / "photos", port=port, workers=2), tmp_path / "dataset")
    assert [address[-9:] for address in Dataset(tmp_path / "dataset").addresses.tolist()] == ["a%20b.jpg"]
    reasons = [row["reason"] for row in table(tmp_path / "dataset" / "rejects.csv")]
    assert reasons == ["gone", "gone", "forbidden_address"]  # the other port was not opened


def test_large_photographs_are_decoded_small_without_visible_difference(server, tmp_path):
    photo = picture(7, 2000, 1500)
    grain = np.random.default_rng(0).integers(-6, 7, photo.shape)
    photo = np.clip(photo + grain, 0, 255).astype(np.uint8)
    server.routes["/large.jpg"] = jpeg(photo)
    box = (0.2, 0.8, 0.1, 0.9)
    listed = write_list(tmp_path / "faces.csv", [(server.url("/large.jpg"), box)])
    run(settings_for(server, listed), tmp_path / "dataset")
    whole = cv2.imdecode(np.frombuffer(jpeg(photo), np.uint8), cv2.IMREAD_COLOR_RGB)
    expected = cv2.resize(whole[150:1350, 400:1600], (200, 200), interpolation=cv2.INTER_AREA)
    error = np.abs(Dataset(tmp_path / "dataset").faces[0].astype(int) - expected).mean()
    assert error < 1.0
