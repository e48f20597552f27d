"""Write docs/reliability.md from docs/promises.toml and the record of the last long run, docs/reliability.json.

``python docs/reliability.py`` writes the page. ``--tests`` lists the tests to run in their long form. ``--record``
first copies their results (build/figures.json, build/fuzz/*.log, build/mutants.json) to the record.
"""

import json
import os
import platform
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE, RECORD = ROOT / "docs" / "reliability.md", ROOT / "docs" / "reliability.json"
_BUILD = ROOT / "build"
_LONG_SECONDS = 1800
_OUTCOMES = ("passed", "failed", "skipped")
_MARK = "<!-- written by docs/reliability.py -->"


def promises() -> list[dict]:
    """Read the promises, and the tests or the command that check each of them."""
    return tomllib.loads((ROOT / "docs" / "promises.toml").read_text(encoding="utf-8"))["promises"]


def tests() -> list[str]:
    """List the tests of all promises, without repetition."""
    return list(dict.fromkeys(test for promise in promises() for test in promise.get("tests", ())))


def record() -> dict:
    """Return the results of the last long run. Results of parts that were not run again are kept."""
    kept = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}
    run = subprocess.run
    commit = run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    kept["machine"] = (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    )
    kept["commit"] = commit.strip()
    if (_BUILD / "figures.json").is_file():
        recorded = json.loads((_BUILD / "figures.json").read_text(encoding="utf-8"))
        kept["tests"] = {test: _summed(recorded, test) for test in tests()}
    if (_BUILD / "mutants.json").is_file():
        kept["mutants"] = json.loads((_BUILD / "mutants.json").read_text(encoding="utf-8"))
    for log in sorted(_BUILD.glob("fuzz/*.log")):
        ended = re.search(r"^Done (\d+) runs in (\d+) second", log.read_text(errors="replace"), re.MULTILINE)
        # A log of a run that found a failure has no such line.
        if ended and int(ended[2]) >= _LONG_SECONDS:
            kept.setdefault("fuzz", {})[log.stem] = {"executions": int(ended[1]), "seconds": int(ended[2])}
    if (_BUILD / "sbom.cdx.json").is_file():
        kept["components"] = len(json.loads((_BUILD / "sbom.cdx.json").read_text(encoding="utf-8"))["components"])
    return kept


def _summed(recorded: dict, test: str) -> dict:
    cases = {name: one for name, one in recorded.items() if name == test or name.startswith((f"{test}[", f"{test}::"))}
    figures: dict = {}
    for one in cases.values():
        for name, value in one.items():
            if name == "outcome":
                figures[value] = figures.get(value, 0) + 1
            else:
                figures[name] = figures.get(name, 0) + value
    return figures


def figures_of(promise: dict, kept: dict) -> str:
    """Return the results of a promise, as a table cell."""
    match promise.get("command", ""):
        case "make mutants":
            return "<br>".join(
                f"`{name}`: {one['killed']} of {one['mutants']} ({one['killed'] / one['mutants']:.1%})"
                for name, one in kept["mutants"].items()
            )
        case "make audit":
            return f"{kept['components']} components"
        case fuzz if fuzz.startswith("make fuzz"):
            return "<br>".join(
                f"{name}: {one['executions']:,} in {one['seconds'] / 60:.0f} min" for name, one in kept["fuzz"].items()
            )
    recorded = [kept["tests"][test] for test in promise["tests"]]
    names = list(dict.fromkeys(name for one in recorded for name in one))
    summed = {
        name: sum(one.get(name, 0) for one in recorded) for name in sorted(names, key=("passed", "failed").__contains__)
    }
    return "; ".join(_counted(name, value) for name, value in summed.items())


def _counted(name: str, value: int) -> str:
    return f"{value:,} {'case' if value == 1 else 'cases'} {name}" if name in _OUTCOMES else f"{value:,} {name}"


def page(kept: dict) -> str:
    """Return the tables in Markdown."""
    lines = [f"Last long run: commit {kept['commit']}, {kept['machine']}."]
    about = ""
    for promise in promises():
        if promise["about"] != about:
            about = promise["about"]
            lines += ["", f"### {about}", "", "| Promise | Last long run | Test |", "|---|---|---|"]
        held = [*promise.get("tests", ()), *([promise["command"]] if "command" in promise else [])]
        # Names of tests are wider than a column. Allow line breaks after underscores, slashes and colons.
        broken = [re.sub(r"(_|/|::)", r"\1<wbr>", name.removeprefix("tests/")) for name in held]
        names = "<br>".join(f"<code>{name}</code>" for name in broken)
        lines.append(f"| {promise['promise']} | {figures_of(promise, kept)} | {names} |")
    return "\n".join(lines) + "\n"


def written(text: str, kept: dict) -> str:
    """Return the page with the tables between its two marks."""
    before, _, rest = text.partition(_MARK)
    return f"{before}{_MARK}\n\n{page(kept)}\n{_MARK}{rest.partition(_MARK)[2]}"


def main() -> None:
    """Run the command line."""
    if "--tests" in sys.argv:
        print("\n".join(tests()))
        return
    kept = record() if "--record" in sys.argv else json.loads(RECORD.read_text(encoding="utf-8"))
    RECORD.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), kept), encoding="utf-8")


if __name__ == "__main__":
    main()
