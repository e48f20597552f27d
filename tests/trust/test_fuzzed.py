"""Run each fuzz target on its seeds, and on every input that once failed."""

import importlib.util
import sys
from pathlib import Path

import pytest

from topicdesk.annotation import read_taxonomy
from topicdesk.experiment import read_spec

FUZZ = Path(__file__).parents[1] / "fuzz"
_module_spec = importlib.util.spec_from_file_location("fuzz_targets", FUZZ / "targets.py")
targets = importlib.util.module_from_spec(_module_spec)
sys.modules["fuzz_targets"] = targets  # dataclasses look up their module
_module_spec.loader.exec_module(targets)

SEEDS = [(name, number) for name, target in targets.TARGETS.items() for number in range(len(target.seeds))]
ONCE_FAILED = sorted(path.relative_to(FUZZ / "broke") for path in (FUZZ / "broke").glob("*/*"))


@pytest.mark.parametrize(("name", "number"), SEEDS)
def test_fuzz_targets_pass_on_their_seeds(name, number):
    target = targets.TARGETS[name]
    target.throw(target.seeds[number])


@pytest.mark.parametrize("path", ONCE_FAILED, ids=str)
def test_fuzz_targets_pass_on_inputs_that_once_failed(path):
    targets.TARGETS[path.parts[0]].throw((FUZZ / "broke" / path).read_bytes())


def test_seeds_of_the_spec_target_are_valid(tmp_path):
    # The fuzzer would learn nothing from a seed that is rejected.
    for number, read in ((0, read_spec), (1, read_taxonomy)):
        path = tmp_path / f"{number}.toml"
        path.write_bytes(targets.TARGETS["spec"].seeds[number])
        read(path)
