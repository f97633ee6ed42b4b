"""From a folder of photographs to tags, against fer over the same photographs.

    python benchmarks/archive.py --photos FOLDER            1,000 photographs, and these ten times: an hour on two cores
    python benchmarks/archive.py --photos FOLDER --quick    50, and these four times

Photographs are drawn from the folder by a seed and linked into a folder, and into another one as often as it takes to
make the larger set: what it needs more of memory is then kept of each photograph, and no larger picture. Each goes the
whole way in processes of its own, as the pages say it: `01_detect.py` (decode, find, cut out), `02_landmarks.py`,
`cell.py` (embed, group, suggest names), `15_tag.py`. fer (a detector, a network of seven emotions, both as its package
ships them; nothing is downloaded) reads the smaller set by OpenCV and says what every face shows, once by the Haar
cascade that is its default and once by MTCNN. One core's libraries are one thread; seconds of cores count all processes
of each, and what starting takes, measured with one photograph, is left out of all of them.

The last line is one JSON object: ``ratio`` is our photographs a second and core over fer's with MTCNN, ``haar_ratio``
over fer's with Haar; ``faces`` how many each of the three finds; ``shares`` the parts of our
seconds; ``peak_mebibytes`` of both sets by step, of memory that the process holds for itself, and ``memory_ratio``
the larger set's over the smaller's, at its greatest. Pages of the faces' file, which is mapped, are not counted: the
system takes them back whenever it needs them.

The target of ``ratio``, 5, is not met, and cannot be while every face is measured: most of our seconds are the one or
two looks of the landmark model at each face, at 256 pixels, where fer's network looks once at 64, and at no face that
was not found. What is bought for them is in ``faces``, and in vectors that cluster without labels.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from itertools import cycle, islice
from pathlib import Path

from fetch_costs import Cost

from fecemo.data.detect_settings import DetectSettings
from fecemo.data.image_files import IMAGE_SUFFIXES

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "pipelines" / "recipes" / "archive.yaml"
ROW, VARIANT = "landmark_features", "gray"
STEPS = ("detect", "landmarks", "group", "tag")
PEER = "fer==25.10.3"
# facenet-pytorch, which holds MTCNN, asks for versions that Python 3.11 and newer TensorFlow do not go with: what both
# need is named here, and the two are installed by themselves.
PEER_NEEDS = ("tensorflow-cpu", "opencv-python-headless<5", "setuptools<81", "torch", "torchvision", "pandas",
              "requests", "tqdm", "pillow")
PEER_PROGRAM = """
import sys, json, logging
import facenet_pytorch  # before TensorFlow: the two end with a fault of memory in the other order
import cv2, torch
from fer.fer import FER
cv2.setNumThreads(1); torch.set_num_threads(1)
logging.disable(logging.INFO)
reader, faces = FER(mtcnn=sys.argv[1] == "mtcnn"), 0
for path in sys.argv[2:]:
    photograph = cv2.imread(path)
    faces += 0 if photograph is None else len(reader.detect_emotions(photograph))
print(json.dumps({"faces": faces}))
"""
SECONDS = 0.05
TARGETS = {"ratio": 5, "memory_ratio": 1.1}


def measured(command: list[str | Path], log: Path) -> Cost:
    """Run a command to its end; its peak is of memory that it holds for itself, not of files that are mapped."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "PYTHONPATH": os.pathsep.join(
        (str(ROOT), os.environ.get("PYTHONPATH", "")))}
    peak, started = [0], time.perf_counter()
    with log.open("w") as output:
        process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, env=environment)

        def watch() -> None:
            while process.returncode is None:
                try:
                    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                except OSError:
                    return
                held = [int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:"))]
                peak[0] = max(peak[0], sum(held) * 1024)
                time.sleep(SECONDS)

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{log.read_text()[-3000:]}")
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - started, peak[0])


def whole_way(photos: Path, run: Path, named: Path, log: Path) -> dict[str, Cost]:
    """Take photographs from their folder to tags by the clusters of a run, which are made where they are its own."""
    dataset, features = run / "datasets" / "photographs", run / "columns" / "photographs" / "landmark_features"
    cell = ["--recipe", RECIPE, "--run", run, "--approach", ROW, "--variant", VARIANT]
    scripts: dict[str, list[str | Path]] = {
        "detect": ["01_detect.py", "--photos", photos, "--out", dataset],
        "landmarks": ["02_landmarks.py", "--dataset", dataset, "--out", features],
        "group": ["cell.py", *cell, "--stages", "train", "embed", "cluster", "label"],
        "tag": ["15_tag.py", "--dataset", dataset, "--run", named, "--row", ROW, "--variant", VARIANT,
                "--out", run / "tags"]}
    return {step: measured([sys.executable, ROOT / "pipelines" / script, *arguments], log)
            for step, (script, *arguments) in scripts.items() if step != "group" or run == named}


def faces_in(run: Path) -> int:
    """Return how many faces a run's photographs show."""
    return int(json.loads((run / "datasets" / "photographs" / "receipt.json").read_text())["summary"]["faces"])


def first_photograph(run: Path) -> str:
    """Return the first photograph of a run that shows a face."""
    with (run / "datasets" / "photographs" / "faces.csv").open(newline="") as file:
        return str(next(csv.DictReader(file))["address"])


def peer_python(cache: Path) -> Path:
    """Return the Python of an environment that holds the peer alone; make it if it is not there."""
    folder = cache / PEER
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"installing {PEER} into {folder}: some GB", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        for packages in (PEER_NEEDS, ("--no-deps", PEER, "facenet-pytorch==2.6.0")):
            subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        (folder / "installed").touch()
    return python


def linked(photographs: list[Path], folder: Path) -> Path:
    """Return a folder of links to photographs."""
    folder.mkdir()
    for number, path in enumerate(photographs):
        (folder / f"{number:06}{path.suffix}").symlink_to(path.resolve())
    return folder


def printed(who: str, n: int, faces: int, cost: float) -> float:
    """Print what so many photographs cost, and return how many of them a core takes in a second."""
    print(f"{who}: {n} photographs, {faces} faces, {cost:.1f} s of cores, {n / cost:.1f} photographs a second and core",
          flush=True)
    return n / cost


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs, with those below it")
    parser.add_argument("--counts", type=int, nargs=2, default=(1_000, 10_000), metavar=("FEW", "MANY"))
    parser.add_argument("--quick", action="store_true", help="50 and 200")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peer-python", type=Path, help=f"a Python that has {PEER}; one is made otherwise")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "fecemo-benchmarks",
                        help="where the peer's environment stays")
    parser.add_argument("--folder", type=Path, help="make the temporary folder in this one")
    arguments = parser.parse_args()
    few, many = (50, 200) if arguments.quick else arguments.counts
    paths = sorted(path for path in arguments.photos.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    if len(paths) < few:
        raise SystemExit(f"{arguments.photos} holds {len(paths)} photographs, {few} are asked for")
    python = arguments.peer_python or peer_python(arguments.cache)
    drawn = random.Random(arguments.seed).sample(paths, few)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as scratch:
        folder = Path(scratch)
        log = folder / "log.txt"
        photos = {count: linked(list(islice(cycle(drawn), count)), folder / f"photos{count}") for count in (few, many)}
        runs = {count: folder / f"run{count}" for count in (few, many, 1)}
        ours = {few: whole_way(photos[few], runs[few], runs[few], log)}
        photos[1] = linked([photos[few] / first_photograph(runs[few])], folder / "photos1")
        start = whole_way(photos[1], runs[1], runs[few], log)
        ours[many] = whole_way(photos[many], runs[many], runs[few], log)
        faces = {"fecemo": faces_in(runs[few])}
        start["group"] = Cost(start["tag"].cpu, 0.0, 0)  # it, too, starts with importing Keras
        seconds = {step: max(cost.cpu - start[step].cpu, 0.0) for step, cost in ours[few].items()}
        rates = {"fecemo": printed("fecemo", few, faces["fecemo"], sum(seconds.values()))}
        print("  " + ", ".join(f"{step} {spent / sum(seconds.values()):.0%}" for step, spent in seconds.items()))
        for detector in ("mtcnn", "haar"):
            costs = [measured([python, "-c", PEER_PROGRAM, detector, *sorted(photos[count].iterdir())], log)
                     for count in (1, few)]
            faces[detector] = json.loads(log.read_text().splitlines()[-1])["faces"]
            rates[detector] = printed(f"fer, {detector}", few, faces[detector], costs[1].cpu - costs[0].cpu)
    peaks = {step: [round(ours[count][step].peak_bytes / 2**20, 1) for count in (few, many) if step in ours[count]]
             for step in STEPS}
    print("peak memory in MiB: " + ", ".join(f"{step} {' and '.join(map(str, of))}" for step, of in peaks.items()))
    print(json.dumps({
        "benchmark": "archive", "photographs": [few, many], "faces": faces, "peer": PEER,
        "min_size": DetectSettings.min_size, "photographs_per_core_second": {
            who: round(rate, 2) for who, rate in rates.items()},
        "ratio": round(rates["fecemo"] / rates["mtcnn"], 2), "haar_ratio": round(rates["fecemo"] / rates["haar"], 2),
        "shares": {step: round(spent / sum(seconds.values()), 3) for step, spent in seconds.items()},
        "peak_mebibytes": peaks,
        "memory_ratio": round(max(of[-1] / of[0] for of in peaks.values() if len(of) == 2), 3), "targets": TARGETS}))


if __name__ == "__main__":
    main()
