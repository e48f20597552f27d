"""The TF-IDF features to try: options of scikit-learn's vectorizer, each with one value or a list of values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import inf, prod
from numbers import Integral, Real
from typing import Any

import numpy as np

from topicdesk.errors import FeaturesError, nearest
from topicdesk.features.blocks import WHOLE_TEXT, Block
from topicdesk.features.counts import Analyser
from topicdesk.features.names import check_stemmer
from topicdesk.features.tfidf import FeatureSetting

__all__ = ["Features"]


@dataclass(frozen=True)
class Features:
    """TF-IDF features to try. Options have the names and defaults of scikit-learn's `TfidfVectorizer`.

    Each option takes a value, or a list of values. A comparison chooses among all combinations on inner folds.

    Parameters
    ----------
    analyzer : {"word", "char", "char_wb"} or list, default "word"
        What a term is made of.
    ngram_range : tuple of (int, int) or list of tuples, default (1, 1)
        Shortest and longest n-grams.
    lowercase : bool, "turkish" or list, default True
        Convert texts to lower case. ``"turkish"`` converts I to ı and İ to i, as in Turkish and Azerbaijani. True means
        the same if most texts are in these languages.
    strip_accents : {"ascii", "unicode", None} or list, default None
        Remove accents.
    stop_words : {"english", None} or list, default None
        Words to leave out.
    min_df, max_df : int, float or list, default 1 and 1.0
        Minimum and maximum number (int) or share (float) of training texts that contain a term.
    max_features : int, None or list, default None
        Number of terms to keep: the most frequent ones.
    binary : bool or list, default False
        Count a term at most once per text.
    sublinear_tf : bool or list, default False
        Replace a count by 1 + log(count).
    use_idf, smooth_idf : bool or list, default True
        Weight by inverse document frequency; smooth it as if one more text contained every term once.
    norm : {"l2", "l1", None} or list, default "l2"
        Norm that scales the weights of each text to unit length.
    stemmer : str, None or list, default None
        Language of a Snowball stemmer, such as ``"english"``.
    lead : int, None or list, default None
        Number of characters to read from the start of a text. By default, all.
    chi2 : int, None or list, default None
        Number of terms to keep: those that depend most on the topics, by the chi-squared statistic.
    field_weights : mapping of str to float, None or list, default None
        Weights of fields that get separate TF-IDF features, such as ``{"title": 2, "text": 1}``. By default, the fields
        form one text.
    blocks : mapping of str to mapping, default None
        Features beside those of the whole text, by name: ``{"lead": {"lead": 600, "weight": [0.5, 1.0]}}``. A block
        takes the options above except `chi2` and `field_weights`, with a value or a list of values; options that it
        does not set have the values of the whole text. It also takes ``weight``, by which its features are multiplied
        (default 1; 0 leaves the block out), and ``field``, the field to read. A block
        with ``{"keywords": True}`` has one feature for each topic instead, ``log(1 + n)``, where n is the number of
        distinct keywords of the topic in the text; it takes ``weight`` and ``lead``.

    Raises
    ------
    FeaturesError
        If an option has no value, a value is not valid, or two values cannot be combined.

    See Also
    --------
    topicdesk.compare : Compares classifiers on these features.
    sklearn.feature_extraction.text.TfidfVectorizer : Explains most options.

    Examples
    --------
    >>> import topicdesk
    >>> features = topicdesk.Features(ngram_range=[(1, 1), (1, 2)], min_df=2, sublinear_tf=True)
    >>> len(features.settings())
    2

    The lead of a text counts more, and the comparison chooses by how much:

    >>> features = topicdesk.Features(min_df=2, blocks={"lead": {"lead": 600, "weight": [0, 0.5, 1]}})
    >>> [setting.changed() for setting in features.settings()][1]
    {'min_df': 2, 'blocks.lead': {'lead': 600, 'weight': 0.5}}
    """

    analyzer: Any = "word"
    ngram_range: Any = (1, 1)
    lowercase: Any = True
    strip_accents: Any = None
    stop_words: Any = None
    min_df: Any = 1
    max_df: Any = 1.0
    max_features: Any = None
    binary: Any = False
    sublinear_tf: Any = False
    use_idf: Any = True
    smooth_idf: Any = True
    norm: Any = "l2"
    stemmer: Any = None
    lead: Any = None
    chi2: Any = None
    field_weights: Any = None
    blocks: Any = None

    def __post_init__(self) -> None:
        """Raise `FeaturesError` if a value is not valid."""
        for option in _CHECKS:
            _checked_values(option, getattr(self, option))
        self._blocks()

    def _blocks(self) -> list[list[Block | None]]:
        """Return the forms of each block that are tried; None leaves it out."""
        if self.blocks is None:
            return []
        if not isinstance(self.blocks, Mapping) or not all(isinstance(part, Mapping) for part in self.blocks.values()):
            raise FeaturesError(
                "blocks must be a mapping of names to options such as {'lead': {'lead': 600, 'weight': 0.5}}, or None; "
                f"got {self.blocks!r}."
            )
        if not self.blocks:
            raise FeaturesError("blocks is empty. Give at least one block, or None.")
        return [_forms_of_block(name, options) for name, options in self.blocks.items()]

    def n_settings(self) -> int:
        """Return the number of combinations without creating them."""
        values = (_checked_values(option, getattr(self, option)) for option in _CHECKS)
        return prod(map(len, values)) * prod(map(len, self._blocks()))

    def settings(self) -> tuple[FeatureSetting, ...]:
        """Return all combinations. The first value of each option comes first; the first combination wins ties.

        Returns
        -------
        tuple of FeatureSetting

        Raises
        ------
        FeaturesError
            If two values cannot be combined.
        """
        values = {option: _checked_values(option, getattr(self, option)) for option in _CHECKS}
        analysers = [
            Analyser(analyzer, ngram_range, lowercase, strip_accents, stop_words, stemmer=stemmer, lead=lead)
            for analyzer, ngram_range, lowercase, strip_accents, stop_words in product(
                values["analyzer"],
                ((int(least), int(most)) for least, most in values["ngram_range"]),
                values["lowercase"],
                values["strip_accents"],
                values["stop_words"],
            )
            for stemmer, lead in product(values["stemmer"], values["lead"])
        ]
        names = (
            "min_df", "max_df", "binary", "sublinear_tf", "field_weights", "chi2", "max_features", "use_idf",
            "smooth_idf", "norm",
        )  # fmt: skip
        settings = []
        for analyser, *chosen in product(analysers, *(values[name] for name in names)):
            options = dict(zip(names, chosen, strict=True))
            options["field_weights"] = tuple((options["field_weights"] or {}).items())
            for blocks in product(*self._blocks()):
                settings.append(FeatureSetting(analyser, **options, blocks=tuple(filter(None, blocks))))
        return tuple(settings)


def _checked_values(option: str, value: Any, place: str = "") -> list[Any]:
    """Return the values of an option; for ``ngram_range``, two integers in a list are one value.

    Raises
    ------
    FeaturesError
        If there is no value, or one is not valid. The message names the option after `place`.
    """
    if option == "ngram_range" and isinstance(value, list) and all(isinstance(part, Integral) for part in value):
        values = [tuple(value)] if value else []
    else:
        values = list(value) if isinstance(value, list) else [value]
    values = [one.item() if isinstance(one, np.generic) else one for one in values]  # NumPy's 2 is no int
    if not values:
        raise FeaturesError(f"{place}{option} is an empty list. Give at least one value.")
    for one in values:
        _CHECKS[option](f"{place}{option}", one)
    return values


def _forms_of_block(name: str, options: Mapping[str, Any]) -> list[Block | None]:
    """Return a block with each combination of values of its options; None for the weight 0, which leaves it out."""
    place = f"blocks.{name}."
    unknown = next((option for option in options if option not in _BLOCK_OPTIONS), None)
    if unknown is not None:
        raise FeaturesError(f"{place}{unknown}: unknown option; {nearest(str(unknown), _BLOCK_OPTIONS)}")
    keywords, field = options.get("keywords", False), options.get("field", WHOLE_TEXT)
    _check_flag(f"{place}keywords", keywords)
    if not isinstance(field, str):
        raise FeaturesError(f"{place}field must be the name of a field, such as 'title'; got {field!r}.")
    weights = options.get("weight", 1.0)
    weights = list(weights) if isinstance(weights, list) else [weights]
    if not weights:
        raise FeaturesError(f"{place}weight is an empty list. Give at least one value.")
    for weight in weights:
        if isinstance(weight, bool) or not isinstance(weight, Real) or not 0 <= float(weight) < inf:
            raise FeaturesError(
                f"{place}weight must be a finite number of at least 0 (0 leaves the block out); got {weight!r}."
            )
    names = [option for option in _CHECKS if option in options]  # in one order, so that equal blocks are equal
    if not (keywords or field or names):
        raise FeaturesError(
            f"blocks.{name} sets no option, so its features would be those of the whole text again. Set lead, field, "
            "keywords or another option, or remove the block."
        )
    values = [_checked_values(option, options[option], place) for option in names]
    if "ngram_range" in names:
        at = names.index("ngram_range")
        values[at] = [(int(least), int(most)) for least, most in values[at]]
    forms: list[Block | None] = []
    for weight in weights:
        chosen = [tuple(zip(names, combination, strict=True)) for combination in product(*values)]
        # A block that is left out is checked as well.
        blocks = [Block(name, float(weight) if weight else 1.0, keywords, field, own) for own in chosen]
        forms += blocks if weight else [None]
    return forms


def _check_choice(*valid: str | None) -> Any:
    def check(option: str, value: Any) -> None:
        if value not in valid:
            names = [str(name) for name in valid]
            raise FeaturesError(f"{option} = {value!r}: {nearest(str(value), names)}")

    return check


def _check_flag(option: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise FeaturesError(f"{option} must be True or False; got {value!r}.")


def _check_case(option: str, value: Any) -> None:
    if not isinstance(value, bool) and value != "turkish":
        raise FeaturesError(f"{option} must be True, False or 'turkish'; got {value!r}.")


def _check_frequency(option: str, value: Any) -> None:
    is_count = isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1
    is_share = isinstance(value, Real) and not isinstance(value, Integral) and 0 < float(value) <= 1
    if not (is_count or is_share):
        raise FeaturesError(
            f"{option} must be a number of texts (an integer of at least 1) or a share (a float above 0, at most 1); "
            f"got {value!r}."
        )


def _check_length(option: str, value: Any) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 1):
        raise FeaturesError(f"{option} must be an integer of at least 1, or None; got {value!r}.")


def _check_range(option: str, value: Any) -> None:
    is_pair = isinstance(value, tuple | list) and len(value) == 2
    if not is_pair or not all(isinstance(part, Integral) and not isinstance(part, bool) for part in value):
        raise FeaturesError(f"{option} must be a pair of integers such as (1, 2), or a list of pairs; got {value!r}.")
    if not 1 <= value[0] <= value[1]:
        raise FeaturesError(f"{option} must go from short to long, and be at least 1; got {value!r}.")


def _check_stemmer(option: str, value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise FeaturesError(f"{option} must be a language such as 'english', or None; got {value!r}.")
    check_stemmer(value)


def _check_weights(option: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping) or not value:
        raise FeaturesError(f"{option} must be a mapping such as {{'title': 2, 'text': 1}}, or None; got {value!r}.")
    for name, weight in value.items():
        if isinstance(weight, bool) or not isinstance(weight, Real) or not 0 < float(weight) < inf:
            raise FeaturesError(f"{option}: the weight of {name!r} must be a finite number above 0; got {weight!r}.")


_CHECKS = {
    "analyzer": _check_choice("word", "char", "char_wb"),
    "ngram_range": _check_range,
    "lowercase": _check_case,
    "strip_accents": _check_choice("ascii", "unicode", None),
    "stop_words": _check_choice("english", None),
    "min_df": _check_frequency,
    "max_df": _check_frequency,
    "max_features": _check_length,
    "binary": _check_flag,
    "sublinear_tf": _check_flag,
    "use_idf": _check_flag,
    "smooth_idf": _check_flag,
    "norm": _check_choice("l2", "l1", None),
    "stemmer": _check_stemmer,
    "lead": _check_length,
    "chi2": _check_length,
    "field_weights": _check_weights,
}

# Options that a block takes.
_BLOCK_OPTIONS = frozenset({*_CHECKS, "weight", "field", "keywords"} - {"chi2", "field_weights"})
