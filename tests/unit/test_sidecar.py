"""XMP sidecars: read, merged, written, taken out again, and judged by ExifTool."""

import errno
import json
import os
import shutil
import stat
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageOps

from fecemo.archive import sidecar
from fecemo.archive.merge import FaceTag, PhotoTags
from fecemo.archive.regions import overlap, stored_box
from fecemo.archive.sidecar import SidecarNames, read_sidecar, remove_tags, write_tags
from fecemo.errors import InputError, ResourceError, StoredStateError

BOX = (0.1, 0.3, 0.2, 0.6)
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
LIGHTROOM = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0">
 <rdf:RDF {RDF}>
  <!-- kept -->
  <rdf:Description rdf:about="uuid:1" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/" xmp:Rating="4" xmp:Label="a &quot;b&quot; &amp; &#10;c">
   <dc:subject>
    <rdf:Bag>
     <rdf:li>harbour</rdf:li>
     <rdf:li>shows: sad</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <lr:hierarchicalSubject><rdf:Bag><rdf:li>places|harbour</rdf:li></rdf:Bag></lr:hierarchicalSubject>
  </rdf:Description>
  <rdf:Description rdf:about="uuid:1"/>
 </rdf:RDF>
</x:xmpmeta>
"""
DIGIKAM = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description rdf:about=""
 xmlns:digiKam="http://www.digikam.org/ns/1.0/" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#">
 <digiKam:TagsList><rdf:Seq><rdf:li>People/Ada</rdf:li></rdf:Seq></digiKam:TagsList>
 <mwg-rs:Regions rdf:parseType="Resource">
  <mwg-rs:AppliedToDimensions stDim:w="640" stDim:h="480" stDim:unit="pixel"/>
  <mwg-rs:RegionList><rdf:Bag>
   <rdf:li><rdf:Description mwg-rs:Name="Ada" mwg-rs:Type="Face">
    <mwg-rs:Area stArea:x="0.2" stArea:y="0.4" stArea:w="0.22" stArea:h="0.4" stArea:unit="normalized"/>
   </rdf:Description></rdf:li>
  </rdf:Bag></mwg-rs:RegionList>
 </mwg-rs:Regions>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>
"""
DEFAULT_PREFIX = """<RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><Description about="">
<s:subject xmlns:s="http://purl.org/dc/elements/1.1/"><Bag><li><![CDATA[a<b]]></li></Bag></s:subject></Description></RDF>
"""
FOREIGN = {"lightroom": LIGHTROOM, "digikam": DIGIKAM, "default prefix": DEFAULT_PREFIX}


def tag(shows: str = "happy", face: str = "f1", box: tuple = BOX, confidence: float | None = 0.8125) -> FaceTag:
    return FaceTag(face, box, shows, (("fecemo", "shows", shows),), f"shows: {shows}", confidence)


def photo_tags(*faces: FaceTag, orientation: int = 1, date: str = "2026-01-02T03:04:05Z") -> PhotoTags:
    return PhotoTags(faces, 640, 480, orientation, "d" * 64, "landmark_features gray", date)


def equal(first: bytes, second: bytes) -> bool:
    return ElementTree.canonicalize(first, with_comments=True) == ElementTree.canonicalize(second, with_comments=True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_is_where_the_face_is_stored(orientation: int) -> None:
    # A white patch at a known place of the stored picture: found upright by Pillow, it must map back.
    stored = np.zeros((40, 60), np.uint8)
    stored[4:12, 6:30] = 255
    image = Image.fromarray(stored)
    image.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(image))
    rows, columns = np.flatnonzero(upright.any(axis=1)), np.flatnonzero(upright.any(axis=0))
    height, width = upright.shape
    box = (columns[0] / width, (columns[-1] + 1) / width, rows[0] / height, (rows[-1] + 1) / height)
    assert stored_box(box, orientation) == pytest.approx((0.1, 0.5, 0.1, 0.3))


def test_overlap_is_intersection_over_union() -> None:
    assert overlap((0, 0.2, 0, 0.2), (0.1, 0.3, 0, 0.2)) == pytest.approx(1 / 3)
    assert overlap((0, 0.1, 0, 0.1), (0.2, 0.3, 0.2, 0.3)) == 0


def test_a_new_sidecar_holds_keywords_region_and_provenance(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg.xmp"
    assert write_tags(path, photo_tags(tag(), tag("sad", "f2", (0.5, 0.7, 0.2, 0.6), None))) == "written"
    content = read_sidecar(path)
    assert content is not None
    assert content.keywords == {
        "dc:subject": ["shows: happy", "shows: sad"],
        "lr:hierarchicalSubject": ["fecemo|shows|happy", "fecemo|shows|sad"],
        "digiKam:TagsList": ["fecemo/shows/happy", "fecemo/shows/sad"]}
    assert [(region.kind, region.name, region.face) for region in content.regions] == [
        ("Face", "", "f1"), ("Face", "", "f2")]
    assert content.regions[0].box == pytest.approx(BOX)
    assert (content.run, content.row, content.date) == ("d" * 64, "landmark_features gray", "2026-01-02T03:04:05Z")
    assert content.faces == [{"Face": "f1", "Shows": "happy", "Confidence": "0.812"}, {"Face": "f2", "Shows": "sad"}]
    state = path.stat()
    assert write_tags(path, photo_tags(tag(), tag("sad", "f2", (0.5, 0.7, 0.2, 0.6), None), date="2027")) == "unchanged"
    assert path.stat().st_mtime_ns == state.st_mtime_ns
    assert remove_tags(path) == "deleted"
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_others_wrote_stays_and_comes_back_equal(tmp_path: Path, foreign: str) -> None:
    path = tmp_path / "a.xmp"
    path.write_text(FOREIGN[foreign], encoding="utf-8")
    path.chmod(0o640)
    before = read_sidecar(path)
    tags = photo_tags(tag(), tag("sad", "f2", (0.6, 0.8, 0.2, 0.6)))
    assert write_tags(path, tags) == "written"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    content, data = read_sidecar(path), path.read_bytes()
    assert before is not None
    assert content is not None
    for name, terms in before.keywords.items():
        assert content.keywords[name][:len(terms)] == terms
        assert len(set(content.keywords[name])) == len(content.keywords[name])
    assert [region.name for region in content.regions][:len(before.regions)] == [r.name for r in before.regions]
    assert write_tags(path, tags) == "unchanged"
    assert write_tags(path, photo_tags(tag("fear"))) == "written"  # another run: its tags replace the former
    other = read_sidecar(path)
    assert other is not None
    assert "shows: happy" not in other.keywords["dc:subject"]
    assert "shows: fear" in other.keywords["dc:subject"]
    assert write_tags(path, tags) == "written"
    assert path.read_bytes() == data
    assert remove_tags(path) == "written"
    assert equal(path.read_bytes(), FOREIGN[foreign].encode())
    assert remove_tags(path) == "unchanged"


def test_a_keyword_that_somebody_typed_is_not_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    path.write_text(LIGHTROOM, encoding="utf-8")
    write_tags(path, photo_tags(tag("sad")))
    remove_tags(path)
    content = read_sidecar(path)
    assert content is not None
    assert content.keywords["dc:subject"] == ["harbour", "shows: sad"]


def test_a_face_that_has_a_region_gets_no_second_one(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    path.write_text(DIGIKAM, encoding="utf-8")
    write_tags(path, photo_tags(tag()))  # Ada's box is [.09, .31] × [.2, .6]
    content = read_sidecar(path)
    assert content is not None
    assert [region.name for region in content.regions] == ["Ada"]


def test_a_region_that_somebody_named_since_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    write_tags(path, photo_tags(tag(), tag("sad", "f2", (0.6, 0.8, 0.2, 0.6))))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("<mwg-rs:Type>Face</mwg-rs:Type>",
                                 "<mwg-rs:Type>Face</mwg-rs:Type><mwg-rs:Name>Ada</mwg-rs:Name>", 1), encoding="utf-8")
    assert remove_tags(path) == "written"
    content, text = read_sidecar(path), path.read_text(encoding="utf-8")
    assert content is not None
    assert [(region.name, region.face) for region in content.regions] == [("Ada", "")]
    assert "fecemo" not in text
    assert "shows" not in text


def test_tags_of_no_face_take_the_former_ones_out(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    write_tags(path, photo_tags(tag()))
    assert write_tags(path, photo_tags()) == "deleted"
    assert write_tags(path, photo_tags()) == "absent"


@pytest.mark.parametrize(("content", "words"), [
    (b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF", "broken XML"),
    (b"", "broken XML"),
    (b"\0\xff\xfe garbage", "broken XML"),
    (b"<a:b/>", "broken XML"),
    (b'<!DOCTYPE r [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;">]><r>&c;</r>', "document type"),
    (b"<html><body/></html>", "no XMP"),
    (b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"<a>" * 200 + b"</a>" * 200 + b"</x:xmpmeta>", "within each other"),
    (LIGHTROOM.replace("<rdf:Bag>", "").replace("</rdf:Bag>", "").encode(), "rdf:Bag"),
    (f'<rdf:RDF {RDF}><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" dc:subject="x"/></rdf:RDF>'.encode(),
     "plain value"),
    (b"<x>" + b" " * 50_000_000 + b"</x>", "no sidecar is as large"),
])
def test_what_cannot_be_merged_is_refused_and_left(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.xmp"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as raised:
        write_tags(path, photo_tags(tag()))
    assert str(path) in str(raised.value)
    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.xmp"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    photo, path = tmp_path / "a.jpg", tmp_path / "a.jpg.xmp"
    photo.write_bytes(LIGHTROOM.encode())
    path.symlink_to(photo)
    with pytest.raises(InputError, match="link"):
        write_tags(path, photo_tags(tag()))
    assert photo.read_bytes() == LIGHTROOM.encode()


def test_a_read_only_sidecar_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    path.write_text(LIGHTROOM, encoding="utf-8")
    path.chmod(0o444)
    with pytest.raises(ResourceError, match="read-only"):
        write_tags(path, photo_tags(tag()))
    assert path.read_text(encoding="utf-8") == LIGHTROOM


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xmp"
    path.write_text(LIGHTROOM, encoding="utf-8")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResourceError, match="disk is full"):
        write_tags(path, photo_tags(tag()))
    assert path.read_text(encoding="utf-8") == LIGHTROOM
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.xmp"]


def test_what_another_program_writes_meanwhile_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, merge, calls = tmp_path / "a.xmp", sidecar.merged, []

    def interrupted(data: bytes | None, tags: PhotoTags, where: str) -> bytes | None:
        changed = merge(data, tags, where)
        calls.append(1)
        if len(calls) == 1:
            path.write_text(LIGHTROOM, encoding="utf-8")
        return changed

    monkeypatch.setattr(sidecar, "merged", interrupted)
    assert write_tags(path, photo_tags(tag())) == "written"
    content = read_sidecar(path)
    assert content is not None
    assert content.keywords["dc:subject"] == ["harbour", "shows: sad", "shows: happy"]
    monkeypatch.setattr(sidecar, "merged", lambda *a: (path.write_text(f"{LIGHTROOM}<!--{len(calls)}-->"),
                                                       calls.append(1), merge(*a))[-1])
    with pytest.raises(StoredStateError, match="another program"):
        write_tags(path, photo_tags(tag("fear")))


@pytest.mark.parametrize("name", ["bell\a", "nul\0", "lone \ud800"])
def test_a_keyword_that_xml_cannot_hold_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="XML cannot hold"):
        write_tags(tmp_path / "a.xmp", photo_tags(tag(name)))
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a\nb.jpg", "😀.jpg", "&<>\"'.jpg", "a;$(x).jpg", "x" * 251 + ".jpg", ".jpg",
                                  os.fsdecode(b"latin \xe9.jpg"), "control \x01.jpg"])
def test_photographs_of_any_name_have_a_sidecar(tmp_path: Path, name: str) -> None:
    photo = tmp_path / name
    photo.write_bytes(b"untouched")
    path = SidecarNames().path_of(photo)
    assert path != photo
    assert write_tags(path, photo_tags(tag("glad & <\"merry\"> 😀"))) == "written"
    content = read_sidecar(path)
    assert content is not None
    assert content.keywords["dc:subject"] == ["shows: glad & <\"merry\"> 😀"]
    assert photo.read_bytes() == b"untouched"
    assert remove_tags(path) == "deleted"


def test_a_sidecar_that_is_there_is_used(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.touch()
    assert SidecarNames().path_of(photo).name == "a.jpg.xmp"
    assert SidecarNames("photo.xmp").path_of(photo).name == "a.xmp"
    (tmp_path / "a.xmp").touch()
    assert SidecarNames().path_of(photo).name == "a.xmp"
    (tmp_path / "a.CR2").touch()  # now it may be the raw file's
    assert SidecarNames("photo.xmp").path_of(photo).name == "a.jpg.xmp"


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="ExifTool is not installed")
class TestExifTool:
    """ExifTool as the judge."""

    @staticmethod
    def exiftool(*arguments: str | Path) -> str:
        return subprocess.run(["exiftool", *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def read(self, path: Path) -> dict:
        return json.loads(self.exiftool("-json", "-struct", "-G1", path))[0]

    def test_it_reads_what_was_written_and_finds_no_fault(self, tmp_path: Path) -> None:
        path = tmp_path / "a.xmp"
        write_tags(path, photo_tags(tag(), tag("sad", "f2", (0.5, 0.7, 0.2, 0.6)), orientation=6))
        read = self.read(path)
        assert read["XMP-dc:Subject"] == ["shows: happy", "shows: sad"]
        assert read["XMP-lr:HierarchicalSubject"] == ["fecemo|shows|happy", "fecemo|shows|sad"]
        assert read["XMP-digiKam:TagsList"] == ["fecemo/shows/happy", "fecemo/shows/sad"]
        regions = read["XMP-mwg-rs:RegionInfo"]
        assert regions["AppliedToDimensions"] == {"W": 640, "H": 480, "Unit": "pixel"}
        # The stored picture is turned clockwise to be upright: left to right there is bottom to top here.
        assert {name: pytest.approx(value) if name != "Unit" else value for name, value in
                regions["RegionList"][0]["Area"].items()} == {"X": 0.4, "Y": 0.8, "W": 0.4, "H": 0.2,
                                                             "Unit": "normalized"}
        assert regions["RegionList"][0]["Type"] == "Face"
        assert "Name" not in regions["RegionList"][0]
        assert "[minor]" not in self.exiftool("-validate", "-warning", "-error", "-a", path)

    @pytest.mark.parametrize("foreign", FOREIGN)
    def test_it_reads_what_others_wrote_as_before(self, tmp_path: Path, foreign: str) -> None:
        path = tmp_path / "a.xmp"
        path.write_text(FOREIGN[foreign], encoding="utf-8")
        before = {key: value for key, value in self.read(path).items() if key.startswith("XMP")}
        write_tags(path, photo_tags(tag("fear", "f2", (0.6, 0.8, 0.2, 0.6))))
        assert self.read(path) != before
        remove_tags(path)
        assert {key: value for key, value in self.read(path).items() if key.startswith("XMP")} == before

    def test_what_it_writes_into_our_sidecar_stays_when_ours_goes(self, tmp_path: Path) -> None:
        path = tmp_path / "a.xmp"
        write_tags(path, photo_tags(tag(), tag("sad", "f2", (0.6, 0.8, 0.2, 0.6))))
        self.exiftool("-q", "-overwrite_original", "-XMP-dc:Subject+=harbour", "-XMP-xmp:Rating=4", path)
        content = read_sidecar(path)
        assert content is not None
        assert len(content.regions) == 2
        assert content.regions[0].face == "f1"
        assert write_tags(path, photo_tags(tag("fear"))) == "written"
        assert remove_tags(path) == "written"
        content = read_sidecar(path)
        assert content is not None
        assert content.keywords == {"dc:subject": ["harbour"], "lr:hierarchicalSubject": [], "digiKam:TagsList": []}
        assert not content.regions
        read = self.read(path)
        assert read["XMP-xmp:Rating"] == 4
        assert "fecemo" not in path.read_text(encoding="utf-8")


def test_there_are_eight_orientations() -> None:
    with pytest.raises(ValueError, match="orientation"):
        stored_box(BOX, 9)
