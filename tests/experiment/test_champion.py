"""The main experiment's winner on the kind of page that users have."""

import pytest

from topicdesk.corpus import read_articles, stored_corpus
from topicdesk.experiment import load_experiments
from topicdesk.prediction import fit_labeller
from topicdesk.project import find_project

PROJECT = find_project(__file__)
# Another's page: it lies beside the repository, and is never part of it.
PAGE = PROJECT.root.parent / "shared" / "seed" / "turan-page.txt"


@pytest.mark.slow
@pytest.mark.corpus
@pytest.mark.skipif(not PAGE.is_file(), reason=f"the page is not at {PAGE}")
def test_each_text_of_a_users_page_gets_the_topics_of_the_codebook_for_terms_that_a_reader_would_name():
    stored_corpus(PROJECT, "newsarticles")
    (load,) = load_experiments(PROJECT.root / "experiments" / "topics.toml")
    labeller = fit_labeller(load.dataset, load.plan, load.classifier(None), load.keywords)
    articles, _ = read_articles([PAGE])
    said = labeller.label(articles, explain=5)
    assert said["topics"].tolist() == ["diplomacy", "diplomacy climate", "courts", "diplomacy", "transport"]
    named = [
        {"diplomacy": {"talks", "foreign", "diplomat", "peace"}},
        {"diplomacy": {"delegation", "summit"}, "climate": {"climate"}},
        {"courts": {"court", "trial", "accused", "case"}},
        {"diplomacy": {"relations", "foreign", "lavrov"}},
        {"transport": {"passenger", "airport"}},
    ]
    for row, topics in enumerate(named):
        for topic, terms in topics.items():
            decided = {term.rpartition(" ")[0] for term in said[f"terms_{topic}"][row].split(", ")}
            assert terms <= decided, (row, topic, decided)
    # The two of which a person should make sure are the two that are hard to tell.
    assert said["abstain"].tolist() == [False, True, False, False, True]
