"""Photographs of real sizes, and a server of them: what `fetch.py` fetches. Run by it as a process of its own.

    python benchmarks/fetch_served.py FOLDER    serves the JPEG files of a folder and prints its port

The server keeps every file in memory and answers with bytes that were made ready before, so that it takes as little as
it can of a machine that it shares with what is measured. ``/any/number/of/folders/NAME`` gives the file ``NAME``.
"""

import asyncio
import csv
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import numpy as np

HOST = "127.0.0.1"
BOXES_NAME = "boxes.csv"
QUALITY = 90
GRAIN = 5.0
DRAWN = (
    # width, height, faces drawn, faces listed: most as photo sites show them, some as cameras make them
    (320, 240, 1, 1), (500, 375, 1, 1), (500, 375, 2, 1), (640, 480, 1, 1), (640, 480, 2, 2), (1024, 768, 1, 1),
    (1024, 768, 3, 1), (1024, 768, 3, 3), (1600, 1200, 1, 1), (1600, 1200, 4, 1), (2048, 1536, 4, 2),
    (4000, 3000, 6, 1),
)

Box = tuple[float, float, float, float]
"""Left, right, top, bottom as fractions of width and height."""


def draw_photographs(folder: Path) -> None:
    """Draw the photographs of `DRAWN` and their boxes into a folder, unless they are there.

    Grain like a sensor's makes the files as large, and as slow to decode, as a camera's.
    """
    import cv2

    from fecemo.drawn import draw_photograph, sample_photograph
    from fecemo.drawn.expression import EMOTIONS

    if (folder / BOXES_NAME).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (width, height, n_faces, n_listed) in enumerate(DRAWN):
        rng = np.random.default_rng([7, number])
        drawn, boxes = draw_photograph(sample_photograph(rng, rng.choice(EMOTIONS, n_faces).tolist(), width, height))
        grain = rng.normal(0, GRAIN, drawn.shape).astype(np.float32)
        pixels = np.clip(drawn + cv2.GaussianBlur(grain, (0, 0), 0.7) * 2, 0, 255).astype(np.uint8)
        name = f"{width}x{height}_{number}.jpg"
        _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        (folder / name).write_bytes(data.tobytes())
        rows += [(name, box.left, box.right, box.top, box.bottom) for box in boxes[:n_listed]]
    with (folder / BOXES_NAME).open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def photographs_in(folder: Path) -> dict[str, list[Box]]:
    """Return the boxes of each JPEG file of a folder, as its ``boxes.csv`` has them; without one, the middle of each.

    The rows of ``boxes.csv`` are name, left, right, top, bottom; it has no header.
    """
    boxes: dict[str, list[Box]] = {path.name: [] for path in sorted(folder.glob("*.jp*g"))}
    if not boxes:
        raise SystemExit(f"{folder} holds no JPEG file")
    if (folder / BOXES_NAME).exists():
        with (folder / BOXES_NAME).open(newline="") as file:
            for name, *sides in csv.reader(file):
                left, right, top, bottom = map(float, sides)
                boxes[name].append((left, right, top, bottom))
    return {name: photo_boxes or [(0.3, 0.7, 0.2, 0.8)] for name, photo_boxes in boxes.items()}


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Serve a folder from another process inside the block; yield the port."""
    with subprocess.Popen([sys.executable, __file__, str(folder)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.terminate()


class _Answers(asyncio.Protocol):
    """HTTP/1.1 as far as it is needed: GET, and connections that are kept unless the client wants them closed."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self._answers = answers
        self._asked = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._asked += data
        while b"\r\n\r\n" in self._asked:
            head, _, self._asked = self._asked.partition(b"\r\n\r\n")
            name = unquote(head.split(b" ", 2)[1].decode().rpartition("/")[2])
            self._transport.write(self._answers.get(name, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
            if b"connection: close" in head.lower():
                self._transport.close()


async def _serve(folder: Path) -> None:
    answers = {}
    for name in photographs_in(folder):
        body = (folder / name).read_bytes()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
        answers[name] = head.encode() + body
    server = await asyncio.get_running_loop().create_server(lambda: _Answers(answers), HOST, 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
