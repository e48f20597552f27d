"""Keys of metrics: names that people choose, as MLflow accepts them."""

import pytest
from hypothesis import given, strategies as st
from mlflow.utils.validation import MAX_ENTITY_KEY_LENGTH, _validate_logged_model_name, _validate_metric_name

from topicdesk.tracking._keys import metric_names, model_name, repaired_metrics

NAMES = [
    "courts", "ARTS & CULTURE", "ARTS ! CULTURE",
    "SCI/TECH", "SCI_TECH", "1", "Суды", "a, b (c)", "a; b (c)", "a_ b _c_", "..", ".",
    "न्यायालय", "नयायालय", "法院", " ", "../up", "line\nbreak", "⚖️", "🚆", "x" * 300, "x" * 299 + "y",
]  # fmt: skip


def test_metric_names_differ_and_are_accepted_by_mlflow():
    parts = metric_names(NAMES)
    assert list(parts) == NAMES
    assert len(set(parts.values())) == len(NAMES)
    for sample in parts.values():
        for topic in parts.values():
            key = f"{sample}/topic/{topic}/precision"
            _validate_metric_name(key)
            assert len(key) <= MAX_ENTITY_KEY_LENGTH


@pytest.mark.parametrize("name", ["courts", "1", "Суды", "法院", "a - b", "SCI_TECH", "a_ 2", "x" * 100])
def test_metric_names_keeps_names_that_mlflow_accepts(name):
    assert metric_names(["a,", "SCI/TECH", name, "a;"])[name] == name


def test_metric_names_does_not_depend_on_the_order():
    assert metric_names(NAMES) == metric_names(NAMES[::-1])


@given(st.lists(st.text(alphabet="ab,;._/ \n", max_size=4), unique=True))
def test_metric_names_never_collide(names):
    parts = metric_names(names)
    assert len(set(parts.values())) == len(names)
    for part in parts.values():
        _validate_metric_name(f"topic/{part}/f1")


@given(st.lists(st.text(alphabet="ab,;._/ \n", max_size=6), unique=True))
def test_repaired_metrics_are_accepted_by_mlflow_and_differ(keys):
    repaired = [key for key, _, _ in repaired_metrics([(key, 0.5, 0) for key in keys])]
    assert len(set(repaired)) == len(keys)
    for key in repaired:
        _validate_metric_name(key)


def test_repaired_metrics_keeps_valid_keys_and_steps():
    metrics = [("topic/SCI/TECH/f1", 0.25, 0), ("fold/macro_f1", 0.5, 0), ("fold/macro_f1", 0.75, 1)]
    assert repaired_metrics(metrics) == metrics
    ((key, value, step),) = repaired_metrics([(f"topic/{'x' * 300}/f1", 0.5, 2)])
    assert (len(key), value, step) == (MAX_ENTITY_KEY_LENGTH, 0.5, 2)


@pytest.mark.parametrize("name", ["svm 0.5", "a/b", "100%", "it's", '"', "c:\\d", "linear-svm"])
def test_model_name_is_accepted_by_mlflow(name):
    _validate_logged_model_name(model_name(name))
    assert model_name("linear-svm") == "linear-svm"
