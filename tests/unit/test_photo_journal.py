"""The journal of photographs: what it keeps, what a kill or a full disk costs, and how little of it is in memory."""

import hashlib
import json
import tracemalloc
from array import array
from dataclasses import replace

import numpy as np
import pytest

from fecemo.data import photo_journal
from fecemo.data.dataset_files import digest_face
from fecemo.data.photo_journal import FaceRecord, PhotoJournal, PhotoRecord, PixelPlaces
from fecemo.errors import ResourceError


def crop(shade):
    picture = np.arange(200 * 200 * 3, dtype=np.uint32).reshape(200, 200, 3)
    return (picture * (shade + 1) % 251).astype(np.uint8)


def record(photo, *shades, **values):
    faces = tuple(FaceRecord(array("d", (0.1, 0.2, 0.3, 0.4, shade)), digest_face(crop(shade))) for shade in shades)
    return PhotoRecord(photo, 5, 7, **{"sha256": f"of {photo}", "faces": faces, **values})


def journal_of(folder):
    folder.mkdir(exist_ok=True)
    return PhotoJournal(folder, {"margin": 0.1}, ("score",))


def test_the_latest_record_of_each_comes_in_the_order_of_names_written_or_not(tmp_path):
    journal = journal_of(tmp_path)
    journal.put(record("b", 1), [crop(1)])
    journal.put(record("a", reason="empty"))
    journal.put(replace(record("b", 1), mtime_ns=8))
    assert [(entry.photo, entry.mtime_ns, len(entry.faces), entry.reason) for entry in journal.values()] == [
        ("a", 7, 0, "empty"), ("b", 8, 1, "")]
    assert "c" not in journal
    assert journal.get("c") is None
    assert len(journal) == 2
    assert [digest for _, digest in journal.entries()] == [digest for _, digest in journal.pixels()] == [
        digest_face(crop(1))]
    journal.close()
    again = journal_of(tmp_path)
    assert again["b"].mtime_ns == 8
    assert again["b"].faces[0].numbers == record("b", 1).faces[0].numbers
    again.close()


def test_a_face_whose_pixels_are_lost_makes_its_photograph_unknown(tmp_path):
    journal = journal_of(tmp_path)
    for photo, shade in (("a", 1), ("b", 2), ("c", 3)):
        journal.put(record(photo, shade), [crop(shade)])
    journal.close()
    with (tmp_path / "crops.partial").open("r+b") as file:
        file.seek(crop(2).nbytes + 50)
        file.write(b"damaged")
    again = journal_of(tmp_path)
    again.restore()
    assert list(again) == ["a", "c"]
    assert [hashlib.sha256(data).hexdigest() for data, _ in again.pixels()] == [
        hashlib.sha256(crop(shade).tobytes()).hexdigest() for shade in (1, 3)]
    again.close()


def test_what_is_new_changed_and_gone_is_told_from_the_last_delivery(tmp_path):
    journal = journal_of(tmp_path)
    for photo in ("changed", "gone", "same", "touched"):
        journal.put(record(photo))
    journal.finish()
    journal.close()
    again = journal_of(tmp_path)
    assert not again.is_news
    assert list(again.changes()) == []
    again.forget("gone")
    again.put(replace(record("touched"), mtime_ns=9))
    again.put(replace(record("changed"), sha256="other"))
    again.put(record("new"))
    assert again.is_news
    assert list(again.changes()) == [("changed", "changed"), ("gone", "gone"), ("new", "new")]
    again.close()


def test_a_line_that_a_kill_cut_is_forgotten_and_the_next_takes_its_place(tmp_path):
    journal = journal_of(tmp_path)
    journal.put(record("a"))
    journal.put(record("b"))
    journal.close()
    path = tmp_path / "photographs.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    again = journal_of(tmp_path)
    assert list(again) == ["a"]
    again.put(record("longer than b"))
    again.close()
    assert [json.loads(line)["photo"] for line in path.read_text().splitlines()[1:]] == ["a", "longer than b"]


def test_a_write_that_failed_halfway_is_written_again_in_place(tmp_path, monkeypatch):
    journal = journal_of(tmp_path)
    journal.put(record("a"))
    real = photo_journal.os.pwrite

    def half(descriptor, data, place):
        if len(data) < 40:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[:30], place)

    monkeypatch.setattr(photo_journal.os, "pwrite", half)
    with pytest.raises(ResourceError, match="disk is full"):
        journal.flush()
    monkeypatch.undo()
    journal.close()
    again = journal_of(tmp_path)
    assert list(again) == ["a"]
    again.close()


def test_places_are_those_of_the_digests():
    places = PixelPlaces()
    digests = [hashlib.sha256(bytes([number])).hexdigest() for number in range(50)]
    for digest in digests:
        places.append(digest)
    assert [places.find(digest) for digest in digests] == list(range(50))
    places.append(digests[3])
    places.append("00" * 32)
    assert places.find(digests[3]) == 50
    assert places.find("00" * 32) == 51
    assert places.find("01" * 32) is None
    assert PixelPlaces().find(digests[0]) is None


def test_a_photograph_more_costs_less_than_a_quarter_of_its_line_and_name(tmp_path):
    journal = journal_of(tmp_path)
    names = [f"{number:060d}" for number in range(4000)]
    faces = record("", 1, 2).faces
    tracemalloc.start()
    for photo in names:
        journal.put(PhotoRecord(photo, 10**6, 10**18, sha256="0" * 64, taken="2026-01-01 00:00:00", faces=faces))
    journal.flush()
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    length = (tmp_path / "photographs.jsonl").stat().st_size / 4000
    journal.close()
    assert used / 4000 < length / 4
