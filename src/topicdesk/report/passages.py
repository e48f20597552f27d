"""Short extracts of articles, with the terms that decided marked in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from topicdesk.evaluation import described, worst_errors
from topicdesk.features import Analyser
from topicdesk.prediction import Contribution, explain_held_out, find_terms

if TYPE_CHECKING:
    from topicdesk.evaluation import Comparison, OutOfFold
    from topicdesk.report.about import About

__all__ = ["Piece", "Reading", "read_errors", "short_passage"]

_MOST_TITLE = 160


@dataclass(frozen=True)
class Piece:
    """A stretch of text, and how much the term that it belongs to pushed; 0 where it belongs to none."""

    text: str
    contribution: float = 0.0


@dataclass(frozen=True)
class Reading:
    """An error to read.

    Parameters
    ----------
    article_id, title, source, date : str
    wrong, tested : int
        How often the decision was wrong, of how many times the article was tested.
    probability : float
        Mean probability of the topic; NaN where there is none.
    passage : tuple of Piece
        A short extract; empty when none may be shown.
    towards, away : tuple of Contribution
        The terms that pushed most.
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


def read_errors(
    comparison: Comparison, held_out: OutOfFold, topics: Sequence[str], about: About
) -> dict[tuple[str, str], list[Reading]]:
    """Show the worst errors of a classifier.

    Parameters
    ----------
    comparison : Comparison
    held_out : OutOfFold
        Of the classifier.
    topics : sequence of str
    about : About
        Says how many, and how much of each article.

    Returns
    -------
    dict of (str, str) to list of Reading
        By topic and kind (``false positive``, ``false negative``), the worst first.
    """
    data = comparison.dataset
    (recipe,) = (one for one in comparison.plan.classifiers if one.name == held_out.classifier)
    worst = {
        (topic, kind): worst_errors(comparison, held_out, topic, kind, about.errors)
        for topic in topics
        for kind in ("false positive", "false negative")
    }
    wanted = [(int(row), data.topics.index(topic)) for (topic, _), table in worst.items() for row in table["row"]]
    explained = explain_held_out(comparison, recipe, wanted, about.keywords)
    analyser_of = {
        (int(row)): result.features
        for result in comparison.results_of(recipe.name)
        if result.split.repeat == 0
        for row in result.split.test
    }
    analysers = {described(setting): setting.analyser for setting in comparison.plan.settings}
    found: dict[tuple[str, str], list[Reading]] = {}
    for (topic, kind), table in worst.items():
        column = data.topics.index(topic)
        readings = found.setdefault((topic, kind), [])
        for error in table.to_dict("records"):
            row = int(error["row"])
            pushed = explained.get((row, column), ())
            analyser = analysers.get(analyser_of.get(row, ""), Analyser(ngram_range=(1, 3)))
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
                    passage=short_passage(data.fields.get("text", data.texts)[row], pushed, analyser, about.extract),
                    towards=tuple(one for one in pushed if one.contribution > 0),
                    away=tuple(one for one in reversed(pushed) if one.contribution < 0),
                )
            )
    return found


def short_passage(text: str, pushed: Sequence[Contribution], analyser: Analyser, characters: int) -> tuple[Piece, ...]:
    """Cut the stretch of a text in which terms pushed most.

    Parameters
    ----------
    text : str
    pushed : sequence of Contribution
    analyser : Analyser
        That the terms come from.
    characters : int
        How long at most; 0 gives nothing.

    Returns
    -------
    tuple of Piece
    """
    if characters <= 0 or not text:
        return ()
    strength = {one.term: one.contribution for one in sorted(pushed, key=lambda one: -abs(one.contribution))}
    spans = list(find_terms(text, list(strength), analyser))

    def weight(start: int) -> float:
        inside = {term for first, last, term in spans if first >= start and last <= start + characters}
        return sum(abs(strength.get(term, 0.0)) for term in inside)

    start = max([0, *(first for first, _, _ in spans)], key=weight) if spans else 0
    # From the beginning of a word, a little before the first term.
    start = text.rfind(" ", 0, max(start - 20, 0) + 1) + 1 if start > 20 else 0
    end = min(start + characters, len(text))
    pieces = [Piece("… ")] if start else []
    place = start
    for first, last, term in spans:
        if first < place or last > end:
            continue
        pieces += [Piece(text[place:first]), Piece(text[first:last], strength.get(term, 0.0))]
        place = last
    pieces += [Piece(text[place:end]), *([Piece(" …")] if end < len(text) else [])]
    return tuple(piece for piece in pieces if piece.text)
