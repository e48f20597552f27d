"""Sphinx's settings, for `make docs`. Pages that are generated from other files are written to docs/generated."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import topicdesk
from topicdesk.errors import TopicdeskError
from topicdesk.project import find_project
from topicdesk.tracking.models import fetched_model

HERE = Path(__file__).parent
ROOT = HERE.parent

project = "topicdesk"
author = "The topicdesk developers"
version = release = "0.1.0"

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "executed", "pictures"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
default_role = "autolink"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
autodoc_default_options = {
    "members": True,
    # Members of topicdesk's own base classes, not of other libraries'.
    "inherited-members": "BaseEstimator, ClassifierMixin, BaseCrossValidator, AnyWidget, Exception, tuple, object",
    # scikit-learn adds them.
    "exclude-members": "get_metadata_routing, set_fit_request, set_score_request, set_split_request",
}
autodoc_typehints = "none"  # the docstrings contain the types
autosummary_generate = True
suppress_warnings = ["myst.header"]  # a generated page may begin with a heading of level 2

html_theme = "pydata_sphinx_theme"
html_title = "topicdesk"
html_static_path = ["_static"]
html_css_files = ["own.css"]
html_show_sourcelink = False
html_sidebars = {"index": [], "tutorial": [], "notebooks": []}  # these pages have no subpages
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
}
html_extra_path = ["_build/executed"]  # notebooks/<name>.html

#: Pages that are copied from files of the repository.
COPIES = {
    "data-card": ROOT / "data" / "README.md",
    "results": ROOT / "experiments" / "README.md",
    "benchmarks": ROOT / "benchmarks" / "README.md",
    "changelog": ROOT / "CHANGELOG.md",
    "contributing": ROOT / "CONTRIBUTING.md",
}


def write_pages() -> None:
    """Write the pages of docs/generated."""
    folder = HERE / "generated"
    if folder.is_dir():  # it may contain pages of names that are no longer public
        shutil.rmtree(folder)
    folder.mkdir()
    for name, source in COPIES.items():
        (folder / f"{name}.md").write_text(relinked(source))
    (folder / "model-card.md").write_text(model_card())
    (folder / "python.md").write_text(python_reference())
    (folder / "command-line.md").write_text(command_line())


def relinked(source: Path) -> str:
    """Return a page whose links point to pages of the site. Links to other files are replaced by the file name."""
    pages = {copied.resolve(): f"{name}.md" for name, copied in COPIES.items()}

    def follow(link: re.Match[str]) -> str:
        text, target, anchor = link.group("text", "target", "anchor")
        path = (source.parent / target).resolve()
        if path in pages:
            return f"[{text}]({pages[path]}{anchor or ''})"
        if path.is_relative_to(HERE):
            return f"[{text}](../{path.relative_to(HERE)}{anchor or ''})"
        return f"{text} (`{path.relative_to(ROOT)}`)" if path.exists() else link.group()

    return re.sub(r"\[(?P<text>[^]]+)\]\((?P<target>[^):#]+)(?P<anchor>#[^)]*)?\)", follow, source.read_text())


def model_card() -> str:
    """Return the card of the champion that `make reproduce` registered."""
    head = "# Model card\n\n"
    try:
        with fetched_model("models:/topicdesk-topics@champion", find_project(ROOT)) as folder:
            card = (folder / "model-card.md").read_text()
    except TopicdeskError as error:
        return f"{head}There is no champion yet: run `make reproduce`, then `make docs`.\n\n{error}\n"
    introduction = (
        "The card of the model `topicdesk-topics` that `make reproduce` registered. Each model has its own.\n\n"
    )
    return head + introduction + re.sub(r"^#", "##", card, flags=re.MULTILINE)


def python_reference() -> str:
    """Return the list of public names, then the documented names of the packages, with a page for each name."""
    parts = ["# Python\n\n## The public interface\n\nImport these names from `topicdesk` itself.\n"]
    areas: dict[str, list[str]] = {}
    for name in topicdesk.__all__:
        areas.setdefault(getattr(topicdesk, name).__module__.split(".")[1], []).append(name)
    for area, names in sorted(areas.items(), key=lambda item: (item[0] != "interface", item)):
        parts.append(f"### {area}\n\n{first_line(f'topicdesk.{area}')}\n\n{summary_of('topicdesk', names)}")
    parts.append(
        "## Parts of the packages\n\nFor experiments with files, and for studies. Import these from their package.\n"
    )
    documented = tomllib.loads((HERE / "reference" / "packages.toml").read_text())
    for area, names in documented.items():
        package = f"topicdesk.{area}"
        parts.append(f"### {package}\n\n{first_line(package)}\n\n{summary_of(package, names)}")
    return "\n".join(parts)


def first_line(module: str) -> str:
    """Return the first line of a module's docstring."""
    return str(import_module(module).__doc__).splitlines()[0]


def summary_of(module: str, names: list[str]) -> str:
    """Return the directives that list names of a module, and make a page for each."""
    listed = "\n".join(f"   {name}" for name in sorted(names, key=str.lower))
    return f"```{{eval-rst}}\n.. currentmodule:: {module}\n\n.. autosummary::\n   :toctree: python\n\n{listed}\n```\n"


def command_line() -> str:
    """Return the help of every command."""
    command = [sys.executable, "-m", "typer", "topicdesk.cli", "utils", "docs", "--name", "topicdesk"]
    written = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return written.replace("# `topicdesk`\n", "# Command line\n", 1).replace("&#x27;", "'")


write_pages()
