"""Count how many mutants of each module the tests have killed, after ``mutmut run``; exit 1 below 90 %.

A mutant is the source with one fault put in. What survives is listed; docs/reliability.md says of each kind why.
"""

import json
import sys
from pathlib import Path

KEPT = Path("build/mutants.json")
_SURVIVED, _ENOUGH = 0, 0.9


def main() -> None:
    """Print a line a module, and the mutants that survived."""
    found, lived = {}, []
    for path in sorted(Path("mutants/src").rglob("*.meta")):
        ends = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        if not ends:
            continue
        if None in ends.values():
            sys.exit(f"{path}: not every mutant was tried; run 'make mutants' again.")
        killed = sum(end != _SURVIVED for end in ends.values())
        lived += [name for name, end in ends.items() if end == _SURVIVED]
        name = path.relative_to("mutants/src/topicdesk").as_posix().removesuffix(".meta")
        found[name] = {"mutants": len(ends), "killed": killed}
        print(f"{name}: {killed} of {len(ends)} killed ({killed / len(ends):.1%})")
    print("\n".join(["survived:", *sorted(lived)]))
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if not found or any(one["killed"] < _ENOUGH * one["mutants"] for one in found.values()):
        sys.exit("fewer than 90 % of a module's mutants are killed")


if __name__ == "__main__":
    main()
