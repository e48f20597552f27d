"""Commands about annotations: what to annotate next, annotating, agreement, suspects, rules."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from topicdesk._progress import say
from topicdesk.cli._options import (
    Codes,
    ColumnPairs,
    Corpus,
    Encoding,
    Header,
    Quote,
    QuoteStyle,
    announce_spec,
    checked_output,
    checked_table,
    code_pairs,
    column_pairs,
)
from topicdesk.cli._printing import print_some, print_table, print_text

if TYPE_CHECKING:
    import pandas as pd

    from topicdesk.annotation import Taxonomy
    from topicdesk.project import Project

__all__ = ["adjudicate", "annotating", "group", "name_former_group"]


class _ArticlesByDefault(typer.core.TyperGroup):
    """A group whose command ``articles`` is used if no command is named: ``topicdesk annotate CORPUS``."""

    # Typer contains a copy of click, so the type of a context depends on Typer's version.
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Name the default command, unless another one or help is asked for."""
        if args and args[0] not in (*self.commands, "--help"):
            args = ["articles", *args]
        return super().parse_args(ctx, args)


annotating = typer.Typer(
    cls=_ArticlesByDefault,
    help="Annotate articles, import labels that exist, and export articles for another tool.",
    no_args_is_help=True,
)
group = typer.Typer(help="Choose what to annotate next, and check annotations.", no_args_is_help=True)

_Spec = Annotated[
    Path, typer.Argument(help="A spec with label files, such as experiments/topics.toml.", metavar="SPEC")
]
_Topics = Annotated[Path, typer.Option(help="The taxonomy.")]
_TOPICS = Path("data/topics.toml")


def name_former_group() -> None:
    """Say that the group `labels` is called `annotations` now; the former name works for one version."""
    say("'topicdesk labels' is called 'topicdesk annotations' now; the former name works until the next version.")


class _Format(StrEnum):
    """File format of another annotation tool."""

    LABEL_STUDIO = "label-studio"
    DOCCANO = "doccano"
    CSV = "csv"


class _Method(StrEnum):
    """How rules are combined."""

    MAJORITY = "majority"
    DAWID_SKENE = "dawid-skene"


@annotating.command("articles", epilog="Example: topicdesk annotate articles newsarticles --annotator maria")
def articles_(
    corpus: Corpus,
    annotator: Annotated[str, typer.Option(help="Your name; the labels go to data/labels/<annotator>.csv.")],
    topics: _Topics = _TOPICS,
    queue: Annotated[
        Path | None, typer.Option(help="From 'topicdesk annotations queue'; by default all articles, in random order.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random order.")] = 0,
) -> None:
    """Annotate articles with the keyboard: topicdesk annotate CORPUS. Each decision is saved at once."""
    from topicdesk.experiment._checks import check_annotation

    check_annotation(corpus, topics, annotator, queue)
    say(f"reading {corpus} ...")
    from topicdesk.annotation import open_session
    from topicdesk.cli._annotating import check_terminal, label_in_terminal

    check_terminal()

    articles = None if queue is None else _read_queue(queue)
    label_in_terminal(open_session(corpus, topics, annotator, articles, random_state=seed))


def _read_queue(path: Path) -> pd.DataFrame:
    """Read the file that 'topicdesk annotations queue' writes."""
    import pandas as pd

    from topicdesk._spreadsheets import restored

    return pd.read_csv(path, dtype="str", keep_default_na=False).map(restored)


@annotating.command("import", epilog="Example: topicdesk annotate import labels.csv --corpus mine.parquet")
def import_(
    file: Annotated[
        Path,
        typer.Argument(help="A table, a tool's export, or a folder whose subfolders are the labels.", metavar="FILE"),
    ],
    corpus: Annotated[str, typer.Option(help="A corpus, or a Parquet file; a new one is made from the texts in FILE.")],
    topics: Annotated[Path, typer.Option(help="The taxonomy; a new one is written from the labels.")] = _TOPICS,
    column: Annotated[
        str | None, typer.Option(help="The label column, several columns of 0 and 1, or a tool's question.")
    ] = None,
    separator: Annotated[str | None, typer.Option(help="Separator of several labels in a cell.")] = None,
    codes: Codes = None,
    columns: ColumnPairs = None,
    annotator: Annotated[str, typer.Option(help="Who labelled, if FILE does not say.")] = "imported",
    header: Header = True,
    quote: Quote = QuoteStyle.AUTO,
    encoding: Encoding = None,
) -> None:
    """Import labels that exist: from a column, folders, fastText, Annif, Label Studio, doccano, Prodigy or Argilla."""
    from topicdesk.annotation._fields import check_annotator, check_labelled_source

    check_labelled_source(file)
    check_annotator(annotator)
    say(f"reading {file} ...")
    from topicdesk.annotation import import_labels

    print_text(
        import_labels(
            file,
            corpus,
            topics=topics,
            column=column,
            separator=separator,
            codes=code_pairs(codes),
            columns=column_pairs(columns),
            annotator=annotator,
            header=header,
            quote=quote.value,
            encoding=encoding,
        )
    )
    print_text("To use the labels in an experiment, add the label files to the labels of its spec.")


@annotating.command("export", epilog="Example: topicdesk annotate export experiments/topics.toml --output tasks.json")
def export_(
    spec: _Spec,
    output: Annotated[Path, typer.Option(callback=checked_output, help="The file to write.")],
    format_: Annotated[_Format, typer.Option("--format", help="The tool that reads it.")] = _Format.LABEL_STUDIO,
    queue: Annotated[
        Path | None, typer.Option(help="From 'topicdesk annotations queue'; by default a new one is drawn.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Number of articles to draw.")] = 200,
    mix: Annotated[str | None, typer.Option(help="As in 'topicdesk annotations queue'.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed draws the same articles.")] = 0,
    model: Annotated[
        str | None, typer.Option(help="Suggest its topics, such as models:/topicdesk-topics@champion.")
    ] = None,
) -> None:
    """Write the articles to label next for Label Studio, doccano or a spreadsheet, with how each was drawn."""
    announce_spec(spec)
    from topicdesk._atomic import replacing
    from topicdesk.annotation import label_studio_interface, parse_mix, read_taxonomy
    from topicdesk.experiment import export_for, read_spec
    from topicdesk.project import find_project

    exported = export_for(
        spec,
        output,
        format_.value,
        count=count,
        mix=None if mix is None else parse_mix(mix),
        random_state=seed,
        queue=None if queue is None else _read_queue(queue),
        model=model,
    )
    counts = ", ".join(f"{number} {name}" for name, number in exported["sample"].value_counts().items())
    print_text(f"{len(exported)} articles ({counts}): {output}")
    if queue is None:
        _say_if_fewer(len(exported), count)
    if format_ is _Format.LABEL_STUDIO:
        interface = output.with_suffix(".xml")
        data = read_spec(spec).data
        assert data.topics is not None  # export_for checks it
        taxonomy = read_taxonomy(find_project(spec.parent).root / data.topics)
        with replacing(interface) as part:
            part.write_text(label_studio_interface(taxonomy, task=data.task), encoding="utf-8", newline="\n")
        print_text(f"labelling interface, to paste into the project's settings: {interface}")
    if format_ is _Format.DOCCANO and model is not None:
        print_text(
            "In doccano, suggestions are labels. Export only the documents that annotators confirmed; otherwise "
            "suggestions that nobody checked come back as labels."
        )
    print_text("When the labels are made, import the tool's export with 'topicdesk annotate import'.")


def _say_if_fewer(drawn: int, count: int) -> None:
    if drawn < count:
        print_text(
            f"There are no more: other articles are labelled, reserved, or near-duplicates. {count} were asked for."
        )


def adjudicate(
    first: Annotated[str, typer.Argument(help="An annotator: the name of a label file.")],
    second: Annotated[str, typer.Argument(help="Another annotator.")],
    corpus: Corpus,
    annotator: Annotated[str, typer.Option(help="Who decides; saved with each label.")],
    topics: _Topics = _TOPICS,
) -> None:
    """Decide where two annotators disagree. Decisions go to data/labels/adjudicated.csv."""
    from topicdesk.experiment._checks import check_annotation

    check_annotation(corpus, topics, annotator)
    say(f"reading the labels of {first} and {second} ...")
    from topicdesk.annotation import adjudication
    from topicdesk.cli._annotating import check_terminal, label_in_terminal

    check_terminal()

    label_in_terminal(adjudication(first, second, corpus, topics, annotator))


@group.command("queue", epilog="Example: topicdesk annotations queue experiments/topics.toml --output next.csv")
def queue_(
    spec: _Spec,
    output: Annotated[
        Path, typer.Option(callback=checked_table, help="The CSV to write, for 'topicdesk annotate --queue'.")
    ],
    count: Annotated[int, typer.Option(min=1, help="Number of articles.")] = 200,
    mix: Annotated[
        str | None,
        typer.Option(help="Shares of random, uncertain, rare-first, diverse and disagreement, which add up to 1."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed draws the same articles.")] = 0,
) -> None:
    """Choose the articles to annotate next: by default half at random, half where classifiers are least sure."""
    announce_spec(spec)
    from topicdesk._atomic import replacing
    from topicdesk._spreadsheets import write_csv
    from topicdesk.annotation import parse_mix
    from topicdesk.experiment import queue_for

    articles = queue_for(spec, count, None if mix is None else parse_mix(mix), seed)
    with replacing(output) as part:
        write_csv(articles, part)
    counts = ", ".join(f"{number} {name}" for name, number in articles["sample"].value_counts().items())
    print_text(f"{len(articles)} articles drawn ({counts}): {output}")
    _say_if_fewer(len(articles), count)


@group.command("agreement", epilog="Example: topicdesk annotations agreement gold claude")
def agreement_(
    annotators: Annotated[list[str], typer.Argument(help="Two or more annotators: the names of their files.")],
    topics: _Topics = _TOPICS,
) -> None:
    """Measure how well annotators agree, by topic, and list where two of them disagree."""
    say(f"reading the labels of {', '.join(annotators)} ...")
    from topicdesk.annotation import agreement, disagreements

    if len(set(annotators)) < 2:
        raise typer.BadParameter("name at least two annotators.")
    _, taxonomy, tables = _read_labels(annotators, topics)
    scores = agreement(tables, taxonomy.names).round(3)
    for name in ("kappa", "alpha"):
        if name in scores:
            scores[name] = [f"{a} [{b}, {c}]" for a, b, c in scores[[name, f"{name}_low", f"{name}_high"]].to_numpy()]
            scores = scores.drop(columns=[f"{name}_low", f"{name}_high"])
    print_table(scores, f"Agreement of {', '.join(annotators)} [95 %]")
    if len(annotators) == 2:
        differing = disagreements(*tables.values())
        differing.columns = ["article_id", *annotators, "differ"]
        print_text(f"Articles with disagreement: {len(differing)}. Resolve them with 'topicdesk adjudicate'.")
        print_some(differing, "article_id", "Disagreements")


@group.command("outdated", epilog="Example: topicdesk annotations outdated gold claude")
def outdated(
    annotators: Annotated[list[str], typer.Argument(help="Annotators: the names of their files.")],
    topics: _Topics = _TOPICS,
) -> None:
    """List labels that were made before a definition changed, and the topics that changed."""
    say(f"reading the labels of {', '.join(annotators)} ...")
    from topicdesk.annotation import outdated_labels

    project, taxonomy, tables = _read_labels(annotators, topics)
    for name, table in tables.items():
        labels = outdated_labels(table, project.labels / "codebooks.json", taxonomy)
        unknown = labels["codebook"] == ""
        print_text(f"{name}: {(~unknown).sum()} of {len(table)} labels were made with other definitions")
        if unknown.any():
            print_text(f"{name}: {unknown.sum()} labels have no codebook version, so their definitions are unknown")
        print_some(labels[~unknown], "article_id", "Outdated labels: review the topics that changed")


@group.command("suspects", epilog="Example: topicdesk annotations suspects experiments/topics.toml --look-again maria")
def suspects(
    spec: _Spec,
    classifier: Annotated[
        str | None, typer.Option(help="Classifier to use; by default the winner of the spec's results lock.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Number of labels, the most suspect first.")] = 20,
    look_again: Annotated[
        str | None,
        typer.Option(help="Let this annotator decide again; decisions go to data/labels/adjudicated.csv."),
    ] = None,
) -> None:
    """Rank labels that out-of-fold predictions contradict, and decide about them again."""
    announce_spec(spec, classifier)
    import pandas as pd

    from topicdesk.cli._annotating import check_terminal, label_in_terminal
    from topicdesk.experiment import effect_of, second_look, suspects_of

    if look_again is not None:
        check_terminal()

    labels = suspects_of(spec, classifier).head(count)
    table = labels.assign(probability=labels["probability"].map("{:.2f}".format))
    print_some(
        table, "article_id", "Suspect labels, most suspect first, with the current label and the predicted probability"
    )
    if look_again is None or labels.empty:
        return
    session = second_look(spec, labels, look_again)
    previous = dict(session.proposed)
    label_in_terminal(session)
    changed = {
        article: topics
        for article, topics in session.decisions().items()
        if set(topics) != set(previous.get(article, ()))
    }
    print_text(f"Labels reviewed: {session.decided}; labels changed: {len(changed)}")
    if changed:
        rows = [(article, " ".join(previous[article]), " ".join(topics)) for article, topics in changed.items()]
        print_some(pd.DataFrame(rows, columns=["article_id", "before", "after"]), "article_id", "Changed labels")
        # The spec may read the file that the decisions were just saved to.
        effect = effect_of(spec, changed, classifier, before={article: previous[article] for article in changed})
        print_table(effect.round(4), "Out-of-fold scores before and after, on the same splits, with 95 % intervals")
        print_text("To use the decisions in an experiment, add data/labels/adjudicated.csv to the labels of its spec.")


@group.command("rules", epilog="Example: topicdesk annotations rules experiments/topics.toml --output weak.csv")
def rules(
    spec: _Spec,
    output: Annotated[
        Path | None,
        typer.Option(callback=checked_table, help="Also write weak labels of the whole corpus to this CSV."),
    ] = None,
    method: Annotated[_Method, typer.Option(help="How rules are combined.")] = _Method.MAJORITY,
) -> None:
    """Evaluate the taxonomy's keywords as labelling rules, and write weak labels."""
    announce_spec(spec)
    from topicdesk.annotation import write_annotations
    from topicdesk.experiment import rules_of, weak_labels

    table = rules_of(spec).round(3).astype("str").set_index("keyword")
    print_table(table, "Rules: shares of the corpus, and precision on labelled articles drawn at random")
    if output is not None:
        labels = weak_labels(spec, method.value)
        write_annotations(labels, output)
        print_text(f"{len(labels)} weak labels: {output}. They are never used for evaluation.")


def _read_labels(annotators: list[str], topics: Path) -> tuple[Project, Taxonomy, dict[str, pd.DataFrame]]:
    """Return the project, its taxonomy, and the labels of each annotator."""
    from topicdesk.annotation import read_label_file, read_taxonomy
    from topicdesk.project import find_file, find_project

    project = find_project()
    taxonomy = read_taxonomy(find_file(topics, project))
    return (
        project,
        taxonomy,
        {name: read_label_file(project.labels / f"{name}.csv", taxonomy.names) for name in annotators},
    )
