"""The registered model loads without topicdesk, and becomes the champion by the promotion rule only."""

import json
import re
import subprocess
import venv
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from topicdesk.errors import TrackingError
from topicdesk.evaluation import Verdict
from topicdesk.experiment import fit_winner, log_experiment, run_experiment
from topicdesk.prediction import field_frame
from topicdesk.tracking import open_store, promote, rollback

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("store")]

NAME = "topicdesk-small"
ALONE = """
import json, sys
import mlflow, pandas as pd
try:
    import topicdesk
except ImportError:
    pass
else:
    raise SystemExit("topicdesk is there")
mlflow.set_tracking_uri(sys.argv[1])
articles = pd.read_json(sys.argv[2], orient="records", dtype=False)
plain = mlflow.sklearn.load_model("models:/topicdesk-small@champion")
wrapped = mlflow.pyfunc.load_model("models:/topicdesk-small@champion")
print(json.dumps([plain.predict(articles).tolist(), wrapped.predict(articles).to_dict("records")]))
"""


@pytest.fixture
def result(project):
    return run_experiment(project.root / "experiments" / "small.toml", n_jobs=1)


def closure(*names):
    """Return the installed distributions of packages and of all that they require."""
    distributions, pending = {}, list(names)
    while pending:
        name = re.sub(r"[-_.]+", "-", pending.pop()).lower()
        if name in distributions:
            continue
        try:
            distributions[name] = distribution(name)
        except PackageNotFoundError:  # required in other environments only
            continue
        for line in distributions[name].requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                pending.append(requirement.name)
    return distributions.values()


def environment_of(folder, *names):
    """Create a virtual environment with only these packages and their requirements, without the network."""
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    for package in closure(*names):
        for file in package.files or ():
            top = Path(file).parts[0]
            target, link = Path(package.locate_file(top)), site / top
            if top != ".." and target.exists() and not link.exists():
                link.symlink_to(target)
    return folder / "bin" / "python"


def test_registered_model_predicts_the_same_without_topicdesk(result, tmp_path):
    log_experiment(result)
    (comparison,) = result.comparisons
    frame = field_frame(comparison.dataset)
    frame.to_json(tmp_path / "articles.json", orient="records")
    python = environment_of(tmp_path / "alone", "mlflow", "scikit-learn", "skops")
    done = subprocess.run(
        [python, "-c", ALONE, open_store(result.project).tracking_uri, tmp_path / "articles.json"],
        capture_output=True, text=True, check=False, cwd=tmp_path, env={"MLFLOW_DISABLE_TELEMETRY": "true"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    plain, wrapped = json.loads(done.stdout.splitlines()[-1])
    labeller = fit_winner(result, comparison, n_jobs=1)
    assert plain == labeller.decide(frame).tolist()
    assert wrapped == labeller.label(frame).to_dict("records")


def test_model_version_records_its_run_classifier_and_requirements(result):
    (run,) = log_experiment(result)
    client = open_store(result.project)
    version = client.get_model_version_by_alias(NAME, "champion")
    assert (version.run_id, version.tags["classifier"]) == (run.run_id, result.comparisons[0].verdict.winner)
    assert "## Intended use" in version.description
    folder = Path(client.get_logged_model(version.tags["logged_model"]).artifact_location.removeprefix("file://"))
    requirements = (folder / "requirements.txt").read_text().splitlines()
    assert {line.partition("==")[0] for line in requirements} == {
        "mlflow",
        "numpy",
        "pandas",
        "scikit-learn",
        "scipy",
        "skops",
    }
    metadata = (folder / "MLmodel").read_text()
    assert run.run_id in metadata
    assert version.tags["logged_model"] in metadata
    assert "skops" in metadata
    assert (folder / "model-card.md").read_text() == version.description
    assert json.loads((folder / "input_example.json").read_text())["columns"] == ["title", "text"]


def test_log_experiment_promotes_no_new_model_that_is_only_as_good(result):
    log_experiment(result)
    client = open_store(result.project)
    (again,) = log_experiment(result)
    assert "made from the same spec" in again.model.outcome
    assert client.get_model_version_by_alias(NAME, "champion").version == 1
    changed = replace(result, environment=replace(result.environment, commit="f" * 40))
    (third,) = log_experiment(changed)
    assert "is not the champion: the new model is not shown to be better" in third.model.outcome
    assert client.get_model_version_by_alias(NAME, "champion").version == 1


def test_log_experiment_does_not_promote_a_worse_winner(result):
    log_experiment(result)
    (comparison,) = result.comparisons
    worse = replace(
        result,
        environment=replace(result.environment, commit="f" * 40),
        comparisons=(replace(comparison, verdict=Verdict("majority", "majority", "majority wins.")),),
    )
    (run,) = log_experiment(worse)
    assert "is not the champion: the new model is shown to be worse" in run.model.outcome
    assert open_store(result.project).get_model_version_by_alias(NAME, "champion").version == 1


def test_promote_and_rollback_move_the_champion(result):
    with pytest.raises(TrackingError, match="no registered model called 'topicdesk-small'; registered models: none"):
        promote(result.project, NAME)
    log_experiment(result)
    with pytest.raises(TrackingError, match="no version to roll back to"):
        rollback(result.project, NAME)
    log_experiment(result)
    assert promote(result.project, NAME) == f"{NAME} version 2 is the champion; version 1 is kept as 'previous'."
    assert promote(result.project, NAME, "2") == f"{NAME} version 2 is already the champion."
    assert rollback(result.project, NAME) == f"{NAME} version 1 is the champion; version 2 is kept as 'previous'."
    with pytest.raises(TrackingError, match=f"{NAME} has no version 9; its versions: 1, 2"):
        promote(result.project, NAME, "9")
