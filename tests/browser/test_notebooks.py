"""Plots and tables of the notebooks, in JupyterLab and a real browser."""

import json
import os
import subprocess
import sys

import pytest
from playwright.sync_api import TimeoutError

from topicdesk.errors import TopicdeskError
from topicdesk.project import find_project
from topicdesk.tracking import load_labeller

PROJECT = find_project(__file__)
EXECUTED = PROJECT.root / "docs" / "executed"
NAMES = [path.name for path in sorted((PROJECT.root / "notebooks").glob("*.ipynb"))]

# The screenshot shows the cell that contains this text.
SHOWN = {
    "0-import.ipynb": "plot_corpus",
    "1-annotate.ipynb": "topicdesk.annotate(",
    "2-compare.ipynb": "plot.leaderboard",
    "3-review.ipynb": "read_run",
    "4-label-new.ipynb": "model.explain",
}


@pytest.fixture(scope="module")
def executed():
    """Return the folder of executed copies, after updating those older than the notebooks or the code."""
    try:
        load_labeller("models:/topicdesk-topics@champion", PROJECT)
    except TopicdeskError:
        pytest.skip("there is no champion to label with: run 'make reproduce' first, as README says")
    subprocess.run(["make", "--silent", "docs/executed/.ready"], cwd=PROJECT.root, check=True)
    return EXECUTED


def count_outputs(path):
    """Count the plots and tables in the outputs of a notebook."""
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    outputs = [output.get("data", {}) for cell in cells for output in cell["outputs"]]
    plots = sum("image/png" in data for data in outputs)
    static = [data for data in outputs if "application/vnd.jupyter.widget-view+json" not in data]
    return plots, sum("".join(data.get("text/html", "")).count("<table") for data in static)


def run_all(page):
    """Run all cells. Repeat the clicks, because a page that is still loading loses them."""
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


def test_notebooks_show_their_plots_and_tables(executed, jupyter, chromium, screenshots):
    lab = jupyter(PROJECT.root)
    names = [str(EXECUTED.relative_to(PROJECT.root) / name) for name in NAMES]
    trust = [sys.executable, "-m", "jupyter", "trust", *names]
    subprocess.run(trust, cwd=PROJECT.root, env={**os.environ, **lab.environment}, capture_output=True, check=True)
    screenshots.mkdir(exist_ok=True)
    for name in NAMES:
        page = chromium.new_page(viewport={"width": 1200, "height": 950})
        errors = []
        page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
        page.on(
            "request",
            lambda request, errors=errors: (
                request.url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:"))
                or errors.append(f"asks {request.url}")
            ),
        )
        lab.open(page, f"docs/executed/{name}")
        if name == "1-annotate.ipynb":  # the widget needs its kernel
            run_all(page)
            page.get_by_text("2 labelled in this session").wait_for()
            page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
        plots, tables = count_outputs(EXECUTED / name)
        assert plots + tables > 2, name
        outputs = page.locator(".jp-OutputArea")
        outputs.locator(".jp-RenderedImage img").nth(plots - 1).wait_for(state="attached")
        assert outputs.locator(".jp-RenderedImage img").count() >= plots, name
        assert outputs.locator("table").count() >= tables, name
        broken = "images => images.filter(image => image.complete && image.naturalWidth === 0).length"
        assert outputs.locator(".jp-RenderedImage img").evaluate_all(broken) == 0
        cell = page.locator(".jp-CodeCell", has_text=SHOWN[name]).first
        cell.evaluate("cell => cell.scrollIntoView({block: 'start'})")
        page.wait_for_timeout(500)
        page.screenshot(path=screenshots / f"notebook-{name.removesuffix('.ipynb')}.png")
        assert not errors, name
        page.close()
