"""The unlabelled articles of a spec, which become the reference of drift checks."""

import random

import pandas as pd
import pytest

from topicdesk.corpus import read_corpus, write_corpus
from topicdesk.experiment import read_spec, run_experiment
from topicdesk.experiment._pool import unlabelled_articles
from topicdesk.experiment.reviewing import fit_winner


def add_articles(project, articles):
    """Add articles to the corpus of the project, as copies of its rows with other ids, titles and texts."""
    path = project.corpora / "newsroom.parquet"
    corpus = read_corpus(path)
    rows = corpus.iloc[[0] * len(articles)].assign(**articles.to_dict("list"))
    write_corpus(pd.concat([corpus, rows], ignore_index=True), path)


def new_articles(count):
    rng = random.Random(1)
    texts = [" ".join(f"word{rng.randrange(5000)}" for _ in range(40)) for _ in range(count)]
    ids = [f"u{number}" for number in range(count)]
    return pd.DataFrame({"id": ids, "title": [f"Title {name}" for name in ids], "text": texts})


def test_unlabelled_articles_are_no_reserved_or_labelled_articles_and_no_copies(project):
    new = new_articles(6)
    new.loc[0, "id"] = "r1"  # reserved
    new.loc[1, "text"] = new.loc[0, "text"]  # a copy of a reserved article
    new.loc[2, "text"] = read_corpus(project.corpora / "newsroom.parquet")["text"][0]  # of a labelled article
    new.loc[4, "text"] = new.loc[3, "text"]  # of the one before
    add_articles(project, new)
    spec = read_spec(project.root / "experiments" / "small.toml")
    found = unlabelled_articles(project, spec, spec.data.corpus[0])
    assert found.columns.tolist() == list(spec.data.text)
    assert found["title"].tolist() == ["Title u3", "Title u5"]


@pytest.mark.slow
def test_fit_winner_compares_with_unlabelled_articles_of_the_corpus(project):
    add_articles(project, new_articles(120))
    result = run_experiment(project.root / "experiments" / "small.toml", n_jobs=1)
    reference = fit_winner(result, result.comparisons[0], n_jobs=1).reference
    assert (reference.scored_by, len(reference)) == ("model", 120)
