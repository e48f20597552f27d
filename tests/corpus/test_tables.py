"""CSV and TSV files that do not follow the usual rules: quotation marks, headers, encodings, ids, dates, HTML."""

import io
import json
from pathlib import Path
from time import perf_counter

import pandas as pd
import pytest

from topicdesk.annotation import read_table
from topicdesk.cli import main as cli
from topicdesk.corpus import read_articles
from topicdesk.corpus._encodings import guess_encoding, wide_encoding
from topicdesk.corpus._tables import TableFormat, read_rows
from topicdesk.errors import CorpusError

LAMPS = [f"The {name} lamp was lit on the quay." for name in ("first", "second", "third", "fourth", "fifth", "sixth")]


def read(tmp_path, content, name="news.csv", **options):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_articles([file], language="en", **options)


def test_an_open_quotation_mark_in_a_tsv_does_not_swallow_rows(tmp_path):
    texts = [*LAMPS[:2], f'"{LAMPS[2]}', *LAMPS[3:5], 'The sixth lamp was "late".', LAMPS[5]]
    table = "id\ttext\n" + "".join(f"{number}\t{text}\n" for number, text in enumerate(texts, start=1))
    corpus, account = read(tmp_path, table, "news.tsv")
    assert corpus["text"].tolist() == texts
    assert corpus["id"].tolist() == list("1234567")
    assert account.places["a quotation mark that is not closed, read as a character"] == [
        f"{tmp_path / 'news.tsv'}, line 4"
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_quotation_mark_that_is_never_closed_is_read_as_a_character(tmp_path, delimiter):
    rows = [["id", "text"], ["1", LAMPS[0]], ["2", f'"{LAMPS[1]}'], ["3", LAMPS[2]], ["4", LAMPS[3]]]
    corpus, account = read(tmp_path, "\n".join(map(delimiter.join, rows)))
    assert corpus["text"].tolist() == [LAMPS[0], f'"{LAMPS[1]}', LAMPS[2], LAMPS[3]]
    assert account.noted["a quotation mark that is not closed, read as a character"] == 1


def test_an_open_quotation_mark_that_the_next_row_seems_to_close_swallows_no_row(tmp_path):
    corpus, account = read(tmp_path, f'text,likes\n"{LAMPS[0]}",1\n"{LAMPS[1]},2\n"{LAMPS[2]}",3\n')
    assert corpus["text"].tolist() == [LAMPS[0], f'"{LAMPS[1]}', LAMPS[2]]
    assert account.noted == {"a quotation mark that is not closed, read as a character": 1}


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_texts_of_several_lines_stay_whole(tmp_path, delimiter):
    table = pd.DataFrame({"text": [f"{LAMPS[0]}\n\n{LAMPS[1]}", LAMPS[2]], "title": ["One, two", 'The "third"']})
    corpus, account = read(tmp_path, table.to_csv(index=False, sep=delimiter))
    assert corpus["text"].str.split().str.join(" ").tolist() == [f"{LAMPS[0]} {LAMPS[1]}", LAMPS[2]]
    assert corpus["title"].tolist() == ["One, two", 'The "third"']
    assert not account.noted


def test_many_open_quotation_marks_are_read_in_linear_time(tmp_path):
    # Each of 20,000 rows opens a quotation mark. Were each read to the end, this would take hours.
    table = "id\ttext\n" + "".join(f'{number}\t"Lamp {number} was lit on the quay.\n' for number in range(20_000))
    corpus, _ = read(tmp_path, table, "news.tsv", without=["detect_language", "take_off_recurring"])
    assert len(corpus) == 20_000


@pytest.mark.parametrize(("header", "last"), [("text,topics,c", ""), ("text,topics,c,d", '"closed","a","b"\n')])
def test_rows_that_open_a_quotation_mark_again_and_again_are_read_in_linear_time(header, last):
    def seconds(n_rows):
        table = f"{header}\n" + '"p"","",x","tail that is somewhat longer\n' * n_rows + last
        start = perf_counter()
        rows = list(read_rows(io.BytesIO(table.encode()), TableFormat()))
        assert len(rows) >= n_rows
        return perf_counter() - start

    # Were each row read to the end, the second table would take sixteen times as long: more than a minute.
    assert seconds(16_000) < 8 * max(seconds(4_000), 0.1)


def test_backslashes_before_quotation_marks_are_recognised(tmp_path):
    rows = ['1,"Mill","He said \\"it is sold\\", and left."', '2,"Quay","Closed, \\"for now\\", he said."']
    table = "\n".join(['"id","title","text"', *rows])
    corpus, account = read(tmp_path, table)
    assert corpus["text"].tolist() == ['He said "it is sold", and left.', 'Closed, "for now", he said.']
    assert account.noted == {'quotation marks written as \\" in the table': 2}
    with_option, account = read(tmp_path, table, quote="backslash")
    assert with_option.equals(corpus)
    assert not account.noted


def test_a_file_without_quoting(tmp_path):
    table = f'id,text\n1,"{LAMPS[0]}\n2,Lamp" two was lit.\n'
    corpus, _ = read(tmp_path, table, quote="none")
    assert corpus["text"].tolist() == [f'"{LAMPS[0]}', 'Lamp" two was lit.']


def test_the_separator_line_of_spreadsheets_is_skipped(tmp_path):
    assert len(read(tmp_path, "sep=\ntext;likes\nA lamp.;1\n")[0]) == 1
    corpus, _ = read(tmp_path, "sep=;\r\ntitle;text;date\r\nMill;The mill, by the river, was sold.;30.06.23\r\n")
    assert corpus.loc[0, ["title", "text"]].tolist() == ["Mill", "The mill, by the river, was sold."]


def test_a_table_without_a_header(tmp_path):
    table = '"3","Ferry firm","The firm ordered two hulls."\n"4","Chip plant","The plant will open in spring."\n'
    corpus, _ = read(tmp_path, table, header=False, columns={"title": "2", "text": "3", "section": "1"})
    assert corpus[["section", "title", "text"]].to_numpy().tolist() == [
        ["3", "Ferry firm", "The firm ordered two hulls."],
        ["4", "Chip plant", "The plant will open in spring."],
    ]
    with pytest.raises(CorpusError, match=r"needs the numbers of its columns.*1: '3', 2: 'Ferry firm'"):
        read(tmp_path, table, header=False)
    with pytest.raises(CorpusError, match="use --no-header if the first line is a row"):
        read(tmp_path, table)


def test_the_first_of_two_columns_with_the_same_name_is_used_and_told(tmp_path):
    corpus, account = read(tmp_path, f"id,title,text,text\n1,Mill,{LAMPS[0]},\n2,Quay,{LAMPS[1]},other\n")
    assert corpus["text"].tolist() == LAMPS[:2]
    assert account.noted == {"a column name that occurs more than once; the first column of that name is used": 2}


def test_html_in_cells_is_reduced_to_its_words(tmp_path):
    table = pd.DataFrame(
        {
            "title": ["Mill &amp; quay", "Below <3 metres"],
            "content": [
                "<p>The mill was <b>sold</b>.</p><p>The owner&nbsp;was glad.</p><script>var x=1;</script><!-- wp -->",
                "The water was < 3 metres, and > 2 metres, deep.",
            ],
        }
    )
    corpus, account = read(tmp_path, table.to_csv(index=False))
    assert corpus["title"].tolist() == ["Mill & quay", "Below <3 metres"]
    assert corpus["text"].tolist() == [
        "The mill was sold.\nThe owner was glad.",
        "The water was < 3 metres, and > 2 metres, deep.",
    ]
    assert account.noted == {"HTML in the text, reduced to its words": 1}


def test_an_address_in_the_source_column_of_a_table_is_moved(tmp_path):
    corpus, _ = read(tmp_path, f"text,source\n{LAMPS[0]},https://www.post.example/lamp\n")
    assert corpus.loc[0, ["source", "url"]].tolist() == ["post.example", "https://www.post.example/lamp"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("The firm’s profit rose to £600m – “a record”, it said.", "cp1252"),
        ("Le marché de Noël a été fermé à cause de la tempête.", "cp1252"),
        ("Мельница у реки была продана в холодный день.", "cp1251"),
        ("Işıklar söndü ve işçiler fabrikanın önünde güneşin doğuşunu bekledi.", "cp1254"),
        ("河边的磨坊在一个寒冷的日子里被卖掉了。", "gb18030"),
        ("차가운 날에 강가의 방앗간이 팔렸다고 시장이 말했다.", "cp949"),
        ("Młyn nad rzeką został sprzedany w zimny dzień, a właściciel był zadowolony. " * 20, "cp1250"),
    ],
)
def test_texts_in_old_encodings_are_read_and_the_account_shows_a_sample(tmp_path, text, encoding):
    corpus, account = read(tmp_path, f'title,text\nMill,"{text}"\n'.encode(encoding))
    assert corpus["text"].tolist() == [text.strip()]
    (note,) = account.noted
    first = next(letter for letter in text if not letter.isascii())
    assert note.startswith("read as ")
    assert first in note


WIDE = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize(
    "text", ["The mill was sold on Monday.", "Мельница была продана в понедельник.", "磨坊,在,星期一,出售。"]
)
def test_texts_with_several_bytes_per_character_are_recognised(tmp_path, encoding, text):
    assert wide_encoding(text.encode()) is None
    corpus, account = read(tmp_path, f'title,text\nMill,"{text}"\n'.encode(encoding))
    assert corpus["text"].tolist() == [text]
    assert (account.articles, account.dropped.total()) == (1, 0)
    assert any(note.startswith(f"read as {encoding}, such as ") for note in account.noted) == encoding.endswith("e")
    lines = tmp_path / "t.jsonl"
    lines.write_bytes(
        ("".join(json.dumps({"text": one}, ensure_ascii=False) + "\n" for one in (text, "B " + text))).encode(encoding)
    )
    assert read_articles([lines])[0]["text"].tolist() == [text, "B " + text]


def test_wide_encoding_knows_tables_with_some_null_characters():
    table = (Path(__file__).parent / "cases" / "22-nul.csv").read_bytes()
    assert b"\0" in table
    assert wide_encoding(table) is None
    rows = "text,label\n" + "A\0 mill was sold on a cold day.,courts\n" * 30
    assert wide_encoding(rows.encode()) is wide_encoding(("x" + rows).encode()) is None


def test_a_note_on_the_encoding_of_many_files_has_one_line(tmp_path):
    for number in range(12):
        (tmp_path / "folder" / "courts").mkdir(parents=True, exist_ok=True)
        text = f"A café number {number} was sold for £600m.".encode("cp1252")
        (tmp_path / "folder" / "courts" / f"{number}.txt").write_bytes(b"Sold\n\n" + text)
    _, account = read_articles([tmp_path / "folder"])
    assert account.noted == {next(note for note in account.noted if note.startswith("read as cp1252, such as ")): 12}
    (tmp_path / "folder" / "rail").mkdir()
    (tmp_path / "folder" / "rail" / "t.txt").write_bytes("Late\n\nA café of the railway.".encode("cp1252"))
    with pytest.warns(UserWarning, match=r"noted: 13 articles: read as cp1252, such as") as warned:
        read_table(tmp_path / "folder")
    assert str(warned[0].message).count("cp1252") == 1


def test_a_message_lists_some_of_very_many_columns(tmp_path):
    names = [f"c{number}" for number in range(100_000)]
    with pytest.raises(CorpusError, match=r"columns are: c0, .*, c59 and 99940 more\. Name it with --map"):
        read(tmp_path, ",".join(names) + "\n")


def test_an_encoding_can_be_named(tmp_path):
    table = "text\nPříliš málo vody.\n".encode("cp1250")
    assert guess_encoding(table)[0] == "cp1252"  # too short for a guess
    corpus, account = read(tmp_path, table, encoding="cp1250")
    assert corpus["text"].tolist() == ["Příliš málo vody."]
    assert not account.noted
    for wrong in ("klingon", "rot13"):
        with pytest.raises(CorpusError, match=f"encoding: unknown encoding '{wrong}'"):
            read(tmp_path, table, encoding=wrong)


def test_two_files_with_the_same_ids_are_both_read(tmp_path):
    for name, lamps in (("train.csv", LAMPS[:2]), ("test.csv", LAMPS[2:4])):
        (tmp_path / name).write_text("id,text\n" + "".join(f"{row},{text}\n" for row, text in enumerate(lamps, 1)))
    files = [tmp_path / "train.csv", tmp_path / "test.csv"]
    corpus, account = read_articles(files, language="en")
    assert corpus["text"].tolist() == LAMPS[:4]
    assert corpus["id"].tolist()[:2] == ["1", "2"]
    assert corpus["id"].is_unique
    assert account.noted == {"an id that belongs to another article, replaced by a new one": 2}
    fresh, account = read_articles(files, language="en", ids="new")
    assert set(fresh["id"]).isdisjoint({"1", "2"})
    assert not account.noted
    # An article that is there twice, under one id, is kept once.
    assert len(read_articles([tmp_path / "train.csv", tmp_path / "train.csv"], language="en")[0]) == 2


def test_the_order_of_day_and_month_is_that_of_the_column(tmp_path):
    dates = ["01/05/2017", "12/31/2016", "02/03/2017"]
    table = "text,date\n" + "".join(f"{text},{date}\n" for text, date in zip(LAMPS, dates, strict=False))
    corpus, account = read(tmp_path, table)
    assert corpus["published"].astype(str).tolist() == ["2017-01-05", "2016-12-31", "2017-02-03"]
    assert not account.noted
    corpus, account = read(tmp_path, table, dates="day-first")
    assert corpus["published"].astype(str).tolist() == ["2017-05-01", "2016-12-31", "2017-03-02"]
    assert account.noted == {"day and month in another order than in the file's first dates": 1}


def test_dates_that_show_no_order_are_read_day_first_and_noted(tmp_path):
    table = f"text,date\n{LAMPS[0]},01/05/2017\n{LAMPS[1]},02/03/2017\n"
    corpus, account = read(tmp_path, table)
    assert corpus["published"].astype(str).tolist() == ["2017-05-01", "2017-03-02"]
    assert account.noted == {"ambiguous date": 2}
    corpus, account = read(tmp_path, table, dates="month-first")
    assert corpus["published"].astype(str).tolist() == ["2017-01-05", "2017-02-03"]
    assert not account.noted


@pytest.mark.parametrize(
    ("option", "value"),
    [("header", "no"), ("quote", "single"), ("encoding", 3), ("dates", "us"), ("ids", "none")],
)
def test_options_are_checked(tmp_path, option, value):
    with pytest.raises((CorpusError, TypeError, ValueError), match=option):
        read(tmp_path, "text\nA lamp.\n", **{option: value})


def test_the_command_line_has_the_options(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_bytes('1,01/05/2017,"Příliš málo vody\n'.encode("cp1250"))
    monkeypatch.setattr(
        "sys.argv",
        "topicdesk import t.csv --output t.parquet --no-header --quote none --encoding cp1250 --dates month-first "
        "--ids new --map id=1 --map published=2 --map text=3".split(),
    )
    with pytest.raises(SystemExit) as ended:
        cli()
    assert not ended.value.code
    corpus = pd.read_parquet("t.parquet")
    assert corpus["text"].tolist() == ['"Příliš málo vody']
    assert corpus["id"].tolist() != ["1"]
    assert str(corpus["published"][0].date()) == "2017-01-05"


@pytest.mark.parametrize("name", ["news.csv", "news.jsonl", "news.parquet"])
def test_the_account_lists_columns_that_were_not_used(tmp_path, name):
    table = pd.DataFrame({"text": LAMPS[:2], "likes": [3, 4], "published": ["2021-01-30"] * 2, "Page No": [1, 2]})
    if name.endswith("csv"):
        table.to_csv(tmp_path / name, index=False)
    elif name.endswith("jsonl"):
        table.to_json(tmp_path / name, orient="records", lines=True)
    else:
        table.to_parquet(tmp_path / name)
    _, account = read_articles([tmp_path / name], language="en")
    assert account.unused == {"likes": 2, "Page No": 2}
    assert "columns not used: likes, Page No" in str(account)
