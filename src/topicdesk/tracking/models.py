"""The labeller as a model in MLflow's format: scikit-learn in skops, never a pickle."""

from __future__ import annotations

import re
import zipfile
from importlib.metadata import version
from pathlib import Path

import mlflow.sklearn
import pandas as pd
import skops.io
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

from topicdesk.atomic import replacing
from topicdesk.labelling import Labeller
from topicdesk.project import Project

__all__ = ["model_requirements", "save_labeller"]

# What opens the model, and what its arithmetic rests on.
_NEEDED = ("mlflow", "scikit-learn", "skops", "numpy", "scipy", "pandas")

# What skops does not know by itself of the pipelines that open without topicdesk.
_TRUSTED = [
    "numpy.sum",
    "operator.methodcaller",
    "scipy.sparse._csr.csr_matrix",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
]

# Written for this purpose: no text of a corpus is kept in a model's example.
_EXAMPLE = {
    "title": "Judge hears appeal over tram line",
    "text": "A court in the old town heard the appeal of residents against the new tram line on Monday.",
}


def save_labeller(labeller: Labeller, folder: Path, project: Project, card: str) -> None:
    """Save a labeller as an MLflow model, with signature, example, pinned requirements and card.

    Parameters
    ----------
    labeller : Labeller
    folder : Path
        Must not be there.
    project : Project
        Its ``requirements.lock`` pins what the model needs.
    card : str
        Markdown, kept beside the model.
    """
    example = pd.DataFrame([{name: _EXAMPLE.get(name, _EXAMPLE["text"]) for name in labeller.fields}])
    output = (
        Schema([TensorSpec(labeller.pipeline.predict(example).dtype, (-1, len(labeller.topics)))])
        if labeller.task == "multi-label"
        else Schema([ColSpec("string")])
    )
    trusted = _TRUSTED
    if not labeller.portable:  # what else there is can only be known from the file
        trusted = skops.io.get_untrusted_types(data=skops.io.dumps(labeller.pipeline))
    mlflow.sklearn.save_model(
        labeller.pipeline,
        str(folder),
        serialization_format="skops",
        skops_trusted_types=trusted,
        signature=ModelSignature(Schema([ColSpec("string", name) for name in labeller.fields]), output),
        input_example=example,
        pip_requirements=model_requirements(project, labeller),
        metadata={
            "topics": list(labeller.topics),
            "task": labeller.task,
            "classifier": labeller.classifier,
            "thresholds": None if labeller.thresholds is None else [float(at) for at in labeller.thresholds],
        },
    )
    _pack_tightly(folder / "model.skops")
    (folder / "model-card.md").write_text(card, encoding="utf-8")


def model_requirements(project: Project, labeller: Labeller) -> list[str]:
    """List what the model needs, at the versions of the project's lock, or else those that are installed."""
    lock = project.root / "requirements.lock"
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    pinned = dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", text, flags=re.MULTILINE))
    needed = [*_NEEDED, *(("lightgbm",) if labeller.classifier == "boosted-trees" else ())]
    found = [f"{name}=={pinned.get(name) or version(name)}" for name in needed]
    return found if labeller.portable or "lightgbm" in needed else [*found, f"topicdesk=={version('topicdesk')}"]


def _pack_tightly(path: Path) -> None:
    """Compress a skops file, which MLflow writes as it is: a vocabulary takes a tenth."""
    with (
        replacing(path) as part,
        zipfile.ZipFile(path) as loose,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as tight,
    ):
        for entry in loose.infolist():
            tight.writestr(entry.filename, loose.read(entry))
