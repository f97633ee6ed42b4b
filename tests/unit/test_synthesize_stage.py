"""Synthetic faces of a data set: whose they are, what they cost, and what a killed run leaves; by a stand-in model."""

import shutil

import numpy as np
import pytest
import yaml
from PIL import Image
from standing_mesh import standing_mesh

from fecemo.clustering.prototypes import PROTOTYPES
from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import output_lock
from fecemo.data.receipts import read_receipt
from fecemo.data.synthesize_settings import SynthesizeSettings
from fecemo.errors import InputError, StoredStateError
from fecemo.imaging.encode import BAND
from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.mesh import MIDDLE
from fecemo.imaging.landmarks.points import MODEL_NAMES
from fecemo.imaging.landmarks.synthesis import FaceSynthesizer
from fecemo.stages.labels_read import _parent_rows
from fecemo.stages.synthesize import SHEET_NAME, synthesize
from fecemo.stages.synthesize_plan import blendshapes_of
from fecemo.stages.tables.report_facts import statement_of
from fecemo.study.cell import resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from fecemo.study.supervision import supervision_of

LIGHT = {"neutral": 60, "happy": 120, "sad": 160}
SPLITS = ("train", "train", "test")


class OpenMouth:
    """Stands in for a landmark model: the brighter a face, the lower its lower lip and chin."""

    def mesh(self, crop):
        light = float(crop[100:160, 100:160].mean()) / 255
        mesh = standing_mesh(0.01)
        mesh[[*(lower for _, lower in points.LIP_PAIRS), points.LOWER_LIP, points.CHIN], 1] += light / 5
        return mesh * 60 + (MIDDLE, MIDDLE - 20, 0), 0.95

    def blendshapes(self, landmarks):
        shapes = np.zeros(52, np.float32)
        shapes[25] = (landmarks[points.LOWER_LIP_INSIDE, 1] - landmarks[points.UPPER_LIP_INSIDE, 1]) / 60
        return shapes


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthesis")
    (folder / "model.task").write_text("no model is asked")
    rng = np.random.default_rng(0)
    entries = [FaceEntry(f"{label}{number}", f"{label}{number}.png", annotations={
        "label": label, "split": SPLITS[number % 3], "valence": str(LIGHT[label] / 200)})
        for label in LIGHT for number in range(6)]
    with output_lock(folder / "people"):
        writer = DatasetWriter(folder / "people", entries, columns={"label": "label", "split": "split",
                                                                    "valence": "number"})
        for slot, entry in enumerate(entries):
            noise = rng.integers(0, 20, (200, 200, 3), dtype=np.uint8)
            writer.put(slot, noise + np.uint8(LIGHT[entry.annotations["label"]]))
        writer.finish("import", config={}, inputs={})
        writer.close()
    settings = SynthesizeSettings(folder / "people", per_class=5, landmark_model=folder / "model.task", threads=1)
    return settings, folder / "synthetic", synthesize(settings, folder / "synthetic", OpenMouth)


def test_every_face_says_of_whom_and_after_whom_it_is_made_and_nothing_of_the_test_split_is_read(made):
    settings, out, receipt = made
    people, faces = Dataset(settings.dataset), Dataset(out)
    label_of, split_of = (dict(zip(people.ids, cells, strict=True)) for cells in (people.labels, people.splits))
    assert (len(faces), set(faces.splits)) == (10, {"train"})
    assert {label_of[parent] for parent in faces["neutral"]} == {"neutral"}
    assert [label_of[parent] for parent in faces["donor"]] == faces.labels.tolist()
    assert {split_of[parent] for name in ("neutral", "donor") for parent in faces[name]} == {"train"}
    assert ((faces["gain"] >= 0.6) & (faces["gain"] <= 1.1)).all()
    np.testing.assert_allclose(faces["valence"], [LIGHT[label] / 200 for label in faces.labels], rtol=1e-6)
    assert receipt.summary["classes"] == {"happy": 5, "sad": 5}
    assert (receipt.summary["neutral"], receipt.summary["rejected"]) == (4, {})
    assert (out / SHEET_NAME).read_bytes()[:2] == b"\xff\xd8"
    with Image.open(out / SHEET_NAME) as sheet:
        assert sheet.size == (5 * 200, 3 * (200 + BAND)), "as large as they are stored, by three expressions"
    assert not list(out.glob("parents_*"))


def test_the_mouth_opens_and_the_photograph_around_the_face_is_untouched(made):
    settings, out, _ = made
    people, faces = Dataset(settings.dataset), Dataset(out)
    for row in range(len(faces)):
        before = people.faces[int(np.flatnonzero(people.ids == faces["neutral"][row])[0])]
        changed = (np.asarray(faces.faces[row]) != before).any(axis=2)
        assert changed.any()
        assert not changed[:20].any()
        assert not changed[:, :20].any()


def test_a_killed_run_resumes_and_ends_as_an_unbroken_one_and_other_settings_begin_anew(made, tmp_path, monkeypatch):
    settings, out, receipt = made
    render, calls = FaceSynthesizer.render, []

    def stops(self, *arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return render(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(FaceSynthesizer, "render", stops)
        with pytest.raises(KeyboardInterrupt):
            synthesize(settings, tmp_path / "out", OpenMouth)
    assert read_receipt(tmp_path / "out") is None
    assert synthesize(settings, tmp_path / "out", lambda: pytest.fail("landmarks are kept")).digest == receipt.digest
    assert synthesize(settings, out, lambda: pytest.fail("all is done")).digest == receipt.digest
    other = SynthesizeSettings(settings.dataset, per_class=2, by="action_units", landmark_model=settings.landmark_model)
    assert synthesize(other, tmp_path / "out", OpenMouth).summary["donors"] == 0
    assert set(Dataset(tmp_path / "out")["donor"]) == {""}
    shutil.copytree(settings.dataset, tmp_path / "another")
    with pytest.raises(StoredStateError, match="was not synthesized here"):
        synthesize(settings, tmp_path / "another", OpenMouth)


def test_donors_by_valence_and_arousal_are_those_of_each_square_of_the_plane(made, tmp_path):
    settings, _, _ = made
    # Calm, unrated, the plane's corner, and either side of an edge; the last face is of the test split.
    rated = {"calm": ("0.1", "-0.1"), "unrated": ("", "0.9"), "corner": ("1", "1"), "left": ("-0.01", "0.6"),
             "right": ("0.01", "0.6"), "test": ("-0.9", "-0.9")}
    entries = [FaceEntry(f"rest{number}", f"rest{number}.png", annotations={
        "label": "neutral", "split": "train", "valence": "0", "arousal": "0"}) for number in range(3)]
    entries += [FaceEntry(name, f"{name}.png", annotations={
        "label": "happy" if name == "corner" else "sad", "split": "test" if name == "test" else "train",
        "valence": valence, "arousal": arousal}) for name, (valence, arousal) in rated.items()]
    with output_lock(tmp_path / "rated"):
        writer = DatasetWriter(tmp_path / "rated", entries, columns={
            "label": "label", "split": "split", "valence": "number", "arousal": "number"})
        for slot in range(len(entries)):
            writer.put(slot, np.full((200, 200, 3), 60 + 20 * slot, np.uint8))
        writer.finish("import", config={}, inputs={})
        writer.close()
    by_affect = SynthesizeSettings(tmp_path / "rated", 2, "affect", landmark_model=settings.landmark_model, threads=1)
    receipt = synthesize(by_affect, tmp_path / "out", OpenMouth)
    assert receipt.summary["classes"] == {"v+0.25_a+0.75": 2, "v+0.75_a+0.75": 2, "v-0.25_a+0.75": 2}
    faces = Dataset(tmp_path / "out")
    assert faces["donor"].tolist() == ["right"] * 2 + ["corner"] * 2 + ["left"] * 2
    assert faces.labels.tolist() == ["sad", "sad", "happy", "happy", "sad", "sad"], "the class is the donor's"
    np.testing.assert_allclose(faces["valence"], [0.01, 0.01, 1, 1, -0.01, -0.01], rtol=1e-6)
    with pytest.raises(InputError, match="has no numbers arousal; import them by annotations"):
        synthesize(SynthesizeSettings(settings.dataset, by="affect", landmark_model=settings.landmark_model),
                   tmp_path / "none", OpenMouth)


def test_what_cannot_be_made_is_refused(made, tmp_path):
    settings, _, _ = made
    for changes, message in (({"neutral": "neutrl"}, "no class 'neutrl': did you mean 'neutral'"),
                             ({"min_agreement": 0.5}, "has no columns of votes, such as votes_neutral")):
        with pytest.raises(InputError, match=message):
            synthesize(SynthesizeSettings(settings.dataset, landmark_model=settings.landmark_model, **changes),
                       tmp_path / "out", OpenMouth)
    with pytest.raises(ValueError, match="gain must be two numbers from 0 to 2, the least first"):
        SynthesizeSettings(settings.dataset, gain=(1.0, 0.5))


def test_prototypes_raise_the_blendshapes_of_their_units_and_contempt_those_of_one_side():
    raised = {label: {name for name, rise in zip(MODEL_NAMES, blendshapes_of(label), strict=True) if rise > 0}
              for label in PROTOTYPES}
    assert raised["neutral"] == set()
    assert raised["happy"] == {"cheek squint left", "cheek squint right", "mouth smile left", "mouth smile right"}
    assert raised["contempt"] == {"mouth dimple left", "mouth smile left", "mouth left"}
    assert all(raised[label] for label in PROTOTYPES if label != "neutral")
    strengths = dict(zip(MODEL_NAMES, blendshapes_of("surprise"), strict=True))
    assert 0 < strengths["jaw open"] < strengths["eye wide left"], "a mouth that is dark inside opens less"


def test_labels_of_parents_are_spent_by_whoever_learns_from_their_children(made):
    settings, out, _ = made
    people, faces = Dataset(settings.dataset), Dataset(out)
    rows = _parent_rows(faces, np.array([0, 7]), people)
    assert set(people.ids[rows]) == {faces[name][row] for name in ("neutral", "donor") for row in (0, 7)}


def test_a_recipe_names_synthetic_faces_and_counts_their_parents_labels(tmp_path):
    def recipe(data, synthesis):
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump({
            "name": "synthesis", "title": "Synthesis", "variants": ["gray"], "roles": {"target": "people"},
            "datasets": {"people": {"import": {"images": "x"}}, "synthetic": {"synthesize": synthesis}},
            "approaches": {"supervised": {"fit": {"classify": {
                "data": data, "label_fraction": 0.2, "loss": "cross_entropy", "optimizer": "adam",
                "learning_rate": 0.001, "epochs": 1}}}}}))
        return read_recipe(path)

    read = recipe(["target.train", "synthetic"], {"dataset": "people", "label_fraction": 0.2})
    of_a_fifth = supervision_of(resolve(read, "supervised", "gray"))
    assert of_a_fifth.words == "synthetic faces with labels, 20 % of the labels"
    read = recipe(["target.train", "synthetic"], {"dataset": "people"})
    assert supervision_of(resolve(read, "supervised", "gray")).words == "synthetic faces with labels, all labels"
    assert statement_of(read, "synthetic").name == "Synthetic faces", "the report's data card says what they are"
    layout = RunLayout(tmp_path)
    step, = read.datasets["synthetic"].way.steps(read.datasets["synthetic"].settings, "synthetic", layout)
    assert (step.script, step.stage, step.settings.dataset) == ("02_synthesize", "synthesize", layout.dataset("people"))
    with pytest.raises(InputError, match=r"synthesize\.dataset: there is no data set 'peopel': did you mean 'people'"):
        recipe(["target.train"], {"dataset": "peopel"})
    with pytest.raises(InputError, match="synthetic is itself made of another"):
        recipe(["target.train"], {"dataset": "synthetic"})
