"""The winner of the main experiment, applied to a page copied from a news site."""

import pytest

from topicdesk.corpus import read_articles, stored_corpus
from topicdesk.experiment import load_experiments
from topicdesk.prediction import fit_labeller
from topicdesk.project import find_project

PROJECT = find_project(__file__)

# Written for this test, in the form of a page copied from a news site: one article, and teasers of other articles.
PAGE = """\
Northland-Eastmark: foreign ministers report 'progress', but hard work remains
Port Town/30.06.23/Courier: The foreign ministers of Northland and Eastmark said on Thursday that their talks had \
brought a peace agreement closer, the Courier's correspondent reports.
"The two delegations negotiated openly, and both want a treaty," said the senior diplomat who hosted the ministers \
for three days of talks.
The two presidents are to meet in the coming weeks, the Foreign Ministry said, to discuss the border and the \
exchange of ambassadors.
Anna Lindqvist
Politics
-
The delegation at this year's climate summit will be led by the foreign minister, who will meet her counterparts for \
talks about emissions, carbon and global warming.
-
On October 31, the district court completed another trial of the officers accused of torture. The judge sentenced two \
of the accused to seven years in prison, and their lawyers will appeal against the verdict.
-
The neighbours impose their services in the negotiations on relations between Northland and Eastmark, the foreign \
minister said during a meeting with the ambassador.
-
During the trade fair, the airport expects a daily increase in passenger traffic to 25,000 people, and airlines will \
add flights, the airport's director said.
Leave a review
"""


@pytest.mark.slow
@pytest.mark.corpus
def test_champion_labels_each_article_of_a_page_and_shows_plausible_terms(tmp_path):
    (tmp_path / "page.txt").write_text(PAGE, encoding="utf-8")
    stored_corpus(PROJECT, "newsarticles")
    (load,) = load_experiments(PROJECT.root / "experiments" / "topics.toml")
    labeller = fit_labeller(load.dataset, load.plan, load.classifier(None), load.keywords)
    articles, _ = read_articles([tmp_path / "page.txt"])
    labels = labeller.label(articles, explain=6)
    assert labels["topics"].tolist() == ["diplomacy", "diplomacy climate", "courts", "diplomacy", "transport"]
    expected = [
        {"diplomacy": {"talks", "foreign", "ministers"}},
        {"diplomacy": {"delegation", "talks"}, "climate": {"climate", "warming"}},
        {"courts": {"court", "judge", "accused"}},
        {"diplomacy": {"relations", "foreign"}},
        {"transport": {"passenger", "airlines", "flights"}},
    ]
    for row, topics in enumerate(expected):
        for topic, terms in topics.items():
            # Such as "lead: court +0.19": block, term and contribution.
            named = [term.rpartition(" ")[0] for term in labels[f"terms_{topic}"][row].split(", ")]
            assert f"lead-keywords: {topic}" in named
            shown = {name.rpartition(": ")[2] for name in named}
            assert terms <= shown, (row, topic, shown)
    # Right in every topic in 95 %, with a confidence of 90 %: 86 % of the articles are certain enough, and these are.
    assert not labels["abstain"].any()
