"""Engines that run the work of a comparison: processes on this machine, or a Dask cluster.

The work function takes an object shared by all tasks and the arguments of one task. Its result does not depend on where
it runs or on the other tasks, so results are the same on every engine.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Protocol

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError
from threadpoolctl import threadpool_limits

from topicdesk._arguments import check_engine, check_n_jobs, check_number, check_string
from topicdesk._processes import end_with_parent, lifeline, uninterrupted, wait_for_handover
from topicdesk._progress import progress
from topicdesk._renamed import renamed_fields
from topicdesk.errors import ArgumentError, EngineError
from topicdesk.evaluation.code_version import code_version

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["DaskEngine", "Engine", "LocalEngine", "restart_workers", "run_all", "single_threaded_engine"]

_Work = Callable[..., Any]
_Tasks = Sequence[tuple[Any, ...]]


class Engine(Protocol):
    """Interface for running tasks."""

    def run(self, work: _Work, shared: object, tasks: _Tasks) -> Iterator[tuple[int, Any]]:
        """Yield the number of each task and the result of ``work(shared, *task)``, in order of completion."""


@renamed_fields(jobs="n_jobs")
@dataclass(frozen=True)
class LocalEngine:
    """Engine that runs tasks in processes on this machine. Large shared arrays are memory-mapped, not copied.

    Parameters
    ----------
    n_jobs : int, default -1
        Number of processes; -1 for one per core.
    """

    n_jobs: int = -1

    def run(self, work: _Work, shared: object, tasks: _Tasks) -> Iterator[tuple[int, Any]]:
        """Run the tasks (see `Engine`); raise `EngineError` if a process dies or memory runs out."""
        calls = (delayed(_numbered)(number, work, shared, task) for number, task in enumerate(tasks))
        parallel = Parallel(
            n_jobs=self.n_jobs,
            return_as="generator_unordered",
            max_nbytes="256K",
            initializer=end_with_parent,
            initargs=(lifeline(),),
        )
        results = None
        complete = False
        try:
            with uninterrupted():
                results = parallel(calls)
            while True:
                with _no_word_of_cancelled_tasks():
                    result = next(results, None)
                if result is None:
                    complete = True
                    return
                yield result
        except (TerminatedWorkerError, MemoryError) as error:
            raise EngineError(
                "a process was killed, probably out of memory. Completed work is saved; run the command again with "
                "fewer --jobs."
            ) from error
        finally:
            with uninterrupted(), _no_word_of_cancelled_tasks():
                if results is not None:
                    if not complete:
                        wait_for_handover(getattr(parallel._backend, "_workers", None))
                    results.close()


@contextmanager
def _no_word_of_cancelled_tasks() -> Iterator[None]:
    # If a task fails, users should see its error, not joblib's warning that it cancelled the other tasks.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "[0-9]+ tasks (which were still|have been successfully)", UserWarning)
        yield


@dataclass(frozen=True)
class DaskEngine:
    """Engine that runs tasks on a Dask cluster. If a worker dies, other workers repeat its tasks.

    Parameters
    ----------
    scheduler : str
        Address of the scheduler, such as ``tcp://10.0.0.1:8786``. Workers need the same topicdesk, Python and
        libraries. They also need one thread each (``dask worker --nworkers -1 --nthreads 1``), because warnings are
        caught per process.
    patience : float, default 30
        Seconds to wait for the scheduler, and for workers to answer.

    Raises
    ------
    ArgumentError
        If an argument has a wrong type or value.
    """

    scheduler: str
    patience: float = 30

    def __post_init__(self) -> None:
        """Raise `ArgumentError` if a value is wrong."""
        check_string("scheduler", self.scheduler, empty=False)
        check_number("patience", self.patience)
        if not self.patience:
            raise ArgumentError("patience must be above 0; got 0.")

    #: Maximum number of times that tasks are submitted, if they are lost with their workers.
    _ROUNDS = 5
    _LOOK_AGAIN_SECONDS = 0.1

    def run(self, work: _Work, shared: object, tasks: _Tasks) -> Iterator[tuple[int, Any]]:
        """Run the tasks (see `Engine`).

        Raises
        ------
        EngineError
            If there is no scheduler or no worker, workers have different code, or workers die repeatedly.
        """
        try:
            from distributed import CancelledError, Client, KilledWorker, as_completed
            from distributed.comm.core import CommClosedError
        except ImportError as error:
            raise EngineError(
                "a Dask cluster needs the package distributed. Run pip install 'topicdesk[scale]'."
            ) from error
        try:
            client = Client(self.scheduler, timeout=self.patience)
        except (OSError, ValueError) as error:
            raise EngineError(
                f"no Dask scheduler answers at {self.scheduler} ({error}). Start one with 'dask scheduler'."
            ) from error
        remaining = dict(enumerate(tasks))
        # The scheduler itself raises KeyError when a worker leaves while data is copied to it.
        lost_errors: tuple[type[Exception], ...] = (*_passing_faults(), KeyError)
        with client:
            for _ in range(self._ROUNDS):
                self._wait_for_workers(client)
                try:
                    # Copy to every worker, so the data are not lost if one dies.
                    scattered = client.scatter(shared, broadcast=True, hash=False)
                except lost_errors:
                    continue
                numbers = {
                    client.submit(work, scattered, *task, pure=False): number for number, task in remaining.items()
                }
                for future in as_completed(numbers):
                    try:
                        result = future.result()
                    # The task was lost with its workers: submit it again in the next round. Other errors are its own.
                    except (CancelledError, KilledWorker, CommClosedError):
                        continue
                    del remaining[numbers[future]]
                    yield numbers[future], result
                if not remaining:
                    return
        raise EngineError(
            f"{len(remaining)} of {len(tasks)} tasks were lost with their workers {self._ROUNDS} times. Check the "
            "workers' logs: they probably ran out of memory."
        )

    def _wait_for_workers(self, client: Client) -> None:
        """Wait until there is a worker and all workers answer; raise `EngineError` if their code differs from ours."""
        deadline = monotonic() + self.patience
        while True:
            versions = self._ask_workers(client, deadline)
            fault = next((answer for answer in versions.values() if isinstance(answer, Exception)), None)
            if versions and fault is None:
                break
            # A worker that dies during this check soon leaves the scheduler's list, and another may join.
            temporary = fault is None or isinstance(fault, _passing_faults())
            if not temporary or monotonic() > deadline:
                raise EngineError(
                    f"workers of {self.scheduler} cannot run topicdesk: {fault or 'all of them died'}"
                ) from fault
            sleep(self._LOOK_AGAIN_SECONDS)
        outdated = sorted(worker for worker, version in versions.items() if version != code_version())
        if outdated:
            raise EngineError(
                f"workers {', '.join(outdated)} have another version of topicdesk, Python or its libraries, so "
                "results would differ. Install the same requirements.lock and code on all machines."
            )

    def _ask_workers(self, client: Client, deadline: float) -> dict[str, object]:
        """Return the code version of each worker, or the error that it raised."""
        try:
            client.wait_for_workers(1, timeout=max(deadline - monotonic(), self._LOOK_AGAIN_SECONDS))
        except TimeoutError as error:
            raise EngineError(
                f"the Dask scheduler at {self.scheduler} has no worker. Start some with "
                f"'dask worker {self.scheduler} --nthreads 1'."
            ) from error
        try:
            versions: dict[str, object] = client.run(_own_version, on_error="return")
        except _passing_faults() as error:
            return {self.scheduler: error}
        return versions


@contextmanager
def single_threaded_engine(engine: Engine | None, n_jobs: int) -> Iterator[Engine]:
    """Yield the engine, by default local processes, while numeric libraries use one thread of this process.

    The order of a sum, and therefore its last digit, must not depend on the number of cores.

    Parameters
    ----------
    engine : Engine or None
        Engine to use instead of local processes.
    n_jobs : int
        Number of local processes; -1 for one per core.

    Yields
    ------
    Engine
    """
    check_engine(engine)
    check_n_jobs(n_jobs)
    with threadpool_limits(limits=1):
        yield engine or LocalEngine(n_jobs)


def run_all(
    engine: Engine,
    work: _Work,
    shared: object,
    tasks: _Tasks,
    what: str,
    done_before: int = 0,
    note: Callable[[int, Any], None] | None = None,
) -> list[Any]:
    """Run all tasks with a progress bar, and return their results in the order of the tasks.

    Parameters
    ----------
    engine : Engine
        Engine that runs the tasks.
    work : callable
        Takes `shared` and the items of a task.
    shared : object
        Argument common to all tasks.
    tasks : sequence of tuple
        Tasks, longest first, so that the last one to finish is short.
    what : str
        Label of the progress bar.
    done_before : int, default 0
        Number of tasks that are already done; the progress bar counts them.
    note : callable, optional
        Called with the number and the result of each task, as soon as it finishes.

    Returns
    -------
    list
        One result per task.
    """
    done: list[Any] = [None] * len(tasks)
    with progress(done_before + len(tasks), what, "cell") as advance:
        advance(done_before)
        for number, result in engine.run(work, shared, tasks):
            done[number] = result
            if note is not None:
                note(number, result)
            advance()
    return done


def restart_workers() -> None:
    """Stop the idle processes of `LocalEngine`, so that new ones can import modules that were added since."""
    get_reusable_executor().shutdown(wait=True)


def _passing_faults() -> tuple[type[Exception], ...]:
    """Return the exceptions for a lost worker or connection; distributed raises `OSError` for closed connections."""
    from distributed import CancelledError, KilledWorker

    return CancelledError, KilledWorker, TimeoutError, OSError


def _own_version() -> str:
    """Return the version of the code in the process that runs this."""
    return code_version()


def _numbered(number: int, work: _Work, shared: object, task: tuple[Any, ...]) -> tuple[int, Any]:
    return number, work(shared, *task)
