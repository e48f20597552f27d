"""Commands that start servers."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from topicdesk.cli._options import Trust
from topicdesk.cli._printing import print_text
from topicdesk.cli._stopping import Stopped

__all__ = ["review", "serve"]


def review(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of 127.0.0.1.")] = 5000,
    experiment: Annotated[
        str | None, typer.Option(help="The MLflow experiment to open; by default that of the newest comparison.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Also open the page in a browser, if there is a screen.")] = True,
) -> None:
    """Start MLflow's pages for the project, and print the address of an experiment's runs."""
    from topicdesk.project import find_project
    from topicdesk.tracking._ports import check_port
    from topicdesk.tracking.listing import logged_comparisons, tracking_uri

    project = find_project()
    if not tracking_uri(project).startswith("http"):
        check_port(port)
    comparisons = logged_comparisons(project, experiment)
    if experiment is None:
        experiment = comparisons[0]["experiment"] if comparisons else ""
    print_text("Starting MLflow's server, which takes 10 s or more ...", flush=True)
    from topicdesk.tracking import serve_pages

    with serve_pages(project, port, experiment) as (address, server):
        print_text(f"MLflow is running at {address}\nPress Ctrl-C to stop it.", flush=True)
        if browser and _has_screen():
            typer.launch(address)
        with suppress(Stopped):
            server.wait()


def serve(
    model: Annotated[
        str | None,
        typer.Argument(help="A registered model, a run's id, or a model's folder; by default the project's champion."),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of 127.0.0.1.")] = 5000,
    trust: Trust = None,
) -> None:
    """Serve a model with MLflow's own server, and print the address for requests."""
    from topicdesk.project import find_project
    from topicdesk.tracking._ports import check_port
    from topicdesk.tracking.listing import chosen_model

    project = find_project()
    check_port(port)
    model = chosen_model(model)
    print_text("Starting MLflow's server, which takes 10 s or more ...", flush=True)
    from topicdesk.tracking import serve_model

    with serve_model(project, model, port, trust or ()) as (address, server):
        print_text(f"Send requests to {address}\nPress Ctrl-C to stop the server.", flush=True)
        with suppress(Stopped):
            server.wait()


def _has_screen() -> bool:
    # Without a screen, a text browser would take over the terminal.
    on_desktop = sys.platform in ("darwin", "win32") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return on_desktop and sys.stdout.isatty()
