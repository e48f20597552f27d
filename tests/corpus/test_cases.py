"""Files in the forms of published datasets and bug reports: each is read with the right values, or refused.

The files in ``cases`` were written for this project, in the shape of the files that other people have.
"""

import json
from pathlib import Path

import pandas as pd
import pytest

from topicdesk.annotation import read_labels
from topicdesk.corpus import read_articles
from topicdesk.errors import CorpusError

CASES = Path(__file__).with_name("cases")

#: Articles kept, and parts dropped by reason.
READ = {
    "02-agnews-kaggle.csv": 2, "03-huffpost_v3.json": 3, "04-bbc-text.csv": 3, "05-bbc-news-data.csv": 4,
    "06-truecsv-dates.csv": 12, "07-us-dates.csv": 4, "08-epoch.jsonl": 5, "09-pandas-columns.json": 2,
    "09b-pandas-index.json": 2, "10-nan.jsonl": (1, {"no text": 1}), "11-newsapi.json": 2, "12-news-please.json": 1,
    "13-trafilatura.jsonl": 2, "14-jsonld.json": 1, "16-paragraphs.jsonl": 1, "17-tsv-open-quote.tsv": 7,
    "19-excel-sep.csv": 2, "20-mac-cr.csv": 2, "20b-mac-cr.csv": 2, "21-mysql-escape.csv": 3, "22-nul.csv": 3,
    "23-mixed.csv": 3, "24-cp1252.csv": 1, "24b-cp1252-fr.csv": 1, "24c-cp1251-ru.csv": 1, "24d-cp1254-tr.csv": 1,
    "24e-gbk.csv": 1, "26-utf16.csv": 1, "27-dup-header.csv": 2, "28-bom-quoted.csv": 1, "31-semicolon-decimal.csv": 2,
    "32-train.csv": 2, "32-test.csv": 2, "33-id-space.csv": 2, "35-json-folder": 3, "37-html-body.csv": 1,
    "38-float-id.csv": 3, "39-scripts.jsonl": 14, "40a-copyright.html": 1, "40d-meta-ambig.html": 1,
    "40e-meta-time.html": 1, "40f-jsonld.html": 1, "40g-accepted.html": 1, "40h-cp1251.html": 1,
    "41-feed-dates.xml": 12, "50-chinese.csv": 80, "51-hindi.csv": 80, "60-bbc-folder": 4, "flow": None,
}  # fmt: skip
#: Files that only options can read, and those that contain no article, with the reason that is given.
REFUSED = {
    "01-agnews-original.csv": "use --no-header if the first line is a row",
    "18-annif.tsv": "use --no-header if the first line is a row",
    "29-header-newline.csv": "Name it with --map text=COLUMN",
    "30-preamble.csv": "the columns are: Export of 2021-01-30",
    "40i-js.html": "no main text was found in the page",
}


def test_every_case_has_an_expectation():
    assert {path.name for path in CASES.iterdir()} == {*READ, *REFUSED}


@pytest.mark.parametrize("name", [name for name in READ if name != "flow"])
def test_cases_are_read_and_every_part_is_accounted_for(name):
    kept, dropped = READ[name] if isinstance(READ[name], tuple) else (READ[name], {})
    corpus, account = read_articles([CASES / name])
    assert (len(corpus), account.dropped) == (kept, dropped)
    assert account.report().rows == kept + sum(dropped.values())
    assert corpus["published"].isna().all() or corpus["published"].dropna().dt.year.between(2016, 2023).all()
    assert not corpus["text"].str.contains(r"^nan$|^\{|<p>", regex=True).any()


@pytest.mark.parametrize("name", REFUSED)
def test_cases_that_need_an_option_are_refused_with_the_reason(name):
    with pytest.raises(CorpusError, match=REFUSED[name]):
        read_articles([CASES / name])


def test_texts_in_every_script_stay_whole():
    rows = [json.loads(line) for line in (CASES / "39-scripts.jsonl").read_text(encoding="utf-8").splitlines()]
    corpus, _ = read_articles([CASES / "39-scripts.jsonl"])
    texts = dict(zip(corpus["id"], corpus["text"], strict=True))
    for row in rows:
        written = row["text"].partition(" - ")[2] if corpus.set_index("id")["place"][row["id"]] else row["text"]
        assert texts[row["id"]].split() == written.split(), row["id"]


@pytest.mark.filterwarnings("ignore:.*")
@pytest.mark.parametrize(
    ("name", "options", "counts"),
    [
        ("flow/multi-semicolon.csv", {}, (94, 114)),
        ("flow/multi-onehot.csv", {}, (120, 114)),
        ("flow/doccano.jsonl", {}, (120, 114)),
        ("flow/labelstudio-export.json", {}, (120, 114)),
        ("flow/bbc-text.csv", {}, (90, 90)),
        ("flow/agnews-kaggle.csv", {"codes": {"1": "World", "2": "Sports", "3": "Business"}}, (90, 90)),
        ("flow/News_Category_Dataset_v3.json", {}, (90, 90)),
        ("01-agnews-original.csv", {"header": False, "column": "1", "columns": {"title": "2", "text": "3"}}, (4, 4)),
        ("18-annif.tsv", {}, (2, 3)),
        ("60-bbc-folder", {}, (4, 4)),
    ],
)
def test_labels_of_cases_are_read(name, options, counts):
    labels = read_labels(CASES / name, **options)
    assert (len(labels), labels["topics"].map(len).sum()) == counts
    if name.startswith("flow/") and ("onehot" in name or "doccano" in name or "studio" in name):
        csv = pd.read_csv(CASES / "flow/multi-semicolon.csv", dtype="str", keep_default_na=False).set_index("id")[
            "topics"
        ]
        for article, topics in zip(labels["article_id"], labels["topics"], strict=True):
            assert set(topics) == set(filter(None, csv[article].split(";")))
