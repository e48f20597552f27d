from topicdesk.features.blocks import (
    WHOLE_TEXT as WHOLE_TEXT,
    Block as Block,
)
from topicdesk.features.counts import (
    Analyser as Analyser,
    Counts as Counts,
    StemmingTokeniser as StemmingTokeniser,
    count_terms as count_terms,
    count_terms_once as count_terms_once,
)
from topicdesk.features.keywords import (
    keyword_hits as keyword_hits,
    keyword_matrix as keyword_matrix,
    keyword_phrases as keyword_phrases,
)
from topicdesk.features.lookup import (
    TermLookup as TermLookup,
)
from topicdesk.features.names import (
    STEMMERS as STEMMERS,
)
from topicdesk.features.scripts import (
    TURKISH_I as TURKISH_I,
    mostly_turkish as mostly_turkish,
    script_warnings as script_warnings,
    with_turkish_i as with_turkish_i,
)
from topicdesk.features.search_space import (
    Features as Features,
)
from topicdesk.features.tfidf import (
    FeatureSetting as FeatureSetting,
    FoldWeights as FoldWeights,
    Part as Part,
    fold_features as fold_features,
    keywords_are_turkish as keywords_are_turkish,
    settings_for_texts as settings_for_texts,
    weigh_fold as weigh_fold,
)
