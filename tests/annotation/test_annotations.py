import pytest

from topicdesk.annotation import read_annotations, read_label_file, read_reserved, read_taxonomy, write_annotations
from topicdesk.errors import LabelsError

HEADER = "article_id,topics,annotator,codebook,time,sample,note\n"


def read(tmp_path, *rows, header=HEADER):
    path = tmp_path / "ann.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows))
    return read_annotations([path], ["courts", "rail"], ["1", "2", "3"], reserved=["9"])


def test_read_annotations_keeps_the_order_of_topics(tmp_path):
    table = read(tmp_path, "1,rail courts,ann,1,,random,", "2,,ann,1,,random,a note")
    assert list(table["topics"]) == [("rail", "courts"), ()]
    assert table.loc[1, "note"] == "a note"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1,,ann,1,,,", "9,,ann,1,,,"], r"ann\.csv, line 3: article 9 is reserved for an external evaluation"),
        (["7,,ann,1,,,"], r"ann\.csv, line 2: the corpus has no article with id '7'"),
        (["1,,ann,1,,,", "1,,ann,1,,,"], r"ann\.csv, line 3: article 1 is already labelled in .*ann\.csv, line 2\."),
        (["1,corts,ann,1,,,"], r"ann\.csv, line 2: unknown topic 'corts'; did you mean 'courts'\?"),
        (["1,Rail,ann,1,,,"], r"line 2: unknown topic 'Rail'; did you mean 'rail'\?"),
        (["1,rail rail,ann,1,,,"], r"line 2: a topic is repeated"),
        (["1,rail"], r"line 2: expected 7 fields"),
    ],
)
def test_read_annotations_rejects_a_bad_row_with_file_and_line(tmp_path, rows, message):
    with pytest.raises(LabelsError, match=message):
        read(tmp_path, *rows)


def test_read_annotations_merges_equal_labels_and_keeps_the_first_sample(tmp_path):
    (tmp_path / "one.csv").write_text(HEADER + "1,rail courts,ann,1,,random,\n")
    (tmp_path / "two.csv").write_text(HEADER + "1,courts rail,tom,1,,enriched,\n2,,tom,1,,random,\n")
    table = read_annotations([tmp_path / "one.csv", tmp_path / "two.csv"], ["courts", "rail"], ["1", "2"])
    assert table[["article_id", "annotator", "sample"]].to_numpy().tolist() == [
        ["1", "ann", "random"], ["2", "tom", "random"],
    ]  # fmt: skip


def test_read_annotations_rejects_a_missing_file_and_a_missing_column(tmp_path):
    with pytest.raises(LabelsError, match=r"no label file at .*gone\.csv"):
        read_annotations([tmp_path / "gone.csv"], ["rail"], ["1"])
    with pytest.raises(LabelsError, match="the header lacks topics"):
        read(tmp_path, "1,rail", header="article_id,topic\n")


def test_read_annotations_rejects_bytes_that_are_not_utf8(tmp_path):
    (tmp_path / "ann.csv").write_bytes(HEADER.encode() + b"1,rail,J\xf6rg,1,,,\n")
    with pytest.raises(LabelsError, match="not a UTF-8 CSV"):
        read_annotations([tmp_path / "ann.csv"], ["rail"], ["1"])


def test_write_annotations_round_trips(tmp_path):
    table = read(tmp_path, '1,rail courts,ann,1,2026-01-01T10:00:00,random,"a, note"', "2,,ann,1,,random,")
    write_annotations(table, tmp_path / "again.csv")
    reread = read_annotations([tmp_path / "again.csv"], ["courts", "rail"], ["1", "2"])
    assert reread.equals(table)


def test_read_reserved_returns_the_ids_of_one_corpus(tmp_path):
    path = tmp_path / "reserved.txt"
    path.write_text("everywhere\n\n[newsarticles, newsarticles-uncleaned]\n3\nan id\n[other]\n5\n")
    assert read_reserved(path, "newsarticles") == {"everywhere", "3", "an id"}
    assert read_reserved(path, "newsarticles-uncleaned") == {"everywhere", "3", "an id"}
    assert read_reserved(path, "mine") == read_reserved(path) == {"everywhere"}


def test_read_reserved_applies_ids_without_a_corpus_to_every_corpus(tmp_path):
    path = tmp_path / "reserved.txt"
    path.write_text("3 4\n5\n")  # the format of the first edition
    assert read_reserved(path, "any") == {"3", "4", "5"}


def test_read_reserved_returns_no_ids_without_a_file(tmp_path):
    assert read_reserved(tmp_path / "reserved.txt", "mine") == frozenset()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "courts"', 'name = "Courts"', r"topics\.0\.name: write 'Courts' in lower case: 'courts'"),
        ('name = "rail"', 'name = "courts"', "topics named twice: courts"),
        ("definition =", "definiton =", r"topics\.0\.definiton: unknown key; did you mean 'definition'"),
        ("[codebook]", "[codebook", "not valid TOML"),
        ("version = 1", "version = 0", r"codebook\.version: .*greater than or equal to 1"),
    ],
)
def test_read_taxonomy_names_file_and_key_of_an_error(project, old, new, message):
    path = project.root / "data" / "topics.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(LabelsError, match=rf"(?s)topics\.toml: .*{message}"):
        read_taxonomy(path)


def test_read_label_file_skips_blank_rows_and_names_the_line_of_a_row_without_id(tmp_path):
    path = tmp_path / "gold.csv"
    path.write_text("article_id,topics,note\na,courts,\n,,\n , ,\nb,,\n")
    assert read_label_file(path, ("courts",))["article_id"].tolist() == ["a", "b"]
    path.write_text("article_id,topics,note\na,courts,\n,,\n,courts,\n")
    with pytest.raises(LabelsError, match=r"gold\.csv, line 4: article_id is empty"):
        read_label_file(path, ("courts",))


DESIGNED = HEADER.strip() + ",draw,stratum_size,inclusion_probability\n"


def read_two(tmp_path, first, second):
    for name, cells in (("one", first), ("two", second)):
        (tmp_path / f"{name}.csv").write_text(f"{DESIGNED}1,rail,{name},1,,random,,{cells}\n")
    return read_annotations([tmp_path / "one.csv", tmp_path / "two.csv"], ["courts", "rail"], ["1"])


@pytest.mark.parametrize(
    ("first", "second", "described"),
    [
        ("1,99,", "2,99,", "draw 1, stratum_size 99 and draw 2, stratum_size 99"),
        ("1,99,", "1,50,", "draw 1, stratum_size 99 and draw 1, stratum_size 50"),
        (",,0.5", ",,0.25", "inclusion_probability 0.5 and inclusion_probability 0.25"),
        ("1,99,", "1,,0.5", "draw 1, stratum_size 99 and draw 1, inclusion_probability 0.5"),
    ],
)
def test_read_annotations_rejects_files_that_disagree_about_how_an_article_was_drawn(
    tmp_path, first, second, described
):
    """Before, the first file was used without a word."""
    message = rf"one\.csv, line 2 and .*two\.csv, line 2 disagree about how article 1 was drawn \({described}\)"
    with pytest.raises(LabelsError, match=message):
        read_two(tmp_path, first, second)


@pytest.mark.parametrize("second", ["1,99,", ",,", ",99,", "1,,"])
def test_read_annotations_takes_equal_and_empty_designs_of_an_article(tmp_path, second):
    table = read_two(tmp_path, "1,99,", second)
    assert table[["draw", "stratum_size"]].to_numpy().tolist() == [[1, 99]]
