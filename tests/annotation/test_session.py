"""Annotation sessions: the order of articles, saving, undo, skipping and resuming."""

import pandas as pd
import pytest

from topicdesk.annotation import fit_to_label, open_session, read_label_file, write_annotations
from topicdesk.annotation.store import LabelStore
from topicdesk.errors import LabelsError

QUEUE = pd.DataFrame({"article_id": ["n3", "n1", "n7"], "sample": ["random", "rare-first", "random"]})
DRAWN = QUEUE.assign(draw=2, stratum_size=["40", "1", "40"])
CORPUS, TOPICS = "data/corpora/newsroom.parquet", "data/topics.toml"


@pytest.fixture
def session(project):
    return open_session(CORPUS, TOPICS, "maria", QUEUE)


def stored(project, name="maria"):
    table = read_label_file(project.labels / f"{name}.csv", ["courts", "rail"])
    return {row["article_id"]: (row["topics"], row["sample"]) for row in table.to_dict("records")}


def shown_id(session):
    return None if session.shown is None else session.shown.article["id"]


def test_session_follows_the_queue_and_keeps_the_sample_of_each_article(project, session):
    for topics in (["rail"], [], ["courts", "rail"]):
        session.decide(topics)
    assert stored(project) == {
        "n3": (("rail",), "random"), "n1": ((), "rare-first"), "n7": (("courts", "rail"), "random"),
    }  # fmt: skip
    assert session.shown is None
    assert session.counts() == {"courts": 1, "rail": 2, "(none)": 1}
    with pytest.raises(LabelsError, match="every article of the queue is labelled"):
        session.decide([])


def test_undo_removes_the_decision_from_disk_and_shows_it_again(project, session):
    session.decide(["rail"], "unsure")
    assert session.undo()
    assert stored(project) == {}
    assert session.counts() == {"courts": 0, "rail": 0, "(none)": 0}
    assert shown_id(session) == "n3"
    assert (session.shown.chosen, session.shown.note) == (("rail",), "unsure")
    session.decide(["courts"])
    assert stored(project)["n3"] == (("courts",), "random")
    assert shown_id(session) == "n1"


def test_undo_with_a_damaged_file_takes_effect_once_the_file_is_repaired(project, session):
    session.decide(["rail"])
    path = project.labels / "maria.csv"
    intact = path.read_text()
    path.write_text("no,label,file\n")
    with pytest.raises(LabelsError, match="Your decision is saved in"):
        session.undo()
    assert shown_id(session) == "n3"
    path.write_text(intact)
    session.decide(["courts"])
    assert stored(project) == {"n3": (("courts",), "random")}


def test_undo_covers_only_decisions_of_this_session(session):
    assert not session.undo()
    session.decide([])
    assert session.undo()
    assert not session.undo()


def test_skip_defers_the_article_to_the_end_and_to_the_next_session(project, session):
    session.skip()
    assert shown_id(session) == "n1"
    session.decide([])
    session.decide([])
    assert shown_id(session) == "n3"
    resumed = open_session(CORPUS, TOPICS, "maria", QUEUE)
    assert (shown_id(resumed), resumed.left) == ("n3", 1)


def test_open_session_resumes_where_the_last_session_ended(project, session):
    session.decide(["rail"])
    resumed = open_session(CORPUS, TOPICS, "maria", QUEUE)
    assert (shown_id(resumed), resumed.left) == ("n1", 2)
    assert resumed.counts()["rail"] == 1


def test_open_session_keeps_one_file_per_annotator(project, session):
    session.decide(["rail"])
    open_session(CORPUS, TOPICS, "tom", QUEUE).decide(["courts"])
    assert stored(project)["n3"][0] == ("rail",)
    assert stored(project, "tom")["n3"][0] == ("courts",)


def test_decide_shows_a_decision_of_another_window_before_replacing_it(project, session):
    open_session(CORPUS, TOPICS, "maria", QUEUE).decide(["courts"])
    with pytest.raises(LabelsError, match="labelled in another window in the meantime"):
        session.decide(["rail"])
    assert session.shown.chosen == ("courts",)
    session.decide(["rail"])
    assert stored(project)["n3"][0] == ("rail",)


def test_open_session_without_a_queue_gives_annotators_the_same_random_order(project):
    project.reserved.write_text("n3\nn5\n")
    ids = [open_session(CORPUS, TOPICS, name).queue["article_id"].tolist() for name in ("maria", "tom")]
    assert ids[0] == ids[1] != sorted(ids[0])
    assert set(ids[0]) == {f"n{number}" for number in range(90)} - {"n3", "n5"}


def test_open_session_shows_articles_reserved_in_another_corpus(project):
    project.reserved.write_text("[newsarticles]\nn3\nn5\n[newsroom]\nn7\n")
    assert set(open_session(CORPUS, TOPICS, "maria").queue["article_id"]) == {f"n{n}" for n in range(90)} - {"n7"}
    project.reserved.unlink()
    assert set(open_session(CORPUS, TOPICS, "tom").queue["article_id"]) == {f"n{n}" for n in range(90)}


def test_fit_to_label_drops_teasers_and_texts_short_for_their_corpus():
    kinds = ["article"] * 4 + ["teaser"]
    short = pd.DataFrame(
        {"kind": kinds, "text": ["Trams run late", "Court rules", "Fair opens on Monday", "No", "Late"]}
    )
    assert fit_to_label(short).tolist() == [True, True, True, False, False]
    long = pd.DataFrame({"kind": kinds, "text": ["word " * 100, "word " * 90, "word " * 80, "Read more", "Late"]})
    assert fit_to_label(long).tolist() == [True, True, True, False, False]


def test_open_session_rejects_invalid_queues_names_and_topics(project):
    project.reserved.write_text("n1\n")
    with pytest.raises(LabelsError, match="article n1, which is reserved"):
        open_session(CORPUS, TOPICS, "maria", QUEUE)
    with pytest.raises(LabelsError, match="article 'x', which is not in the corpus"):
        open_session(CORPUS, TOPICS, "maria", pd.DataFrame({"article_id": ["x"], "sample": ["random"]}))
    with pytest.raises(LabelsError, match="the queue lacks sample"):
        open_session(CORPUS, TOPICS, "maria", QUEUE[["article_id"]].tail(1))
    with pytest.raises(LabelsError, match="the name is used as a file name"):
        open_session(CORPUS, TOPICS, "../maria", QUEUE)
    with pytest.raises(LabelsError, match="unknown topic 'cuorts'; did you mean 'courts'"):
        open_session(CORPUS, TOPICS, "tom", QUEUE.iloc[[0]]).decide(["cuorts"])


def test_open_session_again_shows_the_label_and_answers_of_others(project):
    labelled = pd.DataFrame({"article_id": ["n3"], "topics": [("rail",)], "annotator": "maria", "codebook": "1"})
    write_annotations(labelled.assign(sample="random"), project.labels / "maria.csv")
    answers = {"n3": (("classifier", "courts with a probability of 97%"),)}
    again = open_session(CORPUS, TOPICS, "maria", QUEUE, answers, again=True)
    assert again.shown.chosen == ("rail",)
    assert again.shown.answers == answers["n3"]
    again.decide(["courts"])
    again.undo()
    assert stored(project)["n3"][0] == ("rail",)
    assert isinstance(again.store, LabelStore)


def test_session_saves_how_articles_were_drawn(project):
    open_session(CORPUS, TOPICS, "maria", QUEUE.iloc[[1]]).decide(["rail"])
    session = open_session(CORPUS, TOPICS, "maria", DRAWN, again=True)
    for topics in (["courts"], [], ["rail"]):
        session.decide(topics)
    session.undo()
    session.decide([])
    labels = read_label_file(project.labels / "maria.csv", ["courts", "rail"]).set_index("article_id")
    assert labels.loc[["n3", "n7"], ["draw", "stratum_size"]].to_numpy().tolist() == [[2, 40], [2, 40]]
    # The article was labelled before: a second decision does not change how it was drawn.
    assert labels.loc["n1", ["draw", "stratum_size"]].isna().all()


def test_session_rejects_a_queue_with_an_impossible_design(project):
    with pytest.raises(
        LabelsError, match="the queue: row 0: draw must be empty or an integer of at least 1; got 'first'"
    ):
        open_session(CORPUS, TOPICS, "maria", DRAWN.assign(draw="first"))
