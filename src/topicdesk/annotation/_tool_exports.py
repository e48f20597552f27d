"""Read the decisions in exports of annotation tools: Label Studio, doccano, Prodigy and Argilla."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from topicdesk.annotation._label_cells import is_blank, labels_in
from topicdesk.errors import LabelsError

__all__ = ["Decision", "tool_decisions"]

# Types of results in Label Studio that label a whole text.
_CHOICES = ("choices", "taxonomy")

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
    """

    labels: tuple[str, ...]
    annotator: str = ""
    time: str = ""
    sample: str = ""
    note: str = ""
    codebook: str = ""
    partial: bool = False


def tool_decisions(row: Mapping[str, Any], question: str | None, where: str) -> list[Decision] | None:
    """Return the decisions in a row of a tool's export.

    Parameters
    ----------
    row : mapping of str to object
        The row.
    question : str or None
        Name of the question in the tool; it may be None if there is only one.
    where : str
        Place of the row, for messages.

    Returns
    -------
    list of Decision, or None
        Empty if nobody has decided yet; None if the row has none of the forms of these tools.

    Raises
    ------
    LabelsError
        If the export has several questions and none is named, or labels parts of texts only.
    """
    for applies, decisions in _TOOLS:
        if applies(row):
            return list(decisions(row, question, where))
    return None


def _is_label_studio(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("data"), dict) and any(
        isinstance(row.get(key), list) for key in ("annotations", "completions")
    )


def _label_studio(row: Mapping[str, Any], question: str | None, where: str) -> Iterator[Decision]:
    for annotation in _objects(row.get("annotations") or row.get("completions")):
        if annotation.get("was_cancelled") or annotation.get("skipped"):
            continue
        by_question: dict[str, list[str]] = {}
        others = set()
        for result in _objects(annotation.get("result")):
            kind = str(result.get("type", "")).lower()
            value = result.get("value")
            if kind not in _CHOICES or not isinstance(value, dict):
                others.add(kind)
                continue
            items = value.get(kind) or []
            names = ["/".join(map(str, item)) if isinstance(item, list) else item for item in items]
            by_question.setdefault(str(result.get("from_name", "")), []).extend(labels_in(names, "", where) or ())
        if question is None and not by_question and others:
            raise LabelsError(
                f"{where}: the export labels parts of texts ({', '.join(sorted(others))}), not whole texts. Choose a "
                "question with choices."
            )
        labels = _answers(by_question, question, where)
        time = annotation.get("updated_at") or annotation.get("created_at")
        yield Decision(labels, _person(annotation.get("completed_by")), _time(time))


def _is_old_doccano(row: Mapping[str, Any]) -> bool:
    annotations = row.get("annotations")
    return "text" in row and isinstance(annotations, list) and all("label" in one for one in _objects(annotations))


def _old_doccano(row: Mapping[str, Any], question: str | None, where: str) -> Iterator[Decision]:
    by_user: dict[str, list[Any]] = {}
    for annotation in _objects(row["annotations"]):
        by_user.setdefault(_string(annotation.get("user")), []).append(annotation["label"])
    for user, labels in by_user.items():
        yield Decision(labels_in(labels, "", where) or (), user)


def _is_prodigy(row: Mapping[str, Any]) -> bool:
    return "answer" in row and ("_task_hash" in row or "_input_hash" in row or "accept" in row or "label" in row)


def _prodigy(row: Mapping[str, Any], question: str | None, where: str) -> Iterator[Decision]:
    annotator = _string(row.get("_annotator_id") or row.get("_session_id"))
    time = _time(row.get("_timestamp"))
    if row["answer"] not in ("accept", "reject"):
        return
    if isinstance(row.get("accept"), list):
        if row["answer"] == "accept":  # a rejected task has no answer
            yield Decision(labels_in(row["accept"], "", where) or (), annotator, time)
    elif not is_blank(row.get("label")):
        labels = labels_in(row["label"], "", where) or ()
        yield Decision(labels if row["answer"] == "accept" else (), annotator, time, partial=True)


def _is_argilla(row: Mapping[str, Any]) -> bool:
    return "responses" in row and isinstance(row.get("fields"), dict)


def _argilla(row: Mapping[str, Any], question: str | None, where: str) -> Iterator[Decision]:
    by_user: dict[str, dict[str, list[str]]] = {}
    times: dict[str, str] = {}
    for name, response in _responses(row.get("responses")):
        if response.get("status") in _SUBMITTED and response.get("value") is not None:
            user = _string(response.get("user_id"))
            by_user.setdefault(user, {})[name] = list(labels_in(response["value"], "", where) or ())
            times[user] = _time(response.get("updated_at") or response.get("inserted_at"))
    for user, answers in by_user.items():
        yield Decision(_answers(answers, question, where), user, times[user])


def _responses(responses: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name of the question and the response, in both forms of Argilla: by question, and by user."""
    if isinstance(responses, dict):
        for name, items in responses.items():
            for item in _objects(items):
                yield name, item
    for item in _objects(responses):
        for name, answer in (item.get("values") or {}).items():
            yield name, {**item, **(answer if isinstance(answer, dict) else {"value": answer})}


def _is_old_argilla(row: Mapping[str, Any]) -> bool:
    return "annotation" in row and ("annotation_agent" in row or isinstance(row.get("inputs"), dict))


def _old_argilla(row: Mapping[str, Any], question: str | None, where: str) -> Iterator[Decision]:
    if row.get("status") not in _SUBMITTED or is_blank(row["annotation"]):
        return
    time = _time(row.get("event_timestamp"))
    yield Decision(labels_in(row["annotation"], "", where) or (), _string(row.get("annotation_agent")), time)


_Applies = Callable[[Mapping[str, Any]], bool]
_Decisions = Callable[[Mapping[str, Any], str | None, str], Iterator[Decision]]
_TOOLS: tuple[tuple[_Applies, _Decisions], ...] = (
    (_is_label_studio, _label_studio),
    (_is_argilla, _argilla),
    (_is_old_argilla, _old_argilla),
    (_is_prodigy, _prodigy),
    (_is_old_doccano, _old_doccano),
)


def _answers(by_question: Mapping[str, list[str]], question: str | None, where: str) -> tuple[str, ...]:
    """Return the answers to a question, or to the only one."""
    if question is not None:
        return tuple(dict.fromkeys(by_question.get(question, ())))
    if len(by_question) > 1:
        names = ", ".join(sorted(by_question))
        raise LabelsError(f"{where}: the export has several questions: {names}. Name one with --column.")
    return tuple(dict.fromkeys(label for labels in by_question.values() for label in labels))


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
