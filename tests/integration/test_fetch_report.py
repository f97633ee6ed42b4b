"""What the fetch stage tells of what it could and could not have."""


import cv2
import pytest
from fetching import WHOLE, settings_for, table, write_list
from photo_server import jpeg, photo_server, picture, replying

from fecemo.data.dataset import Dataset
from fecemo.data.receipts import digest_bytes
from fecemo.errors import InputError
from fecemo.stages.fetch import run


@pytest.fixture
def server():
    with photo_server() as served:
        yield served


def test_the_report_counts_by_host_and_names_pictures_that_came_too_often(server, tmp_path):
    gone = jpeg(picture(99))
    server.routes |= {f"/{number}.jpg": gone for number in range(25)} | {"/a.jpg": jpeg(picture(1))}
    faces = [(server.url(f"/{number}.jpg"), WHOLE) for number in range(25)]
    faces += [(server.url("/a.jpg"), WHOLE), (server.url("/b.jpg"), WHOLE), ("http://10.0.0.1/c.jpg", WHOLE)]
    listed = write_list(tmp_path / "faces.csv", faces)
    receipt = run(settings_for(server, listed), tmp_path / "dataset")
    hosts = [tuple(row.values()) for row in table(tmp_path / "dataset" / "hosts.csv")]
    assert hosts == [("127.0.0.1", "stored", "26"), ("127.0.0.1", "gone", "1"), ("10.0.0.1", "forbidden_address", "1")]
    (repeated,) = table(tmp_path / "dataset" / "repeated_photographs.csv")
    assert (repeated["sha256"], repeated["addresses"]) == (digest_bytes(gone), "25")
    assert receipt.summary["repeated_photographs"] == 1
    assert cv2.imread(str(tmp_path / "dataset" / "contact_sheet.jpg")).shape == (200, 2000, 3)

    # Named as a placeholder, they leave the data set without being asked for again.
    (tmp_path / "mine.txt").write_text(digest_bytes(gone))
    n_requests = sum(server.requests.values())
    again = run(settings_for(server, listed, placeholders=tmp_path / "mine.txt"), tmp_path / "dataset")
    assert sum(server.requests.values()) == n_requests
    assert again.summary["rejected"] == {"forbidden_address": 1, "gone": 1, "placeholder": 25}
    assert Dataset(tmp_path / "dataset").addresses.tolist() == [server.url("/a.jpg")]


def test_credentials_in_a_list_are_written_nowhere(server, tmp_path, capsys):
    listed = write_list(tmp_path / "faces.csv", [
        (f"http://someone:sesame@{server.host}/a.jpg", WHOLE), ("http://sesame@[bad/a.jpg", WHOLE)])
    with pytest.raises(InputError, match="none of the 2 faces could be stored") as error:
        run(settings_for(server, listed), tmp_path / "none")
    assert "sesame" not in str(error.value)
    server.routes["/a.jpg"] = replying(200, jpeg(picture(1)))
    listed = write_list(tmp_path / "faces.csv", [
        (f"http://someone:sesame@{server.host}/a.jpg", WHOLE), ("http://sesame@[bad/a.jpg", WHOLE),
        (server.url("/a.jpg"), WHOLE)])
    run(settings_for(server, listed), tmp_path / "dataset")
    assert {row["reason"] for row in table(tmp_path / "dataset" / "rejects.csv")} == {"credentials_in_url", "bad_url"}
    for path in (tmp_path / "dataset").iterdir():
        assert b"sesame" not in path.read_bytes(), path.name
    assert "sesame" not in "".join(capsys.readouterr())
    assert len(server.requests) == 1


def test_survival_of_faces_and_triplets_is_told_in_all_and_by_host(server, tmp_path):
    """Two sites, one of which lost a photograph that two of four triplets need."""
    with photo_server() as other:
        server.routes |= {"/0.jpg": jpeg(picture(0)), "/1.jpg": jpeg(picture(1))}
        other.routes |= {"/2.jpg": jpeg(picture(2))}

        def row(*urls):
            return ",".join(f"{url},0,1,0,1" for url in urls) + ",ONE_CLASS_TRIPLET,anna,1"

        local = [url.replace("127.0.0.1", "localhost") for url in (other.url("/2.jpg"), other.url("/lost.jpg"))]
        near = [server.url("/0.jpg"), server.url("/1.jpg")]
        (tmp_path / "fec.csv").write_text("\n".join([
            row(*near, local[0]), row(*near, local[1]), row(near[0], *local), row(*near, local[0])]) + "\n")
        receipt = run(settings_for(server, tmp_path / "fec.csv", allow_hosts=("127.0.0.1", "localhost")),
                      tmp_path / "dataset")
    columns = ("host", "faces", "faces_stored", "faces_share", "triplets", "triplets_whole", "triplets_share")
    lines = (tmp_path / "dataset" / "survival.csv").read_text().splitlines()
    assert lines == [",".join(columns), "(all),4,3,0.7500,4,2,0.5000", "127.0.0.1,2,2,1.0000,4,2,0.5000",
                     "localhost,2,1,0.5000,4,2,0.5000"]
    assert (receipt.summary["triplets"], receipt.summary["triplets_whole"]) == (4, 2)
    assert "survival.csv" in receipt.outputs


def test_a_plain_list_tells_the_survival_of_its_faces(server, tmp_path):
    server.routes["/0.jpg"] = jpeg(picture(0))
    listed = write_list(tmp_path / "faces.csv", [(server.url(path), WHOLE) for path in ("/0.jpg", "/1.jpg", "/2.jpg")])
    run(settings_for(server, listed), tmp_path / "dataset")
    assert table(tmp_path / "dataset" / "survival.csv")[0] == {
        "host": "(all)", "faces": "3", "faces_stored": "1", "faces_share": "0.3333", "triplets": "",
        "triplets_whole": "", "triplets_share": ""}
