"""A file that hangs, crashes or eats memory costs itself; the others get their results."""

import os
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import brittle
import pytest
from brittle import work
from hypothesis import given, settings
from hypothesis import strategies as st

from eegssl.corpus.config import Limits
from eegssl.corpus.processes import workers
from eegssl.corpus.processes.workers import Failure, each
from eegssl.errors import ConfigError

LIMITS = Limits(time_s=1.5, memory_mb=700)


def results(hows: list[str], scratch: Path, jobs: int = 2, limits: Limits = LIMITS) -> list[object]:
    tasks = [(how, str(scratch)) for how in hows]
    found = dict(each(work, tasks, jobs, limits))
    assert sorted(found) == list(range(len(hows)))
    return [found[k] for k in range(len(hows))]


@pytest.mark.parametrize("jobs", [1, 3])
def test_each_broken_task_is_a_failure_and_the_others_are_done(tmp_path: Path, jobs: int) -> None:
    hows = ["a", "hang", "b", "segfault", "c", "exit", "bug", "d"]
    found = results(hows, tmp_path, jobs)
    assert [found[k] for k in (0, 2, 4, 7)] == ["a", "b", "c", "d"]
    codes = [f.code for f in found if isinstance(f, Failure)]
    assert codes == ["timed-out", "crashed", "crashed", "crashed"]


@pytest.mark.skipif(sys.platform != "linux", reason="memory limits are enforced on Linux")
def test_a_task_that_wants_too_much_memory_fails_alone(tmp_path: Path) -> None:
    found = results(["a", "greedy", "b"], tmp_path)
    assert found[::2] == ["a", "b"]
    assert isinstance(found[1], Failure)
    assert found[1].code == "out-of-memory"


def test_a_bug_is_told_by_type_and_place_and_never_by_its_text(tmp_path: Path) -> None:
    (failure,) = results(["bug"], tmp_path)
    assert isinstance(failure, Failure)
    assert "IndexError in brittle.py:" in failure.reason
    assert "Smith" not in failure.reason


def test_a_full_disk_ends_the_run_and_is_no_fault_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        results(["full disk", "a"], tmp_path)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["a", "exit", "bug"]), max_size=12), st.integers(1, 4))
def test_every_task_is_tried_once_and_comes_back_once(
    tmp_path_factory: pytest.TempPathFactory, hows: list[str], jobs: int
) -> None:
    scratch = tmp_path_factory.mktemp("calls")
    found = results(hows, scratch, jobs)
    calls = (scratch / "calls").read_text().split() if hows else []
    assert sorted(calls) == sorted(hows)
    for how, result in zip(hows, found, strict=True):
        assert result == "a" if how == "a" else isinstance(result, Failure)


@pytest.mark.parametrize(
    ("serve", "how"),
    [
        (brittle.killed_at_start, r"signal 9 \(killed, as a system does that is out of memory\)"),
        (brittle.gone_at_start, "exit code 7"),
    ],
)
def test_a_worker_that_ends_before_it_begins_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: object, how: str
) -> None:
    monkeypatch.setattr(workers, "_serve", serve)
    with pytest.raises(ConfigError, match=rf"ended with {how} before it could begin.*--jobs N"):
        results(["a", "b"], tmp_path)


def test_a_script_without_a_guard_is_told_what_to_do(tmp_path: Path) -> None:
    """Its processes run it again, and end where they would start more of them."""
    script = tmp_path / "mine.py"
    script.write_text(
        "from brittle import work\n"
        "from eegssl.corpus.config import Limits\n"
        "from eegssl.corpus.processes.workers import each\n"
        f"list(each(work, [('a', {str(tmp_path)!r})], 1, Limits()))\n"
    )
    places = os.pathsep.join(sys.path)
    command = [sys.executable, str(script)]
    run = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": places}, capture_output=True, text=True
    )
    errors = [line for line in run.stderr.splitlines() if "errors.ConfigError" in line]
    assert len(errors) == 2
    assert "began another one" in errors[0]
    assert "ended with exit code 1 before it could begin" in errors[1]
    assert all('below `if __name__ == "__main__":`' in error for error in errors)


def test_a_worker_that_ends_between_two_tasks_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is seen alive, and is gone when the task is sent."""
    sent = Connection.send
    broken: list[int] = []

    def send(pipe: Connection, task: object) -> None:
        if isinstance(task, tuple) and task and task[0] == "b" and not broken:
            broken.append(1)
            raise BrokenPipeError
        sent(pipe, task)

    monkeypatch.setattr(Connection, "send", send)
    assert results(["a", "b", "c"], tmp_path, jobs=1) == ["a", "b", "c"]
    assert broken
