"""What the fuzzer starts from, and all that has ever broken something, thrown again at each target."""

import importlib.util
import sys
from pathlib import Path

import pytest

from topicdesk.annotation import read_taxonomy
from topicdesk.experiment import read_spec

FUZZ = Path(__file__).parents[1] / "fuzz"
_found = importlib.util.spec_from_file_location("fuzz_targets", FUZZ / "targets.py")
targets = importlib.util.module_from_spec(_found)
sys.modules["fuzz_targets"] = targets  # dataclasses look their module up
_found.loader.exec_module(targets)

SEEDS = [(name, number) for name, target in targets.TARGETS.items() for number in range(len(target.seeds))]
BROKE = sorted(path.relative_to(FUZZ / "broke") for path in (FUZZ / "broke").glob("*/*"))


@pytest.mark.parametrize(("name", "number"), SEEDS)
def test_no_seed_breaks_a_promise(name, number):
    target = targets.TARGETS[name]
    target.throw(target.seeds[number])


@pytest.mark.parametrize("path", BROKE, ids=str)
def test_what_broke_something_once_breaks_nothing_now(path):
    targets.TARGETS[path.parts[0]].throw((FUZZ / "broke" / path).read_bytes())


def test_the_seeds_of_specs_and_taxonomies_are_whole_ones(tmp_path):
    # A seed that is refused would teach the fuzzer nothing.
    for number, read in ((0, read_spec), (1, read_taxonomy)):
        path = tmp_path / f"{number}.toml"
        path.write_bytes(targets.TARGETS["spec"].seeds[number])
        read(path)
