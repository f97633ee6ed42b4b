"""Strangers' pictures: pixels of their own or a reason, within bounded memory."""

import io
import random
import resource
import struct
import sys
import zlib
from collections import Counter

import cv2
import numpy as np
from mutation import NUMBERS, spoiled
from PIL import Image

from fecemo.data.reasons import FetchError
from fecemo.imaging.crop import CropPolicy, DecodePolicy, FaceCutter

MAX_PIXELS = 1_000_000
MEMORY_CAP = 192 << 20
"""Bytes that the process may grow by. The largest picture that is decoded here has 3 MB of pixels."""
WARM_UP = 200
WORDS = (*NUMBERS, b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xe1",
         b"Exif\x00\x00", b"IHDR", b"IDAT", b"IEND", b"PLTE", b"tRNS", b"acTL", b"fdAT", b"GIF89a", b"\x2c",
         b"\x21\xff", b"RIFF", b"WEBP", b"VP8 ", b"VP8L", b"VP8X", b"ANMF", b"ALPH", b"BM")
BOXES = ((0.0, 1.0, 0.0, 1.0), (0.3, 0.6, 0.25, 0.75))
POISONS = tuple(
    [cv2.imencode(".bmp", np.full((*size, 3), colour, np.uint8))[1] for size in ((90, 120), (400, 500))]
    for colour in ((255, 0, 255), (0, 255, 0)))
"""What a careless decoder shows again where data are missing: other pictures, of one size and of another."""


class PicturesTarget:
    """See `fuzz.Target`."""

    name = "pictures"

    def __init__(self) -> None:
        self._seeds = _seeds()
        self._cutters = [FaceCutter(DecodePolicy(CropPolicy(), apply_exif=apply_exif, max_pixels=MAX_PIXELS,
                                                 reduced=reduced))
                         for apply_exif, reduced in ((True, True), (False, False))]
        self._cases = 0
        self._memory = 0

    def case(self, rng: random.Random) -> bytes:
        """Return a spoilt picture; half of the PNGs among them have sound checksums."""
        data = spoiled(rng.choice(self._seeds), self._seeds, WORDS, rng)
        return _with_checksums(data) if data.startswith(b"\x89PNG") and rng.random() < 0.5 else data

    def check(self, data: bytes) -> Counter[str]:
        """Cut faces out of it after other pictures, and count what came of it."""
        outcomes: Counter[str] = Counter()
        for cutter in self._cutters:
            tries, pixels = [], []
            for poison in POISONS:
                for earlier in poison:
                    cv2.imdecode(earlier, cv2.IMREAD_COLOR)
                try:
                    faces = [face for _, face in sorted(cutter.cut(data, BOXES), key=lambda numbered: numbered[0])]
                except FetchError as failure:
                    tries.append(failure.reason.value)
                    pixels.append(b"")
                    continue
                tries.append("pixels")
                for face in faces:
                    if not isinstance(face, FetchError):
                        assert face.shape == (200, 200, 3)
                        assert face.dtype == np.uint8
                pixels.append(b"".join(b"" if isinstance(face, FetchError) else face.tobytes() for face in faces))
            assert tries[0] == tries[1], f"one time {tries[0]}, the other {tries[1]}"
            assert pixels[0] == pixels[1], "pixels that depend on which picture was decoded before"
            outcomes[tries[0]] += 1
        self._cases += 1
        peak = _peak_memory()
        if self._cases <= WARM_UP:
            self._memory = peak
        assert peak - self._memory < MEMORY_CAP, f"memory grew by {(peak - self._memory) >> 20} MiB"
        return outcomes


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


def _seeds() -> list[bytes]:
    small = np.random.default_rng(3).integers(40, 216, (3, 4, 3), dtype=np.uint8)
    picture = Image.fromarray(cv2.resize(small, (120, 90), interpolation=cv2.INTER_CUBIC))
    frames = [Image.new("RGB", picture.size, colour) for colour in ("red", "blue")]
    exif = Image.Exif()
    exif[0x0112] = 6
    large = picture.resize((800, 600))
    moving = {"save_all": True, "append_images": frames}
    kinds = [("JPEG", picture, {}), ("JPEG", picture, {"progressive": True}), ("JPEG", large, {"quality": 30}),
             ("JPEG", picture.convert("L"), {}), ("JPEG", picture.convert("CMYK"), {}),
             ("JPEG", picture, {"exif": exif}), ("MPO", picture, moving), ("PNG", picture, {}),
             ("PNG", picture.convert("RGBA"), {}), ("PNG", picture.quantize(16), {}), ("PNG", picture.convert("1"), {}),
             ("PNG", picture, moving), ("GIF", picture.quantize(32), {}), ("GIF", picture, moving),
             ("BMP", picture, {}), ("BMP", picture.quantize(16), {}), ("WEBP", picture, {}),
             ("WEBP", picture, {"lossless": True}), ("WEBP", picture.convert("RGBA"), {}), ("WEBP", picture, moving)]
    seeds = []
    for format, image, options in kinds:
        data = io.BytesIO()
        image.save(data, format, **options)
        seeds.append(data.getvalue())
    deep = np.asarray(picture)[:, :, ::-1].astype(np.uint16) * 257
    seeds.append(cv2.imencode(".png", deep)[1].tobytes())
    return seeds


def _with_checksums(data: bytes) -> bytes:
    """Mend the checksums of a PNG, so that what was spoilt reaches the decoder."""
    mended, at = bytearray(data), 8
    while at + 12 <= len(mended):
        (length,) = struct.unpack(">I", mended[at:at + 4])
        if at + 12 + length > len(mended):
            break
        mended[at + 8 + length:at + 12 + length] = struct.pack(">I", zlib.crc32(mended[at + 4:at + 8 + length]))
        at += 12 + length
    return bytes(mended)
