"""MLflow's pages of an experiment in a real browser."""

import socket

import pytest

from topicdesk.errors import TrackingError
from topicdesk.experiment import log_experiment, run_experiment
from topicdesk.tracking import serve_pages

pytestmark = pytest.mark.usefixtures("store")


@pytest.mark.browser
def test_serve_pages_shows_the_experiment_its_child_runs_and_the_leaderboard(project, chromium, screenshots, free_port):
    from playwright.sync_api import expect

    spec = project.root / "experiments" / "small.toml"
    spec.write_text(spec.read_text().replace('title = "Small newsroom"', 'title = "<img src=x onerror=alert(1)>"'))
    (run,) = log_experiment(run_experiment(spec, n_jobs=1))
    dialogs = []
    with serve_pages(project, free_port, "small") as (address, _):
        page = chromium.new_page(viewport={"width": 1500, "height": 1000})
        page.on("dialog", lambda dialog: dialogs.append(dialog.message) or dialog.dismiss())
        page.goto(address)
        # The list of runs: one parent run with the main columns. Its child runs are collapsed.
        parent = page.get_by_role("link", name=run.run_name)
        expect(parent).to_be_visible()
        expect(page.get_by_role("link", name="linear-svm")).to_have_count(0)
        expect(page.get_by_text("macro_f1", exact=True).first).to_be_visible()
        expect(page.get_by_text("macro_f1/low").first).to_be_visible()
        page.screenshot(path=screenshots / "mlflow-runs.png")
        address = address.partition("?")[0]
        # The parent run: a description with verdict and leaderboard, and links to the child runs.
        page.goto(address.replace("/runs", f"/runs/{run.run_id}"))
        expect(page.get_by_text("Verdict.")).to_be_visible()
        expect(page.get_by_role("link", name="linear-svm").first).to_be_visible()
        page.get_by_role("button", name="Show more").or_(page.get_by_text("Show more", exact=True)).first.click()
        expect(page.get_by_role("table").get_by_text("macro-F1 [95 %]")).to_be_visible()
        expect(page.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
        assert page.locator("img[src='x']").count() == 0
        expect(page.get_by_role("link", name="Open the report")).to_be_visible()
        page.get_by_text("leads with macro-F1").scroll_into_view_if_needed()
        page.screenshot(path=screenshots / "mlflow-comparison.png")
        # Its plots.
        page.goto(address.replace("/runs", f"/runs/{run.run_id}/artifacts/visual-1-leaderboard.png"))
        picture = page.locator("img[src^='blob:']").first
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.naturalWidth") > 400
        page.screenshot(path=screenshots / "mlflow-picture.png")
        # The report, displayed inside MLflow's page.
        page.goto("about:blank")
        page.goto(address.replace("/runs", f"/runs/{run.run_id}/artifacts/report.html"))
        report = page.frame_locator("iframe").first
        expect(report.get_by_role("heading", name="Decision")).to_be_visible()
        page.screenshot(path=screenshots / "mlflow-report.png")
        # The registered model.
        page.goto("about:blank")
        page.goto(address.partition("/#")[0] + "/#/models/topicdesk-small")
        expect(page.get_by_text("champion").first).to_be_visible()
        page.screenshot(path=screenshots / "mlflow-model.png")
    assert dialogs == []


@pytest.mark.slow
def test_serve_pages_reports_a_port_in_use(project):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(TrackingError, match=f"port {port} of 127.0.0.1 is in use"), serve_pages(project, port, "x"):
            pytest.fail("the server started on a port in use")
