"""Count how many mutants of each module the tests have killed, after ``mutmut run``; exit 1 below 90 %.

A mutant is the source code with one fault. Surviving mutants are listed; docs/reliability.md explains each kind.
"""

import json
import sys
from pathlib import Path

RESULTS = Path("build/mutants.json")
_SURVIVED, _ENOUGH = 0, 0.9


def main() -> None:
    """Print one line per module, and the surviving mutants."""
    counts, survivors = {}, []
    for path in sorted(Path("mutants/src").rglob("*.meta")):
        exit_codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        if not exit_codes:
            continue
        if None in exit_codes.values():
            sys.exit(f"{path}: not every mutant was tried; run 'make mutants' again.")
        killed = sum(code != _SURVIVED for code in exit_codes.values())
        survivors += [name for name, code in exit_codes.items() if code == _SURVIVED]
        name = path.relative_to("mutants/src/topicdesk").as_posix().removesuffix(".meta")
        counts[name] = {"mutants": len(exit_codes), "killed": killed}
        print(f"{name}: {killed} of {len(exit_codes)} killed ({killed / len(exit_codes):.1%})")
    print("\n".join(["survived:", *sorted(survivors)]))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    if not counts or any(count["killed"] < _ENOUGH * count["mutants"] for count in counts.values()):
        sys.exit("fewer than 90 % of a module's mutants are killed")


if __name__ == "__main__":
    main()
