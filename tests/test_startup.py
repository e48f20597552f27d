"""Commands check names, and print a first line, before they import slow libraries."""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from topicdesk.evaluation.classifiers import CLASSIFIERS
from topicdesk.evaluation.names import HYPERPARAMETERS
from topicdesk.project import find_project

pytestmark = pytest.mark.slow

ROOT = find_project(__file__).root
SLOW = {"cleanlab", "matplotlib", "mlflow", "numba", "pandera", "scipy", "skops", "sklearn", "statsmodels"}

# Prints the first slow library that is imported, after the output until then.
WATCH = f"""
import sys
SLOW = {SLOW!r}
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in SLOW:
            sys.stdout.flush()
            sys.stderr.write("IMPORTED " + name + "\\n")
            sys.stderr.flush()
            import os
            os._exit(99)
sys.meta_path.insert(0, Watch())
sys.argv = ["topicdesk", *sys.argv[1:]]
from topicdesk.cli import main
main()
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data" / "labels").mkdir(parents=True)
    for name in ("sources.toml", "topics.toml"):
        shutil.copy(ROOT / "data" / name, tmp_path / "data")
    for name in ("gold.csv", "adjudicated.csv", "reserved.txt"):
        shutil.copy(ROOT / "data" / "labels" / name, tmp_path / "data" / "labels")
    (tmp_path / "model").mkdir()
    (tmp_path / "new.csv").write_text("headline,body\nTram line,A court sat.\n")
    return tmp_path


def run_watched(folder, *arguments):
    """Run a command until it ends or imports a slow library; return its exit code and output."""
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *map(str, arguments)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def spec(folder, old="", new=""):
    text = (ROOT / "experiments" / "first772.toml").read_text()
    assert old in text
    (folder / "spec.toml").write_text(text.replace(old, new))
    return "spec.toml"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("linear-svm", "linear-svc", "no classifier called 'linear-svc'; did you mean 'linear-svm'?"),
        ('"newsarticles"', '"newsarticle"', "no corpus called 'newsarticle'"),
        ("gold.csv", "golden.csv", "no label file at"),
        ('"macro_f1"', '"macro-f1"', "'macro-f1' is not known"),
    ],
)
def test_compare_rejects_a_wrong_name_in_a_spec_before_slow_imports(folder, old, new, expected):
    code, output = run_watched(folder, "compare", spec(folder, old, new))
    assert (code, expected in output) == (2, True), output


@pytest.mark.parametrize("command", ["verify", "ablate", "splits"])
def test_commands_check_the_names_in_a_spec_before_slow_imports(folder, command):
    code, output = run_watched(folder, command, spec(folder, "linear-svm", "linear-svc"))
    assert (code, "no classifier called 'linear-svc'" in output) == (2, True), output


def test_compare_rejects_wrong_hyperparameters_and_stemmers_before_slow_imports(folder):
    text = (ROOT / "experiments" / "first772.toml").read_text()
    (folder / "spec.toml").write_text(text + "\n[classifiers.nb-svm]\ngamma = 1\n")
    code, output = run_watched(folder, "compare", "spec.toml")
    assert (code, "has no hyper-parameter 'gamma'; valid: C, alpha, beta, random_state" in output) == (2, True), output
    (folder / "spec.toml").write_text(text.replace("[features]", '[features]\nstemmer = "englisch"'))
    code, output = run_watched(folder, "compare", "spec.toml")
    assert (code, "no stemmer called 'englisch'; did you mean 'english'?" in output) == (2, True), output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("label", "new.csv", "--output", "o.csv", "--model", "models:/no@champion"), "no model is registered"),
        (("label", "new.csv", "--output", "o.csv", "--model", "model", "--map", "title=nosuch"), "nosuch"),
        (("drift", "new.csv", "--reference", "0123"), "no such folder and no such run"),
        (("serve", "models:/no@champion", "--port", "53219"), "no model is registered"),
        (("reproduce", "0123"), "no run '0123' in MLflow's store"),
        (("diff", "0123", "4567"), "no run '0123' in MLflow's store"),
        (("promote", "nosuch"), "no registered model called 'nosuch'; registered models: none."),
        (("rollback", "nosuch"), "no registered model called 'nosuch'"),
        (("data", "build", "newsarticle"), "no corpus called 'newsarticle'"),
        (("data", "show", "newsarticle"), "no corpus called 'newsarticle'"),
        (("runs", "--experiment", "nosuch"), "has no experiment 'nosuch'"),
        (("review", "--experiment", "nosuch", "--port", "53218"), "has no experiment 'nosuch'"),
        (("annotate", "newsarticle", "--annotator", "maria"), "no corpus called 'newsarticle'"),
        (("annotate", "lost.parquet", "--annotator", "maria"), "no corpus at"),
        (("annotate", "newsarticles", "--annotator", "../maria"), "the name is used as a file name"),
        (("annotate", "newsarticles", "--annotator", "maria", "--topics", "lost.toml"), "no taxonomy at"),
        (("annotate", "import", "lost.csv", "--corpus", "newsarticles"), "no file lost.csv"),
        (("annotate", "newsarticles", "--annotator", "maria", "--queue", "lost.csv"), "no queue at lost.csv"),
        (("adjudicate", "gold", "claude", "newsarticle", "--annotator", "lena"), "no corpus called 'newsarticle'"),
        (("init", "."), "already contains data. Existing files are not overwritten"),
        (("init", "desk", "--from", "lost.csv"), "no file lost.csv"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, tuple) else "",
)
def test_commands_reject_a_wrong_name_before_slow_imports(folder, arguments, expected):
    code, output = run_watched(folder, *arguments)
    assert (code, expected in output) == (2, True), output
    assert not (folder / "mlflow.db").exists(), "the search for a name creates no store"


def test_review_and_serve_reject_a_port_in_use_before_slow_imports(folder):
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        for command in ("review", "serve"):
            code, output = run_watched(folder, command, "--port", server.getsockname()[1])
            assert (code, "is in use" in output) == (2, True), output


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "spec.toml"), ("verify", "spec.toml"), ("ablate", "spec.toml"), ("learning-curve", "spec.toml"),
        ("stories", "spec.toml"), ("errors", "spec.toml"),
        ("splits", "spec.toml"), ("rank", "spec.toml"), ("results", "."), ("doctor",), ("log",),
        ("data", "audit", "spec.toml"), ("data", "show", "newsarticles"), ("data", "build", "newsarticles"),
        ("import", "new.csv", "--output", "o.parquet"), ("label", "new.csv", "--output", "o.csv", "--model", "model"),
        ("drift", "new.csv", "--reference", "model"), ("annotations", "rules", "spec.toml"),
        ("annotations", "suspects", "spec.toml"), ("annotations", "queue", "spec.toml", "--output", "o.csv"),
        ("annotations", "agreement", "gold", "claude"), ("annotate", "newsarticles", "--annotator", "maria"),
        ("init", "desk"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_commands_announce_long_work_before_slow_imports(folder, arguments):
    spec(folder)
    code, output = run_watched(folder, *arguments)
    assert output.startswith("topicdesk: ") and output.splitlines()[0].endswith(" ..."), output
    assert code in (99, 2), output


@pytest.mark.parametrize("arguments", [("--help",), ("compare", "--help"), ("runs",)], ids=" ".join)
def test_help_and_an_empty_list_of_runs_need_no_slow_imports(folder, arguments):
    code, output = run_watched(folder, *arguments)
    assert code == 0, output


def test_hyperparameters_are_those_of_the_classifiers():
    assert set(HYPERPARAMETERS) == set(CLASSIFIERS)
    for name, known in HYPERPARAMETERS.items():
        build = CLASSIFIERS[name].build
        if known is not None:
            assert sorted(known) == sorted(build(True).get_params() if build else [])
