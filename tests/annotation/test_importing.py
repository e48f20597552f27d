"""Labels that exist: columns, folders, files of fastText and Annif, and exports of annotation tools."""

import json
import re
import warnings
import zipfile
from contextlib import nullcontext

import pandas as pd
import pyarrow as arrow
import pytest
from pyarrow import parquet

import topicdesk
from topicdesk.annotation import import_labels, read_label_file, read_labels, read_table, write_annotations
from topicdesk.corpus import import_articles, read_corpus
from topicdesk.errors import CorpusError, LabelsError

TEXTS = [
    "The judge heard the appeal on Monday.",
    "The tram was late again this morning.",
    "The court stopped the tram line.",
    "The museum showed old maps.",
]
RIGHT = {TEXTS[0]: ["courts"], TEXTS[1]: ["rail"], TEXTS[2]: ["courts", "rail"], TEXTS[3]: []}
TIME = "2024-01-02T10:00:00Z"


def write(tmp_path, name, content):
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, pd.DataFrame):
        content.to_csv(file, index=False)
    elif isinstance(content, str):
        file.write_text(content, encoding="utf-8")
    elif file.suffix == ".jsonl":
        file.write_text("\n".join(map(json.dumps, content)), encoding="utf-8")
    else:
        file.write_text(json.dumps(content), encoding="utf-8")
    return file


def studio_task(number, text, *annotations):
    return {"id": number, "data": {"text": text}, "annotations": list(annotations), "predictions": []}


def studio_annotation(choices, person=1, cancelled=False, question="topics"):
    result = [{"from_name": question, "to_name": "text", "type": "choices", "value": {"choices": choices}}]
    return {
        "completed_by": person,
        "result": result if choices else [],
        "was_cancelled": cancelled,
        "created_at": TIME,
        "updated_at": TIME,
    }


def studio(name="topics"):
    return [
        studio_task(number, text, studio_annotation(labels, question=name))
        for number, (text, labels) in enumerate(RIGHT.items(), start=1)
    ]


def minimal(labels):
    """Return a label in the form of JSON-MIN: a string, or an object if there are several."""
    return labels[0] if len(labels) == 1 else {"choices": labels}


ABOUT = {"annotator": 1, "annotation_id": 9, "created_at": TIME, "updated_at": TIME, "lead_time": 2.5}
FORMS = {
    "column.csv": pd.DataFrame({"text": TEXTS, "topics": ["courts", "rail", "courts;rail", "[]"]}),
    "list.jsonl": [{"text": text, "labels": labels} for text, labels in RIGHT.items()],
    "python-list.csv": pd.DataFrame({"text": TEXTS, "topics": list(map(str, RIGHT.values()))}),
    "one-hot.csv": pd.DataFrame({"id": [1, 2, 3, 4], "text": TEXTS, "courts": [1, 0, 1, 0], "rail": [0, 1, 1, 0]}),
    "object.jsonl": [
        {"text": text, "cats": {name: float(name in labels) for name in ("courts", "rail")}}
        for text, labels in RIGHT.items()
    ],
    "label-studio.json": studio(),
    "label-studio-min.json": [{"text": text, "topic": minimal(labels), **ABOUT} for text, labels in RIGHT.items()],
    "label-studio.csv": pd.DataFrame(
        {
            "text": TEXTS,
            "my question": [
                labels[0] if len(labels) == 1 else json.dumps({"choices": labels}) for labels in RIGHT.values()
            ],
            **ABOUT,
        }
    ),
    "doccano.jsonl": [
        {"id": number, "text": text, "label": labels, "Comments": []}
        for number, (text, labels) in enumerate(RIGHT.items())
    ],
    "prodigy.jsonl": [
        {"text": text, "_input_hash": number, "_task_hash": number, "accept": labels, "answer": "accept",
         "options": [{"id": "courts", "text": "Courts"}, {"id": "rail", "text": "Rail"}], "_timestamp": 1704189600}
        for number, (text, labels) in enumerate(RIGHT.items())
    ],
    "argilla.json": [
        {"id": f"r{number}", "fields": {"text": text}, "metadata": {}, "suggestions": {},
         "responses": {"topics": [{"value": labels, "user_id": "u-1", "status": "submitted"}]}}
        for number, (text, labels) in enumerate(RIGHT.items())
    ],
    "argilla-1.json": [
        {"id": f"r{number}", "inputs": {"text": text}, "annotation": labels, "annotation_agent": "maria",
         "status": "Validated", "event_timestamp": TIME, "multi_label": True}
        for number, (text, labels) in enumerate(RIGHT.items())
    ],
}  # fmt: skip


# What a form leaves to assume, as the only warning.
ASSUMED = {
    "column.csv": r"^several labels in a cell are separated by ';'$",
    "one-hot.csv": r"^the labels are the columns courts, rail$",
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", FORMS)
def test_read_table_reads_every_form(tmp_path, name):
    file = write(tmp_path, name, FORMS[name])
    options = {"column": "cats"} if name == "object.jsonl" else {}
    with pytest.warns(UserWarning, match=ASSUMED[name]) if name in ASSUMED else nullcontext():
        table = read_table(file, **options)
    assert dict(zip(table["text"], map(sorted, table["topics"]), strict=True)) == RIGHT
    with pytest.warns(UserWarning, match=ASSUMED[name]) if name in ASSUMED else nullcontext():
        labels = read_labels(file, **options)
    # An import of the same file gives the same ids.
    account = import_articles([file], tmp_path / "c.parquet")
    assert account.articles == 4
    assert set(labels["article_id"]) == set(read_corpus(tmp_path / "c.parquet")["id"])


def test_read_labels_keeps_annotators_and_times(tmp_path):
    first, second, third = (studio_annotation(["courts"], who) for who in (1, {"email": "Ma.Ria@post.example"}, 7))
    skipped = studio_annotation(["rail"], 3, cancelled=True)
    tasks = [
        studio_task(1, TEXTS[0], first, second, skipped),
        studio_task(2, TEXTS[1], third),
        studio_task(3, TEXTS[2]),
    ]
    with pytest.warns(UserWarning, match=r"not labelled: 1 article\b"):
        labels = read_labels(write(tmp_path, "export.json", tasks))
    assert labels[["article_id", "annotator", "time", "topics"]].to_numpy().tolist() == [
        ["1", "annotator-1", TIME, ("courts",)],
        ["1", "ma-ria-post-example", TIME, ("courts",)],
        ["2", "annotator-7", TIME, ("courts",)],
    ]


def test_read_labels_takes_a_question_of_several(tmp_path):
    both = [
        studio_task(number, text, {"completed_by": 1, "result": [
            *studio_annotation([labels])["result"],
            {"from_name": "tone", "type": "choices", "value": {"choices": ["glad"]}},
        ]})
        for number, (text, labels) in enumerate([(TEXTS[0], "courts"), (TEXTS[1], "rail")])
    ]  # fmt: skip
    file = write(tmp_path, "export.json", both)
    with pytest.raises(LabelsError, match=r"several questions: tone, topics\. Name one with --column"):
        read_labels(file)
    assert read_labels(file, column="topics")["topics"].tolist() == [("courts",), ("rail",)]


def test_read_labels_refuses_labels_of_parts_of_texts(tmp_path):
    spans = {"completed_by": 1, "result": [{"from_name": "ner", "type": "labels", "value": {"labels": ["PER"]}}]}
    with pytest.raises(LabelsError, match="labels parts of texts"):
        read_labels(write(tmp_path, "export.json", [studio_task(1, TEXTS[0], spans)]))
    with pytest.raises(LabelsError, match=r"is not a label\. Labels of parts of a text"):
        read_labels(write(tmp_path, "d.jsonl", [{"text": TEXTS[0], "label": [[0, 3, "PER"]]}]))


def test_read_labels_joins_the_yes_or_no_questions_of_prodigy(tmp_path):
    answers = [(0, "courts", "accept"), (0, "rail", "reject"), (1, "courts", "reject"), (1, "rail", "accept"),
               (2, "courts", "accept"), (2, "rail", "accept"), (3, "courts", "ignore")]  # fmt: skip
    rows = [
        {"text": TEXTS[number], "label": label, "answer": answer, "_task_hash": 1, "_annotator_id": "maria",
         "_timestamp": 1704189600}
        for number, label, answer in answers
    ]  # fmt: skip
    with pytest.warns(UserWarning, match=r"not labelled: 1 article\b"):
        labels = read_labels(write(tmp_path, "prodigy.jsonl", rows))
    assert set(map(tuple, map(sorted, labels["topics"]))) == {("courts",), ("rail",), ("courts", "rail")}
    assert set(labels["annotator"]) == {"maria"}
    assert set(labels["time"]) == {"2024-01-02T10:00:00+00:00"}


def test_read_labels_names_annotators_after_the_files_of_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "doccano.zip", "w") as archive:
        for who, label in (("admin", "courts"), ("tom", "rail")):
            archive.writestr(f"{who}.jsonl", json.dumps({"id": 1, "text": TEXTS[0], "label": [label]}))
    with pytest.warns(UserWarning, match=r"annotators disagree about 1 article\b"):
        labels = read_labels(tmp_path / "doccano.zip")
    assert dict(zip(labels["annotator"], labels["topics"], strict=True)) == {"admin": ("courts",), "tom": ("rail",)}


def test_read_table_reads_folders_fasttext_and_annif(tmp_path):
    for name, text in (("business/001.txt", f"Profit\n\n{TEXTS[0]}"), ("sport/199.txt", f"Race\n\n{TEXTS[1]}")):
        write(tmp_path / "bbc", name, text)
    (tmp_path / "bbc" / "sport" / "200.txt").write_bytes("Price\n\nIt cost £5.".encode("latin-1"))
    (tmp_path / "bbc" / "README").write_text("About")
    with pytest.warns(UserWarning, match=r"read as cp1252, such as .*£5.*not readable: .*README: not a text"):
        folders = read_table(tmp_path / "bbc")
    assert folders[["title", "text", "topics"]].to_numpy().tolist() == [
        ["Profit", TEXTS[0], "business"],
        ["Race", TEXTS[1], "sport"],
        ["Price", "It cost £5.", "sport"],
    ]
    fasttext = f"__label__courts {TEXTS[0]}\n__label__courts __label__rail {TEXTS[2]}\n"
    table = read_table(write(tmp_path, "train.txt", fasttext))
    assert table[["text", "topics"]].to_numpy().tolist() == [[TEXTS[0], ["courts"]], [TEXTS[2], ["courts", "rail"]]]
    annif = f"{TEXTS[0]}\t<http://x.example/courts>\n{TEXTS[2]}\t<http://x.example/courts> <http://x.example/rail>\n"
    table = read_table(write(tmp_path, "annif.tsv", annif))
    assert table["topics"].tolist() == [
        ["http://x.example/courts"],
        ["http://x.example/courts", "http://x.example/rail"],
    ]


def test_read_table_takes_codes_and_compare_takes_the_table(tmp_path):
    table = pd.DataFrame(
        {"Class Index": [1, 2] * 12, "Description": [f"{text} {row}" for row, text in enumerate(TEXTS[:2] * 12)]}
    )
    named = read_table(write(tmp_path, "ag.csv", table), codes={"1": "World & Politics", "2": "SCI/TECH"})
    assert set(named["topics"]) == {"World & Politics", "SCI/TECH"}
    options = {"text": "text", "classifiers": ["multinomial-nb"], "groups": None, "cv": 2, "n_jobs": 1}
    result = topicdesk.compare(named, "topics", **options)
    assert set(result.dataset.topics) == {"World & Politics", "SCI/TECH"}


def test_read_labels_finds_articles_by_content_rather_than_by_the_ids_of_a_tool(tmp_path):
    dated = [f"PORT TOWN (Courier) - {text}" for text in TEXTS]
    news = write(tmp_path, "news.csv", pd.DataFrame({"id": [4, 3, 2, 1], "text": dated}))
    import_articles([news], tmp_path / "c.parquet", language="en")
    corpus = read_corpus(tmp_path / "c.parquet")
    export = write(tmp_path, "export.json", studio())
    labels = read_labels(export, corpus)
    assert dict(zip(labels["article_id"], labels["topics"], strict=True)) == {
        "4": ("courts",), "3": ("rail",), "2": ("courts", "rail"), "1": (),
    }  # fmt: skip
    other = write(tmp_path, "other.json", [studio_task(1, "Something else entirely.", studio_annotation(["courts"]))])
    with pytest.raises(LabelsError, match="none of 1 labelled rows belongs to an article of the corpus"):
        read_labels(other, corpus)


def test_read_labels_matches_rows_without_texts_by_id_or_address(tmp_path):
    news = pd.DataFrame({"id": ["a", "b"], "text": TEXTS[:2], "url": ["https://x.example/a", "https://x.example/b"]})
    import_articles([write(tmp_path, "news.csv", news)], tmp_path / "c.parquet", language="en")
    corpus = read_corpus(tmp_path / "c.parquet")
    by_id = write(tmp_path, "ids.csv", pd.DataFrame({"id": ["a", "b", "c"], "label": ["courts", "rail", "rail"]}))
    with pytest.warns(UserWarning, match=r"left out, because their article is not in the corpus: 1 \(.*line 4\)"):
        assert read_labels(by_id, corpus)["article_id"].tolist() == ["a", "b"]
    by_url = write(tmp_path, "urls.csv", pd.DataFrame({"url": news["url"], "label": ["courts", "rail"]}))
    assert read_labels(by_url, corpus)["article_id"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "options", "error", "message"),
    [
        (pd.DataFrame({"text": TEXTS, "kind": list("abab")}), {}, LabelsError, "no label column"),
        (pd.DataFrame({"text": TEXTS, "kind": list("abab")}), {"column": "kin"}, LabelsError, "did you mean 'kind'"),
        (pd.DataFrame({"text": TEXTS, "a": [0, 1, 2, 0], "b": [0, 1, 1, 0]}), {"column": "a,b"}, LabelsError,
         r"line 4: column 'a' contains '2'"),
        (pd.DataFrame({"text": TEXTS, "label": [""] * 4}), {}, LabelsError, "no article has a label"),
        (pd.DataFrame({"kind": list("abab"), "label": list("abab")}), {}, LabelsError, "neither an id nor a text"),
        ("", {}, CorpusError, "is empty"),
        ("text,label\n", {}, CorpusError, "no article was found"),
    ],
)  # fmt: skip
def test_read_labels_says_what_is_wrong(tmp_path, content, options, error, message):
    with pytest.raises(error, match=message):
        read_labels(write(tmp_path, "t.csv", content), **options)


def test_import_labels_writes_articles_taxonomy_and_one_file_per_annotator(desk):
    rows = [
        {"text": text, "topics": topics, "annotator": who}
        for text, topics, who in [
            (TEXTS[0], "ARTS & CULTURE", "Maria"), (TEXTS[1], "SCI/TECH", "Maria"), (TEXTS[0], "ARTS & CULTURE", "tom"),
        ]
    ]  # fmt: skip
    file = write(desk, "labelled.csv", pd.DataFrame(rows))
    done = import_labels(file, "data/corpora/mine.parquet")
    assert "labels: " in str(done)
    taxonomy = topicdesk.read_taxonomy("data/topics.toml")
    assert taxonomy.titles == {"arts-culture": "ARTS & CULTURE", "sci-tech": "SCI/TECH"}
    ids = read_corpus("data/corpora/mine.parquet")["id"].tolist()
    maria = read_label_file("data/labels/maria.csv", taxonomy.names, ids)
    assert maria["topics"].tolist().count(("sci-tech",)) == 1
    assert len(read_label_file("data/labels/tom.csv", taxonomy.names, ids)) == 1
    with pytest.raises(LabelsError, match=r"maria\.csv.*already exists\. Nothing was written"):
        import_labels(file, "data/corpora/mine.parquet")


def test_import_labels_uses_an_existing_taxonomy_and_leaves_reserved_articles_out(desk):
    news = write(desk, "news.csv", pd.DataFrame({"id": list("abcd"), "text": TEXTS}))
    import_articles([news], desk / "c.parquet", language="en")
    topicdesk_topics = '[codebook]\nversion = 1\ntitle = "T"\nrule = "R"\n'
    for name, title in (("courts", "Courts and Law"), ("rail", "")):
        topicdesk_topics += f'[[topics]]\nname = "{name}"\ntitle = "{title}"\ndefinition = "D"\n'
    write(desk, "data/topics.toml", topicdesk_topics)
    write(desk, "data/labels/reserved.txt", "d\n")
    labels = pd.DataFrame({"id": ["a", "b", "d"], "label": ["Courts and Law", "rail", "rail"]})
    done = import_labels(write(desk, "l.csv", labels), "c.parquet", annotator="maria")
    assert done.reserved == 1
    names = ("courts", "rail")
    assert read_label_file("data/labels/maria.csv", names)["topics"].tolist() == [("courts",), ("rail",)]
    other = write(desk, "o.csv", pd.DataFrame({"id": list("ab"), "label": ["weather", "rail"]}))
    with pytest.raises(LabelsError, match=r"topics\.toml has no topic for 'weather'"):
        import_labels(other, "c.parquet", annotator="tom")
    assert not (desk / "data" / "labels" / "tom.csv").exists()


def test_a_label_file_needs_only_ids_and_topics(tmp_path):
    file = write(tmp_path, "maria.csv", "topics,article_id\nrail,a\n,b\n")
    labels = read_label_file(file, ["rail"])
    assert labels[["article_id", "topics", "annotator", "sample"]].to_numpy().tolist() == [
        ["a", ("rail",), "maria", "given"],
        ["b", (), "maria", "given"],
    ]
    with pytest.raises(LabelsError, match="the header lacks topics"):
        read_label_file(write(tmp_path, "tom.csv", "article_id\na\n"), ["rail"])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("separator", [",", ""])
def test_read_labels_says_nothing_about_a_separator_that_the_user_named(tmp_path, separator):
    table = pd.DataFrame({"text": TEXTS[:3], "topics": ["courts", "courts,rail", "rail,courts"]})
    file = write(tmp_path, "t.csv", table)
    assert max(map(len, read_labels(file, separator=separator)["topics"])) == (2 if separator else 1)
    with pytest.warns(UserWarning, match="some labels contain ','"):
        read_labels(file)


def test_read_labels_reads_folders_in_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "bbc.zip", "w") as archive:
        for name, text in (("bbc/law/1.txt", TEXTS[0]), ("bbc/rail/2.txt", TEXTS[1]), ("bbc/rail/3.txt", "")):
            archive.writestr(name, text)
    with pytest.warns(UserWarning, match=r"not readable: .*bbc\.zip, bbc/rail/3\.txt: neither a text nor an id"):
        labels = read_labels(tmp_path / "bbc.zip")
    assert labels["topics"].tolist() == [("law",), ("rail",)]


def test_read_labels_asks_for_the_separator_if_there_are_two(tmp_path):
    file = write(tmp_path, "t.csv", pd.DataFrame({"text": TEXTS[:2], "label": ["courts;rail", "rail|weather"]}))
    with pytest.raises(LabelsError, match=r"column 'label' contains both ';' and '\|'\. Name the separator"):
        read_labels(file)
    assert read_labels(file, separator="|")["topics"].tolist() == [("courts;rail",), ("rail", "weather")]


def test_read_labels_reads_label_files_of_another_project(tmp_path):
    rows = {"article_id": ["a", "b"], "topics": [("courts", "rail"), ()], "annotator": "maria", "codebook": "2"}
    write_annotations(pd.DataFrame(rows).assign(sample="random"), tmp_path / "maria.csv")
    labels = read_labels(tmp_path / "maria.csv")
    assert labels.drop(columns=["time", "note"]).to_numpy().tolist() == [
        ["a", ("courts", "rail"), "maria", "2", "random"],
        ["b", (), "maria", "2", "random"],
    ]


def test_read_labels_keeps_the_design_of_a_label_file(tmp_path):
    design = {"draw": [1, 2], "stratum_size": [7, pd.NA], "inclusion_probability": [pd.NA, 0.5]}
    rows = {"article_id": ["a", "b"], "topics": [("courts", "rail"), ()], "sample": "random", **design}
    write_annotations(pd.DataFrame(rows), tmp_path / "maria.csv")
    labels = read_labels(tmp_path / "maria.csv")
    assert labels["topics"].tolist() == [("courts", "rail"), ()], "spaces separate the topics of a label file"
    assert labels[list(design)].astype(object).fillna(0).to_numpy().tolist() == [[1, 7, 0], [2, 0, 0.5]]


def test_read_labels_takes_a_named_column_as_the_probability_and_no_other(tmp_path):
    table = pd.DataFrame({"article_id": ["a", "b"], "topics": ["rail", "courts"], "draw": [0, 1]})
    table["probability"] = [0.25, 1]
    file = write(tmp_path, "sheet.csv", table)
    assert not {"draw", "inclusion_probability"} & set(read_labels(file)), "they may be a topic and a score"
    drawn = write(tmp_path, "drawn.csv", table.assign(draw=1))
    labels = read_labels(drawn, columns={"inclusion_probability": "probability"})
    assert labels[["draw", "inclusion_probability"]].to_numpy().tolist() == [[1, 0.25], [1, 1]]
    with pytest.raises(LabelsError, match="no column 'probably' for inclusion_probability; did you mean 'probability'"):
        read_labels(file, columns={"inclusion_probability": "probably"})
    with pytest.raises(LabelsError, match=r"sheet.csv, line 2: draw must be .*; got '0'"):
        read_labels(file, columns={"inclusion_probability": "probability"})


def test_read_labels_splits_labels_of_a_table_with_some_columns_of_a_label_file_as_usual(tmp_path):
    about = {"article_id": ["a"], "annotator": "maria", "codebook": "1", "sample": "random"}
    table = pd.DataFrame({**about, "topics": ["Courts & Law;rail"], "text": TEXTS[:1]})
    assert read_labels(write(tmp_path, "sheet.csv", table))["topics"].tolist() == [("Courts & Law", "rail")]


def zipped(file, members):
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


BBC = {"README.TXT": "About the texts.", "business/001.txt": TEXTS[0], "sport/001.txt": TEXTS[1]}


@pytest.mark.parametrize("above", ["bbc/", "wrap/bbc/", "split/train/"])
@pytest.mark.parametrize("archived", [True, False])
def test_read_labels_takes_no_label_from_a_folder_of_folders(tmp_path, above, archived):
    if archived:
        path = zipped(tmp_path / "bbc.zip", {f"{above}{name}": text for name, text in BBC.items()})
    else:
        path = tmp_path / "texts"
        for name, text in BBC.items():
            write(path / above, name, text)
    with pytest.warns(UserWarning, match=r"not readable: .*README\.TXT: its folder contains the folders of other tex"):
        labels = read_labels(path)
    assert labels["topics"].tolist() == [("business",), ("sport",)]
    assert set(labels["annotator"]) == {"imported"}


def test_read_labels_reads_an_archive_of_folders_with_other_files(tmp_path):
    others = {"bbc/README": "About", "bbc/.DS_Store": "x", "__MACOSX/bbc/sport/._001.txt": "x"}
    path = zipped(tmp_path / "bbc.zip", {**others, **{f"bbc/{name}": text for name, text in BBC.items()}})
    with pytest.warns(UserWarning, match=r"not readable: .*README: not a text") as caught:
        labels = read_labels(path)
    assert "MACOSX" not in str(caught[0].message)
    assert labels["topics"].tolist() == [("business",), ("sport",)]


@pytest.mark.parametrize(
    "members",
    [
        {"first.csv": f"text,label\n{TEXTS[0]},courts\n", "second.csv": f"text,label\n{TEXTS[1]},rail\n"},
        {
            "train.jsonl": json.dumps({"id": 1, "text": TEXTS[0], "label": ["courts"]}),
            "test.jsonl": json.dumps({"id": 2, "text": TEXTS[1], "label": ["rail"]}),
        },
        {"data/admin.jsonl": json.dumps({"id": 1, "text": TEXTS[0], "label": ["courts"]})},
    ],
)
def test_read_labels_does_not_take_other_archives_for_annotators(tmp_path, members):
    assert set(read_labels(zipped(tmp_path / "t.zip", members))["annotator"]) == {"imported"}


@pytest.mark.parametrize(
    ("encoding", "options"), [("cp1252", {"encoding": "cp1252"}), ("utf-16", {}), ("cp1252", {}), ("utf-8-sig", {})]
)
def test_read_table_reads_fasttext_in_any_encoding(tmp_path, encoding, options):
    (tmp_path / "train.txt").write_bytes(
        "__label__café It cost £5 in the café.\n__label__rail Late.\n".encode(encoding)
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "noted: .* read as cp1252")
        table = read_table(tmp_path / "train.txt", **options)
    assert table[["text", "topics"]].to_numpy().tolist() == [["It cost £5 in the café.", "café"], ["Late.", "rail"]]


def test_read_table_takes_the_labels_of_fasttext_anywhere_in_a_line(tmp_path):
    lines = f"{TEXTS[0]} __label__courts\n__label__rail {TEXTS[1]} __label__late\nThe x__label__y. __label__a  b\n\n"
    table = read_table(write(tmp_path, "train.txt", lines))
    assert table[["text", "topics"]].to_numpy().tolist() == [
        [TEXTS[0], ["courts"]],
        [TEXTS[1], ["rail", "late"]],
        ["The x__label__y. b", ["a"]],
    ]


def test_read_table_and_import_articles_read_binary_columns_as_utf_8(tmp_path):
    file = tmp_path / "t.parquet"
    columns = {"text": TEXTS[:2], "title": ["é", "b"], "label": ["é", "b"]}
    content = {name: arrow.array([value.encode() for value in values]) for name, values in columns.items()}
    parquet.write_table(arrow.table({**content, "image": arrow.array([b"\xff", b"\xfe"])}), file)
    table = read_table(file)
    assert table[["text", "title", "topics"]].to_numpy().tolist() == [[TEXTS[0], "é", "é"], [TEXTS[1], "b", "b"]]
    import_articles([file], tmp_path / "c.parquet")
    corpus = read_corpus(tmp_path / "c.parquet")
    assert corpus["title"].tolist() == ["é", "b"]
    assert set(corpus["id"]) == set(table["id"])
    with pytest.raises(LabelsError, match=r"row 1: the label b'\\xff' is binary, and not UTF-8"):
        read_table(file, column="image")
    parquet.write_table(arrow.table({"text": [b"\xff"], "label": ["a"]}), file)
    with pytest.raises(CorpusError, match=r"row 1: the text is binary, and not UTF-8; convert its column to strings"):
        read_table(file)


def test_read_table_reads_a_map_of_topics(tmp_path):
    kind = arrow.map_(arrow.string(), arrow.int64())
    topics = arrow.array([[("courts", 1), ("rail", 1)], [("courts", 0), ("rail", 1)]], kind)
    parquet.write_table(arrow.table({"text": TEXTS[:2], "topics": topics}), tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet")["topics"].tolist() == [["courts", "rail"], ["rail"]]


def test_read_table_does_not_split_the_items_of_lists(tmp_path):
    table = pd.DataFrame({"text": TEXTS[:3], "topics": ["{'a;b', 'c'}", "('a;b',)", "['c' 'd|e']"]})
    assert list(map(sorted, read_table(write(tmp_path, "t.csv", table))["topics"])) == [
        ["a;b", "c"],
        ["a;b"],
        ["c", "d|e"],
    ]


def test_reading_labels_keeps_an_article_whose_id_belongs_to_another(desk):
    rows = [(7, TEXTS[0], "courts"), (7, TEXTS[1], "rail"), (8, TEXTS[2], "rail"), (7, f" {TEXTS[0]}", "courts")]
    file = write(desk, "t.csv", pd.DataFrame(rows, columns=["id", "text", "topics"]))
    with pytest.warns(UserWarning, match="noted: 1 article: an id that belongs to another article, replaced") as caught:
        table = read_table(file)
    assert "first row" not in str(caught[0].message)
    assert table["topics"].tolist() == ["courts", "rail", "rail"]
    done = import_labels(file, "data/corpora/mine.parquet")
    assert "3 articles, 3 labelled" in str(done)
    assert "noted: 1 article: an id that belongs to another article, replaced by a new one" in str(done)
    corpus = read_corpus("data/corpora/mine.parquet")
    assert corpus["id"].tolist() == table["id"].tolist()
    labels = read_label_file("data/labels/imported.csv", ["courts", "rail"], corpus["id"])
    assert len(labels) == 3


def test_import_labels_renames_annotators_whose_names_topicdesk_uses(desk):
    rows = [(TEXTS[0], "courts", "Agreed"), (TEXTS[1], "rail", "adjudicated"), (TEXTS[2], "rail", "maria")]
    file = write(desk, "t.csv", pd.DataFrame(rows, columns=["text", "topics", "annotator"]))
    renamed = "renamed, because topicdesk uses these names: 'Agreed' to 'agreed-2'; 'adjudicated' to 'adjudicated-2'"
    with pytest.warns(UserWarning, match=renamed):
        assert set(read_labels(file)["annotator"]) == {"agreed-2", "adjudicated-2", "maria"}
    assert str(import_labels(file, "data/corpora/mine.parquet")).count("renamed") == 1
    for name in ("agreed", "adjudicated"):
        with pytest.raises(LabelsError, match=f"annotator '{name}': topicdesk writes its own label file"):
            import_labels(file, "data/corpora/other.parquet", annotator=name)


@pytest.mark.parametrize("empty", ["\0\0", " \x07", "", "\u200b"])
def test_read_table_leaves_out_articles_without_a_text(tmp_path, empty):
    file = write(tmp_path, "t.csv", f"id,text,topics\n1,{TEXTS[0]},courts\n2,{TEXTS[1]},rail\n3,{empty},rail\n")
    with pytest.warns(UserWarning, match=r"left out, because they have no text: 1 article"):
        assert read_table(file)["text"].tolist() == TEXTS[:2]


@pytest.mark.filterwarnings("error")
def test_read_table_takes_empty_ids_for_none(tmp_path):
    table = pd.DataFrame({"id": ["", " ", "7"], "text": TEXTS[:3], "topics": ["courts", "rail", "rail"]})
    assert len(read_table(write(tmp_path, "t.csv", table))) == 3


def test_read_labels_says_which_label_column_it_took_if_there_are_several(tmp_path):
    table = pd.DataFrame({"text": TEXTS[:2], "label1": ["courts", "rail"], "label2": ["late", ""], "tags": ["x", "y"]})
    file = write(tmp_path, "t.csv", table)
    message = "the labels are the column label1, not label2, tags; name another, or several such as label1,label2,tags"
    with pytest.warns(UserWarning, match=message):
        assert read_labels(file)["topics"].tolist() == [("courts",), ("rail",)]


@pytest.mark.filterwarnings("error")
def test_read_labels_joins_several_columns_of_labels(tmp_path):
    rows = {
        "text": TEXTS[:3],
        "label1": ["courts", "rail", ""],
        "label2": ["late", "", ""],
        "label3": ["late", "", None],
    }
    file = write(tmp_path, "t.jsonl", pd.DataFrame(rows).to_dict("records"))
    with pytest.warns(UserWarning, match="^not labelled: 1 article$"):
        labels = read_labels(file, column="label1, label2,label3")
    assert labels["topics"].tolist() == [("courts", "late"), ("rail",)]


def test_read_table_names_the_columns_of_0_and_1(tmp_path):
    table = pd.DataFrame({"id": [1, 2], "text": TEXTS[:2], "is_paid": [0, 1], "courts": [1, 0], "rail": [0, 1]})
    with pytest.warns(UserWarning, match="^the labels are the columns is_paid, courts, rail$"):
        read_table(write(tmp_path, "t.csv", table))


def test_read_table_counts_labels_without_a_code_and_codes_without_a_label(tmp_path):
    file = write(tmp_path, "t.csv", pd.DataFrame({"text": TEXTS, "label": [1, 2, 5, 5]}))
    with pytest.warns(UserWarning, match=r"^labels without a code: '5' \(2\); codes that no label has: '3'; '4'$"):
        table = read_table(file, codes={1: "courts", 2: "rail", 3: "late", 4: "maps"})
    assert table["topics"].tolist() == ["courts", "rail", "5", "5"]
    with pytest.warns(
        UserWarning, match=r"^labels without a code: '1' \(1\); '2' \(1\); '5' \(2\); codes .*: 'a'; 'b'$"
    ):
        read_table(file, codes={"a": "courts", "b": "rail"})


@pytest.mark.parametrize("word", ["NA", "N/A", "nan", "NaN", "None", "null", "NULL", "-"])
def test_read_table_reads_words_of_missing_labels_as_not_labelled(tmp_path, word):
    file = write(tmp_path, "t.csv", pd.DataFrame({"text": TEXTS, "label": ["courts", "rail", word, f" {word} "]}))
    with pytest.warns(UserWarning, match=rf"read as not labelled: '{word}' \(2\).*not labelled: 2 articles"):
        assert read_table(file)["topics"].tolist() == ["courts", "rail"]
    assert read_table(file, codes={word: "none", "courts": "courts", "rail": "rail"})["topics"].tolist()[2] == "none"


@pytest.mark.filterwarnings("error")
def test_read_table_keeps_a_label_called_none_and_words_in_lists(tmp_path):
    rows = [
        {"text": TEXTS[0], "label": "none"},
        {"text": TEXTS[1], "label": ["NA"]},
        {"text": TEXTS[2], "label": "rail"},
    ]
    assert read_table(write(tmp_path, "t.jsonl", rows))["topics"].tolist() == ["none", "NA", "rail"]


def test_read_table_names_labels_that_differ_only_in_case_or_spaces(tmp_path):
    file = write(tmp_path, "t.csv", pd.DataFrame({"text": TEXTS, "label": ["courts", "Courts", "COURTS", "rail"]}))
    with pytest.warns(
        UserWarning, match="only in case or spaces, and count as different: 'courts', 'Courts', 'COURTS'"
    ):
        read_table(file)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["min.json", "t.csv"])
def test_read_table_reads_an_annotation_without_a_choice_as_no_topic(tmp_path, name):
    rows = [{"text": text, "topic": minimal(labels), **ABOUT} for text, labels in RIGHT.items() if labels]
    rows.append({"text": TEXTS[3], **ABOUT})
    content = rows if name == "min.json" else pd.DataFrame(rows)
    assert read_table(write(tmp_path, name, content))["topics"].tolist()[3] == []


def alternating():
    questions = ["topics", "tone"]
    return [
        studio_task(number, text, studio_annotation([labels], question=questions[number % 2]))
        for number, (text, labels) in enumerate(zip(TEXTS, ["courts", "glad", "rail", "sad"], strict=True))
    ]


def argilla_of(answers):
    return [
        {"id": f"r{number}", "fields": {"text": text},
         "responses": {name: [{"value": value, "user_id": "u", "status": "submitted"}]
                       for name, value in given.items()}}
        for number, (text, given) in enumerate(zip(TEXTS, answers, strict=False))
    ]  # fmt: skip


@pytest.mark.parametrize(
    "tasks",
    [alternating(), argilla_of([{"topics": "courts"}, {"tone": "glad"}, {"topics": ["rail"]}, {"tone": "sad"}])],
)
def test_read_labels_finds_the_questions_of_a_whole_export(tmp_path, tasks):
    file = write(tmp_path, "export.json", tasks)
    with pytest.raises(LabelsError, match=r"export\.json: the export has several questions: tone, topics\. Name one"):
        read_labels(file)
    with pytest.warns(UserWarning, match=r"not labelled: 2 articles"):
        assert read_labels(file, column="topics")["topics"].tolist() == [("courts",), ("rail",)]
    with pytest.raises(LabelsError, match=r"the export has no question 'nope'; valid: tone, topics"):
        read_labels(file, column="nope")


@pytest.mark.filterwarnings("error")
def test_read_labels_reads_no_answer_beside_another_as_no_topic(tmp_path):
    file = write(tmp_path, "a.json", argilla_of([{"topics": ["courts"], "tone": "glad"}, {"tone": "sad"}]))
    assert read_labels(file, column="topics")["topics"].tolist() == [("courts",), ()]


def test_read_labels_reads_a_choice_that_is_a_string(tmp_path):
    tasks = [studio_task(1, TEXTS[0], studio_annotation("courts")), studio_task(2, TEXTS[1], studio_annotation("rail"))]
    assert read_labels(write(tmp_path, "e.json", tasks))["topics"].tolist() == [("courts",), ("rail",)]


TASK = {"data": {"text": TEXTS[0], "category": "courts"}}
PREDICTED = {**TASK, "predictions": [studio_annotation(["courts"])]}
TEXTAREA = {"result": [{"from_name": "note", "type": "textarea", "value": {"text": ["x"]}}]}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([PREDICTED], "no task has an annotation yet. Predictions are not labels"),
        ([TASK], "no task has an annotation yet"),
        ([{"id": 1, **TASK, "annotations": []}], "no task has an annotation yet"),
        ([{**TASK, "annotations": [TEXTAREA]}], "the export has answers (textarea), but no question with choices"),
        ([{"text": TEXTS[0], "label": [], "id": 1}], "all of 1 decision are that an article has no topic"),
        (
            [{"text": TEXTS[0], "topics": ""}],
            "no article has a label: column topics is empty. Fill it, or name another",
        ),
        ({}, "the rows have neither an id nor a text: they are empty"),
        ([{}], "the rows have neither an id nor a text: they are empty"),
        ([{"text": TEXTS[0], "annotations": [{"label": 2, "start_offset": 1, "end_offset": 2}]}], "parts of texts"),
    ],
)
def test_read_labels_says_why_an_export_has_no_labels(tmp_path, rows, message):
    with pytest.raises(LabelsError, match=re.escape(message)):
        read_labels(write(tmp_path, "export.json", rows))


def test_read_labels_takes_a_field_of_tasks_if_the_user_names_it(tmp_path):
    other = {**PREDICTED, "data": {"text": TEXTS[1], "category": "rail"}}
    file = write(tmp_path, "export.json", [PREDICTED, other])
    assert read_labels(file, column="category")["topics"].tolist() == [("courts",), ("rail",)]


@pytest.mark.filterwarnings("error")
def test_read_labels_reads_the_older_form_of_doccano(tmp_path):
    rows = [
        {"text": TEXTS[0], "annotations": [{"label": 2, "user": 1}, {"label": 3, "user": 1}, {"label": 2, "user": 4}]},
        {"text": TEXTS[1], "annotations": [{"label": 3, "user": 1}]},
        {"text": TEXTS[2], "annotations": [{"label": 3, "user": 4}]},
    ]
    codes = {2: "courts", 3: "rail"}
    with pytest.warns(UserWarning, match="^annotators disagree about 1 article$"):
        labels = read_labels(write(tmp_path, "d.jsonl", rows), codes=codes)
    assert labels[["annotator", "topics"]].to_numpy().tolist() == [
        ["annotator-1", ("courts", "rail")],
        ["annotator-4", ("courts",)],
        ["annotator-1", ("rail",)],
        ["annotator-4", ("rail",)],
    ]


@pytest.mark.parametrize("version", [1, 2])
def test_read_labels_reads_tables_of_argilla(tmp_path, version):
    def row(text, *answers):
        if version == 1:
            return {
                "text": text,
                "topics": [dict(zip(("value", "user_id", "status"), one, strict=True)) for one in answers],
            }
        values, users, status = (
            (list(column) for column in zip(*answers, strict=True)) if answers else (None, None, None)
        )
        return {
            "text": text,
            "topics.responses": values,
            "topics.responses.users": users,
            "topics.responses.status": status,
        }

    rows = [
        row(TEXTS[0], (["courts"], "u1", "submitted"), (["rail"], "u2", "draft")),
        row(TEXTS[1], (["courts", "rail"], "u2", "submitted")),
        row(TEXTS[2]),
    ]
    with pytest.warns(UserWarning, match="^not labelled: 1 article$"):
        labels = read_labels(write(tmp_path, "argilla.jsonl", rows))
    assert labels[["annotator", "topics"]].to_numpy().tolist() == [["u1", ("courts",)], ["u2", ("courts", "rail")]]


def test_read_labels_says_that_an_answer_in_prodigy_contradicts_another(tmp_path):
    answers = [(0, "courts", "accept"), (0, "courts", "reject"), (1, "rail", "reject"), (1, "rail", "accept"),
               (2, "rail", "accept"), (2, "rail", "accept")]  # fmt: skip
    rows = [{"text": TEXTS[number], "label": label, "answer": answer} for number, label, answer in answers]
    with pytest.warns(UserWarning, match=r"other labels, so that the labels of the first row are used: 2 \(.*line 2; "):
        assert read_labels(write(tmp_path, "p.jsonl", rows))["topics"].tolist() == [("courts",), (), ("rail",)]


def test_read_table_does_not_take_a_table_with_a_column_answer_for_prodigy(tmp_path):
    table = pd.DataFrame({"text": TEXTS[:2], "answer": ["The judge.", "The tram."], "label": ["courts", "rail"]})
    assert read_table(write(tmp_path, "t.csv", table))["topics"].tolist() == ["courts", "rail"]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (f"{TEXTS[0]},courts\n{TEXTS[1]},rail\n", {},
         rf"neither an id nor a text; the columns: {TEXTS[0]}, courts\. Name the text column with --map text=COLUMN "
         r"\(--text COLUMN for 'topicdesk init', columns=\{'text': 'COLUMN'\} in Python\), or use --no-header "),
        (f"{TEXTS[0]},courts\n", {"header": False}, rf"; the first row: 1: '{TEXTS[0][:30]}', 2: 'courts'\. Name the"),
        ("kind,,label\na,b,c\n", {}, r"the columns: kind, \(unnamed\), label\."),
    ],
)  # fmt: skip
def test_read_labels_says_how_to_name_the_text(tmp_path, content, options, message):
    with pytest.raises(LabelsError, match=message):
        read_labels(write(tmp_path, "t.csv", content), **options)


def test_read_table_cleans_the_names_of_columns_of_0_and_1(tmp_path):
    table = pd.DataFrame({"text": TEXTS[:2], "night \x1f courts": [1, 0], " rail\x07": [0, 1]})
    with pytest.warns(UserWarning, match="the labels are the columns"):
        assert read_table(write(tmp_path, "t.csv", table))["topics"].tolist() == ["night courts", "rail"]
