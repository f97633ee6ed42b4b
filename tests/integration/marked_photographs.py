"""Photographs whose faces are magenta squares, a detector that finds these, and a stage that uses it."""

import sys
from pathlib import Path

import cv2
import numpy as np

from fecemo.data.detect_settings import DetectSettings
from fecemo.errors import FecemoError
from fecemo.imaging.detect import Detections
from fecemo.stages.detect import detect_faces

FACE = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])


class MarkDetector:
    """Finds magenta squares; counts how often it looked."""

    looks = 0

    def detect(self, photograph):
        MarkDetector.looks += 1
        red, green, blue = (photograph[..., channel].astype(int) for channel in range(3))
        mark = ((red > 150) & (blue > 150) & (green < 110)).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(mark)
        marks = [row for row in stats[1:] if min(row[2], row[3]) >= 10]
        boxes = np.array([(x, x + width, y, y + height) for x, y, width, height, _ in marks], float).reshape(-1, 4)
        points = np.array([FACE * row[2:4] + row[:2] for row in marks], float).reshape(-1, 5, 2)
        return Detections(boxes, points, np.full(len(marks), 0.9))


def photograph(faces, width=160, height=120, shade=100):
    """A photograph of so many faces, side by side; its shade makes it another."""
    picture = np.full((height, width, 3), shade, np.uint8)
    for number in range(faces):
        left = 10 + 40 * number
        picture[40:70, left:left + 30] = (250, 10, 250 - number)
    return picture


def write(path: Path, picture, options=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    _, data = cv2.imencode(path.suffix if path.suffix in (".jpg", ".png", ".webp", ".bmp", ".tif") else ".png",
                           picture[..., ::-1], options or [])
    path.write_bytes(data.tobytes())


def detect(photos: Path, out: Path, **settings):
    return detect_faces(DetectSettings(photos, **{"threads": 2, "margin": 0.0, **settings}), out, MarkDetector, "marks")


if __name__ == "__main__":
    try:
        detect(Path(sys.argv[1]), Path(sys.argv[2]))
    except FecemoError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
