"""The results page, ``experiments/README.md``. It is generated from the locks and therefore always matches them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from topicdesk.errors import SpecError
from topicdesk.evaluation import ALL_SAMPLES, leaderboard, metric_title, probability_leaderboard, shown, topic_title
from topicdesk.experiment.lock import ResultsLock, lock_path, read_lock
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
        lines += [
            _markdown(_side_by_side(path, other_path)),
            "",
            _same_folds(lock, read_lock(lock_path(other_path))),
            "",
        ]
    if spec.reference is not None:
        lines += ["### Comparison with published scores", "", _markdown(_beside(spec.reference, lock)), ""]
        lines += [f"Published: {spec.reference.citation}.", ""]
    versions = ", ".join(f"{package} {number}" for package, number in sorted(lock.made_with.items()))
    origin = f"Made on {lock.made_on} from commit {lock.commit}, with" if lock.made_on else "Made with"
    lines += [f"{origin} {versions}.", ""]
    if lock.made_on and not lock.changed:
        lines += ["All scores are the same as in the previous lock.", ""]
    if lock.changed:
        lines += ["Changes since the previous lock:", "", *(f"- {change}" for change in lock.changed), ""]
    return "\n".join(lines)


def _grouping(near_duplicates: int, spec: Spec) -> str:
    if near_duplicates == 0:
        return "There are no near-duplicates, so grouping them does not change the folds or the scores."
    note = (
        "The published split separates some of them, and is used as published"
        if spec.splits.scheme == "published"
        else "Every split keeps each of them on the same side as the article that it repeats"
    )
    return f"{near_duplicates} articles are near-duplicates of an earlier one. {note}."


def _same_folds(one: ResultsLock, other: ResultsLock) -> str:
    equal = [comparison.splits for comparison in one.comparisons.values()] == [
        comparison.splits for comparison in other.comparisons.values()
    ]
    return (
        "Both experiments use the same folds."
        if equal
        else "The folds differ, because the articles or their near-duplicates differ."
    )


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


def _side_by_side(path: Path, other: Path) -> pd.DataFrame:
    """Return the main scores of two experiments side by side, ordered by `other`; each must have one corpus."""
    locks = {spec.stem: read_lock(lock_path(spec)) for spec in (other, path)}
    metric = locks[other.stem].metric
    ((_, other_comparison),) = locks[other.stem].comparisons.items()
    order = leaderboard(other_comparison.scores_frame(metric), metric).index
    columns: dict[str, list[str]] = {}
    values: dict[str, pd.Series] = {}
    for name, lock in locks.items():
        ((_, comparison),) = lock.comparisons.items()
        by_classifier = comparison.figures[comparison.headline]
        columns[f"{metric_title(metric)}, {name} [95 %]"] = [_score_text(by_classifier[row][metric]) for row in order]
        values[name] = pd.Series({row: by_classifier[row][metric][0] for row in order}, dtype=float)
    columns[f"{other.stem} − {path.stem}"] = [
        f"{difference:+.3f}" for difference in values[other.stem] - values[path.stem]
    ]
    return pd.DataFrame(columns, index=order)


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


def _score_text(score: tuple[float | None, float | None, float | None]) -> str:
    value, low, high = (float("nan") if part is None else part for part in score)
    return shown(value, low, high)
