"""Former names of arguments and fields work for one version, with a warning."""

import inspect
import pickle
import warnings
from dataclasses import dataclass, fields, replace
from importlib import import_module

import pytest

import topicdesk
from topicdesk._renamed import renamed_arguments, renamed_fields
from topicdesk.evaluation import compare


@renamed_arguments(jobs="n_jobs", seed="random_state")
def start(name, *, n_jobs=1, random_state=0):
    """Start."""
    return name, n_jobs, random_state


@renamed_fields(seed="random_state")
@dataclass(frozen=True)
class Plan:
    random_state: int = 0


def test_renamed_arguments_accept_the_former_name_with_a_warning():
    with pytest.warns(FutureWarning, match=r"^argument 'jobs' of start is now 'n_jobs'$") as caught:
        assert start("a", jobs=2, random_state=3) == ("a", 2, 3)
    assert [warning.filename for warning in caught] == [__file__]


def test_renamed_arguments_do_not_warn_about_the_new_names():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert start("a", n_jobs=2, random_state=3) == ("a", 2, 3)


def test_renamed_arguments_refuse_both_names():
    with pytest.raises(TypeError, match="got both 'jobs' and 'n_jobs'; use 'n_jobs'"):
        start("a", jobs=2, n_jobs=2)


def test_renamed_arguments_keep_signature_docstring_and_pickling():
    assert list(inspect.signature(start).parameters) == ["name", "n_jobs", "random_state"]
    assert start.__doc__ == "Start."
    assert start.__module__ == __name__
    assert pickle.loads(pickle.dumps(compare)) is compare


def test_renamed_fields_accept_the_former_name_with_a_warning():
    with pytest.warns(FutureWarning, match=r"^argument 'seed' of Plan is now 'random_state'$"):
        plan = Plan(seed=5)
    assert plan == Plan(random_state=5)
    with pytest.warns(FutureWarning, match=r"^attribute 'seed' of Plan is now 'random_state'$"):
        assert plan.seed == 5
    with pytest.raises(TypeError, match="got both"):
        Plan(seed=5, random_state=5)


def test_renamed_fields_keep_the_dataclass():
    assert [one.name for one in fields(Plan)] == ["random_state"]
    assert list(inspect.signature(Plan).parameters) == ["random_state"]
    assert repr(replace(Plan(), random_state=7)).endswith("Plan(random_state=7)")


@pytest.mark.parametrize(
    ("package", "name", "former", "present"),
    [
        ("topicdesk", "compare", "jobs", "n_jobs"),
        ("topicdesk", "label_files", "jobs", "n_jobs"),
        ("topicdesk.evaluation", "LocalEngine", "jobs", "n_jobs"),
        ("topicdesk.evaluation", "audit_topics", "seed", "random_state"),
        ("topicdesk.evaluation", "ComparisonPlan", "seed", "random_state"),
        ("topicdesk.evaluation", "leaderboard", "figures", "scores"),
        ("topicdesk", "Comparison", "figures", "scores"),
    ],
)
def test_public_names_have_the_new_argument_and_accept_the_former(package, name, former, present):
    public = getattr(import_module(package), name)
    assert present in inspect.signature(public).parameters
    assert former not in inspect.signature(public).parameters
    with pytest.raises(TypeError, match=f"got both '{former}' and '{present}'"):
        public(**{former: None, present: None})


@pytest.mark.parametrize(
    "name", ["Labeller", "fit_labeller", "load_labeller", "read_annotations", "ThresholdRule", "AnnotationWidget"]
)
def test_names_that_are_no_longer_public_work_with_a_warning(name):
    assert name not in topicdesk.__all__
    with pytest.warns(FutureWarning, match=rf"topicdesk\.{name} is now"):
        assert getattr(topicdesk, name).__name__ == name
