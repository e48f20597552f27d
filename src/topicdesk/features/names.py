"""Names of feature options that can be imported without scikit-learn."""

from __future__ import annotations

import Stemmer

from topicdesk.errors import FeaturesError, nearest

__all__ = ["STEMMERS", "check_stemmer"]

#: Languages with a stemmer.
STEMMERS = tuple(sorted(Stemmer.algorithms()))


def check_stemmer(language: str | None) -> None:
    """Raise `FeaturesError` if a language has no stemmer. None means that words are not stemmed."""
    if language is not None and language not in STEMMERS:
        raise FeaturesError(f"no stemmer called {language!r}; {nearest(language, STEMMERS)}")
