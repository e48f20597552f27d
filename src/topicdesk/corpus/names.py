"""Names and messages about corpora that can be imported without pandas."""

from pathlib import Path

__all__ = ["CORPUS_NAME", "missing_corpus"]

#: Key of ``DataFrame.attrs`` that stores the name of a corpus.
CORPUS_NAME = "corpus"


def missing_corpus(path: Path) -> str:
    """Return the error message for a missing corpus at `path`."""
    return (
        f"no corpus at {path}. Create it with 'topicdesk import FILES --output {path}', or use the name of a corpus "
        "in data/sources.toml."
    )
