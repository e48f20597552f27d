"""MLflow's server for a model, with a short answer in JSON to every request that it cannot read.

``python -m topicdesk.tracking._model_server FOLDER PORT`` serves a model on 127.0.0.1. By itself, MLflow (3.17) answers
500 to a request without a content type, to JSON that is nested too deeply, and to a number with thousands of digits. It
repeats the whole request in its other errors.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from topicdesk.tracking._mlflow import model_application

__all__ = ["with_short_errors"]

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
#: A web application, as ASGI defines it.
Application = Callable[[MutableMapping[str, Any], _Receive, _Send], Awaitable[None]]

_FIRST_ERROR, _FIRST_SERVER_ERROR = 400, 500
_BAD_REQUEST, _NO_MEDIA_TYPE = 400, 415

# Errors that MLflow and pandas raise about content that they cannot read. MLflow answers 400 itself if the model fails.
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

# Characters that are kept of the beginning and of the end of a message. MLflow's reason is in one of them.
_PART_CHARACTERS = 300


def with_short_errors(application: Application) -> Application:
    """Return an application that answers like another, except if it answers with an error.

    Parameters
    ----------
    application : Application
        MLflow's server for a model.

    Returns
    -------
    Application
        Each error is a JSON object with ``error_code`` and ``message``. The status is 415 for a request without a
        content type, and 400 for content that cannot be read.
    """

    async def answer(scope: MutableMapping[str, Any], receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        if scope["method"] == "POST" and not _content_type(scope):
            await _refuse(send, _NO_MEDIA_TYPE, "the request has no content type. Send Content-Type: application/json.")
            return
        held = _HeldErrors(send)
        try:
            await application(scope, receive, held.send)
        except RecursionError:
            await held.refuse(_BAD_REQUEST, "the content is nested too deeply.")
        except _UNREADABLE as error:
            await held.refuse(_BAD_REQUEST, f"the content cannot be read: {type(error).__name__}: {error}")
        finally:
            await held.refuse()

    return answer


class _HeldErrors:
    """Sends the messages of an answer, but keeps those of an error until it is complete."""

    def __init__(self, send: _Send) -> None:
        self._send = send
        self._status: int | None = None
        self._content = b""
        self._is_answered = False

    async def send(self, message: _Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= _FIRST_ERROR:
            self._status = message["status"]
        elif self._status is None:
            self._is_answered = True
            await self._send(message)
        elif message["type"] == "http.response.body":
            self._content += message.get("body", b"")

    async def refuse(self, status: int | None = None, message: str | None = None) -> None:
        """Send the error, if there is one; `status` and `message` replace those of the application."""
        status = status or self._status
        if status is not None and not self._is_answered:
            self._is_answered = True
            await _refuse(self._send, status, _message_of(self._content) if message is None else message)


def _message_of(content: bytes) -> str:
    """Return the message of an error, which MLflow and FastAPI write in JSON or as text."""
    text = content.decode("utf-8", "replace")
    try:
        described = json.loads(text)
    except ValueError:
        return text
    if not isinstance(described, dict):
        return text
    return str(described.get("message") or described.get("detail") or text)


async def _refuse(send: _Send, status: int, message: str) -> None:
    if len(message) > 2 * _PART_CHARACTERS:
        message = f"{message[:_PART_CHARACTERS]} … {message[-_PART_CHARACTERS:]}"
    code = "INTERNAL_ERROR" if status >= _FIRST_SERVER_ERROR else "BAD_REQUEST"
    content = json.dumps({"error_code": code, "message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _content_type(scope: MutableMapping[str, Any]) -> bytes:
    return next((value.strip() for name, value in scope["headers"] if name == b"content-type"), b"")


def main() -> None:
    """Serve the model in a folder until the process ends."""
    import uvicorn  # installed with MLflow, whose servers run in it

    folder, port = sys.argv[1:]
    uvicorn.run(with_short_errors(model_application(folder)), host="127.0.0.1", port=int(port))


if __name__ == "__main__":
    main()
