import re
import sys
from dataclasses import fields

import pytest

from topicdesk.corpus import read_corpus
from topicdesk.errors import LabelsError, SpecError
from topicdesk.evaluation import CLASSIFIERS, ThresholdRule
from topicdesk.experiment import load_dataset, read_spec, run_experiment
from topicdesk.experiment.spec import read_named_spec
from topicdesk.features import Analyser, Features, FeatureSetting


def edited_spec(project, old, new):
    path = project.root / "experiments" / "small.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("inner_folds = 2", "inner_flods = 2", r"splits\.inner_flods: unknown key; did you mean 'inner_folds'\?"),
        ("[splits]", "[split]", r"split: unknown key; did you mean 'splits'\?"),
        (
            'metric = "macro_f1"',
            'metric = "macro-f1"',
            r"evaluation\.metric: 'macro-f1' is not known; did you mean 'macro_f1'",
        ),
        ("folds = 3", "folds = 1", r"splits\.folds: .*greater than or equal to 2 \(got '1'\)"),
        ("[[1, 1], [1, 2]]", "[2, 1]", r"features\.ngram_range: an n-gram range goes from short to long"),
        (
            "linear-svm =",
            "linear-smv =",
            r"classifiers: no classifier .*did you mean 'linear-svm'\?",
        ),
        ("{ C = [", "{ c = [", r"classifiers: classifier 'linear-svm' has no hyper-parameter 'c'"),
        ("C = [0.3, 3.0]", "C = [0.3, -3.0]", r"classifiers: classifier 'linear-svm' rejects \{'C': -3.0\}"),
        ('topics = "data/topics.toml"\n', "", r"data: label files need a taxonomy"),
        ('title = "Small newsroom"', "", r"experiment\.title: this key is missing"),
        ("[data]", "[data", "not valid TOML"),
        (
            "repeats = 2",
            'repeats = 2\nscheme = "time"',
            "splits: scheme = 'time' makes the same splits in every repeat",
        ),
        ("seed = 5", "seed = 5\nthreshold = { false_positive = 2 }", "evaluation.threshold: a cost needs both"),
        ("ngram_range = [[1, 1], [1, 2]]", 'stemmer = "englsh"', r"features: no stemmer called 'englsh'"),
        (
            "ngram_range = [[1, 1], [1, 2]]",
            'analyzer = "char"\nstemmer = "english"',
            r"features: stemmer = 'english' requires analyzer = 'word'",
        ),
        (
            "ngram_range = [[1, 1], [1, 2]]",
            "field_weights = { headline = 2 }",
            r"features.field_weights: 'headline' is not a field of data.text \(title, text\)",
        ),
        (
            "[classifiers]",
            "[features.blocks.lead]\nled = 600\n[classifiers]",
            r"features\.blocks\.lead\.led: unknown key; did you mean 'lead'\?",
        ),
        (
            "[classifiers]",
            "[features.blocks.lead]\nweight = [1, -0.5]\n[classifiers]",
            r"features\.blocks\.lead\.weight.*greater than or equal to 0 \(got '-0\.5'\)",
        ),
        ("[classifiers]", "[features.blocks.lead]\nweight = []\n[classifiers]", r"features\.blocks\.lead\.weight"),
        (
            "[classifiers]",
            '[features.blocks.headline]\nfield = "headline"\n[classifiers]',
            r"features\.blocks\.headline\.field: 'headline' is not a field of data.text \(title, text\)",
        ),
        (
            "[classifiers]",
            "[features.blocks.words]\nkeywords = true\nmin_df = 2\n[classifiers]",
            r"features: blocks\.words\.min_df: a block of keywords has no terms",
        ),
        ("[classifiers]", "[features.blocks.lead]\n[classifiers]", r"features: blocks\.lead sets no option"),
        (
            "[classifiers]",
            '[features.blocks.stems]\nstemmer = "englsh"\n[classifiers]',
            r"features: no stemmer called 'englsh'",
        ),
        (
            "[classifiers]",
            "[features.blocks.lead]\n[features.blocks.lead]\n[classifiers]",
            "not valid TOML",
        ),
        ("ngram_range = [[1, 1], [1, 2]]", "chi2 = 0", r"features\.chi2.* greater than or equal to 1"),
        (
            "linear-svm = {",
            'mine = { estimator = "sklearn.nowhere:A", ',
            "classifiers: estimator = 'sklearn.nowhere:A'",
        ),
    ],
)
def test_read_spec_names_file_key_and_value_of_an_error(project, old, new, fault):
    with pytest.raises(SpecError, match=rf"small\.toml: {fault}"):
        read_spec(edited_spec(project, old, new))


def test_read_spec_suggests_init_when_the_file_is_missing(tmp_path):
    with pytest.raises(
        SpecError, match=r"no file .*lost\.toml \(working directory: .*\)\. 'topicdesk init' writes an example"
    ):
        read_spec(tmp_path / "lost.toml")


def test_read_spec_lists_the_files_of_the_folder_if_no_name_is_close(project):
    folder = edited_spec(project, "", "").parent
    with pytest.raises(SpecError, match=r"Files in [^ ]*experiments: small\.toml\. 'topicdesk init'"):
        read_spec(folder / "zzz.toml")


def test_read_spec_accepts_a_byte_order_mark(project):
    path = edited_spec(project, "", "")
    plain = read_spec(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_spec(path) == plain


def test_plan_expands_lists_to_a_grid_and_keeps_single_values(project):
    path = edited_spec(project, "ngram_range = [[1, 1], [1, 2]]", 'stop_words = ["none", "english"]\nmin_df = [1, 0.1]')
    settings = read_spec(path).plan().settings
    assert [(setting.analyser.stop_words, setting.min_df) for setting in settings] == [
        (None, 1), (None, 0.1), ("english", 1), ("english", 0.1),
    ]  # fmt: skip
    assert {setting.analyser.ngram_range for setting in settings} == {(1, 1)}


def test_plan_always_puts_the_baselines_first(project):
    names = [
        classifier.name for classifier in read_spec(project.root / "experiments" / "small.toml").plan().classifiers
    ]
    assert names == ["majority", "keyword-rules", "plain-linear-svm", "multinomial-nb", "linear-svm"]


def test_plan_uses_the_default_grid_for_an_empty_classifier_table(project):
    path = edited_spec(project, "linear-svm = { C = [0.3, 3.0] }", "linear-svm = {}")
    assert read_spec(path).plan().classifiers[-1].grid == CLASSIFIERS["linear-svm"].grid


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("seed = 5", "seed = 6", True),
        ("alpha = [1.0, 0.1]", "alpha = [1.0, 0.2]", True),
        ('title = "Small newsroom"', 'title = "Another title"', False),
        ("jobs = 1", "jobs = 2", False),
        ("seed = 5", "seed = 5\nrope = 0.01", False),  # the default value
        ("seed = 5", "seed = 5\nrope = 0.02", True),
        ("[classifiers]", "[features.blocks.lead]\nlead = 600\n[classifiers]", True),
    ],
)
def test_content_hash_changes_only_with_keys_that_affect_scores(project, old, new, changes):
    before = read_spec(project.root / "experiments" / "small.toml").content_hash()
    assert (read_spec(edited_spec(project, old, new)).content_hash() != before) == changes


def test_plan_takes_the_threshold_rule_from_the_spec(project):
    plan = read_spec(edited_spec(project, "seed = 5", "seed = 5\nthreshold = { precision = 0.95 }")).plan()
    assert plan.decision_rule.threshold == ThresholdRule(precision=0.95)


def test_plan_combines_stemming_selection_and_field_weights(project):
    options = """stemmer = ["none", "english"]
chi2 = ["none", 500]
field_weights = ["none", { title = 2, text = 1.5 }]
analyzer = "word"
"""
    settings = read_spec(edited_spec(project, "ngram_range = [[1, 1], [1, 2]]", options)).plan().settings
    assert len(settings) == 8
    assert settings[0] == FeatureSetting()
    assert settings[-1] == FeatureSetting(
        Analyser(stemmer="english"), chi2=500, field_weights=(("title", 2.0), ("text", 1.5))
    )


def test_plan_takes_turkish_lower_case_from_the_spec(project):
    options = 'lowercase = [true, "turkish"]'
    settings = read_spec(edited_spec(project, "ngram_range = [[1, 1], [1, 2]]", options)).plan().settings
    assert [setting.analyser.lowercase for setting in settings] == [True, "turkish"]
    with pytest.raises(SpecError, match=r"features\.lowercase"):
        read_spec(edited_spec(project, options, 'lowercase = "english"'))


BLOCKS = """
[features.blocks.lead]
lead = 600
weight = [0, 0.5, 1.0]

[features.blocks.keywords]
keywords = true
weight = 0.15

[features.blocks.title]
field = "title"
ngram_range = [1, 2]
min_df = 1
stop_words = "none"

[classifiers]
"""


def test_plan_combines_the_values_of_blocks(project):
    spec = read_spec(edited_spec(project, "[classifiers]", BLOCKS))
    assert read_named_spec(project.root / "experiments" / "small.toml").features.n_settings() == 6
    blocks = {
        "lead": {"lead": 600, "weight": [0, 0.5, 1]},
        "keywords": {"keywords": True, "weight": 0.15},
        "title": {"field": "title", "ngram_range": (1, 2), "min_df": 1, "stop_words": None},
    }
    expected = Features(ngram_range=[(1, 1), (1, 2)], blocks=blocks).settings()
    assert spec.plan().settings == expected
    assert len(expected) == 6
    assert [block.description() for block in spec.plan().settings[0].blocks] == [
        {"keywords": True, "weight": 0.15},
        {"field": "title", "ngram_range": (1, 2), "stop_words": None, "min_df": 1, "weight": 1.0},
    ]


def test_content_hash_changes_if_a_block_sets_an_option_to_its_default(project):
    with_option = read_spec(edited_spec(project, "[classifiers]", BLOCKS)).content_hash()
    weighted = read_spec(edited_spec(project, "min_df = 1\n", "min_df = 1\nweight = 1\n")).content_hash()
    without = read_spec(edited_spec(project, "min_df = 1\n", "")).content_hash()
    assert with_option == weighted != without  # a block has the weight 1 anyway


def test_a_block_of_keywords_needs_a_taxonomy_with_keywords_for_every_topic(project):
    path = edited_spec(project, "[classifiers]", BLOCKS)
    taxonomy = project.root / "data" / "topics.toml"
    lines = taxonomy.read_text().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if line.startswith("keywords"))
    taxonomy.write_text("".join(lines[:last] + lines[last + 1 :]))
    with pytest.raises(
        SpecError, match=r"features\.blocks\.keywords\.keywords: rail in data/topics\.toml have no keywords\. Add"
    ):
        run_experiment(path, n_jobs=1)
    published = path.read_text().replace('topics = "data/topics.toml"\n', "")
    path.write_text(re.sub("labels = .*", 'labels = "published"', published))
    with pytest.raises(SpecError, match=r"features\.blocks\.keywords\.keywords: the keywords are those of a taxonomy"):
        read_spec(path)


def test_a_spec_has_the_options_and_defaults_of_features(project):
    features = read_spec(edited_spec(project, "ngram_range = [[1, 1], [1, 2]]", "")).features
    assert dict(features) | {"blocks": None} == {
        option.name: None if option.name == "blocks" else (option.default,) for option in fields(Features)
    }


def test_plan_takes_the_weights_of_the_spec(project):
    options = """max_features = ["none", 300]
use_idf = [true, false]
smooth_idf = false
norm = ["l1", "none"]
"""
    settings = read_spec(edited_spec(project, "ngram_range = [[1, 1], [1, 2]]", options)).plan().settings
    assert (
        settings
        == Features(max_features=[None, 300], use_idf=[True, False], smooth_idf=False, norm=["l1", None]).settings()
    )


@pytest.mark.slow
def test_run_experiment_compares_an_estimator_of_the_project_folder(project):
    (project.root / "ours").mkdir()
    (project.root / "ours" / "models.py").write_text("""
from sklearn.svm import LinearSVC


class Patient(LinearSVC):
    def __init__(self, C=1.0):
        super().__init__(C=C, max_iter=5000)

    def get_params(self, deep=True):
        return {"C": self.C}
""")
    path = edited_spec(project, "linear-svm = {", 'patient-svm = { estimator = "ours.models:Patient", ')
    searched = list(sys.path)
    result = run_experiment(path, n_jobs=2)
    assert sys.path == searched
    (comparison,) = result.comparisons
    assert "patient-svm" in comparison.ranking
    assert comparison.results_of("patient-svm")[0].parameters["C"] in (0.3, 3.0)
    assert read_spec(path).plan().classifiers[-1].name == "patient-svm"


def test_load_dataset_selects_the_published_topics_of_the_taxonomy(project):
    labels = project.corpora / "newsroom.labels.csv"
    ids = read_corpus(project.corpora / "newsroom.parquet")["id"]
    rows = [f"{name},{('courts', 'rail', 'weather')[n % 3]},train" for n, name in enumerate(ids)]
    labels.write_text("\n".join(["article_id,topic,sample", *rows]) + "\n")
    path = project.root / "experiments" / "small.toml"
    path.write_text(
        path.read_text()
        .replace('["data/labels/gold.csv"]', '"published"\ntask = "multi-class"')
        .replace('representative = "random"', "")
    )
    dataset = load_dataset(project, read_spec(path), "data/corpora/newsroom.parquet")
    assert dataset.topics == ("courts", "rail")
    assert len(dataset) == 60
    taxonomy = project.root / "data" / "topics.toml"
    taxonomy.write_text(taxonomy.read_text().replace('name = "rail"', 'name = "rails"'))
    with pytest.raises(LabelsError, match="the published labels have no topic 'rails'; did you mean 'rail'"):
        load_dataset(project, read_spec(path), "data/corpora/newsroom.parquet")
