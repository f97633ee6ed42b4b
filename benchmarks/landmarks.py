"""Landmark features of faces, against MediaPipe's own pipeline in Python with the same model file.

    python benchmarks/landmarks.py                            1,000 drawn faces of the demo
    python benchmarks/landmarks.py --dataset FOLDER --quick   200 faces of another data set

Both measure the same faces one after the other in a process of their own and count its seconds of cores, without what
starting takes. MediaPipe finds the face in the picture, looks at it once, and gives 478 points and 52 blendshapes; ours
looks at the whole face, a second time where the first look was not straight, and gives these, distances between points
and gradients of the skin. Most of both is the same network, so that neither can be much ahead. MediaPipe is installed
once into an environment of its own.

The last line is one JSON object: ``ratio`` is our faces a second of a core over MediaPipe's; ``sure`` of how many faces
each is sure; ``apart`` the mean distance between the points of both, as a share of the distance between the eyes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.model_files import require_model
from fecemo.stages.landmarks import LandmarkSettings

ROOT = Path(__file__).parents[1]
PEER = "mediapipe==1.2.3"
COUNTED = """
import json, sys, time
import numpy as np
faces, model, place = np.load(sys.argv[1], mmap_mode="r"), sys.argv[2], sys.argv[3]
{prepare}
points = np.full((len(faces), 478, 2), np.nan)
measure(np.ascontiguousarray(faces[0]))
started = time.process_time()
for row, face in enumerate(faces):
    points[row] = measure(np.ascontiguousarray(face))
seconds = time.process_time() - started
np.save(place, points)
print(json.dumps(seconds))
"""
OURS = """
from pathlib import Path
from fecemo.imaging.landmarks.model import FaceLandmarker
from fecemo.imaging.landmarks.features import SURE, find_mesh, landmark_features
import fecemo.imaging.landmarks.features as features
landmarker, meshes = FaceLandmarker(Path(model)), []
features.find_mesh = lambda face, landmarker: meshes.append(find_mesh(face, landmarker)) or meshes[-1]
def measure(face):
    meshes.clear()
    score = landmark_features(face, landmarker)[1]
    return meshes[0].landmarks[:, :2] if score >= SURE else np.nan
"""
THEIRS = """
import mediapipe
from mediapipe.tasks.python import BaseOptions, vision
landmarker = vision.FaceLandmarker.create_from_options(vision.FaceLandmarkerOptions(
    base_options=BaseOptions(model_asset_path=model), output_face_blendshapes=True, num_faces=1))
def measure(face):
    seen = landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=face)).face_landmarks
    return [(point.x * face.shape[1], point.y * face.shape[0]) for point in seen[0]] if seen else np.nan
"""
EYES = ((33, 133), (362, 263))
"""Corners of both eyes among the points."""


def peer_python(cache: Path) -> Path:
    """Return the Python of an environment that holds the peer alone; make it if it is not there."""
    folder = cache / PEER
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"installing {PEER} into {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PEER], check=True)
        (folder / "installed").touch()
    return python


def counted(python: Path, prepare: str, faces: Path, model: Path, folder: Path) -> tuple[float, np.ndarray]:
    """Return the seconds of cores of all faces, and their points in pixels: (n, 478, 2), NaN where there is no face."""
    place = folder / f"points_{len(list(folder.iterdir()))}.npy"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([python, "-c", COUNTED.format(prepare=prepare), faces, model, place], capture_output=True,
                         text=True, env=environment, check=False)
    if ran.returncode:
        raise SystemExit(f"{python} ended with {ran.returncode}:\n{ran.stderr[-3000:]}")
    return json.loads(ran.stdout.splitlines()[-1]), np.load(place)


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, default=Path("runs/demo/datasets/drawn_emotions"))
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--quick", action="store_true", help="200 faces")
    parser.add_argument("--peer-python", type=Path, help=f"a Python that has {PEER}; one is made otherwise")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "fecemo-benchmarks",
                        help="where the peer's environment stays")
    arguments = parser.parse_args()
    dataset, model = Dataset(arguments.dataset), require_model(LandmarkSettings.landmark_model)
    n = min(200 if arguments.quick else arguments.count, len(dataset))
    rows = np.linspace(0, len(dataset) - 1, n).astype(int)
    python = arguments.peer_python or peer_python(arguments.cache)
    with tempfile.TemporaryDirectory() as scratch:
        faces = Path(scratch) / "faces.npy"
        np.save(faces, dataset.faces[rows])
        seconds, points = {}, {}
        for who, interpreter, prepare in (("fecemo", Path(sys.executable), OURS), (PEER, python, THEIRS)):
            seconds[who], points[who] = counted(interpreter, prepare, faces, model, Path(scratch))
    sure = {who: ~np.isnan(of).any(axis=(1, 2)) for who, of in points.items()}
    both = np.logical_and.reduce(list(sure.values()))
    ours, theirs = (of[both] for of in points.values())
    right, left = (theirs[:, corners].mean(axis=1) for corners in map(list, EYES))
    apart = np.linalg.norm(ours - theirs, axis=2).mean(axis=1) / np.linalg.norm(right - left, axis=1)
    for who, spent in seconds.items():
        print(f"{who}: {1000 * spent / n:.1f} ms of a core a face, sure of {int(sure[who].sum())} of {n}")
    print(json.dumps({
        "benchmark": "landmarks", "faces": n, "peer": PEER, "sure": {who: int(of.sum()) for who, of in sure.items()},
        "milliseconds": {who: round(1000 * spent / n, 2) for who, spent in seconds.items()},
        "ratio": round(seconds[PEER] / seconds["fecemo"], 2), "apart": round(float(apart.mean()), 4)}))


if __name__ == "__main__":
    main()
