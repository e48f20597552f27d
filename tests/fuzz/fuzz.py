"""Fuzz one target for some time, and stop at the first input that fails.

Run with ``make fuzz`` (all six targets, a minute each), or ``python tests/fuzz/fuzz.py TARGET SECONDS``. Atheris
(libFuzzer) mutates inputs that reach new code. A crash, a hang of 20 seconds or 2 GB of memory ends the run, and the
input is saved in ``build/fuzz/TARGET``. Fix the fault, and move the input to ``tests/fuzz/broke/TARGET``.
"""

import sys
import tempfile
import time
from pathlib import Path

import atheris

# Instrument modules that parse in pure Python, so that the fuzzer learns their formats.
with atheris.instrument_imports(include=["topicdesk", "tomllib", "csv", "json"]):
    from targets import TARGETS

_OUTPUT = Path("build/fuzz")
_MAX_LENGTH = 4096


def main() -> None:
    """Fuzz the target named on the command line, for the given number of seconds."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        raise SystemExit(f"usage: python tests/fuzz/fuzz.py TARGET [SECONDS]; targets: {', '.join(TARGETS)}")
    name, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
    target, folder = TARGETS[name], _OUTPUT / name
    corpus, dictionary = folder / "corpus", folder / "words"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in target.words if word)
    dictionary.write_text("".join(f'"{word}"\n' for word in dict.fromkeys(escaped)), encoding="ascii")
    # Temporary files are small and short-lived: keep them in memory if there is such a folder.
    tempfile.tempdir = "/dev/shm" if Path("/dev/shm").is_dir() else None
    options = [
        f"-max_total_time={seconds}",
        "-timeout=20",
        "-rss_limit_mb=2048",
        f"-max_len={_MAX_LENGTH}",
        "-len_control=20",
        *([f"-dict={dictionary}"] if target.words else []),
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
    ]
    print(f"{name}: {seconds} s, from {time.strftime('%H:%M:%S')}", file=sys.stderr)
    atheris.Setup([sys.argv[0], *options, str(corpus)], target.throw)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
