"""Run by `make core` in an environment without extras: names import, and `doctor` and `label` work."""

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

import topicdesk
from topicdesk.errors import LabelsError
from topicdesk.tracking.models import fetched_model

PROGRAM = Path(sys.executable).parent / "topicdesk"
EXTRAS = ("jupyterlab", "anywidget", "lightgbm", "numba", "distributed", "pytest", "sphinx", "psycopg")


def main() -> None:
    """Run the checks and print their results."""
    present = [name for name in EXTRAS if find_spec(name) is not None]
    assert not present, f"this environment must not have extras: {present}"

    for name in topicdesk.__all__:
        getattr(topicdesk, name)
    try:
        topicdesk.annotate(["The judge heard the appeal."], ["courts"])
    except LabelsError as error:
        assert "pip install 'topicdesk[notebooks]'" in str(error)
    else:
        raise AssertionError("the widget needs packages that this environment must not have")
    print(f"core: {len(topicdesk.__all__)} public names import; the widget says what it needs")

    doctor = subprocess.run([PROGRAM, "doctor"], capture_output=True, text=True, check=False)
    assert doctor.returncode == 0, doctor.stdout
    for expected in ("jupyterlab", "distributed (not installed)", "MLflow's store", "scikit-learn"):
        assert expected in doctor.stdout, doctor.stdout
    print(f"core: the doctor: {doctor.stdout.strip().splitlines()[-1]}")

    # Outside a project, with the model as a folder, as for a user who received a model.
    with (
        fetched_model("models:/topicdesk-topics@champion") as model,
        tempfile.TemporaryDirectory() as folder,
    ):
        table = pd.DataFrame({"headline": ["Judge hears appeal over tram line"], "body": ["The court sat on Monday."]})
        table.to_csv(Path(folder) / "tonight.csv", index=False)
        command = [PROGRAM, "label", "tonight.csv", "--model", model, "--output", "labelled.csv"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        labelled = pd.read_csv(Path(folder) / "labelled.csv")
        assert labelled["topics"].tolist() == ["courts"], labelled
    print("core: a file was labelled without a project, by a model's folder")


if __name__ == "__main__":
    main()
