from topicdesk.features.counts import Analyser, Counts, StemmingTokeniser, count_terms, count_terms_once
from topicdesk.features.keywords import keyword_hits, keyword_matrix, keyword_phrases
from topicdesk.features.lookup import TermLookup
from topicdesk.features.names import STEMMERS
from topicdesk.features.tfidf import WHOLE_TEXT, FeatureSetting, FoldWeights, fold_features, weigh_fold

__all__ = [
    "STEMMERS",
    "WHOLE_TEXT",
    "Analyser",
    "Counts",
    "FeatureSetting",
    "FoldWeights",
    "StemmingTokeniser",
    "TermLookup",
    "count_terms",
    "count_terms_once",
    "fold_features",
    "keyword_hits",
    "keyword_matrix",
    "keyword_phrases",
    "weigh_fold",
]
