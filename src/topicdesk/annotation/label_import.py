"""Bring labels that exist into a project: label files, and the taxonomy and the articles if they are new."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from topicdesk._arguments import check_path
from topicdesk._atomic import creating
from topicdesk._locks import exclusive_lock
from topicdesk.annotation._label_cells import topic_keys
from topicdesk.annotation._taxonomy_file import taxonomy_text
from topicdesk.annotation.annotations import reserved_in, write_annotations
from topicdesk.annotation.importing import LABELLED_CLEANING, imported_labels, label_source
from topicdesk.annotation.label_account import ImportedLabels
from topicdesk.annotation.topics import Taxonomy, read_taxonomy
from topicdesk.corpus import import_records, read_corpus, stored_corpus
from topicdesk.errors import CorpusError, LabelsError, ProjectError
from topicdesk.project import Project, working_project

__all__ = ["LabelImport", "import_labels"]

# Lock file in the folder of the label files.
_LOCK = ".import.lock"

# Maximum number of items of a list in a message.
_MOST_LISTED = 5


@dataclass(frozen=True, eq=False)
class LabelImport:
    """What an import of labels wrote.

    Parameters
    ----------
    labels : ImportedLabels
        The labels, as written in the file.
    files : tuple of Path
        One label file per annotator.
    topics : Path
        The taxonomy.
    topics_written : bool
        Whether the taxonomy is new.
    corpus : Path
        The corpus.
    corpus_written : bool
        Whether the corpus is new.
    reserved : int
        Number of labels that were left out, because their articles are reserved for an external evaluation.
    """

    labels: ImportedLabels
    files: tuple[Path, ...]
    topics: Path
    topics_written: bool
    corpus: Path
    corpus_written: bool
    reserved: int = 0

    def __str__(self) -> str:
        """Describe the import in a few lines."""
        lines = [str(self.labels)]
        if self.reserved:
            lines.append(f"left out: {self.reserved:,} labels of articles that are reserved for an external evaluation")
        if self.corpus_written:
            lines.append(f"articles: {self.corpus}")
        lines.append(f"topics: {self.topics}{' (new: rewrite the definitions)' if self.topics_written else ''}")
        lines += [f"labels: {file}" for file in self.files]
        return "\n".join(lines)


def import_labels(
    path: Path | str,
    corpus: Path | str,
    *,
    topics: Path | str = "data/topics.toml",
    column: str | None = None,
    separator: str | None = None,
    codes: Mapping[str, str] | Mapping[int, str] | None = None,
    columns: Mapping[str, str] | None = None,
    annotator: str = "imported",
    header: bool = True,
    quote: str = "auto",
    encoding: str | None = None,
) -> LabelImport:
    """Import labels that exist into the project of the working folder.

    Parameters
    ----------
    path, column, separator, codes, columns, annotator, header, quote, encoding
        As in `read_labels`.
    corpus : path or str
        Name of a corpus of the project, or a Parquet file. A file that does not exist is made from the texts in `path`.
    topics : path or str, default "data/topics.toml"
        The taxonomy. One that does not exist is written from the labels, with their counts, to be edited. The labels of
        an existing one are matched by name or title.

    Returns
    -------
    LabelImport
        Files are written completely or not at all, and never overwritten.

    Raises
    ------
    LabelsError
        If there are no labels, they cannot be used, the taxonomy lacks one, or a label file exists.
    CorpusError
        If the file cannot be read, or there is neither a corpus nor texts.
    ArgumentError
        If an argument has a wrong type or value.

    See Also
    --------
    read_labels : Read labels without writing files.

    Examples
    --------
    ::

        import_labels("export.json", "data/corpora/mine.parquet", topics="data/mine.toml")
    """
    source = label_source(
        path, column=column, separator=separator, codes=codes, columns=columns, annotator=annotator, header=header,
        quote=quote, encoding=encoding,
    )  # fmt: skip
    check_path("topics", topics, written=True)
    check_path("corpus", corpus, written=True)
    project = working_project()
    corpus_file, is_new = _corpus_file(project, corpus)
    if is_new:
        imported = imported_labels(source)
        if not imported.has_text:
            raise CorpusError(f"no corpus {corpus_file}, and {path} has no texts to make it from.")
    else:
        articles = read_corpus(corpus_file)
        imported = imported_labels(source, articles)
    reserved = frozenset() if is_new else reserved_in(project.reserved, articles)
    kept = imported.of_articles(set(imported.annotations["article_id"]) - reserved)
    if kept.annotations.empty:
        raise LabelsError(f"{path}: every labelled article is reserved for an external evaluation.")
    taxonomy_file = project.root / topics
    is_new_taxonomy = not taxonomy_file.exists()
    names = _names(kept, None if is_new_taxonomy else read_taxonomy(taxonomy_file), taxonomy_file)
    files = {name: project.labels / f"{name}.csv" for name in dict.fromkeys(kept.annotations["annotator"])}
    existing = [str(file) for file in files.values() if os.path.lexists(file)]
    if existing:
        raise LabelsError(
            f"{', '.join(existing)} already exists. Nothing was written. Rename or remove it, or name the annotator "
            "with --annotator if the file to import names none."
        )
    new_corpus, new_taxonomy = [corpus_file] if is_new else [], [taxonomy_file] if is_new_taxonomy else []
    try:
        with creating([*new_corpus, *new_taxonomy, *files.values()], exclusive_lock(project.labels / _LOCK)) as parts:
            if is_new:
                import_records(source.records(), parts[corpus_file], LABELLED_CLEANING)
                kept = kept.of_articles(read_corpus(parts[corpus_file])["id"])
            if is_new_taxonomy:
                text = taxonomy_text(kept.counts, Path(path).name, kept.one_each)
                parts[taxonomy_file].write_text(text, encoding="utf-8", newline="\n")
            topics_named = [tuple(names[label] for label in labels) for labels in kept.annotations["topics"]]
            annotations = kept.annotations.assign(topics=pd.Series(topics_named, dtype=object))
            for name, file in files.items():
                write_annotations(annotations[annotations["annotator"] == name], parts[file])
    except OSError as error:
        raise ProjectError(f"cannot write to {project.root}: {error.strerror or error}.") from error
    return LabelImport(
        labels=kept,
        files=tuple(files.values()),
        topics=taxonomy_file,
        topics_written=is_new_taxonomy,
        corpus=corpus_file,
        corpus_written=is_new,
        reserved=int(imported.annotations["article_id"].isin(reserved).sum()),
    )


def _corpus_file(project: Project, corpus: Path | str) -> tuple[Path, bool]:
    """Return the file of a corpus, and whether it has to be made."""
    if Path(corpus).suffix != ".parquet":
        return stored_corpus(project, str(corpus)), False
    for file in (Path(corpus), project.root / corpus):
        if file.is_file():
            return file, False
    return (Path(corpus) if Path(corpus).is_absolute() else project.root / corpus), True


def _names(labels: ImportedLabels, taxonomy: Taxonomy | None, file: Path) -> dict[str, str]:
    """Return the name of each label in the taxonomy; raise `LabelsError` if it lacks one."""
    counts = labels.counts
    if taxonomy is None:
        return topic_keys(counts)
    by_label = {title: name for name, title in taxonomy.titles.items()} | {name: name for name in taxonomy.names}
    keys = {label: next(iter(topic_keys([label]).values())) for label in counts}
    names = {label: by_label.get(label, keys[label] if keys[label] in taxonomy.names else "") for label in counts}
    absent = [label for label, name in names.items() if not name]
    if absent:
        raise LabelsError(
            f"{file} has no topic for {_listed(absent)}. Add the topics, or name a new file with --topics (topics= in "
            "Python) to have a taxonomy written from the labels."
        )
    return names


def _listed(labels: Iterable[str]) -> str:
    shown = [repr(label) for label in labels]
    more = f" and {len(shown) - _MOST_LISTED} more" if len(shown) > _MOST_LISTED else ""
    return ", ".join(shown[:_MOST_LISTED]) + more
