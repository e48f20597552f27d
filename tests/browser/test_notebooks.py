"""The notebooks in a real JupyterLab, in a real browser: their pictures and tables show."""

import json
import os
import subprocess
import sys

import pytest
from playwright.sync_api import TimeoutError

from topicdesk import load_labeller
from topicdesk.errors import TopicdeskError
from topicdesk.project import find_project

PROJECT = find_project(__file__)
EXECUTED = PROJECT.root / "docs" / "executed"
NAMES = [path.name for path in sorted((PROJECT.root / "notebooks").glob("*.ipynb"))]

# Where the page is looked at for the screenshot: the cell that holds this.
SHOWN = {
    "0-import.ipynb": "plot_corpus",
    "1-annotate.ipynb": "topicdesk.annotate(",
    "2-compare.ipynb": "plot_leaderboard",
    "3-review.ipynb": "read_run",
    "4-label-new.ipynb": "labeller.explain",
}


@pytest.fixture(scope="module")
def executed():
    """Give the executed copies; they are made where they are older than the notebooks or the code."""
    try:
        load_labeller("models:/topicdesk-topics@champion", PROJECT)
    except TopicdeskError:
        pytest.skip("there is no champion to label with: run 'make reproduce' first, as README says")
    subprocess.run(["make", "--silent", "docs/executed/.ready"], cwd=PROJECT.root, check=True)
    return EXECUTED


def outputs_of(path):
    """Count the pictures and the tables that a notebook's cells gave."""
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    shown = [output.get("data", {}) for cell in cells for output in cell["outputs"]]
    pictures = sum("image/png" in data for data in shown)
    live = [data for data in shown if "application/vnd.jupyter.widget-view+json" not in data]
    return pictures, sum("".join(data.get("text/html", "")).count("<table") for data in live)


def run_all(page):
    """Run every cell; a page that is still being put together loses clicks."""
    busy = page.locator(".jp-Notebook-ExecutionIndicator[data-status='busy']")
    for _ in range(60):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            busy.wait_for(timeout=10_000)
        except TimeoutError:
            page.keyboard.press("Escape")
        else:
            return
    raise AssertionError("JupyterLab does not begin to run the cells")


def test_each_shows_its_pictures_and_tables(executed, jupyter, chromium, screenshots):
    lab = jupyter(PROJECT.root)
    names = [str(EXECUTED.relative_to(PROJECT.root) / name) for name in NAMES]
    trust = [sys.executable, "-m", "jupyter", "trust", *names]
    subprocess.run(trust, cwd=PROJECT.root, env={**os.environ, **lab.environment}, capture_output=True, check=True)
    screenshots.mkdir(exist_ok=True)
    for name in NAMES:
        page = chromium.new_page(viewport={"width": 1200, "height": 950})
        faults = []
        page.on("pageerror", lambda error, faults=faults: faults.append(str(error)))
        page.on(
            "request",
            lambda request, faults=faults: (
                request.url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:"))
                or faults.append(f"asks {request.url}")
            ),
        )
        lab.open(page, f"docs/executed/{name}")
        if name == "1-annotate.ipynb":  # the widget needs its kernel
            run_all(page)
            page.get_by_text("2 labelled in this session").wait_for()
            page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
        pictures, tables = outputs_of(EXECUTED / name)
        assert pictures + tables > 2, name
        seen = page.locator(".jp-OutputArea")
        seen.locator(".jp-RenderedImage img").nth(pictures - 1).wait_for(state="attached")
        assert seen.locator(".jp-RenderedImage img").count() >= pictures, name
        assert seen.locator("table").count() >= tables, name
        broken = "images => images.filter(image => image.complete && image.naturalWidth === 0).length"
        assert seen.locator(".jp-RenderedImage img").evaluate_all(broken) == 0
        cell = page.locator(".jp-CodeCell", has_text=SHOWN[name]).first
        cell.evaluate("cell => cell.scrollIntoView({block: 'start'})")
        page.wait_for_timeout(500)
        page.screenshot(path=screenshots / f"notebook-{name.removesuffix('.ipynb')}.png")
        assert not faults, name
        page.close()
