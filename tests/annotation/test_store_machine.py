"""Model-based test: LabelStore keeps every acknowledged decision, whatever happens to its files in between."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from topicdesk.annotation import LabelStore, read_label_file, read_taxonomy
from topicdesk.annotation.annotations import article_order
from topicdesk.annotation.store import KeptAside
from topicdesk.errors import LabelsError

TAXONOMY = """
[codebook]
version = 1
title = "Ferries"
rule = "What it is about."
[[topics]]
name = "courts"
definition = "Trials."
[[topics]]
name = "rail"
definition = "Trains."
"""
ids = st.sampled_from(["n1", "n2", "n10", "=n3", "'n4", "ü 5", "n,6"])
topics = st.lists(st.sampled_from(["courts", "rail"]), unique=True).map(tuple)
notes = st.text(max_size=8)


class LabelStoreMachine(RuleBasedStateMachine):
    """Two windows on one label file; `model` holds the decisions that were acknowledged."""

    @initialize()
    def make(self):
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "topics.toml").write_text(TAXONOMY)
        taxonomy = read_taxonomy(self.folder / "topics.toml")
        self.windows = [LabelStore(self.folder / "maria.csv", "maria", taxonomy) for _ in range(2)]
        self.store = self.windows[0]
        self.store.open()
        self.model, self.intact = {}, None

    def save(self, article, work):
        """Call `work`, which saves a row. If the file is damaged, the row must be set aside."""
        if self.intact is None:
            row = work()
        else:
            with pytest.raises(KeptAside) as aside:
                work()
            row = aside.value.row
        if row is None:
            self.model.pop(article, None)
        else:
            self.model[article] = row

    @rule(window=st.integers(0, 1), article=ids, named=topics, note=notes)
    def decide(self, window, article, named, note):
        store, seen = self.windows[window], self.model.get(article)
        self.save(article, lambda: store.decide(article, named, "random", note, seen))
        if article in self.model:
            assert self.model[article]["topics"] == named

    @precondition(lambda self: self.intact is None and self.model)
    @rule(data=st.data(), named=topics)
    def decide_on_what_has_changed(self, data, named):
        article = data.draw(st.sampled_from(sorted(self.model)))
        stale = {**self.model[article], "note": "as it was once"}
        with pytest.raises(LabelsError, match="labelled in another window in the meantime"):
            self.store.decide(article, named, "random", seen=stale)

    @precondition(lambda self: self.model)
    @rule(window=st.integers(0, 1), data=st.data())
    def take_back(self, window, data):
        article = data.draw(st.sampled_from(sorted(self.model)))
        store, seen = self.windows[window], self.model[article]
        self.save(article, lambda: store.restore(article, None, seen))

    @precondition(lambda self: self.intact is None and self.store.path.is_file())
    @rule()
    def damage_the_file(self):
        self.intact = self.store.path.read_bytes()
        self.store.path.write_text("no label file\n")

    @precondition(lambda self: self.intact is not None)
    @rule()
    def restore_the_file(self):
        self.store.path.write_bytes(self.intact)
        self.intact = None

    @rule(length=st.integers(1, 40))
    def tear_a_line_of_the_journal(self, length):
        # A kill in the middle of a write: that decision was never acknowledged.
        line = json.dumps({"article_id": "n9", "row": {"article_id": "n9", "topics": ["rail"]}})
        with self.store.journal.open("a") as journal:
            journal.write("\n" + line[:length])

    @invariant()
    def stored_decisions_equal_the_model(self):
        if not hasattr(self, "store"):
            return
        if self.intact is not None:
            with pytest.raises(LabelsError):
                self.windows[1].open()
            return
        assert self.windows[1].open() == self.model
        if self.store.path.is_file():
            rows = read_label_file(self.store.path, ("courts", "rail"))
            assert rows["article_id"].tolist() == sorted(self.model, key=article_order)

    def teardown(self):
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)


@pytest.mark.slow
def test_label_store_keeps_every_acknowledged_decision(rounds, figure):
    examples = rounds(40, 1000)

    class Machine(LabelStoreMachine):
        """Run with the requested number of examples."""

    Machine.TestCase.settings = settings(
        max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    Machine.TestCase("runTest").runTest()
    figure("sequences of up to 30 steps", examples)
