"""Let the workers of a Dask cluster do the work on files.

Dask hands out units and gives those of a lost worker to another. It names them by numbers: no task
key, and nothing that Dask logs, says which file or person a unit is about.
"""

import logging
import pkgutil
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import islice
from os import listdir
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from eegssl import __version__
from eegssl.artifacts.atomic import atomic_path
from eegssl.corpus.config import Limits
from eegssl.corpus.processes.dask_units import (
    Place,
    Unit,
    do_unit,
    not_shared,
    other_versions,
    unseen,
)
from eegssl.corpus.processes.engine import Engine
from eegssl.corpus.processes.workers import Task
from eegssl.errors import ConfigError

CONNECT_S = 5.0
START_S = 10.0
"""Ours: workers that were started a moment ago have registered by then."""
LOST_S = 60.0
"""Ours: a lost worker has been started anew by then, where anybody does so."""
_POLL_S = 2.0
_EACH_THREAD = 2
"""Units of a thread that are handed out: one at work, and one to go on with."""
_NAMES_COMPARED = 20
_GOES_ON = "what is done already stays, and the same command goes on from there"


class DaskCluster(Engine):
    """The workers of a Dask scheduler, by a client that is connected with it."""

    def __init__(self, client: Any, address: str, places: Sequence[Place]) -> None:
        self._client, self._address = client, address
        self._places = tuple(places)
        self._run = secrets.token_hex(4)
        self._n_given = 0

    def __str__(self) -> str:
        threads = self._threads()
        return f"Dask: {len(threads)} worker(s) with {sum(threads)} thread(s)"

    def require_workers(self) -> None:
        """Raise ConfigError where there is none, or one is not like this process."""
        try:
            self._client.wait_for_workers(1, timeout=START_S)
        except TimeoutError:
            raise ConfigError(
                f"the Dask scheduler at {self._address} has no workers: start some (dask worker "
                f"{self._address} --nthreads 1) on machines that see the same folders"
            ) from None
        versions = self._ask(pkgutil.resolve_name, "eegssl:__version__")
        others = {
            name: "has no eegssl" if isinstance(version, Exception) else f"runs eegssl {version}"
            for name, version in versions.items()
            if version != __version__
        }
        if others:
            raise ConfigError(other_versions(others, __version__))
        self._require_seen()

    def require_shared(self, folder: Path) -> None:
        """Leave a file in a folder, and require that all workers see it and can write there."""
        name = f"dask-{secrets.token_hex(8)}"
        with atomic_path(folder / name) as path:
            path.touch()
        self._places += (Place("the folder of --out", folder.absolute(), (name,), is_written=True),)
        self._require_seen()

    def each(
        self, function: Callable[..., Any], tasks: Sequence[Task], limits: Limits
    ) -> Iterator[tuple[int, Any]]:
        """Give units to the workers, a few at a time; an end cancels those that are out."""
        todo = iter(enumerate(tasks))
        given: dict[Any, int] = {}
        ended: SimpleQueue[Any] = SimpleQueue()
        try:
            while True:
                for number, task in islice(todo, max(0, self._n_fit() - len(given))):
                    future = self._give(Unit(function, task, limits, self._places))
                    given[future] = number
                    future.add_done_callback(ended.put)
                if not given:
                    return
                future = self._first(ended)
                yield given.pop(future), self._answer(future)
        finally:
            if out := [future for future in given if not future.cancelled()]:
                self._client.cancel(out)

    def _give(self, unit: Unit) -> Any:
        self._n_given += 1
        key = f"eegssl-{self._run}-{self._n_given}"
        return self._client.submit(do_unit, unit, key=key, pure=False)

    def _n_fit(self) -> int:
        return max(1, _EACH_THREAD * sum(self._threads()))

    def _threads(self) -> list[int]:
        """How many units each worker does at a time."""
        try:
            return list(self._client.nthreads().values())
        except OSError:
            raise self._gone() from None

    def _gone(self) -> ConfigError:
        return ConfigError(
            f"the Dask scheduler at {self._address} is gone, or has dropped the work: see its log; "
            f"{_GOES_ON}"
        )

    def _first(self, ended: "SimpleQueue[Any]") -> Any:
        """Wait until a unit has ended; raises ConfigError once nobody is there to end one."""
        until_s = time.monotonic() + LOST_S
        while True:
            with suppress(Empty):
                return ended.get(timeout=_POLL_S)
            if self._threads():
                until_s = time.monotonic() + LOST_S
            if time.monotonic() > until_s:
                raise ConfigError(
                    f"the Dask scheduler at {self._address} has lost its last worker: start some; "
                    f"{_GOES_ON}"
                )

    def _answer(self, future: Any) -> Any:
        """The result of a unit; an error that is no fault of its file is raised."""
        from distributed import KilledWorker

        if future.cancelled():
            raise self._gone()
        try:
            answer = future.result()
        except KilledWorker:
            raise ConfigError(
                "workers of Dask were lost again and again with the same work, as where memory "
                f"runs out: allow each more, or run fewer on a machine; {_GOES_ON}"
            ) from None
        if isinstance(answer, OSError | ConfigError):
            raise answer
        return answer

    def _require_seen(self) -> None:
        lacking = {name: names for name, names in self._ask(unseen, self._places).items() if names}
        if lacking:
            raise ConfigError(not_shared(lacking))

    def _ask(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        """What each worker answers, or its error; without those that were lost meanwhile."""
        answers = self._client.run(function, *arguments, on_error="return")
        return {name: one for name, one in answers.items() if not isinstance(one, OSError)}


@contextmanager
def dask_cluster(address: str, roots: Sequence[Path]) -> Iterator[DaskCluster]:
    """Connect with a Dask scheduler whose workers see the folders ``roots`` as they are here.

    Raises ConfigError where nobody answers, there is no worker, or one is not like this process.
    """
    if find_spec("distributed") is None:
        raise ConfigError(
            "--dask needs the package distributed: pip install 'eegssl[dask]', here and where the "
            "workers run"
        )
    from distributed import Client

    how_to = "start one (dask scheduler), or check the address, such as tcp://host:8786"
    if not address.strip():  # Dask would start a cluster, or fail, by its configuration
        raise ConfigError(f"no Dask scheduler answers at an empty address: {how_to}")
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no Dask scheduler answers at {address} ({type(error).__name__} within "
            f"{CONNECT_S:g} s): {how_to}"
        ) from None
    with _told_by_errors(), client:
        cluster = DaskCluster(client, address, _places(roots))
        cluster.require_workers()
        yield cluster


@contextmanager
def _told_by_errors() -> Iterator[None]:
    """Keep the client's own log lines away: what goes wrong is an error, which is told."""
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _places(roots: Sequence[Path]) -> list[Place]:
    """The folders to read, by their number, with a few names that are in each."""
    of_n = f"of {len(roots)}"
    return [
        Place(f"input {k} {of_n}", root, tuple(sorted(listdir(root))[:_NAMES_COMPARED]))
        if root.is_dir()
        else Place(f"input {k} {of_n}", root)
        for k, root in enumerate(roots, start=1)
        if root.exists()
    ]
