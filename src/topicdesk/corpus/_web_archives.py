"""Read the pages of web archives (WARC), such as those of CC-News.

A record of an archive is an article if it is the response of a web server with status 200 and an HTML page. Archives
are read one record at a time. The library is imported inside the function, as in `topicdesk.corpus._markup`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from topicdesk.corpus._markup import html_fields, outlet

if TYPE_CHECKING:
    from fastwarc.warc import WarcRecord

__all__ = ["ArchivedPage", "archived_pages"]

# Limits against archives that unpack to more than a disk or the memory holds. A page of news has less than a megabyte.
_MOST_OF_A_RECORD = 32 << 20
_BLOCK = 1 << 20
_MOST_UNPACKED = 8 << 30
_MOST_RATIO = 200

# Maximum number of characters of an error, which may quote the page.
_MOST_OF_A_REASON = 100

_RESPONSE = "Content-Type: application/http; msgtype=response"
_HTML = ("text/html", "application/xhtml+xml")

#: Flag of an article that has the date of the crawl.
CRAWL_DATE = "no date in the page: the time of the crawl"


@dataclass(frozen=True)
class ArchivedPage:
    """A record of a web archive.

    Parameters
    ----------
    where : str
        Number and address of the record, for messages.
    fields : dict of str to object
        Fields of an article, as of `html_fields`; empty if the record is no article.
    flags : tuple of str
        Notes on what is uncertain.
    why : str
        Why the record is no article; empty if it is one.
    is_faulty : bool
        Whether `why` is a fault. If not, records of this kind are no articles.
    """

    where: str
    fields: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    why: str = ""
    is_faulty: bool = True


def archived_pages(file: IO[bytes]) -> Iterator[ArchivedPage]:
    """Yield each record of a web archive, whether or not it is an article.

    Parameters
    ----------
    file : binary file
        The archive, also compressed.

    Yields
    ------
    ArchivedPage
        If the archive is damaged or too large, the last one gives the reason. The pages before it were read.
    """
    from fastwarc.warc import ArchiveIterator

    number = unpacked = 0
    try:
        for record in ArchiveIterator(file, parse_http=False, fsspec_args=False):
            number += 1
            address = str(record.headers.get("WARC-Target-URI") or "").strip("<>")
            where = f"record {number}" + (f" ({address})" if address else "")
            unpacked += record.content_length
            if unpacked > max(_MOST_UNPACKED, _MOST_RATIO * file.tell()):
                yield ArchivedPage(
                    where, why=f"the archive unpacks to more than {unpacked} bytes: the rest is not read"
                )
                return
            yield _archived_page(where, address, record)
    except (OSError, ValueError) as error:
        yield ArchivedPage(f"record {number + 1}", why=f"the archive is damaged from here on: {error}")
    else:
        if not number:
            yield ArchivedPage("record 1", why="the archive contains no record")


def _archived_page(where: str, address: str, record: WarcRecord) -> ArchivedPage:
    kind, size = record.headers.get("WARC-Type"), record.content_length
    if kind is None or record.headers.get("Content-Length") is None:
        return ArchivedPage(where, why="its header is incomplete: the archive is damaged")
    is_response = kind.lower() == "response"
    if is_response and size > _MOST_OF_A_RECORD:
        return ArchivedPage(where, why=f"{size} bytes, more than the limit for a page")
    blocks, n_read = [], 0
    while n_read < size and (block := record.reader.read(min(size - n_read, _BLOCK))):
        n_read += len(block)
        blocks += [block] if is_response else []
    if n_read < size:
        return ArchivedPage(where, why=f"cut off after {n_read} of {size} bytes: the archive is damaged")
    if not is_response:
        return ArchivedPage(where, why=f"a record of the kind {kind}, not a response", is_faulty=False)
    if not record.is_http:
        return ArchivedPage(where, why="not a response over HTTP", is_faulty=False)
    try:
        answer = _answer(b"".join(blocks))
        content = answer.reader.read(_MOST_OF_A_RECORD + 1)
    except (OSError, ValueError) as error:
        return ArchivedPage(where, why=f"its content cannot be decoded: {str(error)[:_MOST_OF_A_REASON]}")
    headers = answer.http_headers
    if headers is None or headers.status_code is None:
        return ArchivedPage(where, why="not a response over HTTP", is_faulty=False)
    if headers.status_code != 200:
        return ArchivedPage(where, why=f"HTTP status {headers.status_code}", is_faulty=False)
    media_type = (answer.http_content_type or "").lower()
    if media_type not in _HTML:
        return ArchivedPage(where, why=f"{media_type or 'of no media type'}, not HTML", is_faulty=False)
    if len(content) > _MOST_OF_A_RECORD:
        return ArchivedPage(where, why=f"unpacks to more than {_MOST_OF_A_RECORD} bytes, the limit for a page")
    fields = html_fields(_as_utf8(content, answer.http_charset), address or None)
    if fields is None:
        return ArchivedPage(where, why="no main text was found in the page")
    flags = ["an HTML page, reduced to its main text"]
    if not fields["published"] and record.record_date is not None:
        fields["published"] = f"{record.record_date:%Y-%m-%d %H:%M:%S}"
        flags.append(CRAWL_DATE)
    # The page may name another address, for example that of an agency. The record's is where it was read.
    fields |= {"url": address or fields["url"], "source": outlet(address) or fields["source"]}
    return ArchivedPage(where, fields, tuple(flags))


def _answer(block: bytes) -> WarcRecord:
    """Return a web server's response, decoded while it is read.

    It is a record of its own: if an archive's own record is decoded and fails, the archive cannot be read further.
    """
    from fastwarc.warc import WarcRecord

    head = f"WARC/1.0\r\nWARC-Type: response\r\n{_RESPONSE}\r\nContent-Length: {len(block)}\r\n\r\n"
    record = WarcRecord.from_bytes(head.encode() + block + b"\r\n\r\n")
    record.parse_http(auto_decode="all")
    return record


def _as_utf8(content: bytes, charset: str | None) -> bytes:
    """Return a page in UTF-8 if the server says what else it is. The page itself may not say it."""
    try:
        content.decode()
    except UnicodeDecodeError:
        try:
            return content.decode(charset or "").encode()
        except (LookupError, UnicodeError):  # the server is wrong
            return content
    return content
