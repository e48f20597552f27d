"""Send a signal to a labelling command inside a phase of its work, not at a random time."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["PHASES", "SignalDuring"]


@dataclass(frozen=True)
class SignalDuring:
    """A function that makes this process send itself a signal once it is in a phase.

    Parameters
    ----------
    phase : str
        A key of `PHASES`.
    number : int
        The signal.
    """

    phase: str
    number: int

    def __call__(self) -> None:
        """Prepare the process. Call it before the command begins."""
        from topicdesk import _atomic
        from topicdesk.prediction import bulk

        PHASES[self.phase]({"bulk": bulk, "atomic": _atomic}, self._send)

    def _send(self) -> None:
        os.kill(os.getpid(), self.number)


_Modules = dict[str, Any]
_Send = Callable[[], None]


def _between_batches(modules: _Modules, send: _Send) -> None:
    read = modules["bulk"].read_input_batches

    def read_and_send(*arguments: Any) -> Iterator[Any]:
        for number, batch in enumerate(read(*arguments)):
            if number == 2:
                send()
            yield batch

    modules["bulk"].read_input_batches = read_and_send


def _after_first_submission(modules: _Modules, send: _Send) -> None:
    class Pool(modules["bulk"].ProcessPoolExecutor):
        """Sends the signal while the workers start."""

        def submit(self, *arguments: Any, **options: Any) -> Any:
            future = super().submit(*arguments, **options)
            if not hasattr(self, "has_sent"):
                self.has_sent = True
                send()
            return future

    modules["bulk"].ProcessPoolExecutor = Pool


def _while_joining(modules: _Modules, send: _Send) -> None:
    join = modules["bulk"].join_parts

    def join_and_send(folder: Any, parts: Any, output: Any, advance: Callable[[int], None]) -> None:
        def advance_and_send(number: int) -> None:
            send()
            advance(number)

        join(folder, parts, output, advance_and_send)

    modules["bulk"].join_parts = join_and_send


def _before(module: str, name: str, call: int = 1) -> Callable[[_Modules, _Send], None]:
    """Return a function that prepares a process to send itself the signal before a call of a function."""

    def prepare(modules: _Modules, send: _Send) -> None:
        original, calls = getattr(modules[module], name), []

        def send_and_call(*arguments: Any, **options: Any) -> Any:
            calls.append(None)
            if len(calls) == call:
                send()
            return original(*arguments, **options)

        setattr(modules[module], name, send_and_call)

    return prepare


#: How to send the signal in each phase of labelling, in the order of the phases.
PHASES: dict[str, Callable[[_Modules, _Send], None]] = {
    "finding files": _before("bulk", "_found"),
    "reading": _between_batches,
    "starting workers": _after_first_submission,
    "labelling": _before("bulk", "write_part", call=2),
    "joining": _while_joining,
    "removing parts": _before("bulk", "remove_tree"),
    "deleting parts": _before("atomic", "sweep_removed"),
}
