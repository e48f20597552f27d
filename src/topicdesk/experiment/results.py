"""The results page, ``experiments/README.md``. It is generated from the locks and therefore always matches them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from topicdesk.errors import SpecError
from topicdesk.evaluation import ALL_SAMPLES, leaderboard, metric_title, probability_leaderboard, shown, topic_title
from topicdesk.experiment.lock import LockedComparison, LockedInterval, ResultsLock, lock_path, read_lock
from topicdesk.experiment.spec import PublishedScores, Spec, read_spec

__all__ = ["results_page"]

# More topic columns do not fit a page.
_MOST_TOPICS = 12

_HEAD = """# Results

`topicdesk results` generates this page from the results locks in this folder. Edit the specs, not this page.
All scores are computed from out-of-fold predictions of nested cross-validation, or from the test set of a published
split, and pooled over folds. Where the articles were not drawn uniformly, the headline is weighted by how they were
drawn ("corpus"). The intervals are 95 % intervals of the procedure on new training and test articles. Differences from
the best listed classifier are paired, and hold for all classifiers together.
"""


def results_page(folder: Path) -> str:
    """Return a page with the leaderboards of all locked experiments in a folder.

    Parameters
    ----------
    folder : Path
        Folder with specs and their locks.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    SpecError
        If no spec in the folder has a lock.
    """
    specs = [path for path in sorted(folder.glob("*.toml")) if lock_path(path).is_file()]
    if not specs:
        raise SpecError(
            f"no spec with a results lock in {folder.resolve()}. Run the command inside your project "
            "('topicdesk init' creates one), or make a lock with 'topicdesk compare SPEC'."
        )
    return "\n".join([_HEAD, *(_section(path, read_spec(path), read_lock(lock_path(path))) for path in specs)])


def _section(path: Path, spec: Spec, lock: ResultsLock) -> str:
    lines = [f"## {spec.experiment.title}", "", f"{spec.experiment.question} (`{path.name}`)".strip(), ""]
    for name, comparison in lock.comparisons.items():
        lines += [f"### {name}: {comparison.articles} articles", "", _grouping(comparison.near_duplicates, spec), ""]
        table = leaderboard(comparison.scores_frame(lock.metric), lock.metric, comparison.significance_frame())
        lines += [_markdown(table), "", f"**Verdict.** {comparison.verdict}", ""]
        precision = spec.evaluation.automation_precision
        probabilities = probability_leaderboard(comparison.scores_frame(lock.metric), tuple(table.index), precision)
        if len(probabilities):
            lines += [f"Probabilities ({spec.evaluation.calibration}):", "", _markdown(probabilities), ""]
        if len(comparison.support) <= _MOST_TOPICS:
            lines += ["F1 by topic:", "", _markdown(_by_topic(lock, name)), ""]
    if spec.experiment.beside is not None:
        other_path = path.with_name(f"{spec.experiment.beside}.toml")
        lines += [f"### Comparison with `{other_path.name}`", ""]
        lines += _side_by_side(path, lock, other_path, read_lock(lock_path(other_path)))
    if spec.reference is not None:
        lines += ["### Comparison with published scores", "", _markdown(_beside(spec.reference, lock)), ""]
        lines += [f"Published: {spec.reference.citation}.", ""]
    versions = ", ".join(f"{package} {number}" for package, number in sorted(lock.made_with.items()))
    commit = f" from commit {lock.commit}" if lock.commit else ""
    origin = f"Made on {lock.made_on}{commit}, with" if lock.made_on else "Made with"
    lines += [f"{origin} {versions}.", ""]
    if lock.made_on and not lock.changed:
        lines += ["All scores are the same as in the previous lock.", ""]
    if lock.changed:
        lines += ["Changes since the previous lock:", "", *(f"- {change}" for change in lock.changed), ""]
    return "\n".join(lines)


def _grouping(near_duplicates: int, spec: Spec) -> str:
    if near_duplicates == 0:
        none = "articles that tell the same story" if spec.splits.groups == "stories" else "near-duplicates"
        return f"There are no {none}, so grouping them does not change the folds or the scores."
    note = (
        "The published split separates some of them, and is used as published"
        if spec.splits.scheme == "published"
        else "Every split keeps each of them on the same side as the article that it repeats"
    )
    if spec.splits.groups == "stories":
        return f"{near_duplicates} articles tell the story of an earlier one. {note}."
    return f"{near_duplicates} articles are near-duplicates of an earlier one. {note}."


def _by_topic(lock: ResultsLock, name: str) -> pd.DataFrame:
    comparison = lock.comparisons[name]
    rows = leaderboard(comparison.scores_frame(lock.metric), lock.metric).index
    return pd.DataFrame(
        {
            topic_title(topic, support): [_score_text(comparison.topics_f1[row][topic]) for row in rows]
            for topic, support in comparison.support.items()
        },
        index=rows,
    )


def _side_by_side(path: Path, lock: ResultsLock, other: Path, other_lock: ResultsLock) -> Iterator[str]:
    """Yield the scores of two experiments side by side if they are of the same test articles, or else say why not."""
    pairs = _pairs(lock, other_lock)
    for name, (comparison, there) in pairs.items():
        figures, reason = _comparable(other.stem, comparison, there)
        if len(pairs) > 1:
            yield from (f"#### {name}", "")
        if figures is not None:
            columns = {other.stem: there.figures[ALL_SAMPLES], path.stem: figures}
            order = leaderboard(there.scores_frame(other_lock.metric), other_lock.metric).index
            yield from (_markdown(_score_columns(columns, other_lock.metric, order)), "")
        yield from (reason, "")
    if not pairs:
        yield from ("The experiments have no corpus in common, so their scores cannot be compared.", "")


def _pairs(lock: ResultsLock, other_lock: ResultsLock) -> dict[str, tuple[LockedComparison, LockedComparison]]:
    """Return the comparisons of both experiments by corpus. Two experiments of one corpus each are always a pair."""
    ours, theirs = lock.comparisons, other_lock.comparisons
    if len(ours) == len(theirs) == 1:
        return {name: (ours[name], next(iter(theirs.values()))) for name in ours}
    return {name: (ours[name], theirs[name]) for name in ours if name in theirs}


def _comparable(
    other: str, comparison: LockedComparison, there: LockedComparison
) -> tuple[dict[str, dict[str, LockedInterval]] | None, str]:
    """Return the scores that can be compared with those of another experiment, or None; and the reason."""
    if not (comparison.tested and there.tested):
        return None, (
            "The scores are not shown side by side, because a lock does not record the test articles. Replace the "
            "locks with 'topicdesk compare SPEC --update-lock'."
        )
    if comparison.tested == there.tested:
        folds = (
            "Both experiments use the same folds."
            if comparison.splits == there.splits
            else "The folds differ, because the articles or their groups differ."
        )
        return comparison.figures[
            ALL_SAMPLES
        ], f"Both columns are of the same test articles, each counted once. {folds}"
    shared = comparison.shared.get(other)
    if shared is not None and shared.tested == there.tested:
        return shared.figures, (
            f"Both columns are of the same {shared.articles} test articles, each counted once, with the labels of "
            f"`{other}.toml`. The training articles differ. The scores above are of {comparison.articles} articles, "
            f"and cannot be compared with those of `{other}.toml`."
        )
    return None, (
        f"The scores are not shown side by side: they are of other test articles, or other labels, than those of "
        f"`{other}.toml`. A difference would say as much about the articles as about the classifiers."
    )


def _score_columns(
    columns: dict[str, dict[str, dict[str, LockedInterval]]], metric: str, order: pd.Index
) -> pd.DataFrame:
    """Return one score of each classifier that all experiments have, one column per experiment, and the difference."""
    rows = [row for row in order if all(row in by_classifier for by_classifier in columns.values())]
    table = pd.DataFrame(
        {
            f"{metric_title(metric)}, {name} [95 %]": [_score_text(by_classifier[row][metric]) for row in rows]
            for name, by_classifier in columns.items()
        },
        index=rows,
    )
    first, second = (
        np.array([by_classifier[row][metric][0] for row in rows], dtype=float) for by_classifier in columns.values()
    )
    table[" − ".join(columns)] = [f"{difference:+.3f}" for difference in first - second]
    return table


def _beside(reference: PublishedScores, lock: ResultsLock) -> pd.DataFrame:
    rows = []
    for corpus, by_classifier in reference.figures.items():
        for classifier, published in by_classifier.items():
            score = lock.comparisons[corpus].figures[ALL_SAMPLES][classifier][reference.metric]
            rows.append(
                {
                    "corpus": corpus,
                    "classifier": classifier,
                    f"{metric_title(reference.metric)}, ours [95 %]": _score_text(score),
                    "published": f"{published:.4f}",
                }
            )
    return pd.DataFrame(rows).set_index("corpus")


def _markdown(table: pd.DataFrame) -> str:
    return table.to_markdown(disable_numparse=True)


def _score_text(score: LockedInterval) -> str:
    value, low, high = (float("nan") if part is None else part for part in score)
    return shown(value, low, high)
