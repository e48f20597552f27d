from topicdesk.features.counts import (
    Analyser as Analyser,
)
from topicdesk.features.counts import (
    Counts as Counts,
)
from topicdesk.features.counts import (
    StemmingTokeniser as StemmingTokeniser,
)
from topicdesk.features.counts import (
    count_terms as count_terms,
)
from topicdesk.features.counts import (
    count_terms_once as count_terms_once,
)
from topicdesk.features.keywords import (
    keyword_hits as keyword_hits,
)
from topicdesk.features.keywords import (
    keyword_matrix as keyword_matrix,
)
from topicdesk.features.keywords import (
    keyword_phrases as keyword_phrases,
)
from topicdesk.features.lookup import (
    TermLookup as TermLookup,
)
from topicdesk.features.names import (
    STEMMERS as STEMMERS,
)
from topicdesk.features.tfidf import (
    WHOLE_TEXT as WHOLE_TEXT,
)
from topicdesk.features.tfidf import (
    FeatureSetting as FeatureSetting,
)
from topicdesk.features.tfidf import (
    FoldWeights as FoldWeights,
)
from topicdesk.features.tfidf import (
    fold_features as fold_features,
)
from topicdesk.features.tfidf import (
    weigh_fold as weigh_fold,
)
