"""Strangers' lists and photographs, through the whole stage: each costs itself alone and has its reason."""

import gzip
import io
import math
import socket
import struct

import numpy as np
import pytest
from fetching import WHOLE, settings_for, table, write_list
from photo_server import encoded, jpeg, photo_server, picture, redirecting, replying
from PIL import Image

from fecemo.data.dataset import Dataset
from fecemo.data.receipts import RECEIPT_NAME, digest_bytes
from fecemo.errors import InputError, ResourceError
from fecemo.fetch.download import Downloader
from fecemo.stages.fetch import FetchSettings, run

PHOTO = picture(1, 320, 240)
JPEG = jpeg(PHOTO)


@pytest.fixture
def server():
    with photo_server() as served:
        yield served


def pillow(image: Image.Image, format: str, **options) -> bytes:
    data = io.BytesIO()
    image.save(data, format, **options)
    return data.getvalue()


def claiming(width: int, height: int) -> bytes:
    """A JPEG whose header says it is larger than it is."""
    data = bytearray(JPEG)
    at = data.index(b"\xff\xc0") + 5
    data[at:at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def test_bad_photographs_cost_themselves_alone(server, tmp_path):
    half = len(JPEG) // 2
    server.routes |= {
        "/html.jpg": replying(200, b"<html>Photo not found</html>", Content_Type="image/jpeg"),
        "/placeholder.jpg": replying(200, jpeg(picture(9)), Content_Type="image/jpeg"),
        "/redirected.jpg": redirecting("https://s.yimg.com/pw/images/en-us/photo_unavailable.png"),
        "/empty.jpg": b"", "/giant.jpg": claiming(30000, 30000), "/cut.jpg": JPEG[:half], "/start.jpg": JPEG[:20],
        "/bomb.jpg": replying(200, gzip.compress(bytes(80 << 20)), Content_Encoding="gzip"),
        "/heavy.jpg": JPEG + bytes(5 << 20), "/text.jpg": b"GIF89a but no more", "/svg.jpg": b"<svg xmlns='x'/>",
        "/tiff.jpg": pillow(Image.fromarray(PHOTO), "TIFF"), "/loop.jpg": redirecting("/loop.jpg"),
        "/inward.jpg": redirecting("http://169.254.169.254/latest/meta-data/"), "/good.jpg": JPEG,
    }
    (tmp_path / "known.txt").write_text(digest_bytes(jpeg(picture(9))) + "\n")
    listed = write_list(tmp_path / "faces.csv", [(server.url(path), WHOLE) for path in server.routes])
    run(settings_for(server, listed, max_megabytes=4.0, placeholders=tmp_path / "known.txt"), tmp_path / "dataset")
    rows = table(tmp_path / "dataset" / "rejects.csv")
    assert {row["address"].rpartition("/")[2].removesuffix(".jpg"): row["reason"] for row in rows} == {
        "html": "not_an_image", "placeholder": "placeholder", "redirected": "placeholder", "empty": "empty",
        "giant": "too_many_pixels", "cut": "damaged_image", "start": "damaged_image", "bomb": "too_large",
        "heavy": "too_large", "text": "damaged_image", "svg": "not_an_image", "tiff": "not_an_image",
        "loop": "too_many_redirects", "inward": "forbidden_address"}
    assert Dataset(tmp_path / "dataset").addresses.tolist() == [server.url("/good.jpg")]
    assert (table(tmp_path / "dataset" / "faces.csv")[0]["address"], len(rows)) == (server.url("/good.jpg"), 14)


def test_every_kind_of_picture_is_stored_as_it_looks(server, tmp_path):
    image = Image.fromarray(PHOTO)
    turned = {}
    for orientation in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        turned[f"/exif{orientation}.jpg"] = pillow(image, "JPEG", quality=95, exif=exif)
    others = [Image.new("RGB", image.size, "magenta")] * 2
    same = {
        "/cmyk.jpg": pillow(image.convert("CMYK"), "JPEG", quality=95), "/tail.jpg": JPEG + b"PK\x03\x04" + bytes(999),
        "/deep.png": encoded(PHOTO.astype(np.uint16) * 257, ".png"), "/alpha.png": pillow(image.convert("RGBA"), "PNG"),
        "/palette.png": pillow(image.quantize(256), "PNG"),
        "/animated.gif": pillow(image, "GIF", save_all=True, append_images=others),
        "/animated.webp": pillow(image, "WEBP", save_all=True, append_images=others, lossless=True),
    }
    server.routes |= turned | same
    paths = [*turned, *same]
    listed = write_list(tmp_path / "faces.csv", [(server.url(path), WHOLE) for path in paths])
    expected = {"plain": np.asarray(image.resize((200, 200), Image.Resampling.BOX)).astype(int)}
    expected |= {"/exif2.jpg": expected["plain"][:, ::-1], "/exif3.jpg": expected["plain"][::-1, ::-1],
                 "/exif4.jpg": expected["plain"][::-1]}
    for orientation, way in enumerate((Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_270,
                                       Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_90), start=5):
        upright = image.transpose(way).resize((200, 200), Image.Resampling.BOX)
        expected[f"/exif{orientation}.jpg"] = np.asarray(upright).astype(int)
    run(settings_for(server, listed), tmp_path / "shown")
    for path, face in zip(paths, Dataset(tmp_path / "shown").faces, strict=True):
        assert np.abs(face - expected.get(path, expected["plain"])).mean() < 6, path
    run(settings_for(server, listed, apply_exif=False), tmp_path / "stored")
    for path, face in zip(paths, Dataset(tmp_path / "stored").faces, strict=True):
        assert np.abs(face - expected["plain"]).mean() < 6, path


def test_a_photograph_corrupted_in_the_middle_never_shows_another_ones_pixels(server, tmp_path):
    """libjpeg mends what it can and says nothing; what it then shows must be of this photograph."""
    pink = np.zeros((240, 320, 3), np.uint8)
    pink[:] = (255, 0, 255)
    paths = []
    for number, at in enumerate(range(700, len(JPEG) - 200, 500)):
        damaged = bytearray(JPEG)
        damaged[at:at + 40] = b"\x55" * 40
        server.routes |= {f"/pink{number}.jpg": jpeg(pink), f"/damaged{number}.jpg": bytes(damaged),
                          f"/cut{number}.jpg": JPEG[:at]}
        paths += [f"/pink{number}.jpg", f"/damaged{number}.jpg", f"/pink{number}.jpg?", f"/cut{number}.jpg"]
        server.routes[f"/pink{number}.jpg?"] = jpeg(pink)
    listed = write_list(tmp_path / "faces.csv", [(server.url(path), WHOLE) for path in paths])
    run(settings_for(server, listed, workers=1), tmp_path / "dataset")
    dataset = Dataset(tmp_path / "dataset")
    names = [address.rpartition("/")[2] for address in dataset.addresses.tolist()]
    assert not any(name.startswith("cut") for name in names)
    assert any(name.startswith("damaged") for name in names)
    for name, face in zip(names, dataset.faces, strict=True):
        pinkish = (np.abs(face.astype(int) - (255, 0, 255)).max(axis=2) < 12).mean()
        assert pinkish > 0.99 if name.startswith("pink") else pinkish < 0.01, name


@pytest.mark.parametrize("encoding", ["decimal", "hex", "octal", "short", "zero", "metadata", "mapped", "compatible",
                                      "nat64", "6to4", "site-local", "file", "data", "name"])
def test_no_spelling_of_a_private_address_is_asked(server, tmp_path, encoding):
    port = server.port
    url = {
        "decimal": f"http://2130706433:{port}/a.jpg", "hex": f"http://0x7f000001:{port}/a.jpg",
        "octal": f"http://0177.0.0.1:{port}/a.jpg", "short": f"http://127.1:{port}/a.jpg",
        "zero": f"http://0.0.0.0:{port}/a.jpg", "metadata": "http://169.254.169.254/latest/meta-data/",
        "mapped": f"http://[::ffff:127.0.0.1]:{port}/a.jpg", "compatible": f"http://[::127.0.0.1]:{port}/a.jpg",
        "nat64": f"http://[64:ff9b::7f00:1]:{port}/a.jpg", "6to4": f"http://[2002:7f00:1::]:{port}/a.jpg",
        "site-local": f"http://[fec0::1]:{port}/a.jpg", "file": "file:///etc/hostname",
        "data": "data:image/png;base64,iVBORw0KGgo=", "name": f"http://localhost:{port}/a.jpg"}[encoding]
    server.routes |= {"/a.jpg": JPEG, "/good.jpg": JPEG}
    listed = write_list(tmp_path / "faces.csv", [])
    with listed.open("a") as file:
        file.write(f'"{url}",0,1,0,1\n{server.url("/good.jpg")},0,1,0,1\n')
    run(settings_for(server, listed), tmp_path / "dataset")  # 127.0.0.1 is opened, by that name alone
    (reject,) = table(tmp_path / "dataset" / "rejects.csv")
    assert reject["reason"] == ("bad_url" if encoding in ("file", "data") else "forbidden_address")
    assert server.requests == {"/good.jpg": 1}


def test_boxes_that_hold_nothing_and_names_that_climb_or_repeat(server, tmp_path):
    server.routes |= {"/a/x.jpg": JPEG, "/b/x.jpg": jpeg(picture(2, 320, 240))}
    bad = [(0.8, 0.2, 0.0, 1.0), (0.0, 1.0, 0.8, 0.2), (math.nan, 1.0, 0.0, 1.0), (0.0, math.inf, 0.0, 1.0),
           (0.5, 0.5, 0.0, 1.0), (1.5, 2.0, 0.0, 1.0), (0.0, 1.0, -2.0, -1.0), (0.1, 0.1001, 0.1, 0.9)]
    good = [("/a/x.jpg", (-0.5, 1.5, -0.5, 1.5)), ("/b/x.jpg", (0.0, 0.5, 0.0, 1.0)),
            ("/b/x.jpg", (0.5, 1.0, 0.0, 1.0))]
    faces = [(server.url("/a/x.jpg"), box) for box in bad] + [(server.url(path), box) for path, box in good]
    faces.append((server.url("/a/../../../x.jpg"), WHOLE))
    (tmp_path / "work").mkdir()
    before = set(tmp_path.rglob("*"))
    listed = write_list(tmp_path / "work" / "faces.csv", faces)
    run(settings_for(server, listed), tmp_path / "work" / "dataset")
    rejects = table(tmp_path / "work" / "dataset" / "rejects.csv")
    assert [row["reason"] for row in rejects] == ["bad_box"] * len(bad) + ["gone"]
    dataset = Dataset(tmp_path / "work" / "dataset")
    assert dataset.addresses.tolist() == [server.url(path) for path, _ in good]
    assert len({digest for digest in dataset.sha256}) == 3
    whole = np.asarray(Image.fromarray(PHOTO).resize((200, 200), Image.Resampling.BOX)).astype(int)
    assert np.abs(dataset.faces[0] - whole).mean() < 4  # a box that reaches over the edges is clipped to the photograph
    outside = {path for path in set(tmp_path.rglob("*")) - before if (tmp_path / "work") not in path.parents}
    assert not outside
    assert server.requests["/a/x.jpg"] == server.requests["/b/x.jpg"] == 1


def test_broken_rows_of_a_list_are_told_by_line_and_the_others_are_fetched(server, tmp_path):
    server.routes |= {"/1.jpg": JPEG, "/2.jpg": JPEG}
    lines = [b"url,left,right,top,bottom", server.url("/1.jpg").encode() + b",0,1,0,1", b"short,0,1",
             b"\xff\xfe\x00bytes,0,1,0,1", b'"never closed,0,1,0,1', b"u,left,1,0,1", b"x" * 70_000,
             server.url("/1.jpg").encode() + b",0,1,0,1", b"", server.url("/2.jpg").encode() + b",0,1,0,1\r"]
    (tmp_path / "faces.csv").write_bytes(b"\n".join(lines))
    receipt = run(settings_for(server, tmp_path / "faces.csv"), tmp_path / "dataset")
    assert [row["line"] for row in table(tmp_path / "dataset" / "rejected_rows.csv")] == ["3", "4", "5", "6", "7", "8"]
    assert receipt.summary["rejected_rows"] == 6
    assert [address[-6:] for address in Dataset(tmp_path / "dataset").addresses.tolist()] == ["/1.jpg", "/2.jpg"]


def test_a_list_without_a_face_is_the_users_error(tmp_path):
    with pytest.raises(InputError, match="names no face"):
        run(FetchSettings(faces=write_list(tmp_path / "faces.csv", [])), tmp_path / "dataset")
    (tmp_path / "odd.csv").write_text("name,age\n")
    with pytest.raises(InputError, match=r"odd.csv line 1: found 'name,age'"):
        run(FetchSettings(faces=tmp_path / "odd.csv"), tmp_path / "dataset")


def test_a_port_in_use_is_said_before_anything_is_asked(tmp_path):
    listed = write_list(tmp_path / "faces.csv", [("http://127.0.0.1:1/a.jpg", WHOLE)])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ResourceError, match="another `port`"):
            run(FetchSettings(faces=listed, serve=tmp_path, port=taken.getsockname()[1]), tmp_path / "dataset")
    assert not (tmp_path / "dataset" / RECEIPT_NAME).exists()


def test_a_fault_on_one_photograph_costs_it_alone_and_many_in_a_row_end_the_fetch(server, tmp_path, monkeypatch):
    sound = Downloader.ask

    def faulty(self, request):
        if "/bad" in request.url:
            raise RuntimeError("nobody thought of this")
        return sound(self, request)

    monkeypatch.setattr(Downloader, "ask", faulty)
    server.routes |= {f"/{number}.jpg": jpeg(picture(number)) for number in range(3)}
    faces = [(server.url(path), WHOLE) for path in ("/0.jpg", "/bad0.jpg", "/1.jpg", "/bad1.jpg", "/2.jpg")]
    receipt = run(settings_for(server, write_list(tmp_path / "faces.csv", faces)), tmp_path / "dataset")
    assert (receipt.summary["faces"], receipt.summary["rejected"]) == (3, {"fault": 2})
    assert "RuntimeError in test_fetch_bad_input.py, line" in table(tmp_path / "dataset" / "rejects.csv")[0]["detail"]
    many = write_list(tmp_path / "many.csv", [(server.url(f"/bad{number}.jpg"), WHOLE) for number in range(60)])
    with pytest.raises(RuntimeError, match="nobody thought of this"):
        run(settings_for(server, many), tmp_path / "many")
    monkeypatch.setattr(Downloader, "ask", sound)
    server.routes |= {"/bad0.jpg": jpeg(picture(8)), "/bad1.jpg": jpeg(picture(9))}
    again = run(settings_for(server, tmp_path / "faces.csv", retry_failed=True), tmp_path / "dataset")
    assert (again.summary["faces"], again.summary["rejected"]) == (5, {})


@pytest.mark.parametrize(("rows", "message"), [
    ("http://a.example/1.jpg,10%,90%,0,1\n", r"names no face that can be used; line 2: .*10%"), ("", "it has no rows")])
def test_a_list_of_which_no_row_can_be_used_says_why(tmp_path, rows, message):
    path = tmp_path / "faces.csv"
    path.write_text("url,left,right,top,bottom\n" + rows)
    with pytest.raises(InputError, match=message):
        run(FetchSettings(path), tmp_path / "dataset")
