"""Features: terms counted once for all articles, weighed per fold on its training rows."""

from topicdesk.features.counts import Analyser, Counts, count_terms, count_terms_once
from topicdesk.features.keywords import keyword_hits
from topicdesk.features.tfidf import FeatureSetting, FoldWeights, weigh_fold

__all__ = [
    "Analyser",
    "Counts",
    "FeatureSetting",
    "FoldWeights",
    "count_terms",
    "count_terms_once",
    "keyword_hits",
    "weigh_fold",
]
