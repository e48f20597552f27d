"""Read the decisions in exports of annotation tools: Label Studio, doccano, Prodigy and Argilla."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from topicdesk.annotation._label_cells import is_blank, labels_in
from topicdesk.errors import LabelsError, nearest

__all__ = ["Decision", "ToolExport", "tool_export"]

# Types of results in Label Studio that label a whole text, and those of whole texts that are no labels.
_CHOICES = ("choices", "taxonomy")
_NO_LABELS = ("textarea", "number", "rating", "datetime", "pairwise", "ranker")

# Fields of a task of Label Studio that has only its data.
_TASK = {"data", "id", "meta"}

# Answers in Prodigy.
_ANSWERS = ("accept", "reject", "ignore")

# Endings of columns in Argilla's table of records: the answers to a question, and who gave them.
_ANSWERED, _ANSWERED_BY, _ANSWERED_STATUS = ".responses", ".responses.users", ".responses.status"

# States of a response in Argilla that is a decision.
_SUBMITTED = ("submitted", "Validated", None)


@dataclass(frozen=True)
class Decision:
    """The labels that one annotator gave to an article.

    Parameters
    ----------
    labels : tuple of str
        As written; empty if the article has no topic.
    annotator, time, sample, note, codebook : str
        Empty if the file does not have them.
    partial : bool
        Whether the annotator was only asked about some topics; other decisions about the article add to this one.
    rejected : tuple of str
        Labels that the annotator rejected, if the decision is partial.
    design : mapping of str to str
        How the article was selected, by column of a label file (see `checked_design`).
    """

    labels: tuple[str, ...]
    annotator: str = ""
    time: str = ""
    sample: str = ""
    note: str = ""
    codebook: str = ""
    partial: bool = False
    rejected: tuple[str, ...] = ()
    design: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ToolExport:
    """How to read the export of a tool.

    Parameters
    ----------
    question : str or None
        The question whose answers are the labels; None if the tool asks only one.
    apart : bool
        Whether no annotation answers several questions. Then one without an answer to this question was not asked it;
        otherwise, it answers that the text has no topic.
    """

    question: str | None
    apart: bool

    def decisions(self, row: Mapping[str, Any], where: str) -> list[Decision]:
        """Return the decisions in a row; empty if there are none yet. `where` is its place, for messages."""
        tool = _tool(row)
        return [] if tool is None else list(tool.decisions(row, self, where))


def tool_export(path: object, rows: Sequence[Mapping[str, Any]], question: str | None) -> ToolExport | None:
    """Return how to read rows as the export of a tool.

    Parameters
    ----------
    path : object
        The file, for messages.
    rows : sequence of mapping of str to object
        All rows.
    question : str or None
        Name of a question in the tool, or of a column; it may be None if there is only one question.

    Returns
    -------
    ToolExport or None
        None if no row has one of the forms of these tools, or `question` is a column.

    Raises
    ------
    LabelsError
        If the export has several questions and none is named, it has not the named one, or none is about whole texts.
    """
    found = [(tool, row) for row in rows if (tool := _tool(row)) is not None]
    if not found:
        return None
    tools = {tool for tool, _ in found}
    answered = [answers for tool, row in found for answers in tool.answered(row)]
    questions = {name for names, _ in answered for name in names}
    others = sorted({kind for _, kinds in answered for kind in kinds})
    apart = all(len(names) < 2 for names, _ in answered)
    if question in questions:
        return ToolExport(question, apart)
    if question is not None and not any(question in tool.keys for tool in tools):
        if any(question in row for row in rows):
            return None
        if questions:
            raise LabelsError(f"{path}: the export has no question {question!r}; {nearest(question, questions)}")
    if len(questions) > 1:
        raise LabelsError(
            f"{path}: the export has several questions: {', '.join(sorted(questions))}. Name one with --column "
            "(--labels for 'topicdesk init', column= in Python)."
        )
    if others and not questions:
        if set(others) <= set(_NO_LABELS):
            raise LabelsError(f"{path}: the export has answers ({', '.join(others)}), but no question with choices.")
        raise LabelsError(
            f"{path}: the export labels parts of texts ({', '.join(others)}), not whole texts. Choose a question with "
            "choices."
        )
    return ToolExport(None, apart)


def _is_label_studio(row: Mapping[str, Any]) -> bool:
    data = row.get("data")
    if not isinstance(data, dict):
        return False
    lists = any(isinstance(row.get(key), list) for key in ("annotations", "completions", "predictions"))
    return lists or set(row) - _TASK <= set(data)


def _annotations(row: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], dict[str, list[Any]], set[str]]]:
    """Yield the annotations of a task: the choices by question, and the types of other results."""
    for annotation in _objects(row.get("annotations") or row.get("completions")):
        if annotation.get("was_cancelled") or annotation.get("skipped"):
            continue
        by_question: dict[str, list[Any]] = {}
        others = set()
        for result in _objects(annotation.get("result")):
            kind = str(result.get("type", "")).lower()
            value = result.get("value")
            if kind not in _CHOICES or not isinstance(value, dict):
                others.add(kind)
                continue
            items = value.get(kind) or []
            names = ["/".join(map(str, item)) if isinstance(item, list) else item for item in _listed(items)]
            by_question.setdefault(str(result.get("from_name", "")), []).extend(names)
        yield annotation, by_question, others


def _label_studio(row: Mapping[str, Any], export: ToolExport, where: str) -> Iterator[Decision]:
    for annotation, by_question, _ in _annotations(row):
        labels = _answers(by_question, export, where)
        if labels is not None:
            time = annotation.get("updated_at") or annotation.get("created_at")
            yield Decision(labels, _person(annotation.get("completed_by")), _time(time))


def _answered_in_label_studio(row: Mapping[str, Any]) -> Iterator[tuple[Collection[str], Collection[str]]]:
    for _, by_question, others in _annotations(row):
        yield by_question, others


def _is_old_doccano(row: Mapping[str, Any]) -> bool:
    annotations = row.get("annotations")
    return isinstance(annotations, list) and all("label" in one for one in _objects(annotations))


def _old_doccano(row: Mapping[str, Any], export: ToolExport, where: str) -> Iterator[Decision]:
    by_user: dict[str, list[Any]] = {}
    for annotation in _objects(row["annotations"]):
        if "start_offset" in annotation:
            raise LabelsError(f"{where}: the export labels parts of texts, not whole texts.")
        by_user.setdefault(_string(annotation.get("user")), []).append(annotation["label"])
    for user, labels in by_user.items():
        yield Decision(labels_in(labels, "", where) or (), user)


def _is_prodigy(row: Mapping[str, Any]) -> bool:
    return row.get("answer") in _ANSWERS and (
        "_task_hash" in row or "_input_hash" in row or "accept" in row or "label" in row
    )


def _prodigy(row: Mapping[str, Any], export: ToolExport, where: str) -> Iterator[Decision]:
    annotator = _string(row.get("_annotator_id") or row.get("_session_id"))
    time = _time(row.get("_timestamp"))
    if row["answer"] not in ("accept", "reject"):
        return
    if isinstance(row.get("accept"), list):
        if row["answer"] == "accept":  # a rejected task has no answer
            yield Decision(labels_in(row["accept"], "", where) or (), annotator, time)
    elif not is_blank(row.get("label")):
        labels = labels_in(row["label"], "", where) or ()
        accepted, rejected = (labels, ()) if row["answer"] == "accept" else ((), labels)
        yield Decision(accepted, annotator, time, partial=True, rejected=rejected)


def _is_argilla(row: Mapping[str, Any]) -> bool:
    if "responses" in row and isinstance(row.get("fields"), dict):
        return True
    return any(
        isinstance(value, list) and (str(name).endswith(_ANSWERED) or _is_answers(value)) for name, value in row.items()
    )


def _is_answers(value: Any) -> bool:
    """Return whether a cell contains the answers to a question, as Argilla 1 writes them in a table."""
    answers = _objects(value)
    return bool(answers) and len(answers) == len(value) and all({"value", "status"} <= set(one) for one in answers)


def _by_user(row: Mapping[str, Any]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return the responses of each user, by question."""
    by_user: dict[str, dict[str, Mapping[str, Any]]] = {}
    for name, response in _responses(row):
        if response.get("status") in _SUBMITTED and response.get("value") is not None:
            by_user.setdefault(_string(response.get("user_id")), {})[name] = response
    return by_user


def _argilla(row: Mapping[str, Any], export: ToolExport, where: str) -> Iterator[Decision]:
    for user, responses in _by_user(row).items():
        labels = _answers({name: _listed(one["value"]) for name, one in responses.items()}, export, where)
        if labels is not None:
            *_, last = responses.values()
            yield Decision(labels, user, _time(last.get("updated_at") or last.get("inserted_at")))


def _answered_in_argilla(row: Mapping[str, Any]) -> Iterator[tuple[Collection[str], Collection[str]]]:
    for responses in _by_user(row).values():
        yield responses, ()


def _responses(row: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name of the question and the response, in each form of Argilla: by question, by user, in a table."""
    responses = row.get("responses") if isinstance(row.get("fields"), dict) else None
    if isinstance(responses, dict):
        for name, items in responses.items():
            for item in _objects(items):
                yield name, item
    for item in _objects(responses):
        for name, answer in (item.get("values") or {}).items():
            yield name, {**item, **(answer if isinstance(answer, dict) else {"value": answer})}
    for column, value in row.items() if responses is None else ():
        if str(column).endswith(_ANSWERED):
            name = column.removesuffix(_ANSWERED)
            beside = [_listed(row.get(f"{name}{ending}")) for ending in (_ANSWERED_BY, _ANSWERED_STATUS)]
            for number, answer in enumerate(_listed(value)):
                user, status = (items[number] if number < len(items) else None for items in beside)
                yield name, {"value": answer, "user_id": user, "status": status}
        elif _is_answers(value):
            for answer in value:
                yield column, answer


def _is_old_argilla(row: Mapping[str, Any]) -> bool:
    return "annotation" in row and ("annotation_agent" in row or isinstance(row.get("inputs"), dict))


def _old_argilla(row: Mapping[str, Any], export: ToolExport, where: str) -> Iterator[Decision]:
    if row.get("status") not in _SUBMITTED or is_blank(row["annotation"]):
        return
    time = _time(row.get("event_timestamp"))
    yield Decision(labels_in(row["annotation"], "", where) or (), _string(row.get("annotation_agent")), time)


def _asks_one_question(row: Mapping[str, Any]) -> Iterator[tuple[Collection[str], Collection[str]]]:
    yield from ()


@dataclass(frozen=True)
class _Tool:
    """How to read the rows of a tool.

    Parameters
    ----------
    applies : callable
        Whether a row is of this tool.
    decisions : callable
        The decisions in a row.
    keys : tuple of str
        Keys that contain the decisions of a tool that asks only one question.
    answered : callable
        For each annotation in a row, the questions that it answers with labels, and the types of other answers.
    """

    applies: Callable[[Mapping[str, Any]], bool]
    decisions: Callable[[Mapping[str, Any], ToolExport, str], Iterator[Decision]]
    keys: tuple[str, ...] = ()
    answered: Callable[[Mapping[str, Any]], Iterator[tuple[Collection[str], Collection[str]]]] = _asks_one_question


_TOOLS = (
    _Tool(_is_label_studio, _label_studio, answered=_answered_in_label_studio),
    _Tool(_is_argilla, _argilla, answered=_answered_in_argilla),
    _Tool(_is_old_argilla, _old_argilla, ("annotation",)),
    _Tool(_is_prodigy, _prodigy, ("accept", "label", "answer")),
    _Tool(_is_old_doccano, _old_doccano, ("annotations",)),
)


def _tool(row: Mapping[str, Any]) -> _Tool | None:
    return next((tool for tool in _TOOLS if tool.applies(row)), None)


def _answers(by_question: Mapping[str, list[Any]], export: ToolExport, where: str) -> tuple[str, ...] | None:
    """Return the answers to a question, or to the only one; None if it was not asked."""
    if export.question is None:
        items = [item for answers in by_question.values() for item in answers]
    elif export.question not in by_question and by_question and export.apart:
        return None
    else:
        items = by_question.get(export.question, [])
    return labels_in(items, "", where) or ()


def _listed(value: Any) -> list[Any]:
    """Return a list, or a list with the only value."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _person(value: Any) -> str:
    """Return the name of an annotator, who may be a number or an object with an address."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("email", "username", "id") if value.get(key) is not None), None)
    return _string(value)


def _time(value: Any) -> str:
    """Return a time in ISO 8601. Prodigy writes seconds since 1970."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
        except (ValueError, OverflowError, OSError):  # not a time
            return ""
    return _string(value)


def _string(value: Any) -> str:
    return "" if is_blank(value) else " ".join(str(value).encode("utf-8", "replace").decode("utf-8").split())
