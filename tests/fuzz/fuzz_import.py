"""Throw mutated pages, datelines and files at the import, and stop at the first that breaks a promise.

Run with ``make fuzz`` (five minutes), or ``python tests/fuzz/fuzz_import.py SECONDS``. Atheris (libFuzzer) mutates what
reaches new code. A crash, a hang of 20 seconds, 2 GB of memory, or a text that is neither in an article nor reported
taken off ends the run, and the input stays in ``build/fuzz``.
"""

import io
import sys
import tempfile
import zipfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["topicdesk"]):
    from topicdesk.corpus import parse_page, read_articles
    from topicdesk.corpus.boilerplate import take_off_menus
    from topicdesk.corpus.bylines import split_byline
    from topicdesk.corpus.datelines import split_dateline
    from topicdesk.corpus.readers import FORMATS
    from topicdesk.errors import CorpusError

_KEPT = Path("build/fuzz")
_PAGE = """Ferry late
Port Town/30.06.23/Courier: The harbour master said it was late. READ MORE: Fog
Share this with
Anna Lindqvist
Politics
-
A teaser of another story.
Leave a review"""
_DATELINES = """PORT TOWN, February 7. /TASS/. The ferry
BRUSSELS (Reuters) - The ferry
(CNN)The ferry
BAKU, Nov 1 - The ferry"""
_BYLINE = "By Anna Berg, Bo Ek and Cleo de Roo | Courier\nThe ferry"
_SEEDS = {
    ".txt": _PAGE.encode(),
    ".html": f"<html lang=en><head><title>Ferry</title></head><body><article><p>{_PAGE}</p></article></body>".encode(),
    ".xml": b"<rss version='2.0'><channel><item><title>Ferry</title><description>It came late.</description></item>"
    b"</channel></rss>",
    ".csv": b'title,text,date\nFerry,"It came, late.",2023-06-30\nTram,=cmd(),01/07/23\n',
    ".json": b'{"articles": [{"title": "Ferry", "text": "It came late.", "authors": ["A", "B"]}]}',
    ".jsonl": b'{"headline": "Ferry", "body": "It came late.", "date": "June 30, 2023"}\n{"text": "Tram."}\n',
}
# A target takes the rest of the input; its number is the first byte.
_TARGETS = ["page", "byline", "dateline", "menus", *sorted(FORMATS)]


def throw(data: bytes) -> None:
    """Try one input."""
    if not data:
        return
    target, rest = _TARGETS[data[0] % len(_TARGETS)], data[1:]
    if target.startswith("."):
        _read_file(target, rest)
        return
    text = rest.decode("utf-8", "replace")
    if target == "byline":
        byline, body = split_byline(text)
        assert (byline.written if byline else "") + body == text
    elif target == "dateline":
        dateline, body = split_dateline(text)
        assert (dateline.written if dateline else "") + body == text
    elif target == "menus":
        body, removed = take_off_menus(text)
        assert _letters(body, *removed) == _letters(text)
    else:
        _read_page(text)


def _read_page(text: str) -> None:
    try:
        page = parse_page(text)
    except CorpusError:
        return
    article = page.rows[0]
    out = [article["title"], article["section"]]
    out += [row["text"] for row in page.rows] + [line.text for line in page.removed]
    assert _letters(*out) == _letters(text.removeprefix("\ufeff"))


def _read_file(suffix: str, content: bytes) -> None:
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


def _letters(*texts: str) -> list[str]:
    return sorted("".join("".join(texts).split()))


def _write_seeds(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for suffix, content in _SEEDS.items():
            archive.writestr(f"inside{suffix}", content)
    seeds = {**_SEEDS, ".zip": packed.getvalue(), "page": _PAGE.encode(), "menus": _PAGE.encode()}
    seeds |= {
        ".rss": _SEEDS[".xml"],
        ".tsv": b"text\tdate\nFerry\t1.2.23\n",
        "dateline": _DATELINES.encode(),
        "byline": _BYLINE.encode(),
    }
    for target, content in seeds.items():
        (folder / f"seed{target}").write_bytes(bytes([_TARGETS.index(target)]) + content)


def main() -> None:
    """Fuzz for as many seconds as the command line says."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    seeds = _KEPT / "corpus"
    _write_seeds(seeds)
    options = [
        f"-max_total_time={seconds}",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-max_len=4096",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={_KEPT}/", str(seeds)], throw)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
