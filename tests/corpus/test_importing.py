"""Import of articles from every supported format, clean and dirty."""

import errno
import json
import lzma
import os
import re
import signal
import tracemalloc
import unicodedata
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from topicdesk.annotation._fields import check_labelled_source
from topicdesk.corpus import CLEANING_STEPS, import_articles, read_articles, read_corpus, read_corpus_facts, readers
from topicdesk.corpus.cleaning import fix_encoding, squeeze_white_space
from topicdesk.corpus.readers import FORMATS
from topicdesk.errors import CorpusError

ROWS = [
    {
        "headline": "Ferry late",
        "body": "PORT TOWN (Courier) - The ferry came late.",
        "date": "2023-06-30",
        "author": "Anna Berg",
    },
    {
        "headline": "Tram early",
        "body": "The tram, however, came early;\nnobody was there.",
        "date": "01/07/2023",
        "author": "",
    },
]
PAGE = "A headline\nPort Town/30.06.23/Courier: The ferry came late.\nPolitics\n-\nA teaser of another story."


def write(folder, name, rows=ROWS):
    path = folder / name
    frame = pd.DataFrame(rows)
    match path.suffix:
        case ".csv":
            frame.to_csv(path, index=False)
        case ".tsv":
            frame.to_csv(path, index=False, sep="\t")
        case ".json":
            path.write_text(json.dumps({"articles": rows}))
        case ".jsonl" | ".ndjson":
            path.write_text("\n".join(map(json.dumps, rows)) + "\n")
        case ".parquet":
            frame.to_parquet(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet"])
def test_read_articles_returns_the_same_articles_for_every_table_format(tmp_path, suffix):
    corpus, account = read_articles([write(tmp_path, f"t{suffix}")], source="town.example", language="en")
    first, second = corpus.to_dict("records")
    assert (first["title"], first["text"], first["place"]) == ("Ferry late", "The ferry came late.", "PORT TOWN")
    assert (first["published"], first["authors"]) == (pd.Timestamp(2023, 6, 30), "Anna Berg")
    assert second["text"] == "The tram, however, came early;\nnobody was there."
    assert second["published"] == pd.Timestamp(2023, 7, 1)
    assert (first["source"], first["language"], first["kind"]) == ("town.example", "en", "article")
    assert (account.articles, account.changed["split_dateline"]) == (2, 1)
    assert account.noted["ambiguous date"] == 1


def test_read_articles_links_the_teasers_of_a_page_to_its_article(tmp_path):
    (tmp_path / "p.txt").write_text(PAGE)
    corpus, account = read_articles([tmp_path / "p.txt"])
    article, teaser = corpus.to_dict("records")
    assert (article["source"], article["section"], article["published"]) == (
        "Courier",
        "Politics",
        pd.Timestamp(2023, 6, 30),
    )
    assert (teaser["kind"], teaser["page"]) == ("teaser", article["id"])
    assert pd.isna(teaser["published"])
    assert account.teasers == 1


def test_read_articles_gives_stable_ids_and_drops_repeated_articles(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "p.txt").write_text(PAGE)
    (tmp_path / "in" / "again.txt").write_text(PAGE)
    write(tmp_path / "in", "t.csv")
    once, account = read_articles([tmp_path / "in"])
    twice, _ = read_articles([tmp_path / "in", tmp_path / "in" / "p.txt", tmp_path / "in"])
    pd.testing.assert_frame_equal(once, twice)
    assert account.dropped == {"the same article again": 2}
    assert len(once) == 4


def test_read_articles_matches_columns_by_name_and_by_map(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("Überschrift;Article-Body;When\nFerry late;The ferry came late.;2023-06-30\n")
    corpus, _ = read_articles([path], {"title": "Überschrift", "published": "When"})
    assert corpus.loc[0, ["title", "text"]].tolist() == ["Ferry late", "The ferry came late."]
    assert corpus.loc[0, "published"] == pd.Timestamp(2023, 6, 30)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"title": "headlin"}, r"t\.csv: no column 'headlin' for title; did you mean 'headline'\?"),
        ({"titel": "headline"}, r"articles have no field 'titel'; did you mean 'title'\?"),
    ],
)
def test_read_articles_suggests_the_nearest_column_or_field(tmp_path, columns, message):
    with pytest.raises(CorpusError, match=message):
        read_articles([write(tmp_path, "t.csv")], columns)


def test_read_articles_explains_how_to_name_the_text_column(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CorpusError, match=r"no text column; the columns are: a, b\. Name it with --map text=COLUMN"):
        read_articles([tmp_path / "t.csv"])


def test_read_articles_reports_and_skips_a_table_without_texts_in_a_folder(tmp_path):
    (tmp_path / "figures.csv").write_text("a,b\n1,2\n")
    write(tmp_path, "t.jsonl")
    corpus, account = read_articles([tmp_path])
    assert len(corpus) == 2
    assert account.unreadable[0].where.endswith("figures.csv")
    assert "no text column; the columns are: a, b" in account.unreadable[0].why


@pytest.mark.parametrize(
    "text",
    [
        "他说：“好！”（笑）真的？ＡＢＣ１２３，￥９",
        "ＮＴＴの株（東証）は「ｶﾞﾗｽ」より３％高い。",
        "คำพิพากษา น้ำท่วม",
        "क्\u200dया श्री\u200cलंका में रेल चलेगी?",
        "گفت\u200cوگوها ادامه می\u200cیابد و «کتاب\u200cها».",
        "בְּרֵאשִׁית בָּרָא",
        "The family 👨\u200d👩\u200d👧 took the train ❤\ufe0f.",
        "İstinaf mahkemesi IŞIKLI yolu kapattı.",
        "법원은 월요일에 판결했다(한글).",
    ],
    ids=["Chinese", "Japanese", "Thai", "Hindi", "Persian", "Hebrew", "emoji", "Turkish", "Korean"],
)
def test_read_articles_leaves_texts_of_any_script_as_they_are(tmp_path, text):
    text = unicodedata.normalize("NFC", text)
    corpus, _ = read_articles([write(tmp_path, "t.jsonl", [{"title": text, "text": text}])])
    assert corpus.loc[0, ["title", "text"]].tolist() == [text, text]


@pytest.mark.parametrize("text", ["字：中文（笑）", "İstinaf kararı", "судья", "ＮＴＴの株"])
def test_fix_encoding_repairs_mojibake_of_other_scripts(text):
    assert fix_encoding(text.encode().decode("latin-1")) == text


DIRTY = {
    "title": "A ferry",
    "text": "PORT TOWN (Courier) - The cafÃ©  in the port was e\u0301ven full.\nLeave a review\nIt was windy at sea.",
}


@pytest.mark.parametrize(
    ("step", "uncleaned"),
    [
        ("fix_encoding", "cafÃ©"),
        ("normalise_unicode", "e\u0301ven"),
        ("squeeze_white_space", "\u2009"),
        ("split_dateline", "PORT TOWN (Courier) - The"),
        ("take_off_menus", "Leave a review"),
    ],
)
def test_cleaning_steps_count_changes_and_can_be_left_out(tmp_path, step, uncleaned):
    path = write(tmp_path, "t.jsonl", [DIRTY])
    clean, account = read_articles([path])
    corpus_without, account_without = read_articles([path], without=[step])
    assert uncleaned not in clean.loc[0, "text"]
    assert uncleaned in corpus_without.loc[0, "text"]
    assert (account.changed[step], account_without.changed[step]) == (1, 0)
    assert clean.loc[0, "id"] == corpus_without.loc[0, "id"], (
        "cleaning must not change the id, because labels refer to it"
    )
    assert clean.loc[0, "place"] == corpus_without.loc[0, "place"] == "PORT TOWN"


def test_read_articles_counts_no_change_for_a_clean_article(tmp_path):
    _, account = read_articles([write(tmp_path, "t.jsonl", [{"text": "The ferry came late."}])], language="en")
    assert account.changed == {}


def test_read_articles_suggests_the_nearest_cleaning_step(tmp_path):
    with pytest.raises(CorpusError, match=r"unknown cleaning step 'take_off_menu'; did you mean 'take_off_menus'\?"):
        read_articles([write(tmp_path, "t.csv")], without=["take_off_menu"])


def test_read_articles_detects_missing_languages(tmp_path):
    rows = [
        {"text": "The ferry came late because fog covered the port for most of the morning."},
        {"text": "Die Fähre kam zu spät, weil der Hafen den ganzen Morgen im Nebel lag.", "language": ""},
        {"text": "Die Fähre kam zu spät, weil der Hafen den ganzen Morgen im Nebel lag!", "language": "nds"},
        {"text": "Port 12"},
    ]
    path = write(tmp_path, "t.jsonl", rows)
    corpus, account = read_articles([path])
    assert corpus["language"].tolist() == ["en", "de", "nds", ""]
    assert account.changed["detect_language"] == 2
    assert read_articles([path], without=["detect_language"])[0]["language"].tolist() == ["", "", "nds", ""]


FOOTER = "All rights to these pages are the Courier's."


def page_with_footers(number):
    return (
        f"Boat {number} late\nPort Town/30.06.23/Courier: Boat {number} came late.\nIt was windy on day {number}.\n"
        f"Anna Berg\nTransport\n{FOOTER}\n-\nA teaser of story {number}.\n-\nThe fair begins on Monday.\n{FOOTER}"
    )


@pytest.mark.parametrize("to_disk", [False, True])
def test_import_removes_recurring_lines_and_then_finds_bylines_and_sections(tmp_path, to_disk):
    (tmp_path / "in").mkdir()
    for number in range(6):
        (tmp_path / "in" / f"{number}.txt").write_text(page_with_footers(number))
    (tmp_path / "in" / "other.txt").write_text("The fair\nIt begins on Monday, with a dance.\n-\nThe fair begins.\n")
    if to_disk:
        account = import_articles([tmp_path / "in"], tmp_path / "c.parquet")
        corpus = read_corpus(tmp_path / "c.parquet")
        assert read_corpus_facts(tmp_path / "c.parquet")["report"]["changed"]["take_off_recurring"] == 7
    else:
        corpus, account = read_articles([tmp_path / "in"])
    assert not corpus["text"].str.contains("rights").any()
    pages = corpus[corpus["source"] == "Courier"]
    articles, teasers = (pages[pages["kind"] == kind] for kind in ("article", "teaser"))
    assert articles["authors"].tolist() == ["Anna Berg"] * 6
    assert set(pages["section"]) == {"Transport"}
    assert articles.iloc[0]["text"] == "Boat 0 came late.\nIt was windy on day 0."
    assert len(teasers) == 7, "the teaser that is on every page must appear once"
    # Six articles, and one of the six identical teasers: the other five were dropped before.
    assert account.removed["recurring", FOOTER] == account.changed["take_off_recurring"] == 7
    uncleaned, _ = read_articles([tmp_path / "in"], without=["take_off_recurring"])
    assert uncleaned["text"].str.contains("rights").sum() == 7
    assert set(corpus["id"]) <= set(uncleaned["id"])


def test_read_articles_merges_teasers_that_differ_only_by_a_recurring_line(tmp_path):
    for number in range(6):
        page = page_with_footers(number)
        (tmp_path / f"{number}.txt").write_text(page if number else page.removesuffix(f"\n{FOOTER}"))
    corpus, account = read_articles([tmp_path])
    assert (corpus["text"] == "The fair begins on Monday.").sum() == 1
    assert account.articles == len(corpus)
    assert account.report().rows == len(corpus) + account.dropped.total()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_read_articles_detects_encodings(tmp_path, encoding):
    text = "Die Fähre nach Übersee kam am Montag zu spät, wie der Hafenmeister sagte. Es war stürmisch und kühl. " * 3
    (tmp_path / "p.txt").write_bytes(f"Fähre zu spät\n{text}".encode(encoding))
    corpus, account = read_articles([tmp_path / "p.txt"])
    assert corpus.loc[0, "title"] == "Fähre zu spät"
    assert corpus.loc[0, "text"] == text.strip()
    assert any("read as" in note for note in account.noted) == (encoding == "cp1252")


def test_read_articles_notes_problems_with_their_position(tmp_path):
    (tmp_path / "p.txt").write_bytes(b"A headline\nThe ferry came l\xffte, on a windy day.\n\xc3\xa9\xc3\xa9")
    write(tmp_path, "t.jsonl", [{"text": "The tram.", "date": "01/02/2023"}] * 1 + [{"text": "Bus.", "date": "soon"}])
    _, account = read_articles([tmp_path], language="en")
    report = str(account).replace(f"{tmp_path}/", "")
    assert "noted 1: a character that cannot be read (U+FFFD)" in report
    assert "a character that cannot be read (U+FFFD) in: p.txt, character 17 of the text" in report
    assert "ambiguous date in: t.jsonl, line 1" in report
    assert "a date that cannot be read (NaT) in: t.jsonl, line 2" in report


def test_read_articles_reports_unreadable_parts_and_keeps_the_rest(tmp_path):
    (tmp_path / "t.csv").write_text("title,text\nA,The ferry.\nB\nC,\nD,The tram.\n")
    (tmp_path / "t.jsonl").write_text('{"text": "The bus."}\n{"text": \n[1]\n{"other": 1}\n')
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "empty.txt").write_text("")
    corpus, account = read_articles([tmp_path])
    assert sorted(corpus["text"]) == ["The bus.", "The ferry.", "The tram."]
    assert account.dropped == {"not readable": 6, "no text": 1}
    reasons = {one.where.removeprefix(f"{tmp_path}/"): one.why for one in account.unreadable}
    assert reasons["t.csv, line 3"] == "1 fields, but the header has 2"
    assert "not JSON" in reasons["t.jsonl, line 2"]
    assert "not a JSON object" in reasons["t.jsonl, line 3"]
    assert "no text column; the columns are: other" in reasons["t.jsonl, line 4"]
    assert reasons["picture.png"] == "unsupported file format"
    assert "no headline" in reasons["empty.txt"]


def test_read_articles_gives_a_new_id_if_an_id_belongs_to_another_article(tmp_path):
    path = write(tmp_path, "t.jsonl", [{"id": "1", "text": "A."}, {"id": "1", "text": "B."}, {"id": "1", "text": "A."}])
    corpus, account = read_articles([path])
    assert corpus["text"].tolist() == ["A.", "B."]
    assert corpus["id"][0] == "1"
    assert corpus["id"].is_unique
    assert account.dropped == {"the same article again": 1}
    assert account.places == {
        "an id that belongs to another article, replaced by a new one": [f"{path}, line 2 (id '1')"]
    }


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.csv", None, "no file or folder"),
        ("t.xyz", b"", "unsupported file format"),
        ("t.csv", b"", "no text column; the columns are: none"),
        ("t.jsonl", b"{", "no article was found: 1 parts were dropped. First: .*not JSON"),
        ("t.parquet", b"PAR1 no", "no article was found: 1 parts were dropped. First: .*cannot be read"),
    ],
)
def test_import_articles_rejects_input_without_articles_and_writes_nothing(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        import_articles([tmp_path / name], tmp_path / "out" / "c.parquet")
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(
    ("name", "advice"),
    [("t.xlsx", "save it as CSV"), ("t.ODS", "save it as CSV"), ("t.docx", "save it as text"),
     ("t.csv.gz", "unpack it first"), ("t.cvs", "did you mean '.csv'")],
)  # fmt: skip
def test_read_articles_says_how_to_convert_a_format(tmp_path, name, advice):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(CorpusError, match=f"unsupported file format; {advice}"):
        read_articles([tmp_path / name])
    if not name.endswith("cvs"):
        with pytest.raises(CorpusError, match=f"unsupported format of labelled texts.*{advice}"):
            check_labelled_source(tmp_path / name)


@pytest.mark.parametrize("fault", [lzma.LZMAError("Corrupt input data"), OSError("Invalid data stream"), EOFError()])
def test_read_articles_goes_on_after_a_damaged_member_of_an_archive(tmp_path, monkeypatch, fault):
    with zipfile.ZipFile(tmp_path / "t.zip", "w", zipfile.ZIP_LZMA) as archive:
        for name in ("a/1.csv", "a/2.csv", "__MACOSX/a/._1.csv", "__MACOSX/x.txt", "a/.hidden.txt"):
            archive.writestr(name, "text\nThe ferry is late.\n" if name == "a/1.csv" else "text\nThe tram is late.\n")
    read = zipfile.ZipExtFile.read

    def damaged(self, n=-1):
        if self.name == "a/1.csv":
            raise fault
        return read(self, n)

    monkeypatch.setattr(zipfile.ZipExtFile, "read", damaged)
    corpus, account = read_articles([tmp_path / "t.zip"])
    assert corpus["text"].tolist() == ["The tram is late."]
    assert [one.where for one in account.unreadable] == [f"{tmp_path / 't.zip'}, a/1.csv"]


def test_read_articles_names_a_folder_without_rights(tmp_path, monkeypatch):
    def refused(self):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_dir", refused)
    with pytest.raises(CorpusError, match=r"t\.csv: cannot be read: Permission denied"):
        read_articles([tmp_path / "t.csv"])


@pytest.mark.slow
def test_import_articles_equals_read_articles_over_two_batches(tmp_path):
    # A batch has 5000 articles.
    rows = [{"title": f"Boat {number}", "text": f"Boat {number} was painted."} for number in range(5100)]
    path = write(tmp_path, "t.jsonl", rows)
    account = import_articles([path], tmp_path / "c.parquet")
    corpus, _ = read_articles([path])
    pd.testing.assert_frame_equal(read_corpus(tmp_path / "c.parquet"), corpus)
    assert account.articles == read_corpus_facts(tmp_path / "c.parquet")["report"]["articles"] == 5100


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl"])
def test_read_articles_keeps_formulas_and_markup(tmp_path, name):
    path = write(tmp_path, name, [{"title": "=cmd()", "text": "<script>alert(1)</script> and more"}])
    corpus, _ = read_articles([path])
    assert corpus.loc[0, ["title", "text"]].tolist() == ["=cmd()", "<script>alert(1)</script> and more"]


@pytest.mark.slow
def test_read_articles_reads_a_line_of_many_megabytes_as_one_article(tmp_path):
    line = "ferry " * 2_000_000
    (tmp_path / "t.csv").write_text(f"text\n{line}\n")
    (tmp_path / "t.txt").write_text(f"A headline\n{line}\n")
    corpus, _ = read_articles([tmp_path])
    assert (corpus["text"].str.len() > 10_000_000).tolist() == [True, True]


HTML = """<!doctype html><html lang="en-GB"><head><title>Ferry late | Courier</title>
<meta name="author" content="Anna Berg"><meta property="article:published_time" content="2023-06-30T10:00:00Z">
<link rel="canonical" href="https://courier.example/ferry"><script>alert(1)</script></head><body>
<nav><a href="/">Home</a> <a href="/all">All news</a></nav><article><h1>Ferry late</h1>
<p>PORT TOWN (Courier) - The ferry came late on Friday, because fog covered the harbour for most of the day.</p>
<p>Passengers waited on the pier for three hours, the harbour master said, and some of them went home by bus.</p>
</article><aside>Ten boats you must see</aside><footer>Share this with</footer></body></html>"""

RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Courier</title><language>en</language>
<link>https://courier.example</link>
<item><title>Ferry &amp;amp; fog</title><link>https://courier.example/ferry</link><category>Transport</category>
<pubDate>Fri, 30 Jun 2023 10:00:00 GMT</pubDate><author>Anna Berg</author>
<description>&lt;p&gt;The ferry came &lt;b&gt;late&lt;/b&gt;.&lt;/p&gt;&lt;p&gt;It was windy.&lt;/p&gt;</description>
</item>
<item><title>Empty</title></item></channel></rss>"""

ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Courier</title>
<entry><title>Ferry late</title><updated>2023-06-30T10:00:00Z</updated><link href="https://courier.example/ferry"/>
<content type="html">The ferry came late.</content></entry></feed>"""


@pytest.mark.slow
def test_read_articles_extracts_the_main_text_of_an_html_page(tmp_path):
    (tmp_path / "p.html").write_text(HTML)
    corpus, _ = read_articles([tmp_path])
    (article,) = corpus.to_dict("records")
    assert (article["title"], article["authors"], article["place"]) == ("Ferry late", "Anna Berg", "PORT TOWN")
    assert (article["source"], article["language"]) == ("courier.example", "en")
    assert article["published"] == pd.Timestamp(2023, 6, 30)
    assert article["text"].startswith("The ferry came late on Friday")
    assert article["text"].endswith("went home by bus.")


def test_read_articles_rejects_an_html_page_without_text(tmp_path):
    (tmp_path / "p.html").write_text("<html><body></body></html>")
    with pytest.raises(CorpusError, match="no main text was found in the page"):
        read_articles([tmp_path])


def test_read_articles_reads_one_article_per_feed_entry(tmp_path):
    (tmp_path / "a.rss").write_text(RSS)
    (tmp_path / "b.xml").write_text(ATOM)
    corpus, account = read_articles([tmp_path])
    first, second = corpus.to_dict("records")
    assert (first["title"], first["text"]) == ("Ferry & fog", "The ferry came late.\nIt was windy.")
    assert (first["source"], first["section"], first["language"]) == ("courier.example", "Transport", "en")
    assert first["published"] == second["published"] == pd.Timestamp(2023, 6, 30, 10)
    assert second["text"] == "The ferry came late."
    assert account.dropped == {"no text": 1}


def test_read_articles_rejects_a_feed_whose_entry_has_no_value(tmp_path):
    (tmp_path / "a.xml").write_text("<item<title</body>")  # found by fuzzing
    with pytest.raises(CorpusError, match="no article was found: 1 parts were dropped"):
        read_articles([tmp_path])


@pytest.mark.slow
def test_read_articles_does_not_expand_nested_entities_of_a_feed(tmp_path):
    levels = "".join(f'<!ENTITY b{level} "{f"&b{level - 1};" * 10}">' for level in range(1, 9))
    bomb = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY b0 "ferry">{levels}]>'
    (tmp_path / "a.xml").write_text(f"{bomb}<rss><channel><item><title>&b8;</title></item></channel></rss>")
    try:
        corpus, _ = read_articles([tmp_path])
    except CorpusError:
        return
    assert corpus["text"].str.len().max() < 10_000


def test_read_articles_reads_an_archive_in_place(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(write(tmp_path, "t.jsonl"), "folder/t.jsonl")
        archive.write(write(tmp_path, "t.parquet"), "t.parquet")
        archive.writestr("p.txt", PAGE)
        archive.writestr("picture.png", b"PNG")
    (tmp_path / "t.jsonl").unlink()
    (tmp_path / "t.parquet").unlink()
    corpus, account = read_articles([tmp_path / "a.zip"])
    assert len(corpus) == 4
    assert account.dropped == {"the same article again": 2, "not readable": 1}
    assert account.unreadable[0].where.endswith("a.zip, picture.png")


def test_read_articles_lists_a_text_that_is_too_long_to_be_an_article(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "LONGEST_TEXT", 60)
    (tmp_path / "t.csv").write_text(f"text\nThe mill was sold.\n{'The quay was closed. ' * 4}\n")
    (tmp_path / "t.txt").write_text(f"Mill sold\n\n{'The quay was closed. ' * 4}\n")
    corpus, account = read_articles([tmp_path])
    assert corpus["text"].tolist() == ["The mill was sold."]
    assert [one.why.split(":")[0] for one in account.unreadable] == [
        f"a text of {length} characters, more than the limit of 60" for length in (84, 96)
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_read_articles_lists_a_line_of_json_that_is_too_long(tmp_path, monkeypatch, encoding):
    monkeypatch.setattr(readers, "LONGEST_LINE", 60)
    lines = [
        json.dumps({"text": text}) for text in ("The mill was sold.", "The quay was closed. " * 9, "A ferry sank.")
    ]
    longest = f'{{"text": "{"a" * 47}"}}'
    assert len(f"{longest}\n") == 60
    (tmp_path / "t.jsonl").write_text("\n".join([*lines, longest, "x" * 61]), encoding=encoding)
    corpus, account = read_articles([tmp_path], encoding=encoding)
    assert corpus["text"].tolist() == ["The mill was sold.", "A ferry sank.", "a" * 47]
    assert [(one.where, one.why.split(":")[0]) for one in account.unreadable] == [
        (f"{tmp_path / 't.jsonl'}, line {number}", "a line of more than 60 characters") for number in (2, 5)
    ]


@pytest.mark.slow
def test_read_articles_refuses_a_line_of_a_gigabyte_without_reading_it_into_memory(tmp_path):
    with (tmp_path / "t.jsonl").open("wb") as file:
        file.truncate(1 << 30)
        file.seek(0, 2)
        file.write(b"\n" + json.dumps({"text": "A ferry sank."}).encode())
    tracemalloc.start()
    try:
        corpus, account = read_articles([tmp_path])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert corpus["text"].tolist() == ["A ferry sank."]
    assert [one.where for one in account.unreadable] == [f"{tmp_path / 't.jsonl'}, line 1"]
    assert peak < 6 * readers.LONGEST_LINE


def append(path):
    with path.open("a") as file:
        file.write(json.dumps({"text": "A mill burnt down."}) + "\n")


def overwrite(path):
    before = path.stat()
    path.write_text(path.read_text().replace("quay", "pier"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


def shorten(path):
    os.truncate(path, 20)


def replace_whole(path):
    path.with_name("new").write_text(json.dumps({"text": "A mill burnt down."}) + "\n")
    path.with_name("new").replace(path)


def test_import_articles_refuses_a_file_that_changes_while_it_is_read(tmp_path, monkeypatch):
    path, texts = tmp_path / "in" / "t.jsonl", [f"The quay was closed {number} times." for number in range(3)]
    path.parent.mkdir()
    read_lines, change = readers.FORMATS[".jsonl"], None

    def read_and_change(name, file, form):
        for number, record in enumerate(read_lines(name, file, form)):
            if number == 1:
                change(path)
            yield record

    monkeypatch.setitem(readers.FORMATS, ".jsonl", read_and_change)
    for change in (append, overwrite, shorten):  # noqa: B007
        for source in (path, path.parent):  # a fault of a file in a folder is usually only listed
            path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
            with pytest.raises(CorpusError, match=r"t\.jsonl changed while it was read\. Nothing is written"):
                import_articles([source], tmp_path / "out.parquet")
        assert not (tmp_path / "out.parquet").exists()
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    change = replace_whole
    corpus, _ = read_articles([path])
    assert corpus["text"].tolist() == texts, "the file that was opened is read to its end"


def test_read_articles_is_safe_from_path_traversal_and_zip_bombs(tmp_path):
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../climbed.jsonl", json.dumps({"text": "The ferry came late."}))
        archive.writestr("bomb.txt", "A headline\n" + "0" * 50_000_000)
    corpus, account = read_articles([tmp_path / "in"])
    assert corpus["text"].tolist() == ["The ferry came late."]
    assert not (tmp_path / "climbed.jsonl").exists()
    assert "more than the limit for archives" in account.unreadable[0].why


def test_read_articles_skips_only_the_unreadable_part_of_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jsonl", json.dumps({"text": "The ferry came late."}))
        archive.writestr("b.parquet", b"PAR1 and no more")
        archive.writestr("c.jsonl", json.dumps({"text": "The tram came early."}))
    corpus, account = read_articles([tmp_path / "a.zip"])
    assert corpus["text"].tolist() == ["The ferry came late.", "The tram came early."]
    assert [one.where.partition(", ")[2] for one in account.unreadable] == ["b.parquet"]


@pytest.mark.parametrize("name", ["x.jsonl", "y.jsonl"], ids=["not UTF-8", "none"])
def test_read_articles_reports_a_broken_file_name_in_an_archive(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jsonl", json.dumps({"text": "The ferry came late."}))
        archive.writestr(f"é{name}", json.dumps({"text": "The tram came early."}))  # flagged as a UTF-8 name
    content = (tmp_path / "a.zip").read_bytes()
    # Found by fuzzing: the name in the local header is not UTF-8, or a null byte cuts the name
    # in the central directory.
    encoded_name = f"é{name}".encode()
    first, last = content.index(encoded_name), content.rindex(encoded_name)
    broken = b"\xff" * len(encoded_name) if name.startswith("x") else encoded_name.replace("é".encode(), b"\0\0")
    position = first if name.startswith("x") else last
    (tmp_path / "a.zip").write_bytes(content[:position] + broken + content[position + len(encoded_name) :])
    corpus, account = read_articles([tmp_path / "a.zip"])
    assert corpus["text"].tolist() == ["The ferry came late."]
    assert len(account.unreadable) == 1


def test_read_articles_keeps_the_intact_parts_of_a_damaged_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jsonl", json.dumps({"text": "The ferry came late."}))
        archive.writestr("b.jsonl", json.dumps({"text": "The tram came early."}))
    content = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(content.replace(b"The tram came early", b"The tram came late!"))
    corpus, account = read_articles([tmp_path / "a.zip"])
    assert "The ferry came late." in corpus["text"].tolist()
    assert any("cannot be read" in one.why for one in account.unreadable)


def test_import_command_reports_counts(tmp_path, run):
    write(tmp_path, "t.csv", [*ROWS, {"headline": "Empty", "body": "", "date": "", "author": ""}])
    done = run("import", "t.csv", "--map", "title=headline", "--output", "c.parquet", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "3 rows read, 2 articles kept" in done.stdout
    assert "dropped 1: no text" in done.stdout
    assert len(read_corpus(tmp_path / "c.parquet")) == 2


@pytest.mark.parametrize(
    "stdin", [PAGE, json.dumps(ROWS), "\n".join(map(json.dumps, ROWS))], ids=["page", "json", "lines"]
)
def test_import_command_detects_the_format_of_standard_input(tmp_path, stdin, run):
    done = run("import", "-", "--output", "c.parquet", stdin=stdin, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(read_corpus(tmp_path / "c.parquet")) == 2


def test_import_command_help_names_every_cleaning_step(tmp_path, run):
    done = run("import", "--help", folder=tmp_path)
    assert done.returncode == 0
    assert set(CLEANING_STEPS) <= set(re.findall(r"[a-z_]+", done.stdout))


def test_import_command_rejects_an_invalid_map(tmp_path, run):
    done = run("import", "t.csv", "--map", "title", "--output", "c.parquet", folder=tmp_path)
    assert done.returncode == 2
    assert "FIELD=COLUMN" in done.stderr


@pytest.mark.parametrize("least_bytes", [0, 1], ids=["while it reads", "while it writes"])
def test_import_command_keeps_the_older_file_when_interrupted(tmp_path, begin, wait_until, least_bytes):
    text = "The ferry came late and it was windy. " * 20
    # Two batches: the first is on disk while the second is cleaned.
    rows = (json.dumps({"title": f"Boat {number}", "text": f"{number} {text}"}) for number in range(10_000))
    (tmp_path / "t.jsonl").write_text("\n".join(rows))
    (tmp_path / "c.parquet").write_bytes(b"the older file")
    process = begin("import", "t.jsonl", "--output", "c.parquet", "--without", "take_off_recurring", folder=tmp_path)

    def is_at_work():
        assert process.poll() is None
        return any(part.stat().st_size >= least_bytes for part in tmp_path.glob(".c.parquet.*.part"))

    wait_until(is_at_work)
    process.send_signal(signal.SIGINT)
    ended = process.wait()
    assert ended.returncode == 130
    assert "No file is incomplete" in ended.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.parquet", "t.jsonl"]
    assert (tmp_path / "c.parquet").read_bytes() == b"the older file"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), suffix=st.sampled_from(sorted(FORMATS)))
def test_read_articles_reads_or_rejects_any_bytes(tmp_path, content, suffix):
    path = tmp_path / f"fuzz{suffix}"
    path.write_bytes(content)
    try:
        corpus, account = read_articles([path])
    except CorpusError:
        return
    assert len(corpus) == account.articles > 0


LINES = ["The ferry came late.", "Leave a review", FOOTER, "It was windy.", "Anna Berg", "READ MORE: Fog", "-",
         "Transport", "Port Town/30.06.23/Courier: Fog.", "Fähre", "x"]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=12))
def test_read_articles_keeps_or_reports_every_character(tmp_path, lines):
    texts = [page_with_footers(number).partition("\n-\n")[0] for number in range(6)]  # for recurring lines
    texts.append("A headline\n" + "\n".join(lines))
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.txt").write_text(text)
    corpus, account = read_articles([tmp_path])
    if account.unreadable:
        texts.pop()
    out = [*corpus["title"], *corpus["text"], *corpus.loc[corpus["kind"] == "article", "section"]]
    out += [text for (_, text), count in account.removed.items() for _ in range(count)]
    assert sorted("".join("".join(out).split())) == sorted("".join("".join(texts).split()))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("کتاب\u200cها منتشر شدند.", "کتاب\u200cها منتشر شدند."),
        ("क\u094d\u200dया रेल चलेगी?", "क\u094d\u200dया रेल चलेगी?"),
        (
            "The family \U0001f468\u200d\U0001f469\u200d\U0001f467 left.",
            "The family \U0001f468\u200d\U0001f469\u200d\U0001f467 left.",
        ),
        ("The jud\u200cge\u200d ru\u200bled\u00ad.", "The judge ruled."),
    ],
)
def test_squeeze_white_space_removes_joiners_only_where_they_mean_nothing(written, expected):
    assert squeeze_white_space(written) == expected


def test_import_account_names_columns_without_a_name(tmp_path):
    (tmp_path / "t.csv").write_text(",text, \n0,The mill was sold.,x\n")
    account = import_articles([tmp_path / "t.csv"], tmp_path / "c.parquet")
    assert "columns not used: (unnamed), (unnamed)" in str(account)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8"])
@pytest.mark.parametrize("name", ["t.json", "t.jsonl", "lines.json"])
def test_read_articles_decodes_json_as_the_user_says(tmp_path, name, encoding):
    rows = [{"text": "It cost £5 in the café.\u2028"}, {"text": "The mill was sold."}]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    if encoding == "cp1252":
        lines = lines.replace("\u2028", "")
    document = f"[{lines.replace(chr(10), ',')}]" if name == "t.json" else f"{lines}\n"
    (tmp_path / name).write_bytes(document.encode(encoding))
    corpus, account = read_articles([tmp_path / name], language="en", encoding=encoding)
    assert [text.strip() for text in corpus["text"]] == ["It cost £5 in the café.", "The mill was sold."]
    assert not account.unreadable


@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
def test_read_articles_asks_for_the_encoding_of_json(tmp_path, name):
    (tmp_path / name).write_bytes('{"text": "It cost £5."}\n{"text": "The café."}'.encode("cp1252"))
    with pytest.raises(CorpusError, match=r"not UTF-8: .*; name the encoding with --encoding"):
        read_articles([tmp_path / name], language="en")


@pytest.mark.parametrize("ending", [".html", ".json", ".jsonl", ".txt", ".xml", ".csv"])
def test_read_articles_unpacks_no_more_of_a_member_than_its_header_claims(tmp_path, ending):
    path, size = tmp_path / "lie.zip", 64 << 20
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"a{ending}", bytes(size))
    content = bytearray(path.read_bytes())
    claimed = (1000).to_bytes(4, "little")
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = content.index(mark) + offset
        content[start : start + 4] = claimed
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(CorpusError, match="Bad CRC-32"):
            read_articles([path])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size // 4
