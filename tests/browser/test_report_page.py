"""The report in a real browser, opened from disk."""

import pandas as pd
import pytest

from topicdesk.corpus import read_corpus, write_corpus
from topicdesk.experiment import review_experiment, run_experiment

SECTIONS = [
    "question", "decision", "leaderboard", "significance", "data", "splits", "chosen", "topic-courts", "topic-rail",
    "suspects", "leakage", "cost", "environment", "again", "checklist",
]  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_report_fits_wide_and_narrow_screens_and_runs_no_script_of_an_article(
    project, tmp_path, chromium, screenshots, width, scheme
):
    from playwright.sync_api import expect

    corpus = project.corpora / "newsroom.parquet"
    articles = read_corpus(corpus)
    articles["title"] = "<img src=x onerror=alert(1)>"
    articles["source"] = pd.Series(['"><script>alert(2)</script>', "town.example"] * 45, dtype="str")
    write_corpus(articles, corpus)
    file = tmp_path / "report.html"
    file.write_text(
        review_experiment(run_experiment(project.root / "experiments" / "small.toml", n_jobs=1), n_jobs=1)[0].report
    )
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    messages, requested = [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("dialog", lambda dialog: messages.append(dialog.message) or dialog.dismiss())
    page.on("request", lambda request: requested.append(request.url))
    page.goto(file.as_uri())
    for section in SECTIONS:
        expect(page.locator(f"section#{section} :is(h1, h2)")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "only tables may scroll horizontally"
    assert page.locator("svg[role=img]").count() >= 4
    # Keyboard: the first tab stop skips to the report, and the button switches between light and dark.
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the report")).to_be_focused()
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Light / dark").press("Enter")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.get_by_role("button", name="Light / dark").press("Enter")
    page.get_by_role("link", name="Topic: courts").press("Enter")
    expect(page.locator("#topic-courts h2")).to_be_in_viewport()
    page.screenshot(path=screenshots / f"report-{width}.png")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    assert messages == []
    assert [url for url in requested if not url.startswith(("file:", "data:"))] == []
