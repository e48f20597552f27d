"""Articles that are exported to be labelled in another tool."""

from xml.etree import ElementTree

import pytest

from topicdesk.annotation import Codebook, Taxonomy, Topic, label_studio_interface
from topicdesk.errors import ArgumentError

TAXONOMY = Taxonomy(
    codebook=Codebook(version=1, title="T", rule="R"),
    topics=(Topic(name="courts", title="Courts & Law", definition="D"), Topic(name="rail", definition="D")),
)


@pytest.mark.parametrize(("task", "choice"), [("multi-label", "multiple"), ("multi-class", "single")])
def test_label_studio_interface_allows_several_topics_only_if_the_task_does(task, choice):
    (choices,) = ElementTree.fromstring(label_studio_interface(TAXONOMY, task=task)).iter("Choices")
    assert choices.get("choice") == choice
    assert [item.get("value") for item in choices] == ["Courts & Law", "rail"]


def test_label_studio_interface_refuses_an_unknown_task():
    with pytest.raises(ArgumentError, match="task"):
        label_studio_interface(TAXONOMY, task="several")
