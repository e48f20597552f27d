"""Warnings point at the line of the user."""

import warnings
from contextlib import contextmanager

import pytest

from topicdesk._renamed import renamed_arguments
from topicdesk._warnings import warn_user
from topicdesk.corpus import story_groups


def test_warn_user_names_the_line_of_the_caller():
    with pytest.warns(UserWarning, match="^look$") as caught:
        warn_user("look")
    assert caught[0].filename == __file__


def test_warn_user_skips_decorators_of_topicdesk_and_of_contextlib():
    @contextmanager
    def nothing():
        yield

    decorated = nothing()(renamed_arguments(text="message")(warn_user))
    with pytest.warns(UserWarning, match="^look$") as caught:
        decorated("look")
    assert caught[0].filename == __file__


def test_warn_user_takes_a_category():
    with pytest.warns(FutureWarning, match="^later$"):
        warn_user("later", FutureWarning)


def test_story_groups_warns_at_the_line_of_the_caller():
    # Neighbours share two of three words, and the ends of the chain share none.
    texts = [f"w{number} w{number + 1} w{number + 2}" for number in range(40)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        story_groups(texts)
    assert {one.filename for one in caught} == {__file__}
