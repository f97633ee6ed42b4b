"""Strangers' bytes: every kind becomes 8-bit RGB or a reason, and no header is believed before it is judged."""

import io
import struct
import threading
import zlib
from contextlib import suppress

import cv2
import numpy as np
import pytest
from PIL import Image

from fecemo.data.reasons import FetchError, Reason
from fecemo.imaging.decode import decode, reduction_for
from fecemo.imaging.headers import jpeg_scans, read_header

PIXELS = 100_000_000


def smooth(height=60, width=80):
    small = np.random.default_rng(3).integers(40, 216, (3, 4, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def pillow(picture: Image.Image, format: str, **options) -> bytes:
    data = io.BytesIO()
    picture.save(data, format, **options)
    return data.getvalue()


def read(data: bytes, max_pixels: int = PIXELS) -> np.ndarray:
    read_header(data, max_pixels)
    return decode(data)


def reason_of(data: bytes, max_pixels: int = PIXELS) -> Reason:
    with pytest.raises(FetchError) as caught:
        read(data, max_pixels)
    return caught.value.reason


RGB = smooth()
PHOTO = Image.fromarray(RGB)
JPEG = pillow(PHOTO, "JPEG", quality=95)


@pytest.mark.parametrize(("data", "expected", "tolerance"), [
    (pillow(PHOTO, "PNG"), RGB, 0),
    (JPEG, RGB, 6),
    (pillow(PHOTO.convert("CMYK"), "JPEG", quality=95), RGB, 12),
    (pillow(PHOTO.convert("L"), "JPEG", quality=95), np.asarray(PHOTO.convert("L").convert("RGB")), 6),
    (pillow(PHOTO.convert("1"), "PNG"), np.asarray(PHOTO.convert("1").convert("RGB")), 0),
    (cv2.imencode(".png", RGB[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes(), RGB, 1),
    (pillow(PHOTO.convert("RGBA"), "PNG"), RGB, 0),
    (pillow(PHOTO.quantize(64), "PNG"), np.asarray(PHOTO.quantize(64).convert("RGB")), 0),
    (pillow(PHOTO.quantize(64), "GIF"), np.asarray(PHOTO.quantize(64).convert("RGB")), 0),
    (pillow(PHOTO, "BMP"), RGB, 0),
    (pillow(PHOTO, "WEBP", lossless=True), RGB, 0),
    (JPEG + b"PK\x03\x04" + bytes(5000), RGB, 6),
], ids=["png", "jpeg", "cmyk", "grey", "bilevel", "16-bit", "alpha", "palette", "gif", "bmp", "webp", "zip-tail"])
def test_every_kind_of_picture_becomes_8_bit_rgb(data, expected, tolerance):
    picture = read(data)
    assert picture.dtype == np.uint8
    assert picture.shape == RGB.shape
    assert np.abs(picture.astype(int) - expected).max() <= tolerance


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_an_animation_gives_its_first_frame(format):
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue", "lime")]
    options = {"lossless": True} if format == "WEBP" else {}
    picture = read(pillow(frames[0], format, save_all=True, append_images=frames[1:], **options))
    assert (picture == (255, 0, 0)).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_or_not_as_asked_and_the_header_knows_the_size(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = pillow(PHOTO, "JPEG", quality=95, exif=exif)
    upright = {1: RGB, 2: RGB[:, ::-1], 3: RGB[::-1, ::-1], 4: RGB[::-1], 5: RGB.transpose(1, 0, 2),
               6: np.rot90(RGB, -1), 7: RGB.transpose(1, 0, 2)[::-1, ::-1], 8: np.rot90(RGB)}[orientation]
    header = read_header(data, PIXELS)
    for apply_exif, expected in ((True, upright), (False, RGB)):
        picture = decode(data, apply_exif=apply_exif)
        assert header.size(apply_exif=apply_exif) == (picture.shape[1], picture.shape[0])
        assert np.abs(picture.astype(int) - expected).max() <= 6
        halved = decode(data, reduction=2, apply_exif=apply_exif)
        assert halved.shape[:2] == (picture.shape[0] // 2, picture.shape[1] // 2)


@pytest.mark.parametrize("data", [
    b"", b"\xff", b"<html><body>not found</body></html>", b"RIFF\x24\0\0\0WAVEfmt ", b"BMW is no picture", bytes(1000),
    pillow(PHOTO, "TIFF"), pillow(PHOTO, "PPM"), b"%PDF-1.4\n", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"])
def test_what_is_no_picture_of_a_kind_that_is_read_has_a_reason(data):
    assert reason_of(data) is Reason.NOT_AN_IMAGE


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_truncated_jpeg_is_a_reason_and_never_another_photographs_pixels(share):
    decode(pillow(Image.new("RGB", (80, 60), "magenta"), "JPEG"))  # what a careless decoder would show again
    assert reason_of(JPEG[:int(len(JPEG) * share)]) is Reason.DAMAGED_IMAGE


def test_a_truncated_or_damaged_png_is_a_reason(capfd):
    data = pillow(PHOTO, "PNG")
    assert reason_of(data[:len(data) // 2]) is Reason.DAMAGED_IMAGE
    damaged = bytearray(data)
    damaged[len(data) // 2:len(data) // 2 + 40] = bytes(40)
    assert reason_of(bytes(damaged)) is Reason.DAMAGED_IMAGE


def test_missing_rows_of_an_animated_png_are_a_reason_and_never_another_photographs_pixels():
    """OpenCV shows what was in memory before for rows of an animation that are not there."""
    frames = [Image.fromarray(smooth(90, 120)), Image.new("RGB", (120, 90), "blue")]
    whole = pillow(frames[0], "PNG", save_all=True, append_images=frames[1:])
    assert (read(whole) == np.asarray(frames[0])).all()
    at = whole.index(b"IDAT")
    length = int.from_bytes(whole[at - 4:at])
    pixels = zlib.decompress(whole[at + 4:at + 4 + length])
    short = zlib.compress(pixels[:-5 * 361])
    part = b"IDAT" + short
    data = (whole[:at - 4] + struct.pack(">I", len(short)) + part + struct.pack(">I", zlib.crc32(part))
            + whole[at + 4 + length + 4:])
    decode(pillow(Image.new("RGB", (120, 90), "magenta"), "PNG"))
    assert reason_of(data) is Reason.DAMAGED_IMAGE


def test_a_jpeg_damaged_in_the_middle_has_a_reason_or_its_own_size():
    """libjpeg mends what it can and says nothing: such a picture is taken, but it is never of another size."""
    for start in range(300, len(JPEG) - 60, 97):
        damaged = bytearray(JPEG)
        damaged[start:start + 25] = b"\x55" * 25
        with suppress(FetchError):
            assert read(bytes(damaged)).shape == RGB.shape


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))


def test_a_header_that_claims_too_many_pixels_is_refused_before_decoding(monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", lambda *args: pytest.fail("the picture was decoded"))
    giant = bytearray(JPEG)
    size = giant.index(b"\xff\xc0") + 5
    giant[size:size + 4] = struct.pack(">HH", 30000, 30000)
    for data in (png_claiming(30000, 30000), png_claiming(2**31 - 1, 2**31 - 1), bytes(giant)):
        assert reason_of(data) is Reason.TOO_MANY_PIXELS
    assert reason_of(JPEG, max_pixels=60 * 80 - 1) is Reason.TOO_MANY_PIXELS


def test_a_png_part_that_claims_gigabytes_is_refused_before_decoding(monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", lambda *args: pytest.fail("the picture was decoded"))
    data = bytearray(pillow(PHOTO, "PNG"))
    at = data.index(b"IDAT") - 4
    data[at:at + 4] = struct.pack(">I", 2_100_000_000)
    assert reason_of(bytes(data)) is Reason.DAMAGED_IMAGE


@pytest.mark.parametrize(("side", "factor"), [
    (199, 1), (200, 1), (399, 1), (400, 2), (799, 2), (800, 4), (1600, 8), (9999, 8)])
def test_a_reduction_never_takes_a_crop_below_its_stored_side(side, factor):
    assert reduction_for(side, 200) == factor


@pytest.mark.parametrize("data", [
    b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a",
    *(pillow(PHOTO, kind)[:-len(pillow(PHOTO, kind)) // 3] for kind in ("WEBP", "PNG", "JPEG"))])
def test_what_begins_as_a_picture_and_is_cut_is_damaged(data):
    assert reason_of(data) is Reason.DAMAGED_IMAGE


def part(code: int, content: bytes) -> bytes:
    return bytes((0xFF, code)) + (len(content) + 2).to_bytes(2) + content


def coded(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8).replace(b"\xff", b"\xff\0")


def many_scans(scans: int, side: int) -> bytes:
    """A sound gray progressive JPEG of so many scans in which nothing changes."""
    blocks = (-(-side // 8)) ** 2
    start = (b"\xff\xd8" + part(0xDB, b"\0" + b"\1" * 64)
             + part(0xC2, b"\x08" + side.to_bytes(2) * 2 + b"\1\1\x11\0")
             + part(0xC4, b"\0" + bytes([1] + [0] * 15) + b"\0")
             + part(0xC4, b"\x10" + bytes([1, 1] + [0] * 14) + b"\xe0\0"))
    first = part(0xDA, b"\1\1\0\0\0\0") + coded("0" * blocks)
    runs, left = "", blocks
    while left >= 1 << 14:
        run = min(left, (1 << 15) - 1)
        runs, left = f"{runs}0{run - (1 << 14):014b}", left - run
    return start + first + (part(0xDA, b"\1\1\0\x01\x3f\0") + coded(runs + "10" * left)) * scans + b"\xff\xd9"


def test_a_jpeg_of_very_many_scans_is_refused_before_decoding():
    """A thousand of 98 megapixels are 0.3 MB and decode for 25 seconds."""
    data = many_scans(1000, 9900)
    assert len(data) < 400_000
    with pytest.raises(FetchError, match=r"too_costly: 1001 scans of 98\.0 megapixels"):
        read_header(data, 10**8)
    with pytest.raises(FetchError, match="too_costly: 101 scans"):
        read_header(many_scans(100, 64), 10**8)
    assert read_header(many_scans(9, 9900), 10**8).width == 9900
    assert decode(many_scans(98, 64)).shape == (64, 64, 3)


def test_scans_are_counted_up_to_a_jpegs_end_and_not_in_its_thumbnail():
    progressive = pillow(PHOTO, "JPEG", progressive=True)
    scans = jpeg_scans(progressive)
    assert 5 <= scans <= 15
    assert jpeg_scans(pillow(PHOTO, "JPEG")) == 1
    with_thumbnail = progressive[:2] + part(0xE1, b"some\0" + progressive[:900] * 50) + progressive[2:]
    assert jpeg_scans(with_thumbnail + b"\xff\xda" * 500) == scans  # a video behind it, as telephones append
    assert decode(with_thumbnail).shape == decode(progressive).shape


def test_a_picture_that_is_not_decoded_in_time_is_given_up(monkeypatch):
    released, sound = threading.Event(), cv2.imdecode
    data = pillow(Image.fromarray(np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)), "PNG")
    assert decode(data).shape == (400, 400, 3)
    monkeypatch.setattr("fecemo.imaging.decode.MAX_SECONDS", 0.05)
    monkeypatch.setattr(cv2, "imdecode", lambda *args: released.wait(30) and sound(*args))
    with pytest.raises(FetchError, match=r"too_costly: not decoded within 0\.05 seconds"):
        decode(data)
    released.set()
