"""An annotator's sitting: what is shown, kept, taken back and put off."""

import pandas as pd
import pytest

from topicdesk.annotation import fit_to_label, open_session, read_label_file, write_annotations
from topicdesk.annotation.store import LabelStore
from topicdesk.errors import LabelsError

QUEUE = pd.DataFrame({"article_id": ["n3", "n1", "n7"], "sample": ["random", "rare-first", "random"]})
CORPUS, TOPICS = "data/corpora/newsroom.parquet", "data/topics.toml"


@pytest.fixture
def session(project):
    return open_session(CORPUS, TOPICS, "maria", QUEUE)


def stored(project, name="maria"):
    table = read_label_file(project.labels / f"{name}.csv", ["courts", "rail"])
    return {row["article_id"]: (row["topics"], row["sample"]) for row in table.to_dict("records")}


def shown(session):
    return None if session.shown is None else session.shown.article["id"]


def test_articles_come_in_the_queues_order_and_keep_how_they_were_drawn(project, session):
    for topics in (["rail"], [], ["courts", "rail"]):
        session.decide(topics)
    assert stored(project) == {
        "n3": (("rail",), "random"), "n1": ((), "rare-first"), "n7": (("courts", "rail"), "random"),
    }  # fmt: skip
    assert session.shown is None
    assert session.counts() == {"courts": 1, "rail": 2, "(none)": 1}
    with pytest.raises(LabelsError, match="every article of the queue is labelled"):
        session.decide([])


def test_what_is_taken_back_is_off_the_disk_and_shown_with_what_was_chosen(project, session):
    session.decide(["rail"], "unsure")
    assert session.undo()
    assert stored(project) == {}
    assert shown(session) == "n3"
    assert (session.shown.chosen, session.shown.note) == (("rail",), "unsure")
    session.decide(["courts"])
    assert stored(project)["n3"] == (("courts",), "random")
    assert shown(session) == "n1"


def test_what_is_taken_back_while_the_file_is_damaged_is_taken_back_once_it_is_mended(project, session):
    session.decide(["rail"])
    path = project.labels / "maria.csv"
    sound = path.read_text()
    path.write_text("no,label,file\n")
    with pytest.raises(LabelsError, match="Your decision is saved in"):
        session.undo()
    assert shown(session) == "n3"
    path.write_text(sound)
    session.decide(["courts"])
    assert stored(project) == {"n3": (("courts",), "random")}


def test_only_this_sittings_decisions_are_taken_back(session):
    assert not session.undo()
    session.decide([])
    assert session.undo()
    assert not session.undo()


def test_what_is_skipped_comes_again_at_the_end_and_in_the_next_sitting(project, session):
    session.skip()
    assert shown(session) == "n1"
    session.decide([])
    session.decide([])
    assert shown(session) == "n3"
    again = open_session(CORPUS, TOPICS, "maria", QUEUE)
    assert (shown(again), again.left) == ("n3", 1)


def test_a_sitting_goes_on_where_the_last_ended(project, session):
    session.decide(["rail"])
    again = open_session(CORPUS, TOPICS, "maria", QUEUE)
    assert (shown(again), again.left) == ("n1", 2)
    assert again.counts()["rail"] == 1


def test_two_annotators_have_a_file_each(project, session):
    session.decide(["rail"])
    open_session(CORPUS, TOPICS, "tom", QUEUE).decide(["courts"])
    assert stored(project)["n3"][0] == ("rail",)
    assert stored(project, "tom")["n3"][0] == ("courts",)


def test_a_decision_of_another_window_is_shown_and_can_be_replaced(project, session):
    open_session(CORPUS, TOPICS, "maria", QUEUE).decide(["courts"])
    with pytest.raises(LabelsError, match="labelled in another window in the meantime"):
        session.decide(["rail"])
    assert session.shown.chosen == ("courts",)
    session.decide(["rail"])
    assert stored(project)["n3"][0] == ("rail",)


def test_without_a_queue_all_but_reserved_articles_come_in_an_order_that_two_can_share(project):
    project.reserved.write_text("n3\nn5\n")
    ids = [open_session(CORPUS, TOPICS, name).queue["article_id"].tolist() for name in ("maria", "tom")]
    assert ids[0] == ids[1] != sorted(ids[0])
    assert set(ids[0]) == {f"n{number}" for number in range(90)} - {"n3", "n5"}


def test_ids_that_another_corpus_reserves_are_shown(project):
    project.reserved.write_text("[newsarticles]\nn3\nn5\n[newsroom]\nn7\n")
    assert set(open_session(CORPUS, TOPICS, "maria").queue["article_id"]) == {f"n{n}" for n in range(90)} - {"n7"}
    project.reserved.unlink()
    assert set(open_session(CORPUS, TOPICS, "tom").queue["article_id"]) == {f"n{n}" for n in range(90)}


def test_a_corpus_of_short_texts_is_shown_and_scraps_of_long_ones_are_not():
    kinds = ["article"] * 4 + ["teaser"]
    short = pd.DataFrame(
        {"kind": kinds, "text": ["Trams run late", "Court rules", "Fair opens on Monday", "No", "Late"]}
    )
    assert fit_to_label(short).tolist() == [True, True, True, False, False]
    long = pd.DataFrame({"kind": kinds, "text": ["word " * 100, "word " * 90, "word " * 80, "Read more", "Late"]})
    assert fit_to_label(long).tolist() == [True, True, True, False, False]


def test_what_cannot_be_labelled_is_told(project):
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


def test_a_second_look_shows_what_is_labelled_and_what_others_say(project):
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
