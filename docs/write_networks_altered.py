"""Score rows of a finished run on altered copies of the faces that it scored, for ``networks.md``.

    python docs/write_networks_altered.py RUN ROW [ROW ...]

RUN is one of ``networks_fifth.yaml``. Each copy is shrunk to 24 pixels, blurred and enlarged again, as faces of a
surveillance picture or an old video are; landmarks are measured on the copy, as they would be there, and stored in
RUN/altered.npy, because that takes minutes. Writes them into the record ``networks.json``, beside the figures of
RECORD there, and the table into the page. A row is scored under every seed under which it is trained; nothing is
trained here. Of rows that are not named, what the record holds stays.
"""

import json
import re
import sys
from pathlib import Path
from statistics import mean

import cv2
import numpy as np
from write_networks import share

import fecemo
from fecemo.data.dataset import Dataset
from fecemo.data.durable import atomic_file
from fecemo.data.model_files import require_model
from fecemo.evaluation.records.predictions import Predictions, read_predictions
from fecemo.evaluation.records.score import SCORE
from fecemo.imaging.landmarks.features import columns_of, landmark_features
from fecemo.imaging.landmarks.model import FaceLandmarker
from fecemo.models.approaches.landmarks import GROUPS
from fecemo.progress import progress
from fecemo.study.layout import RunLayout

DOCS = Path(__file__).parent
VARIANT, RECORD = "gray", "third_fifth"
SIDE, SIGMA = 24, 1.0
"""Pixels of a shrunken face, and of its blur."""


def altered(face: np.ndarray) -> np.ndarray:
    """Return a face of equal size, (side, side, 3) uint8, that shows no more than `SIDE` blurred pixels do."""
    small = cv2.GaussianBlur(cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA), (0, 0), SIGMA)
    return cv2.resize(small, face.shape[:2], interpolation=cv2.INTER_LINEAR)


def landmarks_of(faces: np.ndarray, stored: Path) -> np.ndarray:
    """Return the landmark features of altered faces, (n, 261) float32, measured once."""
    if not stored.is_file():
        landmarker, values = FaceLandmarker(require_model(Path("face_landmarker.task"))), []
        with progress(len(faces), "landmarks of altered faces", "face") as bar:
            for face in faces:
                values.append(landmark_features(face, landmarker)[0])
                bar.update()
        with atomic_file(stored) as file:
            np.save(file, np.stack(values))
    return np.load(stored)


def balanced(predictions: Predictions, answers: np.ndarray) -> float:
    """Return the mean over the emotions of the share of right answers."""
    return mean(float((answers[predictions.truth == emotion] == emotion).mean()) for emotion in predictions.emotions)


def figures(run: Path, rows: list[str]) -> dict[str, dict]:
    """Return what each row reaches on the faces and on their altered copies, under every seed."""
    home = RunLayout(run)
    layouts = [home, *(RunLayout(path) for path in sorted(run.glob("seeds/*")))]
    reached: dict[str, dict] = {}
    columns: dict[str, np.ndarray] = {}
    for row in rows:
        for layout in layouts:
            if not (layout.score(row, VARIANT) / "score.json").is_file():
                continue
            score = SCORE.read(layout.score(row, VARIANT))
            predictions = read_predictions(layout.score(row, VARIANT), score.emotions)
            if not columns:
                faces = Dataset(home.dataset("ferplus")).faces[predictions.rows]
                columns = {"image": np.stack([altered(face) for face in np.asarray(faces)])}
                values = landmarks_of(columns["image"], run / "altered.npy")
                columns |= {f"landmark_features.{group}": values[:, columns_of([group])] for group in GROUPS}
            answers = fecemo.open_run(layout.run).classifier(row, VARIANT).predict(columns)
            before, after = (balanced(predictions, given) for given in (predictions.prediction, answers))
            seeds = reached.setdefault(row, {"before": [], "after": [], "difference": []})
            for name, value in zip(seeds, (before, after, after - before), strict=True):
                seeds[name].append(value)
    return {row: {"mean": {name: mean(values) for name, values in seeds.items()}, **seeds}
            for row, seeds in reached.items()}


def table(record: dict) -> str:
    """Return the altered rows of a record as a Markdown table."""
    lines = ["| row | seeds | as they are | altered | difference |", "|:--|--:|--:|--:|--:|"]
    for row, seeds in record["altered"].items():
        before, after, difference = seeds["mean"].values()
        lines.append(f"| {record['rows'][row]['title']} | {len(seeds['after'])} | {share(before)} | {share(after)} | "
                     f"{share(difference, True)} |")
    return "\n".join(lines)


def main(run: str, *rows: str) -> None:
    """Score the rows, and put what they reach into the page."""
    reached = figures(Path(run), list(rows))
    records = json.loads((DOCS / "networks.json").read_text(encoding="utf-8"))
    records[RECORD]["altered"] = records[RECORD].get("altered", {}) | reached
    (DOCS / "networks.json").write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    page = DOCS / "networks.md"
    page.write_text(re.sub(r"(?s)(<!-- altered -->\n).*?(<!-- end -->)", lambda match: (
        f"{match[1]}{table(records[RECORD])}\n{match[2]}"), page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
