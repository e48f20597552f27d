"""Throw mutated inputs at one target for a while, and stop at the first that breaks a promise.

Run with ``make fuzz`` (all five targets, a minute each), or ``python tests/fuzz/fuzz.py TARGET SECONDS``. Atheris
(libFuzzer) mutates what reaches new code. A crash, a hang of 20 seconds or 2 GB of memory ends the run, and the input
stays in ``build/fuzz/TARGET``: mend what it broke, and move it to ``tests/fuzz/broke/TARGET``.
"""

import sys
import tempfile
import time
from pathlib import Path

import atheris

# Modules that parse without C are seen into, so that the fuzzer learns their formats.
with atheris.instrument_imports(include=["topicdesk", "tomllib", "csv", "json"]):
    from targets import TARGETS

_KEPT = Path("build/fuzz")
_LONGEST = 4096


def main() -> None:
    """Fuzz the target that the command line names, for as many seconds as it says."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        raise SystemExit(f"usage: python tests/fuzz/fuzz.py TARGET [SECONDS]; targets: {', '.join(TARGETS)}")
    name, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
    target, kept = TARGETS[name], _KEPT / name
    corpus, words = kept / "corpus", kept / "words"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in target.words if word)
    words.write_text("".join(f'"{word}"\n' for word in dict.fromkeys(escaped)), encoding="ascii")
    # Small files that are gone in a moment: in memory, where there is such a folder.
    tempfile.tempdir = "/dev/shm" if Path("/dev/shm").is_dir() else None
    options = [
        f"-max_total_time={seconds}",
        "-timeout=20",
        "-rss_limit_mb=2048",
        f"-max_len={_LONGEST}",
        "-len_control=20",
        *([f"-dict={words}"] if target.words else []),
        f"-artifact_prefix={kept}/",
        "-print_final_stats=1",
    ]
    print(f"{name}: {seconds} s, from {time.strftime('%H:%M:%S')}", file=sys.stderr)
    atheris.Setup([sys.argv[0], *options, str(corpus)], target.throw)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
