"""Measure the response times of MLflow's server for a labeller: with one request at a time, and with 50.

Run with ``make bench``, or ``python benchmarks/serving.py``. The model is the winner of the first 772 labels, fitted
here. The server is ``mlflow models serve`` with one worker. Each request contains one article of NewsArticles. For
comparison, articles are also labelled in this process.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import local

import numpy as np

from topicdesk.corpus import read_corpus, stored_corpus
from topicdesk.experiment import load_experiments
from topicdesk.prediction import fit_labeller
from topicdesk.project import find_project
from topicdesk.tracking import save_labeller

_REQUESTS, _IN_FLIGHT = 2000, 50


def main() -> int:
    """Print milliseconds; return 1 if a response is lost."""
    project = find_project(__file__)
    (load,) = load_experiments(project.root / "experiments" / "first772.toml")
    labeller = fit_labeller(load.dataset, load.plan, load.classifier(None), load.keywords)
    corpus = read_corpus(stored_corpus(project, "newsarticles")).head(_REQUESTS)
    rows = corpus[["title", "text"]].to_dict("records")
    lost = 0
    with tempfile.TemporaryDirectory() as folder:
        save_labeller(labeller, Path(folder) / "model", project, "")
        here = [_seconds(lambda number=number: labeller.label(corpus.iloc[[number]])) for number in range(200)]
        _print_latency("in this process", here, sum(here))
        with _server(Path(folder) / "model") as port:
            for in_flight in (1, _IN_FLIGHT):
                connections = local()

                def ask(row: dict[str, str], connections: local = connections, port: int = port) -> tuple[float, bool]:
                    return _ask(row, connections, port)

                start = time.perf_counter()
                with ThreadPoolExecutor(in_flight) as pool:
                    answers = list(pool.map(ask, rows))
                took = time.perf_counter() - start
                lost += sum(not answered for _, answered in answers)
                _print_latency(f"{in_flight} in flight", [seconds for seconds, _ in answers], took)
    print(f"{lost} of {2 * _REQUESTS:,} answers lost: {'goal missed' if lost else 'goal met'}")
    return int(lost > 0)


def _ask(row: dict[str, str], connections: local, port: int) -> tuple[float, bool]:
    if not hasattr(connections, "own"):
        connections.own = HTTPConnection("127.0.0.1", port, timeout=60)
    start = time.perf_counter()
    body = json.dumps({"dataframe_records": [row]})
    connections.own.request("POST", "/invocations", body, {"Content-Type": "application/json"})
    response = connections.own.getresponse()
    answered = response.status == 200 and len(json.loads(response.read())["predictions"]) == 1
    return time.perf_counter() - start, answered


@contextmanager
def _server(model: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    folder = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    command = ["mlflow", "models", "serve", "-m", str(model), "--env-manager", "local", "-p", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "the server ended"
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def _seconds(call: object) -> float:
    assert callable(call)
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _print_latency(name: str, seconds: list[float], took: float) -> None:
    middle, late = (1000 * float(np.quantile(seconds, share)) for share in (0.5, 0.99))
    print(f"{name:16s} p50 {middle:6.1f} ms, p99 {late:6.1f} ms, {len(seconds) / took:5.0f} requests/s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
