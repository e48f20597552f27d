"""Read texts and their labels for a new project, as the user has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as parquet

from topicdesk.annotation import LABELLED_CLEANING, ImportedLabels, imported_labels, label_source
from topicdesk.annotation._fields import check_labelled_source
from topicdesk.corpus import ImportAccount, import_records
from topicdesk.errors import CorpusError, LabelsError

__all__ = ["LabelledTable", "read_labelled_table"]


@dataclass(frozen=True, eq=False)
class LabelledTable:
    """Articles and labels of a file.

    Parameters
    ----------
    imported : ImportedLabels
        The labels of the articles in the corpus.
    account : ImportAccount
        Account of the import of the articles.
    fields : tuple of str
        Columns of the corpus that form the text: ``title`` and ``text``, or ``text``.
    """

    imported: ImportedLabels
    account: ImportAccount
    fields: tuple[str, ...]

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Labels of each article, as written, by article id; without articles about which annotators disagree."""
        return self.imported.settled


def read_labelled_table(
    path: Path,
    corpus: Path,
    text: Sequence[str] | None = None,
    labels: str | None = None,
    separator: str | None = None,
    *,
    codes: Mapping[str, str] | Mapping[int, str] | None = None,
    annotator: str = "imported",
    header: bool = True,
    quote: str = "auto",
    encoding: str | None = None,
) -> LabelledTable:
    """Read texts and their labels, and write the articles as a corpus.

    Parameters
    ----------
    path : Path
        As in `topicdesk.read_labels`.
    corpus : Path
        The Parquet file to write.
    text : sequence of str, optional
        The text column, or the headline and text columns. By default, columns with common names.
    labels : str, optional
        As `column` in `topicdesk.read_labels`.
    separator, codes, annotator, header, quote, encoding
        As in `topicdesk.read_labels`.

    Returns
    -------
    LabelledTable

    Raises
    ------
    CorpusError
        When the file cannot be read, or has no texts.
    LabelsError
        When there are no labels, or they cannot be used, such as only one.
    """
    check_labelled_source(path)
    source = label_source(
        path, column=labels, separator=separator, codes=codes, columns=_text_columns(text), annotator=annotator,
        header=header, quote=quote, encoding=encoding,
    )  # fmt: skip
    imported = imported_labels(source)
    if not imported.has_text:
        raise CorpusError(f"{path}: no text column. Name it with --text.")
    account = import_records(source.records(), corpus, LABELLED_CLEANING)
    ids = parquet.read_table(corpus, columns=["id"])["id"].to_pylist()
    has_title = imported.has_title if text is None else len(text) == 2
    table = LabelledTable(imported.of_articles(ids), account, ("title", "text") if has_title else ("text",))
    _check(table, path)
    return table


def _text_columns(text: Sequence[str] | None) -> dict[str, str]:
    if text is None:
        return {}
    if not 1 <= len(text) <= 2 or not all(text):
        raise CorpusError(
            "text: name the text column, or the headline and text columns, such as headline,body; "
            f"got {','.join(text)!r}."
        )
    return dict(zip(("title", "text") if len(text) == 2 else ("text",), text, strict=True))


def _check(table: LabelledTable, path: Path) -> None:
    """Raise `LabelsError` if there is nothing to compare."""
    counts = table.imported.counts
    if len(counts) == 1:
        raise LabelsError(
            f"{path}: there is only one label ({next(iter(counts))[:60]!r}); a comparison needs two or more."
        )
    if not table.labels:
        raise LabelsError(f"{path}: annotators disagree about every article.")
    most_common, count = next(iter(counts.items()))
    if count == table.imported.annotations["article_id"].nunique():
        raise LabelsError(
            f"{path}: every labelled article has the label {most_common[:60]!r}, so it cannot be learnt. Remove "
            "it, or set the separator of labels with --separator."
        )
