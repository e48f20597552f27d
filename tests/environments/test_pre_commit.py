"""The hooks of pre-commit are the checks of make lint, from the environment for developing."""

import re

import yaml

from topicdesk.project import find_project

ROOT = find_project(__file__).root


def test_hooks_of_pre_commit_are_the_programs_of_make_lint():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    programs = {line.split()[0].replace("$(DEV_BIN)", ".venv-dev/bin") for line in recipe.splitlines()}
    assert {entry.split()[0] for entry in entries} == programs
