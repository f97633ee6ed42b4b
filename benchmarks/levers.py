"""Better vectors without a label of anybody: each lever, on the landmark features of a run.

    python benchmarks/levers.py RUN TARGET DRAWN

RUN is a run's folder, TARGET its labelled data set and DRAWN its drawn, labelled faces, both with landmark features.
Prints two tables: answers for single faces without any act; and clusters of the train split, looked at once each
(simulated), scored on the test split with five seeds. Labels of the train split simulate the looks and nothing else.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from scipy.special import log_softmax
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_mutual_info_score, balanced_accuracy_score

from fecemo.clustering.prototypes import suggest_by_units
from fecemo.clustering.settings import KMeansSettings
from fecemo.clustering.strategy import Person, Pile, strategies
from fecemo.data.dataset import Dataset
from fecemo.data.model_files import locate_model
from fecemo.imaging.landmarks.features import columns_of, landmark_features
from fecemo.imaging.landmarks.model import FaceLandmarker
from fecemo.imaging.landmarks.points import BLENDSHAPE_NAMES
from fecemo.study.faces.columns import LANDMARK_FEATURES, read_column
from fecemo.study.layout import RunLayout

SEEDS, ACTS = 5, (8, 40, 160)
JITTERED, VIEWS = 500, 4
"""Faces that are measured again, moved and turned a little, and how often."""
CLUSTERINGS = (16, 24, 32, 48, 64) * 4
"""Numbers of clusters of an ensemble."""
OWN = columns_of(["distances", "blendshapes"])
EVERY = columns_of(["distances", "blendshapes", "gradients"])


class Material:
    """Landmark features of a labelled set and of drawn faces, each standardised by its own faces."""

    def __init__(self, run: Path, target: str, drawn: str) -> None:
        layout = RunLayout(run)
        self.target, column = Dataset(layout.dataset(target)), read_column(layout, target, LANDMARK_FEATURES)
        self.raw, self.train = np.asarray(column.values, np.float64), np.flatnonzero(self.target.naming_faces)
        self.test = self.target.rows_in("test")
        self.sure = column.detected
        self.reference = self.raw[self.train[self.sure[self.train]]]
        self.drawn, of_drawn = Dataset(layout.dataset(drawn)), read_column(layout, drawn, LANDMARK_FEATURES)
        self.seen = of_drawn.detected
        self.examples = standard(np.asarray(of_drawn.values, np.float64)[self.seen])
        self.shown = self.drawn.labels[self.seen]
        self.vectors = standard(self.raw, self.reference)
        self.classes = self.target.classes
        self.landmarker = FaceLandmarker(locate_model(Path("face_landmarker.task")))

    def measure(self, face: np.ndarray) -> np.ndarray:
        """Return the 261 landmark features of a face, (200, 200, 3), uint8."""
        return landmark_features(face, self.landmarker)[0]

    def row(self, columns: np.ndarray) -> np.ndarray:
        """Return vectors as the rows of the tables weigh them: groups as one, blendshapes and gradients pooled."""
        parts = []
        for group in ("distances", "blendshapes", "gradients"):
            places = columns_of([group])
            if np.isin(places, columns).all():
                deviation = self.reference[:, places].std(axis=0)
                pooled = deviation if group == "distances" else np.sqrt((deviation**2).mean())
                part = (self.raw[:, places] - self.reference[:, places].mean(axis=0)) / pooled / np.sqrt(len(places))
                parts.append(np.clip(part, -4 / np.sqrt(len(places)), 4 / np.sqrt(len(places)))
                             if group == "distances" else part)
        return np.hstack(parts)

    def ratio(self) -> np.ndarray:
        """Return the F-ratio of each feature between what drawn faces show: shape (69,)."""
        groups = [self.examples[self.shown == name][:, OWN] for name in self.classes]
        between = np.stack([group.mean(axis=0) for group in groups]).var(axis=0)
        return between / np.stack([group.var(axis=0) for group in groups]).mean(axis=0).clip(1e-3)

    def logits(self, examples: np.ndarray | None = None, penalty: float = 1.0) -> np.ndarray:
        """Return what a classifier of drawn faces says of each face: shape (n, c)."""
        model = LogisticRegression(C=penalty, max_iter=1000).fit(
            self.examples[:, OWN] if examples is None else examples, self.shown)
        raw = model.decision_function(self.vectors[:, OWN])
        return raw[:, [model.classes_.tolist().index(name) for name in self.classes]]

    def beside(self, weight: float) -> np.ndarray:
        """Return the row's vectors with a drawn-face classifier's logits beside them."""
        return np.hstack([self.row(OWN), weight * standard(self.logits()) / np.sqrt(len(self.classes))])

    def reliability(self) -> np.ndarray:
        """Return which share of each feature's variance remains when faces are moved and turned a little: (261,)."""
        rng, within = np.random.default_rng(0), []
        for row in np.sort(rng.choice(self.train, min(JITTERED, len(self.train)), replace=False)):
            views = []
            for _ in range(VIEWS):
                turn = cv2.getRotationMatrix2D((100, 100), rng.uniform(-6, 6), rng.uniform(0.94, 1.06))
                turn[:, 2] += rng.uniform(-6, 6, 2)
                views.append(self.measure(cv2.warpAffine(np.asarray(self.target.faces[row]), turn, (200, 200),
                                                         borderMode=cv2.BORDER_REPLICATE)))
            within.append(np.var(views, axis=0, ddof=1))
        return np.clip(1 - np.mean(within, axis=0) / self.reference.var(axis=0).clip(1e-9), 0, 1)

    def reduced(self) -> np.ndarray:
        """Return the features of the drawn faces at 48 pixels in gray, as the target's were: (m, 69), standardised."""
        values = []
        for row in np.flatnonzero(self.seen):
            gray = cv2.cvtColor(np.asarray(self.drawn.faces[row]), cv2.COLOR_RGB2GRAY)
            small = cv2.resize(gray, (48, 48), interpolation=cv2.INTER_AREA)
            large = cv2.resize(small, (200, 200), interpolation=cv2.INTER_CUBIC)
            values.append(self.measure(np.repeat(large[..., None], 3, axis=2)))
        return standard(np.asarray(values, np.float64)[:, OWN])

    def ensemble(self) -> np.ndarray:
        """Return faces by the clusters of twenty clusterings that they share (co-association), along 50 axes."""
        vectors, shared = self.row(OWN), []
        for seed, count in enumerate(CLUSTERINGS):
            fitted = KMeans(count, n_init=1, random_state=seed).fit(vectors[self.train])
            shared.append(np.eye(count)[fitted.predict(vectors)] / np.sqrt(len(CLUSTERINGS)))
        every = np.hstack(shared)
        return np.asarray(TruncatedSVD(50, random_state=0).fit(every[self.train]).transform(every))


def standard(values: np.ndarray, of: np.ndarray | None = None) -> np.ndarray:
    """Return values by the means and deviations of some faces, within four deviations."""
    of = values if of is None else of
    deviation = of.std(axis=0)
    return np.clip(np.divide(values - of.mean(axis=0), deviation, out=np.zeros_like(values), where=deviation > 1e-6),
                   -4, 4)


def clusters_table(material: Material) -> None:
    """Print what a look at each cluster gives, by the vectors of which clusters are made."""
    reliability = material.reliability()
    root = np.sqrt(material.ratio())
    discriminants = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.3).fit(
        material.examples[:, OWN], material.shown)
    levers: dict[str, Callable[[], np.ndarray]] = {
        "landmark features, as the row weighs them": lambda: material.row(OWN),
        "with gradients, as the row weighs them": lambda: material.row(EVERY),
        "each feature standardised": lambda: material.vectors[:, OWN],
        "by its F-ratio on drawn faces": lambda: material.vectors[:, OWN] * root**2,
        "by the root of it": lambda: material.vectors[:, OWN] * root,
        "logits of drawn faces beside": lambda: material.beside(1),
        "three times as large": lambda: material.beside(3),
        "linear discriminants of drawn faces": lambda: discriminants.transform(material.vectors[:, OWN]),
        "by reliability under jitter": lambda: material.vectors[:, OWN] * reliability[OWN],
        "with gradients, by reliability": lambda: material.row(EVERY) * reliability,
        "ensemble of 20 clusterings": material.ensemble,
    }
    print(f"| vectors | AMI, k = 8 | {' | '.join(f'{acts} looks' for acts in ACTS)} |\n|:--|--:|{'--:|' * len(ACTS)}")
    truth, labels = material.target.labels[material.test], material.target.labels[material.train]
    for name, make in levers.items():
        vectors = np.asarray(make(), np.float32)
        agreement, scores = [], {acts: [] for acts in ACTS}
        for seed in range(SEEDS):
            pile = Pile(vectors[material.train], vectors[material.test], vectors[material.train],
                        vectors[material.test], material.classes, KMeansSettings(n_init=2), seed)
            agreement.append(adjusted_mutual_info_score(truth, pile.clustering(8).scored))
            for acts in ACTS:
                person = Person(labels, material.classes, seed, rare_class_exponent=0.5)
                answers = strategies()["looks"].answer(pile, person, acts)
                scores[acts].append(balanced_accuracy_score(truth, answers))
        print(f"| {name} | {np.mean(agreement):.3f} | "
              f"{' | '.join(f'{np.mean(scores[acts]):.3f}' for acts in ACTS)} |", flush=True)


def suggestions_table(material: Material) -> None:
    """Print how well single faces are answered without any act."""
    each = np.arange(len(material.raw))
    units = log_softmax(np.nan_to_num(suggest_by_units(
        material.raw[:, columns_of(["blendshapes"])], BLENDSHAPE_NAMES, each, len(each), material.classes,
        material.sure).scores), axis=1)
    drawn, truth = log_softmax(material.logits(), axis=1), material.target.labels[material.test]
    answers = {"action units": units, "drawn faces": drawn, "drawn faces, C = 0.01": material.logits(penalty=0.01),
               "drawn faces, C = 0.1": material.logits(penalty=0.1), "both, units half": drawn + 0.5 * units,
               "drawn faces at 48 pixels in gray": material.logits(material.reduced(), penalty=0.03)}
    print("\n| without an act | balanced accuracy |\n|:--|--:|")
    for name, logs in answers.items():
        answered = np.array(material.classes)[logs[material.test].argmax(axis=1)]
        print(f"| {name} | {balanced_accuracy_score(truth, answered):.3f} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(str(__doc__))
    of_run = Material(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    suggestions_table(of_run)
    clusters_table(of_run)
