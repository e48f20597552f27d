"""Label files of any number of rows: read in batches, labelled by processes in parallel, written part by part.

A finished part is not done again. After a kill the same command continues, and its output is the same as that of a run
that was never stopped.
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

from topicdesk.atomic import remove_tree, sweep_removed, write_text
from topicdesk.corpus import STDIN, Cleaning, Unreadable, article_id, find_files, guess_ending
from topicdesk.errors import CorpusError, EngineError, LabellerError, ProjectError
from topicdesk.evaluation import Engine, LocalEngine, code_version
from topicdesk.locks import exclusive_lock
from topicdesk.prediction.batches import Batch, Reading, read_batches, read_row_groups
from topicdesk.prediction.labeller import Labeller
from topicdesk.prediction.parts import Part, PartFolder, Unlabelled, join_parts, output_format, write_part
from topicdesk.progress import progress
from topicdesk.spreadsheets import Formulas, RowWriter, defused

__all__ = ["LabellingAccount", "label_files"]

# Articles that are scored together.
_AT_A_TIME = 1000

# Row groups of Parquet are handed out whole, so many rows or more at a time.
_TASK_ROWS = 10_000
# Larger row groups would leave a process without work on one machine; their rows are handed out instead.
_MOST_GROUP_ROWS = 50_000

# Less than this is labelled before other processes have started.
_SMALL_BYTES = 50_000_000

_HEAD_BYTES = 1 << 20
_STANDARD_INPUT = "standard-input"
_EXAMPLES = 5

# Of fewer rows the seconds are those of starting.
_FEWEST_FOR_RATE = 1000


@dataclass(frozen=True)
class LabellingAccount:
    """What a labelling did.

    Parameters
    ----------
    output : Path
    rows : int
        Of the output.
    abstained : int
        Of them, those that a person should look at.
    unlabelled : tuple of (int or None, str, str, str)
        Rows and parts of files that could not be labelled: row of the output from 1, id, where, why.
    side_file : Path or None
        Where these are listed; None where there are none.
    seconds : float
    resumed : int
        Rows that an earlier labelling, which was stopped, had done.
    uneven : bool
        Whether the files of a folder have not all the same columns, since those of the input have not.
    escaped : int
        Cells of a CSV or TSV that got an apostrophe, since a spreadsheet would have run them.
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
        """Read the first rows of the output, at most `count`."""
        ending = self.output.suffix.lower()
        if not self.rows:
            return pd.DataFrame()
        if ending in (".csv", ".tsv"):
            return pd.read_csv(self.output, sep="\t" if ending == ".tsv" else ",", nrows=count, dtype="str")
        if ending in (".jsonl", ".ndjson"):
            with self.output.open(encoding="utf-8") as file:
                return pd.DataFrame([json.loads(line) for line in islice(file, count)])
        files = [self.output] if ending else sorted(self.output.glob("part-*.parquet"))
        some = next(batch for file in files for batch in parquet.ParquetFile(file).iter_batches(count))
        found: pd.DataFrame = some.to_pandas()
        return found

    def __str__(self) -> str:
        """Tell it to a person."""
        fresh = self.rows - self.resumed
        lines = [
            f"{self.rows:,} article{'' if self.rows == 1 else 's'} labelled into {self.output}"
            + (f", {self.resumed:,} of them before it was stopped" if self.resumed else "")
            + (f": {fresh / self.seconds:,.0f} a second" if fresh >= _FEWEST_FOR_RATE else "")
        ]
        if self.rows:
            lines.append(f"a person should look at {self.abstained:,} ({self.abstained / self.rows:.0%}): abstain")
        if self.uneven:
            lines.append(
                "the files of the folder differ in columns, as the input does: name an output with an ending, such as "
                ".parquet, to have all columns in one table"
            )
        if self.escaped:
            lines.append(
                f"{self.escaped:,} cells begin as a spreadsheet's formulas do, and got an apostrophe (--formulas keep "
                "leaves them as they came)"
            )
        if self.unlabelled:
            lines.append(f"not labelled: {len(self.unlabelled):,}, listed in {self.side_file}")
            lines += [f"  {where}: {why}" for _, _, where, why in self.unlabelled[:_EXAMPLES]]
        return "\n".join(lines)


@dataclass(frozen=True)
class _Job:
    """What every part is labelled by and written to."""

    labeller: Labeller
    folder: PartFolder
    explain: int
    prefix: str
    reading: Reading
    formulas: Formulas
    #: Of the labeller: a process that has it already keeps its own, and what that has made of itself.
    key: str


def label_files(
    labeller: Labeller,
    inputs: Sequence[Path | str],
    output: Path | str,
    *,
    columns: Mapping[str, str] | None = None,
    explain: int = 0,
    prefix: str = "",
    clean: bool = False,
    formulas: Formulas | str = Formulas.ESCAPE,
    jobs: int = -1,
    engine: Engine | None = None,
) -> LabellingAccount:
    """Label the articles of files.

    Parameters
    ----------
    labeller : Labeller
    inputs : sequence of path
        As in `read_articles`: tables, pages, feeds, archives, folders, or ``-`` for standard input. Of a page its
        article and teasers become rows, cleaned as in an import; of a table every row, as it came.
    output : path
        CSV, TSV, JSON lines or Parquet, by its ending; without one, a folder of Parquet files. Rows stand in the order
        of the input, with all their columns, and behind them what `Labeller.label` says.
    columns : mapping of str to str, optional
        The user's names of a table's columns, by ours.
    explain : int, default 0
        How many terms to name that pushed most towards each topic.
    prefix : str, default ""
        Before the names of the columns that are added.
    clean : bool, default False
        Whether articles of tables are cleaned before they are labelled, as an import does with each alone; the output
        keeps them as they came.
    formulas : {"escape", "refuse", "keep"}, default "escape"
        What is done with a cell of a CSV or TSV that a spreadsheet would run: it gets an apostrophe before it, it is an
        error, or it is written as it came.
    jobs : int, default -1
        Processes; -1 for one a core. Files of less than 50 MB in all are labelled by this one.
    engine : Engine, optional
        Where Parquet files are labelled instead, such as a Dask cluster; the output is then a folder, which workers and
        this process share.

    Returns
    -------
    LabellingAccount

    Raises
    ------
    CorpusError
        If a path does not exist or cannot be read, or a table has no column of texts.
    LabellerError
        If the output format is unknown, another process labels into the output, a column would be overwritten, an
        engine gets files that it cannot share, or formulas are refused and there is one.
    EngineError
        If processes or workers were killed, or finished parts are lost twice.
    ProjectError
        If the output cannot be written.
    """
    started = perf_counter()
    output = Path(output)
    ending = output_format(output)
    if engine is not None and ending:
        raise LabellerError(f"{output}: a cluster writes a folder of Parquet files; name it without an ending.")
    folder = _part_folder(output, ending)
    formulas = Formulas(formulas)
    with _claimed(folder, output):
        files, passed_over = _found(inputs, folder, columns or {})
        reading = Reading(labeller.fields, dict(columns or {}), Cleaning(), clean)
        plan = _plan(labeller, files, reading, explain, prefix, engine is not None) | {"formulas": formulas}
        _begin(folder, plan)
        job = _Job(labeller, folder, explain, prefix, reading, formulas, plan["labeller"])
        parts, resumed = _finish_parts(job, files, jobs, engine)
        unlabelled = _gathered(parts, passed_over)
        side_file = _write_side_file(output, unlabelled, formulas)
        if ending:
            with progress(sum(part.rows for part in parts), "joining", "article") as advance:
                join_parts(folder, parts, output, advance)
            remove_tree(folder.accounts)
        else:  # the accounts stay: the next run recognizes the folder by them
            for kept in folder.accounts.glob(f"{_STANDARD_INPUT}.*"):
                kept.unlink()
    abstained = sum(part.abstained for part in parts)
    rows = sum(part.rows for part in parts)
    uneven = not ending and len({part.columns for part in parts if part.rows}) > 1
    seconds = perf_counter() - started
    escaped = sum(part.escaped for part in parts)
    return LabellingAccount(output, rows, abstained, unlabelled, side_file, seconds, resumed, uneven, escaped)


def _finish_parts(job: _Job, files: Sequence[Path], jobs: int, engine: Engine | None) -> tuple[list[Part], int]:
    """Label until every part is there: one that was lost after it was written is done once more."""
    parts, resumed = _label_parts(job, files, jobs, engine)
    if job.folder.missing(parts):
        parts, _ = _label_parts(job, files, jobs, engine)
        lost = job.folder.missing(parts)
        if lost:
            raise EngineError(
                f"{job.folder.file(lost[0])} was written twice and is not there. Check that all machines share the "
                "folder, and run the command again: completed work is saved."
            )
    return parts, resumed


def _label_parts(job: _Job, files: Sequence[Path], jobs: int, engine: Engine | None) -> tuple[list[Part], int]:
    """Label where it is fastest; return all parts, and how many rows an earlier run had done."""
    if engine is not None:
        return _label_there(job, files, engine)
    small = sum(file.stat().st_size for file in files) < _SMALL_BYTES
    jobs = 1 if small else joblib.effective_n_jobs(jobs)
    if job.folder.ending == ".parquet" and _has_small_row_groups(files):
        return _label_there(job, files, LocalEngine(jobs))
    return _label_here(job, files, jobs)


@contextmanager
def _claimed(folder: PartFolder, output: Path) -> Iterator[None]:
    """Keep other processes from labelling into the same output at the same time."""
    busy = LabellerError(f"{output}: another process labels into it. Wait until it ends, or name another output.")
    try:
        with ExitStack() as stack:
            try:
                stack.enter_context(exclusive_lock(folder.lock, busy=busy))
                folder.accounts.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ProjectError(
                    f"cannot write {output}: {error.strerror or error}. Make the folder writable."
                ) from error
            sweep_removed(folder.accounts)  # left by a run that was killed after its output was complete
            yield
    finally:
        # Removes the folder only if it is empty: nothing was done.
        with suppress(OSError):
            folder.accounts.rmdir()


def _part_folder(output: Path, ending: str) -> PartFolder:
    if ending:
        folder = output.with_name(f".{output.name}.parts")
        # Beside the folder, which is removed in the end: Windows renames no folder that holds an open file.
        return PartFolder(folder, folder, output.with_name(f".{output.name}.lock"), ending)
    # Readers of a folder of Parquet files skip names that begin with an underscore.
    accounts = output / "_parts"
    return PartFolder(output, accounts, accounts / ".lock", ".parquet")


def _found(
    inputs: Sequence[Path | str], folder: PartFolder, columns: Mapping[str, str]
) -> tuple[list[Path], list[Unreadable]]:
    """List the files; standard input is kept in one first, so that it can be read again after a kill."""
    files, passed_over = find_files([Path(path) for path in inputs])
    if not files:
        raise CorpusError(f"no file to label in {', '.join(map(str, inputs))}.")
    return [_kept(folder, columns) if file == STDIN else file for file in files], passed_over


def _kept(folder: PartFolder, columns: Mapping[str, str]) -> Path:
    folder.accounts.mkdir(parents=True, exist_ok=True)
    head = sys.stdin.buffer.read(_HEAD_BYTES)
    path = folder.accounts / f"{_STANDARD_INPUT}{guess_ending(head, columns)}"
    with path.open("wb") as file:
        file.write(head)
        shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    return path


def _plan(
    labeller: Labeller, files: Sequence[Path], reading: Reading, explain: int, prefix: str, elsewhere: bool
) -> dict[str, Any]:
    """Say what is done with what: parts of the same plan are the same."""
    return {
        "files": [[str(file.resolve()), file.stat().st_size, _state(file)] for file in files],
        "labeller": joblib.hash((labeller.rules, labeller.pipeline)),
        "code": code_version(),
        "columns": dict(reading.columns),
        "clean": reading.clean_tables,
        "explain": explain,
        "prefix": prefix,
        "elsewhere": elsewhere,
    }


def _state(file: Path) -> int | str:
    """Give what changes when a file does; standard input is written anew each time, so its content counts."""
    if file.stem != _STANDARD_INPUT:
        return file.stat().st_mtime_ns
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _begin(folder: PartFolder, plan: dict[str, Any]) -> None:
    """Keep the parts of a labelling of the same plan that was stopped; begin anew otherwise."""
    noted = folder.accounts / "plan.json"
    written = json.dumps(plan, sort_keys=True)
    if noted.is_file() and noted.read_text(encoding="utf-8") == written:
        return
    if folder.files != folder.accounts and not noted.is_file() and any(folder.files.glob("*.parquet")):
        raise LabellerError(
            f"{folder.files} holds Parquet files that are not of a labelling: name a folder that is new or empty."
        )
    # The accounts first: without one, a part counts as missing. A kill in between leaves the old plan, which then does
    # again what is missing.
    for where, names in (
        (folder.accounts, "part-*.json"),
        (folder.accounts, "part-*"),
        (folder.files, "part-*.parquet"),
    ):
        for old in where.glob(names):
            old.unlink(missing_ok=True)
    write_text(noted, written)


def _label_here(job: _Job, files: Sequence[Path], jobs: int) -> tuple[list[Part], int]:
    parts: list[Part] = []
    resumed = 0
    waiting: deque[tuple[Callable[[], Part], int]] = deque()
    with (
        progress(sum(file.stat().st_size for file in files), "labelling", "B") as advance,
        _workers(job, jobs) as submit,
    ):

        def note(ended: Callable[[], Part], read: int) -> None:
            parts.append(ended())
            advance(read)

        for batch in read_batches(files, job.reading):
            finished = job.folder.finished(batch.number)
            if finished is not None:
                resumed += finished.rows
                waiting.append((_ready(finished), batch.read))
            else:
                _check_names(batch, job)
                waiting.append((submit(batch), batch.read))
            while len(waiting) > jobs + 1:
                note(*waiting.popleft())
        while waiting:
            note(*waiting.popleft())
    return parts, resumed


def _ready(part: Part) -> Callable[[], Part]:
    return lambda: part


@contextmanager
def _workers(job: _Job, jobs: int) -> Iterator[Callable[[Batch], Callable[[], Part]]]:
    """Yield a function that submits a batch and returns a function that waits for its part."""
    if jobs == 1:

        def label(batch: Batch) -> Callable[[], Part]:
            return _ready(_label_part(job, batch))

        with threadpool_limits(limits=1):
            yield label
        return
    with ProcessPoolExecutor(max_workers=jobs, initializer=_take_up, initargs=(job,)) as pool:

        def submit(batch: Batch) -> Callable[[], Part]:
            future = pool.submit(_label_taken_up, batch)

            def result() -> Part:
                with _told_death():
                    part: Part = future.result()
                return part

            return result

        try:
            yield submit
        except BaseException:
            pool.shutdown(wait=True, kill_workers=True)
            raise


@contextmanager
def _told_death() -> Iterator[None]:
    try:
        yield
    except TerminatedWorkerError as error:
        raise EngineError(
            "a process that labelled was killed, probably out of memory. Completed work is saved; run the command "
            "again with fewer --jobs."
        ) from error


_taken_up: list[_Job] = []


def _take_up(job: _Job) -> None:
    """Keep in this process what every part needs."""
    threadpool_limits(limits=1)
    _taken_up[:] = [job]


def _label_taken_up(batch: Batch) -> Part:
    return _label_part(_taken_up[0], batch)


def _label_part(job: _Job, batch: Batch) -> Part:
    return write_part(job.folder, batch.number, [_labelled(job, batch)], job.formulas)


def _labelled(job: _Job, batch: Batch) -> tuple[Any, pd.DataFrame, list[Unlabelled], int]:
    """Label a batch: its rows, what is said of them, and what could not be labelled."""
    labeller, names = job.labeller, list(job.labeller.fields)
    table = pd.DataFrame(
        {name: pd.Series([article.get(name, "") for article in batch.articles], dtype=object) for name in names}
    )
    some = [
        labeller.label(table.iloc[start : start + _AT_A_TIME], job.explain)
        for start in range(0, max(len(table), 1), _AT_A_TIME)
    ]
    answers = pd.concat(some)
    faults = [Unlabelled(None, "", one.where, one.why) for one in batch.unreadable]
    ids = [_id_of(article) for article in batch.articles]
    for place in answers.index[answers["topics"].isna()]:
        why = batch.articles[place].get("why") or answers["reason"][place].removeprefix("not labelled: ")
        answers.loc[place, "reason"] = f"not labelled: {why}"
        faults.append(Unlabelled(int(place), ids[place], batch.where[place], why))
    abstained = int(answers["abstain"].sum())
    answers = answers.add_prefix(job.prefix)
    if not any("id" in article for article in batch.articles):
        answers.insert(0, f"{job.prefix}id", pd.Series(ids, dtype="str"))
    return batch.rows, answers, faults, abstained


def _id_of(article: Mapping[str, Any]) -> str:
    if article.get("id") not in (None, ""):
        return str(article["id"])
    title, text = (str(article.get(name) or "") for name in ("title", "text"))
    return article_id("", title, text)


def _check_names(batch: Batch, job: _Job) -> None:
    """Refuse to write over a column of the user's."""
    rows = batch.rows
    names = set(rows.schema.names) if isinstance(rows, arrow.RecordBatch) else set().union(*rows)
    topics = job.labeller.topics
    ours = ["topics", "reason", "abstain", *(f"p_{name}" for name in topics), *(f"terms_{name}" for name in topics)]
    twice = [f"{job.prefix}{name}" for name in ours if f"{job.prefix}{name}" in names]
    if twice:
        where = batch.where[0] if batch.where else "the input"
        raise LabellerError(
            f"{where}: a column {twice[0]!r} is there already, and would be written over. Give those that are added a "
            "prefix, such as --prefix label_."
        )


def _label_there(job: _Job, files: Sequence[Path], engine: Engine) -> tuple[list[Part], int]:
    """Label Parquet files by tasks that read their row groups, and write their parts, themselves."""
    other = [file for file in files if file.suffix.lower() != ".parquet"]
    if other:
        raise LabellerError(f"{other[0]}: a cluster labels Parquet files, which its workers read themselves.")
    job = replace(job, folder=_absolute(job.folder))
    shares = list(_row_groups(files))
    tasks = [(number, str(file.resolve()), groups) for number, (file, groups, _) in enumerate(shares)]
    parts = {number: part for number, _, _ in tasks if (part := job.folder.finished(number)) is not None}
    left = [task for task in tasks if task[0] not in parts]
    resumed = sum(part.rows for part in parts.values())
    with progress(sum(rows for _, _, rows in shares), "labelling", "article") as advance, _told_death():
        advance(resumed)
        for place, part in engine.run(_label_row_groups, job, left):
            parts[left[place][0]] = part
            advance(shares[left[place][0]][2])
    return [parts[number] for number, _, _ in tasks], resumed


def _has_small_row_groups(files: Sequence[Path]) -> bool:
    """Say whether all are Parquet, of row groups that are many enough to share out."""
    if any(file.suffix.lower() != ".parquet" for file in files):
        return False
    try:
        described = [parquet.read_metadata(file) for file in files]
    except (arrow.ArrowException, OSError):  # told where it is read
        return False
    groups = [one.row_group(group) for one in described for group in range(one.num_row_groups)]
    return bool(groups) and max(group.num_rows for group in groups) <= _MOST_GROUP_ROWS


def _absolute(folder: PartFolder) -> PartFolder:
    return replace(folder, files=folder.files.resolve(), accounts=folder.accounts.resolve())


def _row_groups(files: Sequence[Path]) -> Iterator[tuple[Path, tuple[int, ...], int]]:
    """Share row groups out: file, numbers of its row groups, and how many rows they have."""
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
    """Label row groups of a file, on a worker."""
    if not (_taken_up and _taken_up[0].key == job.key):
        _taken_up[:] = [job]
    job = replace(job, labeller=_taken_up[0].labeller)

    def batches() -> Iterator[tuple[Any, pd.DataFrame, list[Unlabelled], int]]:
        for batch in read_row_groups(Path(file), groups, job.reading):
            _check_names(batch, job)
            yield _labelled(job, batch)

    # Arrow's own pool keeps what it has been given, a tenth of a worker's memory. With one process this is the user's.
    own = arrow.default_memory_pool()
    arrow.set_memory_pool(arrow.system_memory_pool())
    try:
        with threadpool_limits(limits=1):
            return write_part(job.folder, number, batches())
    finally:
        arrow.set_memory_pool(own)


def _gathered(parts: Sequence[Part], passed_over: Sequence[Unreadable]) -> tuple[tuple[int | None, str, str, str], ...]:
    found: list[tuple[int | None, str, str, str]] = [(None, "", one.where, one.why) for one in passed_over]
    before = 0
    for part in parts:
        for one in part.unlabelled:
            found.append((None if one.row is None else before + one.row + 1, one.id, one.where, one.why))
        before += part.rows
    return tuple(found)


def _write_side_file(
    output: Path, unlabelled: Sequence[tuple[int | None, str, str, str]], formulas: Formulas
) -> Path | None:
    path = output.with_name(f"{output.stem}.unlabelled.csv")
    if not unlabelled:
        path.unlink(missing_ok=True)  # of an earlier labelling
        return None
    text = io.StringIO(newline="")
    writer = RowWriter(text)
    writer.write([["row", "id", "where", "why"]])
    safe = str if formulas is Formulas.KEEP else defused
    writer.write(["" if row is None else row, *map(safe, rest)] for row, *rest in unlabelled)
    write_text(path, text.getvalue().encode("utf-8", "replace").decode("utf-8"))
    return path
