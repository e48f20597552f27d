"""Help of every command: it works and shows an example that the command accepts."""

import shlex

import click
import pytest
import typer
from typer.testing import CliRunner

from topicdesk.cli import app


def commands(group, before=()):
    """Yield the name of every command that help shows, as a tuple of words, with the command."""
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, click.Group) or hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name), command


COMMANDS = dict(commands(typer.main.get_command(app)))


def test_commands_cover_every_group():
    assert {"init", "import", "compare", "review", "label", "data", "annotations"} <= {name[0] for name in COMMANDS}


@pytest.mark.parametrize(("former", "name"), [("labels", "annotations")])
def test_former_group_has_the_same_commands_and_says_its_new_name(former, name):
    groups = typer.main.get_command(app).commands
    assert set(groups[former].commands) == set(groups[name].commands)
    done = CliRunner().invoke(app, [former, "agreement", "gold"])
    assert f"'topicdesk {former}' is called 'topicdesk {name}' now" in done.stderr


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_help_shows_an_example(name):
    done = CliRunner().invoke(app, [*name, "--help"])
    assert done.exit_code == 0
    assert f"Example: topicdesk {' '.join(name)}" in " ".join(done.stdout.split())


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_help_example_is_accepted(name):
    command = COMMANDS[name]
    words = shlex.split(command.epilog.removeprefix("Example: topicdesk "))
    assert tuple(words[: len(name)]) == name
    with command.make_context(" ".join(name), words[len(name) :]) as context:
        assert not context.args
