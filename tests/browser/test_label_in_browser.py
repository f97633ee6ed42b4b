"""The labelling notebook in a real browser, against a real Jupyter server: what a person sees and does.

Pictures of it are kept in the folder that the variable ``ARTIFACTS`` names.
"""

import io
import math
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fecemo.data.cluster_names import read_hand_names
from fecemo.drawn.expression import EMOTIONS
from fecemo.labelling.keys import keys_of_names
from fecemo.labelling.names_file import file_of
from fecemo.labelling.session import LabellingSession
from fecemo.naming_board import label_and_score
from fecemo.stages.label_run import LabelRun
from fecemo.study.layout import RunLayout
from tests.integration.run_to_name import APPROACH, VARIANT, RunToName, emotion_of_group

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "label_clusters.ipynb"
DEMO_RECIPE = ROOT / "pipelines" / "recipes" / "demo.yaml"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (pip install "
                                                               "'fecemo[notebook,browser]')")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed (pip install 'fecemo[notebook]')")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
WAIT = 90_000
"""Milliseconds after which a page has failed; never slept through."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return RunToName(tmp_path_factory.mktemp("browser")).make()


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    folder = Path(os.environ.get("ARTIFACTS") or tmp_path_factory.mktemp("artifacts"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Return a copy of the demo run, where `make demo` has made one. What naming reads alone is linked."""
    if not (ROOT / "runs/demo/report.html").is_file():
        pytest.skip("there is no demo run (make demo)")
    layout = RunLayout(tmp_path_factory.mktemp("demo") / "demo")
    layout.run.mkdir()
    for part in (ROOT / "runs/demo").iterdir():
        if part.name in ("datasets", "models", "outputs", "clusters", "assigned", "maps", "drawn"):
            (layout.run / part.name).symlink_to(part)
    return layout


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Run a Jupyter server. Returns its address and the folder that it serves."""
    folder = tmp_path_factory.mktemp("notebooks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {name: str(tmp_path_factory.mktemp(name)) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR",
                                                                  "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    settings = Path(home["JUPYTER_CONFIG_DIR"]) / "lab/user-settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')  # asks nothing over the board
    environment = {**os.environ, **home, "PYTHONPATH": str(ROOT)}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", "--ip=127.0.0.1", f"--port={port}",
             "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}",
             "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"],
            env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api", server, folder / "server.log")
        yield address, folder
    finally:
        server.terminate()
        server.wait(timeout=30)


def notebook_on(server, run, recipe, name):
    """Serve the notebook, opened on a run. Returns its address."""
    address, folder = server
    text = NOTEBOOK.read_text(encoding="utf-8").replace("../runs/demo", str(run))
    (folder / f"{name}.ipynb").write_text(text.replace("../pipelines/recipes/demo.yaml", str(recipe)))
    return f"{address}/doc/tree/{name}.ipynb"


def _wait_for(url, server, log):
    for _ in range(240):
        try:
            urllib.request.urlopen(url, timeout=5)
            return
        except (urllib.error.URLError, OSError):
            assert server.poll() is None, log.read_text()
            time.sleep(0.25)
    pytest.fail(f"the Jupyter server did not come up: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def page():
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"])
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(WAIT)
        yield page
        browser.close()


def open_board(page, address, by):
    page.goto(address, wait_until="domcontentloaded")
    page.get_by_role("button", name="| Idle").wait_for()  # the kernel has come up, and the menus are whole
    page.get_by_text("Run", exact=True).first.click()
    page.get_by_text("Run All Cells", exact=True).click()
    board = page.locator(".fecemo-board")
    board.wait_for()
    who = page.get_by_placeholder("your name")
    if who.input_value() != by:
        who.fill(by)
    who.press("Tab")
    page.keyboard.press("Enter")  # on the button beside the name
    page.locator(".fecemo-faces img").first.wait_for()
    page.wait_for_function("""() => {  // the faces are seen without scrolling
        const face = document.querySelector('.fecemo-faces img').getBoundingClientRect();
        return face.height > 0 && face.top >= 0 && face.bottom <= innerHeight;
    }""")
    return board


def coloured_share(png):
    """Return the share of pixels that have a colour, neither white nor grey."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    return float((np.ptp(pixels, axis=-1) > 40).mean())


def wait_for_the_map(page):
    """Wait until the map is drawn: its points have colours."""
    canvas = page.locator(".fecemo-plot canvas").first
    canvas.wait_for()
    for _ in range(40):
        if (share := coloured_share(canvas.screenshot())) > 0.002:
            break
        page.wait_for_timeout(250)
    assert share > 0.002
    return canvas


def test_a_person_names_all_clusters_by_key_and_goes_on_after_a_reload(run, server, page, artifacts):
    address = notebook_on(server, run.layout.run, run.recipe, "planted")
    board = open_board(page, address, "ann")
    page.wait_for_function("document.activeElement.classList.contains('fecemo-board')")
    canvas = wait_for_the_map(page)
    page.screenshot(path=artifacts / "board.png")

    # The lasso selects.
    page.get_by_title("Activate lasso selection").click()
    box = canvas.bounding_box()
    middle, radius = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), 0.47 * box["height"]
    page.mouse.move(middle[0] + radius, middle[1])
    page.mouse.down()
    for step in range(1, 41):
        angle = 2 * math.pi * step / 40
        page.mouse.move(middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle))
    page.mouse.up()
    chosen = page.get_by_text("target faces chosen")
    chosen.wait_for()
    assert int(chosen.inner_text().split()[0]) > 0
    page.screenshot(path=artifacts / "lasso.png")

    # One key names a cluster; the next one without a name comes up by itself.
    page.locator(".fecemo-group h3").click()
    opened = LabelRun(run.layout.run, run.recipe, label_and_score).open(APPROACH, VARIANT, "ann")
    groups = LabellingSession(opened.clustering, opened.path, "ann").groups
    told = {}
    for count in range(8):
        here = page.locator(".fecemo-group h3").inner_text().removeprefix("Cluster ")
        told[here] = emotion_of_group(groups, here)
        page.keyboard.press(keys_of_names(EMOTIONS)[told[here]])
        page.get_by_text(f"{count + 1} of 8 clusters named, with").wait_for()
        if count == 3:  # half way: the page is loaded anew, and the session goes on
            page.screenshot(path=artifacts / "half.png")
            board = open_board(page, address, "ann")
            page.get_by_text("4 of 8 clusters named, with").wait_for()
            page.wait_for_function("document.activeElement.classList.contains('fecemo-board')")
    assert sorted(told.values()) == sorted(EMOTIONS)

    # Keys do not name while a person types.
    page.keyboard.press("Enter")
    page.keyboard.type("1 of 2 tones")
    page.keyboard.press("Enter")
    page.get_by_text("“1 of 2 tones”").wait_for()

    # The row of the table, by keyboard too; a button that the pointer has pressed takes no later key.
    page.get_by_role("button", name="unsure (u)").click()
    page.wait_for_function("document.activeElement.classList.contains('fecemo-board')")
    page.get_by_role("button", name="unsure (u)").click()
    page.get_by_role("button", name="Label and evaluate").focus()
    page.keyboard.press("Enter")
    page.locator(".fecemo-end table").first.wait_for()
    assert "by hand" in page.locator(".fecemo-end").inner_text()
    board.scroll_into_view_if_needed()
    page.locator(".fecemo-end").scroll_into_view_if_needed()
    page.screenshot(path=artifacts / "end.png")

    # The file is what was done.
    stored = read_hand_names(run.names_path)
    assert (stored.names, stored.by, stored.target_labels_shown) == (told, "ann", False)
    assert list(stored.notes.values()) == ["1 of 2 tones"]
    assert (stored.unsure, stored.faces_viewed) == ((), 96)


def test_names_are_written_and_single_faces_moved_by_keyboard_and_pointer(run, server, page, artifacts):
    page.set_viewport_size({"width": 1280, "height": 900})
    board = open_board(page, notebook_on(server, run.layout.run, run.recipe, "further"), "bob")
    page.wait_for_function("document.activeElement.classList.contains('fecemo-board')")
    page.keyboard.press("/")
    page.keyboard.type("upset/sad")
    page.keyboard.press("Enter")
    page.get_by_text("1 of 8 clusters named, with").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("sad; tired")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="new name: sad; tired (!)").wait_for()
    page.keyboard.press("!")
    page.get_by_text("2 of 8 clusters named, with").wait_for()

    # Faces by keyboard: the second one, set aside as no face; then by the pointer.
    here = page.locator(".fecemo-group h3").inner_text().removeprefix("Cluster ")
    page.keyboard.press("s")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.get_by_text("1 face chosen").wait_for()
    page.screenshot(path=artifacts / "faces.png")
    page.keyboard.press("0")
    page.locator(".fecemo-face span", has_text="not a face").wait_for()
    page.locator(".fecemo-face").nth(3).click()
    page.get_by_text("1 face chosen").wait_for()
    page.keyboard.press(keys_of_names(EMOTIONS)["sad"])
    page.locator(".fecemo-face span", has_text="sad").wait_for()
    assert page.locator(".fecemo-group h3").inner_text() == f"Cluster {here}"  # the cluster waits for its name
    page.screenshot(path=artifacts / "moved.png")
    stored = read_hand_names(file_of(run.names_path, "bob"))
    assert list(stored.names.values()) == ["sad", "sad; tired"]
    assert sorted(stored.faces.values()) == ["not a face", "sad"]
    assert stored.vocabulary.above("sad") == ("upset",)

    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(500)
    page.screenshot(path=artifacts / "phone.png")
    page.locator(".fecemo-group").scroll_into_view_if_needed()
    page.screenshot(path=artifacts / "phone_faces.png")
    assert board.evaluate("board => [...board.querySelectorAll('.fecemo-row, .fecemo-row > *, .fecemo-group')].filter("
                          "part => part.scrollWidth > board.clientWidth + 1).map(part => part.className)") == []


def test_the_clusters_of_the_demo_are_named_by_key(demo, server, page, artifacts):
    open_board(page, notebook_on(server, demo.run, DEMO_RECIPE, "demo"), "ann")
    page.wait_for_function("document.activeElement.classList.contains('fecemo-board')")
    wait_for_the_map(page)
    page.screenshot(path=artifacts / "demo.png")
    for count, key in enumerate("12345678"):
        page.keyboard.press(key)
        page.get_by_text(f"{count + 1} of 8 clusters named, with").wait_for()
    stored = read_hand_names(demo.hand_names("dense_autoencoder", "rgb"))
    assert (sorted(stored.names.values()), stored.by) == (sorted(EMOTIONS), "ann")
    page.keyboard.press("c")
    page.wait_for_timeout(500)
    page.screenshot(path=artifacts / "demo_named.png")
