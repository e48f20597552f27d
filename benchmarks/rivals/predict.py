"""Label many texts with fastText, in its own environment, without topicdesk.

``benchmarks/label.py`` runs this with a folder that contains ``train.txt`` (in fastText's format) and ``texts.txt``
(one text per line). It writes ``labels.txt``, and prints the seconds from loading the model to the last written line.
"""

from __future__ import annotations

import sys
import time
from itertools import islice
from pathlib import Path

import fasttext

_AT_A_TIME = 5000


def main(folder: Path) -> None:
    """Train a model, then label the texts and measure the time."""
    model = fasttext.train_supervised(
        str(folder / "train.txt"), loss="ova", epoch=25, lr=0.5, wordNgrams=2, thread=1, seed=1, verbose=0
    )
    model.save_model(str(folder / "model.bin"))
    start = time.perf_counter()
    model = fasttext.load_model(str(folder / "model.bin"))
    with (folder / "texts.txt").open(encoding="utf-8") as texts, (folder / "labels.txt").open("w") as labels:
        while lines := [line.rstrip("\n").lower() for line in islice(texts, _AT_A_TIME)]:
            found, probabilities = model.predict(lines, k=-1)
            for names, likely in zip(found, probabilities, strict=True):
                labels.write(" ".join(f"{name} {one:.4f}" for name, one in zip(names, likely, strict=True)) + "\n")
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
