"""What drawn and synthetic faces are worth as training data, and how near synthetic ones come to what they are to show.

    python benchmarks/synthesis.py FERPLUS DRAWN WORK [LEFT_OUT ...]

FERPLUS and DRAWN are labelled data sets; what is measured and synthesized of them, and every answer, is kept in WORK:
if interrupted, rerun. Prints JSON, which docs/write_synthesis.py makes a page of. Classifiers are logistic regressions
on landmark features with gradients, and small networks on pixels; their answers are weighed as if classes were equally
common, or as they are. A share of FERPLUS's labels is drawn by seed, and synthetic faces are made of the labels of that
share alone. LEFT_OUT names parts that are not measured: pixels, which take longest, or speed.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, recall_score
from synthesis_drawn import MODEL, on_drawn_faces
from synthesis_pixels import PixelClassifier

from fecemo.data.dataset import Dataset
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import digest_json, read_receipt
from fecemo.data.synthesize_settings import METHOD, SynthesizeSettings
from fecemo.data.variants import variants
from fecemo.imaging.landmarks.features import columns_of
from fecemo.stages import landmarks, synthesize
from fecemo.stages.landmarks import LandmarkSettings
from fecemo.study.faces.examples import labelled_rows

SHARES, SEEDS, PER_CLASS = (None, 0.2, 0.05), (0, 1, 2), 100
"""Shares of the labels, seeds of whose they are, and faces that are added of each class but neutral."""
SEEN = {0.2: 30_000, 0.05: 15_000}
"""Faces that a classifier of pixels sees in all its epochs, by share: equally many whatever is added."""
MANY = 2_000
"""Synthetic faces that are made to take the time."""
PICTURE = Path(__file__).parents[1] / "docs" / "synthesis_drawn.jpg"
PENALTY, ITERATIONS, RESAMPLES = 0.1, 300, 2000
RARE = ("fear", "disgust", "contempt")
KINDS = ("nothing", "oversampled", "drawn", "synthetic")
CLUSTERS, SUREST, ROUNDS = 40, 0.25, 3
"""Of self-training: clusters, the share of each that is learnt, and how often."""
EIGENFACES, LOOKED_AT = 64, 2000


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
        mean, deviation = moments(self.drawn.values[self.drawn.sure])
        self.matched = (self.drawn.values - mean) / deviation
        self.pixels = PixelClassifier(self.people.dataset, self.test, work / "training")
        self.record = work / "record" / digest_json({
            "data": [part.dataset.receipt.digest for part in (self.people, self.drawn)], "per_class": PER_CLASS,
            "fit": [PENALTY, ITERATIONS, list(SEEN.items()), self.pixels.settings]})[:16]

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what was made under a name, as JSON gives it back, and make it where it was not."""
        path = self.record / f"{name}.json"
        if not path.exists():
            atomic_write(path, json.dumps(make()))
        return json.loads(path.read_text(encoding="utf-8"))

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
            gains |= {"over_oversampled": spread(right(by_seed, 0) - right(again, 0)),
                      "over_oversampled_as_learnt": spread(right(by_seed, 1) - right(again, 1))}
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

    def chosen(self, share: float | None, seed: int) -> tuple[Measured, dict[str, list[np.ndarray]]]:
        """Return synthetic faces and, by what is added, the rows that are learnt of people, drawn and synthetic."""
        rng = np.random.default_rng(seed)
        rows = labelled_rows(self.people.dataset, "train", share, seed, "share")
        rows = rows[self.people.sure[rows]]
        labels, synthetic = self.people.labels[rows], self.synthetic(share, seed)
        counts = {name: int(np.sum(synthetic.labels[synthetic.sure] == name))
                  for name in self.classes if name != "neutral"}
        again = np.concatenate([rng.choice(np.flatnonzero(labels == name), count)
                                for name, count in counts.items() if (labels == name).any()])
        drawn = np.concatenate([rng.choice(np.flatnonzero(self.drawn.sure & (self.drawn.labels == name)), count)
                                for name, count in counts.items()])
        none = np.empty(0, np.int64)
        return synthetic, {"nothing": [rows, none, none], "oversampled": [np.append(rows, rows[again]), none, none],
                           "drawn": [rows, drawn, none], "synthetic": [rows, none, np.flatnonzero(synthetic.sure)]}

    def by_landmarks(self, share: float | None, seed: int, kind: str) -> list[list[str]]:
        """Return what a logistic regression answers that learns landmark features; see `answers`."""
        synthetic, chosen = self.chosen(share, seed)
        parts = zip((self.people, self.drawn, synthetic), (
            self.vectors(self.people.values), self.matched, self.vectors(synthetic.values)), chosen[kind], strict=True)
        vectors, labels = zip(*((values[rows], part.labels[rows]) for part, values, rows in parts), strict=True)
        return self.answers(np.concatenate(vectors), np.concatenate(labels)).tolist()

    def by_pixels(self, share: float, seed: int, kind: str) -> list[list[str]]:
        """Return what a network answers that learns pixels of the same faces; see `answers`."""
        synthetic, chosen = self.chosen(share, seed)
        logits = self.pixels.logits((self.people.dataset, self.drawn.dataset, synthetic.dataset), chosen[kind],
                                    SEEN[share], seed)
        return np.array(self.classes)[np.stack([each.argmax(axis=1) for each in logits])].tolist()

    def added(self, learn: Callable[[Any, int, str], list[list[str]]], share: float | None) -> dict[str, object]:
        """Return the figures of each kind of face that is added to a share of the labels, under all seeds."""
        name, answers = "all" if share is None else share, {}
        for kind in KINDS:
            answers[kind] = [np.array(self.kept(
                f"{learn.__name__}_{name}_{seed}_{kind}", lambda seed=seed, kind=kind: learn(share, seed, kind)))
                for seed in SEEDS]
        return {"labels": len(labelled_rows(self.people.dataset, "train", share, 0, "share")), "seeds": len(SEEDS),
                "kinds": {kind: self.figures(by_seed, None if kind == "nothing" else answers["nothing"],
                                             answers["oversampled"] if kind in ("drawn", "synthetic") else None)
                          for kind, by_seed in answers.items()}}

    def speed(self) -> dict[str, float]:
        """Return how many synthetic faces are made of all labels, and in what time, the network's included."""
        out = self.work / "many"
        shutil.rmtree(out, ignore_errors=True)  # what an interrupted run left would be gained
        clock, cpu = time.monotonic(), time.process_time()
        receipt = synthesize.run(SynthesizeSettings(
            self.people.dataset.folder, per_class=-(-MANY // (len(self.classes) - 1)), min_agreement=0.5,
            landmark_model=MODEL, threads=1), out)
        return {"faces": receipt.summary["faces"], "measured": receipt.summary["measured"],
                "cpu_seconds": time.process_time() - cpu, "seconds": time.monotonic() - clock}

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
        gray = variants.find("gray")

        def pixels(dataset: Dataset, of: np.ndarray) -> np.ndarray:
            faces = gray.view(np.asarray(dataset.faces[of]))[..., 0]
            return faces[:, 2::4, 2::4].reshape(len(of), -1).astype(np.float64)

        space = PCA(EIGENFACES, random_state=0).fit(pixels(self.people.dataset, self.train[:LOOKED_AT]))
        parents, parent_of = np.unique(neutral, return_inverse=True)
        before, after = (space.transform(pixels(*faces)) for faces in (
            (self.people.dataset, parents), (made.dataset, np.arange(len(made.labels)))))
        apart = np.linalg.norm(after[:, None] - before[None], axis=2)
        return {"reads": reads, "labels": len(rows), "identity": {
            "people": len(parents), "own_is_nearest": float(np.mean(apart.argmin(axis=1) == parent_of)),
            "own_distance": float(np.mean(apart[np.arange(len(parent_of)), parent_of])),
            "distance": float(np.median(apart))}}


if __name__ == "__main__":
    study, left_out = Study(*map(Path, sys.argv[1:4])), sys.argv[4:]
    parts: dict[str, Callable[[], Any]] = {
        "on_drawn_faces": lambda: study.kept("on_drawn_faces", lambda: on_drawn_faces(PICTURE)),
        "teachers": lambda: study.kept("teachers", study.teachers),
        "added": lambda: [study.added(study.by_landmarks, share) for share in SHARES],
        "looks": lambda: study.kept("looks", study.looks), "speed": lambda: study.kept("speed", study.speed),
        "pixels": lambda: [study.added(study.by_pixels, share) for share in SEEN]}
    print(json.dumps({
        "scored": len(study.test), "chance": 1 / len(study.classes), "per_class": PER_CLASS,
        "drawn": int(study.drawn.sure.sum()), "method": METHOD,
        **{name: make() for name, make in parts.items() if name not in left_out}}, indent=1))
