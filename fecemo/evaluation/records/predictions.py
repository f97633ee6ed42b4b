"""The predictions behind a score: one row a scored face, enough to compute every figure of the score again."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.durable import csv_file
from fecemo.data.receipts import digest_json
from fecemo.errors import StoredStateError

PREDICTIONS_NAME = "predictions.csv"
COLUMNS = ("id", "row", "split", "truth", "prediction")


@dataclass(frozen=True)
class Predictions:
    """Scored faces with their answers: arrays of shape (n,), str, if not said otherwise."""

    ids: np.ndarray
    rows: np.ndarray  #: Of the target set, int64.
    splits: np.ndarray
    truth: np.ndarray
    prediction: np.ndarray  #: ``""`` for no emotion.
    scores: np.ndarray  #: How strongly each face speaks for each of ``emotions``: of shape (n, c), float32.
    emotions: tuple[str, ...]  #: Of length c.

    @property
    def truth_columns(self) -> np.ndarray:
        """The truth as columns of ``scores``: ndarray of shape (n,), int64."""
        at = {emotion: column for column, emotion in enumerate(self.emotions)}
        return np.array([at[emotion] for emotion in self.truth.tolist()], np.int64)

    @property
    def digest(self) -> str:
        """Digest of the scored faces and their true emotions: `Score.scored_faces`."""
        return digest_json([self.ids.tolist(), self.truth.tolist()])


def write_predictions(folder: Path, predictions: Predictions) -> None:
    """Write ``folder/predictions.csv``: id, row, split, truth, prediction, and a column of scores an emotion.

    Scores are written so that they read back as the same float32.
    """
    with csv_file(folder / PREDICTIONS_NAME, (*COLUMNS, *predictions.emotions)) as table:
        for number, scores in enumerate(predictions.scores.astype(np.float32)):
            table.writerow((predictions.ids[number], int(predictions.rows[number]), predictions.splits[number],
                            predictions.truth[number], predictions.prediction[number], *map(str, scores)))


def read_predictions(folder: Path, emotions: Sequence[str]) -> Predictions:
    """Read ``folder/predictions.csv``. Raises `StoredStateError` if it is missing, damaged or has other columns."""
    path = folder / PREDICTIONS_NAME
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if tuple(reader.fieldnames or ()) != (*COLUMNS, *emotions):
                raise ValueError(f"its columns are {reader.fieldnames}")
            lines = list(reader)
        text = {name: np.array([line[name] for line in lines], dtype=str) for name in ("id", "split", *COLUMNS[3:])}
        return Predictions(
            ids=text["id"], splits=text["split"], truth=text["truth"], prediction=text["prediction"],
            rows=np.array([int(line["row"]) for line in lines], np.int64), emotions=tuple(emotions),
            scores=np.array([[line[emotion] for emotion in emotions] for line in lines],
                            np.float32).reshape(len(lines), len(emotions)))
    except FileNotFoundError as error:
        raise StoredStateError(f"{path} is missing; run the evaluate stage again") from error
    except (ValueError, TypeError, csv.Error) as error:
        raise StoredStateError(f"{path} is damaged ({error}); run the evaluate stage again") from error
