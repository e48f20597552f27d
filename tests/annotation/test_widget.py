"""State and messages of the annotation widget. tests/browser tests the page itself."""

import pandas as pd
import pytest

from topicdesk.annotation import read_label_file
from topicdesk.annotation.widget import adjudicate, annotate
from topicdesk.corpus import articles_frame, write_corpus

CORPUS, TOPICS = "data/corpora/newsroom.parquet", "data/topics.toml"


def send(widget, do, **content):
    message = {"do": do, "serial": widget.shown["serial"], "topics": [], "note": "", **content}
    # ipywidgets has no public function that delivers a message of the page.
    widget._handle_custom_msg(message, [])


def stored(project):
    table = read_label_file(project.labels / "maria.csv", ["courts", "rail"])
    return dict(zip(table["article_id"], table["topics"], strict=True))


@pytest.fixture
def widget(project):
    return annotate(CORPUS, TOPICS, annotator="maria", highlight=["judge", "the verdict"])


def test_widget_saves_a_decision_before_it_shows_the_next_article(project, widget):
    first = widget.shown["article"]["id"]
    send(widget, "decide", topics=["rail"], note="late")
    assert stored(project) == {first: ("rail",)}
    assert widget.shown["article"]["id"] != first
    assert (widget.shown["decided"], widget.shown["left"]) == (1, 89)
    assert widget.shown["counts"] == {"courts": 0, "rail": 1, "(none)": 0}


def test_widget_undoes_and_skips(project, widget):
    first = widget.shown["article"]["id"]
    send(widget, "decide", topics=["rail"])
    send(widget, "undo")
    assert stored(project) == {}
    assert (widget.shown["article"]["id"], widget.shown["article"]["chosen"]) == (first, ["rail"])
    send(widget, "skip")
    assert widget.shown["article"]["id"] != first
    send(widget, "undo")
    assert widget.shown["message"] == "There is nothing to undo in this session."


def test_widget_ignores_messages_about_an_earlier_article(project, widget):
    serial = widget.shown["serial"]
    send(widget, "decide", topics=["rail"])
    before = stored(project)
    send(widget, "decide", topics=["courts"], serial=serial)
    assert stored(project) == before
    assert "another window" in widget.shown["message"]


def test_widget_shows_an_error_and_keeps_the_choice(project, widget):
    (project.labels / "maria.csv").write_text("no,label,file\n")
    article = widget.shown["article"]["id"]
    send(widget, "decide", topics=["rail"], note="late")
    assert widget.shown["fault"]
    assert "the header lacks article_id" in widget.shown["message"]
    assert "Your decision is saved in" in widget.shown["message"]
    shown_article = widget.shown["article"]
    assert (shown_article["id"], shown_article["chosen"], shown_article["note"]) == (article, ["rail"], "late")
    (project.labels / "maria.csv").unlink()
    send(widget, "decide", topics=["rail"], note="late")
    assert not widget.shown["fault"]
    assert widget.shown["article"]["id"] != article
    assert stored(project) == {article: ("rail",)}


def test_annotate_highlights_whole_words_in_any_case(project):
    text = "Judges met. The judge read THE VERDICT aloud."
    write_corpus(
        articles_frame({"id": ["1"], "title": "t", "text": [text * 3], "source": "s"}),
        project.corpora / "one.parquet",
    )
    widget = annotate("data/corpora/one.parquet", TOPICS, "maria", highlight=["judge", "the verdict"])
    (parts,) = widget.shown["article"]["paragraphs"]
    assert "".join(part for part, _ in parts) == text * 3
    assert [part for part, marked in parts if marked] == ["judge", "THE VERDICT"] * 3


def test_widget_shows_no_article_at_the_end_of_the_queue(project):
    queue = pd.DataFrame({"article_id": ["n1"], "sample": ["random"]})
    widget = annotate(CORPUS, TOPICS, "maria", queue)
    send(widget, "decide")
    assert widget.shown["article"] is None
    send(widget, "undo")
    assert widget.shown["article"]["id"] == "n1"


def test_adjudicate_shows_both_answers(project):
    queue = pd.DataFrame({"article_id": ["n1"], "sample": ["random"]})
    for name, topics in (("maria", ["rail"]), ("tom", [])):
        send(annotate(CORPUS, TOPICS, name, queue), "decide", topics=topics)
    widget = adjudicate("maria", "tom", CORPUS, TOPICS, annotator="lena")
    assert widget.shown["article"]["answers"] == [["maria", "rail"], ["tom", "no topic"]]
    assert widget.shown["file"] == "adjudicated.csv"


def test_widget_methods_decide_undo_and_skip(project, widget):
    first = widget.shown["article"]["id"]
    widget.decide(["rail"], note="late")
    assert stored(project) == {first: ("rail",)}
    assert widget.shown["article"]["id"] != first
    widget.undo()
    assert stored(project) == {}
    widget.skip()
    assert widget.shown["article"]["id"] != first


def test_annotate_practice_leaves_no_files(project):
    before = sorted(project.labels.iterdir())
    widget = annotate(CORPUS, TOPICS, annotator="maria", practice=True)
    widget.decide(["rail"])
    path = widget.session.store.path
    assert path.read_text().count("\n") == 2
    assert sorted(project.labels.iterdir()) == before
    widget.close()
    widget.session.scratch.cleanup()
    assert not path.parent.exists()


def test_widget_repr_shows_a_static_article_without_a_kernel(project, widget):
    data, _ = widget._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    article = widget.shown["article"]
    assert article["id"] in data["text/html"] and "<b>1</b> courts" in data["text/html"]
    widget.shown = {**widget.shown, "article": {**article, "title": "<script>alert(1)</script>"}}
    assert "<script" not in widget._repr_mimebundle_()[0]["text/html"]
