"""The service's work: a photograph's bytes → the faces in it and what they show; and the door before it.

Nothing is stored. One model is in memory; each worker thread has a face detector of its own. What comes beyond the caps
is refused at the door, with the status that says why, before it costs anything.
"""

import asyncio
import hmac
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from fecemo.data.detect_settings import DetectSettings
from fecemo.data.model_files import require_model
from fecemo.data.reasons import Reason
from fecemo.errors import InputError
from fecemo.imaging.crop import CropPolicy
from fecemo.imaging.decode import NEEDS_PILLOW_HEIF, ImageFileError, decode_file, pixels_of
from fecemo.imaging.detect import FaceDetector, load_yunet
from fecemo.imaging.detected_faces import DetectedFace, detected_faces
from fecemo.imaging.landmarks.features import columns_of, landmark_features
from fecemo.stages.exported_model import NOTICE, ExportedModel
from fecemo.study.faces.columns import LANDMARK_FEATURES

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

CUT = "cut"
RETRY_AFTER = 1
"""Seconds after which a client that was refused for want of room may ask again."""
STATUS = {Reason.EMPTY: 400, Reason.TOO_MANY_PIXELS: 413, Reason.TOO_LARGE: 413, Reason.TOO_COSTLY: 413}
"""Of photographs that are not read; 415 for every other reason."""


@dataclass(frozen=True)
class Caps:
    """The most that a request may ask for."""

    #: `n_bytes`, `pixels`: Of a photograph.
    n_bytes: int = 20_000_000
    pixels: int = 50_000_000
    faces: int = 50  #: That are named in one photograph, the largest first; the others are counted.
    #: `upload_seconds`, `seconds`: For the upload, and from its end to the answer.
    upload_seconds: float = 10.0
    seconds: float = 20.0
    requests: int = 16  #: At once, at work or waiting; one more is refused with 503.


class RefusedError(Exception):
    """A request that is not answered: status, and one sentence."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


class FaceReader:
    """Reads photographs: the detector, the landmark model where the row takes landmarks, and an exported model.

    Parameters
    ----------
    detector, landmark_model : Path
        Files, or names of those that ``00_models.py`` has fetched.

    Raises
    ------
    InputError
        If a model is missing, or the exported one takes what no photograph has.
    """

    def __init__(self, model: ExportedModel, detector: Path, landmark_model: Path, caps: Caps) -> None:
        self.model, self._caps, self._threads = model, caps, threading.local()
        self._groups = [column.partition(".")[2] for column in model.columns
                        if column.partition(".")[0] == LANDMARK_FEATURES]
        if unknown := [column for column in model.columns
                       if column != CUT and column.partition(".")[0] != LANDMARK_FEATURES]:
            raise InputError(f"{model.title} takes {', '.join(unknown)}, which a photograph by itself does not have; "
                             "serve a row that takes faces as they are cut out, or landmark features")
        self._detector, self._defaults = require_model(detector), DetectSettings(Path())
        self._landmark_model = require_model(landmark_model) if self._groups else None
        self._tools()  # refuses what cannot work before the first request

    def _tools(self) -> tuple[FaceDetector, Any]:
        if not hasattr(self._threads, "tools"):
            from fecemo.imaging.landmarks.model import FaceLandmarker

            network = load_yunet(self._detector, self._defaults.min_score)
            self._threads.tools = (
                FaceDetector(network, self._defaults.min_size, self._defaults.turns),
                FaceLandmarker(self._landmark_model) if self._landmark_model is not None else None)
        tools: tuple[FaceDetector, Any] = self._threads.tools
        return tools

    def read(self, data: bytes, *, embedding: bool = False) -> dict[str, Any]:
        """Return what a photograph shows, as JSON values. Raises `RefusedError` for none, and beyond the caps."""
        try:
            pixels = pixels_of(data) if data else 0
            if pixels > self._caps.pixels:
                raise RefusedError(413, f"the photograph has {pixels} pixels, more than {self._caps.pixels}")
            if not data:
                raise ImageFileError(Reason.EMPTY.value)
            photograph = decode_file(data)
        except ImageFileError as failure:
            detail = f" ({failure.detail})" if failure.detail and failure.reason != NEEDS_PILLOW_HEIF else ""
            raise RefusedError(STATUS.get(failure.reason, 415),  # type: ignore[call-overload]
                          f"this is no photograph that is read: {failure.reason.replace('_', ' ')}{detail}"
                          ) from failure
        detector, landmarker = self._tools()
        detected = detected_faces(photograph, detector, CropPolicy(self._defaults.margin, self._defaults.square))
        largest = sorted(range(len(detected)), key=lambda place: -detected[place].values["size"])[: self._caps.faces]
        faces = [detected[place] for place in sorted(largest)]
        height, width = photograph.shape[:2]
        return {"width": width, "height": height, "faces": self._named(faces, landmarker, embedding),
                "left_out": len(detected) - len(faces), "labels": list(self.model.labels),
                "calibrated": self.model.metadata.get("calibrated") == "true", "notice": NOTICE}

    def _named(self, faces: list[DetectedFace], landmarker: Any, embedding: bool) -> list[dict[str, Any]]:
        if not faces:
            return []
        columns = {}
        if CUT in self.model.columns:
            columns["image"] = np.stack([face.crop for face in faces])
        if self._groups:
            measured = np.stack([landmark_features(face.crop, landmarker)[0] for face in faces])
            columns |= {f"{LANDMARK_FEATURES}.{group}" if group else LANDMARK_FEATURES:
                        measured[:, columns_of([group])] if group else measured for group in self._groups}
        answers = self.model.answers(columns)
        return [{
            "box": list(face.sides), "score": face.values["score"], "shows": str(answers.names[at]),
            "confidence": round(float(answers.probabilities[at].max(initial=0)), 4),
            "probabilities": {label: round(float(share), 4) for label, share in zip(
                self.model.labels, answers.probabilities[at], strict=True)},
            **({"embedding": answers.embedding[at].tolist()} if embedding else {}),
        } for at, face in enumerate(faces)]


class FaceService:
    """The door: hosts, token, caps and counts.

    Parameters
    ----------
    hosts : frozenset of str
        Names under which the service may be called: a page of a stranger whose name leads here is refused.
    token : str
        That every request must bear; none where it is empty.
    workers : int
        Photographs that are read at a time.
    """

    def __init__(self, reader: FaceReader, caps: Caps, hosts: frozenset[str], token: str = "",
                 workers: int = 1) -> None:
        self._reader, self._caps, self._hosts, self._token = reader, caps, hosts, token
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="faces")
        self._open = 0
        self.statuses: Counter[int] = Counter()
        self._faces, self._seconds = 0, 0.0

    def app(self) -> "Starlette":
        """Return the ASGI application: ``POST /faces``, ``GET /metrics``."""
        from starlette.applications import Starlette
        from starlette.routing import Route

        return Starlette(routes=[Route("/faces", self._answered(self._read), methods=["POST"]),
                                 Route("/metrics", self._answered(self._metrics), methods=["GET"])])

    def _answered(self, work: Any) -> Any:
        from starlette.requests import ClientDisconnect
        from starlette.responses import JSONResponse, Response

        async def endpoint(request: "Request") -> "Response":
            try:
                self._check(request)
                response: Response = await work(request)
            except RefusedError as refusal:
                headers = {503: {"Retry-After": str(RETRY_AFTER)}, 401: {"WWW-Authenticate": "Bearer"}}
                response = JSONResponse({"error": refusal.words}, refusal.status, headers=headers.get(refusal.status))
                if refusal.status in (408, 413) or not await self._drained(request):
                    response.headers["Connection"] = "close"
            except ClientDisconnect:
                response = Response(status_code=400)
            response.headers["Cache-Control"] = "no-store"
            self.statuses[response.status_code] += 1
            return response

        return endpoint

    def _check(self, request: "Request") -> None:
        for header in ("host", "origin"):
            called = request.headers.get(header)
            if called is not None and _host(called) not in self._hosts:
                raise RefusedError(421 if header == "host" else 403, f"{header}: {called[:80]} is not this service; it "
                                   f"is called {', '.join(sorted(self._hosts))}")
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._token and not hmac.compare_digest(bearer.encode(), self._token.encode()):
            raise RefusedError(401, "the token is missing or another: send the header Authorization: Bearer TOKEN")

    async def _read(self, request: "Request") -> "Response":
        from starlette.responses import JSONResponse

        if self._open >= self._caps.requests:
            raise RefusedError(503, f"{self._open} requests are at work or waiting; ask again in {RETRY_AFTER} s")
        self._open += 1
        work: Future[dict[str, Any]] | None = None
        loop = asyncio.get_running_loop()
        try:
            data = await self._upload(request)
            started = time.monotonic()
            work = self._pool.submit(self._reader.read, data, embedding=request.query_params.get("embedding") == "1")
            try:
                answer = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(work)), self._caps.seconds)
            except TimeoutError:
                work.cancel()
                raise RefusedError(503, f"not read within {self._caps.seconds:g} s; ask again later") from None
            self._seconds += time.monotonic() - started
            self._faces += len(answer["faces"])
            return JSONResponse(answer)
        finally:  # a photograph that is still being read keeps its place
            if work is None or work.done():
                self._leave()
            else:
                work.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))

    def _leave(self) -> None:
        self._open -= 1

    async def _upload(self, request: "Request") -> bytes:
        most = self._caps.n_bytes
        announced = request.headers.get("content-length", "0")
        if announced.isdecimal() and int(announced) > most:
            raise RefusedError(413, f"the photograph has {announced} bytes, more than {most}")
        parts, n_bytes = [], 0
        try:
            async with asyncio.timeout(self._caps.upload_seconds):
                async for part in request.stream():
                    n_bytes += len(part)
                    if n_bytes > most:
                        raise RefusedError(413, f"the photograph has more than {most} bytes")
                    parts.append(part)
        except TimeoutError:
            raise RefusedError(408, f"the photograph did not come within {self._caps.upload_seconds:g} s") from None
        return b"".join(parts)

    async def _drained(self, request: "Request") -> bool:
        """Read what is left of an upload, and tell whether it ended: who is still sending does not read an answer."""
        from starlette.requests import ClientDisconnect

        n_bytes = 0
        try:
            async with asyncio.timeout(self._caps.upload_seconds):
                async for part in request.stream():
                    n_bytes += len(part)
                    if n_bytes > self._caps.n_bytes:
                        return False
        except (TimeoutError, ClientDisconnect):
            return False
        except RuntimeError:  # it was read before
            return True
        return True

    async def _metrics(self, request: "Request") -> "Response":
        from starlette.responses import PlainTextResponse

        lines = [f'fecemo_requests_total{{status="{status}"}} {count}'
                 for status, count in sorted(self.statuses.items())]
        lines += [f"fecemo_faces_total {self._faces}", f"fecemo_reading_seconds_total {self._seconds:.3f}",
                  f"fecemo_requests_open {self._open}"]
        return PlainTextResponse("\n".join(lines) + "\n")

    def close(self) -> None:
        """Wait for the photographs that are being read."""
        self._pool.shutdown()


def _host(called: str) -> str:
    """Return the name in a Host or Origin header, without scheme and port."""
    try:
        return urlsplit(called if "//" in called else f"//{called}").hostname or ""
    except ValueError:
        return ""
