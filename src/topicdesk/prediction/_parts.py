"""Write labelled rows in parts, one file per part, and join all parts into one file.

Files are written atomically. The account of a part is written last. A part is finished if its account exists and its
file has the size that the account states. Therefore a run that continues a killed run knows which parts are finished,
even if files were removed in between.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any, TypeAlias

import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet

from topicdesk._atomic import replacing, write_text
from topicdesk._progress import Advance
from topicdesk._spreadsheets import Formulas, RowWriter, defused, is_formula
from topicdesk.errors import LabellerError, nearest

__all__ = ["OUTPUT_FORMATS", "Part", "PartFolder", "Unlabelled", "join_parts", "output_format", "write_part"]

_Rows: TypeAlias = list[Mapping[str, Any]] | arrow.RecordBatch

#: Output formats, by the ending of the file name. A name without an ending is a folder of Parquet files.
OUTPUT_FORMATS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")

# How long to wait until a file on another machine is visible (NFS caches names for up to a minute).
_PATIENCE_SECONDS = 60
_LOOK_AGAIN_SECONDS = 0.05

# Maximum number of characters of a cell in a message.
_SHOWN = 40


@dataclass(frozen=True)
class Unlabelled:
    """A row, or a section of a file, that could not be labelled.

    Parameters
    ----------
    row : int or None
        Row in the output of its part, from 0. None for a section of a file that is not a row.
    id : str
        Id of the article, empty if it is not a row.
    where : str
        Position in the input.
    why : str
        The reason.
    """

    row: int | None
    id: str
    where: str
    why: str


@dataclass(frozen=True)
class Part:
    """The account of a part: what was written.

    Parameters
    ----------
    rows, abstained : int
        Number of rows, and how many of them a person should check.
    columns : tuple of str
        Columns of the file.
    unlabelled : tuple of Unlabelled
        What could not be labelled.
    header : int, default 0
        Size of the header line in bytes.
    escaped : int, default 0
        Number of cells that were escaped with an apostrophe, because a spreadsheet would run them as formulas.
    size : int, default 0
        Size of the file in bytes. 0 if there are no rows, and therefore no file.
    """

    rows: int
    abstained: int
    columns: tuple[str, ...]
    unlabelled: tuple[Unlabelled, ...]
    header: int = 0
    escaped: int = 0
    size: int = 0


@dataclass(frozen=True)
class PartFolder:
    """Folders of the parts and of their accounts.

    Parameters
    ----------
    files, accounts : Path
        Folder of the parts, and folder of their accounts.
    lock : Path
        Lock file of the process that writes to the folders.
    ending : str
        Ending of the parts' names.
    """

    files: Path
    accounts: Path
    lock: Path
    ending: str

    def file(self, number: int) -> Path:
        """Return the path of a part's file."""
        return self.files / f"part-{number:06d}{self.ending}"

    def account(self, number: int) -> Path:
        """Return the path of a part's account."""
        return self.accounts / f"part-{number:06d}.json"

    def finished(self, number: int) -> Part | None:
        """Return the account of a part, or None if the part is not finished."""
        try:
            facts = json.loads(self.account(number).read_text(encoding="utf-8"))
            unlabelled = tuple(Unlabelled(**item) for item in facts.pop("unlabelled"))
            part = Part(**{**facts, "columns": tuple(facts["columns"])}, unlabelled=unlabelled)
        except (OSError, ValueError, KeyError, TypeError):  # missing or damaged
            return None
        return part if self._holds(number, part) else None

    def missing(self, parts: Sequence[Part]) -> list[int]:
        """Return the numbers of the parts whose files are missing or have the wrong size, after waiting for them.

        On a network file system, other machines see a new file with a delay. The method waits up to 60 seconds.

        Parameters
        ----------
        parts : sequence of Part
            All parts, in order.

        Returns
        -------
        list of int
            Numbers of the parts, in ascending order.
        """
        deadline = monotonic() + _PATIENCE_SECONDS
        numbers = list(range(len(parts)))
        while numbers := [number for number in numbers if not self._holds(number, parts[number])]:
            if monotonic() > deadline:
                break
            sleep(_LOOK_AGAIN_SECONDS)
        return numbers

    def _holds(self, number: int, part: Part) -> bool:
        if not part.rows:
            return True
        try:
            return self.file(number).stat().st_size == part.size
        except OSError:
            return False


def output_format(output: Path) -> str:
    """Return the format of an output, which is the ending of its name, or "" for a folder of Parquet files.

    Raises
    ------
    LabellerError
        If the ending is not one of `OUTPUT_FORMATS`.
    """
    ending = output.suffix.lower()
    if ending and ending not in OUTPUT_FORMATS:
        raise LabellerError(f"{output}: the format {ending} is not supported; {nearest(ending, OUTPUT_FORMATS)}")
    return ending


def write_part(
    folder: PartFolder,
    number: int,
    batches: Iterable[tuple[_Rows, pd.DataFrame, list[Unlabelled], int]],
    formulas: Formulas = Formulas.ESCAPE,
) -> Part:
    """Write the labelled rows of a part atomically, and then its account.

    Parameters
    ----------
    folder : PartFolder
        Where to write.
    number : int
        Number of the part.
    batches : iterable of (rows, answers, unlabelled, abstained)
        Rows of the input, their predictions, what could not be labelled, and the number of rows that a person should
        check. For CSV and TSV there must be exactly one batch.
    formulas : Formulas, default "escape"
        How to write cells of a CSV or TSV that a spreadsheet would run as formulas.

    Returns
    -------
    Part
        The account.

    Raises
    ------
    LabellerError
        If `formulas` is "refuse" and a cell is a formula.
    """
    rows, abstained, header = 0, 0, 0
    unlabelled: list[Unlabelled] = []
    columns: list[str] = []
    writer = _WRITERS[folder.ending](formulas)
    with replacing(folder.file(number)) as path, path.open("wb") as file:
        for batch, answers, skipped, n_abstained in batches:
            unlabelled += [item if item.row is None else replace(item, row=rows + item.row) for item in skipped]
            if len(batch):
                header = writer.write(file, batch, answers)
                columns = writer.columns
            rows += len(batch)
            abstained += n_abstained
        writer.close()
        size = file.tell()
    if not rows:  # a file without columns would give readers of the folder a wrong schema
        folder.file(number).unlink()
        size = 0
    part = Part(rows, abstained, tuple(columns), tuple(unlabelled), header, writer.escaped, size)
    write_text(folder.account(number), json.dumps(asdict(part)))
    return part


def join_parts(folder: PartFolder, parts: Sequence[Part], output: Path, advance: Advance) -> None:
    """Join parts into one file atomically, in order. The file has the columns of all parts.

    Parameters
    ----------
    folder : PartFolder
        Folder of the parts.
    parts : sequence of Part
        All parts. Their files must exist (see `PartFolder.missing`).
    output : Path
        File to write. An existing file is replaced.
    advance : Advance
        Called with the number of rows written since the last call.
    """
    filled = [number for number, part in enumerate(parts) if part.rows]
    with replacing(output) as path:
        if folder.ending == ".parquet":
            _join_parquet([folder.file(number) for number in filled], path, advance)
            return
        same_columns = len({parts[number].columns for number in filled}) <= 1
        with path.open("wb") as target:
            if folder.ending in (".jsonl", ".ndjson") or same_columns:
                for position, number in enumerate(filled):
                    with folder.file(number).open("rb") as part:
                        part.seek(parts[number].header if position else 0)
                        shutil.copyfileobj(part, target, 1 << 20)
                    advance(parts[number].rows)
            else:
                _join_tables(folder, [(number, parts[number]) for number in filled], target, advance)


def _join_tables(folder: PartFolder, parts: Sequence[tuple[int, Part]], joined: IO[bytes], advance: Advance) -> None:
    columns = list(dict.fromkeys(name for _, part in parts for name in part.columns))
    text = io.TextIOWrapper(joined, "utf-8", newline="")
    writer = RowWriter(text, _DELIMITERS[folder.ending])
    writer.write([columns])
    for number, part in parts:
        with folder.file(number).open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter=_DELIMITERS[folder.ending])
            writer.write([row.get(name, "") for name in columns] for row in rows)
        advance(part.rows)
    text.flush()
    text.detach()


def _join_parquet(files: Sequence[Path], path: Path, advance: Advance) -> None:
    schemas = [parquet.read_schema(file).remove_metadata() for file in files]
    schema = _common_schema(schemas) if schemas else arrow.schema([])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for file in files:
            with parquet.ParquetFile(file) as part:
                for group in range(part.num_row_groups):
                    table = part.read_row_group(group)
                    writer.write_table(_as_schema(table, schema))
                    advance(table.num_rows)


def _common_schema(schemas: Sequence[arrow.Schema]) -> arrow.Schema:
    """Return a schema with the columns of all schemas. Columns whose types cannot be unified become strings."""
    try:
        return arrow.unify_schemas(schemas, promote_options="permissive")
    except (arrow.ArrowInvalid, arrow.ArrowTypeError):
        types: dict[str, arrow.DataType] = {}
        for schema in schemas:
            for field in schema:
                if types.setdefault(field.name, field.type) != field.type:
                    types[field.name] = arrow.string()
        return arrow.schema(list(types.items()))


def _as_schema(table: arrow.Table, schema: arrow.Schema) -> arrow.Table:
    columns = []
    for field in schema:
        if field.name not in table.column_names:
            columns.append(arrow.nulls(table.num_rows, field.type))
            continue
        column = table.column(field.name)
        if column.type != field.type and arrow.types.is_string(field.type):
            columns.append(arrow.array([_as_text(value) for value in column.to_pylist()], arrow.string()))
        else:
            columns.append(column.cast(field.type))
    return arrow.Table.from_arrays(columns, schema=schema)


class _Writer(ABC):
    """Write the rows of a part. `columns` are the written columns, `escaped` is the number of escaped cells."""

    def __init__(self, formulas: Formulas) -> None:
        self.formulas = formulas
        self.columns: list[str] = []
        self.escaped = 0

    @abstractmethod
    def write(self, file: IO[bytes], rows: _Rows, answers: pd.DataFrame) -> int:
        """Write rows, and return the size of the header before them in bytes."""

    def close(self) -> None:  # noqa: B027  # only Parquet needs it
        """Write what comes after the last rows."""


class _CommaWriter(_Writer):
    delimiter = ","

    def write(self, file: IO[bytes], rows: _Rows, answers: pd.DataFrame) -> int:
        # A CSV or TSV part has one batch, so all columns of the header are known.
        records = _whole_rows(rows, answers)
        names = list(dict.fromkeys(name for row in records for name in row))
        self.columns = [self._safe(name, "the header") for name in names]
        text = io.StringIO(newline="")
        writer = RowWriter(text, self.delimiter)
        writer.write([self.columns])
        header = len(text.getvalue().encode("utf-8", "replace"))
        writer.write([self._safe(_as_text(row.get(name)), f"column {name!r}") for name in names] for row in records)
        file.write(text.getvalue().encode("utf-8", "replace"))
        return header

    def _safe(self, cell: str, where: str) -> str:
        if self.formulas is Formulas.KEEP or not is_formula(cell):
            return cell
        if self.formulas is Formulas.REFUSE:
            raise LabellerError(
                f"{where} contains {cell[:_SHOWN]!r}, which a spreadsheet would run as a formula. Escape such "
                "cells (--formulas escape), or write .jsonl or .parquet, which spreadsheets do not run."
            )
        self.escaped += 1
        return defused(cell)


class _TabWriter(_CommaWriter):
    delimiter = "\t"


class _JsonLinesWriter(_Writer):
    def write(self, file: IO[bytes], rows: _Rows, answers: pd.DataFrame) -> int:
        for row in _whole_rows(rows, answers):
            # JSON has no NaN.
            row = {name: None if isinstance(value, float) and value != value else value for name, value in row.items()}
            line = json.dumps(row, ensure_ascii=False, default=_as_text)
            file.write(line.encode("utf-8", "backslashreplace") + b"\n")
        return 0


class _ParquetWriter(_Writer):
    """Write one row group per batch."""

    def __init__(self, formulas: Formulas) -> None:
        super().__init__(formulas)
        self._writer: parquet.ParquetWriter | None = None

    def write(self, file: IO[bytes], rows: _Rows, answers: pd.DataFrame) -> int:
        if isinstance(rows, arrow.RecordBatch):
            table = arrow.Table.from_batches([rows])
        else:
            names = list(dict.fromkeys(name for row in rows for name in row))
            table = arrow.table({name: _column([row.get(name) for row in rows]) for name in names})
        for name, column in answers.items():
            array = arrow.Array.from_pandas(column)
            table = table.append_column(str(name), array.cast(arrow.string()) if column.dtype == "str" else array)
        self.columns = table.column_names
        if self._writer is None:
            self._writer = parquet.ParquetWriter(file, table.schema, compression="zstd", compression_level=1)
        self._writer.write_table(table)
        return 0

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_WRITERS: dict[str, type[_Writer]] = {
    ".csv": _CommaWriter,
    ".tsv": _TabWriter,
    ".jsonl": _JsonLinesWriter,
    ".ndjson": _JsonLinesWriter,
    ".parquet": _ParquetWriter,
}


def _whole_rows(rows: _Rows, answers: pd.DataFrame) -> list[dict[str, Any]]:
    records = rows.to_pylist() if isinstance(rows, arrow.RecordBatch) else rows
    predictions = answers.astype(object).where(answers.notna(), None).to_dict("records")
    return [
        dict(row) | {str(name): value for name, value in answer.items()}
        for row, answer in zip(records, predictions, strict=True)
    ]


def _column(values: list[Any]) -> arrow.Array:
    try:
        return arrow.array(values)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, OverflowError, UnicodeEncodeError):
        # Values of different types, which are possible in JSON.
        return arrow.array([None if value is None else _as_text(value) for value in values], arrow.string())


def _as_text(value: Any) -> str:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case None:
            return ""
        case bool() | int():
            return str(value)
        case float():
            return "" if value != value else repr(value)
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return value.isoformat() if hasattr(value, "isoformat") else str(value)
