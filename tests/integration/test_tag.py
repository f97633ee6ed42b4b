"""Tagging photographs by a finished run: tables, vectors, calibrated shares, sidecars."""

import csv
import json
import resource
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fecemo
from fecemo.archive.photographs import read_photographs
from fecemo.archive.sidecar import read_sidecar
from fecemo.archive.tags import read_tags
from fecemo.data.durable import NODE, output_lock
from fecemo.data.receipts import read_receipt
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError, ResourceError, StoredStateError
from fecemo.stages import gallery, search, tag
from fecemo.stages.gallery import GallerySettings
from fecemo.stages.photo_sidecars import write_sidecars
from fecemo.stages.run_readout import RunReadout, require_current
from fecemo.stages.search import SearchSettings
from fecemo.stages.tag import TagSettings
from tests.integration.archive_run import CLASSIFIER, ROW, VARIANT, ArchiveRun, contents
from tests.integration.killing import is_killed_at

KINDS = [0, 1, 2, 3, 4, 5, 6, 7, 0, 0]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> ArchiveRun:
    run = ArchiveRun(tmp_path_factory.mktemp("archive")).make()
    run.photograph(KINDS)
    return run


@pytest.fixture
def archive(made, tmp_path) -> ArchiveRun:
    """The run and the photographs, to be spoilt."""
    shutil.copytree(made.folder, tmp_path / "archive_run")
    return ArchiveRun(tmp_path / "archive_run")


def settings(run: ArchiveRun, **changes) -> TagSettings:
    return TagSettings(**{"dataset": run.dataset, "run": run.layout.run, "row": ROW, "variant": VARIANT,
                          "photos": run.photos, **changes})


def test_every_face_shows_what_its_cluster_is_named(archive):
    tag.run(settings(archive), archive.out)
    tags = read_tags(archive.out)
    numbers = [int(Path(photo).name.split()[0]) for photo in tags.photo]
    assert tags.shows.tolist() == [EMOTIONS[KINDS[number]] for number in numbers]
    assert tags.taken.tolist() == [f"20{10 + number}-01-02 03:04:05" for number in numbers]
    encoder = fecemo.open_run(archive.layout.run).encoder(ROW, VARIANT)
    np.testing.assert_allclose(tags.vectors, encoder.transform(fecemo.open_dataset(archive.dataset).faces), rtol=1e-5)
    np.testing.assert_allclose(tags.shares.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(tags.confidence, tags.shares.max(axis=1), atol=1e-4)
    assert (tags.second != tags.shows).all()
    np.testing.assert_array_equal(tags.box, [[0.25, 0.5, 0.25, 0.75]] * len(KINDS))


def test_shares_are_calibrated_by_labels_that_were_used_for_nothing(made):
    # Of 80 labelled faces of the train split every tenth is labelled otherwise than its cluster is named: nine in ten
    # answers are right, and margins are much alike. A calibrated confidence is then near .9.
    readout = RunReadout(fecemo.open_run(made.layout.run), ROW, VARIANT)
    assert readout.calibration.n_labelled == 80
    values = made.layout.outputs(ROW, VARIANT) / "target" / "embedding.npy"
    shares = readout.answers(np.load(values)).shares
    assert shares.max(axis=1).mean() == pytest.approx(0.9, abs=0.02)
    assert readout.calibration.error < 0.1


def test_a_classifier_tags_too(archive):
    tag.run(settings(archive, row=CLASSIFIER), archive.out)
    tags = read_tags(archive.out)
    probabilities = fecemo.open_run(archive.layout.run).classifier(CLASSIFIER, VARIANT).predict_proba(
        fecemo.open_dataset(archive.dataset).faces)
    np.testing.assert_allclose(tags.vectors, probabilities, rtol=1e-5)
    assert tags.shows.tolist() == np.array(tags.description.classes)[probabilities.argmax(axis=1)].tolist()
    assert set(tags.cluster.tolist()) == {""}


def test_only_faces_that_joined_are_computed(archive, monkeypatch):
    tag.run(settings(archive), archive.out)
    embedded = []
    vectors = RunReadout.vectors
    monkeypatch.setattr(RunReadout, "vectors", lambda self, columns: (
        embedded.append(len(columns["image"])), vectors(self, columns))[1])
    tag.run(settings(archive), archive.out)
    assert embedded == []
    archive.photograph([3, 4], start=10)
    tag.run(settings(archive), archive.out)
    assert embedded == [2]
    archive.name({**archive.true_names(), "0": "mixed"})  # names change no vector
    tag.run(settings(archive), archive.out)
    assert embedded == [2]
    tags = read_tags(archive.out)
    gone = tags.shows == ""
    assert gone.any()
    assert not tags.shares[gone].any()
    assert not tags.confidence[gone].any()


def test_a_killed_run_goes_on_and_ends_equal(archive, monkeypatch, tmp_path):
    monkeypatch.setattr(tag, "BLOCK", 3)
    tag.run(settings(archive), archive.out)
    expected = {name: data for name, data in contents(archive.out).items() if not name.startswith(("computed", "rec"))}
    vectors, calls = RunReadout.vectors, []

    def dying(self, columns):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return vectors(self, columns)

    monkeypatch.setattr(RunReadout, "vectors", dying)
    with pytest.raises(KeyboardInterrupt):
        tag.run(settings(archive), tmp_path / "tags")
    assert read_receipt(tmp_path / "tags") is None
    tag.run(settings(archive), tmp_path / "tags")
    assert len(calls) == 3 + 2  # two blocks were kept, and two more made
    assert {name: data for name, data in contents(tmp_path / "tags").items()
            if not name.startswith(("computed", "rec"))} == expected


def test_names_that_changed_are_stale_and_said(archive):
    receipt = tag.run(settings(archive), archive.out)
    now = lambda: RunReadout(fecemo.open_run(archive.layout.run), ROW, VARIANT)  # noqa: E731
    require_current(receipt.inputs, now, "the tags")
    path = archive.layout.hand_names(ROW, VARIANT)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"happy"', '"sad"'), encoding="utf-8")
    with pytest.raises(StoredStateError, match="hand names"):  # the label stage has not run since
        tag.run(settings(archive), archive.out)
    archive.name({**archive.true_names(), "0": "not a face"})
    with pytest.raises(StoredStateError, match="names of the run changed since"):
        require_current(receipt.inputs, now, "the tags")
    tag.run(settings(archive), archive.out)
    require_current(read_receipt(archive.out).inputs, now, "the tags")


def test_sidecars_are_written_beside_photographs_that_stay_as_they_are(archive):
    before = contents(archive.photos)
    tag.run(settings(archive, sidecars=True, threshold=0.3), archive.out)
    after = contents(archive.photos)
    assert {name: data for name, data in after.items() if not name.endswith(".xmp")} == before
    assert sum(name.endswith(".jpg.xmp") for name in after) == len(KINDS)
    sidecar = read_sidecar(archive.photos / "b & <c>" / "5 é.jpg.xmp")  # orientation 6: turned clockwise to be upright
    assert sidecar.keywords["dc:subject"] == [f"shows: {EMOTIONS[5]}"]
    assert sidecar.keywords["lr:hierarchicalSubject"] == [f"fecemo|shows|{EMOTIONS[5]}"]
    assert sidecar.regions[0].box == pytest.approx((0.25, 0.75, 0.5, 0.75))
    assert float(sidecar.faces[0]["Confidence"]) == pytest.approx(0.9, abs=0.05)
    assert sidecar.row == f"{ROW} {VARIANT}"
    tag.run(settings(archive, sidecars=True, threshold=0.3), archive.out)
    assert contents(archive.photos) == after
    tag.run(settings(archive, sidecars=True, threshold=1.0), archive.out)  # none is so confident: tags are taken out
    assert contents(archive.photos) == before
    tag.run(settings(archive, sidecars=True, threshold=0.3), archive.out)
    tag.run(settings(archive, remove=True), archive.out)
    assert contents(archive.photos) == before


def test_what_became_of_each_sidecar_is_listed(archive, capsys):
    bad, gone = archive.photos / "0 é.jpg.xmp", archive.photos / "2 é.jpg"
    bad.write_text("<broken")
    left = archive.photos / f".6 é.jpg.xmp.{NODE}-{2**22 + 1}.tmp"  # of a killed process
    left.write_text("half")
    gone.unlink()
    with (archive.photos / "4 é.jpg").open("ab") as file:
        file.write(b"edited")
    tag.run(settings(archive, sidecars=True, threshold=0.3), archive.out)
    with (archive.out / "sidecars.csv").open(encoding="utf-8", newline="") as file:
        lines = {line["photo"]: line for line in csv.DictReader(file)}
    assert lines["0 é.jpg"]["outcome"] == "refused"
    assert "broken XML" in lines["0 é.jpg"]["detail"]
    assert "is gone" in lines["2 é.jpg"]["detail"]
    assert "when its faces were found" in lines["4 é.jpg"]["detail"]
    assert sum(line["outcome"] == "written" for line in lines.values()) == len(KINDS) - 3
    printed = capsys.readouterr().err
    assert "3 refused" in printed
    assert "warning: 3 sidecars were refused, the first: " in printed
    assert "suggestions" not in printed
    tag.run(settings(archive, sidecars=True, threshold=1.0), archive.out)
    with (archive.out / "sidecars.csv").open(encoding="utf-8", newline="") as file:
        lines = {line["photo"]: line for line in csv.DictReader(file)}
    assert (lines["2 é.jpg"]["outcome"], lines["2 é.jpg"]["sidecar"]) == ("absent", "")
    assert lines["2 é.jpg"]["detail"] == "no face has a name that is so likely"
    assert "sidecars: 2 not needed, 7 deleted, 1 refused" in capsys.readouterr().err
    assert bad.read_text() == "<broken"
    assert not left.exists()
    tags = read_tags(archive.out)
    suggested = replace(tags, description=replace(tags.description, named_by="action_units"))
    write_sidecars(suggested, archive.photos, read_photographs(archive.dataset), archive.out, 1.0, "photo.jpg.xmp")
    assert "the names are suggestions by published action units: nobody has looked yet" in capsys.readouterr().err


def test_a_house_has_words_of_its_own(archive, tmp_path, capsys):
    vocabulary = tmp_path / "words.yaml"
    vocabulary.write_text("prefix: [mood]\nwording: 'expression: {}'\n"
                          "names: {happy: {keyword: joy}, sad: {under: upset, keyword: grief}, fear: {keyword: '-'}}\n")
    tag.run(settings(archive, threshold=0.3, vocabulary=vocabulary), archive.out)
    with (archive.out / "exiftool.csv").open(encoding="utf-8", newline="") as file:
        lines = {line["SourceFile"]: line for line in csv.DictReader(file)}
    tags = read_tags(archive.out)
    for shows, subject, hierarchy in (("happy", "expression: joy", "mood|joy"),
                                      ("sad", "expression: upset; expression: grief",
                                       "mood|upset; mood|upset|grief")):
        line = lines[f"./{tags.photo[tags.shows == shows][0]}"]
        assert (line["Subject"], line["HierarchicalSubject"]) == (subject, hierarchy)
    assert f"./{tags.photo[tags.shows == 'fear'][0]}" not in lines
    vocabulary.write_text("names: {hapy: {keyword: joy}}\n")
    tag.run(settings(archive, vocabulary=vocabulary), archive.out)
    assert "no face of this run bears hapy" in capsys.readouterr().err
    vocabulary.write_text("names: {happy: {keyword: 'a|b'}}\n")
    with pytest.raises(InputError, match="divides keywords"):
        tag.run(settings(archive, vocabulary=vocabulary), archive.out)


def test_names_beyond_the_classes_reach_keywords_search_and_gallery(archive, tmp_path):
    # Clusters of sad and of anger stand under "upset", one of them with a second name; of happy the house has a word.
    names = {key: {"sad": "upset/sad; tired", "anger": "upset/anger", "happy": "beaming"}.get(name, name)
             for key, name in archive.true_names().items()}
    (archive.layout.labels / "vocabulary.csv").write_text(
        "name,under,counts_as,words\ntired,weary; low,-,sleepy\nbeaming,,happy,radiant\n")
    archive.name(names)
    assert archive.layout.names(ROW, VARIANT).joinpath("names.json").read_text().count('"sad; tired"') == 1
    tag.run(settings(archive, threshold=0.3, sidecars=True), archive.out)
    tags = read_tags(archive.out)
    shows = {EMOTIONS[2]: "sad; tired", EMOTIONS[6]: "anger", EMOTIONS[1]: "beaming"}
    assert tags.shows.tolist() == [shows.get(EMOTIONS[int(kind)], EMOTIONS[int(kind)]) for kind in _kinds(archive)]

    def keywords(label):
        sidecar = archive.photos / f"{tags.photo[tags.shows == label][0]}.xmp"
        packet = read_sidecar(sidecar)
        return {kind: set(result) for kind, result in packet.keywords.items()}

    result = keywords("sad; tired")
    assert result["dc:subject"] == {f"shows: {name}" for name in ("upset", "sad", "weary", "low", "tired")}
    paths = ("upset", "upset|sad", "weary", "low", "weary|tired", "low|tired")  # tired stands under two names
    assert result["lr:hierarchicalSubject"] == {f"fecemo|shows|{path}" for path in paths}
    assert result["digiKam:TagsList"] == {f"fecemo/shows/{path}".replace("|", "/") for path in paths}
    for words, labels in (("upset", {"sad; tired", "anger"}), ("sleepy", {"sad; tired"}), ("radiant", {"beaming"})):
        search.run(SearchSettings(archive.out, find=words, confidence=0.3), tmp_path / words)
        with (tmp_path / words / "hits.csv").open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        n_right = int(np.isin(tags.shows, list(labels)).sum())
        assert {line["shows"] for line in lines[:n_right]} == labels
    gallery.run(GallerySettings(archive.out, archive.dataset, archive.photos), tmp_path / "gallery")
    page = json.loads((tmp_path / "gallery" / "faces.js").read_text().partition("=")[2].rstrip().rstrip(";"))
    at = page["classes"].index("sad; tired")
    assert {page["names"][name] for name in page["holds"][at]} == {"sad", "upset", "tired", "weary", "low"}
    for name, above in (("anger", ["upset"]), ("tired", ["weary", "low"]), ("upset", [])):
        assert [page["names"][parent] for parent in page["under"][page["names"].index(name)]] == above


def test_single_faces_show_what_a_person_said_and_what_is_no_face_is_left_out(archive, tmp_path, capsys):
    tag.run(settings(archive), archive.out)
    before = read_tags(archive.out)
    cluster = str(before.cluster[before.shows == "fear"][0])
    happy = np.flatnonzero(before.shows == "happy")[:1]
    moved, no_face = before.id[happy[0]], before.id[np.flatnonzero(before.shows == "disgust")[0]]
    archive.name({**archive.true_names(), cluster: "not a face"}, faces={moved: "sad", no_face: "not a face"})
    assert read_receipt(archive.layout.names(ROW, VARIANT)).summary["faces_moved"] == 2
    receipt = tag.run(settings(archive, sidecars=True), archive.out)
    tags = read_tags(archive.out)
    at = int(np.flatnonzero(tags.id == moved)[0])
    assert (tags.shows[at], tags.confidence[at], tags.cluster[at]) == ("sad", 1, "hand")
    aside = {*before.id[before.shows == "fear"], no_face}
    assert set(before.id) - set(tags.id) == aside
    assert (receipt.summary["moved"], receipt.summary["set_aside"]) == (1, len(aside))
    assert f"1 moved out of their clusters by hand, {len(aside)} set aside as no faces" in capsys.readouterr().err
    with (archive.out / "set_aside.csv").open(encoding="utf-8", newline="") as file:
        assert {line["id"] for line in csv.DictReader(file)} == aside
    kept = ~np.isin(before.id, list(aside))
    assert tags.row.tolist() == np.flatnonzero(kept).tolist()
    np.testing.assert_array_equal(np.asarray(tags.vectors), np.asarray(before.vectors)[kept])
    # What follows reads the faces at the rows that are left.
    search.run(SearchSettings(archive.out, find="sad", sidecars=True, photos=archive.photos, top=1), tmp_path / "hits")
    with (tmp_path / "hits" / "hits.csv").open(encoding="utf-8", newline="") as file:
        (hit,) = csv.DictReader(file)
    assert (hit["id"], fecemo.open_dataset(archive.dataset).ids[int(hit["row"])]) == (moved, moved)
    with (tmp_path / "hits" / "sidecars.csv").open(encoding="utf-8", newline="") as file:
        assert [line["photo"] for line in csv.DictReader(file)] == [hit["photo"]]
    gallery.run(GallerySettings(archive.out, archive.dataset, archive.photos), tmp_path / "gallery")
    assert json.loads((tmp_path / "gallery" / "faces.js").read_text().partition("=")[2].rstrip().rstrip(";"))[
        "n"] == len(tags)


def _kinds(archive) -> list[int]:
    """Return the kind of every face, in the order of the data set."""
    faces = fecemo.open_dataset(archive.dataset).faces
    return [int(np.asarray(picture)[12::25, 0, 0].argmax()) for picture in faces]


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="ExifTool is not installed")
def test_exiftool_imports_the_table(archive):
    tag.run(settings(archive, threshold=0.3), archive.out)
    subprocess.run(["exiftool", "-q", "-r", f"-csv={archive.out / 'exiftool.csv'}", "-sep", "; ",
                    "-overwrite_original", "."], check=True, cwd=archive.photos)
    photo = archive.photos / "b & <c>" / "5 é.jpg"
    read = subprocess.run(["exiftool", "-s3", "-Subject", "-HierarchicalSubject", photo], check=True,
                          capture_output=True, text=True).stdout
    assert read.split("\n")[:2] == [f"shows: {EMOTIONS[5]}", f"fecemo|shows|{EMOTIONS[5]}"]


@pytest.mark.parametrize(("changes", "words"), [
    ({"threshold": 1.5}, "threshold"), ({"row": "dense_autoencodr"}, "did you mean"),
    ({"sidecars": True, "photos": None}, "photos"), ({"vocabulary": Path("/nowhere.yaml")}, "no such file"),
])
def test_mistakes_are_named(made, tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        tag.run(replace(settings(made), **changes), tmp_path / "tags")


def test_killed_at_twenty_moments_it_ends_as_an_unbroken_run(archive, monkeypatch, tmp_path):
    # Each moment is a write that reaches the disk, in a process of its own: of vectors, tables, receipt or sidecars.
    tag.run(settings(archive), archive.out)
    faces, stored = fecemo.open_dataset(archive.dataset).faces, np.array(read_tags(archive.out).vectors)
    known = {face.tobytes(): vector for face, vector in zip(faces, stored, strict=True)}
    monkeypatch.setattr(RunReadout, "vectors", lambda self, columns: np.stack(
        [known[face.tobytes()] for face in columns["image"]]))
    monkeypatch.setattr(tag, "BLOCK", 3)
    monkeypatch.setattr("fecemo.stages.photo_sidecars.time.strftime", lambda *_: "2026-01-02T03:04:05Z")
    (tmp_path / "unbroken").mkdir()
    shutil.copytree(archive.photos, tmp_path / "unbroken" / "photos")
    expected, kills = tagged(archive, tmp_path / "unbroken"), 0
    for moment in range(1, 61, 3):
        place = tmp_path / str(moment)
        shutil.copytree(archive.photos, place / "photos")
        kills += is_killed_at(moment, lambda place=place: tagged(archive, place))
        assert tagged(archive, place) == expected, moment
    assert kills >= 15


def test_two_at_once_are_refused(archive):
    with output_lock(archive.out), pytest.raises(StoredStateError, match="is being written by another process"):
        tag.run(settings(archive), archive.out)


def test_a_full_disk_is_said_and_the_former_tags_come_back(archive):
    """By a limit on the size of files: the system's refusal is a real one."""
    tag.run(settings(archive), archive.out)
    expected = {name: data for name, data in contents(archive.out).items() if not name.startswith(("computed", "rec"))}
    archive.photograph([3, 4], start=10)
    limit, before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limit[1]))
    try:
        with pytest.raises(ResourceError, match="the file would be larger than is allowed there"):
            tag.run(settings(archive), archive.out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    for number in (10, 11):
        next(archive.photos.rglob(f"{number} é.jpg")).unlink()
    archive.detect()
    tag.run(settings(archive), archive.out)
    assert {name: data for name, data in contents(archive.out).items()
            if not name.startswith(("computed", "rec"))} == expected


def tagged(archive: ArchiveRun, place: Path) -> dict[str, bytes]:
    """Tag the photographs of a place, and return all that is there but times."""
    tag.run(settings(archive, photos=place / "photos", sidecars=True, threshold=0.3), place / "tags")
    return {name: data for name, data in contents(place).items()
            if not name.startswith(("tags/receipt", "tags/sidecars", "tags/computed"))}
