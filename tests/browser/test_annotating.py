"""Annotation with the keyboard, in JupyterLab and Notebook 7 and a real browser."""

import ast
import os
import signal
import subprocess
from contextlib import suppress

from playwright.sync_api import expect

from topicdesk.annotation import read_label_file
from topicdesk.corpus import read_corpus, write_corpus

NOTEBOOK = """\
import topicdesk

topicdesk.annotate("data/corpora/newsroom.parquet", "data/topics.toml", annotator="maria", highlight=["judge", "train"])
"""

OWN_TEXTS = """\
import pandas as pd
import topicdesk

texts = pd.DataFrame({"text": ["The judge heard it.", "A train was late.\\nAgain.", None]}, index=["a", "b", "c"])
widget = topicdesk.annotate(texts, topics={"Law courts": "What courts do.", "rail": ""})
widget
"""

# JavaScript condition: the page shows another article than before.
NEXT = "before => document.querySelector('.td-meta').textContent !== before"

# For each article: the keys to press, and the topics expected in the CSV file.
DECISIONS = [
    ("1", ("courts",)), ("2", ("rail",)), ("", ()), ("21", ("rail", "courts")), ("1", ("courts",)),
    ("11", ()), ("", ()), ("12", ("courts", "rail")), ("2", ("rail",)), ("1", ("courts",)),
]  # fmt: skip


def open_widget(jupyter, page, *cells):
    """Write a notebook of one cell or these cells, open it, run the first, and return the widget."""
    import nbformat  # it takes seconds to import

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells or [NOTEBOOK]])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    if not (jupyter.root / "label.ipynb").is_file():
        nbformat.write(notebook, jupyter.root / "label.ipynb")
    jupyter.open(page, "label.ipynb")
    widget, executed = page.locator(".td-annotate"), page.locator(".jp-InputPrompt").first
    before = executed.text_content()
    for _ in range(5):  # a page that is still loading loses keys
        assert not page.locator(".jp-Dialog").all_text_contents()
        page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        with suppress(AssertionError):
            expect(executed).not_to_have_text(before, timeout=20_000)
            break
    widget.wait_for()
    return widget


def press(widget, keys):
    for key in keys:
        widget.press(key)


def decide(page, widget, keys):
    """Label the current article, wait for the next one, and return the id of the first."""
    before = widget.locator(".td-meta").text_content()
    press(widget, keys)
    widget.press("Enter")
    page.wait_for_function(NEXT, arg=before)
    return before.rpartition("article ")[2]


def saved_topics(project):
    table = read_label_file(project.root / "data" / "labels" / "maria.csv", ["courts", "rail"])
    return dict(zip(table["article_id"], table["topics"], strict=True))


def test_annotate_saves_keyboard_labels_and_keeps_them_after_undo_and_reload(project, jupyter, chromium, screenshots):
    lab = jupyter(project.root)
    page = chromium.new_page(viewport={"width": 1100, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    widget = open_widget(lab, page)
    widget.click(position={"x": 5, "y": 5})
    expected = {}
    for keys, topics in DECISIONS[:5]:
        expected[decide(page, widget, keys)] = topics
    assert saved_topics(project) == expected

    shown = widget.locator(".td-meta").text_content()
    widget.press("z")
    page.wait_for_function(NEXT, arg=shown)
    last = list(expected)[-1]
    assert widget.locator(".td-meta").text_content().endswith(f"article {last}")
    assert widget.locator(".td-topic").first.get_attribute("aria-pressed") == "true"
    assert last not in saved_topics(project)
    press(widget, "12")
    assert decide(page, widget, "") == last
    expected[last] = ("rail",)

    screenshots.mkdir(exist_ok=True)
    page.screenshot(path=screenshots / "annotate.png")
    page.reload(wait_until="domcontentloaded")
    widget = open_widget(lab, page)
    widget.click(position={"x": 5, "y": 5})
    for keys, topics in DECISIONS[5:]:
        article = decide(page, widget, keys)
        assert article not in expected
        expected[article] = topics
    assert saved_topics(project) == expected
    assert len(expected) == 10
    assert not errors


def test_annotate_keeps_saved_decisions_and_reports_an_unsaved_one_if_a_kernel_dies(project, jupyter, chromium):
    lab = jupyter(project.root)
    page = chromium.new_page(viewport={"width": 1100, "height": 900})
    widget = open_widget(lab, page)
    widget.click(position={"x": 5, "y": 5})
    first = decide(page, widget, "1")
    (kernel,) = lab.kernels()
    processes = subprocess.run(["pgrep", "-f", f"kernel-{kernel['id']}"], capture_output=True, text=True, check=True)
    for pid in processes.stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    # Jupyter opens a dialog within seconds. The dialog takes all keys. The new kernel knows no widget.
    dialog = page.locator(".jp-Dialog", has_text="Kernel Restarting")
    dialog.get_by_role("button", name="Ok").click()
    dialog.wait_for(state="detached")
    press(widget, "2")
    widget.press("Enter")
    widget.get_by_text("this decision is not saved").wait_for()
    assert widget.locator(".td-topic").nth(1).get_attribute("aria-pressed") == "true"
    assert saved_topics(project) == {first: ("courts",)}


def test_annotate_escapes_article_text_and_names_its_controls_in_notebook_7(project, jupyter, chromium, screenshots):
    articles = read_corpus(project.corpora / "newsroom.parquet")
    articles["title"] = "<img src=x onerror=alert(1)>"
    articles["source"] = '"><script>alert(2)</script>'
    articles["text"] = "<b>A judge</b> spoke of <script>alert(3)</script> trains. " * 4
    write_corpus(articles, project.corpora / "newsroom.parquet")
    page = chromium.new_page(viewport={"width": 1100, "height": 1200})
    dialogs = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message) or dialog.dismiss())
    widget = open_widget(jupyter(project.root, "notebook"), page)
    assert widget.locator(".td-title").text_content() == "<img src=x onerror=alert(1)>"
    assert widget.locator("img, script, .td-text b").count() == 0
    assert widget.locator("mark").all_text_contents() == ["judge"] * 4

    widget.click(position={"x": 5, "y": 5})
    focused = []
    for _ in range(7):
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent"))
    assert focused == ["Text of the article", "1courts", "2rail", "Note", "Save (Enter)", "Undo (Z)", "Skip (S)"]
    widget.press("?")
    widget.get_by_text("Trains and what they run on.").wait_for()
    widget.press("n")
    page.keyboard.type("12 s z?")
    page.keyboard.press("Enter")
    assert widget.locator(".td-topic[aria-pressed='true']").count() == 0  # typed, not pressed
    page.screenshot(path=screenshots / "annotate-help.png")
    decide(page, widget, "2")
    (row,) = read_label_file(project.labels / "maria.csv", ["courts", "rail"]).to_dict("records")
    assert (row["topics"], row["note"]) == (("rail",), "12 s z?")
    assert not dialogs


def test_annotate_labels_a_dataframe_without_a_project(tmp_path, jupyter, chromium, screenshots):
    page = chromium.new_page(viewport={"width": 1100, "height": 900})
    lab = jupyter(tmp_path)
    widget = open_widget(lab, page, OWN_TEXTS, "widget.labels.sort_index().to_dict('index')")
    assert not widget.locator(".td-title").is_visible()  # the texts have no title
    widget.get_by_text("2 left. 1 of 3 texts are missing or empty and are not shown.").wait_for()
    widget.get_by_text("In memory only: Law courts 0").wait_for()
    screenshots.mkdir(exist_ok=True)
    page.screenshot(path=screenshots / "annotate-own-texts.png")
    widget.click(position={"x": 5, "y": 5})
    topics_of = {"a": "1", "b": "21"}
    first = widget.locator(".td-meta").text_content().rpartition("article ")[2]
    assert decide(page, widget, topics_of[first]) == first
    (second,) = topics_of.keys() - {first}
    press(widget, topics_of[second])
    widget.press("Enter")
    widget.get_by_text("Every article of the queue is labelled: 2 in this session.").wait_for()
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").last.click()
    page.keyboard.press("Shift+Enter")
    output = page.locator(".jp-OutputArea-output", has_text="'note'")
    output.wait_for()
    expected = {"a": {"topics": ["Law courts"], "note": ""}, "b": {"topics": ["rail", "Law courts"], "note": ""}}
    assert ast.literal_eval(output.text_content()) == expected
    page.screenshot(path=screenshots / "annotate-own-labels.png")
    assert [path.name for path in tmp_path.rglob("*.csv")] == []
