"""Save and load labellers as MLflow models. Pipelines are stored in the skops format, never as a pickle."""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import sklearn
import skops.io
from sklearn.exceptions import InconsistentVersionWarning

from topicdesk import _answers
from topicdesk._arguments import check_instance, check_path, check_strings
from topicdesk._atomic import replacing
from topicdesk._environment import pinned_versions
from topicdesk.errors import LabellerError, TopicdeskError, TrackingError
from topicdesk.prediction import Labeller, Reference, Rules
from topicdesk.project import Project, working_project
from topicdesk.tracking._mlflow import (
    MLFLOW_PARENT_RUN_ID,
    MlflowClient,
    Model,
    download_model,
    quiet_mlflow,
    read_manifest,
)
from topicdesk.tracking.listing import model_not_found, tracking_uri
from topicdesk.tracking.store import STORE_ERRORS, open_store, reason

__all__ = ["fetched_model", "load_labeller", "model_requirements", "save_labeller"]

_REFERENCE = "reference.json"

# Attributes of a labeller that are stored in the model's metadata.
_TOLD = ("classifier", "features", "parameters", "inner_score", "n_articles", "portable")

# Packages that load the model or that its predictions depend on.
_NEEDED = ("mlflow", "scikit-learn", "skops", "numpy", "scipy", "pandas")

# Types in pipelines that load without topicdesk, and that skops does not trust by default.
_TRUSTED = (
    "numpy.sum",
    "operator.attrgetter",
    "operator.methodcaller",
    "pandas.DataFrame",
    "scipy.sparse._csr.csr_matrix",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.utils._bunch.Bunch",
)

# The same for pipelines with a stemmer or LightGBM, whose classes belong to topicdesk or to a dependency.
_TRUSTED_BESIDE = (
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "topicdesk.features.counts.Analyser",
    "topicdesk.features.counts.StemmingTokeniser",
)

# An invented article: the input example of a model must not contain text from a corpus.
_EXAMPLE = {
    "title": "Judge hears appeal over tram line",
    "text": "A court in the old town heard the appeal of residents against the new tram line on Monday.",
}


@quiet_mlflow()
def save_labeller(labeller: Labeller, folder: Path, project: Project, card: str) -> None:
    """Save a labeller as an MLflow model, with signature, input example, pinned requirements and model card.

    Loaded with ``mlflow.sklearn``, the model is the plain pipeline. Loaded with ``mlflow.pyfunc``, as MLflow's server
    does, it returns the complete answer. The code for this is saved with the model.

    Parameters
    ----------
    labeller : Labeller
        The labeller to save.
    folder : Path
        Folder to create. It must not exist.
    project : Project
        Project whose ``requirements.lock`` pins the versions of the model's requirements.
    card : str
        Model card in Markdown, saved in the same folder.
    """
    # Only saving needs them, and they take a second to import.
    import mlflow.sklearn
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    example = pd.DataFrame([{name: _EXAMPLE.get(name, _EXAMPLE["text"]) for name in labeller.fields}])
    # Only the last field is required, because a teaser has no title.
    *optional, required = labeller.fields
    inputs = Schema([*(ColSpec("string", name, required=False) for name in optional), ColSpec("string", required)])
    probabilities = [ColSpec("double", f"p_{name}") for name in labeller.topics]
    outputs = Schema(
        [ColSpec("string", "topics"), *probabilities, ColSpec("string", "reason"), ColSpec("boolean", "abstain")]
    )
    trusted = list(_TRUSTED)
    if not labeller.portable:  # other types are only known from the serialised pipeline
        trusted = skops.io.get_untrusted_types(data=skops.io.dumps(labeller.pipeline))
    with _answers_module() as code:
        mlflow.sklearn.save_model(
            labeller.pipeline,
            str(folder),
            serialization_format="skops",
            skops_trusted_types=trusted,
            signature=ModelSignature(inputs, outputs),
            input_example=example,
            pip_requirements=model_requirements(project, labeller),
            code_paths=[str(code)],
            metadata={
                "labeller": {
                    "topics": list(labeller.topics),
                    "fields": list(labeller.fields),
                    "task": labeller.task,
                    "thresholds": labeller.rules.thresholds and list(labeller.rules.thresholds),
                    "sure": labeller.rules.sure,
                    **{name: getattr(labeller, name) for name in _TOLD},
                },
            },
        )
        loader = code.stem
    _pack_tightly(folder / "model.skops")
    (folder / _REFERENCE).write_text(json.dumps(labeller.reference.facts()), encoding="utf-8", newline="\n")
    (folder / "model-card.md").write_text(card, encoding="utf-8", newline="\n")
    manifest = read_manifest(folder)
    manifest.flavors["python_function"]["loader_module"] = loader
    _record_digests(manifest, folder)
    manifest.save(str(folder / "MLmodel"))


def load_labeller(model: str | Path, project: Project | None = None, trust: Collection[str] = ()) -> Labeller:
    """Load a labeller that was saved, registered or logged.

    Parameters
    ----------
    model : str or Path
        ``models:/topicdesk-topics@champion``, ``models:/topicdesk-topics/3``, the id of a comparison's run, or a
        folder.
    project : Project, optional
        Project whose store is read, unless ``MLFLOW_TRACKING_URI`` names another. By default the project that contains
        the working directory.
    trust : collection of str, default ()
        Types that the file may contain besides those that topicdesk's own models need, such as ``mine.Estimator``.

    Returns
    -------
    Labeller

    Raises
    ------
    LabellerError
        If the model is not a labeller, is not stored in the skops format, contains a type that is not trusted, or was
        made by another major version of scikit-learn.
    TrackingError
        If there is no such model, or the store fails.
    ArgumentError
        If an argument has a wrong type or value.
    """
    check_strings("trust", trust)
    with fetched_model(model, project) as folder:
        try:
            return _open(folder, str(model), trust)
        except (TopicdeskError, MemoryError):
            raise
        except Exception as error:  # each damaged file makes another library raise its own errors
            first = (str(error).splitlines() or [""])[0]
            raise LabellerError(
                f"{model} cannot be loaded ({type(error).__name__}: {first}). A file of the model is damaged, or a "
                "package that it needs is not installed."
            ) from error


@contextmanager
def fetched_model(model: str | Path, project: Project | None = None) -> Iterator[Path]:
    """Yield the folder of a model, downloaded until the block ends if needed; `load_labeller` checks its content."""
    check_path("model", model)
    if project is not None:
        check_instance("project", project, Project, "Use find_project.")
    local = Path(model).expanduser()
    if local.is_dir():
        yield local
        return
    if local.is_file():
        raise LabellerError(f"model {model} is a file. Name the folder of a model, which has a file MLmodel.")
    project = project or working_project()
    elsewhere, _, file = tracking_uri(project).partition("sqlite:///")
    if not elsewhere and not Path(file).exists():  # opening a store creates it
        raise model_not_found(str(model), "there is no store yet, and no folder of this name")
    client = open_store(project)
    with tempfile.TemporaryDirectory() as folder:
        yield _download(client, str(model), folder)


@quiet_mlflow()
def _download(client: MlflowClient, model: str, folder: str) -> Path:
    try:
        return download_model(client, _logged_model(client, model), folder)
    except STORE_ERRORS as error:
        raise model_not_found(model, reason(error, client.tracking_uri)) from error


def _logged_model(client: MlflowClient, model: str) -> str:
    """Return the id of the logged model that a name or a run refers to.

    MLflow itself would resolve a ``models:/`` address in its current store, which may be a different one.
    """
    name, slash, version = model.removeprefix("models:/").partition("/")
    name, at, alias = name.partition("@")
    if not model.startswith("models:/"):
        run = client.get_run(model)
        parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
        outputs = (client.get_run(parent) if parent else run).outputs
        if outputs is None or not outputs.model_outputs:
            raise TrackingError(f"run {model} has no model: it was logged without one, or it is still running.")
        return str(outputs.model_outputs[0].model_id)
    if at:
        model_version = client.get_model_version_by_alias(name, alias)
    elif slash:
        model_version = client.get_model_version(name, version)
    else:
        return name
    return str(model_version.model_id or model_version.tags["logged_model"])


def _open(folder: Path, name: str, trust: Collection[str]) -> Labeller:
    if not (folder / "MLmodel").is_file():
        raise LabellerError(f"{name} is not a model: it has no file MLmodel.")
    manifest = _manifest(folder, name)
    flavour = manifest.flavors.get("sklearn", {})
    facts = (manifest.metadata or {}).get("labeller")
    if facts is None or ("files" not in facts and not (folder / _REFERENCE).is_file()):
        raise LabellerError(
            f"{name} is not a model of topicdesk, or an older version of topicdesk saved it. Compare and log the "
            "experiment again."
        )
    altered = _answers.altered_file(folder, facts.get("files", {}))
    if altered is not None:
        raise LabellerError(
            f"{name}: {altered} is missing, or it was changed after the model was saved. Restore the file, or save the "
            "model again."
        )
    if flavour.get("serialization_format") != "skops":
        raise LabellerError(
            f"{name} is stored as {flavour.get('serialization_format')!r}. Only the skops format is loaded, because a "
            "pickle can run any code."
        )
    made_by = str(flavour.get("sklearn_version"))
    if made_by.partition(".")[0] != sklearn.__version__.partition(".")[0]:
        raise LabellerError(
            f"{name} was made with scikit-learn {made_by}, but {sklearn.__version__} is installed. Predictions may "
            f"differ between major versions. Install scikit-learn=={made_by}, or compare and log the experiment again."
        )
    file = folder / str(flavour["pickled_model"])
    untrusted = sorted(set(skops.io.get_untrusted_types(file=file)) - {*_TRUSTED, *_TRUSTED_BESIDE, *trust})
    if untrusted:
        raise LabellerError(
            f"{name} contains types that are not trusted: {', '.join(untrusted)}. If you trust the author of the "
            "model, allow these types by name (trust=[...] or --trust)."
        )
    with warnings.catch_warnings():
        # scikit-learn loads older models of the same major version, but warns about every estimator in them.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        pipeline = skops.io.load(file, trusted=[*_TRUSTED, *_TRUSTED_BESIDE, *trust])
    reference = Reference.of(json.loads((folder / _REFERENCE).read_text(encoding="utf-8")))
    rules = Rules.of(facts)
    n_thresholds = None if rules.thresholds is None else len(rules.thresholds)
    if (
        not rules.fields
        or n_thresholds != (None if rules.multi_class else len(rules.topics))
        or not _fits(pipeline, rules)
    ):
        raise LabellerError(
            f"{name} is damaged: topics, fields, task and thresholds in MLmodel do not fit together, or not to the "
            "pipeline."
        )
    return Labeller(pipeline, rules, reference=reference, **{key: facts[key] for key in _TOLD})


def _manifest(folder: Path, name: str) -> Model:
    """Read the file MLmodel; whatever is wrong with it, the error names it."""
    try:
        manifest = read_manifest(folder)
    except Exception as error:  # YAML and MLflow raise errors of many types
        first = (str(error).splitlines() or [""])[0]
        raise LabellerError(
            f"{name}: the file MLmodel is damaged ({type(error).__name__}: {first}). Restore it, or save the model "
            "again."
        ) from error
    if not isinstance(manifest.flavors, dict):
        raise LabellerError(
            f"{name}: the file MLmodel is damaged: it names no flavors. Restore it, or save the model again."
        )
    return manifest


def _record_digests(manifest: Model, folder: Path) -> None:
    """Record what the files of a model contain. A pipeline with the thresholds of another one gives wrong topics."""
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("model.skops", _REFERENCE)}
    described = dict(manifest.metadata or {})
    manifest.metadata = {**described, "labeller": {**described["labeller"], "files": digests}}


def _fits(pipeline: Any, rules: Rules) -> bool:
    """Return whether a pipeline predicts the topics of the rules."""
    classes = pipeline[-1].classes_
    return set(classes) == set(rules.topics) if rules.multi_class else len(classes) == len(rules.topics)


@contextmanager
def _answers_module() -> Iterator[Path]:
    """Yield a copy of the module `_answers`, named by its hash: a process may load models with different versions."""
    content = Path(_answers.__file__).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"topicdesk_answers_{hashlib.sha256(content).hexdigest()[:12]}.py"
        copy.write_bytes(content)
        yield copy


def model_requirements(project: Project, labeller: Labeller) -> list[str]:
    """List the model's requirements, at the versions in the project's lock or else the installed versions."""
    pinned = {name: numbers[-1] for name, numbers in pinned_versions(project).items()}
    packages = [*_NEEDED, *(("lightgbm",) if labeller.classifier == "boosted-trees" else ())]
    requirements = [f"{name}=={pinned.get(name) or version(name)}" for name in packages]
    return (
        requirements
        if labeller.portable or "lightgbm" in packages
        else [*requirements, f"topicdesk=={version('topicdesk')}"]
    )


def _pack_tightly(path: Path) -> None:
    """Compress a skops file, which MLflow writes uncompressed: a vocabulary shrinks to a tenth of its size."""
    with (
        replacing(path) as part,
        zipfile.ZipFile(path) as source,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry))
