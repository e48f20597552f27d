"""The public names are few, and each has an example that runs."""

import doctest
import inspect
import subprocess
import sys

import pytest

import topicdesk


def test_topicdesk_has_about_thirty_public_names():
    assert 25 <= len(topicdesk.__all__) <= 35


@pytest.mark.parametrize("name", topicdesk.__all__)
def test_public_names_have_an_example(name):
    docstring = inspect.getdoc(getattr(topicdesk, name))
    examples = doctest.DocTestParser().get_examples(docstring)  # pytest runs them
    assert any(name.lower() in example.source.lower() for example in examples)


def test_packages_are_attributes_in_a_new_interpreter():
    code = "import topicdesk; print(topicdesk.annotation.sampling_weights.__name__)"
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert started.stdout.strip() == "sampling_weights"
