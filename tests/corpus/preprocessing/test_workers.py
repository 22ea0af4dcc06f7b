"""A file that hangs, crashes or eats memory costs itself; the others get their results."""

import sys
from pathlib import Path

import pytest
from brittle import work
from hypothesis import given, settings
from hypothesis import strategies as st

from eegssl.corpus.config import Limits
from eegssl.corpus.preprocessing.workers import Failure, each

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
