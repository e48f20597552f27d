"""Serve the champion with MLflow's own server: a real process and real requests."""

import collections
import json
import os
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from support.servers import serving
from topicdesk.experiment import log_experiment, run_experiment
from topicdesk.prediction import label_files
from topicdesk.tracking import load_labeller, tracking_uri

pytestmark = pytest.mark.usefixtures("store")

CHAMPION = "models:/topicdesk-small@champion"


def ask(port, content, kind="application/json"):
    data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", data, {"Content-Type": kind}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def served(project, free_port):
    """Serve the champion of a comparison, as a user would."""
    log_experiment(run_experiment(project.root / "experiments" / "small.toml", n_jobs=1))
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_TRACKING_URI": tracking_uri(project),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    command = ["mlflow", "models", "serve", "-m", CHAMPION, "--env-manager", "local", "-p", free_port]
    ping, log = f"http://127.0.0.1:{free_port}/ping", project.root / "serve.log"
    with serving(command, ping, folder=project.root, log=log, environment=environment):
        yield free_port


def test_server_predicts_like_the_labeller_for_50_concurrent_requests(served, newsroom, tmp_path):
    articles, _ = newsroom(50)
    rows = [{"title": title, "text": text} for title, text in zip(articles["title"], articles["text"], strict=True)]
    rows[3] = {"title": None, "text": ""}
    labeller = load_labeller(CHAMPION)
    expected = labeller.label(pd.DataFrame(rows))
    expected = expected.astype(object).where(expected.notna(), None).to_dict("records")

    status, content = ask(served, {"dataframe_records": rows})
    assert status == 200
    in_one_request = json.loads(content, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))["predictions"]
    with ThreadPoolExecutor(50) as pool:  # all at the same time
        single_requests = list(pool.map(lambda row: ask(served, {"dataframe_records": [row]}), rows))
    assert [status for status, _ in single_requests] == [200] * 50
    assert [json.loads(content)["predictions"][0] for _, content in single_requests] == in_one_request == expected

    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    label_files(labeller, [tmp_path / "in.jsonl"], tmp_path / "out.jsonl")
    in_a_file = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [{name: row[name] for name in expected[0]} for row in in_a_file] == expected

    # Without a title, and in the split format.
    assert ask(served, {"dataframe_split": {"columns": ["text"], "data": [[rows[0]["text"]]]}})[0] == 200
    bad = {
        "not JSON": "Ensure that input is a valid JSON",
        '{"dataframe_records": [{"title": "no text"}]}': "Model is missing inputs ['text']",
        '{"articles": []}': "exactly one of the input fields",
        '{"dataframe_split": {"columns": ["text"], "data": [["a", "b"]]}}': "1 columns passed",
    }
    for request, message in bad.items():
        status, content = ask(served, request)
        assert status == 400, request
        assert message in content
    assert ask(served, {"dataframe_records": rows[:1]})[0] == 200


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
cells = values | st.lists(values, max_size=2) | st.dictionaries(st.text(max_size=3), values, max_size=2)
names = st.sampled_from(["text", "title", "id", ""]) | st.text(max_size=5)
records = st.lists(st.dictionaries(names, cells, max_size=4), max_size=4)
requests = st.one_of(
    st.fixed_dictionaries({"dataframe_records": records}),
    st.fixed_dictionaries({"dataframe_records": st.lists(st.fixed_dictionaries({"text": st.text()}), min_size=1)}),
    st.fixed_dictionaries({"dataframe_split": st.fixed_dictionaries({"columns": st.lists(names), "data": cells})}),
    st.fixed_dictionaries({"inputs": cells}),
    st.fixed_dictionaries({"instances": cells}),
    st.dictionaries(st.text(max_size=5), cells, max_size=3),
)


def test_server_answers_or_refuses_any_request(served, rounds, figure):
    statuses = collections.Counter()

    @settings(max_examples=rounds(100, 3000), deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(request=requests)
    def ask_anything(request):
        status, content = ask(served, json.dumps(request))
        statuses[status] += 1
        assert status in (200, 400), (status, request, content)
        if status == 200:
            answers = json.loads(content, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))["predictions"]
            if "dataframe_records" in request:
                assert len(answers) == len(request["dataframe_records"])
        else:
            assert json.loads(content)["error_code"]

    good = {"dataframe_records": [{"text": "A jury found the defendant guilty."}]}
    before = ask(served, good)
    assert before[0] == 200
    ask_anything()
    assert statuses[200] and statuses[400]
    assert ask(served, good) == before, "the server still runs and gives the same answer"
    figure("requests answered", statuses[200])
    figure("requests refused", statuses[400])
