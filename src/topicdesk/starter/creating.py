"""Create a project: write all files to a temporary folder beside the target, then move them into place."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from topicdesk._arguments import check_path, check_string, check_strings
from topicdesk._rendering import as_html
from topicdesk.annotation import read_taxonomy, record_codebook, write_annotations
from topicdesk.annotation._fields import check_annotator
from topicdesk.corpus import read_corpus
from topicdesk.errors import ProjectError
from topicdesk.starter._checks import refuse_to_overwrite
from topicdesk.starter._labelled_table import LabelledTable, read_labelled_table, topic_keys

__all__ = ["NewProject", "create_project"]

_CORPUS = Path("data") / "corpora" / "example.parquet"
_TOPICS = Path("data") / "topics.toml"
_LABELS = Path("data") / "labels" / "example.csv"
_SAMPLES = Path("data") / "samples"

# Maximum items of a list in a message; a topic with fewer articles than `_FEW` has too few for folds.
_MOST_LISTED, _FEW = 5, 5

#: Annotator of the sample.
_SAMPLE_ANNOTATOR = "language-model"

# Minimum articles of the rarest topic, and the number of folds: each fold gets two articles of that topic.
_FOLDS = ((10, 5), (6, 3))


@dataclass(frozen=True, eq=False)
class NewProject:
    """A newly created project.

    Parameters
    ----------
    root : Path
        Folder of the project.
    topics : DataFrame of shape (n_topics, 2)
        Index ``topic``; columns ``label`` (as written in the table) and ``articles`` (their number).
    table : LabelledTable
        Articles and labels of the project.
    """

    root: Path
    topics: pd.DataFrame
    table: LabelledTable

    def __str__(self) -> str:
        """Describe the project in a few lines."""
        table, lines = self.table, []
        n_repeated = table.account.dropped.get("the same article again", 0)
        lines.append(
            f"{self.root}: {table.account.articles:,} articles, {len(table.labels):,} labelled with "
            f"{len(self.topics)} topics ({'exactly one per article' if table.one_each else 'any number per article'})"
        )
        if any(len(labels) > 1 for labels in table.labels.values()) and table.separator:
            lines.append(f"several labels in a cell are separated by {table.separator!r}")
        if table.unsplit:
            lines.append(
                f"some labels contain {table.unsplit!r}; if these are several labels, create the project again with "
                f"--separator {shlex.quote(table.unsplit)}"
            )
        renamed = self.topics[self.topics["label"] != self.topics.index]
        if len(renamed):
            lines.append(
                "labels were renamed: " + _listed([f"{row.label!r} to {row.Index}" for row in renamed.itertuples()])
            )
        rare = list(self.topics.index[self.topics["articles"] < _FEW])
        if rare:
            lines.append(f"topics with fewer than {_FEW} articles, too few to learn from: {_listed(rare)}")
        if table.unlabelled:
            lines.append(f"not labelled: {table.unlabelled:,} articles with an empty label")
        if n_repeated:
            lines.append(f"left out: {n_repeated:,} rows that repeat an article")
        if table.contradicted:
            lines.append(
                f"{len(table.contradicted):,} of these have other labels; the labels of the first row are used: "
                f"{'; '.join(table.contradicted[:3])}"
            )
        dropped = {reason: count for reason, count in table.account.dropped.items() if count}
        dropped.pop("the same article again", None)
        lines += [f"left out: {count:,} rows: {reason}" for reason, count in dropped.items()]
        lines += [f"  {entry.where}: {entry.why}" for entry in table.account.unreadable[:3]]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return as_html(str(self), self.topics)


def create_project(
    folder: Path | str,
    table: Path | str | None = None,
    *,
    text: Sequence[str] | str | None = None,
    labels: str | None = None,
    separator: str | None = None,
    annotator: str = "imported",
) -> NewProject:
    """Create a small, complete project: topics, articles, labels, a spec, a notebook, a Makefile and a README.

    Parameters
    ----------
    folder : path
        Folder of the project. It may exist, but must not contain files of a project: nothing is overwritten.
    table : path, optional
        Labelled table to start with: CSV, TSV, JSON, JSON lines or Parquet. By default, a sample of 120 short articles
        that a language model wrote for this purpose, 96 of them labelled with four topics.
    text : str or sequence of str, optional
        The table's text column, or its headline and text columns; a string may contain both, with a comma between
        them. By default, columns with common names.
    labels : str, optional
        The table's label column. By default, a column with a common name, such as ``topics`` or ``category``.
    separator : str, optional
        Separator of several labels in a cell. By default ``;`` or ``|``, if a cell contains it.
    annotator : str, default "imported"
        Name of the annotator of the table.

    Returns
    -------
    NewProject

    Raises
    ------
    ProjectError
        When a file of the project already exists, or the folder cannot be written.
    CorpusError, LabelsError
        When the table is wrong. Nothing is written in this case.
    ArgumentError
        If an argument has a wrong type or value.

    See Also
    --------
    topicdesk.run_experiment : Run the spec of the project.

    Examples
    --------
    >>> import tempfile
    >>> import topicdesk
    >>> desk = topicdesk.create_project(tempfile.mkdtemp() + "/desk")
    >>> desk.topics["articles"].to_dict()
    {'courts': 26, 'transport': 25, 'environment': 25, 'health': 24}
    """
    check_path("folder", folder)
    if table is not None:
        check_path("table", table)
    if text is not None and not isinstance(text, str):
        check_strings("text", text)
    for name, value in (("labels", labels), ("separator", separator)):
        if value is not None:
            check_string(name, value, empty=name == "separator")
    check_annotator(annotator)
    root = Path(folder)
    refuse_to_overwrite(root)
    try:
        root.absolute().parent.mkdir(parents=True, exist_ok=True)
        temporary_folder = tempfile.TemporaryDirectory(dir=root.absolute().parent, prefix=f".{root.absolute().name}-")
    except OSError as error:
        raise ProjectError(f"cannot create {root}: {error.strerror}. Use a writable folder.") from error
    columns = [part.strip() for part in text.split(",")] if isinstance(text, str) else text
    with temporary_folder as temporary, as_file(files(__package__)) as data, _project_errors(root):
        draft = Path(temporary) / "project"
        source = data / "sample" / "articles.jsonl" if table is None else Path(table)
        labelled = read_labelled_table(source, draft / _CORPUS, columns, labels, separator)
        topics = _topics(labelled)
        _write_files(draft, data, topics, labelled, source, sample=table is None)
        annotator_name = _SAMPLE_ANNOTATOR if table is None else annotator
        _write_labels(draft, labelled, topics, annotator_name, codebook="1" if table is None else "")
        if table is None:
            record_codebook(draft / _LABELS.with_name("codebooks.json"), read_taxonomy(draft / _TOPICS))
        _move(draft, root)
    return NewProject(root, topics, labelled)


def _listed(items: Sequence[str]) -> str:
    """Join the first items of a list for a message."""
    return ", ".join(items[:_MOST_LISTED]) + (", ..." if len(items) > _MOST_LISTED else "")


@contextmanager
def _project_errors(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ProjectError(f"cannot create {root}: {error.strerror or error}. No files are left behind.") from error


def _topics(table: LabelledTable) -> pd.DataFrame:
    counts = table.counts
    keys = topic_keys(counts)
    return pd.DataFrame(
        {"label": list(counts), "articles": list(counts.values())}, index=pd.Index(list(keys.values()), name="topic")
    )


def _write_files(
    draft: Path, data: Path, topics: pd.DataFrame, table: LabelledTable, source: Path, sample: bool
) -> None:
    rarest = int(topics["articles"].min())
    folds = next((folds for fewest, folds in _FOLDS if rarest >= fewest), 2)
    context = {
        "sample": sample,
        "source": _printable(source.name),
        "topics": topics.reset_index().to_dict("records"),
        "articles": table.account.articles,
        "labelled": len(table.labels),
        "fields": table.fields,
        "task": "multi-class" if table.one_each else "multi-label",
        "folds": folds,
        "inner_folds": 3 if folds == 5 else 2,
        "min_df": 2 if len(table.labels) >= 200 else 1,
    }
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(data / "template"), keep_trailing_newline=True, trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    templates.filters["toml"] = _as_toml
    for template in sorted((data / "template").rglob("*")):
        if template.is_file():
            relative = template.relative_to(data / "template")
            target = draft / relative.with_name(relative.name.removesuffix(".j2").replace("gitignore", ".gitignore"))
            target.parent.mkdir(parents=True, exist_ok=True)
            content = template.read_text(encoding="utf-8")
            if relative.suffix == ".j2":
                content = templates.get_template(relative.as_posix()).render(context)
            target.write_text(content, encoding="utf-8", newline="\n")
    (draft / _SAMPLES).mkdir(parents=True, exist_ok=True)
    if not sample:
        _write_some(draft, table)
    else:
        for example in ("tonight.jsonl", "ferry.txt", "tram.csv"):
            shutil.copyfile(data / "sample" / example, draft / _SAMPLES / example)
        shutil.copyfile(data / "sample" / "topics.toml", draft / _TOPICS)
        shutil.copyfile(data / "sample" / "articles.jsonl", draft / _SAMPLES / "articles.jsonl")


def _write_some(draft: Path, table: LabelledTable) -> None:
    """Write a few articles of the table to try a model on, unlabelled ones first."""
    corpus = read_corpus(draft / _CORPUS)
    articles = corpus.iloc[corpus["id"].isin(table.labels).argsort(kind="stable")[:_MOST_LISTED]]
    lines = [
        json.dumps({"headline": article.title, "body": article.text}, ensure_ascii=False)
        for article in articles.itertuples()
    ]
    (draft / _SAMPLES / "tonight.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _write_labels(draft: Path, table: LabelledTable, topics: pd.DataFrame, annotator: str, codebook: str) -> None:
    keys = dict(zip(topics["label"], topics.index, strict=True))
    ids = [article for article in read_corpus(draft / _CORPUS)["id"] if article in table.labels]
    rows: Mapping[str, Any] = {
        "article_id": ids,
        "topics": [tuple(keys[label] for label in table.labels[article]) for article in ids],
        "annotator": annotator,
        "codebook": codebook,
        "sample": "given",
    }
    write_annotations(pd.DataFrame(rows), draft / _LABELS)


def _printable(name: str) -> str:
    """Replace characters of a file name that cannot be printed, such as line breaks and undecodable bytes, by "?"."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _as_toml(value: str) -> str:
    """Return a string as a TOML literal. The escapes of JSON are valid in TOML."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _move(draft: Path, root: Path) -> None:
    """Move the files into place: in one step if the folder does not exist, otherwise one by one."""
    if not root.exists():
        draft.replace(root)
        return
    moved: list[Path] = []
    try:
        for path in sorted(draft.iterdir()):
            if os.path.lexists(root / path.name):  # created by another process in the meantime
                raise FileExistsError(f"{root / path.name} already exists")
            path.rename(root / path.name)
            moved.append(path)
    except OSError:
        for path in moved:
            (root / path.name).rename(path)
        raise
