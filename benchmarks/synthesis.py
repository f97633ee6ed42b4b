"""What drawn and synthetic faces are worth as training data, and how near synthetic ones come to what they are to show.

    python benchmarks/synthesis.py FERPLUS DRAWN WORK

FERPLUS and DRAWN are labelled data sets; what is measured and synthesized of them is kept in WORK, and nothing is made
twice. Prints JSON, which docs/write_synthesis.py makes a page of. Classifiers are logistic regressions on landmark
features with gradients, whose answers are weighed as if classes were equally common; a share of FERPLUS's labels is
drawn by seed, and synthetic faces are made of the labels of that share alone.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, recall_score

from fecemo.data.dataset import Dataset
from fecemo.data.model_files import require_model
from fecemo.data.receipts import read_receipt
from fecemo.data.synthesize_settings import SynthesizeSettings
from fecemo.data.variants import find_variant
from fecemo.drawn import (
    EMOTIONS,
    PROTOTYPES,
    Capture,
    Expression,
    FaceParameters,
    Identity,
    Nuisance,
    draw_face,
    sample_expression,
    sample_identity,
)
from fecemo.imaging.landmarks.alignment import align
from fecemo.imaging.landmarks.expression_map import fit_expression_map
from fecemo.imaging.landmarks.expression_means import ExpressionChange, mean_expression
from fecemo.imaging.landmarks.features import columns_of
from fecemo.imaging.landmarks.mesh import FaceMesh, find_mesh
from fecemo.imaging.landmarks.model import FaceLandmarker
from fecemo.imaging.landmarks.synthesis import FaceSynthesizer, PhotographedFace
from fecemo.stages import landmarks, synthesize
from fecemo.stages.landmarks import LandmarkSettings
from fecemo.study.faces.examples import labelled_rows

MODEL = Path("face_landmarker.task")
SHARES, PER_CLASS = {None: (0, 1, 2), 0.2: (0, 1, 2), 0.05: (0, 1, 2)}, 100
"""Shares of the labels, with the seeds of whose they are; and faces that are added of each class but neutral."""
PICTURE = Path(__file__).parents[1] / "docs" / "synthesis_drawn.jpg"
PENALTY, ITERATIONS, RESAMPLES = 0.1, 300, 2000
RARE = ("fear", "disgust", "contempt")
CLUSTERS, SUREST, ROUNDS = 40, 0.25, 3
"""Of self-training: clusters, the share of each that is learnt, and how often."""
DONORS, PEOPLE, EIGENFACES, LOOKED_AT = 12, 6, 64, 2000
LIPS = (61, 0, 291, 17)
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 46, 53, 52, 65, 55, 276, 283, 282, 295, 285)
MOVED = {"happy": (LIPS,), "contempt": (LIPS,)}
"""What an expression moves by its action units, where that is not the mouth and the brows: no brow."""


class Measured:
    """A data set with its landmark features, measured once."""

    def __init__(self, folder: Path, work: Path) -> None:
        self.dataset, out = Dataset(folder), work / "features" / folder.name
        landmarks.run(LandmarkSettings(folder, MODEL, threads=1), out)
        receipt = read_receipt(out)
        self.values = np.asarray(np.load(out / "landmark_features.npy"), np.float64)
        self.sure = np.load(out / "scores.npy") >= (receipt.config["sure"] if receipt else 1)
        self.labels = self.dataset.labels


def moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation, at least a millionth, of each number."""
    return values.mean(axis=0), values.std(axis=0).clip(1e-6)


def logits_of(vectors: np.ndarray, labels: np.ndarray, scored: np.ndarray,
              classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return logits of the scored, as if the classes had been learnt equally often, and as they were: (n, c) each."""
    model = LogisticRegression(C=PENALTY, max_iter=ITERATIONS).fit(vectors, labels)
    logits = np.full((len(scored), len(classes)), -np.inf)
    logits[:, [classes.index(name) for name in model.classes_]] = model.decision_function(scored)
    priors = np.array([max(np.mean(labels == name), 1e-9) for name in classes])
    return logits - np.log(priors), logits


class Study:
    """FER+ and drawn faces as vectors that are standardised by FER+'s train split, without its labels."""

    def __init__(self, ferplus: Path, drawn: Path, work: Path) -> None:
        self.people, self.drawn, self.work = Measured(ferplus, work), Measured(drawn, work), work
        self.classes = list(self.people.dataset.classes)
        train = self.people.dataset.learnable_rows("train")
        self.train, self.test = train[self.people.sure[train]], self.people.dataset.rows_in("test")
        self.mean, self.deviation = moments(self.people.values[self.train])
        self.truth = self.people.labels[self.test]
        self.scored = self.vectors(self.people.values[self.test])
        own = moments(self.drawn.values[self.drawn.sure])
        self.matched = (self.drawn.values - own[0]) / own[1]

    def vectors(self, values: np.ndarray) -> np.ndarray:
        """Return values in deviations of people's."""
        return (values - self.mean) / self.deviation

    def answers(self, vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return the class of each scored face as if classes were equally common, and as they are learnt: (2, n)."""
        logits = logits_of(vectors, labels, self.scored, self.classes)
        return np.array(self.classes)[np.stack([each.argmax(axis=1) for each in logits])]

    def figures(self, by_seed: list[np.ndarray], over: list[np.ndarray] | None = None,
                again: list[np.ndarray] | None = None) -> dict[str, object]:
        """Return means over seeds with bootstrap intervals over faces, and the gains over other answers.

        Parameters
        ----------
        by_seed, over, again : list of ndarray of shape (2, n), str
            As `answers` gives them: of one kind, of those with nothing added, of those oversampled.
        """
        rng, places = np.random.default_rng(0), [np.flatnonzero(self.truth == name) for name in self.classes]
        drawn = [[rng.choice(place, len(place)) for place in places] for _ in range(RESAMPLES)]

        def right(answers: list[np.ndarray], way: int) -> np.ndarray:
            return np.asarray(np.mean([answer[way] == self.truth for answer in answers], axis=0))

        def spread(values: np.ndarray) -> list[float]:
            balanced = [float(np.mean([values[place].mean() for place in resample])) for resample in drawn]
            return [float(np.mean([values[place].mean() for place in places])), *np.quantile(balanced, (0.025, 0.975))]

        gains = {} if over is None else {"gain": spread(right(by_seed, 0) - right(over, 0)),
                                         "gain_as_learnt": spread(right(by_seed, 1) - right(over, 1))}
        if again is not None:
            gains["over_oversampled_as_learnt"] = spread(right(by_seed, 1) - right(again, 1))
        return {"balanced_accuracy": spread(right(by_seed, 0)), "as_learnt": spread(right(by_seed, 1)), **gains,
                "by_seed": [float(balanced_accuracy_score(self.truth, answer)) for answer, _ in by_seed],
                "recall": {name: float(np.mean([recall_score(self.truth, answer, labels=[name], average="macro")
                                                for answer, _ in by_seed])) for name in RARE}}

    def synthetic(self, share: float | None, seed: int) -> Measured:
        """Return synthetic faces of a share of the labels."""
        out = self.work / "synthetic" / f"{'all' if share is None else share}_{seed}"
        synthesize.run(SynthesizeSettings(self.people.dataset.folder, per_class=PER_CLASS, label_fraction=share,
                                          seed=seed, min_agreement=0.5, landmark_model=MODEL, threads=1), out)
        return Measured(out, self.work)

    def added(self, share: float | None, seeds: tuple[int, ...]) -> dict[str, dict[str, object]]:
        """Return the figures of each kind of face that is added to a share of the labels."""
        answers: dict[str, list[np.ndarray]] = {}
        for seed in seeds:
            rng = np.random.default_rng(seed)
            rows = labelled_rows(self.people.dataset, "train", share, seed, "share")
            rows = rows[self.people.sure[rows]]
            vectors, labels = self.vectors(self.people.values[rows]), self.people.labels[rows]
            synthetic = self.synthetic(share, seed)
            counts = {name: int(np.sum(synthetic.labels[synthetic.sure] == name))
                      for name in self.classes if name != "neutral"}
            again = np.concatenate([rng.choice(np.flatnonzero(labels == name), count)
                                    for name, count in counts.items() if (labels == name).any()])
            drawn = np.concatenate([rng.choice(np.flatnonzero(self.drawn.sure & (self.drawn.labels == name)), count)
                                    for name, count in counts.items()])
            more = {"nothing": (vectors[:0], labels[:0]), "oversampled": (vectors[again], labels[again]),
                    "drawn": (self.matched[drawn], self.drawn.labels[drawn]),
                    "synthetic": (self.vectors(synthetic.values[synthetic.sure]), synthetic.labels[synthetic.sure])}
            for kind, (further, their_labels) in more.items():
                answers.setdefault(kind, []).append(
                    self.answers(np.concatenate([vectors, further]), np.concatenate([labels, their_labels])))
        return {kind: self.figures(by_seed, None if kind == "nothing" else answers["nothing"],
                                   answers["oversampled"] if kind in ("drawn", "synthetic") else None)
                for kind, by_seed in answers.items()}

    def teachers(self) -> dict[str, dict[str, object]]:
        """Return the figures of drawn teachers, and of students that learn from what these say of people's faces."""
        seen, labels = self.drawn.sure, self.drawn.labels[self.drawn.sure]
        drawn, people = self.matched[seen], self.vectors(self.people.values[self.train])
        shape, texture = columns_of(["distances", "blendshapes"]), columns_of(["gradients"])
        groups = KMeans(CLUSTERS, n_init=2, random_state=0).fit_predict(people[:, shape])

        def taught(choose: Callable[[np.ndarray], np.ndarray], rounds: int) -> np.ndarray:
            """Return what a student answers that learns from drawn faces and from people's that are chosen."""
            vectors, shown = drawn, labels
            for _ in range(rounds):
                logs, _ = logits_of(vectors, shown, people, self.classes)
                chosen = choose(logs)
                vectors = np.concatenate([drawn, people[chosen]])
                shown = np.concatenate([labels, np.array(self.classes)[logs[chosen].argmax(axis=1)]])
            return self.answers(vectors, shown)

        def surest(logs: np.ndarray) -> np.ndarray:
            top = np.sort(logs, axis=1)
            margin = top[:, -1] - top[:, -2]
            return np.concatenate([members[np.argsort(-margin[members])[:int(np.ceil(SUREST * len(members)))]]
                                   for group in range(CLUSTERS) if len(members := np.flatnonzero(groups == group))])

        by_shape, by_texture = (logits_of(drawn[:, part], labels, people[:, part], self.classes)[0].argmax(axis=1)
                                for part in (shape, texture))
        agreed = np.flatnonzero(by_shape == by_texture)
        raw = self.vectors(self.drawn.values[seen])
        teacher = self.answers(drawn, labels)
        students = {"raw": self.answers(raw, labels), "matched": teacher,
                    "all pseudo-labels": taught(lambda logs: np.arange(len(people)), 1),
                    "surest of each cluster": taught(surest, ROUNDS),
                    "where two teachers agree": taught(lambda logs: agreed, 1)}
        return {name: self.figures([answer], None if name in ("raw", "matched") else [teacher])
                for name, answer in students.items()}

    def looks(self) -> dict[str, object]:
        """Return which share of synthetic faces a classifier of real ones reads as their target, and who they are."""
        rows = labelled_rows(self.people.dataset, "train", 0.2, 0, "share")
        rows, made = rows[self.people.sure[rows]], self.synthetic(0.2, 0)
        place = {name: row for row, name in enumerate(self.people.dataset.ids.tolist())}
        neutral = np.array([place[name] for name in made.dataset["neutral"]])
        reads = {}
        for when, values in (("after", made.values), ("before", self.people.values[neutral])):
            logs, _ = logits_of(self.vectors(self.people.values[rows]), self.people.labels[rows], self.vectors(values),
                                self.classes)
            answer = np.array(self.classes)[logs.argmax(axis=1)]
            reads[when] = {name: float(np.mean(answer[made.labels == name] == name))
                           for name in self.classes if (made.labels == name).any()}
        gray = find_variant("gray")

        def pixels(dataset: Dataset, of: np.ndarray) -> np.ndarray:
            faces = gray.view(np.asarray(dataset.faces[of]))[..., 0]
            return faces[:, 2::4, 2::4].reshape(len(of), -1).astype(np.float64)

        space = PCA(EIGENFACES, random_state=0).fit(pixels(self.people.dataset, self.train[:LOOKED_AT]))
        parents, own = np.unique(neutral, return_inverse=True)
        before, after = (space.transform(pixels(*faces)) for faces in (
            (self.people.dataset, parents), (made.dataset, np.arange(len(made.labels)))))
        apart = np.linalg.norm(after[:, None] - before[None], axis=2)
        return {"reads": reads, "labels": len(rows), "identity": {
            "people": len(parents), "own_is_nearest": float(np.mean(apart.argmin(axis=1) == own)),
            "own_distance": float(np.mean(apart[np.arange(len(own)), own])), "distance": float(np.median(apart))}}


def on_drawn_faces(picture: Path | None = None) -> dict[str, object]:
    """Return, by emotion, how much nearer drawn people come to what they are drawn with, and seconds a face."""
    landmarker, rng = FaceLandmarker(require_model(MODEL)), np.random.default_rng(0)

    def drawn(expression: Expression, identity: Identity) -> tuple[PhotographedFace, FaceMesh]:
        face = draw_face(FaceParameters(expression, Nuisance(identity, Capture())), 200)
        mesh = find_mesh(face, landmarker)
        return PhotographedFace(face, mesh.landmarks), mesh

    shown = {name: [drawn(sample_expression(rng, name), who) for who in people]
             for people in [[sample_identity(rng) for _ in range(DONORS)]] for name in EMOTIONS}
    every = [mesh for pairs in shown.values() for _, mesh in pairs]
    learnt = fit_expression_map(np.stack([mesh.blendshapes for mesh in every]),
                                align(np.stack([mesh.landmarks for mesh in every])))
    synthesizer = FaceSynthesizer(learnt.mean_mesh)
    means = {name: mean_expression(np.stack([mesh.blendshapes for _, mesh in pairs]),
                                   align(np.stack([mesh.landmarks for _, mesh in pairs])),
                                   [synthesizer.creases(face) for face, _ in pairs]) for name, pairs in shown.items()}
    people = [sample_identity(rng) for _ in range(PEOPLE)]
    neutral = [drawn(Expression(), who) for who in people]
    shares: dict[str, list[tuple[float, float]]] = {}
    sheet, seconds, nearest = [[face.pixels for face, _ in neutral[:3]]], 0.0, []
    for name in EMOTIONS[1:]:
        strong = Expression(**{**PROTOTYPES[name].core, **PROTOTYPES[name].variants[-1]})
        true, change = [drawn(strong, who) for who in people], ExpressionChange(learnt, means["neutral"], means[name])
        made = []
        for person, ((before, mesh), (truth, _)) in enumerate(zip(neutral, true, strict=True)):
            donor, donor_mesh = true[(person + 1) % PEOPLE]
            start = time.process_time()
            ends = synthesizer.moved(before.landmarks, change.move(mesh.blendshapes, donor_mesh.blendshapes), 1.0)
            if ends is None:
                continue
            made.append(synthesizer.render(before, ends[0], donor, ends[1] * change.creases))
            seconds += time.process_time() - start
            parts = MOVED.get(name, (LIPS, BROWS))
            shares.setdefault(name, []).append(_nearer(made[-1], ends[0], before, truth, parts))
            nearest.append(int(np.argmin([np.abs(made[-1].astype(float) - face.pixels).mean() for face, _ in true]))
                           == person)
        sheet += [[face.pixels for face, _ in true[:3]], made[:3]]
    if picture is not None:
        import cv2

        columns = [np.vstack([row[person] for row in sheet]) for person in range(3)]
        cells = [np.hstack([column[200 * number:200 * number + 200] for number in (0, *range(first, len(sheet), 2))])
                 for column in columns for first in (1, 2)]
        small = cv2.resize(np.vstack(cells), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(picture), small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    return {"people": PEOPLE, "donors": DONORS, "cpu_ms": 1000 * seconds / len(nearest),
            "own_is_nearest": float(np.mean(nearest)),
            "emotions": {name: {"pixels": float(np.mean([pixels for pixels, _ in values])),
                                "pixels_worst": float(max(pixels for pixels, _ in values)),
                                "landmarks": float(np.mean([places for _, places in values]))}
                         for name, values in shares.items()}}


def _nearer(made: np.ndarray, mesh: np.ndarray, before: PhotographedFace, truth: PhotographedFace,
            parts: tuple[tuple[int, ...], ...]) -> tuple[float, float]:
    """Return the distance that is left to the true face, as a share of the neutral one's: of pixels, of landmarks."""
    pixels, places = np.zeros(2), np.zeros(2)
    for part in parts:
        ends = np.concatenate([before.landmarks[list(part)], truth.landmarks[list(part)]])[:, :2]
        (left, top), (right, bottom) = (ends.min(axis=0) - 8).astype(int), (ends.max(axis=0) + 9).astype(int)
        around = np.s_[top:bottom, left:right]
        pixels += [np.abs(face[around].astype(float) - truth.pixels[around]).sum() for face in (made, before.pixels)]
        places += [np.linalg.norm((points - truth.landmarks)[list(part), :2], axis=1).sum()
                   for points in (mesh, before.landmarks)]
    return float(pixels[0] / pixels[1]), float(places[0] / places[1])


if __name__ == "__main__":
    study = Study(*map(Path, sys.argv[1:4]))
    record = {"scored": len(study.test), "chance": 1 / len(study.classes), "per_class": PER_CLASS,
              "drawn": int(study.drawn.sure.sum()), "on_drawn_faces": on_drawn_faces(PICTURE), "looks": study.looks(),
              "teachers": study.teachers(), "added": [
                  {"labels": len(labelled_rows(study.people.dataset, "train", share, 0, "share")), "seeds": len(seeds),
                   "kinds": study.added(share, seeds)} for share, seeds in SHARES.items()]}
    print(json.dumps(record, indent=1))
