"""What becomes of work that a Dask cluster does, when its workers or its scheduler are lost."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from brittle import work
from daskservers import Servers, dask_servers
from killworkers import act

from eegssl.corpus.config import Limits
from eegssl.corpus.processes import dask_cluster as dask
from eegssl.corpus.processes.dask_units import Place, unseen
from eegssl.corpus.processes.workers import Failure, alone
from eegssl.errors import ConfigError

LIMITS = Limits(time_s=300, memory_mb=700)
COMMAND = """
import sys
from killworkers import act
from eegssl.corpus.config import Limits
from eegssl.corpus.processes.dask_cluster import dask_cluster
with dask_cluster(sys.argv[1], []) as cluster:
    list(cluster.each(act, [("hang", sys.argv[2])], Limits(time_s=300)))
"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A scheduler with two workers."""
    with dask_servers(tmp_path_factory.mktemp("servers") / "two", 2) as running:
        yield running


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost workers are not waited for."""
    monkeypatch.setattr(dask, "LOST_S", 1.0)
    monkeypatch.setattr(dask, "_POLL_S", 0.2)


def ended(pid: int) -> bool:
    """Whether a process ends within a minute."""
    for _ in range(600):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_place_is_seen_with_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    for name, inside in (("all", ("a",)), ("none", ()), ("more", ("a", "b"))):
        assert unseen([Place(name, tmp_path, inside)]) == (["more"] if name == "more" else [])
    assert unseen([Place("file", tmp_path / "a"), Place("absent", tmp_path / "b")]) == ["absent"]
    assert str(tmp_path) not in repr(Place("x", tmp_path))


def test_work_that_nobody_wants_any_more_is_ended(tmp_path: Path) -> None:
    seen = tmp_path / "pid"
    with pytest.raises(InterruptedError):
        alone(act, ("hang", str(tmp_path)), LIMITS, (), lambda: not seen.exists())
    assert ended(int(seen.read_text()))


def test_each_broken_task_is_a_failure_and_a_left_one_ends(
    tmp_path: Path, servers: Servers
) -> None:
    scratch = str(tmp_path)
    with dask.dask_cluster(servers.address, [tmp_path]) as cluster:
        tasks = [(how, scratch) for how in ("a", "segfault", "b", "bug", "full disk")]
        answers = dict(cluster.each(work, tasks[:4], LIMITS))
        assert (answers[0], answers[2]) == ("a", "b")
        failures = [answers[1], answers[3]]
        assert [f.code for f in failures if isinstance(f, Failure)] == ["crashed", "crashed"]
        with pytest.raises(OSError, match="No space left"):
            list(cluster.each(work, tasks[4:], LIMITS))
        pair = [("hang", scratch), ("await the other", scratch)]
        running = cluster.each(act, pair, LIMITS)
        assert next(running) == (1, "await the other")
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)
        running.close()
        assert ended(pid)
    log = servers.log.read_text()
    assert "Smith" not in log
    assert scratch not in log


@pytest.mark.slow
def test_the_work_of_a_killed_command_ends(tmp_path: Path, servers: Servers) -> None:
    words = [sys.executable, "-c", COMMAND, servers.address, str(tmp_path)]
    paths = os.pathsep.join(path for path in sys.path if path)
    command = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": paths})
    seen = tmp_path / "pid"
    while command.poll() is None and not (seen.exists() and seen.read_text()):
        time.sleep(0.05)
    command.kill()
    command.wait()
    assert ended(int(seen.read_text()))


@pytest.mark.slow
def test_a_unit_that_costs_worker_after_worker_ends_the_run(
    tmp_path: Path, servers: Servers
) -> None:
    with dask.dask_cluster(servers.address, [tmp_path]) as cluster:
        units = cluster.each(act, [("kill the worker", str(tmp_path))], LIMITS)
        with pytest.raises(ConfigError, match="lost again and again"):
            list(units)
    assert len(list(tmp_path.glob("killed-*"))) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("soon")
def test_the_loss_of_the_last_worker_or_the_scheduler_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def lose(how: str, words: str) -> None:
        with (
            dask_servers(tmp_path / how.replace(" ", ""), 1, "--no-nanny") as servers,
            dask.dask_cluster(servers.address, [tmp_path]) as cluster,
        ):
            units = cluster.each(act, [(how, str(tmp_path), servers.pid)], LIMITS)
            with pytest.raises(ConfigError, match=words):
                list(units)

    lose("kill the worker", "has lost its last worker")
    lose("kill", "the Dask scheduler at .* is gone")
    assert "Traceback" not in "".join(capfd.readouterr())
