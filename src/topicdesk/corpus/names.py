"""Names that articles go by, for what is imported before pandas is."""

__all__ = ["CORPUS_NAME"]

#: Key of ``DataFrame.attrs`` under which a corpus keeps its name.
CORPUS_NAME = "corpus"
