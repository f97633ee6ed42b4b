"""Lists of strangers' rows: each line is a sound row or is rejected by its number, and spoils no other line."""

import csv
import io
import math
import random
import zlib
from collections import Counter
from contextlib import suppress
from pathlib import Path

from mutation import NUMBERS, spoiled

from fecemo.data.csv_rows import RejectedRow
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.face_lists import ANSWERS, TRIPLET_TYPES, ListedFace, Triplet, face_id, read_face_list, read_fec
from fecemo.data.ledger import Ledger
from fecemo.data.reasons import FetchError
from fecemo.errors import InputError
from fecemo.fetch.addresses import checked_url, without_credentials
from fecemo.fetch.lists import open_list
from fecemo.imaging.crop import CropPolicy, pixel_box

FACE = b"http://a.example/%d.jpg,0.1,0.5,0.2,0.6"
HEADER = b"url,left,right,top,bottom\n"
TRIPLET = (b'"http://a.example/1.jpg",0.1,0.5,0.2,0.6,"http://b.example/x y.jpg",0,1,0,1,'
           b'"http://c.example/\xc3\xa9,2.jpg",0.3,0.9,0.1,0.8,"TWO_CLASS_TRIPLET","anna",1,"ben",3,"anna",2')
WORDS = (*NUMBERS, b'"', b'""', b",", b"\r", b"\n", b"'", b"nan", b"inf", b"-inf", b"1e999", b"-0", b"1_0", b" 5",
         b"\xd9\xa3", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc2\x85", b"\xe2\x80\xa8", b"\x1c", b"file:///etc/passwd", b"http://u:p@h/",
         b"data:,", b"[::1]", b"%00", b"../", b"\\", b"@", b"x" * 70_000)
POLICIES = (CropPolicy(), CropPolicy(margin=0.5), CropPolicy(square=True))


class ListsTarget:
    """See `fuzz.Target`.

    Parameters
    ----------
    folder : Path
        For the lists.
    """

    name = "lists"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "list.csv"
        self._folder = folder

    def case(self, rng: random.Random) -> bytes:
        """Return a list with some spoilt lines, a sound one last; every other one is FEC's."""
        fec = rng.random() < 0.5
        sound = TRIPLET if fec else FACE % 0
        lines = []
        for number in range(rng.randint(1, 8)):
            line = TRIPLET if fec else FACE % number
            lines.append(spoiled(line, (TRIPLET, FACE % 9), WORDS, rng) if rng.random() < 0.8 else line)
        head = b"" if fec else HEADER if rng.random() < 0.9 else spoiled(HEADER, (TRIPLET,), WORDS, rng)
        return head + b"\n".join([*lines, sound]) + rng.choice((b"", b"\n", b"\r\n"))

    def check(self, data: bytes) -> Counter[str]:
        """Read a list in every way, and count what came of its rows."""
        self._path.write_bytes(data)
        outcomes: Counter[str] = Counter()
        for name, read in (("fec", read_fec), ("boxes", read_face_list)):
            try:
                rows = list(read(self._path))
            except InputError:
                outcomes[f"{name}: refused"] += 1
                continue
            self._check_rows(name, data, rows, outcomes)
        if zlib.crc32(data) % 8 == 0:  # a ledger goes to the disk
            self._check_plan(outcomes)
        return outcomes

    def _check_rows(self, name: str, data: bytes, rows: list, outcomes: Counter[str]) -> None:
        lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        blank = sum(not line.strip() for line in lines)
        expected = len(lines) - blank - (name == "boxes")
        assert len(rows) == expected, f"{name}: {len(rows)} rows of {expected} lines"
        for row in rows:
            if isinstance(row, RejectedRow):
                assert 1 <= row.line <= len(lines)
                assert row.reason
                assert len(row.reason) < 400, "a message that repeats a stranger's row"
                outcomes[f"{name}: rejected"] += 1
                continue
            outcomes[f"{name}: taken"] += 1
            if isinstance(row, Triplet):
                assert row.type in TRIPLET_TYPES
                assert row.ratings
                assert all(str(answer) in ANSWERS and isinstance(rater, str) for rater, answer in row.ratings)
            for face in row.faces if isinstance(row, Triplet) else (row,):
                _check_face(face)
        last = rows[-1]
        if name == "fec" and lines[-1 if lines[-1].strip() else -2].strip() == TRIPLET:
            assert isinstance(last, Triplet), f"a spoilt line cost the sound one after it: {last}"
            assert last.ratings == (("anna", 1), ("ben", 3), ("anna", 2))

    def _check_plan(self, outcomes: Counter[str]) -> None:
        """Store what was taken, as the fetch stage does, and read it back."""
        try:
            listing = open_list(self._path, "auto", None)
            faces = list(listing.faces())
        except InputError:
            outcomes["auto: refused"] += 1
            return
        plan = [FaceEntry(face.id, without_credentials(face.url), face.left, face.right, face.top, face.bottom)
                for face in faces]
        for path in self._folder.glob("ledger.sqlite*"):
            path.unlink()
        ledger = Ledger(self._folder, plan, None)
        try:
            stored = [ledger[slot] for slot in range(len(plan))]
        finally:
            ledger.close()
        assert list(map(repr, stored)) == list(map(repr, plan))  # NaN equals itself in print alone
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows((entry.id, entry.address) for entry in plan)
        text.seek(0)
        assert [tuple(row) for row in csv.reader(text)] == [(entry.id, entry.address) for entry in plan]


def _check_face(face: ListedFace) -> None:
    sides = (face.left, face.right, face.top, face.bottom)
    assert face.url == face.url.strip() != ""
    assert all(isinstance(side, float) for side in sides)
    assert face.id == face_id(face.url, *sides)
    with suppress(FetchError):
        parts = checked_url(face.url)
        assert parts.scheme in ("http", "https")
        assert parts.hostname
        assert parts.username is None
    for policy in POLICIES:
        try:
            box = pixel_box(sides, 640, 480, policy)
        except FetchError:
            continue
        assert all(map(math.isfinite, sides))
        assert 0 <= box.left < box.right <= 640
        assert 0 <= box.top < box.bottom <= 480
