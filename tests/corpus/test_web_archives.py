"""Web archives: pages become articles, and every other record is counted with the reason."""

import gzip
import io
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from topicdesk.cli import main
from topicdesk.corpus import read_articles
from topicdesk.corpus._tables import TableFormat
from topicdesk.corpus._web_archives import archived_pages
from topicdesk.corpus.readers import Record, Unreadable, find_files, guess_ending, read_records
from topicdesk.errors import CorpusError

PARAGRAPH = "The mill by the river was sold on a cold day, the owner said, and the workers will move in spring. "


def page(title, head=""):
    text = f"<p>{PARAGRAPH}{title} is what the town said of it for years.</p><p>{PARAGRAPH[::2]}</p>"
    return (
        f"<html><head><title>{title}</title>{head}</head><body><article><h1>{title}</h1>{text}</article></body></html>"
    )


def response(content, status="200 OK", media_type="text/html; charset=utf-8", more=""):
    content = content.encode() if isinstance(content, str) else content
    return f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\n{more}\r\n".encode() + content


def record(kind, address, block, size=None):
    lines = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        "WARC-Date: 2021-04-05T10:00:00Z",
        "WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000001>",
        f"Content-Type: application/http; msgtype={kind}",
        f"Content-Length: {len(block) if size is None else size}",
        *([f"WARC-Target-URI: {address}"] if address else []),
    ]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + block + b"\r\n\r\n"


DATED = '<meta property="article:published_time" content="2021-03-01T08:00:00Z">'

#: Records, and the title of the article or why there is none.
RECORDS = [
    (record("warcinfo", "", b"software: none\r\n"), "a record of the kind warcinfo"),
    (record("request", "https://www.town.example/1", b"GET /1 HTTP/1.1\r\n\r\n"), "a record of the kind request"),
    (record("response", "https://www.town.example/1", response(page("Mill sold", DATED))), "Mill sold"),
    (record("metadata", "https://www.town.example/1", b"fetchTimeMs: 5\r\n"), "a record of the kind metadata"),
    (record("response", "https://www.town.example/2", response("Gone", "404 Not Found")), "HTTP status 404"),
    (
        record("response", "https://www.town.example/3", response("", "301 Moved", more="Location: /4\r\n")),
        "HTTP status 301",
    ),
    (
        record("response", "https://www.town.example/5", response(b"\x89PNG", media_type="image/png")),
        "image/png, not HTML",
    ),
    (
        record(
            "response",
            "https://www.town.example/6",
            response(gzip.compress(page("Quay closed").encode()), more="Content-Encoding: gzip\r\n"),
        ),
        "Quay closed",
    ),
    (record("response", "https://www.town.example/7", response("<html></html>")), "no main text"),
    (record("response", "dns:town.example", b"town.example 1 IN A 10.0.0.1"), "not a response over HTTP"),
    (record("revisit", "https://www.town.example/8", response("")), "a record of the kind revisit"),
    (
        record(
            "response",
            "https://www.town.example/9",
            response(page("Мельница").encode("cp1251"), media_type="text/html; charset=windows-1251"),
        ),
        "Мельница",
    ),
]
TITLES = ["Mill sold", "Quay closed", "Мельница"]


@pytest.fixture(params=[".warc", ".warc.gz", ".WARC.GZ"])
def archive(request, tmp_path):
    path = tmp_path / f"news{request.param}"
    pack = gzip.compress if request.param.lower().endswith("gz") else bytes
    path.write_bytes(b"".join(pack(written) for written, _ in RECORDS))
    return path


def test_read_records_yields_an_article_or_a_reason_for_each_record(archive):
    read = list(read_records(archive, TableFormat()))
    assert len(read) == len(RECORDS)
    for number, (one, (_, expected)) in enumerate(zip(read, RECORDS, strict=True), start=1):
        assert one.where.startswith(f"{archive}, record {number}")
        if isinstance(one, Record):
            assert one.fields["title"] == expected
        else:
            assert expected in one.why


def test_read_articles_takes_the_address_and_the_date_of_the_record(archive):
    corpus, account = read_articles([archive])
    by_title = corpus.set_index("title")
    assert sorted(by_title.index) == sorted(TITLES)
    assert by_title["url"].tolist() == [f"https://www.town.example/{number}" for number in (1, 6, 9)]
    assert set(by_title["source"]) == {"town.example"}
    assert by_title.loc["Mill sold", "published"] == pd.Timestamp(2021, 3, 1), "the page's own date comes first"
    assert by_title.loc["Quay closed", "published"] == pd.Timestamp(2021, 4, 5, 10)
    assert "the time of the crawl" in str(account)
    assert account.articles + account.dropped.total() == len(RECORDS)
    assert account.dropped["HTTP status 404"] == account.dropped["image/png, not HTML"] == 1
    assert [one.why for one in account.unreadable] == ["no main text was found in the page"]


def test_read_articles_lists_a_fault_after_many_records_that_are_no_articles(tmp_path):
    path = tmp_path / "news.warc"
    request = record("request", "https://www.town.example/1", b"GET /1 HTTP/1.1\r\n\r\n")
    path.write_bytes(RECORDS[2][0] + request * 500 + request[:-10])
    _, account = read_articles([path])
    assert account.dropped == {"a record of the kind request, not a response": 500, "not readable": 1}
    (fault,) = account.unreadable
    assert fault.where.startswith(f"{path}, record 502") and "damaged" in fault.why and fault.why in str(account)


def test_find_files_knows_archives_in_folders_but_no_other_compressed_files(archive):
    other = archive.with_name("notes.gz")
    other.write_bytes(gzip.compress(b"text", mtime=0))
    files, skipped = find_files([archive.parent])
    assert files == [archive]
    assert [one.where for one in skipped] == [str(other)]
    with pytest.raises(CorpusError, match="unsupported file format"):
        find_files([other])


def test_read_records_reads_archives_from_zip_and_standard_input(archive, tmp_path, monkeypatch):
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as writing:
        writing.write(archive, archive.name)
    read = list(read_records(packed, TableFormat()))
    assert [one.fields["title"] for one in read if isinstance(one, Record)] == TITLES
    content = archive.read_bytes()
    assert guess_ending(content, TableFormat()) == archive.name.removeprefix("news").lower()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    read = list(read_records(Path("-"), TableFormat()))
    assert [one.fields["title"] for one in read if isinstance(one, Record)] == TITLES


FALSE_HEADERS = [f"Content-Encoding: {name}" for name in ("gzip", "deflate", "br", "zstd", "unknown")]


@pytest.mark.parametrize("header", [*FALSE_HEADERS, "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_archived_pages_skips_a_record_whose_content_cannot_be_decoded(header, place, pack):
    blocks = [response(page("Mill sold")), response(page("Quay closed"))]
    blocks.insert(place, response(page("Not packed"), more=f"{header}\r\n"))
    archive = b"".join(pack(record("response", f"https://a.example/{n}", block)) for n, block in enumerate(blocks))
    pages = list(archived_pages(io.BytesIO(archive)))
    assert [one.fields.get("title") for one in pages if not one.why] == ["Mill sold", "Quay closed"]
    assert pages[place].why.startswith("its content cannot be decoded: ")
    assert len(pages[place].why) < 200, "the page is not quoted"


@pytest.mark.parametrize("cut", [200, 700, 1500])
def test_a_truncated_archive_keeps_what_was_read_and_says_so(archive, cut):
    archive.write_bytes(archive.read_bytes()[:-cut])
    read = list(read_records(archive, TableFormat()))
    assert isinstance(read[2], Record), "an article before the fault is kept"
    assert isinstance(read[-1], Unreadable) and "damaged" in read[-1].why
    assert len(read) <= len(RECORDS)


def test_a_damaged_archive_keeps_what_was_read_and_says_so(tmp_path):
    packed = [gzip.compress(written, mtime=0) for written, _ in RECORDS]
    packed[6] = packed[6][:20] + b"\xff" * 30 + packed[6][50:]
    path = tmp_path / "news.warc.gz"
    path.write_bytes(b"".join(packed))
    read = list(read_records(path, TableFormat()))
    assert isinstance(read[2], Record)
    assert "the archive is damaged" in read[-1].why


@pytest.mark.parametrize(
    "content", [b"", b"no archive at all\n" * 50, gzip.compress(b"no archive at all\n" * 50, mtime=0)]
)
def test_a_file_that_is_no_archive_is_reported(tmp_path, content):
    path = tmp_path / "news.warc"
    path.write_bytes(content)
    (only,) = read_records(path, TableFormat())
    assert "damaged" in only.why or "no record" in only.why


def test_archived_pages_unpacks_no_bomb():
    zeros = b"<html>" + b"a" * (40 << 20)
    inner = response(gzip.compress(zeros, mtime=0), more="Content-Encoding: gzip\r\n")
    written = [
        record("response", "https://a.example/1", inner),
        record("response", "https://a.example/2", response(zeros)),
    ]
    written.append(record("response", "https://a.example/3", response(page("Mill sold"))))
    reasons = [one.why for one in archived_pages(io.BytesIO(b"".join(map(gzip.compress, written))))]
    assert "unpacks to more than" in reasons[0] and "more than the limit" in reasons[1] and not reasons[2]


def test_archived_pages_stops_before_a_record_of_many_gigabytes():
    written = record("response", "https://a.example/1", response(page("Mill sold"))) + record(
        "resource", "", b"x", 1 << 40
    )
    reasons = [one.why for one in archived_pages(io.BytesIO(written))]
    assert reasons[0] == "" and "unpacks to more than" in reasons[1]


def test_import_reads_a_web_archive(archive, tmp_path, monkeypatch, capsys):
    output = tmp_path / "news.parquet"
    monkeypatch.setattr(sys, "argv", ["topicdesk", "import", str(archive), "--output", str(output)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "3 articles" in capsys.readouterr().out
    assert len(pd.read_parquet(output)) == 3
