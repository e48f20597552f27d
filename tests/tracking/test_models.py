"""Saved models: `load_labeller` restores them, and rejects models that are unsafe or incompatible."""

import hashlib
import json
import os
import shutil
import subprocess
import sys

import mlflow
import pandas as pd
import pytest
import skops.io
import yaml
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from topicdesk.errors import LabellerError, TrackingError
from topicdesk.evaluation import CLASSIFIERS, ComparisonPlan
from topicdesk.experiment import log_experiment, run_experiment
from topicdesk.features import Analyser, Block, FeatureSetting
from topicdesk.prediction import fit_labeller
from topicdesk.tracking import load_labeller
from topicdesk.tracking.models import save_labeller

pytestmark = pytest.mark.usefixtures("store")

TEXTS = ["A jury found the defendant guilty.", "Trains stood still at the station.", "", "The choir sang."]

KEYWORDS = {"courts": ("judge", "jury", "verdict"), "rail": ("train", "trains", "central station")}
BLOCKS = (
    Block("lead", 0.5, options=(("lead", 30), ("ngram_range", (1, 2)))),
    Block("title", 2.0, field="title"),
    Block("keywords", 0.3, keywords=True),
    Block("keywords-of-lead", 0.3, keywords=True, options=(("lead", 30),)),
)

# Read articles with a saved pipeline, as a program does that cannot import topicdesk.
ALONE = """
import json, sys
sys.modules["topicdesk"] = None
import mlflow, pandas, scipy.sparse
pipeline = mlflow.sklearn.load_model(sys.argv[1])
table = pandas.read_json(f"{sys.argv[1]}/articles.json")
pipeline.predict(table)
print(json.dumps(scipy.sparse.csr_matrix(pipeline[:-1].transform(table)).toarray().tolist()))
"""


@pytest.fixture
def saved(dataset, project):
    """Return a function that fits a labeller and saves it in a folder."""

    def save(setting=None, classifier="linear-svm"):
        plan = ComparisonPlan((CLASSIFIERS[classifier],), (setting or FeatureSetting(),), inner_folds=2, random_state=3)
        labeller = fit_labeller(dataset, plan, CLASSIFIERS[classifier], KEYWORDS, n_jobs=1)
        folder = project.root / "model"
        shutil.rmtree(folder, ignore_errors=True)
        save_labeller(labeller, folder, project, "# card")
        return labeller, folder

    return save


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting",
    [
        FeatureSetting(Analyser(ngram_range=(1, 2), stop_words="english", lead=200)),
        FeatureSetting(Analyser(stemmer="english")),
        FeatureSetting(field_weights=(("title", 2.0), ("text", 1.0))),
        FeatureSetting(chi2=20),
        FeatureSetting(Analyser(analyzer="char_wb", ngram_range=(2, 3))),
        FeatureSetting(Analyser(lowercase="turkish", lead=200)),
        FeatureSetting(Analyser(lowercase="turkish"), field_weights=(("title", 2.0), ("text", 1.0))),
        FeatureSetting(Analyser(lowercase="turkish", stemmer="turkish")),
        FeatureSetting(blocks=BLOCKS),
        FeatureSetting(Analyser(lowercase="turkish", lead=200), chi2=20, blocks=BLOCKS),
        FeatureSetting(blocks=(Block("stems", options=(("stemmer", "english"),)),)),
    ],
    ids=[
        "lead",
        "stems",
        "fields apart",
        "selected",
        "characters",
        "Turkish",
        "Turkish fields",
        "Turkish stems",
        "blocks",
        "selected Turkish blocks",
        "block of stems",
    ],
)
def test_load_labeller_and_mlflow_predict_like_the_saved_labeller(saved, setting):
    labeller, folder = saved(setting)
    table = pd.DataFrame({"title": ["Notes", "", "", "Notes"], "text": TEXTS})
    loaded = load_labeller(folder)
    expected = labeller.label(table, explain=2)
    pd.testing.assert_frame_equal(loaded.label(table, explain=2), expected)
    assert (loaded.rules, loaded.classifier, loaded.inner_score) == (labeller.rules, "linear-svm", labeller.inner_score)
    assert loaded.reference.facts() == labeller.reference.facts()
    served = mlflow.pyfunc.load_model(str(folder)).predict(table)
    own = expected[served.columns]
    assert served.to_dict("records") == own.astype(object).where(own.notna(), None).to_dict("records")
    with_text = table[table["text"] != ""]
    plain = mlflow.sklearn.load_model(str(folder)).predict(with_text)
    assert plain.tolist() == labeller.decide(with_text).tolist()


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{}, {"field_weights": (("title", 2.0), ("text", 1.0))}, {"blocks": BLOCKS}],
    ids=["one text", "fields apart", "blocks"],
)
def test_a_turkish_model_predicts_the_same_where_topicdesk_is_not_installed(saved, options):
    labeller, folder = saved(FeatureSetting(Analyser(lowercase="turkish"), **options))
    assert labeller.portable
    table = pd.DataFrame({"title": ["TRIAL", "trıal"], "text": ["JURY FINDS HIM GUILTY", "jury fınds hım guılty"]})
    table.to_json(folder / "articles.json", orient="records")
    done = subprocess.run(
        [sys.executable, "-c", ALONE, folder], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": "", "MLFLOW_DISABLE_TELEMETRY": "true"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    upper, lower = json.loads(done.stdout.splitlines()[-1])
    assert upper == lower
    assert [upper, lower] == csr_matrix(labeller.transform(table)).toarray().tolist()


@pytest.mark.slow
def test_load_labeller_accepts_an_alias_a_version_and_a_run_id(project):
    result = run_experiment(project.root / "experiments" / "small.toml", n_jobs=1)
    (run,) = log_experiment(result)
    labelled = [
        load_labeller(name).label(TEXTS)
        for name in ("models:/topicdesk-small@champion", "models:/topicdesk-small/1", run.run_id)
    ]
    for other in labelled[1:]:
        pd.testing.assert_frame_equal(other, labelled[0])
    with pytest.raises(TrackingError, match=r"no model 'models:/none@champion' in MLflow's store.*topicdesk compare"):
        load_labeller("models:/none@champion")
    with pytest.raises(TrackingError, match="no model '0123456789abcdef'"):
        load_labeller("0123456789abcdef")


@pytest.mark.slow
def test_load_labeller_rejects_a_model_of_another_major_scikit_learn_version(saved):
    _, folder = saved()
    metadata = yaml.safe_load((folder / "MLmodel").read_text())
    metadata["flavors"]["sklearn"]["sklearn_version"] = "2.0.1"
    (folder / "MLmodel").write_text(yaml.safe_dump(metadata))
    with pytest.raises(
        LabellerError, match=r"made with scikit-learn 2\.0\.1, but 1\..* is installed.*scikit-learn==2\.0\.1"
    ):
        load_labeller(folder)


@pytest.mark.slow
def test_load_labeller_rejects_pickles_and_other_models(saved, tmp_path):
    _, folder = saved()
    metadata = yaml.safe_load((folder / "MLmodel").read_text())
    metadata["flavors"]["sklearn"]["serialization_format"] = "cloudpickle"
    (folder / "MLmodel").write_text(yaml.safe_dump(metadata))
    with pytest.raises(
        LabellerError, match=r"stored as 'cloudpickle'\. Only the skops format is loaded, because a pickle can run"
    ):
        load_labeller(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(LabellerError, match="not a model: it has no file MLmodel"):
        load_labeller(tmp_path / "empty")
    mlflow.sklearn.save_model(
        LogisticRegression().fit([[0], [1]], [0, 1]), tmp_path / "other", serialization_format="skops",
        pip_requirements=["scikit-learn"],
    )  # fmt: skip
    with pytest.raises(LabellerError, match="not a model of topicdesk, or an older version of topicdesk saved it"):
        load_labeller(tmp_path / "other")


def replace_pipeline(labeller, folder):
    """Save another pipeline in a model, and record its digest, as its author can."""
    skops.io.dump(labeller.pipeline, folder / "model.skops")
    manifest = yaml.safe_load((folder / "MLmodel").read_text())
    digest = hashlib.sha256((folder / "model.skops").read_bytes()).hexdigest()
    manifest["metadata"]["labeller"]["files"]["model.skops"] = digest
    (folder / "MLmodel").write_text(yaml.safe_dump(manifest))


@pytest.mark.slow
def test_load_labeller_names_and_rejects_types_that_are_not_trusted(saved, monkeypatch):
    labeller, folder = saved()
    # A step that would remove a folder when it is used.
    labeller.pipeline.steps.insert(0, ("evil", FunctionTransformer(shutil.rmtree)))
    replace_pipeline(labeller, folder)
    with pytest.raises(LabellerError, match=r"types that are not trusted: .*shutil.*trust=\["):
        load_labeller(folder)
    labeller.pipeline.steps[0] = ("mine", FunctionTransformer(sys.intern))
    replace_pipeline(labeller, folder)
    with pytest.raises(LabellerError, match=r"not trusted: sys\.intern"):
        load_labeller(folder)
    assert load_labeller(folder, trust=["sys.intern"]).classifier == "linear-svm"


def test_save_labeller_writes_the_reference_as_json_without_nan(saved):
    labeller, folder = saved()
    facts = json.loads((folder / "reference.json").read_text(), parse_constant=lambda name: pytest.fail(name))
    assert len(facts["probabilities"]) == len(labeller.reference)
