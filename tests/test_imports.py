"""The modules of the package have no import cycle, including imports in functions and for type checkers."""

import ast
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "topicdesk"


def module_name(path):
    return ".".join(("topicdesk", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


MODULES = {module_name(path): path for path in SOURCE.rglob("*.py")}

# Where the public names of a package are defined, as its stub declares.
HOMES = {
    (module_name(path.with_suffix(".py")), name.name): node.module
    for path in SOURCE.rglob("__init__.pyi")
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.ImportFrom)
    for name in node.names
}


def is_private(module):
    return any(part.startswith("_") for part in module.split("."))


def home_of(module, name):
    if f"{module}.{name}" in MODULES and (module, name) not in HOMES:
        return f"{module}.{name}"
    while (module, name) in HOMES:
        module = HOMES[module, name]
    return module


def imports_of(tree):
    """Return the modules of the package that a module imports, anywhere in its code."""
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported |= {home_of(node.module, name.name) for name in node.names}
    return imported & set(MODULES)


@pytest.mark.slow
def test_modules_have_no_import_cycle():
    graph = {name: imports_of(ast.parse(path.read_text(encoding="utf-8"))) for name, path in MODULES.items()}
    assert sum(map(len, graph.values())) > len(MODULES), "imports_of finds too few imports"
    TopologicalSorter({name: imported - {name} for name, imported in graph.items()}).prepare()


def test_imports_of_includes_imports_in_functions_and_for_type_checkers():
    code = "if TYPE_CHECKING:\n    from topicdesk.project import Project\ndef f():\n    import topicdesk._progress\n"
    assert imports_of(ast.parse(code)) == {"topicdesk.project", "topicdesk._progress"}
    assert imports_of(ast.parse("from topicdesk.evaluation import compare")) == {"topicdesk.evaluation.comparison"}


def test_a_module_begins_with_an_underscore_if_no_package_exports_its_names():
    packages = {module_name(path) for path in SOURCE.rglob("__init__.py")}
    documented = tomllib.loads((SOURCE.parents[1] / "docs" / "reference" / "packages.toml").read_text())
    exporting = packages | set(HOMES.values()) | {f"topicdesk.{package}" for package in documented}
    assert [name for name in MODULES if not is_private(name) and name not in exporting] == []
    assert {"topicdesk._atomic", "topicdesk.evaluation._search"} <= {name for name in MODULES if is_private(name)}
