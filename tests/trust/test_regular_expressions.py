"""Every regular expression of topicdesk is fast on strings that cause catastrophic backtracking.

Each pattern is applied to long runs of each character, and of each pair of characters, with an end that does not match.
Patterns that backtrack without bound take minutes on these strings; ours must take less than a second for 20,000
characters.
"""

import ast
import re
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import permutations
from pathlib import Path

import pytest

import topicdesk
from topicdesk.corpus import _boilerplate

SOURCE = Path(topicdesk.__file__).parent
LENGTH, SECONDS = 20_000, 1.0

# One character of each class that patterns distinguish, and the punctuation in our patterns.
CHARACTERS = ["a", "A", "é", "1", " ", "\n", "-", ".", ",", '"', "'", "/", "|", "(", ":", "<", "&", "=", "\\", "_"]
# Beginnings of strings that our patterns match.
WORDS = ["By ", "READ MORE: ", "Monday, ", "Jan ", "<html ", "page ", "01/02/", '<g id="', "PORT TOWN, ", "A & "]


# These patterns never receive longer texts.
BOUNDED = {
    "topicdesk.corpus._boilerplate._MENU": _boilerplate._LONGEST_PHRASE,
    "topicdesk.corpus._boilerplate._VARYING": _boilerplate._LONGEST_PHRASE,
}


@dataclass(frozen=True)
class UsedPattern:
    """A pattern, and the methods that our code calls on it."""

    pattern: re.Pattern
    methods: frozenset
    length: int = LENGTH


def assigned_patterns(name, source):
    """Yield the patterns that a module assigns to a name, one or several."""
    for variable, value in vars(import_module(name)).items():
        candidates = (
            value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else [value]
        )
        found = [(position, one) for position, one in enumerate(candidates) if isinstance(one, re.Pattern)]
        if not found or variable not in source:
            continue
        calls = re.findall(rf"\b{re.escape(variable)}\.(match|search|fullmatch|sub|split|finditer|findall)\(", source)
        calls = calls or re.findall(r"\bform\.(match|search|fullmatch)\(", source)
        calls = calls or ["search"]  # passed to another function
        methods = frozenset("sub" if call in ("split", "finditer", "findall") else call for call in calls)
        for position, pattern in found:
            used = UsedPattern(pattern, methods, BOUNDED.get(f"{name}.{variable}", LENGTH))
            yield f"{name}.{variable}.{position}", used


def inline_patterns(name, source):
    """Yield the patterns that are written in a call of `re`."""
    if not re.search(r"\bre\.\w+\(", source):  # parsing all of topicdesk takes seconds, in each process that runs tests
        return
    for node in ast.walk(ast.parse(source)):
        function = getattr(node, "func", None)
        if isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "re" and node.args:
            first, call = node.args[0], function.attr
            if isinstance(first, ast.Constant) and call not in ("compile", "escape"):
                flags = re.DOTALL if any("DOTALL" in ast.unparse(keyword) for keyword in node.keywords) else 0
                method = call if call in ("match", "search", "fullmatch") else "sub"
                yield f"{name}:{node.lineno}", UsedPattern(re.compile(first.value, flags), frozenset([method]))


def patterns():
    """Return every pattern of topicdesk by name."""
    by_name = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(("topicdesk", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
        source = path.read_text()
        by_name |= dict(assigned_patterns(name, source))
        by_name |= dict(inline_patterns(name, source))
    return by_name


PATTERNS = patterns()


@contextmanager
def limit(seconds):
    def stop(number, frame):
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def attacks(length):
    for character in CHARACTERS:
        yield character * length + "\x00"
    for pair in permutations(CHARACTERS, 2):
        yield "".join(pair) * (length // 2) + "\x00"
    for word in WORDS:
        yield word * (length // len(word)) + "\x00"
        yield from ((word + character * length)[:length] + "\x00" for character in CHARACTERS)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_patterns_run_in_linear_time(name):
    used = PATTERNS[name]
    for text in attacks(used.length):
        binary = isinstance(used.pattern.pattern, bytes)
        subject, replacement = (text.encode("latin-1", "replace"), b"") if binary else (text, "")
        start = time.process_time()
        try:
            with limit(20 * SECONDS):
                for method in used.methods:
                    getattr(used.pattern, method)(*([replacement, subject] if method == "sub" else [subject]))
        except TimeoutError:
            pytest.fail(f"{used.pattern.pattern!r} does not end on {text[:20]!r} …")
        took = time.process_time() - start
        assert took < SECONDS, f"{used.pattern.pattern!r} takes {took:.1f} s on {text[:20]!r} …"


def test_limit_stops_a_pattern_with_catastrophic_backtracking():
    with pytest.raises(TimeoutError), limit(0.5):
        re.compile(r"(\w+\s?)+;").fullmatch("a" * 40 + "\x00")


#: Modules whose patterns are built from escaped words of the user, which cannot backtrack, or are the user's own.
OF_THE_USER = {"topicdesk.annotation.widget", "topicdesk.prediction.explain"}


def test_patterns_cover_every_module_that_uses_regular_expressions():
    using = set()
    for path in SOURCE.rglob("*.py"):
        if re.search(r"^(import re|from re import .*)$", path.read_text(), re.MULTILINE):
            parts = ("topicdesk", *path.relative_to(SOURCE).with_suffix("").parts)
            using.add(".".join(parts).removesuffix(".__init__"))
    covered = {name.partition(":")[0] for name in PATTERNS}
    assert {
        module for module in using if not any(f"{name}.".startswith(f"{module}.") for name in covered)
    } == OF_THE_USER
