"""Search the source for code that fails on macOS or Windows, since the tests run on one system at a time."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "topicdesk"
FILES = sorted(SOURCE.rglob("*.py"))

POSIX_ONLY = {"crypt", "fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}

# Missing on Windows. These calls must be behind a check of the system.
POSIX_CALLS = {"chown", "fchmod", "fchown", "fork", "getuid", "geteuid", "killpg", "sched_getaffinity", "setsid"}

CHECKS = {"sys.platform == 'win32'", "os.name == 'nt'"}

TEXT_METHODS = {"read_text", "write_text"}
SUBPROCESS = {"run", "Popen", "call", "check_call", "check_output"}


def imports_at_module_level(tree):
    """Yield the modules that importing the file imports, `if TYPE_CHECKING` included."""
    pending = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]
        pending.extend(ast.iter_child_nodes(node))


def names_an_encoding(call):
    return any(keyword.arg in ("encoding", None) for keyword in call.keywords)


def mode_of(call, position):
    """Return the mode of a call of `open`; None if it is not a literal."""
    mode = next((keyword.value for keyword in call.keywords if keyword.arg == "mode"), None)
    if mode is None and len(call.args) > position:
        mode = call.args[position]
    if mode is None:
        return "r"
    return mode.value if isinstance(mode, ast.Constant) and isinstance(mode.value, str) else None


def texts_without_encoding(tree):
    """Yield the lines that open, read or write text in the default encoding of the system."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        named = isinstance(call.func, ast.Attribute)
        name = call.func.attr if named else getattr(call.func, "id", "")
        if name == "open":
            # `path.open(mode)`, `open(path, mode)`; `archive.open(member)` and `store.open()` don't open text.
            mode = mode_of(call, 0 if named else 1)
            of_archive = named and call.args and mode is None
            of_store = named and ast.unparse(call.func.value).endswith("store")
            text = not of_archive and not of_store and "b" not in (mode or "")
        elif named and name in TEXT_METHODS:
            text = len(call.args) < 2
        else:
            text = name in SUBPROCESS and any(
                keyword.arg in ("text", "universal_newlines") for keyword in call.keywords
            )
        if text and not names_an_encoding(call):
            yield call.lineno


def unguarded_calls(tree):
    """Yield the names of `POSIX_CALLS` that a file uses without any check of the system."""
    if any(ast.unparse(node) in CHECKS for node in ast.walk(tree) if isinstance(node, ast.Compare)):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "os" and node.attr in POSIX_CALLS:
            yield node.attr


def faults(search):
    """Return the results of a search by file, without files that have none."""
    assert len(FILES) > 100
    results = {path: list(search(ast.parse(path.read_text(encoding="utf-8")))) for path in FILES}
    return {path.relative_to(SOURCE).as_posix(): faults for path, faults in results.items() if faults}


@pytest.mark.slow
def test_modules_import_no_posix_only_module():
    assert faults(lambda tree: POSIX_ONLY & set(imports_at_module_level(tree))) == {}


def test_text_files_are_opened_with_an_encoding():
    assert faults(texts_without_encoding) == {}


@pytest.mark.slow
def test_posix_only_calls_are_behind_a_check_of_the_system():
    assert faults(unguarded_calls) == {}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("path.read_text()", True),
        ("path.read_text(encoding='utf-8')", False),
        ("path.write_text(text)", True),
        ("write_text(path, text)", False),
        ("path.open()", True),
        ("path.open('w', newline='')", True),
        ("path.open('rb')", False),
        ("open(path)", True),
        ("open(path, mode='ab')", False),
        ("open(path, 'w', encoding='utf-8')", False),
        ("subprocess.run(command, text=True)", True),
    ],
)
def test_texts_without_encoding_finds_only_missing_encodings(code, expected):
    assert bool(list(texts_without_encoding(ast.parse(code)))) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import fcntl", {"fcntl"}),
        ("from resource import getrusage", {"resource"}),
        ("try:\n    import pwd\nexcept ImportError:\n    pwd = None", {"pwd"}),
        ("def work():\n    import fcntl", set()),
    ],
)
def test_imports_at_module_level_finds_imports(code, expected):
    assert set(imports_at_module_level(ast.parse(code))) == expected


IMPORT_ALL = """
import importlib, pathlib, sys
for name in {missing!r}:
    sys.modules[name] = None
import topicdesk
root = pathlib.Path(topicdesk.__file__).parent
for file in sorted(root.rglob("*.py")):
    parts = file.relative_to(root.parent).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    if parts[-1] != "__main__":
        importlib.import_module(name)
print("imported")
"""


@pytest.mark.slow
def test_modules_can_be_imported_without_posix_only_modules():
    code = IMPORT_ALL.format(missing=sorted(POSIX_ONLY - {"posix"}))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.stdout == "imported\n", done.stderr
