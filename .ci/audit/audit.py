"""Check locked packages for known vulnerabilities, and write the lock as a bill of materials (CycloneDX).

Run by ``make audit``. The exit code is 1 if a vulnerability is known. If there are no advisories, as with some package
mirrors, the number of packages that were not checked is printed, and the exit code is 0.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

LOCKS = [Path("environments/dev.lock"), Path("environments/uv.lock"), Path(".ci/audit/requirements.lock")]
BILL = Path("build/sbom.cdx.json")


def tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment."""
    return subprocess.run(
        [Path(sys.executable).with_name(name), *arguments], capture_output=True, text=True, check=False
    )


def write_bill() -> None:
    """Write the bill of materials, and check it against CycloneDX's schema and the lock."""
    BILL.parent.mkdir(exist_ok=True)
    made = tool(
        "cyclonedx-py", "requirements", LOCKS[0], "--pyproject", "pyproject.toml", "--output-reproducible",
        "--validate", "--output-file", BILL,
    )  # fmt: skip
    if made.returncode:
        sys.exit(made.stderr)
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCKS[0].read_text(encoding="utf-8"), re.MULTILINE))
    components = json.loads(BILL.read_text(encoding="utf-8"))["components"]
    if {one["name"]: one["version"] for one in components} != locked:
        sys.exit(f"{BILL} and {LOCKS[0]} list different packages")
    hashes = sum(len(place["hashes"]) for one in components for place in one["externalReferences"])
    print(f"{BILL}: {len(components)} components, {hashes} hashes")


def ask(lock: Path) -> int:
    """Print the known vulnerabilities of a lock's packages, and return their number."""
    asked = tool(
        "pip-audit", "--requirement", lock, "--require-hashes", "--disable-pip", "--progress-spinner", "off",
        "--format", "json",
    )  # fmt: skip
    try:
        packages = json.loads(asked.stdout)["dependencies"]
    except ValueError:
        print(f"{lock}: not audited: {asked.stderr.strip().splitlines()[-1]}")
        return 0
    skipped = [one for one in packages if "skip_reason" in one]
    print(f"{lock}: {len(packages) - len(skipped)} of {len(packages)} packages audited")
    if skipped:
        print(f"  not audited: {len(skipped)}, such as {skipped[0]['name']}: {skipped[0]['skip_reason']}")
    faults = [(one, fault) for one in packages for fault in one.get("vulns", ())]
    for one, fault in faults:
        print(f"  {one['name']} {one['version']}: {fault['id']}, fixed in {', '.join(fault['fix_versions']) or 'none'}")
    return len(faults)


if __name__ == "__main__":
    write_bill()
    sys.exit(1 if sum(map(ask, LOCKS)) else 0)
