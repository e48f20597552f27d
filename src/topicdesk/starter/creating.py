"""Create a project: write all files to a temporary folder beside the target, then move them into place."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import jinja2
import pandas as pd

from topicdesk._arguments import check_path, check_string, check_strings
from topicdesk._rendering import as_html
from topicdesk._toml import toml_string
from topicdesk.annotation import read_taxonomy, record_codebook, taxonomy_text, topic_keys, write_annotations
from topicdesk.annotation._fields import check_annotator
from topicdesk.corpus import read_corpus
from topicdesk.corpus.importing import REPEATED
from topicdesk.errors import ProjectError
from topicdesk.starter._checks import refuse_to_overwrite
from topicdesk.starter._labelled_table import LabelledTable, read_labelled_table

__all__ = ["NewProject", "create_project"]

_CORPUS = Path("data") / "corpora" / "example.parquet"
_TOPICS = Path("data") / "topics.toml"
_LABELS = Path("data") / "labels" / "example.csv"
_AGREED = Path("data") / "labels" / "agreed.csv"
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
        table = self.table
        amount = "exactly one per article" if table.imported.one_each else "any number per article"
        lines = [
            f"{self.root}: {table.account.articles:,} articles, {len(table.labels):,} labelled with "
            f"{len(self.topics)} topics ({amount})",
            *table.imported.lines(),
        ]
        renamed = self.topics[self.topics["label"] != self.topics.index]
        if len(renamed):
            lines.append(
                "labels were renamed: " + _listed([f"{row.label!r} to {row.Index}" for row in renamed.itertuples()])
            )
        rare = list(self.topics.index[self.topics["articles"] < _FEW])
        if rare:
            lines.append(f"topics with fewer than {_FEW} articles, too few to learn from: {_listed(rare)}")
        for reason, count in table.account.dropped.items():
            # Rows of other annotators about the same article, or about other topics of it, are not lost.
            if count and reason == REPEATED and (len(table.imported.annotators) > 1 or table.imported.joined):
                lines.append(f"articles of several rows: {count:,} rows repeat an article, which is stored once")
            elif count:
                lines.append(f"left out: {count:,} rows: {reason}")
        noted = {note: count for note, count in table.account.noted.items() if note not in table.imported.noted}
        lines += [f"noted: {count:,} rows: {note}" for note, count in noted.items()]
        if table.imported.disagreements:
            lines.append(
                f"the comparison uses {_AGREED.as_posix()}, without the articles about which annotators disagree; "
                "decide about them with 'topicdesk adjudicate'"
            )
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
    codes: Mapping[str, str] | Mapping[int, str] | None = None,
    annotator: str = "imported",
    header: bool = True,
    quote: str = "auto",
    encoding: str | None = None,
) -> NewProject:
    """Create a small, complete project: topics, articles, labels, a spec, a notebook, a Makefile and a README.

    Parameters
    ----------
    folder : path
        Folder of the project. It may exist, but must not contain files of a project: nothing is overwritten.
    table : path, optional
        Labelled texts to start with: a table (CSV, TSV, JSON, JSON lines, Parquet), a folder whose subfolders are the
        labels, a file of fastText or Annif, or an export of Label Studio, doccano, Prodigy or Argilla (see
        `read_labels`). By default, a sample of 120 short articles that a language model wrote for this purpose, 96 of
        them labelled with four topics.
    text : str or sequence of str, optional
        The table's text column, or its headline and text columns; a string may contain both, with a comma between
        them. By default, columns with common names.
    labels : str, optional
        The label column, several columns of 0 and 1 with commas between their names, or the question in an annotation
        tool. By default, a column with a common name, such as ``topics`` or ``category``, or all columns of 0 and 1.
    separator : str, optional
        Separator of several labels in a cell. By default ``;`` or ``|``, if a cell contains it.
    codes : mapping of str or int to str, optional
        Label of each code in the table: ``{"1": "World", "2": "Sports"}``.
    annotator : str, default "imported"
        Annotator of labels for which the table names none. Labels of several annotators become one label file each.
    header, quote, encoding
        How the table is written, as in `read_articles`.

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
    check_path("folder", folder, written=True)
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
        labelled = read_labelled_table(
            source, draft / _CORPUS, columns, labels, separator, codes=codes,
            annotator=_SAMPLE_ANNOTATOR if table is None else annotator, header=header, quote=quote, encoding=encoding,
        )  # fmt: skip
        topics = _topics(labelled)
        label_files = _write_labels(draft, labelled, topics, codebook="1" if table is None else "")
        _write_files(draft, data, topics, labelled, source, label_files, sample=table is None)
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
    counts = table.imported.counts
    keys = topic_keys(counts)
    return pd.DataFrame(
        {"label": list(counts), "articles": list(counts.values())}, index=pd.Index(list(keys.values()), name="topic")
    )


def _write_files(
    draft: Path,
    data: Path,
    topics: pd.DataFrame,
    table: LabelledTable,
    source: Path,
    label_files: Sequence[str],
    sample: bool,
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
        "label_files": label_files,
        "task": "multi-class" if table.imported.one_each else "multi-label",
        "folds": folds,
        "inner_folds": 3 if folds == 5 else 2,
        "min_df": 2 if len(table.labels) >= 200 else 1,
    }
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(data / "template"), keep_trailing_newline=True, trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    templates.filters["toml"] = toml_string
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
        taxonomy = taxonomy_text(table.imported.counts, _printable(source.name), table.imported.one_each)
        (draft / _TOPICS).write_text(taxonomy, encoding="utf-8", newline="\n")
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


def _write_labels(draft: Path, table: LabelledTable, topics: pd.DataFrame, codebook: str) -> list[str]:
    """Write one label file per annotator, and return the files for the spec.

    If annotators disagree, the spec gets a further file, with the articles about which they agree.
    """
    keys = dict(zip(topics["label"], topics.index, strict=True))
    annotations = table.imported.annotations
    named = [tuple(keys[label] for label in labels) for labels in annotations["topics"]]
    annotations = annotations.assign(topics=pd.Series(named, dtype=object, index=annotations.index), codebook=codebook)
    annotators = list(dict.fromkeys(annotations["annotator"]))
    if len(annotators) == 1:
        write_annotations(annotations, draft / _LABELS)
        return [_LABELS.as_posix()]
    files = {name: _LABELS.with_name(f"{name}.csv") for name in annotators}
    for name, file in files.items():
        write_annotations(annotations[annotations["annotator"] == name], draft / file)
    if not table.imported.disagreements:
        return [file.as_posix() for file in files.values()]
    agreed = annotations[annotations["article_id"].isin(table.labels)].drop_duplicates("article_id")
    write_annotations(agreed.assign(annotator=_AGREED.stem, time=""), draft / _AGREED)
    return [_AGREED.as_posix()]


def _printable(name: str) -> str:
    """Replace characters of a file name that cannot be printed, such as line breaks and undecodable bytes, by "?"."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


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
