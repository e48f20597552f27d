"""topicdesk keeps MLflow quiet while it uses it, and changes no setting of the process that uses topicdesk."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

_PROGRAM = """
import logging, os, sys
from pathlib import Path

def of_mlflow():
    return {name: value for name, value in os.environ.items() if "MLFLOW" in name}

import topicdesk.tracking

from topicdesk.project import Project
from topicdesk.tracking import list_runs, open_store
import topicdesk.tracking.sending, topicdesk.tracking.models, topicdesk.tracking.reading
assert not of_mlflow(), "import of a module"

from mlflow.telemetry.client import get_telemetry_client
assert get_telemetry_client() is None, "telemetry"

loggers = [logging.getLogger(name) for name in ("mlflow", "mlflow.store.db.utils")]
levels = [logger.level for logger in loggers]
project = Project(Path(sys.argv[1]))
client = open_store(project)
assert len(list_runs(project)) == 0
assert not of_mlflow(), "use"
assert [logger.level for logger in loggers] == levels, "levels"
"""


def test_tracking_restores_environment_variables_and_loggers(tmp_path):
    # MLflow has no telemetry in CI or under pytest. The process must not look like either.
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "topicdesk: creating MLflow's store mlflow.db (once; takes about 10 s) ...\n"
