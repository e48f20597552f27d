"""Train and test LibMultiLabel and fastText on one corpus, in their own environment, without topicdesk.

``benchmarks/side_by_side.py`` runs this with a folder that contains ``texts.json``. The results are written to
``figures.json`` in the same folder.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fasttext
import libmultilabel.linear as linear
import numpy as np
from sklearn.metrics import accuracy_score, f1_score

Texts = list[str]


def main(folder: Path) -> None:
    """Train and test each rival on the corpus of a folder."""
    corpus = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    rivals: dict[str, Callable[[], Texts]] = {
        "LibMultiLabel, one against the rest (defaults)": lambda: libmultilabel(corpus, linear.train_1vsrest, ""),
        "LibMultiLabel, multi-class (Crammer and Singer)": lambda: libmultilabel(
            corpus, linear.train_binary_and_multiclass, "-s 4"
        ),
        "fastText (defaults)": lambda: fast_text(corpus, folder, {}),
        "fastText (25 epochs, learning rate 1, word bigrams, as in its tutorial)": lambda: fast_text(
            corpus, folder, {"epoch": 25, "lr": 1.0, "wordNgrams": 2}
        ),
        "fastText (100 epochs, learning rate 0.5)": lambda: fast_text(corpus, folder, {"epoch": 100, "lr": 0.5}),
    }
    truth, scores = corpus["test"]["labels"], {}
    for name, run in rivals.items():
        start = time.perf_counter()
        decided = run()
        scores[name] = {
            "seconds": time.perf_counter() - start,
            "macro_f1": float(f1_score(truth, decided, average="macro")),
            "accuracy": float(accuracy_score(truth, decided)),
        }
    (folder / "figures.json").write_text(json.dumps(scores), encoding="utf-8")


def libmultilabel(corpus: dict[str, dict[str, Texts]], train: Callable[..., object], options: str) -> Texts:
    """Fit one of its linear methods on its default TF-IDF, and return the best class of each test text."""
    data = {side: {"x": part["texts"], "y": [[label] for label in part["labels"]]} for side, part in corpus.items()} | {
        "data_format": "dataframe"
    }
    preprocessor = linear.Preprocessor()
    data = preprocessor.fit(data).transform(data)
    model = train(data["train"]["y"], data["train"]["x"], multiclass=True, options=options, verbose=False)
    best = linear.predict_values(model, data["test"]["x"]).argmax(axis=1)
    return list(np.array(preprocessor.label_mapping)[best])


def fast_text(corpus: dict[str, dict[str, Texts]], folder: Path, options: dict[str, float]) -> Texts:
    """Train on lower-case words, with one thread, because results vary with more threads."""
    lines = [
        f"__label__{label} {_plain(text)}"
        for label, text in zip(corpus["train"]["labels"], corpus["train"]["texts"], strict=True)
    ]
    (folder / "fasttext.txt").write_text("\n".join(lines), encoding="utf-8")
    model = fasttext.train_supervised(str(folder / "fasttext.txt"), thread=1, seed=1, verbose=0, **options)
    found, _ = model.predict([_plain(text) for text in corpus["test"]["texts"]])
    return [labels[0].removeprefix("__label__") for labels in found]


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
