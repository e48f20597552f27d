"""What the page is told, and what its messages do; the page itself is in tests/browser."""

import pandas as pd
import pytest

from topicdesk.annotation import read_label_file
from topicdesk.annotation.widget import adjudicate, annotate
from topicdesk.corpus import articles_frame, write_corpus

CORPUS, TOPICS = "data/corpora/newsroom.parquet", "data/topics.toml"


def send(widget, do, **asked):
    told = {"do": do, "serial": widget.shown["serial"], "topics": [], "note": "", **asked}
    widget._handle_custom_msg(told, [])


def stored(project):
    table = read_label_file(project.labels / "maria.csv", ["courts", "rail"])
    return dict(zip(table["article_id"], table["topics"], strict=True))


@pytest.fixture
def widget(project):
    return annotate(CORPUS, TOPICS, annotator="maria", highlight=["judge", "the verdict"])


def test_a_decision_is_kept_before_the_next_article_is_shown(project, widget):
    first = widget.shown["article"]["id"]
    send(widget, "decide", topics=["rail"], note="late")
    assert stored(project) == {first: ("rail",)}
    assert widget.shown["article"]["id"] != first
    assert (widget.shown["decided"], widget.shown["left"]) == (1, 89)
    assert widget.shown["counts"] == {"courts": 0, "rail": 1, "(none)": 0}


def test_undo_and_skip(project, widget):
    first = widget.shown["article"]["id"]
    send(widget, "decide", topics=["rail"])
    send(widget, "undo")
    assert stored(project) == {}
    assert (widget.shown["article"]["id"], widget.shown["article"]["chosen"]) == (first, ["rail"])
    send(widget, "skip")
    assert widget.shown["article"]["id"] != first
    send(widget, "undo")
    assert widget.shown["told"] == "There is nothing to undo in this session."


def test_what_was_asked_of_an_article_that_is_gone_does_nothing(project, widget):
    serial = widget.shown["serial"]
    send(widget, "decide", topics=["rail"])
    before = stored(project)
    send(widget, "decide", topics=["courts"], serial=serial)
    assert stored(project) == before
    assert "another window" in widget.shown["told"]


def test_a_fault_is_shown_and_the_choice_stays(project, widget):
    (project.labels / "maria.csv").write_text("no,label,file\n")
    article = widget.shown["article"]["id"]
    send(widget, "decide", topics=["rail"], note="late")
    assert widget.shown["fault"]
    assert "the header lacks article_id" in widget.shown["told"]
    assert "Your decision is saved in" in widget.shown["told"]
    told = widget.shown["article"]
    assert (told["id"], told["chosen"], told["note"]) == (article, ["rail"], "late")
    (project.labels / "maria.csv").unlink()
    send(widget, "decide", topics=["rail"], note="late")
    assert not widget.shown["fault"]
    assert widget.shown["article"]["id"] != article
    assert stored(project) == {article: ("rail",)}


def test_words_to_look_for_are_marked_whole_and_whatever_their_case(project):
    text = "Judges met. The judge read THE VERDICT aloud."
    write_corpus(
        articles_frame({"id": ["1"], "title": "t", "text": [text * 3], "source": "s"}),
        project.corpora / "one.parquet",
    )
    widget = annotate("data/corpora/one.parquet", TOPICS, "maria", highlight=["judge", "the verdict"])
    (parts,) = widget.shown["article"]["paragraphs"]
    assert "".join(part for part, _ in parts) == text * 3
    assert [part for part, marked in parts if marked] == ["judge", "THE VERDICT"] * 3


def test_the_end_of_the_queue_is_told(project):
    queue = pd.DataFrame({"article_id": ["n1"], "sample": ["random"]})
    widget = annotate(CORPUS, TOPICS, "maria", queue)
    send(widget, "decide")
    assert widget.shown["article"] is None
    send(widget, "undo")
    assert widget.shown["article"]["id"] == "n1"


def test_what_two_disagree_about_is_shown_with_both_answers(project):
    queue = pd.DataFrame({"article_id": ["n1"], "sample": ["random"]})
    for name, topics in (("maria", ["rail"]), ("tom", [])):
        send(annotate(CORPUS, TOPICS, name, queue), "decide", topics=topics)
    widget = adjudicate("maria", "tom", CORPUS, TOPICS, annotator="lena")
    assert widget.shown["article"]["answers"] == [["maria", "rail"], ["tom", "no topic"]]
    assert widget.shown["file"] == "adjudicated.csv"


def test_python_can_do_what_keys_do(project, widget):
    first = widget.shown["article"]["id"]
    widget.decide(["rail"], note="late")
    assert stored(project) == {first: ("rail",)}
    assert widget.shown["article"]["id"] != first
    widget.undo()
    assert stored(project) == {}
    widget.skip()
    assert widget.shown["article"]["id"] != first


def test_practice_leaves_nothing_behind(project):
    before = sorted(project.labels.iterdir())
    widget = annotate(CORPUS, TOPICS, annotator="maria", practice=True)
    widget.decide(["rail"])
    path = widget.session.store.path
    assert path.read_text().count("\n") == 2
    assert sorted(project.labels.iterdir()) == before
    widget.close()
    widget.session.scratch.cleanup()
    assert not path.parent.exists()


def test_without_a_kernel_a_still_of_the_article_is_shown(project, widget):
    data, _ = widget._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    article = widget.shown["article"]
    assert article["id"] in data["text/html"] and "<b>1</b> courts" in data["text/html"]
    widget.shown = {**widget.shown, "article": {**article, "title": "<script>alert(1)</script>"}}
    assert "<script" not in widget._repr_mimebundle_()[0]["text/html"]
