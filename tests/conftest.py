"""A small newsroom: articles put together from hand-written phrases, and a project around them."""

import functools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pytest
from filelock import FileLock

from support.commands import Command, Ended
from support.installing import offline_environment
from support.leftovers import nothing_left
from support.waiting import PATIENCE, poll
from topicdesk.annotation import Dataset, join_dataset, write_annotations
from topicdesk.corpus import articles_frame, write_corpus
from topicdesk.project import Project

__all__ = ["nothing_left"]

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# A mutant counts as killed with the first failing example: shrinking it would waste time.
hypothesis.settings.register_profile(
    "mutants", phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate], database=None
)

_CHROMIUM = shutil.which("chromium")
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

FIGURES = pytest.StashKey[dict[str, dict[str, object]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this test suite."""
    parser.addoption("--torture", action="store_true", help="try the long form of tests: more kills, more inputs")
    parser.addoption("--documents", action="store_true", help="run the documents here and with the wheel")
    parser.addoption("--figures", metavar="FILE", help="write the figures that tests record to this file (JSON)")


def pytest_configure(config: pytest.Config) -> None:
    """Create the place where figures are collected."""
    config.stash[FIGURES] = {}


#: Fixtures that start processes, servers or browsers. Tests that use them are slow.
_SLOW_FIXTURES = {"begin", "chromium", "cluster", "jupyter", "postgres", "served", "wheel_environment"}

#: Examples in docstrings that log to MLflow.
_SLOW_EXAMPLES = {"topicdesk.experiment.reviewing.log_experiment", "topicdesk.tracking.reading.read_run"}


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use a slow fixture, and slow examples."""
    for item in items:
        if not _SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())) or item.name in _SLOW_EXAMPLES:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., object]:
    """Return the function that waits for an event: ``wait_until(condition)``."""
    return poll


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> Callable[[float, float], float]:
    """Return a function that chooses the short or the long form of a test: ``rounds(short, long)``."""
    return lambda short, long: long if request.config.getoption("--torture") else short


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """Return a function that records a figure of a test for `docs/reliability.md`."""
    return record_property


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect figures; with several processes, in the one that gathers the reports."""
    if report.when == "call" and _collecting is not None:
        figures = {name: value for name, value in report.user_properties}
        _collecting.stash[FIGURES][report.nodeid] = {**figures, "outcome": report.outcome}


_collecting: pytest.Config | None = None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Collect in the process that gathers the reports."""
    global _collecting
    if session.config.getoption("--figures") and not hasattr(session.config, "workerinput"):
        _collecting = session.config


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the figures to the file that --figures names."""
    if _collecting is not None:
        path = Path(session.config.getoption("--figures"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(session.config.stash[FIGURES], indent=1, sort_keys=True, default=str) + "\n")


PHRASES = {
    "courts": [
        "the judge adjourned the hearing until spring",
        "a jury found the defendant guilty on both counts",
        "lawyers filed an appeal at the supreme court",
        "the verdict was read before a full courtroom",
    ],
    "rail": [
        "commuter trains stood still at the central station",
        "the railway will reopen the mountain line",
        "passengers waited for hours on the platform",
        "a signal fault delayed every train to the coast",
    ],
}
FILLER = [
    "the weather stayed mild over the weekend",
    "bakers in the old town sold out by noon",
    "the museum showed a new collection of maps",
    "neighbours planted lime trees along the canal",
    "a local choir sang on the market square",
    "the harbour lights were switched on early",
    "children painted the wall behind the school",
    "the football club signed a young keeper",
]

TAXONOMY = """
[codebook]
version = 1
title = "A small newsroom"
rule = "An article carries every topic that it is about."

[[topics]]
name = "courts"
definition = "Courts and judges at work."
keywords = ["judge", "jury", "verdict", "supreme court"]

[[topics]]
name = "rail"
definition = "Trains and what they run on."
keywords = ["train", "trains", "railway", "platform"]
"""

SPEC = """
[experiment]
title = "Small newsroom"

[data]
corpus = "data/corpora/newsroom.parquet"
labels = ["data/labels/gold.csv"]
topics = "data/topics.toml"

[features]
ngram_range = [[1, 1], [1, 2]]

[classifiers]
multinomial-nb = { alpha = [1.0, 0.1] }
linear-svm = { C = [0.3, 3.0] }

[splits]
folds = 3
repeats = 2
inner_folds = 2

[evaluation]
metric = "macro_f1"
representative = "random"
resamples = 100
seed = 5
jobs = 1
"""


def newsroom_articles(n_articles: int, random_state: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write articles of which about 30 % carry each topic, and their labels."""
    articles, labels = _newsroom_articles(n_articles, random_state)
    return articles.copy(), labels.copy()


@functools.cache  # validating the articles takes longer than many a test
def _newsroom_articles(n_articles: int, random_state: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = random.Random(random_state)
    texts, topics = [], []
    for _ in range(n_articles):
        named = tuple(topic for topic in PHRASES if rng.random() < 0.3)
        lines = [phrase for topic in named for phrase in rng.sample(PHRASES[topic], 2)]
        lines += rng.sample(FILLER, 4)
        rng.shuffle(lines)
        texts.append("\n".join(lines))
        topics.append(named)
    ids = [f"n{number}" for number in range(n_articles)]
    articles = articles_frame({"id": ids, "title": "Notes from the town", "text": texts, "source": "town.example"})
    labels = pd.DataFrame(
        {
            "article_id": ids,
            "topics": topics,
            "annotator": "tests",
            "codebook": "1",
            "sample": ["enriched" if number % 5 == 0 else "random" for number in range(n_articles)],
        }
    )
    return articles, labels


@pytest.fixture(scope="session")
def newsroom() -> Callable[..., tuple[pd.DataFrame, pd.DataFrame]]:
    """Return the function that writes articles and their labels."""
    return newsroom_articles


@dataclass(frozen=True)
class NewsroomFiles:
    """The files of a newsroom project, and the phrases that reveal an article's topics."""

    taxonomy: str = TAXONOMY
    spec: str = SPEC
    phrases: Mapping[str, Sequence[str]] = field(default_factory=lambda: PHRASES)


@pytest.fixture(scope="session")
def newsroom_files() -> NewsroomFiles:
    """Return the taxonomy, the spec and the phrases."""
    return NewsroomFiles()


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """Return 90 labelled articles with two topics."""
    articles, labels = newsroom_articles(90)
    labels["time"] = labels["note"] = ""
    return join_dataset("newsroom", articles, labels, tuple(PHRASES))


@pytest.fixture(scope="session")
def newsroom_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a complete project of 90 articles, to be copied: validating and writing the articles takes a while."""
    articles, labels = newsroom_articles(90)
    root = tmp_path_factory.mktemp("newsroom-project")
    made = Project(root)
    (root / "data" / "labels").mkdir(parents=True)
    (root / "experiments").mkdir()
    made.sources.write_text("")
    (root / "data" / "topics.toml").write_text(TAXONOMY)
    (root / "experiments" / "small.toml").write_text(SPEC)
    made.reserved.write_text("r1\nr2\n")
    write_annotations(labels, root / "data" / "labels" / "gold.csv")
    write_corpus(articles, made.corpora / "newsroom.parquet")
    return root


@pytest.fixture
def project(newsroom_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Create a complete project of 90 articles in an empty folder, and change to that folder."""
    root = tmp_path / "project"
    # With new times of change, as if the files had just been written.
    shutil.copytree(newsroom_project, root, copy_function=shutil.copy)
    monkeypatch.chdir(root)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Project(root)


def shared_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a folder that all processes of this run of the tests share."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if hasattr(request.config, "workerinput") else base) / name


@pytest.fixture(scope="session")
def empty_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create an empty MLflow store, which takes seconds; once for all processes."""
    folder = shared_folder(request, tmp_path_factory, "empty-store")
    with FileLock(f"{folder}.lock"):
        if not (folder / "mlflow.db").is_file():
            from topicdesk.tracking import open_store

            folder.mkdir(exist_ok=True)
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("MLFLOW_TRACKING_URI", raising=False)
                open_store(Project(folder))
    return folder / "mlflow.db"


@pytest.fixture
def store(project: Project, empty_store: Path) -> Path:
    """Put an empty MLflow store into the project, as the first run would."""
    shutil.copy(empty_store, project.mlflow_database)
    return project.mlflow_database


@pytest.fixture
def begin() -> Iterator[Callable[..., Command]]:
    """Return a function that starts a command in its own process: ``begin("compare", SPEC, folder=..., stdin=...)``.

    Other keywords are environment variables. `moment` sets the clock that the command sees. `prepare` is called in its
    process before it begins.
    """
    begun: list[Command] = []

    def begin(
        *arguments: object,
        folder: Path | None = None,
        stdin: str = "",
        moment: str | None = None,
        prepare: Callable[[], None] | None = None,
        **environment: str,
    ) -> Command:
        options = {"stdin": stdin, "moment": moment, "prepare": prepare, "environment": environment}
        command = Command(arguments, folder or Path.cwd(), **options)
        begun.append(command)
        return command

    yield begin
    for command in begun:
        command.clean_up()


@pytest.fixture
def run(begin: Callable[..., Command]) -> Callable[..., Ended]:
    """Return a function that runs a command to its end. It takes the arguments of `begin`."""
    return lambda *arguments, **options: begin(*arguments, **options).wait()


@pytest.fixture
def free_port() -> int:
    """Return a free port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A scheduler and its workers, each a process on the loopback address."""

    def __init__(self, folder):
        self.file, self.folder, self.processes, self.workers = folder / "scheduler.json", folder, [], []
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        # Dask writes the file in place, so it may exist and be incomplete.
        self.address = poll(self._read_address)

    def add_worker(self, **environment):
        # Without a nanny, which would start another in its place.
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0")
        self.workers.append(self._start("worker", "--local-directory", str(self.folder), *options, **environment))

    def _start(self, part, *options, **environment):
        with (self.folder / f"{part}-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", part, "--scheduler-file", str(self.file), *options],
                stdout=log, stderr=log, start_new_session=True, env={**os.environ, **environment},
            )  # fmt: skip
        self.processes.append(process)
        return process

    def _read_address(self):
        try:
            return json.loads(self.file.read_text(encoding="utf-8"))["address"]
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.end()


@pytest.fixture
def chromium():
    """Return a browser. Skip the test if there is none."""
    if _CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install Debian's package 'chromium'")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS, timeout=PATIENCE * 1000)
        yield _Chromium(browser)
        browser.close()


@dataclass(frozen=True)
class _Chromium:
    """A browser whose pages wait as long as a test does."""

    browser: Any

    def new_page(self, **options: Any) -> Any:
        page = self.browser.new_page(**options)
        page.set_default_timeout(PATIENCE * 1000)
        return page


_TINY_ENTRY = """
[tiny]
title = "A tiny corpus"
package = "tiny-corpus-that-nobody-publishes"
version = "1.0"
wheel = "tiny-1.0-py3-none-any.whl"
sha256 = "{sha256}"
bytes = {size}
reader = "orange-tab"
boilerplate = "kept"
members.train = "tiny/train.tab"
language = "en"
citation = "nobody"
licence = "none"
"""
_TINY_TABLE = "Category\tText\nd\tstring\nclass\t\nrail\ttrains run late\ncourts\ta judge rules\n"


@dataclass(frozen=True)
class TinySource:
    """A pinned corpus of two articles: its entry, to be filled with hash and size of a wheel, and its table."""

    entry: str = _TINY_ENTRY
    table: str = _TINY_TABLE


@pytest.fixture(scope="session")
def tiny() -> TinySource:
    """Return a corpus that nobody publishes."""
    return TinySource()


@pytest.fixture
def disk(tmp_path):
    """Return a function that mounts a small disk again with other options: `disk("size=100m")`, `disk("ro")`."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options, first=False):
        again = options if first else f"remount,{options}"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", again, "tmpfs", folder], capture_output=True, check=False)
        if done.returncode != 0 and first:
            pytest.skip("a disk that fills needs the right to mount one")
        assert done.returncode == 0, done.stderr
        return folder

    mount("size=100m", first=True)
    yield mount
    subprocess.run(["umount", "--lazy", folder], capture_output=True, check=False)


@dataclass(frozen=True)
class WheelEnvironment:
    """A clean environment with the wheel: its Python, its command, and the wheel."""

    python: Path
    topicdesk: Path
    wheel: Path


@pytest.fixture(scope="session")
def wheel_environment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> WheelEnvironment:
    """Build the wheel, and install it with the packages of requirements.lock alone; once for all processes."""
    root = Path(__file__).resolve().parent.parent
    folder = shared_folder(request, tmp_path_factory, "wheel-environment")
    scripts = folder / "environment" / ("Scripts" if os.name == "nt" else "bin")
    suffix = ".exe" if os.name == "nt" else ""
    uv = str(Path(sys.executable).with_name(f"uv{suffix}"))
    python = scripts / f"python{suffix}"

    environment = offline_environment()
    environment.pop("VIRTUAL_ENV", None)

    def run(*words: object) -> None:
        command = [uv, "--quiet", *map(str, words)]
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"

    with FileLock(f"{folder}.lock"):
        if not (folder / ".ready").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            run("build", "--wheel", "--out-dir", folder / "dist", root)
            run("venv", "--python", Path(sys.executable).resolve(), folder / "environment")
            run("pip", "sync", "--require-hashes", "--python", python, root / "requirements.lock")
            run("pip", "install", "--no-deps", "--python", python, *(folder / "dist").glob("*.whl"))
            (folder / ".ready").touch()
    (wheel,) = (folder / "dist").glob("*.whl")
    return WheelEnvironment(python, scripts / f"topicdesk{suffix}", wheel)
