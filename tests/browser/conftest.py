"""JupyterLab and Notebook servers, and the folder of screenshots."""

import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from support.servers import serving
from support.waiting import poll


@pytest.fixture
def screenshots():
    """Return the folder in which tests save screenshots."""
    return Path(__file__).parents[2] / "screenshots"


class Jupyter:
    """A JupyterLab or Notebook 7 server for one folder."""

    def __init__(self, root, port, app, settings):
        self.root, self.app, self.settings = root, app, settings
        self.environment = {
            # A kernel is killed with its server, and leaves the folder of a practice session.
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(settings)),
            "JUPYTER_CONFIG_DIR": str(settings), "JUPYTER_DATA_DIR": str(settings / "data"),
            "JUPYTER_RUNTIME_DIR": str(settings / "run"), "JUPYTERLAB_SETTINGS_DIR": str(settings / "lab"),
            "JUPYTERLAB_WORKSPACES_DIR": str(settings / "workspaces"),
        }  # fmt: skip
        for name, value in {
            "notebook-extension/tracker": {"windowingMode": "none"},  # the page contains all cells, visible or not
            "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        }.items():
            path = settings / "lab" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(value))
        command = [
            sys.executable, "-m", app, "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
            "--IdentityProvider.token=", "--ServerApp.password=", f"--ServerApp.root_dir={root}",
            "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]  # fmt: skip
        self.address = f"http://127.0.0.1:{port}"
        self.serving = serving(
            command, f"{self.address}/api", folder=root, log=settings / "lab.log", environment=self.environment
        )

    def open(self, page, notebook):
        """Open a notebook, by its path under the root, and wait until its kernel is ready."""
        path = {"jupyterlab": f"lab/tree/{notebook}?reset", "notebook": f"notebooks/{notebook}"}[self.app]
        page.goto(f"{self.address}/{path}", wait_until="domcontentloaded")
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        # The page says "idle" before it has a kernel. A cell that is run then opens the dialog "Select Kernel".
        page.locator(".jp-Toolbar-kernelName", has_text="Python 3").wait_for()
        poll(self.is_connected, every=0.1)
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()

    def is_connected(self):
        """Return whether a page is connected to a kernel."""
        try:
            return any(kernel["connections"] for kernel in self.kernels())
        except HTTPError as error:
            if error.code != 500:  # the server's answer while a kernel starts, for lack of its "last_activity"
                raise
            return False

    def kernels(self):
        with urlopen(f"{self.address}/api/kernels", timeout=600) as answer:
            return json.load(answer)


@pytest.fixture
def jupyter(tmp_path, free_port):
    """Return a function that starts a server for a folder."""
    with ExitStack() as started:

        def start(root, app="jupyterlab"):
            settings = Path(tempfile.mkdtemp(prefix="jupyter-", dir=tmp_path))
            server = Jupyter(root, free_port, app, settings)
            started.enter_context(server.serving)
            return server

        yield start
