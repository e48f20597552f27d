"""Report of a comparison as one HTML page: answers to a reviewer's main questions first, details after them.

The page needs no network and no script. Its script only adds a switch between light and dark. The template escapes all
text from articles, sources and the user's files.
"""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from topicdesk._environment import peak_memory
from topicdesk._proportions import wilson_interval
from topicdesk.annotation import suspect_labels
from topicdesk.errors import counted
from topicdesk.evaluation import (
    CORPUS_SAMPLE,
    DIFFERENCE_FROM_BEST,
    FEWEST_POSITIVES,
    metric_title,
    most_often,
    out_of_fold,
    scores_where,
    shown,
    starred,
)
from topicdesk.report._checklist import checklist, straddling
from topicdesk.report._passages import read_errors
from topicdesk.report._pictures import inline_picture
from topicdesk.report.about import RUN_ID

if TYPE_CHECKING:
    from topicdesk.evaluation import ComparisonResult, OutOfFold, SourceAudit, StoryAudit
    from topicdesk.prediction import ErrorKinds, Labeller
    from topicdesk.report.about import About

__all__ = ["make_report"]

# With more topics, only the most frequent ones get a section, to keep the report readable.
_MOST_TOPICS = 12
_MOST_SUSPECTS = 20
_MOST_SPLITS = 30
_MOST_SOURCES = 25
_MOST_GROUPS = 10
_TERMS = 12


def make_report(
    comparison: ComparisonResult,
    about: About,
    labeller: Labeller | None = None,
    audit: SourceAudit | None = None,
    stories: StoryAudit | None = None,
    kinds: ErrorKinds | None = None,
) -> str:
    """Return the report of a comparison.

    Parameters
    ----------
    comparison : ComparisonResult
        The comparison.
    about : About
        Description of the experiment, and how much of each article to show.
    labeller : Labeller, optional
        The best classifier, refitted on all labels. Needed for the strongest terms of each topic.
    audit : SourceAudit, optional
        How well the source of an article can be predicted from its text.
    stories : StoryAudit, optional
        How much of the winner's score is remembering the same story.
    kinds : ErrorKinds, optional
        The winner's errors by kind.

    Returns
    -------
    str
        A self-contained HTML page with style, script and plots. `RUN_ID` is a placeholder for the id of the run.
    """
    environment = Environment(
        loader=PackageLoader("topicdesk.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = files("topicdesk.report").joinpath("report.css").read_text(encoding="utf-8")
    script = files("topicdesk.report").joinpath("report.js").read_text(encoding="utf-8")
    held_out = out_of_fold(comparison, comparison.verdict.winner)
    return environment.get_template("report.html.j2").render(
        **_answers(comparison, about, stories, kinds),
        **_tables(comparison),
        by_source=_by_source(comparison, held_out),
        kinds=kinds,
        **_error_kinds(kinds, about),
        suspects=_suspects(comparison, about, held_out),
        audit=audit,
        stories=stories,
        topics=_topics(comparison, about, labeller, held_out),
        checks=checklist(comparison, about),
        leaderboard_picture=inline_picture(comparison.plot.leaderboard, "leaderboard with intervals and single folds"),
        topics_picture=inline_picture(comparison.plot.topics, "F1 of each topic by the best classifier"),
        about=about,
        comparison=comparison,
        run_id=RUN_ID,
        style=Markup(style),
        script=Markup(script),
    )


def _answers(
    comparison: ComparisonResult, about: About, stories: StoryAudit | None, kinds: ErrorKinds | None
) -> dict[str, Any]:
    """Return the answers to a reviewer's questions, and the classifier that is kept."""
    data, plan, verdict = comparison.dataset, comparison.plan, comparison.verdict
    title = metric_title(plan.metric)
    rows = scores_where(comparison.scores, sample=comparison.headline, metric=plan.metric).set_index("classifier")
    interval = ["value", "low", "high"]
    winner = verdict.winner
    gap = shown(*rows.loc[winner, [*DIFFERENCE_FROM_BEST]].astype(float))
    baseline = next((name for name in ("keyword-rules", "plain-linear-svm", "majority") if name in rows.index), winner)
    topic_scores = scores_where(comparison.topic_scores, sample=comparison.headline, classifier=winner, metric="f1")
    # A topic that supports no claim is not called the worst, unless none supports one.
    supported = topic_scores[topic_scores["support"] >= FEWEST_POSITIVES]
    candidates = (supported if len(supported) else topic_scores).to_dict("records")
    worst = min(candidates, key=lambda row: (np.nan_to_num(row["value"]), row["topic"]))
    drawn = " drawn at random" if comparison.headline == CORPUS_SAMPLE else ""
    weighted = (
        ", weighted by how the articles were drawn from the corpus" if comparison.headline == CORPUS_SAMPLE else ""
    )
    splits = comparison.splits
    repeats = len({split.repeat for split in splits})
    folds = counted(len(splits) // repeats, "fold")
    n_straddling = straddling(comparison)
    leaking = f"{counted(n_straddling, 'test article')} {'has' if n_straddling == 1 else 'have'}"
    leaking = leaking if n_straddling else "No test articles have"
    reproducibility = {
        "same": "Yes. All scores equal those of the committed results lock.",
        "moved": "No. Some scores differ from the committed results lock.",
        "none": "Unknown. There was no results lock to compare with before this run.",
    }[about.lock]
    n_sources = len(set(data.sources))
    coverage = f"{int(data.Y.any(axis=1).sum())} have a topic; {counted(n_sources, 'source')}"
    return {
        "winner": winner,
        "title": title,
        "answers": [
            ("What is the question?", about.question or about.title, "question"),
            ("Which data were used?", f"{data}; {coverage}.", "data"),
            (
                "How were they split?",
                f"Scheme '{splits[0].scheme}': {folds} × {counted(repeats, 'repeat')}. Models are "
                f"selected on {plan.inner_folds} inner folds. {leaking} {data.fellow} in training.",
                "splits",
            ),
            (_which(comparison), verdict.reason, "decision"),
            (
                "By how much?",
                f"{winner} has {title} {shown(*rows.loc[winner, interval].astype(float))} [95 %]{weighted}. The "
                f"baseline {baseline} has {shown(*rows.loc[baseline, interval].astype(float))}."
                + ("" if winner == verdict.best else f" The best one is ahead of the winner by {gap}."),
                "leaderboard",
            ),
            ("Is the difference significant?", _is_real(comparison), "significance"),
            *_remembering(stories),
            (
                "Which topic scores lowest?",
                f"{worst['topic']}: F1 {shown(worst['value'], worst['low'], worst['high'])} [95 %], "
                f"{worst['support']} positive articles{drawn}.",
                f"topic-{worst['topic']}",
            ),
            *([] if kinds is None else [("Where does it still fail?", kinds.sentence(), "errors")]),
            ("Are the results reproducible?", reproducibility, "again"),
        ],
    }  # fmt: skip


def _remembering(stories: StoryAudit | None) -> list[tuple[str, str, str]]:
    """Return the question how much of the score is remembering the same story, if it was measured."""
    if stories is None:
        return []
    return [("How much of it is remembering the same story?", stories.sentence(), "leakage")]


def _which(comparison: ComparisonResult) -> str:
    """Return the question that the verdict answers. If it is undecided, there is no winner."""
    return "Which classifier is best?" if comparison.verdict.outcome == "undecided" else "Which classifier wins?"


def _is_real(comparison: ComparisonResult) -> str:
    conclusions, best = comparison.significance["conclusion"], comparison.verdict.best
    texts = {
        "worse": f"{best} is better than {{}} (adjusted p < 0.05)",
        "equivalent": f"{{}} differ from it by no more than {comparison.plan.rope:g}",
        "undecided": "no difference is shown for {}",
        "better": "{} scores higher, but was not listed",
    }
    parts = [
        text.format(", ".join(conclusions.index[conclusions == conclusion]))
        for conclusion, text in texts.items()
        if (conclusions == conclusion).any()
    ]
    return ("; ".join(parts) or "There is no other classifier to compare with") + "."


def _tables(comparison: ComparisonResult) -> dict[str, Any]:
    data = comparison.dataset
    sources = pd.Series(data.sources).replace("", "(none)").value_counts()
    dates = pd.Series(data.dates).dropna()
    months = dates.dt.to_period("M").astype(str).value_counts().sort_index()
    lengths = pd.Series([len(text) for text in data.texts])
    significance = comparison.significance
    tests = pd.DataFrame(
        {
            "difference [95 %, all together]": [
                shown(*row) for row in significance[["difference", "low", "high"]].to_numpy(dtype=float)
            ],
            "adjusted p": [starred(p) for p in significance["p"].astype(float)],
            "conclusion": significance["conclusion"],
            "p over folds": [starred(p) for p in significance["folds_p"].astype(float)],
            "McNemar p, subset accuracy": [starred(p) for p in significance["mcnemar_p"].astype(float)],
            "P(difference matters)": [f"{p:.0%}" if p == p else "–" for p in significance["better"].astype(float)],
        },
        index=significance.index,
    )
    choices = comparison.choices()
    seconds = choices.groupby("classifier", sort=False)[["fit_seconds", "predict_seconds"]].mean()
    chosen = choices.groupby("classifier", sort=False).agg(
        features=("features", most_often), parameters=("parameters", most_often), inner=("inner_score", "mean")
    )
    overall = scores_where(comparison.scores, sample=comparison.headline, metric=comparison.plan.metric)
    outer = overall.set_index("classifier")["value"].astype(float)
    chosen["inner"] = [f"{value:.3f}" if value == value else "–" for value in chosen["inner"]]
    chosen["out of fold"] = [f"{outer[name]:.3f}" for name in chosen.index]
    chosen_table = chosen.rename(columns={"inner": f"{metric_title(comparison.plan.metric)}, inner folds"})
    memory = peak_memory()
    return {
        "board": comparison.leaderboard(),
        "probable": comparison.probability_leaderboard(),
        "tested": tests,
        "chosen": chosen_table,
        "support": data.support(),
        "sources": _bars(sources.head(_MOST_SOURCES)),
        "months": _bars(months) if len(months) <= 60 else _bars(dates.dt.year.astype(str).value_counts().sort_index()),
        "undated": len(data) - len(dates),
        "lengths": lengths.describe(percentiles=[0.1, 0.5, 0.9]).round().astype(int),
        "grouped": {
            "near-duplicates": f"{data.n_repeated} articles are near-duplicates of an earlier one",
            "stories": f"{data.n_repeated} articles tell the story of an earlier one",
            "own": f"{data.n_repeated} articles are in the group of an earlier one",
        }[data.grouping],
        "splits": comparison.split_table().head(_MOST_SPLITS).set_index("repeat"),
        "more_splits": max(len(comparison.splits) - _MOST_SPLITS, 0),
        "parted": straddling(comparison),
        "future": _future(comparison),
        "spent": seconds.map("{:.3f}".format),
        "memory": f"{memory / 2**20:.0f} MB" if memory else "–",
    }


def _topics(
    comparison: ComparisonResult, about: About, labeller: Labeller | None, held_out: OutOfFold
) -> list[dict[str, Any]]:
    """Return the content of the section of each topic."""
    data, winner = comparison.dataset, comparison.verdict.winner
    order = np.argsort(-data.Y.sum(axis=0), kind="stable")[:_MOST_TOPICS]
    names = [topic for column, topic in enumerate(data.topics) if column in set(order.tolist())]
    readings = read_errors(comparison, held_out, names, about)
    terms = None if labeller is None else labeller.terms(_TERMS)
    tested, n_predicted = held_out.tested, held_out.given
    rows = scores_where(comparison.topic_scores, classifier=winner)
    probability_board = comparison.probability_leaderboard()
    # A winner that was not scored on inner folds has no probabilities. The plot names the classifier that it shows.
    probable = winner if winner in probability_board.index else None
    curves = list(dict.fromkeys([comparison.ranking[0], winner, "keyword-rules"]))
    curves = [name for name in curves if name in comparison.ranking]
    choices = scores_where(comparison.choices(), classifier=winner)
    entries = []
    for topic in names:
        column = data.topics.index(topic)
        truth = data.Y[:, column] == 1
        counts = {
            (labelled, decided): int(
                (n_predicted if decided else tested[:, None] - n_predicted)[truth == labelled, column].sum()
            )
            for labelled in (True, False)
            for decided in (True, False)
        }
        topic_rows = scores_where(rows, topic=topic)
        scores = {
            sample: {row["metric"]: shown(row["value"], row["low"], row["high"]) for row in group.to_dict("records")}
            for sample, group in topic_rows.groupby("sample", sort=False)
        }
        chosen = choices.get(f"threshold {topic}")
        thresholds = "none, the class with the highest score is predicted" if chosen is None else (
            f"on the scale of the classifier's scores, chosen on inner folds of each split: median "
            f"{chosen.median():.3f}, from {chosen.min():.3f} to {chosen.max():.3f}"
        )  # fmt: skip
        if labeller is not None and labeller.thresholds is not None:
            thresholds += f"; the final model predicts the topic from probability {labeller.thresholds[column]:.3f}"
        entries.append(
            {
                "name": topic,
                "title": about.topic_titles.get(topic, topic),
                "support": int(truth.sum()),
                "scores": scores,
                "counts": counts,
                "threshold": thresholds,
                "curve": inline_picture(
                    partial(comparison.plot.precision_recall, topic, curves), f"precision and recall: {topic}"
                ),
                "reliability": None
                if probability_board.empty
                else inline_picture(partial(comparison.plot.reliability, topic, probable), f"reliability: {topic}"),
                "readings": {kind: readings[topic, kind] for kind in ("false positive", "false negative")},
                "terms": None if terms is None else _bars_of_terms(terms[terms["topic"] == topic]),
            }
        )
    return entries


def _suspects(comparison: ComparisonResult, about: About, found: OutOfFold) -> list[dict[str, Any]] | None:
    data, probabilities = comparison.dataset, found.probabilities
    if probabilities is None:
        return None
    rows = np.flatnonzero(~np.isnan(probabilities).any(axis=1))
    table = suspect_labels(
        y=data.Y[rows], probabilities=probabilities[rows], topics=data.topics, ids=data.ids[rows], task=data.task
    )
    row_of = {article: row for row, article in enumerate(data.ids.tolist())}
    titles = about.provenance.titles
    return [
        {
            **{str(name): value for name, value in row.items()},
            "title": titles[row_of[row["article_id"]]] if titles and about.extract else "",
        }
        for row in table.head(_MOST_SUSPECTS).to_dict("records")
    ]


def _error_kinds(kinds: ErrorKinds | None, about: About) -> dict[str, Any]:
    """Return tables, plot and examples of the errors by kind."""
    if kinds is None or kinds.table.empty:
        return {"kinds_picture": None, "kinds_table": None, "kinds_groups": None, "kinds_examples": []}
    examples = kinds.examples(about.errors)
    if not about.extract:
        examples["title"] = ""
    groups = kinds.text_groups(_MOST_GROUPS)
    return {
        "kinds_picture": inline_picture(kinds.plot, "errors by kind and topic"),
        "kinds_table": kinds.text_summary(),
        "kinds_groups": groups if len(groups) else None,
        "kinds_examples": [
            (kind, action, scores_where(examples, kind=kind).to_dict("records"))
            for kind, action in kinds.actions().items()
        ],
    }


def _by_source(comparison: ComparisonResult, found: OutOfFold) -> pd.DataFrame:
    """Return the share of articles of each source for which the winner predicts all topics correctly."""
    tested = found.tested > 0
    results = pd.DataFrame(
        {"source": comparison.dataset.sources[tested], "right": found.right[tested] / found.tested[tested]}
    )
    results["source"] = results["source"].replace("", "(none)")
    by_source = results.groupby("source")["right"]
    table = pd.DataFrame({"articles": by_source.size(), "right": by_source.mean()})
    table = table.sort_values("articles", ascending=False)
    low, high = wilson_interval(table["right"] * table["articles"], table["articles"])
    table["all topics right [95 %]"] = [shown(*row) for row in zip(table["right"], low, high, strict=True)]
    return table.drop(columns="right").head(_MOST_SOURCES)


def _future(comparison: ComparisonResult) -> str:
    """Return a sentence with the share of test articles that are older than the newest training article."""
    dates = pd.Series(comparison.dataset.dates)
    n_dated = sum(int(dates[split.test].notna().sum()) for split in comparison.splits)
    if not n_dated:
        return "Articles have no dates."
    n_older = sum(int((dates[split.test] < dates[split.train].max()).sum()) for split in comparison.splits)
    return f"{n_older / n_dated:.0%} of dated test articles are older than the newest training article of their split."


def _bars(counts: pd.Series) -> list[tuple[str, str, float]]:
    largest = float(counts.max()) if len(counts) else 1.0
    return [(str(name), str(count), 100 * count / largest) for name, count in counts.items()]


def _bars_of_terms(terms: pd.DataFrame) -> list[tuple[str, str, float, bool]]:
    largest = float(terms["weight"].abs().max()) or 1.0
    return [
        (str(row["term"]), f"{row['weight']:+.2f}", 100 * abs(row["weight"]) / largest, row["weight"] > 0)
        for row in terms.to_dict("records")
    ]
