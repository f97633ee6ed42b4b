"""Fetch and crop photographs, against img2dataset over the same list and against OpenCV on the same bytes.

    python benchmarks/fetch.py            10,000 photographs, and 100,000 for the memory: an hour, 35 GB of disk
    python benchmarks/fetch.py --quick    400 and 4,000: about a minute on two cores, once the peer is installed

Photographs from 320×240 to 4000×3000 pixels, drawn once and kept, are served on the loopback address by another
process. The fetch stage and img2dataset, each in processes of its own, then go through one list: a row a face, some
photographs with several. Ours stores a crop of 200×200 for each box; img2dataset, which has no crop, reduces the whole
photograph to 200×200 and fetches one with three faces three times. Seconds of cores count all processes of each.

The last line is one JSON object: ``ratio`` is our faces per second and core over img2dataset's (target: at least 1.5),
``photographs_ratio`` the same of photographs, as if img2dataset had been given each of them once. What starting takes,
found with a list of one photograph, is left out of both. ``of_opencv`` is the time of OpenCV alone for decoding,
cutting and resizing over ours (target: at least 1/1.15), ``least_of_opencv`` that of the photograph where it is least;
``memory_ratio`` is our peak memory for the long list over that for the short one (target: at most 1.1); ``shares`` are
parts of our seconds of cores; ``reduced_error`` is the mean difference, in gray levels of 255, that decoding at a
fraction of the size makes to a crop, and ``jpeg_error`` what storing the same crops as JPEG of quality 95, as
img2dataset does, would.
"""

import argparse
import csv
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np
from fetch_costs import Cost, cost_of
from fetch_served import HOST, Box, draw_photographs, photographs_in, serving

from fecemo.data.variants import FACE_SIDE
from fecemo.imaging.crop import CropPolicy, DecodePolicy, FaceCutter, pixel_box
from fecemo.imaging.decode import reduction_for
from fecemo.imaging.headers import read_header

ROOT = Path(__file__).parents[1]
PEER = "img2dataset==1.47.0"
QUICK_PHOTOGRAPHS, ALL_PHOTOGRAPHS = 400, 10_000
LONGER = 10
ROUNDS, TURN_SECONDS = 5, 0.02
MAX_PIXELS = 100_000_000
TARGETS = {"ratio": 1.5, "of_opencv": round(1 / 1.15, 3), "memory_ratio": 1.1}
REDUCED = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
           8: cv2.IMREAD_REDUCED_COLOR_8}


def opencv_alone(data: bytes, box: Box, reduction: int) -> np.ndarray:
    """Return a crop in the fewest calls of OpenCV that make one, without a check of anything."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), REDUCED[reduction])
    height, width = picture.shape[:2]
    left, right, top, bottom = box
    cut = picture[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    way = cv2.INTER_AREA if min(cut.shape[:2]) >= FACE_SIDE else cv2.INTER_CUBIC
    return cv2.resize(cut, (FACE_SIDE, FACE_SIDE), interpolation=way)


def seconds_in_turns(*works: Callable[[], Any]) -> list[float]:
    """Return the seconds of a core that each work takes in its best turn; they take turns."""
    best = [float("inf")] * len(works)
    for _ in range(ROUNDS):
        for number, work in enumerate(works):
            times, started = 0, time.process_time()
            while (spent := time.process_time() - started) < TURN_SECONDS:
                work()
                times += 1
            best[number] = min(best[number], spent / times)
    return best


def compare_decoding(folder: Path, photographs: dict[str, list[Box]]) -> dict[str, Any]:
    """Cut each photograph's first face by ours and by OpenCV alone; say what decoding at a reduced size changes."""
    cutter, whole = FaceCutter(DecodePolicy()), FaceCutter(DecodePolicy(reduced=False))
    ours_all, alone_all, worst = 0.0, 0.0, float("inf")
    errors: dict[int, list[float]] = {}
    jpeg_errors: list[float] = []
    for name, boxes in photographs.items():
        data, box = (folder / name).read_bytes(), boxes[0]
        width, height = read_header(data, MAX_PIXELS).size(apply_exif=True)
        reduction = reduction_for(pixel_box(box, width, height, CropPolicy()).shorter_side, FACE_SIDE)
        our_seconds, alone = seconds_in_turns(lambda data=data, box=box: dict(cutter.cut(data, [box])),
                                       partial(opencv_alone, data, box, reduction))
        ours_all, alone_all, worst = ours_all + our_seconds, alone_all + alone, min(worst, alone / our_seconds)
        print(f"decode and crop {width:>4}×{height:<4} at 1/{reduction}: fecemo {our_seconds * 1e6:>7,.0f} µs, OpenCV "
              f"alone {alone * 1e6:>7,.0f} µs, ratio {alone / our_seconds:.3f}", flush=True)
        if reduction > 1:
            reduced, full = (np.asarray(dict(each.cut(data, [box]))[0]) for each in (cutter, whole))
            errors.setdefault(reduction, []).append(mean_difference(reduced, full))
            _, stored = cv2.imencode(".jpg", full[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
            jpeg_errors.append(mean_difference(cv2.imdecode(stored, cv2.IMREAD_COLOR_RGB), full))
    ratios: dict[str, Any] = {"of_opencv": round(alone_all / ours_all, 3), "least_of_opencv": round(worst, 3)}
    if errors:
        ratios["reduced_error"] = {f"1/{reduction}": round(float(np.mean(differences)), 2)
                                  for reduction, differences in sorted(errors.items())}
        ratios["jpeg_error"] = round(float(np.mean(jpeg_errors)), 2)
        listed = ", ".join(f"{error} at {reduction}" for reduction, error in ratios["reduced_error"].items())
        print(f"a crop changes in gray levels, by decoding at a reduced size: {listed}; by storing it as JPEG of "
              f"quality 95: {ratios['jpeg_error']}", flush=True)
    return ratios


def mean_difference(left: Any, right: np.ndarray) -> float:
    """Return the mean absolute difference of two pictures in gray levels."""
    return float(np.abs(np.subtract(left, right, dtype=int)).mean())


def peer_python(cache: Path) -> Path:
    """Return the Python of an environment that holds the peer alone; make it if it is not there."""
    folder = cache / PEER
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"installing {PEER} into {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", PEER], check=True)
        (folder / "installed").touch()
    return python


def write_list(path: Path, port: int, photographs: dict[str, list[Box]], n_photographs: int) -> int:
    """Write a list of so many addresses, a row a face, and return the number of rows."""
    n_rows = 0
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("url", "left", "right", "top", "bottom"))
        for number, (name, boxes) in enumerate(itertools.islice(itertools.cycle(photographs.items()), n_photographs)):
            table.writerows((f"http://{HOST}:{port}/{number}/{quote(name)}", *box) for box in boxes)
            n_rows += len(boxes)
    return n_rows


def fetch_arguments(faces: Path, port: int, out: Path) -> list[str | Path]:
    """Return the arguments of the fetch stage."""
    return ["--faces", faces, "--allow-hosts", f"{HOST}:{port}", "--out", out]


def cost_of_ours(faces: Path, port: int, out: Path, n_rows: int) -> Cost:
    """Fetch a list by the stage's script and make sure that every face came."""
    cost = cost_of([sys.executable, ROOT / "pipelines" / "01_fetch.py", *fetch_arguments(faces, port, out)],
                   out.with_suffix(".log"))
    check_count("fecemo", json.loads((out / "receipt.json").read_text())["summary"]["faces"], n_rows)
    shutil.rmtree(out)
    return cost


def cost_of_peer(python: Path, faces: Path, out: Path, n_rows: int, cores: int) -> Cost:
    """Fetch a list by img2dataset, a process a core, and make sure that every photograph came."""
    cost = cost_of(
        [python, "-m", "img2dataset.main", f"--url_list={faces}", "--input_format=csv", "--url_col=url",
         f"--output_folder={out}", "--output_format=webdataset", f"--image_size={FACE_SIDE}",
         "--resize_mode=center_crop", f"--processes_count={cores}", "--thread_count=32",
         f"--number_sample_per_shard={min(10_000, -(-n_rows // cores))}"],
        out.with_suffix(".log"), NO_ALBUMENTATIONS_UPDATE="1")
    check_count(PEER, sum(json.loads(path.read_text())["successes"] for path in out.glob("*_stats.json")), n_rows)
    shutil.rmtree(out)
    return cost


def check_count(program: str, count: int, expected: int) -> None:
    """Stop if something failed: a benchmark of failures is none."""
    if count != expected:
        raise SystemExit(f"{program}: {count} faces, expected {expected}")


def print_cost(program: str, n_rows: int, cost: Cost, start: float) -> None:
    """Print what a list cost."""
    print(f"{program}: {n_rows} faces, {n_rows / (cost.cpu - start):.0f} a second and core after a "
          f"start of {start:.1f} s, {n_rows / cost.wall:.0f} a second by the clock, "
          f"{cost.peak_bytes / 2**20:.0f} MiB", flush=True)


def shares_of_ours(faces: Path, port: int, out: Path) -> dict[str, float]:
    """Return the parts of our work in seconds of cores, as fractions of all of it."""
    result = out.with_suffix(".json")
    cost_of([sys.executable, ROOT / "benchmarks" / "fetch_costs.py", result, *fetch_arguments(faces, port, out)],
            out.with_suffix(".log"))
    shutil.rmtree(out)
    seconds = json.loads(result.read_text())
    parts = ("http", "decode", "resize", "write", "other", "start")
    return {part: round(seconds[part] / sum(seconds.values()), 3) for part in parts}


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PHOTOGRAPHS} instead of {ALL_PHOTOGRAPHS}")
    parser.add_argument("--count", type=int, help="as many photographs in the short list")
    parser.add_argument("--photos", type=Path, help="a folder of JPEG files to serve in place of drawn ones, perhaps "
                                                    "with boxes.csv: name, left, right, top, bottom; no header")
    parser.add_argument("--peer-python", type=Path, help=f"a Python that has {PEER}; one is made otherwise")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "fecemo-benchmarks",
                        help="where drawn photographs and the peer's environment stay")
    parser.add_argument("--folder", type=Path, help="make the temporary folder in this one, on the disk to be measured")
    arguments = parser.parse_args()
    n_photographs = arguments.count or (QUICK_PHOTOGRAPHS if arguments.quick else ALL_PHOTOGRAPHS)
    cores = len(os.sched_getaffinity(0))
    cv2.setNumThreads(1)

    photos = arguments.photos or arguments.cache / "photographs"
    if arguments.photos is None:
        draw_photographs(photos)
    python = arguments.peer_python or peer_python(arguments.cache)
    photographs = photographs_in(photos)
    decoding = compare_decoding(photos, photographs)

    with tempfile.TemporaryDirectory(dir=arguments.folder) as scratch, serving(photos) as port:
        folder = Path(scratch)
        single, short, long = folder / "one.csv", folder / "short.csv", folder / "long.csv"
        n_one, n_rows, n_long = (write_list(path, port, photographs, count) for path, count in (
            (single, 1), (short, n_photographs), (long, n_photographs * LONGER)))
        our_start = cost_of_ours(single, port, folder / "one", n_one).cpu
        our_cost = cost_of_ours(short, port, folder / "ours", n_rows)
        print_cost("fecemo", n_rows, our_cost, our_start)
        peer_start = cost_of_peer(python, single, folder / "one", n_one, cores).cpu
        peer = cost_of_peer(python, short, folder / "peer", n_rows, cores)
        print_cost(PEER, n_rows, peer, peer_start)
        longer = cost_of_ours(long, port, folder / "longer", n_long)
        print_cost("fecemo", n_long, longer, our_start)
        shares = shares_of_ours(short, port, folder / "shares")
        print("seconds of cores: " + ", ".join(f"{part} {share:.0%}" for part, share in shares.items()))
    ours_rate, peer_rate = n_rows / (our_cost.cpu - our_start), n_rows / (peer.cpu - peer_start)
    print(json.dumps({
        "benchmark": "fetch", "photographs": n_photographs, "faces": n_rows, "cores": cores, "peer": PEER,
        "opencv": cv2.__version__, "photos": str(arguments.photos or "drawn"),
        "faces_per_core_second": round(ours_rate, 1), "peer_faces_per_core_second": round(peer_rate, 1),
        "faces_per_core_second_long": round(n_long / (longer.cpu - our_start), 1),
        "ratio": round(ours_rate / peer_rate, 2),
        "photographs_ratio": round(ours_rate / peer_rate * n_photographs / n_rows, 2),
        "peak_mebibytes": [round(cost.peak_bytes / 2**20, 1) for cost in (our_cost, longer)],
        "memory_ratio": round(longer.peak_bytes / our_cost.peak_bytes, 3),
        **decoding, "shares": shares, "targets": TARGETS,
    }))


if __name__ == "__main__":
    main()
