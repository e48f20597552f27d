"""Short extracts of articles, with the terms that contributed most to a decision marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from topicdesk.evaluation import described, worst_errors
from topicdesk.features import Analyser, keywords_are_turkish
from topicdesk.prediction import Contribution, explain_held_out, find_terms
from topicdesk.prediction.explain import terms_in_text
from topicdesk.prediction.held_out import untrained

if TYPE_CHECKING:
    from topicdesk.evaluation import ComparisonResult, OutOfFold
    from topicdesk.report.about import About

__all__ = ["Piece", "Reading", "read_errors", "short_passage"]

_MOST_TITLE = 160


@dataclass(frozen=True)
class Piece:
    """A piece of text, and the contribution of the term that it belongs to (0 if it belongs to no term)."""

    text: str
    contribution: float = 0.0


@dataclass(frozen=True)
class Reading:
    """An error of a classifier, to be read by a person.

    Parameters
    ----------
    article_id, title, source, date : str
        The article. `title` is empty if it is unknown or must not be shown. `date` is empty if it is unknown.
    wrong, tested : int
        How often the decision was wrong, and how often the article was tested.
    probability : float
        Mean probability of the topic. NaN if there is none.
    passage : tuple of Piece
        A short extract. Empty if none may be shown.
    towards, away : tuple of Contribution
        Terms that contributed most towards the topic, and away from it.
    untrained : bool, default False
        Whether there are no such terms because the model did not learn the topic.
    """

    article_id: str
    title: str
    source: str
    date: str
    wrong: int
    tested: int
    probability: float
    passage: tuple[Piece, ...]
    towards: tuple[Contribution, ...]
    away: tuple[Contribution, ...]
    untrained: bool = False


def read_errors(
    comparison: ComparisonResult, held_out: OutOfFold, topics: Sequence[str], about: About
) -> dict[tuple[str, str], list[Reading]]:
    """Return the worst errors of a classifier, with extracts of the articles.

    Parameters
    ----------
    comparison : ComparisonResult
        The comparison.
    held_out : OutOfFold
        Out-of-fold decisions of the classifier.
    topics : sequence of str
        Topics to include.
    about : About
        Defines the number of errors, and the number of characters of each extract.

    Returns
    -------
    dict of (str, str) to list of Reading
        Errors by topic and type (``false positive``, ``false negative``), with the worst first.
    """
    data = comparison.dataset
    (classifier,) = (candidate for candidate in comparison.plan.classifiers if candidate.name == held_out.classifier)
    worst = {
        (topic, kind): worst_errors(comparison, held_out, topic, kind, about.errors)
        for topic in topics
        for kind in ("false positive", "false negative")
    }
    pairs = [(int(row), data.topics.index(topic)) for (topic, _), table in worst.items() for row in table["row"]]
    unlearnt = untrained(comparison, classifier, pairs)
    learnt = [pair for pair in pairs if pair not in unlearnt]
    contributions = explain_held_out(comparison, classifier, learnt, about.keywords)
    features_of = {
        (int(row)): result.features
        for result in comparison.results_of(classifier.name)
        if result.split.repeat == 0
        for row in result.split.test
    }
    turkish = keywords_are_turkish(comparison.plan.settings, data.texts)
    keyword_case: Literal[True, "turkish"] = "turkish" if turkish else True
    settings = {described(setting): setting for setting in comparison.plan.settings}
    passages: dict[tuple[str, str], list[Reading]] = {}
    for (topic, kind), table in worst.items():
        column = data.topics.index(topic)
        readings = passages.setdefault((topic, kind), [])
        for error in table.to_dict("records"):
            row = int(error["row"])
            terms = contributions.get((row, column), ())
            setting = settings.get(features_of.get(row, ""))
            analyser = setting.analyser if setting else Analyser(ngram_range=(1, 3), lowercase=keyword_case)
            in_text = terms_in_text(terms, [f"{part.name}: " for part in setting.parts if part.name] if setting else [])
            date = pd.Timestamp(data.dates[row])
            titles = about.provenance.titles
            readings.append(
                Reading(
                    article_id=str(error["article_id"]),
                    title=titles[row][:_MOST_TITLE] if titles and about.extract else "",
                    source=str(data.sources[row]),
                    date="" if pd.isna(date) else date.date().isoformat(),
                    wrong=int(error["wrong"]),
                    tested=int(error["tested"]),
                    probability=float(error["probability"]),
                    passage=short_passage(data.fields.get("text", data.texts)[row], in_text, analyser, about.extract),
                    towards=tuple(term for term in terms if term.contribution > 0),
                    away=tuple(term for term in reversed(terms) if term.contribution < 0),
                    untrained=(row, column) in unlearnt,
                )
            )
    return passages


def short_passage(text: str, pushed: Sequence[Contribution], analyser: Analyser, characters: int) -> tuple[Piece, ...]:
    """Return the passage of a text whose terms contributed most.

    Parameters
    ----------
    text : str
        The text.
    pushed : sequence of Contribution
        Contributions of the terms.
    analyser : Analyser
        The analyser that extracts the terms.
    characters : int
        Maximum length of the passage. If 0, the result is empty.

    Returns
    -------
    tuple of Piece
        The passage in pieces. Together they are the passage, with an ellipsis where the text is cut.
    """
    if characters <= 0 or not text:
        return ()
    strength = {item.term: item.contribution for item in sorted(pushed, key=lambda item: -abs(item.contribution))}
    spans = list(find_terms(text, list(strength), analyser))

    def weight(start: int) -> float:
        terms = {term for first, last, term in spans if first >= start and last <= start + characters}
        return sum(abs(strength.get(term, 0.0)) for term in terms)

    start = max([0, *(first for first, _, _ in spans)], key=weight) if spans else 0
    # Start at the beginning of a word, a little before the first term.
    start = text.rfind(" ", 0, max(start - 20, 0) + 1) + 1 if start > 20 else 0
    end = min(start + characters, len(text))
    pieces = [Piece("… ")] if start else []
    position = start
    for first, last, term in spans:
        if first < position or last > end:
            continue
        pieces += [Piece(text[position:first]), Piece(text[first:last], strength.get(term, 0.0))]
        position = last
    pieces += [Piece(text[position:end]), *([Piece(" …")] if end < len(text) else [])]
    return tuple(piece for piece in pieces if piece.text)
