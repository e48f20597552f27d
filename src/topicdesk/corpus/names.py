"""Names that articles go by, for what is imported before pandas is."""

from pathlib import Path

__all__ = ["CORPUS_NAME", "missing_corpus"]

#: Key of ``DataFrame.attrs`` under which a corpus keeps its name.
CORPUS_NAME = "corpus"


def missing_corpus(path: Path) -> str:
    """Say that there is no corpus at `path`, and what to do."""
    return (
        f"no corpus at {path}. Make it of your files with 'topicdesk import FILES --output {path}', or name one of "
        "data/sources.toml."
    )
