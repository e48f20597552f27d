"""The spec of an experiment: a TOML file that defines what to compare, on which data, and how."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, field_validator, model_validator

from topicdesk._arguments import check_instance
from topicdesk._toml import StrictModel, read_toml
from topicdesk.errors import FeaturesError, ProjectError, SpecError
from topicdesk.evaluation.names import (
    METRICS,
    SELECTION_METRICS,
    CalibrationMethod,
    check_classifier,
    check_hyperparameters,
)
from topicdesk.features.names import check_stemmer
from topicdesk.project import Project, find_file, find_project

if TYPE_CHECKING:
    from topicdesk.evaluation import Classifier, ComparisonPlan, SplitPlan, ThresholdRule
    from topicdesk.features import FeatureSetting

__all__ = ["PUBLISHED_LABELS", "PublishedScores", "Spec", "read_named_spec", "read_spec"]

#: Value of ``data.labels`` for labels published with a corpus.
PUBLISHED_LABELS = "published"

#: Limit for one classifier. More candidates would take over a day, and fill the memory before the search begins.
_MOST_CANDIDATES = 20_000


def _listed(value: Any) -> Any:
    """Return a list of values to try; a single value becomes a list of one."""
    return value if isinstance(value, list) else [value]


def _listed_ranges(value: Any) -> Any:
    is_single = isinstance(value, list) and all(isinstance(part, int) for part in value)
    return [value] if is_single else value


def _listed_or_none(value: Any) -> Any:
    # TOML has no null.
    return [None if part == "none" else part for part in _listed(value)]


_NotEmpty = Field(min_length=1)
_Length = Annotated[int, Field(ge=1)]
_Frequency = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, le=1)]
_Frequencies = Annotated[tuple[_Frequency, ...], BeforeValidator(_listed), _NotEmpty]
_Flags = Annotated[tuple[bool, ...], BeforeValidator(_listed), _NotEmpty]
_Values = Annotated[tuple[int | float | str | bool, ...], BeforeValidator(_listed), _NotEmpty]
_BlockWeight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Weights = Annotated[dict[str, Annotated[float, Field(gt=0)]], _NotEmpty]
_Words = Annotated[tuple[str, ...], BeforeValidator(_listed), _NotEmpty]


class _About(StrictModel):
    title: str
    question: str = ""
    #: Another spec in the same folder, without extension. The results page shows its scores beside scores of this
    #: experiment on the same test articles.
    beside: str | None = None


class _Data(StrictModel):
    #: Names in ``data/sources.toml``, or paths of Parquet files; one comparison each.
    corpus: _Words
    #: Label files, or "published".
    labels: _Words
    #: The taxonomy. Published labels have topics of their own; a taxonomy selects some of them.
    topics: str | None = None
    #: Columns of the corpus that form an article's text.
    text: _Words = ("title", "text")
    task: Literal["multi-label", "multi-class"] = "multi-label"

    @model_validator(mode="after")
    def _topics_where_needed(self) -> _Data:
        if not self.published and self.topics is None:
            raise ValueError("label files need a taxonomy: add topics = 'data/topics.toml'")
        return self

    @property
    def published(self) -> bool:
        """Whether the labels are published with the corpus."""
        return self.labels == (PUBLISHED_LABELS,)


class _TermOptions(StrictModel):
    """Options of terms and their weights. Each takes a value or a list of values to try."""

    analyzer: Annotated[tuple[Literal["word", "char", "char_wb"], ...], BeforeValidator(_listed), _NotEmpty] = ("word",)
    ngram_range: Annotated[tuple[tuple[_Length, _Length], ...], BeforeValidator(_listed_ranges), _NotEmpty] = ((1, 1),)
    #: "turkish" converts I to ı and İ to i; true means the same if most texts are in Turkish or Azerbaijani.
    lowercase: Annotated[tuple[bool | Literal["turkish"], ...], BeforeValidator(_listed), _NotEmpty] = (True,)
    strip_accents: Annotated[
        tuple[Literal["ascii", "unicode"] | None, ...], BeforeValidator(_listed_or_none), _NotEmpty
    ] = (None,)
    stop_words: Annotated[tuple[Literal["english"] | None, ...], BeforeValidator(_listed_or_none), _NotEmpty] = (None,)
    min_df: _Frequencies = (1,)
    max_df: _Frequencies = (1.0,)
    #: Number of terms to keep, the most frequent ones, or "none".
    max_features: Annotated[tuple[_Length | None, ...], BeforeValidator(_listed_or_none), _NotEmpty] = (None,)
    binary: _Flags = (False,)
    sublinear_tf: _Flags = (False,)
    use_idf: _Flags = (True,)
    smooth_idf: _Flags = (True,)
    norm: Annotated[tuple[Literal["l2", "l1"] | None, ...], BeforeValidator(_listed_or_none), _NotEmpty] = ("l2",)
    #: Language of the Snowball stemmer, or "none".
    stemmer: Annotated[tuple[str | None, ...], BeforeValidator(_listed_or_none), _NotEmpty] = (None,)
    #: Number of characters to read from the start of an article, or "none" for all.
    lead: Annotated[tuple[_Length | None, ...], BeforeValidator(_listed_or_none), _NotEmpty] = (None,)

    @field_validator("ngram_range")
    @classmethod
    def _ascending(cls, ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        for shortest, longest in ranges:
            if shortest > longest:
                raise ValueError(f"an n-gram range goes from short to long, not [{shortest}, {longest}]")
        return ranges


class _Block(_TermOptions):
    """Features beside those of the whole text. Options that are not set have the values of the whole text."""

    #: What the features are multiplied by; 0 leaves the block out.
    weight: Annotated[tuple[_BlockWeight, ...], BeforeValidator(_listed), _NotEmpty] = (1.0,)
    #: The field to read; by default, all fields as one text.
    field: Annotated[str, Field(min_length=1)] | None = None
    #: One feature for each topic, from its keywords in the taxonomy, instead of terms.
    keywords: bool = False

    def options(self) -> dict[str, Any]:
        """Return the weight and the options that are set, as `topicdesk.Features` takes them."""
        names = (name for name in type(self).model_fields if name in {*self.model_fields_set, "weight"})
        options = {name: getattr(self, name) for name in names}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}

    def n_forms(self) -> int:
        """Return the number of combinations of values; all with the weight 0 are one, without the block."""
        listed = [len(getattr(self, name)) for name in _TermOptions.model_fields if name in self.model_fields_set]
        left_out = sum(weight == 0 for weight in self.weight)
        return (len(self.weight) - left_out) * math.prod(listed) + left_out


class _Features(_TermOptions):
    """Features. Each key takes a value or a list of values to try. Most keys are parameters of `TfidfVectorizer`."""

    #: Number of terms to select by the chi-squared statistic, or "none".
    chi2: Annotated[tuple[_Length | None, ...], BeforeValidator(_listed_or_none), _NotEmpty] = (None,)
    #: Weights of fields that get separate TF-IDF features, such as { title = 2, text = 1 }, or "none".
    field_weights: Annotated[tuple[_Weights | None, ...], BeforeValidator(_listed_or_none), _NotEmpty] = (None,)
    #: Features beside those of the whole text, by name.
    blocks: dict[str, _Block] = Field(default_factory=dict)

    def settings(self) -> tuple[FeatureSetting, ...]:
        """Return all combinations, in the order of the spec."""
        from topicdesk.features import Features

        options = {name: list(values) for name, values in self if name != "blocks"}
        blocks = {name: block.options() for name, block in self.blocks.items()}
        return Features(**options, blocks=blocks or None).settings()

    def n_settings(self) -> int:
        """Return the number of combinations without creating them."""
        options = math.prod(len(values) for name, values in self if name != "blocks")
        return options * math.prod(block.n_forms() for block in self.blocks.values())


class _Splits(StrictModel):
    scheme: Literal["stratified", "source", "time", "published"] = "stratified"
    folds: Annotated[int, Field(ge=2)] = 5
    repeats: Annotated[int, Field(ge=1)] = 1
    inner_folds: Annotated[int, Field(ge=2)] = 3
    #: Which articles every split keeps together: near-duplicates, or all that tell the same story.
    groups: Literal["near-duplicates", "stories"] = "near-duplicates"
    #: Saved outer splits to use instead (``topicdesk splits SPEC --output FILE``); inner folds follow the scheme.
    file: str | None = None

    @model_validator(mode="after")
    def _repeats_where_they_differ(self) -> _Splits:
        if self.repeats > 1 and self.scheme != "stratified":
            raise ValueError(f"scheme = '{self.scheme}' makes the same splits in every repeat: remove repeats")
        return self

    def plan(self) -> SplitPlan:
        """Return the plan of the outer splits."""
        from topicdesk.evaluation import SplitPlan

        return SplitPlan(self.scheme, self.folds, self.repeats)


class _Threshold(StrictModel):
    """The objective of thresholds; the expected F1 if no key is set."""

    precision: Annotated[float, Field(gt=0, le=1)] | None = None
    false_positive: Annotated[float, Field(gt=0)] | None = None
    false_negative: Annotated[float, Field(gt=0)] | None = None
    f1: Literal["expected", "observed"] | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> _Threshold:
        self.rule()
        return self

    def rule(self) -> ThresholdRule:
        """Return the rule; its constructor validates the values."""
        from topicdesk.evaluation import ThresholdRule

        return ThresholdRule(self.precision, self.false_positive, self.false_negative, self.f1)


class _Evaluation(StrictModel):
    metric: Literal[SELECTION_METRICS] = "macro_f1"  # type: ignore[valid-type]  # mypy requires literal strings here
    #: Such as { f1 = "observed" }, { precision = 0.95 }, or { false_positive = 1, false_negative = 5 }.
    threshold: _Threshold = _Threshold()
    #: ``grid`` evaluates all candidates on all inner folds. ``halving`` is successive halving: each round keeps fewer
    #: candidates and uses more rows.
    search: Literal["grid", "halving"] = "grid"
    #: How to calibrate scores to probabilities: Platt scaling (a sigmoid) or isotonic regression.
    calibration: CalibrationMethod = "platt"
    #: Target share of automatically labelled articles whose topics are all correct.
    automation_precision: Annotated[float, Field(gt=0, le=1)] = 0.95
    #: Probability with which new articles reach this share.
    automation_confidence: Annotated[float, Field(gt=0, lt=1)] = 0.9
    representative: str | None = None
    resamples: Annotated[int, Field(ge=100, le=100_000)] = 1000
    #: Region of practical equivalence: differences in the metric up to this size do not matter.
    rope: Annotated[float, Field(ge=0, lt=1)] = 0.01
    seed: Annotated[int, Field(ge=0)] = 0
    #: Whether the report shows how much of the winner's score is remembering the same story (see `audit_stories`).
    stories: bool = False
    #: Number of processes; -1 means one per core. Scores do not depend on it.
    jobs: Annotated[int, Field(ge=1)] | Literal[-1] = -1


class _Report(StrictModel):
    """How much third-party text a report contains."""

    #: Number of characters per article; 0 for no text and no titles.
    extract: Annotated[int, Field(ge=0, le=2000)] = 240
    #: Number of articles per type of error and topic.
    errors: Annotated[int, Field(ge=0, le=50)] = 3


class PublishedScores(StrictModel):
    """Published scores to show beside ours."""

    citation: str
    metric: Literal[METRICS]  # type: ignore[valid-type]  # as above
    #: By corpus, then by our classifier's name.
    figures: dict[str, dict[str, float]]


class Spec(StrictModel):
    """Definition of an experiment."""

    experiment: _About
    data: _Data
    features: _Features = _Features()
    #: Values to try for each hyper-parameter, by classifier ("none" is Python's None). An empty table uses our values.
    #: For your own estimator, choose another name and set the key ``estimator`` to "package.module:Class".
    classifiers: Annotated[dict[str, dict[str, _Values]], _NotEmpty]
    splits: _Splits = _Splits()
    evaluation: _Evaluation = _Evaluation()
    report: _Report = _Report()
    reference: PublishedScores | None = None

    #: Folder of the project, whose modules may contain estimators. Not set outside a project.
    _folder: Path | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _few_enough_candidates(self) -> Spec:
        settings = self.features.n_settings()
        for name, table in self.classifiers.items():
            points = math.prod(len(values) for values in table.values())
            if settings * points > _MOST_CANDIDATES:
                raise ValueError(
                    f"classifiers.{name}: {settings:,} combinations of features times {points:,} of hyper-parameters "
                    f"exceed the limit of {_MOST_CANDIDATES:,} candidates: list fewer values"
                )
        return self

    @model_validator(mode="after")
    def _weighed_fields_are_read(self) -> Spec:
        for name in (name for weights in self.features.field_weights for name in weights or ()):
            if name not in self.data.text:
                raise ValueError(
                    f"features.field_weights: {name!r} is not a field of data.text ({', '.join(self.data.text)})"
                )
        return self

    @model_validator(mode="after")
    def _blocks_have_what_they_read(self) -> Spec:
        for name, block in self.features.blocks.items():
            if block.field is not None and block.field not in self.data.text:
                raise ValueError(
                    f"features.blocks.{name}.field: {block.field!r} is not a field of data.text "
                    f"({', '.join(self.data.text)})"
                )
            if block.keywords and self.data.topics is None:
                raise ValueError(
                    f"features.blocks.{name}.keywords: the keywords are those of a taxonomy: add "
                    "topics = 'data/topics.toml' to [data]"
                )
        return self

    def plan(self, keywords: bool | None = None) -> ComparisonPlan:
        """Return the plan of the comparison: the baselines and the classifiers of the spec, simplest first.

        Parameters
        ----------
        keywords : bool, optional
            Whether each topic has keywords, which the keyword baseline needs; by default, whether there is a taxonomy.

        Raises
        ------
        SpecError
            If a classifier or hyper-parameter is unknown, or the estimator rejects a value.
        """
        from topicdesk.evaluation import (
            ComparisonPlan,
            DecisionRule,
            added_baselines,
            classifier_named,
            own_classifier,
            with_baselines,
        )

        chosen: list[Classifier] = []
        for name, table in self.classifiers.items():
            grid = {
                key: [None if value == "none" else value for value in values]
                for key, values in table.items()
                if key != "estimator"
            }
            estimator = table.get("estimator")
            classifier = (
                classifier_named(name) if estimator is None else own_classifier(name, str(estimator[0]), self._folder)
            )
            chosen.append(classifier.with_grid(grid) if grid else classifier)
        classifiers = with_baselines(chosen, self.data.topics is not None if keywords is None else keywords)
        return ComparisonPlan(
            classifiers=classifiers,
            baselines=added_baselines(classifiers, chosen),
            settings=self.features.settings(),
            splits=self.splits.plan(),
            inner_folds=self.splits.inner_folds,
            metric=self.evaluation.metric,
            decision_rule=DecisionRule(
                self.evaluation.threshold.rule(),
                self.evaluation.calibration,
                self.evaluation.automation_precision,
                self.evaluation.automation_confidence,
            ),
            search=self.evaluation.search,
            representative=self.evaluation.representative,
            resamples=self.evaluation.resamples,
            rope=self.evaluation.rope,
            random_state=self.evaluation.seed,
        )

    def content_hash(self) -> str:
        """Return a hash of what the scores depend on, independent of the file's layout: 32 hexadecimal characters."""
        # Without defaults: a new option must not change the hash of specs that do not use it.
        content = self.model_dump_json(
            exclude={
                "experiment": True,
                "reference": True,
                "report": True,
                "evaluation": {"jobs", "stories"},
                "features": {"blocks"},
            },
            exclude_defaults=True,
        )
        if self.features.blocks:  # an option that a block sets counts, even if its value is the default
            content += json.dumps({name: block.options() for name, block in self.features.blocks.items()})
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def read_spec(path: Path | str, project: Project | None = None) -> Spec:
    """Read and check a spec.

    Parameters
    ----------
    path : path or str
        A TOML file in the form of ``experiments/topics.toml``, relative to the working folder or the project.
    project : Project, optional
        Project whose modules may contain estimators; by default that of the spec's folder.

    Returns
    -------
    Spec

    Raises
    ------
    SpecError
        If the spec is missing or invalid. The message names file, key, value and the nearest valid key.
    ArgumentError
        If an argument has a wrong type or value.

    See Also
    --------
    read_named_spec : Check keys and names only, without importing scikit-learn.

    Examples
    --------
    >>> import tempfile
    >>> import topicdesk
    >>> desk = topicdesk.create_project(tempfile.mkdtemp() + "/desk")
    >>> spec = topicdesk.read_spec(desk.root / "experiments" / "example.toml")
    >>> list(spec.classifiers)
    ['multinomial-nb', 'linear-svm', 'logistic-regression']
    """
    if project is not None:
        check_instance("project", project, Project, "Use find_project.")
    path = find_file(path)
    spec = read_named_spec(path)
    if any("estimator" in table for table in spec.classifiers.values()):
        with suppress(ProjectError):  # outside a project, a spec can only name installed packages
            spec._folder = (project or find_project(path.parent)).root.absolute()
    with _named(path):
        spec.plan()
    return spec


def read_named_spec(path: Path) -> Spec:
    """Read a spec and check its keys and names, without importing scikit-learn.

    Parameters
    ----------
    path : Path
        The spec.

    Returns
    -------
    Spec

    Raises
    ------
    SpecError
        As `read_spec`, except for values that only an estimator can reject.
    """
    spec = read_toml(path, Spec, SpecError, "'topicdesk init' writes an example spec.")
    with _named(path):
        for name, table in spec.classifiers.items():
            if "estimator" not in table:
                check_classifier(name)
                check_hyperparameters(name, table)
        for options in (spec.features, *spec.features.blocks.values()):
            for language in options.stemmer:
                check_stemmer(language)
    return spec


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Add the spec's file and table to the message of an error."""
    try:
        yield
    except SpecError as error:
        raise SpecError(f"{path}: classifiers: {error}") from error
    except FeaturesError as error:
        raise SpecError(f"{path}: features: {error}") from error
