"""The scikit-learn pipeline that turns the fields of articles into features.

Every step is a function of NumPy or pandas, or an estimator of scikit-learn. Therefore the pipeline loads where
topicdesk is not installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter, methodcaller
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from topicdesk.features import TURKISH_I, FeatureSetting, Part, keyword_phrases
from topicdesk.features.keywords import phrase_vectorizer

__all__ = ["BLOCK", "LEAD_STEP", "TURKISH_STEP", "WHOLE_TEXT_BLOCK", "feature_pipeline", "phrases_of_topics"]

#: Name of the step of a pipeline that replaces I and İ as in Turkish and Azerbaijani.
TURKISH_STEP = "Turkish i"

#: Name of the step that cuts each text to its lead.
LEAD_STEP = "lead"

#: Name of the features of the whole text in a `FeatureUnion`, and what the names of blocks begin with.
WHOLE_TEXT_BLOCK, BLOCK = "whole text", "block "

_Steps: TypeAlias = list[tuple[str, FunctionTransformer]]


def feature_pipeline(
    view: FeatureSetting | str,
    fields: Sequence[str],
    topics: Sequence[str],
    keywords: Mapping[str, Sequence[str]] | None,
    turkish: bool,
) -> Pipeline:
    """Return an unfitted pipeline that turns the fields of articles into features.

    Parameters
    ----------
    view : FeatureSetting, "keywords" or "none"
        The features.
    fields : sequence of str
        Fields of the articles, in the order of their text.
    topics : sequence of str
        The topics, in the order of the columns of keywords.
    keywords : mapping of str to sequence of str or None
        Keywords of each topic. Only keyword rules and blocks of keywords need them.
    turkish : bool
        Whether keywords are matched as in Turkish and Azerbaijani.

    Returns
    -------
    Pipeline
        Takes a DataFrame with the fields; except with `field_weights`, also a list of texts. Its last step is called
        ``features``. With blocks, that step is a `FeatureUnion` of one pipeline per block, weighted.
    """
    # Select the fields of a table. Missing fields become empty.
    table_steps = [
        ("fields", FunctionTransformer(pd.DataFrame, kw_args={"columns": list(fields)})),
        ("any values", FunctionTransformer(methodcaller("astype", "object"))),
        ("no missing", FunctionTransformer(methodcaller("fillna", ""))),
        ("words", FunctionTransformer(methodcaller("astype", "str"))),
    ]
    if isinstance(view, FeatureSetting) and view.field_weights:
        return Pipeline([*table_steps, *_turkish_i(view.analyser.turkish), ("features", view.transformer())])
    # A list of texts becomes a table whose only column is called 0. Fields are joined by a line break, as in the texts
    # of a comparison. (An empty field leaves its line break, which matters only for character n-grams.)
    columns = list(fields) if "0" in fields else [*fields, "0"]
    table_steps[0] = ("fields", FunctionTransformer(pd.DataFrame, kw_args={"columns": columns}))
    table_steps[:0] = [
        ("table", FunctionTransformer(pd.DataFrame)),
        ("names", FunctionTransformer(methodcaller("add_suffix", ""))),
    ]
    breaks = ["\n"] * (len(fields) - 1) + [""] * (1 + len(columns) - len(fields))
    one_text = [
        ("line breaks", FunctionTransformer(methodcaller("add", breaks))),
        ("one text", FunctionTransformer(np.sum, kw_args={"axis": 1})),
    ]
    match view:
        case FeatureSetting() if view.blocks:
            union = FeatureUnion(
                [(_step_name(part), _block(part, one_text, topics, keywords, turkish)) for part in view.parts],
                transformer_weights={_step_name(part): part.weight for part in view.parts},
            )
            features = union if view.chi2 is None else make_pipeline(union, SelectKBest(chi2, k=view.chi2))
            return Pipeline([*table_steps, ("features", features)])
        case FeatureSetting():
            reading_steps = [*_lead(view.analyser.lead), *_turkish_i(view.analyser.turkish)]
            return Pipeline([*table_steps, *one_text, *reading_steps, ("features", view.transformer())])
        case "keywords":
            vectorizer = phrase_vectorizer(phrases_of_topics(topics, keywords, turkish))
            return Pipeline([*table_steps, *one_text, *_turkish_i(turkish), ("features", vectorizer)])
        case _:
            return Pipeline([*table_steps, *one_text, ("features", CountVectorizer(max_features=1))])  # not used


def phrases_of_topics(
    topics: Sequence[str], keywords: Mapping[str, Sequence[str]] | None, turkish: bool
) -> dict[str, list[str]]:
    """Return the keywords of each topic as they are matched in texts (see `keyword_phrases`)."""
    keywords = keywords or {}
    return keyword_phrases({topic: keywords.get(topic, ()) for topic in topics}, turkish)


def _step_name(part: Part) -> str:
    return f"{BLOCK}{part.name}" if part.name else WHOLE_TEXT_BLOCK


def _block(
    part: Part,
    one_text: _Steps,
    topics: Sequence[str],
    keywords: Mapping[str, Sequence[str]] | None,
    turkish: bool,
) -> Pipeline:
    """Return the steps from a table of fields to the features of one block."""
    reading = [("field", FunctionTransformer(methodcaller("get", part.field)))] if part.field else one_text
    if part.setting is not None:
        analyser = part.setting.analyser
        reading = [*reading, *_lead(analyser.lead, whole_text=not part.field), *_turkish_i(analyser.turkish)]
        return Pipeline([*reading, ("terms", part.setting.vectorizer())])
    phrases = phrases_of_topics(topics, keywords, turkish)
    vectorizer = phrase_vectorizer(phrases)
    topics_of = np.array([[float(phrase in phrases[topic]) for topic in topics] for phrase in vectorizer.vocabulary])
    return Pipeline(
        [
            *reading,
            *_lead(part.lead),
            *_turkish_i(turkish),
            ("terms", vectorizer),
            ("topics", FunctionTransformer(methodcaller("dot", csr_matrix(topics_of)))),
            ("logarithms", FunctionTransformer(methodcaller("log1p"))),
        ]
    )


def _turkish_i(turkish: bool) -> _Steps:
    """Return the step that replaces I and İ in texts or in a table before scikit-learn converts them to lower case."""
    replaced = methodcaller("map", methodcaller("translate", TURKISH_I))
    return [(TURKISH_STEP, FunctionTransformer(replaced))] if turkish else []


def _lead(characters: int | None, whole_text: bool = True) -> _Steps:
    """Return the steps that cut each text to its lead; no steps for whole texts."""
    if characters is None:
        return []
    strings = FunctionTransformer(attrgetter("str"))
    # A comparison leaves out empty fields, so the line breaks of empty first fields are removed.
    first_field = [("first field", FunctionTransformer(methodcaller("lstrip", "\n"))), ("characters again", strings)]
    return [
        ("characters", strings),
        *(first_field if whole_text else []),
        (LEAD_STEP, FunctionTransformer(methodcaller("slice", 0, characters))),
    ]
