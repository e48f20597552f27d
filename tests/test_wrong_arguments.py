"""Every public function refuses every kind of wrong argument, with a message that names the argument.

For each public name, an entry of `ENTRIES` makes right arguments, and lists wrong values of each parameter. One
argument at a time is wrong. The error must be raised by topicdesk itself, before or instead of an error of a library. A
name or a parameter without an entry fails.
"""

import inspect
import re
import shutil
import tomllib
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import topicdesk
from conftest import PHRASES, SPEC, TAXONOMY, newsroom_articles
from topicdesk import evaluation
from topicdesk.annotation import Dataset, join_dataset, write_annotations
from topicdesk.corpus import find_duplicates as duplicates_of, write_corpus
from topicdesk.errors import ArgumentError
from topicdesk.evaluation import (
    ComparisonPlan,
    DaskEngine,
    SplitPlan,
    ThresholdRule,
    make_splits,
)
from topicdesk.prediction import fit_labeller as fit_labeller_of
from topicdesk.project import Project

SOURCE = str(Path(topicdesk.__file__).parent)
REFERENCE = Path(__file__).parents[1] / "docs" / "reference"


# --- What an entry consists of ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wrong:
    """A wrong value whose message names something else than the argument: a path, or what the command line calls it."""

    value: object
    named: str


@dataclass(frozen=True)
class Entry:
    """A call with right arguments, and wrong values of each parameter, or the reason why it has none."""

    right: dict[str, object]
    wrong: dict[str, Sequence[object]]
    #: What to call, if it is not the public name itself.
    call: Callable[..., object] | None = None
    #: Why the call with right arguments is left out.
    not_called: str = ""


# --- Wrong values -----------------------------------------------------------------------------------------------------

NUMBERS = [None, "2", True, 1.5, float("nan"), -1, [1]]
COUNTS = [*NUMBERS, 0]
N_JOBS = ["2", True, 1.5, 0, [1]]
SEEDS = [None, "0", True, 1.5, -1, 2**32, np.random.default_rng(0)]
FRACTIONS = [None, "0.5", True, float("nan"), -0.1, 1.1, [0.5]]
FLAGS = [None, "yes", 1, 0.0]
STRINGS = [None, 5, b"bytes", ["a"]]
LISTS_OF_STRINGS = ["courts", 5, [None], [1], [float("nan")]]
TABLES = [None, "table", [], {}, np.zeros((2, 2)), pd.DataFrame(), pd.DataFrame({"a": [1]})]
OBJECTS = [None, 5, "name", []]
PATHS = [None, 5, b"path", [], "", "z" * 300, "a/" * 3000]
#: Names of a file or folder that is written.
OUTPUTS = [*PATHS, "undecodable-\udcff"]
ENCODED = [*STRINGS, "half of a pair \ud83d"]
PROJECTS = ["project", 5, Path()]
DATASETS = [*OBJECTS, pd.DataFrame()]
ENGINES = ["dask", 5, DaskEngine]
TEXTS = [None, "one text", 5, [1, 2], [None, "a text"], ["a text", float("nan")], {"a": 1}]
HOW_TABLES_ARE_WRITTEN = {"header": True, "quote": "auto", "encoding": None}
WRONG_WAYS_TO_WRITE_TABLES = {
    "header": FLAGS,
    "quote": [*STRINGS, "single"],
    "encoding": [5, b"utf-8", [], "klingon", "rot13"],
}
CODES = [
    5, [], "1=World", {1.5: "World"}, {"1": 5}, {"1": ""}, {"1": "\udcff"}, pd.DataFrame(), pd.Series(["World"]),
]  # fmt: skip
KEYWORDS = [
    5,
    ["courts"],
    {"courts": "judge", "rail": ["train"]},
    {"courts": [1], "rail": ["a"]},
]

#: Reasons why a name has no entry.
RESULT = "a result, which topicdesk makes"


# --- Right values: a small newsroom -----------------------------------------------------------------------------------


class World:
    """A project with two sources of articles, and values made from it when they are first needed."""

    def __init__(self, root):
        self.root = root
        self.project = Project(root)
        articles, self.labels = newsroom_articles(60)
        self.labels["time"] = self.labels["note"] = ""
        self.articles = articles.assign(
            source=[("town.example", "coast.example")[row % 2] for row in range(60)],
            published=pd.date_range("2026-01-01", periods=60).astype("datetime64[us]"),
        )
        self.texts = self.articles["text"].tolist()
        for folder in ("labels", "corpora"):
            (root / "data" / folder).mkdir(parents=True)
        (root / "experiments").mkdir()
        self.project.sources.write_text("")
        self.taxonomy = root / "data" / "topics.toml"
        self.taxonomy.write_text(TAXONOMY)
        self.spec = root / "experiments" / "small.toml"
        self.spec.write_text(SPEC.replace("repeats = 2", "repeats = 1"))
        self.label_file = root / "data" / "labels" / "gold.csv"
        write_annotations(self.labels, self.label_file)
        write_annotations(self.labels.assign(topics=[("courts",)] * 60), self.label_file.with_name("ben.csv"))
        self.corpus = self.project.corpora / "newsroom.parquet"
        write_corpus(self.articles, self.corpus)
        self.table = root / "table.csv"
        self.articles[["title", "text"]].assign(topics=self.labels["topics"].map(";".join)).to_csv(
            self.table, index=False
        )
        self.unknown_format = root / "table.xlsx"
        self.unknown_format.write_text("")
        self.serial = 0

    @cached_property
    def files(self):
        """Wrong paths of a file that must exist."""
        return [
            *PATHS,
            Wrong(self.root / "missing.toml", "missing.toml"),
            Wrong(self.root / "data", str(self.root / "data")),
        ]

    def new(self, name):
        """Return a path at which nothing exists yet."""
        self.serial += 1
        return self.root / "new" / f"{self.serial}-{name}"

    @cached_property
    def dataset(self):
        return join_dataset("newsroom", self.articles, self.labels, tuple(PHRASES))

    @cached_property
    def plan(self):
        return ComparisonPlan((self.classifier,), splits=SplitPlan(folds=2), inner_folds=2, resamples=50)

    @cached_property
    def comparison(self):
        return evaluation.compare(self.dataset, self.plan, n_jobs=1)

    @property
    def classifier(self):
        return evaluation.classifier_named("multinomial-nb")

    @cached_property
    def splits(self):
        return make_splits(self.dataset, SplitPlan(folds=2), 0)[0]

    @cached_property
    def result(self):
        return topicdesk.run_experiment(self.spec, n_jobs=1)

    @cached_property
    def labeller(self):
        return fit_labeller_of(self.dataset, self.plan, self.classifier, n_jobs=1)

    @cached_property
    def audit(self):
        return evaluation.audit_sources(self.articles, resamples=10, n_jobs=1)

    @cached_property
    def wrong_splits(self):
        beyond = replace(self.splits[0], test=np.array([1000]))
        return [5, "splits", [], [1], [([0], [1])], [beyond]]


@pytest.fixture(scope="module")
def world(tmp_path_factory, empty_store):
    root = tmp_path_factory.mktemp("wrong") / "desk"
    root.mkdir()
    made = World(root)
    shutil.copy(empty_store, made.project.mlflow_database)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield made


# --- corpus -----------------------------------------------------------------------------------------------------------


def find_duplicates(world):
    return Entry(
        {"texts": world.texts, "threshold": 0.7},
        {"texts": TEXTS, "threshold": [None, "0.7", True, float("nan"), 0.4, 1.1, [0.7]]},
    )


def read_articles(world):
    return Entry(
        {
            "paths": [world.table],
            "columns": {"text": "text"},
            "source": "",
            "language": "",
            "without": (),
            "dates": "auto",
            "ids": "file",
            **HOW_TABLES_ARE_WRITTEN,
        },
        {
            "paths": [
                None,
                5,
                "table.csv",
                world.table,
                b"table.csv",
                [],
                [None],
                [5],
                [""],
                {"a": 1},
                Wrong([world.root / "missing.csv"], "missing.csv"),
                Wrong([world.unknown_format], "table.xlsx"),
            ],
            "columns": [
                5,
                "text",
                ["text"],
                {1: "text"},
                {"text": None},
                {"text": 5},
                {"txt": "text"},
                Wrong({"text": "body"}, "no column 'body' for text"),
            ],
            "source": ENCODED,
            "language": ENCODED,
            "without": [*LISTS_OF_STRINGS, None, ["take_off_menu"]],
            "dates": [*STRINGS, "us"],
            "ids": [*STRINGS, "none"],
            **WRONG_WAYS_TO_WRITE_TABLES,
        },
    )


def import_articles(world):
    reading = read_articles(world)
    return Entry(
        {**reading.right, "output": world.new("corpus.parquet")},
        {
            **reading.wrong,
            "output": [
                *OUTPUTS,
                Wrong(world.root / "data", str(world.root / "data")),
                Wrong(world.table / "a.parquet", "a.parquet"),
            ],
        },
    )


def parse_page(world):
    page = "Judge hears appeal\nThe court heard the appeal of three residents on Monday, and will rule in spring."
    return Entry(
        {"text": page, "source": "", "language": "", "url": "", "without": ()},
        {
            "text": [
                *STRINGS,
                Wrong("", "page has no headline"),
                Wrong("A headline", "page has a headline but no text"),
            ],
            "source": STRINGS,
            "language": STRINGS,
            "url": STRINGS,
            "without": [*LISTS_OF_STRINGS, None, ["take_off_menu"]],
        },
    )


def read_corpus(world):
    return Entry({"path": world.corpus}, {"path": [*world.files, Wrong(world.table, "table.csv")]})


def stored_corpus(world):
    return Entry(
        {"project": world.project, "name": "newsarticles"},
        {"project": [*PROJECTS, None], "name": [*STRINGS, "", Wrong("nwsarticles", "'nwsarticles'")]},
        not_called="needs a download",
    )


def plot_corpus(world):
    duplicates = duplicates_of(world.texts)
    return Entry(
        {"corpus": world.articles, "duplicates": duplicates},
        {
            "corpus": [*TABLES, world.articles.drop(columns="source"), world.articles.iloc[:0]],
            "duplicates": [*OBJECTS, duplicates.groups, duplicates_of(world.texts[:3])],
        },
    )


def summarise_corpus(world):
    return Entry(
        {"corpus": world.articles},
        {
            "corpus": [
                *TABLES,
                world.articles.drop(columns="source"),
                world.articles.iloc[:0],
                world.articles.assign(text=None),
            ]
        },
    )


# --- annotation -------------------------------------------------------------------------------------------------------


def make_dataset(world):
    table = world.articles
    return Entry(
        {
            "texts": table,
            "y": world.dataset.Y,
            "text": ["title", "text"],
            "topics": ["courts", "rail"],
            "separator": None,
            "groups": None,
            "ids": None,
            "sources": None,
            "dates": None,
            "samples": None,
            "sampling_weights": None,
            "name": "texts",
        },
        {
            "texts": [None, 5, "text", [], {}, pd.DataFrame()],
            "y": [
                None,
                5,
                "labels",
                [],
                world.dataset.Y[:5],
                np.full((60, 2), 2),
                np.full((60, 2), np.nan),
                Wrong(["courts"] * 60, "'courts'"),
                [None] * 60,
            ],
            "text": [5, "body", ["body"], [], [None], pd.NA, [pd.NA], pd.Series([1, 2])],
            "topics": ["courts", 5, [], ["courts"], ["courts", "courts"], [None, "rail"]],
            "separator": [5, ["a"], True],
            "groups": [5, "groups", [1, 2], "near-duplicate"],
            "ids": [5, "ids", [1, 2], [1] * 60, [None] * 60],
            "sources": [5, "sources", [1, 2]],
            "dates": [5, "dates", ["2026-01-01"], ["yesterday"] * 60],
            "samples": [5, "samples", [1, 2]],
            "sampling_weights": [5, "weights", [1, 2], [-1] * 60, [0] * 60, ["1"] * 60, [float("nan")] * 60],
            "name": [*STRINGS, ""],
        },
    )


def dataset_class(world):
    made = world.dataset
    values = {name: getattr(made, name) for name in inspect.signature(Dataset).parameters}
    by_article = [None, 5, "text", made.ids[:5]]
    return Entry(
        values,
        {
            "name": [*STRINGS, ""],
            "task": [*STRINGS, "multilabel", "multi-class"],
            "texts": [*TEXTS, made.texts[:5], []],
            "Y": [None, "labels", made.Y[:5], made.Y[:, 0], made.Y * 2, made.Y.tolist(), np.full((60, 2), np.nan)],
            "topics": [None, "courts", 5, ("courts",), ("courts", "courts"), ("courts", 1), ()],
            "ids": [*by_article, np.array(["a"] * 60)],
            "groups": [*by_article, np.array(["a"] * 60)],
            "samples": by_article,
            "sources": by_article,
            "dates": [*by_article, np.array(["a"] * 60)],
            "corpus_hash": [None, 5],
            "labels_hash": [None, 5],
            "warnings": [None, "a warning", 5, [1]],
            "fields": [None, 5, ["title"], {"title": ("a",)}, {1: made.texts}, {"title": "a" * 60}],
            "weights": [5, [1.0] * 60, np.ones(60, dtype=int), np.ones(5), np.zeros(60), np.full(60, -1.0)],
            "grouping": [*STRINGS, "", "story"],
            "drawn": [5, [True] * 60, np.ones(60, dtype=int), np.ones(5, dtype=bool)],
        },
        call=Dataset,
    )


def join_dataset_entry(world):
    return Entry(
        {
            "name": "newsroom",
            "corpus": world.articles,
            "annotations": world.labels,
            "topics": ["courts", "rail"],
            "text_fields": ("title", "text"),
            "task": "multi-label",
            "groups": "near-duplicates",
        },
        {
            "name": [*STRINGS, ""],
            "corpus": [*TABLES, world.articles.iloc[:0], world.articles.drop(columns="source")],
            "annotations": [
                *TABLES,
                world.labels.drop(columns="sample"),
                world.labels.iloc[:0],
                world.labels.assign(article_id="x"),
                pd.concat([world.labels, world.labels]),
                world.labels.assign(topics="courts"),
                Wrong(world.labels.assign(topics=[("court",)] * 60), "'court'"),
                Wrong(world.labels.assign(topics=[("courts",)] * 60), "'courts'"),
            ],
            "topics": [
                *LISTS_OF_STRINGS,
                None,
                [],
                ["courts", "courts"],
                ["courts"],
                Wrong(["courts", "rail", "sport"], "'sport'"),
            ],
            "text_fields": ["text", 5, None, [], [None], Wrong(["titel"], "'titel'"), ["published"]],
            "task": [*STRINGS, "multilabel", Wrong("multi-class", "multi-class")],
            "groups": [*STRINGS, "story"],
        },
    )


def read_taxonomy(world):
    return Entry({"path": world.taxonomy}, {"path": [*world.files, Wrong(world.label_file, "gold.csv")]})


def read_label_file(world):
    return Entry(
        {
            "path": world.label_file,
            "topics": ("courts", "rail"),
            "article_ids": world.labels["article_id"].tolist(),
            "reserved": (),
        },
        {
            "path": [*world.files, Wrong(world.taxonomy, "topics.toml")],
            "topics": [*LISTS_OF_STRINGS, None, Wrong(["courts"], "'rail'")],
            "article_ids": ["n1", 5, [None], Wrong(["n1"], "no article with id")],
            "reserved": ["n1", 5, None, [None], Wrong(["n1"], "reserved")],
        },
    )


def read_annotations(world):
    one = read_label_file(world)
    two = [world.label_file, world.label_file.with_name("ben.csv")]
    return Entry(
        {**{name: value for name, value in one.right.items() if name != "path"}, "paths": [world.label_file]},
        {
            "paths": [
                None,
                5,
                "gold.csv",
                world.label_file,
                [],
                [None],
                Wrong([world.root / "missing.csv"], "missing.csv"),
                Wrong(two, "gold.csv"),
            ],
            "topics": one.wrong["topics"],
            "article_ids": [*one.wrong["article_ids"], None],
            "reserved": one.wrong["reserved"],
        },
    )


def agreement(world):
    two = {"maria": world.labels, "ben": world.labels.assign(topics=[("courts",)] * 60)}
    return Entry(
        {"annotations": two, "topics": ["courts", "rail"], "resamples": 10, "random_state": 0},
        {
            "annotations": [
                None,
                5,
                [world.labels, world.labels],
                {},
                {"maria": world.labels},
                {1: world.labels, 2: world.labels},
                {"maria": world.labels, "ben": None},
                {"maria": world.labels, "ben": pd.DataFrame()},
                {"maria": world.labels, "ben": world.labels.assign(article_id="other")},
                {"maria": world.labels, "ben": world.labels.assign(topics="courts")},
                {"maria": world.labels, "ben": pd.concat([world.labels] * 2)},
            ],
            "topics": [*LISTS_OF_STRINGS, None, []],
            "resamples": COUNTS,
            "random_state": SEEDS,
        },
    )


def disagreements(world):
    tables = [
        *TABLES,
        world.labels.drop(columns="topics"),
        world.labels.assign(topics="courts"),
        pd.concat([world.labels] * 2),
    ]
    return Entry({"first": world.labels, "second": world.labels}, {"first": tables, "second": tables})


def prevalence(world):
    return Entry(
        {"annotations": world.labels, "topics": ["courts", "rail"], "sample": "random"},
        {
            "annotations": [
                *TABLES,
                world.labels.drop(columns="sample"),
                world.labels.iloc[:0],
                world.labels.assign(topics="courts"),
            ],
            "topics": [*LISTS_OF_STRINGS, None, []],
            "sample": [*STRINGS, "rndom"],
        },
    )


def sampling_weights(world):
    labels = world.labels
    return Entry(
        {"annotations": labels.assign(draw=1, stratum_size=120)},
        {
            "annotations": [
                *TABLES,
                labels.drop(columns="sample"),
                labels.assign(draw=0),
                labels.assign(stratum_size=5),
                labels.assign(inclusion_probability="often"),
            ]
        },
    )


def effective_size(world):
    return Entry({"weights": [1, 2]}, {"weights": [None, "weights", ["a"], [-1], [float("nan")], [[1]]]})


def adjudicate(world):
    names = [None, 5, "", "../gold", Wrong("golden", "golden.csv")]
    return Entry(
        {
            "first": "gold",
            "second": "ben",
            "corpus": world.articles,
            "topics": world.taxonomy,
            "annotator": "maria",
            "project": world.project,
        },
        {
            "first": [*names, "ben"],
            "second": names,
            "corpus": [
                None,
                5,
                [],
                pd.DataFrame(),
                "",
                Wrong("newsrom", "'newsrom'"),
                Wrong("missing.parquet", "missing.parquet"),
                world.articles.iloc[:5],
            ],
            "topics": [None, 5, [], "", Wrong("missing.toml", "missing.toml"), ["courts"]],
            "annotator": [None, 5, "", "Maria B.", "../maria"],
            "project": PROJECTS,
        },
    )


def annotation_widget(world):
    session = topicdesk.adjudicate("gold", "ben", world.articles, world.taxonomy, "maria", world.project).session
    return Entry(
        {"session": session, "highlight": ["judge"]}, {"session": OBJECTS, "highlight": [*LISTS_OF_STRINGS, None, [""]]}
    )


# --- project, doctor, starter -----------------------------------------------------------------------------------------


def project_class(world):
    return Entry({"root": world.root}, {"root": PATHS})


def find_project(world):
    return Entry(
        {"start": world.root},
        {"start": [None, 5, b"path", [], "a\0b", Wrong(world.root.parent, str(world.root.parent))]},
    )


def diagnose(world):
    return Entry({"start": world.root}, {"start": PATHS})


def create_project(world):
    return Entry(
        {
            "folder": world.new("desk"),
            "table": world.table,
            "text": "text",
            "labels": "topics",
            "separator": ";",
            "codes": {"1": "World"},
            "annotator": "maria",
            **HOW_TABLES_ARE_WRITTEN,
        },
        {
            "folder": [*OUTPUTS, Wrong(world.table, "table.csv"), Wrong(world.root, str(world.root))],
            "table": [
                5,
                b"table",
                [],
                "",
                Wrong("missing.csv", "missing.csv"),
                Wrong(world.unknown_format, "table.xlsx"),
                Wrong(world.root / "data", str(world.root / "data")),
            ],
            "text": [5, "", [], [None], Wrong("body", "'body'"), Wrong(["titel", "text"], "'titel'")],
            "labels": [5, [], "", Wrong("topic", "'topic'")],
            "separator": [5, [], True],
            "codes": CODES,
            "annotator": [None, 5, "", "Maria B."],
            **WRONG_WAYS_TO_WRITE_TABLES,
        },
    )


def read_table(world):
    return Entry(
        {
            "path": world.table,
            "column": "topics",
            "separator": ";",
            "codes": {"1": "World"},
            "columns": {"text": "text"},
            **HOW_TABLES_ARE_WRITTEN,
        },
        {
            "path": [
                *PATHS,
                Wrong("missing.csv", "missing.csv"),
                Wrong(world.unknown_format, "table.xlsx"),
            ],
            "column": [5, [], "", Wrong("topic", "'topic'"), Wrong("topics,text2", "'text2'")],
            "separator": [5, [], True],
            "codes": CODES,
            "columns": [
                5,
                ["text"],
                {1: "text"},
                {"text": None},
                {"txt": "text"},
                Wrong({"text": "body"}, "no column 'body' for text"),
            ],
            **WRONG_WAYS_TO_WRITE_TABLES,
        },
    )


def read_labels(world):
    reading = read_table(world)
    return Entry(
        {**reading.right, "corpus": None, "annotator": "maria"},
        {
            **reading.wrong,
            "corpus": [table for table in TABLES if table is not None],
            "annotator": [None, 5, "", "Maria B."],
        },
    )


# --- experiment -------------------------------------------------------------------------------------------------------


def read_spec(world):
    return Entry(
        {"path": world.spec, "project": world.project},
        {"path": [*world.files, Wrong(world.taxonomy, "topics.toml")], "project": PROJECTS},
    )


def load_dataset(world):
    return Entry(
        {"project": world.project, "spec": topicdesk.read_spec(world.spec), "corpus": "data/corpora/newsroom.parquet"},
        {
            "project": [*PROJECTS, None],
            "spec": [*OBJECTS, world.spec],
            "corpus": [*STRINGS, "", "newsrom", "data/corpora/other.parquet"],
        },
    )


def run_experiment(world):
    return Entry(
        {
            "spec_file": world.spec,
            "n_jobs": 1,
            "engine": None,
            "resume": False,
            "project": world.project,
            "corpora": None,
        },
        {
            "spec_file": world.files,
            "n_jobs": N_JOBS,
            "engine": ENGINES,
            "resume": FLAGS,
            "project": PROJECTS,
            "corpora": ["newsroom", 5, [], [None], ["newsrom"]],
        },
    )


def queue_for(world):
    return Entry(
        {"spec_file": world.spec, "count": 5, "mix": {"random": 1.0}, "random_state": 0},
        {
            "spec_file": world.files,
            "count": COUNTS,
            "mix": [
                5,
                "random",
                ["random"],
                {},
                {1: 1.0},
                {"rndom": 1.0},
                {"random": "1"},
                {"random": -1.0},
                {"random": float("nan")},
                {"random": True},
            ],
            "random_state": SEEDS,
        },
    )


def suspects_of(world):
    return Entry(
        {"spec_file": world.spec, "classifier": "linear-svm", "n_jobs": 1},
        {"spec_file": world.files, "classifier": [5, [], "", Wrong("linear-svc", "'linear-svc'")], "n_jobs": N_JOBS},
    )


def effect_of(world):
    topics = [None, 5, ["n1"], {1: ["courts"]}, {"n1": "courts"}, {"n1": None}, {"n1": ["court"]}, {"x1": ["courts"]}]
    return Entry(
        {
            "spec_file": world.spec,
            "decisions": {"n1": ["courts"]},
            "classifier": "linear-svm",
            "n_jobs": 1,
            "before": None,
        },
        {
            "spec_file": world.files,
            "decisions": topics,
            "classifier": [5, [], "", Wrong("linear-svc", "'linear-svc'")],
            "n_jobs": N_JOBS,
            "before": topics[1:],
        },
    )


def second_look(world):
    suspects = pd.DataFrame({"article_id": ["n1"], "topic": ["courts"], "probability": [0.9]})
    return Entry(
        {"spec_file": world.spec, "suspects": suspects, "annotator": "maria"},
        {
            "spec_file": world.files,
            "suspects": [
                *TABLES,
                suspects.drop(columns="topic"),
                suspects.assign(article_id="x1"),
                suspects.assign(probability="high"),
            ],
            "annotator": [None, 5, "", "Maria B."],
        },
    )


def rules_of(world):
    return Entry({"spec_file": world.spec}, {"spec_file": world.files})


def weak_labels(world):
    return Entry(
        {"spec_file": world.spec, "method": "majority"}, {"spec_file": world.files, "method": [*STRINGS, "", "mean"]}
    )


def verify_experiment(world):
    return Entry(
        {"result": world.result, "tolerance": 0.0},
        {"result": OBJECTS, "tolerance": [None, "0", True, -0.1, float("nan"), [0]]},
        not_called="there is no results lock",
    )


def review_experiment(world):
    return Entry(
        {"result": world.result, "n_jobs": 1, "lock_is_new": False},
        {"result": OBJECTS, "n_jobs": [*N_JOBS, None], "lock_is_new": FLAGS},
    )


def log_experiment(world):
    return Entry(
        {"result": world.result, "n_jobs": 1, "reviews": None},
        {"result": OBJECTS, "n_jobs": [*N_JOBS, None], "reviews": [5, "reviews", [], [1]]},
        not_called="tests/experiment/test_reproducing.py logs one",
    )


def reproduce_run(world):
    return Entry(
        {"project": world.project, "run_id": "0" * 32, "n_jobs": 1, "tolerance": 0.0},
        {
            "project": [*PROJECTS, None],
            "run_id": [*STRINGS, "", Wrong("nope", "no run 'nope'")],
            "n_jobs": N_JOBS,
            "tolerance": [None, "0", True, -0.1, float("nan"), [0]],
        },
        not_called="nothing is logged",
    )


def compare_runs(world):
    return Entry(
        {"project": world.project, "first": "0" * 32, "second": "1" * 32, "classifier": None},
        {
            "project": [*PROJECTS, None],
            "first": [*STRINGS, "", Wrong("nope", "no run 'nope'")],
            "second": [*STRINGS, ""],
            "classifier": [5, [], ""],
        },
        not_called="nothing is logged",
    )


def errors_of(world):
    return Entry(
        {"experiment": "0" * 32, "classifier": None, "annotators": (), "project": world.project},
        {
            "experiment": [*PATHS, Wrong("nope", "no run 'nope'"), Wrong(world.root / "missing.toml", "missing.toml")],
            "classifier": [5, [], ""],
            "annotators": [*LISTS_OF_STRINGS, None, Wrong(["../gold"], "../gold")],
            "project": PROJECTS,
        },
        not_called="nothing is logged",
    )


# --- tracking ---------------------------------------------------------------------------------------------------------


def list_runs(world):
    return Entry(
        {"project": world.project, "experiment": None},
        {"project": PROJECTS, "experiment": [5, [], "", "topic"]},
    )


def read_run(world):
    return Entry(
        {"run_id": "0" * 32, "project": world.project},
        {"project": PROJECTS, "run_id": [*STRINGS, "", Wrong("nope", "no run 'nope'")]},
        not_called="nothing is logged",
    )


def load_labeller(world):
    return Entry(
        {"model": world.root / "data", "project": world.project, "trust": ()},
        {
            "model": [
                *PATHS,
                Wrong("nope", "no model 'nope'"),
                Wrong(world.root / "missing", "missing"),
                Wrong(world.root / "data", str(world.root / "data")),
                Wrong(world.table, "table.csv"),
            ],
            "project": PROJECTS,
            "trust": ["mine.Estimator", 5, None, [None], [5]],
        },
        not_called="tests/tracking/test_models.py loads one",
    )


# --- evaluation -------------------------------------------------------------------------------------------------------


def bootstrap_interval(world):
    y, Y = np.array(["courts", "rail"] * 20), world.dataset.Y
    arrays = [
        None,
        5,
        "courts",
        [],
        y[:5],
        Y,
        [None] * 40,
        [float("nan")] * 40,
        [["a"], ["a", "b"]],
        np.zeros((40, 2, 2)),
        [1, "a"] * 20,
    ]
    return Entry(
        {
            "y_true": y,
            "y_pred": y,
            "metric": "macro_f1",
            "groups": None,
            "n_resamples": 10,
            "confidence": 0.95,
            "random_state": 0,
        },
        {
            "y_true": arrays,
            "y_pred": arrays,
            "metric": [None, 5, "", "macro-f1", "macro_roc_auc", lambda true, predicted: "high"],
            "groups": [5, "groups", [], [1, 2], [None] * 40, Y],
            "n_resamples": COUNTS,
            "confidence": [*FRACTIONS, 0, 1],
            "random_state": SEEDS,
        },
    )


def corrected_t_test(world):
    return Entry(
        {"differences": [0.1, 0.2, 0.1], "test_to_train": 0.25},
        {
            "differences": [None, "0.1", ["a", "b"], [[0.1]], [float("inf"), 0.1], 0.1, [None, "a"]],
            "test_to_train": [None, "0.25", True, -1, float("nan"), float("inf"), [0.25]],
        },
    )


def near_duplicate_groups(world):
    return find_duplicates(world)


def story_groups(world):
    return Entry(
        {"texts": world.texts, "threshold": 0.3},
        {"texts": TEXTS, "threshold": [None, "0.3", True, float("nan"), 0.04, 1.1, [0.3]]},
    )


def find_stories(world):
    groups = story_groups(world)
    return Entry({**groups.right, "largest": 0.1}, {**groups.wrong, "largest": [*FRACTIONS, 0]})


def splitter(world):
    Y = world.dataset.Y

    def split(n_splits, random_state, X=Y, y=Y, groups=None):
        return list(topicdesk.MultilabelStratifiedGroupKFold(n_splits, random_state=random_state).split(X, y, groups))

    return Entry(
        {"n_splits": 2, "random_state": 0},
        {"n_splits": [*COUNTS, 1, 61], "random_state": [value for value in SEEDS if value is not None]},
        call=split,
    )


def splitter_split(world):
    Y = world.dataset.Y
    return Entry(
        {"X": Y, "y": Y, "groups": None},
        {
            "X": [None, 5, Y[:5], []],
            "y": [None, 5, Y[:5], Y * 2, [["a"], ["a", "b"]] * 30, [None] * 60, [1.5] * 60],
            "groups": [5, "groups", [1, 2], [None] * 60, Y],
        },
        call=lambda X, y, groups: list(topicdesk.MultilabelStratifiedGroupKFold(2).split(X, y, groups)),
    )


def split_plan(world):
    return Entry(
        {"scheme": "stratified", "folds": 5, "repeats": 1},
        {"scheme": [*STRINGS, "", "stratifed"], "folds": [*COUNTS, 1], "repeats": COUNTS},
    )


def threshold_rule(world):
    costs = ["1", True, 0, -1, float("nan"), float("inf"), [1]]
    return Entry(
        {"precision": None, "false_positive": 1.0, "false_negative": 1.0, "f1": None},
        {
            "f1": ["observd", 1, True, ["expected"], "expected", "observed"],  # the last two: not together with costs
            "precision": [0.9, "0.9", True, 0, 1.1, float("nan"), [1]],
            "false_positive": [None, *costs],
            "false_negative": [None, *costs],
        },
    )


def decision_rule(world):
    return Entry(
        {
            "threshold": ThresholdRule(),
            "calibration": "platt",
            "automation_precision": 0.95,
            "automation_confidence": 0.9,
        },
        {
            "threshold": [*OBJECTS, 0.5],
            "calibration": [*STRINGS, "", "plat"],
            "automation_precision": [*FRACTIONS, 0],
            "automation_confidence": [*FRACTIONS, 0, 1],
        },
    )


def comparison_plan(world):
    return Entry(
        {name: getattr(world.plan, name) for name in inspect.signature(ComparisonPlan).parameters},
        {
            "classifiers": [*OBJECTS, ("linear-svm",), (world.classifier, world.classifier), LogisticRegression()],
            "settings": [*OBJECTS, (5,), ({"min_df": 2},)],
            "splits": [*OBJECTS, 5],
            "inner_folds": [*COUNTS, 1],
            "metric": [*STRINGS, "", "macro-f1", "hamming_loss"],
            "decision_rule": [*OBJECTS, ThresholdRule()],
            "search": [*STRINGS, "", "halve"],
            "representative": [5, [], True, "all", "corpus"],
            "resamples": NUMBERS,
            "rope": [*FRACTIONS],
            "random_state": SEEDS,
            "baselines": [5, "majority", [5]],
        },
    )


def dask_engine(world):
    return Entry(
        {"scheduler": "tcp://127.0.0.1:1", "patience": 1.0},
        {"scheduler": [*STRINGS, ""], "patience": [None, "1", True, 0, -1, float("nan"), [1]]},
    )


def classifier_named(world):
    return Entry(
        {"name": "linear-svm"}, {"name": [Wrong(value, "classifier") for value in ("", "linear-svc")] + STRINGS}
    )


def own_classifier(world):
    estimator = LogisticRegression()
    return Entry(
        {"name": "mine", "estimator": estimator, "folder": None},
        {
            "name": [*STRINGS, "", "a\nb", Wrong("linear-svm", "name")],
            "estimator": [None, 5, "", [], LogisticRegression, "nowhere:Nothing", "json:loads", object()],
            "folder": [5, [], b"path", "", Wrong(world.root / "missing", "missing"), Wrong(world.table, "table.csv")],
        },
    )


def study(world, **more):
    """Return the entry of a function that evaluates one classifier on a dataset."""
    extra_right, extra_wrong = more.pop("right", {}), more.pop("wrong", {})
    return Entry(
        {
            "dataset": world.dataset,
            "plan": world.plan,
            "classifier": world.classifier,
            "splits": world.splits,
            "keywords": PHRASES,
            "n_jobs": 1,
            "engine": None,
            **extra_right,
        },
        {
            "dataset": DATASETS,
            "plan": OBJECTS,
            "classifier": [*OBJECTS, LogisticRegression()],
            "splits": world.wrong_splits,
            "keywords": KEYWORDS,
            "n_jobs": [*N_JOBS, None],
            "engine": ENGINES,
            **extra_wrong,
        },
        **more,
    )


def ablate(world):
    return study(world)


def audit_stories(world):
    entry = study(world)
    return replace(
        entry,
        right={name: value for name, value in entry.right.items() if name != "splits"},
        wrong={name: values for name, values in entry.wrong.items() if name != "splits"},
    )


def learning_curve(world):
    return study(world, right={"sizes": 4}, wrong={"sizes": [*COUNTS, 3, 60]})


def compare(world):
    data = make_dataset(world)
    taken = (
        "texts", "y", "text", "topics", "separator", "groups", "sources", "dates", "samples", "sampling_weights",
    )  # fmt: skip
    cv = [None, "5", True, 1.5, 1, 0, [], [(1, 2)], [([0, 1], [1])], [([0], [99])], [([0], [])]]
    return Entry(
        {
            **{name: data.right[name] for name in taken},
            "classifiers": ["multinomial-nb"],
            "features": None,
            "cv": 2,
            "n_repeats": 1,
            "inner_cv": 2,
            "representative": None,
            "metric": "macro_f1",
            "decision_rule": None,
            "search": "grid",
            "n_resamples": 10,
            "rope": 0.01,
            "keywords": PHRASES,
            "random_state": 0,
            "n_jobs": 1,
            "engine": None,
            "checkpoints": None,
        },
        {
            **{name: data.wrong[name] for name in taken},
            "classifiers": [
                None, 5, "linear-svm", [], [5], [None], [("a", 5)],
                [LogisticRegression], ["ridge", "ridge"], {"mine": 5}, {"ridge"},
            ],
            "features": [5, "words", [], [5], {"min_df": 2}],
            "cv": cv,
            "n_repeats": COUNTS,
            "inner_cv": [*COUNTS, 1],
            "representative": [5, [], "", Wrong("nope", "nope")],
            "metric": [*STRINGS, "", "f1_macro", "hamming_loss"],
            "decision_rule": [5, "f1", ThresholdRule()],
            "search": [*STRINGS, "", "random"],
            "n_resamples": [Wrong(value, "resamples") for value in NUMBERS],
            "rope": FRACTIONS,
            "keywords": KEYWORDS,
            "random_state": SEEDS,
            "n_jobs": [*N_JOBS, None],
            "engine": ENGINES,
            "checkpoints": [5, [], b"path", "", *OUTPUTS[-3:], Wrong(world.table, "table.csv")],
        },
    )  # fmt: skip


def topic_classifier(world):
    """Parameters are checked by `fit`, as in scikit-learn."""
    data = make_dataset(world)

    def fit(**parameters):
        return topicdesk.TopicClassifier(**parameters).fit(world.articles, world.dataset.Y, groups=None)

    return Entry(
        {
            "classifier": "multinomial-nb",
            "features": None,
            "text": ["title", "text"],
            "topics": ["courts", "rail"],
            "separator": None,
            "inner_cv": 2,
            "metric": "macro_f1",
            "decision_rule": None,
            "keywords": None,
            "n_jobs": 1,
            "random_state": 0,
        },
        {
            "classifier": [None, 5, [], LogisticRegression, ("a", 5), Wrong("linear-svc", "linear-svm")],
            "features": [5, "words", [], [5]],
            "text": data.wrong["text"],
            "topics": data.wrong["topics"],
            "separator": data.wrong["separator"],
            "inner_cv": [*COUNTS, 1],
            "metric": [*STRINGS, "", "f1_macro"],
            "decision_rule": [5, "f1"],
            "keywords": KEYWORDS,
            "n_jobs": [*N_JOBS, None],
            "random_state": SEEDS,
        },
        call=fit,
    )


def topic_classifier_fit(world):
    data = make_dataset(world)

    def fit(X, y, groups, unlabelled):
        model = topicdesk.TopicClassifier("multinomial-nb", topics=["courts", "rail"], inner_cv=2, n_jobs=1)
        return model.fit(X, y, groups, unlabelled)

    return Entry(
        {"X": world.texts, "y": world.dataset.Y, "groups": None, "unlabelled": None},
        {
            "X": [Wrong(value, "texts") for value in (None, 5, "text", [], {}, world.texts[:5], [None] * 60, [5] * 60)],
            "y": [value for value in data.wrong["y"] if not isinstance(value, str)],
            "groups": data.wrong["groups"],
            "unlabelled": [5, 1.5, {1}, pd.DataFrame({"body": ["a"]})],
        },
        call=fit,
    )


def load_model(world):
    entry = load_labeller(world)
    wrong = {name: entry.wrong[name] for name in ("model", "trust")}
    return Entry(
        {"model": world.root / "data", "trust": ()}, wrong, not_called="tests/interface/test_model.py loads one"
    )


def features(world):
    return Entry(
        {name: getattr(topicdesk.Features(), name) for name in inspect.signature(topicdesk.Features).parameters},
        {
            "analyzer": [None, 5, "words", [], ["word", 5]],
            "ngram_range": [None, 2, "1", (2, 1), (0, 1), [], [(1, 1), 2], (1.0, 2)],
            "lowercase": [*FLAGS, []],
            "strip_accents": [5, "all", []],
            "stop_words": [5, "german", []],
            "min_df": [None, "2", True, 0, 1.5, float("nan"), -1, []],
            "max_df": [None, "2", True, 0, 1.5, float("nan"), -1, []],
            "max_features": ["2", True, 0, 1.5, -1, []],
            "binary": [*FLAGS, []],
            "sublinear_tf": [*FLAGS, []],
            "use_idf": [*FLAGS, []],
            "smooth_idf": [*FLAGS, []],
            "norm": [5, "max", []],
            "stemmer": [5, True, "klingon", []],
            "lead": ["2", True, 0, 1.5, -1, []],
            "chi2": ["2", True, 0, 1.5, -1, []],
            "field_weights": [5, "title", {}, {"title": 0}, {"title": "2"}, ["title"], []],
            "blocks": [5, "lead", ["lead"], {"lead": 600}, {1: {}}, {"lead": {"lead": 0}}, {"lead": {"weight": -1}}],
        },
    )


def fit_labeller(world):
    entry = study(world)
    right, wrong = ({k: v for k, v in part.items() if k != "splits"} for part in (entry.right, entry.wrong))
    return Entry({**right, "unlabelled": None}, {**wrong, "unlabelled": [5, 1.5, {1}, pd.DataFrame({"body": ["a"]})]})


def audit_sources(world):
    return Entry(
        {
            "corpus": world.articles,
            "text_fields": ("title", "text"),
            "n_terms": 3,
            "resamples": 10,
            "random_state": 0,
            "n_jobs": 1,
        },
        {
            "corpus": [
                *TABLES,
                world.articles.drop(columns="source"),
                world.articles.iloc[:0],
                Wrong(world.articles.assign(source="one"), "sources"),
            ],
            "text_fields": ["text", 5, None, [], [None], ["titel"], ["published"]],
            "n_terms": COUNTS,
            "resamples": COUNTS,
            "random_state": SEEDS,
            "n_jobs": [*N_JOBS, None],
        },
    )


def audit_topics(world):
    one_source = replace(world.dataset, sources=np.array(["one"] * 60, dtype=object))
    return Entry(
        {"dataset": world.dataset, "resamples": 10, "random_state": 0, "n_jobs": 1},
        {
            "dataset": [*DATASETS, Wrong(one_source, "source")],
            "resamples": COUNTS,
            "random_state": SEEDS,
            "n_jobs": [*N_JOBS, None],
        },
    )


def leaderboard(world):
    rows = [("a", "all", metric, 0.5, 0.4, 0.6, 0.0, 0.0, 0.0) for metric in ("macro_f1", "subset_accuracy")]
    behind = ["difference_from_best", "difference_from_best_low", "difference_from_best_high"]
    scores = pd.DataFrame(rows, columns=["classifier", "sample", "metric", "value", "low", "high", *behind])
    return Entry(
        {"scores": scores, "metric": "macro_f1", "significance": None, "also": ("subset_accuracy",)},
        {
            "scores": [*TABLES, scores.drop(columns="low"), scores.iloc[:0]],
            "metric": [*STRINGS, "", "macro-f1"],
            "significance": [5, "table", [], {}, pd.DataFrame({"a": [1]})],
            "also": ["subset_accuracy", None, 5, [None], ["accuracy"]],
        },
    )


def plot_critical_difference(world):
    scores = pd.DataFrame(np.arange(12).reshape(4, 3) % 5, columns=["a", "b", "c"], dtype=float)
    return Entry({"scores": scores}, {"scores": [*TABLES, scores.astype(str), scores[["a", "b"]], scores * np.nan]})


def plot_leakage(world):
    return Entry(
        {"sources": world.audit, "topics": None},
        {"sources": [*OBJECTS, pd.DataFrame()], "topics": [5, "topics", pd.DataFrame(), world.audit]},
    )


# --- prediction -------------------------------------------------------------------------------------------------------


def label_files(world):
    return Entry(
        {
            "labeller": world.labeller,
            "inputs": [world.table],
            "output": world.new("labelled.csv"),
            "columns": None,
            "explain": 0,
            "prefix": "label_",
            "clean": False,
            "formulas": "escape",
            "n_jobs": 1,
            "engine": None,
        },
        {
            "labeller": OBJECTS,
            "inputs": read_articles(world).wrong["paths"],
            "output": [
                *PATHS,
                Wrong(world.new("labelled.xlsx"), "labelled.xlsx"),
                Wrong(world.table / "a.csv", "a.csv"),
            ],
            "columns": [
                5,
                "text",
                ["text"],
                {1: "text"},
                {"text": None},
                {"txt": "text"},
                Wrong({"text": "body"}, "no column 'body' for text"),
            ],
            "explain": NUMBERS,
            "prefix": STRINGS,
            "clean": FLAGS,
            "formulas": [None, 5, "", "drop"],
            "n_jobs": [*N_JOBS, None],
            "engine": ENGINES,
        },
    )


def error_kinds(world):
    labels = pd.DataFrame({"article_id": ["n1"], "topic": ["courts"]})
    return Entry(
        {
            "comparison": world.comparison,
            "classifier": "multinomial-nb",
            "taxonomy": None,
            "keywords": None,
            "disputed": labels,
            "titles": None,
        },
        {
            "comparison": OBJECTS,
            "classifier": [5, [], "", "naive-bayes"],
            "taxonomy": [5, "topics.toml", []],
            "keywords": KEYWORDS[:4],
            "disputed": [table for table in TABLES if table is not None],
            "titles": [5, "title", [], ["a"], [5] * 60],
        },
    )


def measure_drift(world):
    return Entry(
        {"reference": world.labeller, "articles": world.articles, "text": None, "random_state": 0},
        {
            "reference": OBJECTS,
            "articles": [*TABLES, world.articles.drop(columns=["title", "text"]), world.articles.iloc[:5]],
            "text": [5, "text", ["text"]],
            "random_state": SEEDS,
        },
    )


def annotate(world):
    return Entry(
        {
            "corpus": world.articles,
            "topics": ["courts", "rail"],
            "annotator": None,
            "queue": None,
            "highlight": (),
            "project": None,
            "random_state": 0,
            "practice": False,
            "text": ["title", "text"],
            "id": None,
            "save": None,
        },
        {
            "corpus": [None, 5, {}, "newsroom"],
            "topics": [None, 5, [], "courts", ["courts", "courts"], [None], {"courts": 5}],
            "annotator": [5, [], "", "../ben"],
            "queue": [5, "queue", [], pd.DataFrame({"a": [1]})],
            "highlight": ["word", 5, [None], [""]],
            "project": PROJECTS,
            "random_state": SEEDS,
            "practice": [None, "yes", 1, True],
            "text": [5, "body", ["body"], []],
            "id": [5, "identity", ["id"], "source"],
            "save": [5, [], b"path", "", Wrong(world.table, "table.csv")],
        },
    )


def draw_queue(world):
    Y = world.dataset.Y
    return Entry(
        {
            "texts": world.texts,
            "count": 5,
            "strategy": "uncertain",
            "random_state": 0,
            "probabilities": np.full((60, 2), 0.4),
            "features": None,
            "votes": None,
            "labelled": None,
            "y": None,
            "topics": None,
            "ids": None,
            "task": None,
            "text": None,
            "draw": None,
        },
        {
            "texts": [None, 5, "one text", {}],
            "count": NUMBERS,
            "strategy": [None, 5, "", "uncertainty", {}, {"random": -1}, {"uncertainty": 1}, ["random"]],
            "random_state": SEEDS,
            "probabilities": [None, 5, "p", np.full((5, 2), 0.4), np.full((60, 2), 2.0), np.full((60, 2), np.nan)],
            "features": [5, "features", np.zeros((5, 2))],
            "votes": [5, "votes", np.zeros((5, 2, 2))],
            "labelled": [5, "labelled", [True] * 5, [2] * 60, [99]],
            "y": [5, "y", Y[:5], [None] * 60],
            "topics": ["courts", 5, [None], ["courts", "courts"]],
            "ids": [5, "ids", [1, 2], ["a"] * 60],
            "task": [5, "multilabel", "", pd.NA, pd.Series([1, 2])],
            "text": [5, "body", ["body"]],
            "draw": [value for value in COUNTS if value is not None],
        },
    )


def suspect_labels(world):
    data = make_dataset(world)
    return Entry(
        {
            "texts": world.articles,
            "y": world.dataset.Y,
            "probabilities": None,
            "topics": ["courts", "rail"],
            "ids": None,
            "task": None,
            "text": ["title", "text"],
            "separator": None,
            "cv": 2,
            "random_state": 0,
        },
        {
            "texts": [5, "text", [], {}, world.texts[:5], Wrong(None, "texts")],
            "y": [value for value in data.wrong["y"] if not isinstance(value, Wrong)],
            "probabilities": [5, "p", np.full((5, 2), 0.4), np.full((60, 2), 2.0), np.full((60, 2), np.nan)],
            "topics": data.wrong["topics"],
            "ids": data.wrong["ids"],
            "task": [5, "multilabel", "", pd.NA, pd.Series([1, 2])],
            "text": data.wrong["text"],
            "separator": data.wrong["separator"],
            "cv": [*COUNTS, 1],
            "random_state": SEEDS,
        },
    )


# --- The table --------------------------------------------------------------------------------------------------------

#: Entry of each public name, or the reason why its arguments cannot be wrong. `NAME.method` adds a method.
ENTRIES = {
    "adjudicate": adjudicate,
    "agreement": agreement,
    "annotate": annotate,
    "bootstrap_interval": bootstrap_interval,
    "compare": compare,
    "Comparison": RESULT,
    "corrected_t_test": corrected_t_test,
    "create_project": create_project,
    "draw_queue": draw_queue,
    "Features": features,
    "find_project": find_project,
    "import_articles": import_articles,
    "label_files": label_files,
    "list_runs": list_runs,
    "load_dataset": load_dataset,
    "load_model": load_model,
    "log_experiment": log_experiment,
    "make_dataset": make_dataset,
    "measure_drift": measure_drift,
    "MultilabelStratifiedGroupKFold": splitter,
    "MultilabelStratifiedGroupKFold.split": splitter_split,
    "near_duplicate_groups": near_duplicate_groups,
    "parse_page": parse_page,
    "read_articles": read_articles,
    "read_corpus": read_corpus,
    "read_labels": read_labels,
    "read_table": read_table,
    "read_run": read_run,
    "read_spec": read_spec,
    "read_taxonomy": read_taxonomy,
    "run_experiment": run_experiment,
    "suspect_labels": suspect_labels,
    "TopicClassifier": topic_classifier,
    "TopicClassifier.fit": topic_classifier_fit,
    "TopicdeskError": "an error, which users catch and topicdesk raises",
    "verify_experiment": verify_experiment,
    "annotation.Dataset": dataset_class,
    "annotation.disagreements": disagreements,
    "annotation.effective_size": effective_size,
    "annotation.join_dataset": join_dataset_entry,
    "annotation.prevalence": prevalence,
    "annotation.read_annotations": read_annotations,
    "annotation.read_label_file": read_label_file,
    "annotation.sampling_weights": sampling_weights,
    "annotation.widget.AnnotationWidget": annotation_widget,
    "corpus.find_duplicates": find_duplicates,
    "corpus.find_stories": find_stories,
    "corpus.plot_corpus": plot_corpus,
    "corpus.stored_corpus": stored_corpus,
    "corpus.story_groups": story_groups,
    "corpus.summarise_corpus": summarise_corpus,
    "diagnose": diagnose,
    "evaluation.ablate": ablate,
    "evaluation.audit_sources": audit_sources,
    "evaluation.audit_stories": audit_stories,
    "evaluation.audit_topics": audit_topics,
    "evaluation.classifier_named": classifier_named,
    "evaluation.ComparisonPlan": comparison_plan,
    "evaluation.DaskEngine": dask_engine,
    "evaluation.DecisionRule": decision_rule,
    "evaluation.leaderboard": leaderboard,
    "evaluation.learning_curve": learning_curve,
    "evaluation.own_classifier": own_classifier,
    "evaluation.plot_critical_difference": plot_critical_difference,
    "evaluation.plot_leakage": plot_leakage,
    "evaluation.SplitPlan": split_plan,
    "evaluation.ThresholdRule": threshold_rule,
    "experiment.compare_runs": compare_runs,
    "experiment.effect_of": effect_of,
    "experiment.errors_of": errors_of,
    "experiment.queue_for": queue_for,
    "experiment.reproduce_run": reproduce_run,
    "experiment.review_experiment": review_experiment,
    "experiment.rules_of": rules_of,
    "experiment.second_look": second_look,
    "experiment.suspects_of": suspects_of,
    "experiment.weak_labels": weak_labels,
    "prediction.error_kinds": error_kinds,
    "prediction.ErrorKinds": RESULT,
    "prediction.fit_labeller": fit_labeller,
    "project.Project": project_class,
    "starter.NewProject": RESULT,
    "tracking.load_labeller": load_labeller,
}


#: Calls with right arguments that take more than a second.
SLOW = {
    "TopicClassifier", "compare", "evaluation.audit_sources", "evaluation.audit_stories", "evaluation.audit_topics",
    "evaluation.learning_curve", "experiment.effect_of", "experiment.review_experiment", "experiment.suspects_of",
    "run_experiment",
}  # fmt: skip


def subject(name):
    *modules, last = name.split(".")
    if modules and modules[0].islower():
        return getattr(import_module(".".join(["topicdesk", *modules])), last)
    return attrgetter(name)(topicdesk)


def parameters(name):
    """Return the parameters, without ``self`` and those that only collect former arguments."""
    return [
        parameter.name
        for parameter in inspect.signature(subject(name)).parameters.values()
        if parameter.name != "self" and parameter.kind is not parameter.VAR_POSITIONAL
    ]


NAMES = [name for name, entry in ENTRIES.items() if callable(entry)]
CASES = [pytest.param(name, parameter, id=f"{name}-{parameter}") for name in NAMES for parameter in parameters(name)]


def test_every_documented_name_has_an_entry():
    packages = tomllib.loads((REFERENCE / "packages.toml").read_text())
    documented = {f"{package}.{name}" for package, names in packages.items() for name in names}
    assert {*topicdesk.__all__, *documented} <= set(ENTRIES)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_has_wrong_values(world, name):
    entry = ENTRIES[name](world)
    assert set(entry.right) == set(entry.wrong) == set(parameters(name))
    assert all(len(values) > 0 for values in entry.wrong.values())


def fault(name, entry, parameter, value):
    """Call with one wrong argument; return what is wrong with the answer, or None."""
    named = rf"\b{re.escape(parameter)}\b"
    if isinstance(value, Wrong):
        named, value = re.escape(value.named), value.value
    call = entry.call or subject(name)
    shown = f"{parameter}={str(value)[:60]!r} ({type(value).__name__})"
    try:
        call(**{**entry.right, parameter: value})
    except Exception as error:
        if not isinstance(error, topicdesk.TopicdeskError | ValueError | TypeError):
            return f"{shown}: {type(error).__name__}: {error}"
        if not re.search(named, str(error)):
            return f"{shown}: the message does not match {named}: {type(error).__name__}: {error}"
        if not traceback.extract_tb(error.__traceback__)[-1].filename.startswith(SOURCE):
            return f"{shown}: not raised by topicdesk: {type(error).__name__}: {error}"
        return None
    return f"{shown}: accepted"


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_a_wrong_argument_is_named(world, name, parameter):
    entry = ENTRIES[name](world)
    faults = [fault(name, entry, parameter, value) for value in entry.wrong[parameter]]
    found = [text for text in faults if text]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in NAMES])
def test_the_right_arguments_are_accepted(world, name):
    entry = ENTRIES[name](world)
    if entry.not_called:
        pytest.skip(entry.not_called)
    (entry.call or subject(name))(**entry.right)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rope": np.float64("nan")}, "rope must be a number from 0 to 1; got nan."),
        ({"rope": np.float64(-1)}, "rope must be a number from 0 to 1; got -1.0."),
        ({"cv": np.int64(1)}, "cv must be an integer of at least 2; got 1."),
    ],
)
def test_a_message_shows_a_number_of_numpy_as_a_number(wrong, message):
    with pytest.raises(ArgumentError) as raised:
        topicdesk.compare(["a court", "a train"] * 4, ["courts", "rail"] * 4, n_jobs=1, **wrong)
    assert str(raised.value) == message
