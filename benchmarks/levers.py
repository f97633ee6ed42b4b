"""Better vectors without a label of anybody: each lever, on the landmark features of a run.

    python benchmarks/levers.py RUN TARGET DRAWN [VECTORS ...]

RUN is a run's folder, TARGET its labelled data set and DRAWN its drawn, labelled faces, both with landmark features.
Prints four tables: answers for single faces without any act; looks in several orders; what clusters of drawn faces
follow; and clusters of the train split by their vectors, looked at once each. Looks are simulated by labels of the
train split, which do nothing else; scores are of the test split, with five seeds. VECTORS, where they are given, name
those of the last table that are tried.
"""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from lever_vectors import action_units, balanced_assignments, ensemble, reliability, standard
from scipy.special import log_softmax
from sklearn.cluster import KMeans
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_mutual_info_score, balanced_accuracy_score

from fecemo.clustering.prototypes import DrawnExamples, suggest_by_drawn_faces, suggest_by_units
from fecemo.clustering.settings import KMeansSettings
from fecemo.clustering.softmax import OffsetSoftmax
from fecemo.clustering.strategies.labels import answer_of
from fecemo.clustering.strategies.training import PENALTY, WORTH
from fecemo.clustering.strategy import Person, Pile, strategies
from fecemo.data.dataset import Dataset
from fecemo.data.draw_settings import LABELLED_FOLDER, PARAMETERS_NAME
from fecemo.data.face_columns import read_face_columns
from fecemo.data.model_files import locate_model
from fecemo.drawn.expression import ACTIONS
from fecemo.drawn.parameters import factor_column
from fecemo.evaluation.probing.factors import EXPRESSION, column_figures
from fecemo.imaging.landmarks.features import columns_of, landmark_features
from fecemo.imaging.landmarks.model import FaceLandmarker
from fecemo.imaging.landmarks.points import BLENDSHAPE_NAMES
from fecemo.study.faces.columns import LANDMARK_FEATURES, read_column
from fecemo.study.layout import RunLayout

SEEDS, ACTS = 5, (8, 40, 160)
CLUSTERS, LOOKED_AT = 160, 40
"""Clusters of which some are looked at, in several orders, and how many."""
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
        self.drawn_values = np.asarray(of_drawn.values, np.float64)[self.seen]
        self.examples = standard(self.drawn_values)
        self.shown = self.drawn.labels[self.seen]
        parameters = read_face_columns(layout.drawn(drawn) / PARAMETERS_NAME, self.drawn.ids.tolist(),
                                       below=f"{LABELLED_FOLDER}/", rename=factor_column)
        self.parameters = {name: values[self.seen] for name, values in parameters.items()}
        self.actions = np.stack([self.parameters[f"expression.{name}"] for name in ACTIONS], axis=1)
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
        raw = model.decision_function(self.vectors[:, OWN if model.n_features_in_ == len(OWN) else EVERY])
        return raw[:, [model.classes_.tolist().index(name) for name in self.classes]]

    def beside(self, weight: float) -> np.ndarray:
        """Return the row's vectors with a drawn-face classifier's logits beside them."""
        return np.hstack([self.row(OWN), weight * standard(self.logits()) / np.sqrt(len(self.classes))])

    def reduced(self) -> np.ndarray:
        """Return the features of the drawn faces at 48 pixels in gray, as the target's were: (m, 69), standardised."""
        values = []
        for row in np.flatnonzero(self.seen):
            gray = cv2.cvtColor(np.asarray(self.drawn.faces[row]), cv2.COLOR_RGB2GRAY)
            small = cv2.resize(gray, (48, 48), interpolation=cv2.INTER_AREA)
            large = cv2.resize(small, (200, 200), interpolation=cv2.INTER_CUBIC)
            values.append(self.measure(np.repeat(large[..., None], 3, axis=2)))
        return standard(np.asarray(values, np.float64)[:, OWN])


def clusters_table(material: Material, only: list[str]) -> None:
    """Print what a look at each cluster gives, by the vectors of which clusters are made: those named, or all."""
    @cache
    def kept() -> np.ndarray:
        return reliability(material.target.faces, material.train, material.reference.var(axis=0), material.measure)

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
        "by reliability under jitter": lambda: material.vectors[:, OWN] * kept()[OWN],
        "with gradients, by reliability": lambda: material.row(EVERY) * kept(),
        "actions of drawn faces": lambda: action_units(material.examples, material.actions, material.vectors),
        "actions beside landmark features": lambda: np.hstack([
            material.row(OWN), action_units(material.examples, material.actions, material.vectors)
            / np.sqrt(material.actions.shape[1])]),
        "trained for balanced assignments": lambda: balanced_assignments(material.vectors, material.train),
        "ensemble of 20 clusterings": lambda: ensemble(material.row(OWN), material.train),
    }
    print(f"| vectors | AMI, k = 8 | {' | '.join(f'{acts} looks' for acts in ACTS)} |\n|:--|--:|{'--:|' * len(ACTS)}")
    truth, labels = material.target.labels[material.test], material.target.labels[material.train]
    for name, make in levers.items():
        if only and name not in only:
            continue
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


def suggestions(material: Material) -> dict[str, np.ndarray]:
    """Return what is suggested for each face without any act, by way of naming: (n, c) each, as the stages do."""
    each, none = np.arange(len(material.raw)), len(material.raw)
    drawn = DrawnExamples(np.asarray(material.drawn_values), material.shown)
    made = {"action_units": suggest_by_units(material.raw[:, columns_of(["blendshapes"])], BLENDSHAPE_NAMES, each, none,
                                             material.classes, material.sure),
            "drawn_faces": suggest_by_drawn_faces(drawn, material.raw, each, none, material.classes, material.sure)}
    return {name: logs.log_proba(material.classes) for name, logs in made.items()}


def suggestions_table(material: Material) -> None:
    """Print how well single faces are answered without any act."""
    known, truth = suggestions(material), material.target.labels[material.test]
    drawn, units = known["drawn_faces"], known["action_units"]
    every = {penalty: material.logits(material.examples, penalty) for penalty in (1.0, 0.1, 0.003)}
    answers = {"action units": units, **{
        f"drawn faces, {words}, C = {penalty:g}": logs for penalty in (1.0, 0.1, 0.003) for words, logs in (
            ("without gradients", material.logits(penalty=penalty)), ("all features", every[penalty]))},
        "both, units half": drawn + 0.5 * units,
        "both, probabilities evened out": evened(drawn + 0.5 * units, material.train),
        "drawn faces at 48 pixels in gray": material.logits(material.reduced(), penalty=0.03)}
    print("\n| without an act | balanced accuracy |\n|:--|--:|")
    for name, logs in answers.items():
        answered = np.array(material.classes)[logs[material.test].argmax(axis=1)]
        print(f"| {name} | {balanced_accuracy_score(truth, answered):.3f} |", flush=True)


def evened(logs: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return logarithms of probabilities, with classes half as uneven in the mean of the train split."""
    means = np.exp(log_softmax(logs, axis=1))[train].mean(axis=0)
    return np.asarray(logs - 0.5 * np.log(means))


def order_table(material: Material) -> None:
    """Print what some looks give where there are more clusters, by which of them are looked at.

    A classifier learns from the names, as in the strategy ``taught_names``; the gain of a look is expected to be the
    number of faces for which another class is likelier than the one suggested.
    """
    labels, truth = material.target.labels[material.train], material.target.labels[material.test]
    known = {name: (logs[material.train], logs[material.test]) for name, logs in suggestions(material).items()}
    scores: dict[str, list[float]] = {}
    for seed in range(SEEDS):
        pile = Pile(material.row(EVERY)[material.train].astype(np.float32),
                    material.row(EVERY)[material.test].astype(np.float32), material.vectors[material.train],
                    material.vectors[material.test], material.classes, KMeansSettings(n_init=1), seed, known)
        of_pile, of_scored = pile.prior
        clustering = pile.clustering(CLUSTERS)
        doubt = 1 - np.exp(log_softmax(of_pile, axis=1)).max(axis=1)
        gain = np.bincount(clustering.labels, weights=doubt, minlength=CLUSTERS)
        orders = {"at random": np.random.default_rng(seed).permutation(CLUSTERS),
                  "the largest": np.argsort(-clustering.sizes, kind="stable"),
                  "the largest expected gain": np.argsort(-gain, kind="stable")}
        for name, order in orders.items():
            members = [clustering.members(int(cluster)) for cluster in order[:LOOKED_AT]]
            seen = Person(labels, material.classes, seed, rare_class_exponent=0.5).look(members)
            rows = np.concatenate(members)
            names = np.concatenate([np.full(len(each), look.name) for each, look in zip(members, seen, strict=True)])
            weights = np.concatenate([np.full(len(each), WORTH * look.share / len(each))
                                      for each, look in zip(members, seen, strict=True)])
            model = OffsetSoftmax(pile.classes, PENALTY).fit(pile.standard[rows], names, of_pile[rows], weights)
            answers = answer_of(pile, model.log_proba(pile.scored_standard, of_scored))
            scores.setdefault(f"{LOOKED_AT} of {CLUSTERS} clusters, {name}", []).append(
                balanced_accuracy_score(truth, answers))
        person = Person(labels, material.classes, seed, rare_class_exponent=0.5)
        scores.setdefault(f"all of {LOOKED_AT} clusters", []).append(balanced_accuracy_score(
            truth, strategies()["taught_names"].answer(pile, person, LOOKED_AT)))
    print("\n| looks at | balanced accuracy |\n|:--|--:|")
    for name, values in scores.items():
        print(f"| {name} | {np.mean(values):.3f} |", flush=True)


def nuisance_table(material: Material) -> None:
    """Print what eight clusters of drawn faces share with their emotion and with all else, by vectors."""
    raw, root = material.drawn_values, np.sqrt(material.ratio())
    levers = {"landmark features, each standardised": material.examples[:, OWN],
              "with gradients": material.examples,
              "by the root of their F-ratio on drawn faces": material.examples[:, OWN] * root,
              "actions of drawn faces": action_units(material.examples, material.actions, material.examples)}
    print(f"\n| vectors of {len(raw):,} drawn faces | emotion | most of all else |\n|:--|--:|--:|")
    for name, vectors in levers.items():
        groups = KMeans(8, n_init=2, random_state=0).fit_predict(vectors)
        figures = column_figures({"emotion": material.shown, **material.parameters}, groups, None, seed=0)
        emotion = next(each.ami for each in figures if each.name == "emotion")
        worst = max((each for each in figures if each.factor not in EXPRESSION), key=lambda each: each.ami)
        print(f"| {name} | {emotion:.2f} | {worst.ami:.2f} ({worst.name}) |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(str(__doc__))
    of_run = Material(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    for table in (order_table, nuisance_table, suggestions_table):
        table(of_run)
    clusters_table(of_run, sys.argv[4:])
