"""What the tests of faults and attacks share: a model, and what a refusal looks like."""

import pytest

from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan
from topicdesk.features import FeatureSetting
from topicdesk.prediction import fit_labeller
from topicdesk.project import Project
from topicdesk.tracking.models import save_labeller


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
        assert ended.returncode == 2, ended.said
        assert "Traceback" not in ended.said
        said = ended.said[ended.said.rindex("topicdesk: ") :]
        assert len(said.strip().splitlines()) <= 3, said
        for word in told:
            assert word in said, (word, said)

    return check
