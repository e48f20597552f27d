"""A real Chromium, headless, and real JupyterLab servers."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest


@pytest.fixture
def screenshots():
    """Give where what the tests saw is kept for people."""
    return Path(__file__).parents[2] / "screenshots"


class Jupyter:
    """A server of its own over a folder: JupyterLab or Notebook 7."""

    def __init__(self, root, port, app, settings, wait_until):
        self.root, self.app, self.settings = root, app, settings
        self.environment = os.environ | {
            "JUPYTER_CONFIG_DIR": str(settings), "JUPYTER_DATA_DIR": str(settings / "data"),
            "JUPYTER_RUNTIME_DIR": str(settings / "run"), "JUPYTERLAB_SETTINGS_DIR": str(settings / "lab"),
            "JUPYTERLAB_WORKSPACES_DIR": str(settings / "workspaces"),
        }  # fmt: skip
        for name, value in {
            "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is on the page, seen or not
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
        with (settings / "lab.log").open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=root, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._answers, every=0.2)

    def _answers(self):
        assert self.process.poll() is None, (self.settings / "lab.log").read_text()
        try:
            urlopen(f"{self.address}/api", timeout=10).close()
        except OSError:
            return False
        return True

    def open(self, page, notebook):
        """Open a notebook, by its path under the root, and wait until its kernel is ready."""
        path = {"jupyterlab": f"lab/tree/{notebook}?reset", "notebook": f"notebooks/{notebook}"}[self.app]
        page.goto(f"{self.address}/{path}", wait_until="domcontentloaded")
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()

    def kernels(self):
        with urlopen(f"{self.address}/api/kernels", timeout=600) as answer:
            return json.load(answer)

    def end(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def jupyter(tmp_path, free_port, wait_until):
    """Give what starts a server over a folder."""
    started = []

    def start(root, app="jupyterlab"):
        settings = tmp_path / f"jupyter-{len(started)}"
        settings.mkdir()
        started.append(Jupyter(root, free_port, app, settings, wait_until))
        return started[-1]

    yield start
    for server in started:
        server.end()
