"""State and messages of the annotation widget. tests/browser tests the page itself."""

import pandas as pd
import pytest

from topicdesk import adjudicate, annotate
from topicdesk.annotation import make_dataset, read_label_file
from topicdesk.corpus import articles_frame, write_corpus
from topicdesk.errors import LabelsError, TopicdeskError

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


TABLE = pd.DataFrame(
    {"story": [11, 12, 13, 14], "text": ["The judge spoke.", None, "The tram is late.\nAgain.", " "]},
    index=["a", "b", "c", "d"],
)


def decide_all(widget, topics_of):
    while widget.shown["article"] is not None:
        widget.decide(topics_of[widget.shown["article"]["id"]], note="seen")


def test_annotate_labels_a_dataframe_in_memory_without_a_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    widget = annotate(TABLE, topics=["Law courts", "rail"])
    assert widget.labels.empty and widget.indicators.shape == (0, 2)
    assert widget.shown["notice"] == "2 of 4 texts are missing or empty and are not shown."
    assert (widget.shown["left"], widget.shown["file"]) == (2, "memory only")
    decide_all(widget, {"a": [], "c": ["rail", "Law courts"]})
    pd.testing.assert_frame_equal(
        widget.labels,
        pd.DataFrame({"topics": [[], ["rail", "Law courts"]], "note": "seen"}, index=["a", "c"], dtype=object),
    )
    expected = pd.DataFrame({"Law courts": [0, 1], "rail": [0, 1]}, index=["a", "c"], dtype="int8")
    pd.testing.assert_frame_equal(widget.indicators, expected)
    widget.undo()
    assert len(widget.labels) == 1
    assert list(tmp_path.iterdir()) == []


def test_annotate_identifies_texts_by_a_column_an_index_or_a_row_number():
    indexed = [
        annotate(TABLE, ["x"], id="story"),
        annotate(TABLE["text"], ["x"]),
        annotate(TABLE["text"].tolist(), ["x"]),
    ]
    for widget in indexed:
        decide_all(widget, {key: ["x"] for key in ["11", "13", "a", "c", "0", "2"]})
    assert [widget.labels.index.tolist() for widget in indexed] == [[11, 13], ["a", "c"], [0, 2]]
    assert indexed[0].labels.index.name == "story"


def test_annotate_shows_the_first_of_several_columns_as_title():
    table = pd.DataFrame({"head": ["Verdict"], "lead": [None], "body": ["One.\nTwo."]})
    widget = annotate(table, {"courts": "What courts do."}, text=["head", "lead", "body"])
    article = widget.shown["article"]
    assert (article["title"], article["paragraphs"]) == ("Verdict", [[("One.", False)], [("Two.", False)]])
    assert widget.codebook["topics"][0]["definition"] == "What courts do."


def test_annotate_labels_go_into_make_dataset():
    texts = [f"text about {'courts' if row % 2 else 'trams'}, number {row}" for row in range(8)]
    widget = annotate(texts, ["courts", "rail"])
    decide_all(widget, {str(row): [["rail"], ["courts"]][row % 2] for row in range(8)})
    labelled = [texts[row] for row in widget.labels.index]
    by_list, by_indicator = (make_dataset(labelled, y) for y in (widget.labels["topics"], widget.indicators))
    assert by_list.Y.tolist() == by_indicator.Y.tolist() == [[0, 1], [1, 0]] * 4


def test_annotate_saves_to_a_file_and_resumes(tmp_path):
    widget = annotate(TABLE, ["courts", "rail"], save=tmp_path / "labels.csv")
    first = widget.shown["article"]["id"]
    widget.decide(["rail"])
    (row,) = read_label_file(tmp_path / "labels.csv", ["courts", "rail"]).to_dict("records")
    assert (row["article_id"], row["topics"], row["annotator"], row["codebook"]) == (first, ("rail",), "", "")
    resumed = annotate(TABLE, ["courts", "rail", "late"], save=tmp_path / "labels.csv", annotator="maria")
    assert resumed.labels["topics"].to_dict() == {first: ["rail"]}
    assert resumed.shown["left"] == 1
    resumed.decide(["late"])
    table = read_label_file(tmp_path / "labels.csv", ["courts", "rail", "late"])
    assert sorted(table["annotator"]) == ["", "maria"]
    assert not (tmp_path / "codebooks.json").exists()  # a list of names has no codebook
    with pytest.raises(LabelsError, match=r"labels.csv, line 2: unknown topic"):
        annotate(TABLE, ["courts"], save=tmp_path / "labels.csv")


def test_annotate_keeps_the_order_of_a_queue_and_its_samples(tmp_path):
    queue = pd.DataFrame({"article_id": [13, 12, 11], "sample": ["uncertain", "random", "random"]})
    widget = annotate(TABLE, ["x"], queue=queue, id="story", save=tmp_path / "labels.csv")
    assert (widget.shown["article"]["id"], widget.shown["left"]) == ("13", 2)
    widget.decide([])
    assert read_label_file(tmp_path / "labels.csv", ["x"])["sample"].tolist() == ["uncertain"]


def test_annotate_of_a_corpus_has_labels_by_article(project, widget):
    article = widget.shown["article"]["id"]
    widget.decide(["rail"])
    assert annotate(CORPUS, TOPICS, annotator="maria").labels["topics"].to_dict() == {article: ["rail"]}


@pytest.mark.parametrize(
    ("texts", "topics", "options", "message"),
    [
        ([], ["x"], {}, "^corpus is empty"),
        ([None, ""], ["x"], {}, "^corpus: every text is missing or empty"),
        (["a", 3], ["x"], {}, "^corpus: the text of row 1 is of type int"),
        ({"a"}, ["x"], {}, "^corpus must be a DataFrame, Series or list of texts; got set"),
        ("corpus.parquet", ["x"], {}, "^corpus='corpus.parquet' names a corpus of a project, which needs annotator"),
        (TABLE, [], {}, "^topics is empty"),
        (TABLE, ["x", " x"], {}, "^topics: the name 'x' occurs more than once"),
        (TABLE, {"x": "X", "x ": "Y"}, {}, "^topics: the name 'x' occurs more than once"),
        (TABLE, "courts", {}, "^topics must be a list of names, or a TOML file; got the string 'courts'"),
        (TABLE, {"x": ["X"]}, {}, "^topics: the definition of 'x' must be a string"),
        (TABLE, ["x"], {"text": "txt"}, "^text: the table has no column 'txt'; did you mean 'text'"),
        (TABLE[["story"]], ["x"], {}, "^text: name the columns"),
        (TABLE["text"], ["x"], {"text": "text"}, "^text='text' names a column, but corpus is not a DataFrame"),
        (TABLE.assign(story=1), ["x"], {"id": "story"}, "^id: the column 'story' has the value '1' in rows 0 and 1"),
        (TABLE.assign(story=None), ["x"], {"id": "story"}, "^id: the column 'story' has no value in row 0"),
        (TABLE.set_axis([1, 2, 3, 1]), ["x"], {}, r"^corpus: its index has the value '1' in rows 0 and 3. Call reset_"),
        (TABLE, ["x"], {"queue": ["a"]}, "^queue must be a DataFrame with the columns article_id and sample"),
        (TABLE, ["x"], {"save": "labels.txt"}, "^save must be the path of a CSV file"),
        (TABLE, ["law courts"], {"save": "l.csv"}, "^topics: 'law courts' contains white space.*Write 'law-courts'"),
        (TABLE, ["x"], {"practice": True}, "^practice is for decisions in a project's data/labels"),
        (TABLE, ["x"], {"annotator": "maria"}, "^topics must be a taxonomy.*name a file: save='maria.csv'"),
        (TABLE, TOPICS, {"annotator": "maria"}, "^corpus must be a corpus.*name a file: save='maria.csv'"),
        (TABLE, TOPICS, {"annotator": "maria", "id": "story"}, "^text and id are for texts without a project"),
    ],
)
def test_annotate_rejects_arguments_by_name(texts, topics, options, message):
    with pytest.raises(TopicdeskError, match=message):
        annotate(texts, topics, **options)
