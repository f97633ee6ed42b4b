"""Faces detected in photographs whose boxes are known: recall and false boxes, against OpenCV's Haar cascade.

    python benchmarks/detection.py --faces faces.csv --photos FOLDER            300 photographs of each folder
    python benchmarks/detection.py --faces faces.csv --photos FOLDER --quick    50 of each

The list is a CSV with the header ``url,left,right,top,bottom``; an address ends with a photograph's path below FOLDER.
A box counts as found where some box overlaps it by more than ``--overlap`` (intersection over union); every box that
overlaps no known one is a false box, or a face that the list does not name: look at them with ``--sheet FILE``, which
draws ours in green, known ones in white and Haar's in red. Where a detector found the known boxes, as it may well be,
recall against them flatters detectors of its kind: count by hand, too.
"""

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from tabulate import tabulate

from fecemo.data.detect_settings import DetectSettings
from fecemo.data.face_lists import read_face_list
from fecemo.data.model_files import require_model
from fecemo.imaging.decode import read_image
from fecemo.imaging.detect import FaceDetector, load_yunet

Boxes = np.ndarray
"""Of shape (n, 4): left, right, top, bottom as fractions of the photograph."""


def yunet(arguments: argparse.Namespace) -> Callable[[np.ndarray], Boxes]:
    """Return our detector."""
    model = require_model(DetectSettings.detector)
    detector = FaceDetector(load_yunet(model, arguments.min_score), arguments.min_size)

    def detect(photograph: np.ndarray) -> Boxes:
        detections = detector.detect(photograph)
        height, width = photograph.shape[:2]
        if detections.rotation:  # known boxes are of upright photographs
            return np.zeros((0, 4))
        return detections.boxes / (width, width, height, height)

    return detect


def haar(arguments: argparse.Namespace) -> Callable[[np.ndarray], Boxes]:
    """Return OpenCV's cascade, as its tutorial uses it."""
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")

    def detect(photograph: np.ndarray) -> Boxes:
        gray = cv2.equalizeHist(cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY))
        size = (arguments.min_size, arguments.min_size)
        boxes = np.array(cascade.detectMultiScale(gray, 1.1, 3, minSize=size), float).reshape(-1, 4)
        height, width = photograph.shape[:2]
        sides = np.stack([boxes[:, 0], boxes[:, 0] + boxes[:, 2], boxes[:, 1], boxes[:, 1] + boxes[:, 3]], axis=1)
        return sides / (width, width, height, height)

    return detect


def overlaps(first: Boxes, second: Boxes) -> np.ndarray:
    """Return intersection over union of every pair, of shape (n, m)."""
    across = np.minimum(first[:, None, 1], second[:, 1]) - np.maximum(first[:, None, 0], second[:, 0])
    down = np.minimum(first[:, None, 3], second[:, 3]) - np.maximum(first[:, None, 2], second[:, 2])
    common = across.clip(0) * down.clip(0)
    areas = [(boxes[:, 1] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 2]) for boxes in (first, second)]
    return common / (areas[0][:, None] + areas[1] - common)


def known_boxes(arguments: argparse.Namespace) -> dict[str, dict[Path, list[tuple[float, ...]]]]:
    """Return the boxes of some photographs, by the folder they lie in."""
    by_photo: dict[Path, list[tuple[float, ...]]] = defaultdict(list)
    for face in read_face_list(arguments.faces):
        parts = face.url.split("://")[-1].split("/")[1:]
        path = next((path for start in range(len(parts))
                     if (path := arguments.photos.joinpath(*parts[start:])).is_file()), None)
        if path is not None:
            by_photo[path].append((face.left, face.right, face.top, face.bottom))
    folders: dict[str, dict[Path, list[tuple[float, ...]]]] = defaultdict(dict)
    for path in sorted(by_photo):
        folders[path.parent.name][path] = by_photo[path]
    draw = random.Random(arguments.seed)
    return {name: {path: photos[path] for path in draw.sample(sorted(photos), min(arguments.each, len(photos)))}
            for name, photos in folders.items()}


def drawn_on(photograph: np.ndarray, sides: dict[tuple[int, int, int], Boxes], side: int = 200) -> np.ndarray:
    """Return a small copy with boxes in their colours."""
    scale = side / max(photograph.shape[:2])
    height, width = (max(1, round(length * scale)) for length in photograph.shape[:2])
    copy = np.zeros((side, side, 3), np.uint8)
    copy[:height, :width] = cv2.resize(photograph, (width, height), interpolation=cv2.INTER_AREA)
    for colour, boxes in sides.items():
        for left, right, top, bottom in boxes * (width, width, height, height):
            cv2.rectangle(copy, (round(left), round(top)), (round(right), round(bottom)), colour, 1)
    return copy


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, required=True, help="CSV of known boxes")
    parser.add_argument("--photos", type=Path, required=True, help="folder of the photographs")
    parser.add_argument("--each", type=int, default=300, help="photographs of each folder")
    parser.add_argument("--quick", action="store_true", help="50 of each")
    parser.add_argument("--overlap", type=float, default=0.4)
    parser.add_argument("--min-score", type=float, default=DetectSettings.min_score)
    parser.add_argument("--min-size", type=int, default=24, help="pixels of the smallest face, of both")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path, help="a PNG of the photographs on which the two or the list differ")
    parser.add_argument("--sheet-folder", help="of this folder alone, and of all of its photographs")
    arguments = parser.parse_args()
    arguments.each = 50 if arguments.quick else arguments.each
    cv2.setNumThreads(1)
    detectors = {"yunet": yunet(arguments), "haar": haar(arguments)}
    colours = {"yunet": (0, 255, 0), "haar": (255, 0, 0)}
    rows, sheet = [], []
    totals: dict[str, np.ndarray] = {name: np.zeros(4) for name in detectors}
    for folder, photos in known_boxes(arguments).items():
        counts = {name: np.zeros(4) for name in detectors}  # detected, known, false, seconds
        for path, boxes in photos.items():
            photograph, known = read_image(path), np.array(boxes)
            detected = {}
            for name, detect in detectors.items():
                started = time.perf_counter()
                detected[name] = detect(photograph)
                common = overlaps(known, detected[name]) > arguments.overlap
                counts[name] += (common.any(axis=1).sum(), len(known), (~common.any(axis=0)).sum(),
                                 time.perf_counter() - started)
            differs = any(len(boxes) != len(known) for boxes in detected.values())
            if arguments.sheet and (folder == arguments.sheet_folder if arguments.sheet_folder else differs):
                sheet.append(drawn_on(photograph, {
                    (255, 255, 255): known, **{colours[name]: boxes for name, boxes in detected.items()}}))
        for name, (n_detected, known_count, false, seconds) in counts.items():
            totals[name] += counts[name]
            rows.append((folder, name, len(photos), f"{n_detected / known_count:.3f}", int(false),
                         f"{1000 * seconds / len(photos):.1f}"))
    print(tabulate(rows, headers=("folder", "detector", "photographs", "recall", "boxes of no known face",
                                  "milliseconds a photograph")))
    if arguments.sheet and sheet:
        across = 10
        sheet += [np.zeros_like(sheet[0])] * (-len(sheet) % across)
        page = np.concatenate([np.concatenate(sheet[start:start + across], axis=1)
                               for start in range(0, len(sheet), across)])
        cv2.imwrite(str(arguments.sheet), page[..., ::-1])
    print(json.dumps({name: {"recall": n_detected / known_count, "false_boxes": int(false), "seconds": seconds}
                      for name, (n_detected, known_count, false, seconds) in totals.items()}))


if __name__ == "__main__":
    main()
