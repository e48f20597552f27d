"""Fixtures for tests of faults and attacks: a saved model, and a check that a command rejected its input."""

import pytest

from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan
from topicdesk.features import FeatureSetting
from topicdesk.prediction import fit_labeller
from topicdesk.project import Project
from topicdesk.tracking.models import save_labeller


@pytest.fixture(scope="session")
def model(dataset, tmp_path_factory):
    """Return the folder of a model that was fitted on the newsroom."""
    folder = tmp_path_factory.mktemp("trust") / "model"
    plan = ComparisonPlan((CLASSIFIERS["linear-svm"],), (FeatureSetting(),), inner_folds=2, random_state=3)
    root = folder.with_name("project")
    root.mkdir()
    save_labeller(fit_labeller(dataset, plan, CLASSIFIERS["linear-svm"], n_jobs=1), folder, Project(root), "# card")
    return folder


@pytest.fixture
def refused():
    """Return a check that a command rejected its input with a short message that contains some words."""

    def check(ended, *words):
        assert ended.returncode == 2, ended.output
        assert "Traceback" not in ended.output
        message = ended.output[ended.output.rindex("topicdesk: ") :]
        assert len(message.strip().splitlines()) <= 3, message
        for word in words:
            assert word in message, (word, message)

    return check
