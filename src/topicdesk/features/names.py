"""Names of feature options, without scikit-learn."""

from __future__ import annotations

import Stemmer

from topicdesk.errors import FeaturesError, nearest

__all__ = ["STEMMERS", "check_stemmer"]

#: Languages whose words can be stemmed.
STEMMERS = tuple(sorted(Stemmer.algorithms()))


def check_stemmer(language: str | None) -> None:
    """Raise `FeaturesError` for a language without a stemmer. None stands for no stemmer."""
    if language is not None and language not in STEMMERS:
        raise FeaturesError(f"no stemmer called {language!r}; {nearest(language, STEMMERS)}")
