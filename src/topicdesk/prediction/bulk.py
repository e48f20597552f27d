"""Label files with any number of rows: read batches, label them in parallel processes, and write part by part.

If a run is killed, the same command continues it and does not repeat finished parts. The output is the same as that of
an uninterrupted run.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any

import joblib
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import TerminatedWorkerError
from threadpoolctl import threadpool_limits

from topicdesk._arguments import (
    check_choice,
    check_engine,
    check_flag,
    check_instance,
    check_integer,
    check_mapping,
    check_n_jobs,
    check_path,
    check_paths,
    check_string,
)
from topicdesk._atomic import cannot_write, output_file, remove_tree, sweep_parts, sweep_removed, write_text
from topicdesk._locks import exclusive_lock
from topicdesk._processes import end_with_parent, lifeline, uninterrupted, wait_for_handover
from topicdesk._progress import progress
from topicdesk._renamed import renamed_arguments
from topicdesk._spreadsheets import Formulas, RowWriter, defused
from topicdesk.corpus import (
    ARTICLE_COLUMNS,
    STDIN,
    Cleaning,
    TableFormat,
    Unreadable,
    article_id,
    find_files,
    guess_ending,
)
from topicdesk.corpus.readers import ChangedInputError
from topicdesk.errors import CorpusError, EngineError, LabellerError, ProjectError, nearest
from topicdesk.evaluation import Engine, LocalEngine, code_version
from topicdesk.prediction._batches import Batch, ReadingOptions, read_input_batches, read_row_groups
from topicdesk.prediction._parts import Part, PartFolder, Unlabelled, join_parts, output_format, write_part
from topicdesk.prediction.labeller import Labeller

__all__ = ["LabellingAccount", "label_files"]

# Number of articles that are scored together.
_AT_A_TIME = 1000

# Minimum number of rows of a task that labels Parquet. A task gets whole row groups.
_TASK_ROWS = 10_000
# With larger row groups some processes of one machine would have no work, so batches of rows are distributed instead.
_MOST_GROUP_ROWS = 50_000

# Smaller inputs are labelled before other processes have started.
_SMALL_BYTES = 50_000_000

_HEAD_BYTES = 1 << 20
_STANDARD_INPUT = "standard-input"
_SIDE_COLUMNS = ("row", "id", "where", "why")
_EXAMPLES = 5

# With fewer rows, the time is mostly that of starting, so no rate is shown.
_FEWEST_FOR_RATE = 1000


@dataclass(frozen=True)
class LabellingAccount:
    """Summary of a labelling run.

    Parameters
    ----------
    output : Path
        The output file or folder.
    rows : int
        Number of rows of the output.
    abstained : int
        Number of rows that a person should check.
    unlabelled : tuple of (int or None, str, str, str)
        Rows and parts of files that could not be labelled: row of the output (from 1), id, position in the input,
        and reason.
    side_file : Path or None
        File that lists `unlabelled`. None if it is empty.
    seconds : float
        Duration of the run, in seconds.
    resumed : int, default 0
        Number of rows that an earlier, interrupted run had labelled.
    uneven : bool, default False
        Whether the files of an output folder differ in their columns, because the input files do.
    escaped : int, default 0
        Number of cells of a CSV or TSV that were escaped with an apostrophe, because a spreadsheet would run them as
        formulas.
    """

    output: Path
    rows: int
    abstained: int
    unlabelled: tuple[tuple[int | None, str, str, str], ...]
    side_file: Path | None
    seconds: float
    resumed: int = 0
    uneven: bool = False
    escaped: int = 0

    def first(self, count: int) -> pd.DataFrame:
        """Return the first rows of the output, at most `count`."""
        ending = self.output.suffix.lower()
        if not self.rows:
            return pd.DataFrame()
        if ending in (".csv", ".tsv"):
            return pd.read_csv(self.output, sep="\t" if ending == ".tsv" else ",", nrows=count, dtype="str")
        if ending in (".jsonl", ".ndjson"):
            with self.output.open(encoding="utf-8") as file:
                return pd.DataFrame([json.loads(line) for line in islice(file, count)])
        files = [self.output] if ending else sorted(self.output.glob("part-*.parquet"))
        first_batch = next(batch for file in files for batch in parquet.ParquetFile(file).iter_batches(count))
        table: pd.DataFrame = first_batch.to_pandas()
        return table

    def __str__(self) -> str:
        """Return the summary as text."""
        n_new = self.rows - self.resumed
        lines = [
            f"{self.rows:,} article{'' if self.rows == 1 else 's'} labelled into {self.output}"
            + (f", {self.resumed:,} of them before an interruption" if self.resumed else "")
            + (f": {n_new / self.seconds:,.0f} a second" if n_new >= _FEWEST_FOR_RATE else "")
        ]
        if self.rows:
            lines.append(
                f"to be checked by a person: {self.abstained:,} ({self.abstained / self.rows:.0%}), marked abstain"
            )
        if self.uneven:
            lines.append(
                "the output files have different columns, because the input files do. For one table with all columns, "
                "choose an output name that ends in .parquet"
            )
        if self.escaped:
            lines.append(
                f"{self.escaped:,} cells look like spreadsheet formulas and got a leading apostrophe (--formulas keep "
                "leaves them unchanged)"
            )
        if self.unlabelled:
            lines.append(f"not labelled: {len(self.unlabelled):,}, listed in {self.side_file}")
            lines += [f"  {location}: {reason}" for _, _, location, reason in self.unlabelled[:_EXAMPLES]]
        return "\n".join(lines)


@dataclass(frozen=True)
class _Job:
    """Settings that all parts of a run share."""

    labeller: Labeller
    folder: PartFolder
    explain: int
    prefix: str
    reading: ReadingOptions
    formulas: Formulas
    #: Hash of the labeller. A process that already has this labeller keeps it, with its cached attributes.
    key: str


@renamed_arguments(jobs="n_jobs")
def label_files(
    labeller: Any,
    inputs: Sequence[Path | str],
    output: Path | str,
    *,
    columns: Mapping[str, str] | None = None,
    explain: int = 0,
    prefix: str = "",
    clean: bool = False,
    formulas: Formulas | str = Formulas.ESCAPE,
    n_jobs: int = -1,
    engine: Engine | None = None,
) -> LabellingAccount:
    """Label the articles of files and write them with their predictions.

    Parameters
    ----------
    labeller : TopicClassifier or Labeller
        The model.
    inputs : sequence of path
        As in `read_articles`: tables, pages, feeds, archives, folders, or ``-`` for standard input. A page becomes one
        row for its article and one for each teaser, cleaned as in an import. Every row of a table is kept unchanged.
    output : path
        The ending of the name selects CSV, TSV, JSON lines or Parquet. Without an ending, the output is a folder of
        Parquet files. Rows keep the order and all columns of the input. The columns of `Labeller.label` follow them.
    columns : mapping of str to str, optional
        The user's column name of each field.
    explain : int, default 0
        Number of terms to list for each topic: those that contribute most towards it.
    prefix : str, default ""
        Prefix of the names of the added columns.
    clean : bool, default False
        Whether to clean the articles of tables before they are labelled, each on its own, as in an import. The output
        contains them unchanged.
    formulas : {"escape", "refuse", "keep"}, default "escape"
        How to write a cell of a CSV or TSV that a spreadsheet would run as a formula: with an apostrophe before it,
        not at all (an error), or unchanged.
    n_jobs : int, default -1
        Number of processes; -1 means one per core, and this process alone for inputs of less than 50 MB in total.
    engine : Engine, optional
        Labels Parquet files elsewhere, such as on a Dask cluster. The output is then a folder that the workers and this
        process share.

    Returns
    -------
    LabellingAccount
        Summary of the run.

    Raises
    ------
    CorpusError
        If a path does not exist or cannot be read, a table has no text column, or no article can be read.
    LabellerError
        If the output format is unknown, another process labels into the output, the output folder is a file or contains
        other Parquet files, a column or a file that topicdesk did not write would be overwritten, `engine` is given
        with an output file or with inputs that are not Parquet, `explain` is given and the classifier is not linear, or
        `formulas` is "refuse" and a cell is a formula.
    EngineError
        If processes or workers were killed, or a part is missing after it was written twice.
    ProjectError
        If the output cannot be written.
    ArgumentError
        If an argument has a wrong type or value.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> import topicdesk
    >>> texts = ["The court heard the appeal.", "The jury found him guilty.", "A judge ruled.", "The court fined him.",
    ...          "The train was late.", "New trams run downtown.", "A bus broke down.", "The ferry was full."]
    >>> y = ["courts"] * 4 + ["transport"] * 4
    >>> model = topicdesk.TopicClassifier("multinomial-nb", inner_cv=2, n_jobs=1).fit(texts, y)
    >>> folder = Path(tempfile.mkdtemp())
    >>> pd.DataFrame({"text": ["The court heard the judge.", "The train was full."]}).to_csv(folder / "new.csv")
    >>> account = topicdesk.label_files(model, [folder / "new.csv"], folder / "labelled.csv", n_jobs=1)
    >>> pd.read_csv(folder / "labelled.csv")["topics"].tolist()
    ['courts', 'transport']
    """
    start = perf_counter()
    labeller = getattr(labeller, "labeller_", labeller)  # that of a fitted TopicClassifier
    check_instance("labeller", labeller, Labeller, "Use load_model, or the fit of a comparison.")
    check_paths("inputs", inputs)
    check_path("output", output, written=True)
    _check_columns(columns, (*ARTICLE_COLUMNS, *labeller.fields))
    check_integer("explain", explain)
    check_string("prefix", prefix)
    check_flag("clean", clean)
    if not isinstance(formulas, Formulas):
        check_choice("formulas", formulas, [choice.value for choice in Formulas])
    check_n_jobs(n_jobs)
    check_engine(engine)
    output = Path(output)
    ending = output_format(output)
    if engine is not None and ending:
        raise LabellerError(f"{output}: a cluster writes a folder of Parquet files. Use a name without an extension.")
    _check_output(output, ending)
    folder = _part_folder(output, ending)
    formulas = Formulas(formulas)
    with _claimed(folder, output):
        files, skipped = _found(inputs, folder, columns or {})
        reading = ReadingOptions(labeller.fields, dict(columns or {}), Cleaning(), clean)
        plan = _plan(labeller, files, reading, explain, prefix, engine is not None) | {"formulas": formulas}
        _begin(folder, plan)
        job = _Job(labeller, folder, explain, prefix, reading, formulas, plan["labeller"])
        try:
            parts, resumed = _finish_parts(job, files, n_jobs, engine)
            _check_unchanged(plan)
        except ChangedInputError:
            _remove_parts(folder)  # they may be of both versions
            raise
        unlabelled = _gathered(parts, skipped)
        if unlabelled and not any(part.rows for part in parts):
            _, _, location, why = unlabelled[0]
            raise CorpusError(
                f"no article could be read: {len(unlabelled):,} parts of the input were left out. First: {location}: "
                f"{why}."
            )
        side_file = _write_side_file(output, unlabelled, formulas)
        if ending:
            with progress(sum(part.rows for part in parts), "joining", "article") as advance:
                join_parts(folder, parts, output, advance)
            remove_tree(folder.accounts)
        else:  # the accounts stay, because the next run recognizes the folder by them
            for copy in folder.accounts.glob(f"{_STANDARD_INPUT}.*"):
                copy.unlink()
    abstained = sum(part.abstained for part in parts)
    rows = sum(part.rows for part in parts)
    uneven = not ending and len({part.columns for part in parts if part.rows}) > 1
    seconds = perf_counter() - start
    escaped = sum(part.escaped for part in parts)
    return LabellingAccount(output, rows, abstained, unlabelled, side_file, seconds, resumed, uneven, escaped)


def _check_output(output: Path, ending: str) -> None:
    """Refuse, before the work, an output that cannot be written, or a file of somebody else that would be replaced."""
    if ending:
        output_file(output)
    elif output.exists() and not output.is_dir():
        raise LabellerError(
            f"{output} is a file, and the output is a folder of Parquet files. Choose another name, or one that ends "
            "in .csv, .tsv, .jsonl or .parquet."
        )
    side_file = _side_file(output)
    if side_file.exists() and not _is_side_file(side_file):
        raise LabellerError(
            f"{side_file} exists, and topicdesk did not write it. It would be replaced by the list of rows that cannot "
            "be labelled. Rename it, or choose another output."
        )


def _side_file(output: Path) -> Path:
    return output.with_name(f"{output.stem}.unlabelled.csv")


def _is_side_file(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline(_HEAD_BYTES).rstrip() == ",".join(_SIDE_COLUMNS).encode()


def _check_columns(columns: Mapping[str, str] | None, fields: Sequence[str]) -> None:
    if columns is None:
        return
    check_mapping("columns", columns, "fields of articles")
    for field, column in columns.items():
        if field not in fields:
            raise CorpusError(f"columns: articles have no field {field!r}; {nearest(field, fields)}")
        check_string(f"columns[{field!r}]", column)


def _finish_parts(job: _Job, files: Sequence[Path], n_jobs: int, engine: Engine | None) -> tuple[list[Part], int]:
    """Label all parts. Label a part again, once, if its file is missing after it was written."""
    parts, resumed = _label_parts(job, files, n_jobs, engine)
    if job.folder.missing(parts):
        parts, _ = _label_parts(job, files, n_jobs, engine)
        missing = job.folder.missing(parts)
        if missing:
            raise EngineError(
                f"{job.folder.file(missing[0])} was written twice but does not exist. Check that all machines share "
                "the folder, and run the command again. Completed work is saved."
            )
    return parts, resumed


def _label_parts(job: _Job, files: Sequence[Path], n_jobs: int, engine: Engine | None) -> tuple[list[Part], int]:
    """Label in the fastest way; return all parts, and the number of rows that an earlier run had labelled."""
    if engine is not None:
        return _label_there(job, files, engine)
    # Starting processes takes longer than labelling a small input. Who asks for a number of processes gets them.
    small = n_jobs < 0 and sum(file.stat().st_size for file in files) < _SMALL_BYTES
    n_jobs = 1 if small else joblib.effective_n_jobs(n_jobs)
    if job.folder.ending == ".parquet" and _has_small_row_groups(files):
        return _label_there(job, files, LocalEngine(n_jobs))
    return _label_here(job, files, n_jobs)


@contextmanager
def _claimed(folder: PartFolder, output: Path) -> Iterator[None]:
    """Keep other processes from labelling into the same output at the same time."""
    busy = LabellerError(f"{output}: another process writes to it. Wait until it ends, or choose another output.")
    try:
        with ExitStack() as stack:
            try:
                stack.enter_context(exclusive_lock(folder.lock, busy=busy))
                folder.accounts.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ProjectError(cannot_write(output, error)) from error
            sweep_removed(folder.accounts)  # left by a run that was killed after its output was complete
            # Left by a run that was killed while it wrote. No other process writes these files now.
            if folder.files == folder.accounts:
                sweep_parts(output_file(output))
            for unfinished in folder.files.glob(".part-*.part"):
                unfinished.unlink(missing_ok=True)
            yield
    finally:
        # Removes the folder only if it is empty, that is, if nothing was done.
        with suppress(OSError):
            folder.accounts.rmdir()


def _part_folder(output: Path, ending: str) -> PartFolder:
    if ending:
        folder = output.with_name(f".{output.name}.parts")
        # The lock is outside the folder, which is removed at the end: Windows cannot rename a folder with an open file.
        return PartFolder(folder, folder, output.with_name(f".{output.name}.lock"), ending)
    # Readers of a folder of Parquet files skip names that start with an underscore.
    accounts = output / "_parts"
    return PartFolder(output, accounts, accounts / ".lock", ".parquet")


def _found(
    inputs: Sequence[Path | str], folder: PartFolder, columns: Mapping[str, str]
) -> tuple[list[Path], list[Unreadable]]:
    """List the files. Save standard input to a file first, because a run that continues reads it again."""
    files, skipped = find_files([Path(path) for path in inputs])
    if not files:
        raise CorpusError(f"no files to label in {', '.join(map(str, inputs))}.")
    return [_kept(folder, columns) if file == STDIN else file for file in files], skipped


def _kept(folder: PartFolder, columns: Mapping[str, str]) -> Path:
    folder.accounts.mkdir(parents=True, exist_ok=True)
    head = sys.stdin.buffer.read(_HEAD_BYTES)
    path = folder.accounts / f"{_STANDARD_INPUT}{guess_ending(head, TableFormat(columns))}"
    with path.open("wb") as file:
        file.write(head)
        shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    return path


def _plan(
    labeller: Labeller, files: Sequence[Path], reading: ReadingOptions, explain: int, prefix: str, elsewhere: bool
) -> dict[str, Any]:
    """Describe the inputs and options of a run. Runs with equal plans write equal parts."""
    return {
        "files": [_described(file) for file in files],
        "labeller": joblib.hash((labeller.rules, labeller.pipeline)),
        "code": code_version(),
        "columns": dict(reading.columns),
        "clean": reading.clean_tables,
        "explain": explain,
        "prefix": prefix,
        "elsewhere": elsewhere,
    }


def _described(file: Path) -> list[int | str]:
    return [str(file.resolve()), file.stat().st_size, _state(file)]


def _check_unchanged(plan: Mapping[str, Any]) -> None:
    """Raise an error if a file is not what it was at the beginning: parts of it may be of both versions."""
    for described in plan["files"]:
        file = Path(described[0])
        if file.stem == _STANDARD_INPUT:  # topicdesk's own copy
            continue
        if not file.is_file() or _described(file) != described:
            raise ChangedInputError(file)


def _state(file: Path) -> int | str:
    """Return a value that changes when the file changes. Standard input is always a new file, so its hash is used."""
    if file.stem != _STANDARD_INPUT:
        return file.stat().st_mtime_ns
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _begin(folder: PartFolder, plan: dict[str, Any]) -> None:
    """Keep the parts of an interrupted run with the same plan. Otherwise remove all parts and write the new plan."""
    plan_file = folder.accounts / "plan.json"
    plan_text = json.dumps(plan, sort_keys=True)
    if plan_file.is_file() and plan_file.read_text(encoding="utf-8") == plan_text:
        return
    if folder.files != folder.accounts and not plan_file.is_file() and any(folder.files.glob("*.parquet")):
        raise LabellerError(
            f"{folder.files} contains Parquet files that topicdesk did not write. Use a new or empty folder."
        )
    _remove_parts(folder)
    write_text(plan_file, plan_text)


def _remove_parts(folder: PartFolder) -> None:
    # Remove the accounts first: without its account, a part counts as missing. If the process is killed in between, the
    # old plan remains, and a run with that plan labels the missing parts again.
    for directory, pattern in (
        (folder.accounts, "part-*.json"),
        (folder.accounts, "part-*"),
        (folder.files, "part-*.parquet"),
    ):
        for path in directory.glob(pattern):
            path.unlink(missing_ok=True)


def _label_here(job: _Job, files: Sequence[Path], n_jobs: int) -> tuple[list[Part], int]:
    parts: list[Part] = []
    resumed = 0
    pending: deque[tuple[Callable[[], Part], int]] = deque()
    with (
        progress(sum(file.stat().st_size for file in files), "labelling", "B") as advance,
        _workers(job, n_jobs) as submit,
    ):

        def note(ended: Callable[[], Part], read: int) -> None:
            parts.append(ended())
            advance(read)

        for batch in read_input_batches(files, job.reading):
            finished = job.folder.finished(batch.number)
            if finished is not None:
                resumed += finished.rows
                pending.append((_ready(finished), batch.read))
            else:
                _check_names(batch, job)
                pending.append((submit(batch), batch.read))
            while len(pending) > n_jobs + 1:
                note(*pending.popleft())
        while pending:
            note(*pending.popleft())
    return parts, resumed


def _ready(part: Part) -> Callable[[], Part]:
    return lambda: part


@contextmanager
def _workers(job: _Job, n_jobs: int) -> Iterator[Callable[[Batch], Callable[[], Part]]]:
    """Yield a function that submits a batch and returns a function that waits for its part."""
    if n_jobs == 1:

        def label(batch: Batch) -> Callable[[], Part]:
            return _ready(_label_part(job, batch))

        with threadpool_limits(limits=1):
            yield label
        return
    with uninterrupted():
        pool = ProcessPoolExecutor(max_workers=n_jobs, initializer=_keep_job, initargs=(job, lifeline()))

    def submit(batch: Batch) -> Callable[[], Part]:
        with uninterrupted():
            future = pool.submit(_label_with_kept_job, batch)

        def result() -> Part:
            with _report_killed_process():
                part: Part = future.result()
            return part

        return result

    complete = False
    try:
        yield submit
        complete = True
    finally:
        with uninterrupted():
            if not complete:
                wait_for_handover(pool)
            pool.shutdown(wait=True, kill_workers=not complete)


@contextmanager
def _report_killed_process() -> Iterator[None]:
    try:
        yield
    except TerminatedWorkerError as error:
        raise EngineError(
            "a labelling process was killed, probably out of memory. Completed work is saved; run the command "
            "again with fewer --jobs."
        ) from error


# The job of a worker process, at most one. Its labeller builds a lookup of terms once, and not for every task. The
# process of the user keeps no job when labelling ends.
_kept_job: list[_Job] = []


def _keep_job(job: _Job, pipe: Connection) -> None:
    """Prepare a worker process for the parts of a job."""
    end_with_parent(pipe)
    threadpool_limits(limits=1)
    _kept_job[:] = [job]


def _label_with_kept_job(batch: Batch) -> Part:
    return _label_part(_kept_job[0], batch)


def _label_part(job: _Job, batch: Batch) -> Part:
    return write_part(job.folder, batch.number, [_labelled(job, batch)], job.formulas)


def _labelled(job: _Job, batch: Batch) -> tuple[Any, pd.DataFrame, list[Unlabelled], int]:
    """Label a batch; return its rows, the predictions, what could not be labelled, and how many to check."""
    labeller, names = job.labeller, list(job.labeller.fields)
    table = pd.DataFrame(
        {name: pd.Series([article.get(name, "") for article in batch.articles], dtype=object) for name in names}
    )
    tables = [
        labeller.label(table.iloc[start : start + _AT_A_TIME], job.explain)
        for start in range(0, max(len(table), 1), _AT_A_TIME)
    ]
    answers = pd.concat(tables)
    unlabelled = [Unlabelled(None, "", unreadable.where, unreadable.why) for unreadable in batch.unreadable]
    ids = [_id_of(article) for article in batch.articles]
    for position in answers.index[answers["topics"].isna()]:
        reason = batch.articles[position].get("why") or answers["reason"][position].removeprefix("not labelled: ")
        answers.loc[position, "reason"] = f"not labelled: {reason}"
        unlabelled.append(Unlabelled(int(position), ids[position], batch.where[position], reason))
    abstained = int(answers["abstain"].sum())
    answers = answers.add_prefix(job.prefix)
    if not any("id" in article for article in batch.articles):
        answers.insert(0, f"{job.prefix}id", pd.Series(ids, dtype="str"))
    return batch.rows, answers, unlabelled, abstained


def _id_of(article: Mapping[str, Any]) -> str:
    if article.get("id") not in (None, ""):
        return str(article["id"])
    title, text = (str(article.get(name) or "") for name in ("title", "text"))
    return article_id("", title, text)


def _check_names(batch: Batch, job: _Job) -> None:
    """Raise `LabellerError` if the output would overwrite a column of the input."""
    rows = batch.rows
    names = set(rows.schema.names) if isinstance(rows, arrow.RecordBatch) else set().union(*rows)
    topics = job.labeller.topics
    columns = ["topics", "reason", "abstain", *(f"p_{name}" for name in topics), *(f"terms_{name}" for name in topics)]
    existing = [f"{job.prefix}{name}" for name in columns if f"{job.prefix}{name}" in names]
    if existing:
        location = batch.where[0] if batch.where else "the input"
        raise LabellerError(
            f"{location}: the column {existing[0]!r} already exists and would be overwritten. Add a prefix to the new "
            "columns, such as --prefix label_."
        )


def _label_there(job: _Job, files: Sequence[Path], engine: Engine) -> tuple[list[Part], int]:
    """Label Parquet files in tasks. Each task reads its row groups and writes its part itself."""
    unsupported = [file for file in files if file.suffix.lower() != ".parquet"]
    if unsupported:
        raise LabellerError(
            f"{unsupported[0]}: a cluster labels only Parquet files, because its workers read them directly."
        )
    job = replace(job, folder=_absolute(job.folder))
    shares = list(_row_groups(files))
    tasks = [(number, str(file.resolve()), groups) for number, (file, groups, _) in enumerate(shares)]
    parts = {number: part for number, _, _ in tasks if (part := job.folder.finished(number)) is not None}
    pending = [task for task in tasks if task[0] not in parts]
    resumed = sum(part.rows for part in parts.values())
    with progress(sum(rows for _, _, rows in shares), "labelling", "article") as advance, _report_killed_process():
        advance(resumed)
        try:
            for position, part in engine.run(_label_row_groups, job, pending):
                parts[pending[position][0]] = part
                advance(shares[pending[position][0]][2])
        finally:
            _kept_job.clear()  # with one process, this process did the tasks
    return [parts[number] for number, _, _ in tasks], resumed


def _has_small_row_groups(files: Sequence[Path]) -> bool:
    """Return whether all files are Parquet with row groups small enough to distribute over processes."""
    if any(file.suffix.lower() != ".parquet" for file in files):
        return False
    try:
        footers = [parquet.read_metadata(file) for file in files]
    except (arrow.ArrowException, OSError):  # reported when the file is read
        return False
    groups = [footer.row_group(group) for footer in footers for group in range(footer.num_row_groups)]
    return bool(groups) and max(group.num_rows for group in groups) <= _MOST_GROUP_ROWS


def _absolute(folder: PartFolder) -> PartFolder:
    return replace(folder, files=folder.files.resolve(), accounts=folder.accounts.resolve())


def _row_groups(files: Sequence[Path]) -> Iterator[tuple[Path, tuple[int, ...], int]]:
    """Yield the tasks of all files: the file, the numbers of its row groups, and their number of rows."""
    for file in files:
        try:
            metadata = parquet.read_metadata(file)
        except (arrow.ArrowException, OSError) as error:
            raise CorpusError(f"{file}: cannot be read as Parquet ({error}).") from error
        groups: list[int] = []
        rows = 0
        for group in range(metadata.num_row_groups):
            groups.append(group)
            rows += metadata.row_group(group).num_rows
            if rows >= _TASK_ROWS:
                yield file, tuple(groups), rows
                groups, rows = [], 0
        if groups:
            yield file, tuple(groups), rows


def _label_row_groups(job: _Job, number: int, file: str, groups: tuple[int, ...]) -> Part:
    """Label row groups of a file, in a worker."""
    if not (_kept_job and _kept_job[0].key == job.key):
        _kept_job[:] = [job]
    job = replace(job, labeller=_kept_job[0].labeller)

    def batches() -> Iterator[tuple[Any, pd.DataFrame, list[Unlabelled], int]]:
        for batch in read_row_groups(Path(file), groups, job.reading):
            _check_names(batch, job)
            yield _labelled(job, batch)

    # Arrow's own pool does not return freed memory, about a tenth of a worker's memory. The pool is restored, because
    # with one process this is the user's process.
    previous = arrow.default_memory_pool()
    arrow.set_memory_pool(arrow.system_memory_pool())
    try:
        with threadpool_limits(limits=1):
            return write_part(job.folder, number, batches())
    finally:
        arrow.set_memory_pool(previous)


def _gathered(parts: Sequence[Part], passed_over: Sequence[Unreadable]) -> tuple[tuple[int | None, str, str, str], ...]:
    unlabelled: list[tuple[int | None, str, str, str]] = [
        (None, "", unreadable.where, unreadable.why) for unreadable in passed_over
    ]
    offset = 0
    for part in parts:
        for item in part.unlabelled:
            unlabelled.append((None if item.row is None else offset + item.row + 1, item.id, item.where, item.why))
        offset += part.rows
    return tuple(unlabelled)


def _write_side_file(
    output: Path, unlabelled: Sequence[tuple[int | None, str, str, str]], formulas: Formulas
) -> Path | None:
    path = _side_file(output)
    if not unlabelled:
        if path.exists() and _is_side_file(path):  # from an earlier run
            path.unlink(missing_ok=True)
        return None
    text = io.StringIO(newline="")
    writer = RowWriter(text)
    writer.write([list(_SIDE_COLUMNS)])
    safe = str if formulas is Formulas.KEEP else defused
    writer.write(["" if row is None else row, *map(safe, rest)] for row, *rest in unlabelled)
    write_text(path, text.getvalue().encode("utf-8", "replace").decode("utf-8"))
    return path
