import numpy as np
import pytest

from topicdesk.errors import FeaturesError
from topicdesk.features import keyword_hits

KEYWORDS = {"courts": ["judge", "supreme court", "court"], "climate": ["co2", "climate change"]}


def test_keyword_hits_counts_distinct_whole_keywords_in_any_case():
    texts = ["The Supreme Court: judge after JUDGE", "judgement day", "Climate change and CO2", ""]
    np.testing.assert_array_equal(keyword_hits(texts, KEYWORDS), [[3, 0], [0, 0], [0, 2], [0, 0]])


@pytest.mark.parametrize("useless", [[], ["x"], ["court", "?"]])
def test_keyword_hits_rejects_a_topic_without_usable_keywords(useless):
    with pytest.raises(FeaturesError, match="'courts' has no usable keywords"):
        keyword_hits(["a text"], {"courts": useless})
