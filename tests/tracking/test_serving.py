"""Serve the champion with MLflow's own server: a real process and real requests."""

import asyncio
import collections
import contextlib
import http.client
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from support.servers import serving
from support.waiting import poll
from topicdesk.experiment import log_experiment, run_experiment
from topicdesk.prediction import label_files
from topicdesk.tracking import load_labeller, tracking_uri
from topicdesk.tracking._model_server import with_short_errors

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


def send_bytes(port, content, headers):
    """Send exactly these headers: urllib adds a content type."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=600)) as connection:
        connection.request("POST", "/invocations", content, headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("content-type"), answer.read()


@pytest.fixture
def champion(project):
    """Log a comparison, whose best model is registered."""
    log_experiment(run_experiment(project.root / "experiments" / "small.toml", n_jobs=1))


@pytest.fixture
def served(project, champion, free_port):
    """Serve the champion with the command of MLflow, as any platform could."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_TRACKING_URI": tracking_uri(project),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    command = ["mlflow", "models", "serve", "-m", CHAMPION, "--env-manager", "local", "-p", free_port]
    ping, log = f"http://127.0.0.1:{free_port}/ping", project.root / "serve.log"
    with serving(command, ping, folder=project.root, log=log, environment=environment):
        yield free_port


@pytest.fixture
def served_by_topicdesk(project, champion, begin, free_port):
    """Serve the champion with the command of topicdesk."""
    command = begin("serve", CHAMPION, "--port", free_port, folder=project.root)
    poll(lambda: command.poll() is not None or "Send requests to" in command.output(), every=0.1)
    assert command.poll() is None, command.output()
    yield free_port
    command.send_signal(signal.SIGTERM)
    assert command.wait().returncode in (0, 128 + signal.SIGTERM)


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


GOOD = {"dataframe_records": [{"text": "A jury found the defendant guilty."}]}


def test_server_answers_or_refuses_any_request(served_by_topicdesk, rounds, figure):
    served = served_by_topicdesk
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

    before = ask(served, GOOD)
    assert before[0] == 200
    ask_anything()
    assert statuses[200] and statuses[400]
    assert ask(served, GOOD) == before, "the server still runs and gives the same answer"
    figure("requests answered", statuses[200])
    figure("requests refused", statuses[400])


JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
RECORD = '{"dataframe_records": [{"text": %s}]}'

#: Requests that cannot be answered: content type, content, and the status.
REFUSED = {
    "arrays nested 100,000 deep": (JSON, "[" * 100_000, 400),
    "a text nested 100,000 deep": (JSON, RECORD % ("[" * 100_000 + "]" * 100_000), 400),
    "objects nested 100,000 deep": (JSON, '{"a":' * 100_000 + "1" + "}" * 100_000, 400),
    "a number of 10,000 digits": (JSON, RECORD % ("9" * 10_000), 400),
    "no content type": (None, RECORD % '"a"', 415),
    "an empty content type": ("", RECORD % '"a"', 415),
    "another content type": ("text/xml", "<text/>", 415),
    "another charset": (f"{JSON}; charset=latin-1", RECORD % '"a"', 415),
    "an unknown parameter": (f"{JSON}; version=2", RECORD % '"a"', 415),
    "bytes that are not UTF-8": (JSON, b'{"dataframe_records": [{"text": "\xff\xfe"}]}', 400),
    "a CSV that is not UTF-8": (CSV, b"text\n\xff\xfe\n", 400),
    "no content": (JSON, "", 400),
    "an empty CSV": (CSV, "", 400),
    "an empty Parquet file": (PARQUET, "", 400),
    "a damaged Parquet file": (PARQUET, "PAR1 damaged PAR1", 400),
    "only unknown keys": (JSON, '{"articles": []}', 400),
    "no text": (JSON, '{"dataframe_records": [{"headline": "a"}]}', 400),
    "a long text that is not JSON": (JSON, "a" * 100_000, 400),
}

#: Unusual requests that have an answer, and a part of its reason.
ANSWERED = {
    "NaN": (RECORD % "NaN", "it has no text"),
    "an infinite number": (RECORD % "1e999", "type float"),
    "a number of 4,000 digits": (RECORD % ("9" * 4000), "type int"),
    "an unknown key": ('{"dataframe_records": [{"text": "The jury met.", "rank": [{"a": 1}]}]}', "threshold"),
}


def test_server_refuses_what_it_cannot_read_with_a_short_message_and_goes_on(served_by_topicdesk):
    before = ask(served_by_topicdesk, GOOD)
    assert before[0] == 200
    for name, (kind, content, expected) in REFUSED.items():
        status, answered_kind, answer = send_bytes(
            served_by_topicdesk, content, {} if kind is None else {"Content-Type": kind}
        )
        assert status == expected, (name, status, answer[:500])
        assert answered_kind == JSON, name
        error = json.loads(answer)
        assert list(error) == ["error_code", "message"], name
        assert error["message"], name
        assert len(answer) < 1500, name
    for name, (content, reason) in ANSWERED.items():
        status, answer = ask(served_by_topicdesk, content)
        assert status == 200, (name, answer)
        (answered,) = json.loads(answer)["predictions"]
        assert reason in answered["reason"], name
    assert ask(served_by_topicdesk, GOOD) == before, "the server still runs and gives the same answer"


@pytest.mark.parametrize("is_sent", [False, True])
def test_with_short_errors_leaves_an_error_of_the_server_an_error_of_the_server(is_sent):
    sent = []

    async def broken(scope, receive, send):
        if is_sent:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b"Internal Server Error"})
        raise OSError("the disk is gone")

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    with pytest.raises(OSError, match="the disk is gone"):  # uvicorn prints it
        asyncio.run(with_short_errors(broken)(scope, None, send))
    assert [message.get("status") for message in sent] == ([500, None] if is_sent else [])
    if is_sent:
        assert json.loads(sent[1]["body"]) == {"error_code": "INTERNAL_ERROR", "message": "Internal Server Error"}
