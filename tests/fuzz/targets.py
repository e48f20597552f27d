"""Six fuzz targets: functions that take bytes, and fail if topicdesk breaks a promise.

A target may reject its input with topicdesk's own error. It must not raise another error, hang, lose a character, or
write half a file. Nothing here needs atheris: in each run of the tests, `tests/trust/test_fuzzed.py` runs the targets
on their seeds, and on every input that once failed.
"""

import csv
import gzip
import io
import json
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet

from topicdesk.annotation import LabelStore, read_label_file, read_labels, read_taxonomy, write_annotations
from topicdesk.annotation._design import DESIGN_COLUMNS
from topicdesk.annotation.annotations import ANNOTATION_COLUMNS
from topicdesk.corpus import parse_page, read_articles
from topicdesk.corpus._boilerplate import take_off_menus
from topicdesk.corpus._bylines import split_byline
from topicdesk.corpus._datelines import split_dateline
from topicdesk.corpus.readers import FORMATS
from topicdesk.errors import CorpusError, LabelsError, SpecError
from topicdesk.experiment import read_spec


@dataclass(frozen=True)
class Target:
    """A function to fuzz, and what its inputs are made of.

    Parameters
    ----------
    throw : callable
        Takes one input.
    seeds : tuple of bytes
        Initial inputs.
    words : tuple of str
        Tokens of the format, which the fuzzer inserts.
    """

    throw: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[str, ...] = ()


_PAGE = """Ferry late
Port Town/30.06.23/Courier: The harbour master said it was late. READ MORE: Fog
Share this with
Anna Lindqvist
Politics
-
A teaser of another story.
Leave a review"""


def fuzz_page(data: bytes) -> None:
    """Check that every character of a page is in an article or reported as removed."""
    text = data.decode("utf-8", "replace")
    body, removed = take_off_menus(text)
    assert _letters(body, *removed) == _letters(text)
    try:
        page = parse_page(text)
    except CorpusError:
        return
    article = page.rows[0]
    parts = [article["title"], article["section"]]
    parts += [row["text"] for row in page.rows] + [line.text for line in page.removed]
    assert _letters(*parts) == _letters(text.removeprefix("\ufeff"))


_DATELINES = """PORT TOWN, February 7. /TASS/. The ferry
BRUSSELS (Reuters) - The ferry
(CNN)The ferry
BAKU, Nov 1 - The ferry
Port Town/30.06.23/Courier: The ferry"""
_BYLINE = "By Anna Berg, Bo Ek and Cleo de Roo | Courier\nThe ferry"


def fuzz_dateline(data: bytes) -> None:
    """Check that the dateline or byline and the rest make the original text."""
    text = data.decode("utf-8", "replace")
    dateline, body = split_dateline(text)
    assert (dateline.written if dateline else "") + body == text
    byline, body = split_byline(text)
    assert (byline.written if byline else "") + body == text


_TABLE = [
    {"title": "Ferry", "text": "It came late.", "date": "2023-06-30"},
    {"title": "Tram", "text": "=cmd()", "date": ""},
]
_FILES = {
    ".txt": _PAGE.encode(),
    ".html": f"<html lang=en><head><title>Ferry</title></head><body><article><p>{_PAGE}</p></article></body>".encode(),
    ".xml": b"<rss version='2.0'><channel><item><title>Ferry</title><description>It came late.</description></item>"
    b"</channel></rss>",
    ".csv": b'title,text,date\nFerry,"It came, late.",2023-06-30\nTram,=cmd(),01/07/23\n',
    ".tsv": b"text\tdate\nFerry\t1.2.23\n",
    ".json": b'{"articles": [{"title": "Ferry", "text": "It came late.", "authors": ["A", "B"]}]}',
    ".jsonl": b'{"headline": "Ferry", "body": "It came late.", "date": "June 30, 2023"}\n{"text": "Tram."}\n',
}


def _web_archive() -> bytes:
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + _FILES[".html"]
    return (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://town.example/1\r\n"
        b"WARC-Date: 2023-06-30T10:00:00Z\r\nContent-Type: application/http; msgtype=response\r\n"
        b"Content-Length: %d\r\n\r\n%b\r\n\r\n" % (len(page), page)
    )


# The first byte of an input selects the kind of file.
_KINDS = sorted(FORMATS)


def fuzz_file(data: bytes) -> None:
    """Check that a file gives articles and a consistent account, and that nothing else is written."""
    if not data:
        return
    suffix, content = _KINDS[data[0] % len(_KINDS)], data[1:]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"thrown{suffix}"
        path.write_bytes(content)
        try:
            corpus, account = read_articles([path])
        except CorpusError:
            return
        assert len(corpus) == account.articles > 0
        assert account.report().rows >= len(corpus)
        assert [inside.name for inside in Path(folder).iterdir()] == [path.name]


def _zip_archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix, content in _FILES.items():
            archive.writestr(f"inside{suffix}", content)
    return packed.getvalue()


def _parquet_file() -> bytes:
    packed = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist(_TABLE), packed, compression="none")
    return packed.getvalue()


def _kind(suffix: str, content: bytes) -> bytes:
    return bytes([_KINDS.index(suffix)]) + content


_CHOICE = {"from_name": "topics", "to_name": "text", "type": "choices", "value": {"choices": ["courts"]}}
_EXPORTS = {
    "label-studio.json": json.dumps(
        [{"id": 1, "data": {"text": "The ferry."}, "annotations": [{"completed_by": {"id": 1}, "result": [_CHOICE]}]}]
    ),
    "label-studio-min.json": '[{"text": "The ferry.", "id": 1, "topics": {"choices": ["a", "b"]}, "annotator": 1}]',
    "label-studio.csv": "text,id,topics,annotator,annotation_id,lead_time\n"
    'The ferry.,1,"{""choices"": [""a""]}",1,9,2.0\n',
    "doccano.jsonl": '{"id": 1, "text": "The ferry.", "label": ["rail"]}\n'
    '{"text": "A tram.", "annotations": [{"label": 1}]}',
    "prodigy.jsonl": '{"text": "The ferry.", "accept": ["rail"], "answer": "accept", "_timestamp": 1704189600}\n'
    '{"text": "A tram.", "label": "rail", "answer": "reject", "_task_hash": 1}',
    "argilla.json": '[{"fields": {"text": "The ferry."}, "responses": {"a": [{"value": ["rail"], "user_id": "u"}]}},'
    '{"inputs": {"text": "A tram."}, "annotation": "rail", "annotation_agent": "anna", "status": "Validated"},'
    '{"text": "A bus.", "a.responses": [["rail"]], "a.responses.users": ["u"], "a.responses.status": ["submitted"]}]',
    "annif.tsv": "The ferry.\t<http://x.example/rail> <http://x.example/courts>\n",
    "quotes.tsv": 'text\tlabel\n"The ferry.\trail\nA tram.\trail;courts\n',
    "fasttext.txt": "__label__rail __label__courts The ferry.\n",
    "one-hot.csv": "text,rail,courts\nThe ferry.,1,0\n",
    "lists.csv": "sep=;\ntext;topics\nThe ferry.;['rail', 'courts']\n"
    "A tram.;['rail' 'courts']\nA bus.;array(['rail'], dtype=object)\nA car.;{'rail'}\n",
}
_EXPORT_NAMES = sorted(_EXPORTS)


def fuzz_exports(data: bytes) -> None:
    """Check that labels that exist are read or refused, and that each label is a name that a file can contain."""
    if not data:
        return
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        path = Path(folder) / _EXPORT_NAMES[data[0] % len(_EXPORT_NAMES)]
        path.write_bytes(data[1:])
        try:
            labels = read_labels(path)
        except (CorpusError, LabelsError) as error:
            assert len(str(error)) < 10_000
            return
        assert len(labels) > 0
        assert not labels.duplicated(["article_id", "annotator"]).any()
        for article, topics, annotator in labels[["article_id", "topics", "annotator"]].itertuples(index=False):
            assert article and re.fullmatch(r"[a-z0-9_-]+", annotator)
            assert all(topic and topic == topic.strip() for topic in topics)
            assert len(set(topics)) == len(topics)


_SPEC = """[experiment]
title = "Ferries"
question = "Which?"

[data]
corpus = "newsarticles"
labels = "data/labels/gold.csv"
topics = "data/topics.toml"

[features]
analyzer = ["word"]
ngram_range = [[1, 1], [1, 2]]
min_df = [1, 2]
field_weights = { title = 2.0, text = 1.0 }
stemmer = ["none", "english"]

[classifiers.complement-nb]
alpha = [0.1, 1.0]

[classifiers.logistic-regression]

[splits]
scheme = "stratified"
folds = 5

[evaluation]
metric = "macro_f1"
threshold = { precision = 0.95 }
search = "halving"
"""
_TAXONOMY = """[codebook]
version = 1
title = "Ferries"
rule = "What it is about."

[[topics]]
name = "transport"
definition = "Ferries and trams."
keywords = ["ferry", "tram"]
iptc = "medtop:20000337"

[[topics]]
name = "courts"
definition = "Trials."
"""


def fuzz_spec(data: bytes) -> None:
    """Check that a spec or a taxonomy is read, or rejected with the name of the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "thrown.toml"
        path.write_bytes(data)
        try:
            read_spec(path).content_hash()
        except SpecError as error:
            assert str(path) in str(error) and len(str(error)) < 10_000
        try:
            read_taxonomy(path).content_hash()
        except LabelsError as error:
            assert str(path) in str(error) and len(str(error)) < 10_000


_HEADER = ",".join(ANNOTATION_COLUMNS)
_LABELS = f"""{_HEADER}
a1,courts,anna,1,2026-01-01T10:00:00+00:00,random,
a2,courts transport,anna,1,,random,"a note, with a comma"
a10,,anna,1,,uncertain,
"""
_JOURNAL = json.dumps(
    {
        "article_id": "a3",
        "row": {
            "article_id": "a3",
            "topics": ["courts"],
            "annotator": "anna",
            "codebook": "1",
            "time": "",
            "sample": "random",
            "note": "",
        },
    }
)
_LABEL_FILES = ("anna.csv", ".anna.csv.journal", "codebooks.json")


def fuzz_labels(data: bytes) -> None:
    """Check that a label folder with one damaged file opens or is rejected unchanged, and that labels are restored."""
    if not data:
        return
    damaged, content = _LABEL_FILES[data[0] % len(_LABEL_FILES)], data[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "topics.toml").write_text(_TAXONOMY)
        taxonomy = read_taxonomy(folder / "topics.toml")
        store = LabelStore(folder / "anna.csv", "anna", taxonomy)
        store.path.write_text(_LABELS)
        store.open()
        (folder / damaged).write_bytes(content)
        before = _contents(folder)
        try:
            rows = store.open()
        except LabelsError:
            assert _contents(folder) == before, "a rejected folder does not change"
            return
        if damaged != store.path.name:
            # A line of a journal removes a label with null.
            removes = damaged == store.journal.name and b"null" in content
            assert removes or {"a1", "a2", "a10"} <= set(rows)
        table = read_label_file(store.path, taxonomy.names) if store.path.is_file() else None
        if table is not None:
            write_annotations(table, folder / "again.csv")
            again = read_label_file(folder / "again.csv", taxonomy.names)
            assert sorted(map(tuple, again.to_numpy())) == sorted(map(tuple, table.to_numpy()))
        assert store.open() == rows, "a second open returns the same rows"


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _letters(*texts: str) -> list[str]:
    return sorted("".join("".join(texts).split()))


def _quoted_labels() -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([ANNOTATION_COLUMNS, ["b\n1", "courts", "a,b", "1", "", 'ra"ndom', "über\r\nzwei"]])
    return written.getvalue().encode()


def _drawn_labels() -> bytes:
    row = ["a1", "courts", "anna", "1", "", "random", ""]
    rows = [[*row, "2", "40", ""], ["a3", *row[1:], "", "", "0.25"]]
    written = io.StringIO()
    csv.writer(written).writerows([[*ANNOTATION_COLUMNS, *DESIGN_COLUMNS], *rows])
    return written.getvalue().encode()


TARGETS = {
    "page": Target(
        fuzz_page,
        (_PAGE.encode(), _FILES[".html"]),
        ("READ MORE:", "Share this with", "Politics", "Leave a review", "\n-\n", "Port Town/30.06.23/Courier: "),
    ),
    "dateline": Target(
        fuzz_dateline,
        (*map(str.encode, _DATELINES.splitlines()), _BYLINE.encode()),
        (
            *re.split(r"\b", _DATELINES + _BYLINE),
            "AP",
            "AFP",
            "Xinhua",
            "September",
            "Sept.",
            "2026",
            "\u2014",
            "\u2013",
        ),
    ),
    "readers": Target(
        fuzz_file,
        tuple(
            _kind(suffix, content)
            for suffix, content in {
                **_FILES,
                ".rss": _FILES[".xml"],
                ".zip": _zip_archive(),
                ".parquet": _parquet_file(),
                ".warc": _web_archive(),
                ".warc.gz": gzip.compress(_web_archive(), mtime=0),
            }.items()
        ),
        ("title", "text", "published", "authors", "<item>", "<![CDATA[", "PK\x01\x02"),
    ),
    "exports": Target(
        fuzz_exports,
        tuple(bytes([number]) + _EXPORTS[name].encode() for number, name in enumerate(_EXPORT_NAMES)),
        (
            "annotations",
            "result",
            "choices",
            "taxonomy",
            "was_cancelled",
            "label",
            "labels",
            "accept",
            "answer",
            "responses",
            "status",
            "submitted",
            "values",
            "__label__",
            "<http://",
            "null",
            "NaN",
            "[]",
            "{}",
            '""',
            "\t",
            "\n",
        ),
    ),
    "spec": Target(
        fuzz_spec,
        (_SPEC.encode(), _TAXONOMY.encode()),
        tuple(word for word in (*_SPEC.split(), *_TAXONOMY.split(), "estimator", "own.module:Class", "inf", "nan")),
    ),
    "labels": Target(
        fuzz_labels,
        (
            b"\x00" + _LABELS.encode(),
            b"\x00" + _quoted_labels(),
            b"\x00" + _drawn_labels(),
            b"\x01\n" + _JOURNAL.encode() + b"\n",
            b'\x01\n{"article_id": "a1", "row": null}\n',
            b'\x02{"1": {"courts": "0123456789abcdef", "(rules)": "0123456789abcdef"}}',
        ),
        (*ANNOTATION_COLUMNS, *DESIGN_COLUMNS, "courts", "transport", "random", '"row": null', '"topics": []', _HEADER),
    ),
}
