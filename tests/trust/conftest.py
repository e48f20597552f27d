"""What the tests of faults and attacks share: the command in a process of its own, a model, a disk, how long to try."""

import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

import topicdesk.experiment  # noqa: F401  # so that a forked process is ready at once
from topicdesk.cli import main
from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan
from topicdesk.features import FeatureSetting
from topicdesk.prediction import fit_labeller
from topicdesk.project import Project
from topicdesk.tracking.models import save_labeller


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    said: str


class Command:
    """The command line in a forked process, which has all imported already and so can be stopped in its work."""

    def __init__(self, folder, *arguments, **environment):
        # Not in the folder, whose disk may be full.
        self.said = Path(tempfile.mkdtemp()) / "said"
        self.process = os.fork()
        if self.process == 0:
            os.setsid()
            os.environ |= environment
            written = os.open(self.said, os.O_WRONLY | os.O_CREAT, 0o644)
            for stream in (1, 2):
                os.dup2(written, stream)
            os.chdir(folder)
            sys.stdout, sys.stderr = (open(stream, "w", closefd=False) for stream in (1, 2))  # noqa: SIM115
            sys.argv = ["topicdesk", *map(str, arguments)]
            code = 0
            try:
                main()
            except SystemExit as ended:
                code = ended.code or 0
            except BaseException:
                import traceback

                traceback.print_exc()
                code = 99
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def end(self, number):
        """Send a signal to it and to all that it started."""
        while os.getpgid(self.process) != self.process:  # it has just been forked
            time.sleep(0.001)
        os.killpg(self.process, number)

    def has_ended(self):
        """Return whether it ended; it is still to be waited for."""
        return os.waitid(os.P_PID, self.process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def wait(self):
        status = os.waitpid(self.process, 0)[1]
        said = self.said.read_text() if self.said.exists() else ""
        shutil.rmtree(self.said.parent)
        return Ended(os.waitstatus_to_exitcode(status), said)


@pytest.fixture
def begin(project):
    """Give what begins a command in the project's folder, or another."""
    begun = []

    def begin(*arguments, folder=project.root, **environment):
        begun.append(Command(folder, *arguments, **environment))
        return begun[-1]

    yield begin
    for command in begun:
        try:
            os.killpg(command.process, signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.fixture
def run(begin):
    """Give what runs a command to its end."""
    return lambda *arguments, **options: begin(*arguments, **options).wait()


@pytest.fixture(scope="session")
def model(dataset, tmp_path_factory):
    """Give the folder of a model of the newsroom."""
    folder = tmp_path_factory.mktemp("trust") / "model"
    plan = ComparisonPlan((CLASSIFIERS["linear-svm"],), (FeatureSetting(),), inner_folds=2, seed=3)
    root = folder.with_name("project")
    root.mkdir()
    save_labeller(fit_labeller(dataset, plan, CLASSIFIERS["linear-svm"], jobs=1), folder, Project(root), "# card")
    return folder


@pytest.fixture
def refused():
    """Give the check that a command was refused as wrong input is: no traceback, few lines, and these words in them."""

    def check(ended, *told):
        assert ended.code == 2, ended.said
        assert "Traceback" not in ended.said
        said = ended.said[ended.said.rindex("topicdesk: ") :]
        assert len(said.strip().splitlines()) <= 3, said
        for word in told:
            assert word in said, (word, said)

    return check
