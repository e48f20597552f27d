"""Compare topicdesk with LibMultiLabel and fastText on the published corpora, with the same texts and splits.

Run with ``python benchmarks/side_by_side.py PYTHON``, where PYTHON is that of the environment with
``benchmarks/rivals/requirements.lock`` (``make bench`` creates it). topicdesk chooses features and hyper-parameters on
inner folds of the training texts (`experiments/rivals.toml`). The classifier with the best score on inner folds is
shown. The rivals choose nothing themselves. The best of their configurations is selected by its test score, which is an
advantage for them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from topicdesk.annotation import Dataset
from topicdesk.evaluation import BASELINES, ComparisonResult, compare, scores_where
from topicdesk.experiment import load_experiments
from topicdesk.project import find_project

_RIVALS = Path(__file__).parent / "rivals" / "label.py"


def main(python: str) -> int:
    """Print the scores; return 1 if a rival has a higher macro-F1."""
    behind = 0
    for load in load_experiments(find_project(__file__).root / "experiments" / "rivals.toml"):
        data = load.dataset
        searched = tuple(one for one in load.plan.classifiers if one.name not in BASELINES)
        start = time.perf_counter()
        comparison = compare(data, replace(load.plan, classifiers=searched), splits=load.splits)
        seconds = time.perf_counter() - start
        chosen = _best_on_inner_folds(comparison)
        rows = {
            f"topicdesk, {chosen}; {len(searched)} classifiers compared": _ours(comparison, chosen)
            | {"seconds": seconds}
        }
        (split,) = load.splits
        rows |= _rivals(python, data, {"train": split.train, "test": split.test})
        print(f"{data.name}: {len(split.train)} training texts, {len(split.test)} test texts, {data.n_topics} classes")
        for name, row in rows.items():
            print(f"  {row['macro_f1']:.4f} macro-F1  {row['accuracy']:.4f} accuracy  {row['seconds']:6.1f} s  {name}")
        ours, *theirs = (row["macro_f1"] for row in rows.values())
        print(f"  {'at or above' if ours >= max(theirs) else 'below'} the best rival", flush=True)
        behind += ours < max(theirs)
    return int(behind > 0)


def _best_on_inner_folds(comparison: ComparisonResult) -> str:
    choices = comparison.choices()
    return str(choices["classifier"].iloc[int(choices["inner_score"].argmax())])


def _ours(comparison: ComparisonResult, classifier: str) -> dict[str, float]:
    scores = scores_where(comparison.scores, classifier=classifier).set_index("metric")["value"]
    return {"macro_f1": float(scores["macro_f1"]), "accuracy": float(scores["subset_accuracy"])}


def _rivals(python: str, data: Dataset, sides: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        texts = {
            side: {
                "texts": [data.texts[row] for row in rows],
                "labels": [data.topics[topic] for topic in data.Y[rows].argmax(axis=1)],
            }
            for side, rows in sides.items()
        }
        (Path(folder) / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        subprocess.run([python, str(_RIVALS), folder], check=True, stdout=subprocess.DEVNULL)
        found: dict[str, dict[str, float]] = json.loads((Path(folder) / "figures.json").read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
