"""Measure how long an annotator waits for the first of 100,000 articles, and for the next article.

Run with ``make bench``, or ``python benchmarks/annotating.py``. The corpus consists of copies of NewsArticles with new
ids. The first time is compared with the time that pandas takes to read the file. The second is measured for an
annotator without labels, and for one with 50,000 labels.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from topicdesk import annotate
from topicdesk.annotation import write_annotations
from topicdesk.corpus import read_corpus, stored_corpus, write_corpus
from topicdesk.project import Project, find_project

_ARTICLES, _LABELLED, _STEPS = 100_000, 50_000, 50
_MOST_FIRST, _MOST_NEXT = 2.0, 0.1


def main() -> int:
    """Print seconds and ratios; return 1 if an annotator waits longer than the goals."""
    project = find_project(__file__)
    articles = read_corpus(stored_corpus(project, "newsarticles"))
    copies = -(-_ARTICLES // len(articles))
    many = pd.concat([articles] * copies, ignore_index=True).head(_ARTICLES)
    many["id"] = pd.Series(np.arange(_ARTICLES)).astype("str").astype(many["id"].dtype)
    with tempfile.TemporaryDirectory() as folder:
        desk = Project(Path(folder))
        desk.labels.mkdir(parents=True)
        corpus = desk.corpora / "many.parquet"
        write_corpus(many, corpus)
        topics = project.root / "data" / "topics.toml"

        start = perf_counter()
        pd.read_parquet(corpus)
        read = perf_counter() - start
        start = perf_counter()
        widget = annotate(str(corpus), topics, "first", project=desk)
        first = perf_counter() - start
        assert widget.shown["article"]
        ratio = first / read
        print(f"first of {_ARTICLES:,} articles: {first:.2f} s; pandas reads the file in {read:.2f} s ({ratio:.1f}×)")

        labelled = pd.DataFrame({"article_id": many["id"].head(_LABELLED), "topics": [()] * _LABELLED})
        write_annotations(labelled.assign(annotator="busy", codebook="1", sample="random"), desk.labels / "busy.csv")
        steps = {}
        for name in ("first", "busy"):
            widget = annotate(many, topics, name, project=desk)
            waits = []
            for _ in range(_STEPS):
                asked = {"do": "decide", "serial": widget.shown["serial"], "topics": ["courts"], "note": ""}
                start = perf_counter()
                widget._handle_custom_msg(asked, [])
                waits.append(perf_counter() - start)
            steps[name] = float(np.quantile(waits, 0.95))
    print(
        f"next article, 95th percentile: {1000 * steps['first']:.0f} ms; with {_LABELLED:,} labels in the file "
        f"{1000 * steps['busy']:.0f} ms ({steps['busy'] / steps['first']:.1f}×)"
    )
    met = first < _MOST_FIRST and max(steps.values()) < _MOST_NEXT
    print(f"goal: {_MOST_FIRST:g} s and {1000 * _MOST_NEXT:.0f} ms: {'met' if met else 'missed'}")
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
