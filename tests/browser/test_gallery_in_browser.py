"""The gallery in a real browser, opened from the disk as an archivist does: what a person sees, finds and takes out.

Pictures of it are kept in the folder that the variable ``ARTIFACTS`` names.
"""

import csv
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from fecemo.archive.gallery import GRID, TILE, ShownFaces, faces_script, page_files, vectors_script, words_script
from fecemo.data.vocabulary import Name, Vocabulary
from fecemo.imaging.encode import encode_image

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (pip install "
                                                               "'fecemo[notebook,browser]')")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")

CLASSES = ("neutral", "happy", "anger", "</script><b>odd</b>")
HOUSE = Vocabulary(names={"anger": Name(under="upset; loud", words=("hopping mad",))})
N, TWIN = 5000, 4321
"""Faces, and the one whose vector is nearest to that of face 7."""
WIDE, TALL = 400, 300
"""Pixels of the photographs."""
BOX = (0.25, 0.5, 0.2, 0.6)
FACES_AT = {"=cmd 1,\"2\".png": [0, 1], "Schöne Tage/ä & <i>.png": list(range(2, N))}
"""Which faces are in which photograph; one has a name that a spreadsheet would run."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A gallery of five thousand faces beside its photographs."""
    root = tmp_path_factory.mktemp("archive")
    photos, out = root / "photographs of 1998", root / "gallery"
    rng = np.random.default_rng(3)
    for name in FACES_AT:
        path = photos / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_image(rng.integers(0, 255, (TALL, WIDE, 3)).astype(np.uint8), "png"))
    shares = np.zeros((N, len(CLASSES)))
    shares[:, 0], shares[:, 1] = 0.55, 0.45  # neutral, nearly happy
    shares[10:20] = (0.1, 0.85, 0.05, 0)  # happy
    shares[20:25] = (0.05, 0.05, 0.9, 0)  # anger
    shares[30] = (0, 0, 0, 1)
    shares[40:43] = 0  # of no name
    vectors = rng.normal(size=(N, 100))
    vectors[TWIN] = vectors[7] + 0.01
    photo_of = np.zeros(N, int)
    photo_of[FACES_AT[list(FACES_AT)[1]]] = 1
    shown = ShownFaces(CLASSES, HOUSE, np.arange(N), shares, True, list(FACES_AT), photo_of, np.tile(BOX, (N, 1)), {})
    (out / "sheets").mkdir(parents=True)
    for number in range(-(-N // GRID**2)):
        sheet = np.full((GRID * TILE, GRID * TILE, 3), 40 + 10 * number, np.uint8)
        (out / "sheets" / f"{number:04d}.jpg").write_bytes(encode_image(sheet, "jpeg", 80))
    texts = {**page_files(), "faces.js": faces_script("Photographs of 1998", "../photographs%20of%201998/", shown),
             "vectors.js": vectors_script(vectors), "words.js": words_script(CLASSES, HOUSE)}
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8")
    return out


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def page(browser, folder):
    """The page at 1280 pixels; at the end nothing was asked for beyond the archive's folder, and nothing failed."""
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    requests: list[str] = []
    faults: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto((folder / "index.html").as_uri())
    yield opened
    opened.close()
    root = folder.parent.as_uri() + "/"
    assert [url for url in requests if not url.startswith((root, "blob:", "data:"))] == []
    assert faults == []


def state(page) -> str:
    return page.locator("#state").inner_text()


def photograph(name):
    """Keep a picture of the page."""
    folder = os.environ.get("ARTIFACTS")
    return {"path": str(Path(folder) / name)} if folder else {}


def test_thousands_of_faces_scroll_with_a_few_tiles(page):
    assert state(page).startswith("5,000 of 5,000 faces")
    assert page.locator(".tile").first.inner_text() == "</script><b>odd</b> 100 %"
    page.screenshot(**photograph("gallery_1280.png"))
    page.locator("#grid").evaluate("grid => grid.scrollTop = grid.scrollHeight")
    page.wait_for_function("() => [...document.querySelectorAll('.tile')].some(tile => tile.dataset.place === '4999')")
    assert page.locator(".tile").count() < 300
    assert page.locator(".tile", has_text="not named").count() == 3  # the least confident come last


def test_expressions_confidence_and_folders_narrow_the_faces(page):
    page.get_by_role("button", name="happy 10").click()
    assert state(page).startswith("10 of")
    page.get_by_role("button", name="anger 5").first.click()
    assert state(page).startswith("15 of")
    page.locator("#confidence").evaluate("slider => { slider.value = 88; slider.oninput(); }")
    assert state(page).startswith("5 of")
    page.locator("#folder").fill("no such folder")
    assert state(page).startswith("0 of")
    page.locator("#folder").fill("schöne")
    assert state(page).startswith("5 of")


def test_a_house_s_names_are_chips_and_words(page):
    chips = page.locator("#chips button")
    texts = [chips.nth(place).inner_text() for place in range(chips.count())]
    assert texts[texts.index("upset 5") + 1] == "› anger 5"  # what stands under a name comes behind it
    assert texts[texts.index("loud 5") + 1] == "› anger 5"  # and behind each, where it stands under several
    chips.filter(has_text="anger").first.click()
    assert state(page).startswith("5 of")
    assert [chip.get_attribute("aria-pressed") for chip in chips.filter(has_text="anger").all()] == ["true"] * 2
    chips.filter(has_text="anger").last.click()
    page.get_by_role("button", name="upset 5").click()
    assert state(page).startswith("5 of")
    page.get_by_role("button", name="upset 5").click()
    page.locator("#words").fill("hopping mad but not happy")
    page.wait_for_function("() => document.querySelector('#state').textContent.includes('hopping')")
    assert state(page).startswith("5 called anger, of 5,000 faces")
    assert page.locator(".tile").first.inner_text() == "anger 90 %"


def test_words_find_emotions_and_unknown_words_are_named(page):
    page.locator("#words").fill("furious")
    page.wait_for_function("() => document.querySelector('#state').textContent.includes('furious')")
    assert state(page).startswith("5 called anger, of 5,000 faces")  # nobody else is half as angry
    assert [page.locator(".tile").nth(place).inner_text() for place in range(page.locator(".tile").count())] == [
        "anger 90 %"] * 5
    page.get_by_role("button", name="Show 10 still less alike").click()
    assert state(page).startswith("5 called anger; below: 10 less alike")
    heading, last, following = (page.locator(f".tile[data-place='{place}']").bounding_box() if place else
                               page.locator("#heading").bounding_box() for place in ("", 4, 5))
    assert last["y"] + last["height"] <= heading["y"]
    assert heading["y"] + heading["height"] <= following["y"]
    page.screenshot(**photograph("gallery_words_1280.png"))
    page.get_by_role("button", name="Hide the least alike").click()
    assert page.locator(".tile").count() == 5
    page.locator("#words").fill("joyful qwertzuiop")
    page.wait_for_function("() => document.querySelector('#state').textContent.includes('qwertzuiop')")
    assert "Unknown word" in state(page)
    assert "10 called happy; below: 4,981 less alike" in state(page)  # nearly as happy as those
    assert page.locator(".tile").first.inner_text() == "happy 85 %"


def test_a_face_is_shown_in_its_photograph_and_leads_to_those_like_it(page):
    page.locator("#grid").press("Home")
    page.locator("#folder").fill("=cmd")
    page.locator(".tile").first.click()
    page.wait_for_function("() => !document.querySelector('#box').hidden")
    page.screenshot(**photograph("gallery_detail_1280.png"))
    image, box = page.locator("#photo").bounding_box(), page.locator("#box").bounding_box()
    left, right, top, bottom = BOX
    expected = (image["x"] + left * image["width"], image["y"] + top * image["height"],
                (right - left) * image["width"], (bottom - top) * image["height"])
    assert np.allclose((box["x"], box["y"], box["width"], box["height"]), expected, atol=1.5)
    page.keyboard.press("Escape")
    page.locator("#folder").fill("")
    page.locator("#chips").get_by_text("neutral").click()
    page.locator(".tile").nth(7).click()
    page.locator("#like").click()
    page.wait_for_function("() => document.querySelector('#state').textContent.includes('likeness')")
    page.locator(".tile").nth(0).press("Space")
    page.locator(".tile").nth(1).press("Space")
    assert saved(page)[1:]
    assert {line["row"] for line in saved(page)} == {"7", str(TWIN)}


def saved(page) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.locator("#save").click()
    with Path(download.value.path()).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_selection_comes_out_as_a_table_that_no_spreadsheet_runs(page):
    page.locator("#folder").fill("=cmd")
    page.locator(".tile").first.focus()
    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    lines = saved(page)
    assert [line["row"] for line in lines] == ["0", "1"]
    assert lines[0]["photo"] == "'=cmd 1,\"2\".png"
    assert lines[0]["shows"] == "neutral"
    assert np.allclose([float(lines[0][side]) for side in ("left", "right", "top", "bottom")], BOX, atol=1e-4)
    page.locator("#clear").click()
    assert page.locator("#selection").is_hidden()


def test_a_phone_shows_faces_at_once_and_nothing_is_cut(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => document.querySelector('#space').clientWidth < 390")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".tile").first.bounding_box()["y"] < 844 / 2
    page.screenshot(**photograph("gallery_390.png"))
    page.locator(".tile").first.click()
    page.wait_for_function("() => !document.querySelector('#box').hidden")
    page.screenshot(**photograph("gallery_detail_390.png"))
    close = page.locator("#close").bounding_box()
    assert close["y"] + close["height"] <= 844
    assert close["x"] + close["width"] <= 390


def test_photographs_that_are_gone_leave_the_stored_face(browser, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "gallery")
    opened = browser.new_page()
    opened.goto((tmp_path / "gallery" / "index.html").as_uri())
    opened.locator(".tile").first.click()
    opened.wait_for_function("() => !document.querySelector('#face').hidden")
    assert opened.locator("#photo").is_hidden()
    (tmp_path / "gallery" / "vectors.js").unlink()
    opened.locator("#like").click()
    opened.wait_for_function("() => document.querySelector('#state').textContent.includes('vectors.js is missing')")
    opened.close()
