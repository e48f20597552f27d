"""A real Chromium, headless."""

import shutil
from pathlib import Path

import pytest

_CHROMIUM = shutil.which("chromium")
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def chromium():
    """Give a browser; skip, and say so, where there is none."""
    if _CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install Debian's package 'chromium'")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def screenshots():
    """Give where what the tests saw is kept for people."""
    return Path(__file__).parents[2] / "screenshots"
