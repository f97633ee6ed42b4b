"""Local files of every kind become 8-bit RGB, or a reason."""

import io
import os
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from fecemo.data.receipts import digest_file
from fecemo.imaging.decode import ImageFileError, read_image


@pytest.fixture(scope="module")
def picture():
    """A smooth colour picture, wider than high: three of its corners are told apart by colour."""
    corners = np.array([[[200, 40, 40], [40, 200, 40]], [[40, 40, 200], [90, 90, 90]]], np.uint8)
    return cv2.resize(corners, (64, 48), interpolation=cv2.INTER_LINEAR)


def gray_of(picture):
    return np.asarray(Image.fromarray(picture).convert("L"))


@pytest.mark.parametrize(("name", "mode", "tolerance"), [
    ("a.png", "RGB", 0), ("a.bmp", "RGB", 0), ("a.tif", "RGB", 0), ("a.jpg", "RGB", 3), ("a.webp", "RGB", 4),
    ("alpha.png", "RGBA", 0), ("palette.png", "P", 8), ("a.gif", "RGB", 8), ("cmyk.jpg", "CMYK", 4),
    ("cmyk.tif", "CMYK", 1),
])
def test_colour_pictures_of_every_kind_are_read_as_they_look(tmp_path, picture, name, mode, tolerance):
    image = Image.fromarray(picture)
    image = image.quantize(256) if mode == "P" else image.convert(mode)
    image.save(tmp_path / name, **({"quality": 95} if name.endswith(("jpg", "webp")) else {}))
    read = read_image(tmp_path / name)
    assert read.dtype == np.uint8
    assert read.shape == (48, 64, 3)
    assert np.abs(read.astype(int) - picture).mean() <= tolerance


@pytest.mark.parametrize(("name", "mode"), [("gray.png", "L"), ("gray_alpha.png", "LA"), ("gray.tif", "L")])
def test_gray_pictures_get_three_equal_channels(tmp_path, picture, name, mode):
    Image.fromarray(picture).convert(mode).save(tmp_path / name)
    assert np.array_equal(read_image(tmp_path / name), np.dstack([gray_of(picture)] * 3))


def test_sixteen_bits_become_eight(tmp_path, picture):
    cv2.imwrite(str(tmp_path / "deep.png"), picture[..., ::-1].astype(np.uint16) * 257)
    assert np.array_equal(read_image(tmp_path / "deep.png"), picture)


def test_two_colours_are_black_and_white(tmp_path):
    Image.fromarray(np.eye(8, dtype=bool)).save(tmp_path / "bits.png")
    assert np.array_equal(read_image(tmp_path / "bits.png")[..., 1], np.eye(8, dtype=np.uint8) * 255)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(tmp_path, picture, orientation):
    stored = Image.fromarray(picture)
    undo = {2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180], 4: [Image.Transpose.FLIP_TOP_BOTTOM],
            5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_90], 7: [Image.Transpose.TRANSVERSE],
            8: [Image.Transpose.ROTATE_270]}
    for step in undo.get(orientation, []):
        stored = stored.transpose(step)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "turned.jpg", quality=95, exif=exif)
    read = read_image(tmp_path / "turned.jpg")
    assert read.shape == picture.shape
    assert np.abs(read.astype(int) - picture).mean() < 3


def test_a_large_jpeg_may_be_read_smaller_but_never_below_what_is_asked(tmp_path, picture):
    Image.fromarray(cv2.resize(picture, (1000, 850))).save(tmp_path / "large.jpg")
    assert read_image(tmp_path / "large.jpg").shape == (850, 1000, 3)
    assert read_image(tmp_path / "large.jpg", at_least=200).shape[:2] == (213, 250)
    assert read_image(tmp_path / "large.jpg", at_least=300).shape[:2] == (425, 500)
    Image.fromarray(cv2.resize(picture, (1000, 850))).save(tmp_path / "large.png")
    assert read_image(tmp_path / "large.png", at_least=200).shape == (850, 1000, 3)


def encoded(picture, kind, **options):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def test_what_is_no_picture_has_a_reason(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    jpeg, png = encoded(noise, "JPEG"), encoded(noise, "PNG")
    claim = b"IHDR" + (30_000).to_bytes(4, "big") * 2 + png[24:29]
    huge_png = png[:12] + claim + zlib.crc32(claim).to_bytes(4, "big") + png[33:]
    reasons = {}
    for name, data in {
        "text.jpg": b"<html>not found</html>", "empty.jpg": b"", "cut.jpg": jpeg[: len(jpeg) // 2],
        "cut.png": png[: len(png) // 2], "header_only.png": png[:45], "huge.png": huge_png,
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ImageFileError) as caught:
            read_image(tmp_path / name)
        reasons[name] = caught.value.reason
    assert reasons == {
        "text.jpg": "not_an_image", "empty.jpg": "empty", "cut.jpg": "damaged_image", "cut.png": "damaged_image",
        "header_only.png": "damaged_image", "huge.png": "too_many_pixels",
    }


def test_a_file_that_cannot_be_opened_has_a_reason(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere.jpg")
    expected = {"missing.jpg": "No such file", "folder.jpg": "Is a directory", "dangling.jpg": "No such file"}
    for name, detail in expected.items():
        with pytest.raises(ImageFileError, match=f"cannot_open: {detail}"):
            read_image(tmp_path / name)


@pytest.mark.parametrize(("kind", "options"), [("webp", {"quality": 90}), ("tiff", {"compression": "tiff_lzw"})])
def test_a_cut_file_is_damaged_and_not_of_another_kind(tmp_path, kind, options):
    whole = io.BytesIO()
    Image.linear_gradient("L").resize((48, 48)).convert("RGB").save(whole, kind, **options)
    (tmp_path / f"cut.{kind}").write_bytes(whole.getvalue()[:len(whole.getvalue()) * 2 // 3])
    with pytest.raises(ImageFileError, match="damaged_image"):
        read_image(tmp_path / f"cut.{kind}")


@pytest.mark.parametrize("samples", [np.float32, np.int32])
def test_a_tiff_of_32_bit_samples_is_not_of_a_kind_that_is_read(tmp_path, samples):
    Image.fromarray(np.arange(48 * 48).reshape(48, 48).astype(samples)).save(tmp_path / "a.tif")
    with pytest.raises(ImageFileError, match="not_an_image: a TIFF of 32-bit samples"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"])
def test_a_pipe_or_a_device_is_no_picture_and_is_not_waited_for(tmp_path, make):
    make(tmp_path / "a.jpg")
    with pytest.raises(ImageFileError, match="cannot_open: it is no file"):
        read_image(tmp_path / "a.jpg")
    with pytest.raises(OSError, match="it is no file"):
        digest_file(tmp_path / "a.jpg")
