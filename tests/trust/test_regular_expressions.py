"""No text makes a regular expression of ours slow: every one, against strings that make careless ones explode.

A pattern is thrown long runs of each character, and of each pair of characters, that it may care for, with an end that
does not fit. What backtracks without bound takes minutes on these; ours have a second for 20,000 characters.
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
from topicdesk.corpus import boilerplate

SOURCE = Path(topicdesk.__file__).parent
LENGTH, SECONDS = 20_000, 1.0

# One of each kind that patterns tell apart, and marks that ours name.
CHARACTERS = ["a", "A", "é", "1", " ", "\n", "-", ".", ",", '"', "'", "/", "|", "(", ":", "<", "&", "=", "\\", "_"]
# Words that begin what ours look for.
WORDS = ["By ", "READ MORE: ", "Monday, ", "Jan ", "<html ", "page ", "01/02/", '<g id="', "PORT TOWN, ", "A & "]


# Texts that are longer never reach these.
BOUNDED = {
    "topicdesk.corpus.boilerplate._MENU": boilerplate._LONGEST_PHRASE,
    "topicdesk.corpus.boilerplate._VARYING": boilerplate._LONGEST_PHRASE,
}


@dataclass(frozen=True)
class Used:
    """A pattern, and how our code asks it."""

    pattern: re.Pattern
    methods: frozenset
    length: int = LENGTH


def kept_patterns(name, source):
    """Find those that a module keeps under a name, alone or several together."""
    for kept, value in vars(import_module(name)).items():
        several = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else [value]
        asked = re.findall(rf"\b{re.escape(kept)}\.(match|search|fullmatch|sub|split|finditer|findall)\(", source)
        asked = asked or re.findall(r"\bform\.(match|search|fullmatch)\(", source)
        asked = asked or ["search"]  # handed on to who asks it
        for place, one in enumerate(several):
            if isinstance(one, re.Pattern) and kept in source:
                methods = frozenset("sub" if how in ("split", "finditer", "findall") else how for how in asked)
                yield f"{name}.{kept}.{place}", Used(one, methods, BOUNDED.get(f"{name}.{kept}", LENGTH))


def called_patterns(name, source):
    """Find those that stand in a call."""
    for node in ast.walk(ast.parse(source)):
        called = getattr(node, "func", None)
        if isinstance(called, ast.Attribute) and getattr(called.value, "id", "") == "re" and node.args:
            first, how = node.args[0], called.attr
            if isinstance(first, ast.Constant) and how not in ("compile", "escape"):
                flags = re.DOTALL if any("DOTALL" in ast.unparse(keyword) for keyword in node.keywords) else 0
                method = how if how in ("match", "search", "fullmatch") else "sub"
                yield f"{name}:{node.lineno}", Used(re.compile(first.value, flags), frozenset([method]))


def patterns():
    """Find every pattern of ours."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(("topicdesk", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
        found |= dict(kept_patterns(name, path.read_text()))
        found |= dict(called_patterns(name, path.read_text()))
    return found


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
    for one in CHARACTERS:
        yield one * length + "\x00"
    for pair in permutations(CHARACTERS, 2):
        yield "".join(pair) * (length // 2) + "\x00"
    for word in WORDS:
        yield word * (length // len(word)) + "\x00"
        yield from ((word + one * length)[:length] + "\x00" for one in CHARACTERS)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_none_takes_long(name):
    used = PATTERNS[name]
    for text in attacks(used.length):
        binary = isinstance(used.pattern.pattern, bytes)
        thrown, nothing = (text.encode("latin-1", "replace"), b"") if binary else (text, "")
        start = time.process_time()
        try:
            with limit(20 * SECONDS):
                for method in used.methods:
                    getattr(used.pattern, method)(*([nothing, thrown] if method == "sub" else [thrown]))
        except TimeoutError:
            pytest.fail(f"{used.pattern.pattern!r} does not end on {text[:20]!r} …")
        took = time.process_time() - start
        assert took < SECONDS, f"{used.pattern.pattern!r} takes {took:.1f} s on {text[:20]!r} …"


def test_the_test_would_find_one_that_explodes():
    with pytest.raises(TimeoutError), limit(0.5):
        re.compile(r"(\w+\s?)+;").fullmatch("a" * 40 + "\x00")


#: Modules whose patterns are made of the user's words, escaped, so that none can explode; or are the user's own.
OF_THE_USER = {"topicdesk.annotation.widget", "topicdesk.prediction.explain"}


def test_every_module_that_uses_patterns_is_looked_at():
    using = set()
    for path in SOURCE.rglob("*.py"):
        if re.search(r"^(import re|from re import .*)$", path.read_text(), re.MULTILINE):
            parts = ("topicdesk", *path.relative_to(SOURCE).with_suffix("").parts)
            using.add(".".join(parts).removesuffix(".__init__"))
    looked_at = {name.partition(":")[0] for name in PATTERNS}
    assert {one for one in using if not any(f"{name}.".startswith(f"{one}.") for name in looked_at)} == OF_THE_USER
