"""Face page: an exported model → a folder that names the faces of photographs in any browser, from any web server."""

import importlib.resources
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fecemo.data.durable import atomic_write
from fecemo.data.model_files import require_model
from fecemo.data.receipts import Receipt, digest_bytes, digest_file
from fecemo.errors import InputError, ResourceError
from fecemo.imaging.landmarks import features, mesh, points
from fecemo.imaging.landmarks.alignment import STANDARD_HEAD
from fecemo.imaging.landmarks.model import FaceLandmarker, networks_of
from fecemo.stages.exported_model import MODEL_NAMES, NOTICE, ExportedModel, quietly, require_package
from fecemo.stages.face_service import CUT
from fecemo.stages.model_card import CARD_NAMES
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.faces.columns import LANDMARK_FEATURES

STAGE = "face_page"
PAGE_FILES = ("index.html", "face_page.css", "face_page.js", "landmarks.js")
PACKAGE_FILES = ("package.json", "package-lock.json")
RUNTIME_PACKAGE = "onnxruntime-web"
RUNTIME_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
"""Of that package's folder ``dist``: what a page needs that computes on the processor, in one thread."""
MODEL, DETECTOR, DESCRIPTION = MODEL_NAMES["onnx"], "detector.onnx", "model.json"
MESH, BLENDSHAPES = "mesh.onnx", "blendshapes.onnx"
MEASURED = (f"{LANDMARK_FEATURES}.distances", f"{LANDMARK_FEATURES}.blendshapes")
OPSET = 17
"""Of the landmark model's networks."""


@dataclass(frozen=True)
class FacePageSettings:
    """What the page is made of."""

    #: A folder that ``20_export_model.py`` wrote, of a row that takes faces as they are cut out of photographs, or
    #: distances and blendshapes that a landmark model measures on them.
    model: Path
    #: YuNet's ``face_detection_yunet_2023mar.onnx``: a file, or the name of one that ``00_models.py`` has fetched.
    detector: Path = Path("face_detection_yunet_2023mar.onnx")
    title: str = "What faces show"  #: Heading of the page.
    eight_bits: bool = False  #: Whether the page has the smaller and less exact file of eight bits.
    #: A folder with the files of onnxruntime-web's ``dist``; without it npm installs them, from the lock file that
    #: comes with this project.
    runtime: Path | None = None
    #: Google's ``face_landmarker.task``, a file or the name of one, for a row that takes landmark features.
    landmark_model: Path = Path("face_landmarker.task")


def run(settings: FacePageSettings, out: Path) -> Receipt:
    """Write a page that names the faces of photographs where they are; serve the folder by any web server.

    Writes ``index.html`` with its style and script, ``model.onnx``, ``detector.onnx``, ``model.json`` (labels and what
    the page says of them), the model card, and ``ort/``, which runs all models; for a row that takes landmark features,
    also ``mesh.onnx`` and ``blendshapes.onnx``, made of the landmark model's networks. Photographs are chosen, dropped
    or taken by the camera; names and confidences are drawn on them, and a batch is saved as CSV. The page asks nobody
    but its own folder for anything, and no picture leaves it. It finds faces of at least 32 pixels that are upright.

    Parameters
    ----------
    out : Path
        A folder for the page.

    Raises
    ------
    InputError
        If there is no such exported model, or its row takes more than faces and what is measured on them.
    ResourceError
        If npm or a package is missing or cannot install, or the disk is full.
    """
    require_package("onnx")
    path = settings.model / MODEL_NAMES["int8" if settings.eight_bits else "onnx"]
    model, detector = ExportedModel.read(path), require_model(settings.detector)
    if unknown := sorted(set(model.columns) - {CUT, *MEASURED}):
        raise InputError(f"{path} takes {', '.join(unknown)}; the page has faces as they are cut out of photographs, "
                         f"{' and '.join(MEASURED)}: export a row that takes these, such as one of landmark_features "
                         "with model: {gradients: 0}, or name faces by 21_serve.py, which measures the rest")
    bundle = require_model(settings.landmark_model) if set(model.columns) & set(MEASURED) else None
    cards = {name: (settings.model / name).read_bytes() for name in CARD_NAMES if (settings.model / name).is_file()}
    assets = importlib.resources.files("fecemo.archive") / "face_page"
    page = {name: (assets / name).read_bytes() for name in (*PAGE_FILES, *PACKAGE_FILES)}

    def work(folder: Path) -> StageResult:
        description = {"title": settings.title, "labels": list(model.labels), "notice": NOTICE,
                       "calibrated": model.metadata.get("calibrated") == "true", "columns": list(model.columns),
                       "landmarks": None if bundle is None else landmark_constants()}
        contents = {**{name: page[name] for name in PAGE_FILES}, **cards, MODEL: path.read_bytes(),
                    DETECTOR: of_any_size(detector.read_bytes(), str(detector)),
                    DESCRIPTION: (json.dumps(description, indent=1, ensure_ascii=False) + "\n").encode()}
        if bundle is not None:
            contents |= landmark_networks(bundle)
        with _runtime(settings.runtime, {name: page[name] for name in PACKAGE_FILES}) as runtime:
            contents |= {f"ort/{name}": (runtime / name).read_bytes() for name in RUNTIME_FILES}
        for name, content in contents.items():
            atomic_write(folder / name, content)
        for name in {MESH, BLENDSHAPES} - set(contents):
            (folder / name).unlink(missing_ok=True)
        size = sum(map(len, contents.values())) / 1e6
        return StageResult(files=list(contents), message=f"{size:.1f} MB; serve the folder, for example: python -m "
                           f"http.server --bind 127.0.0.1 --directory {folder}", summary={"megabytes": round(size, 1)})

    inputs = {"model": digest_file(path), "detector": digest_file(detector),
              **({} if bundle is None else {"landmark_model": digest_file(bundle)}),
              **{name: digest_bytes(content) for name, content in {**page, **cards}.items()}}
    return run_stage(STAGE, out, config={"title": settings.title}, inputs=inputs, seed=None, work=work)


def landmark_constants() -> dict[str, Any]:
    """Return what the page's ``landmarks.js`` has to know, as JSON values: constants of `fecemo.imaging.landmarks`."""
    return {
        "places": mesh.CROP_SIDE, "margin": mesh.MARGIN, "first_shares": mesh.FIRST_SHARES, "sure": mesh.SURE,
        "likely_shares": mesh.LIKELY_SHARES,
        "near": {"shift": mesh.NEAR_SHIFT, "angle": mesh.NEAR_ANGLE, "side": mesh.NEAR_SIDE},
        "right_eye": points.RIGHT_EYE_OUTER, "left_eye": points.LEFT_EYE_OUTER, "forehead": points.FOREHEAD,
        "chin": points.CHIN, "head": [[number, *place] for number, place in STANDARD_HEAD.items()],
        "between": list(features.BETWEEN.values()), "below": list(features.BELOW.values()),
        "input_landmarks": points.INPUT_LANDMARKS.tolist(),
        "blendshapes": [points.MODEL_NAMES.index(name) for name in points.BLENDSHAPE_NAMES],
    }


def landmark_networks(bundle: Path) -> dict[str, bytes]:
    """Return the two networks of a ``face_landmarker.task`` as ONNX, which numbers for numbers say the same.

    Raises `InputError` for what is no such bundle.
    """
    require_package("tf2onnx")
    from tf2onnx import convert

    FaceLandmarker(bundle)  # refuses other networks
    made = {}
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "network.tflite"
        for name, content in zip((MESH, BLENDSHAPES), networks_of(bundle), strict=True):
            path.write_bytes(content)
            model = quietly(lambda: convert.from_tflite(str(path), opset=OPSET)[0])
            made[name] = model.SerializeToString(deterministic=True)
    return made


def of_any_size(content: bytes, title: str) -> bytes:
    """Return a detector's file that takes pictures of any size: the published one states 640 pixels, and needs none.

    Raises `InputError` for what is no ONNX file.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_from_string(content)
    except DecodeError as error:
        raise InputError(f"{title} is no detector: expected an ONNX file") from error
    for value in (*model.graph.input, *model.graph.output):
        for number, axis in enumerate(value.type.tensor_type.shape.dim):
            if number in ((2, 3) if value in model.graph.input else (1,)):
                axis.dim_param = f"{value.name}_{number}"
    del model.graph.value_info[:]
    free: bytes = model.SerializeToString(deterministic=True)
    return free


@contextmanager
def _runtime(folder: Path | None, package: dict[str, bytes]) -> Iterator[Path]:
    """Return the folder with the files of onnxruntime-web: the one that is named, or one that npm fills."""
    if folder is not None:
        if missing := [name for name in RUNTIME_FILES if not (folder / name).is_file()]:
            raise InputError(f"runtime: {folder} lacks {', '.join(missing)}: expected the files of {RUNTIME_PACKAGE}'s "
                             "dist")
        yield folder
        return
    if (npm := shutil.which("npm")) is None:
        raise ResourceError(f"npm is not installed, which brings {RUNTIME_PACKAGE}; install Node.js, or name a folder "
                            "with its files: --runtime")
    with TemporaryDirectory() as scratch:
        for name, content in package.items():
            (Path(scratch) / name).write_bytes(content)
        done = subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                              cwd=scratch, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ResourceError(f"npm cannot install {RUNTIME_PACKAGE}: {done.stderr.strip() or done.stdout.strip()}")
        yield Path(scratch) / "node_modules" / RUNTIME_PACKAGE / "dist"
