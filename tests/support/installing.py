"""Install packages offline, from what `make setup` and `make setup-dev` have fetched."""

import json
import os
import subprocess
import sys
from pathlib import Path

_CREATE = Path(__file__).parents[2] / "environments" / "create.py"
_SCRIPT = "import json, runpy, sys; print(json.dumps(runpy.run_path(sys.argv[1])['index_settings']()))"


def base_python() -> Path:
    """Return the Python that created this environment. It has pip."""
    name = "python.exe" if os.name == "nt" else f"bin/python3.{sys.version_info.minor}"
    python = Path(sys.base_prefix) / name
    return python if python.is_file() else Path(sys.executable)


def offline_environment() -> dict[str, str]:
    """Return variables with which uv finds in its cache what `environments/create.py` has installed.

    The cache has a folder for each index. Without the settings of pip, uv would look in that of another index.
    """
    done = subprocess.run([base_python(), "-c", _SCRIPT, _CREATE], capture_output=True, text=True, check=True)
    return {**os.environ, **json.loads(done.stdout), "UV_OFFLINE": "1", "UV_PYTHON_DOWNLOADS": "never"}
