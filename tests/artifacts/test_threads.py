"""The numbers of threads that worked on an artifact are kept, and a change of them is told."""

from pathlib import Path

import pytest

from eegssl.artifacts.context import Context
from eegssl.artifacts.threads import threads_of


def test_runs_with_the_same_number_are_one_entry_and_no_warning(tmp_path: Path) -> None:
    context = Context(tmp_path)
    assert threads_of(tmp_path, 2, context) == [2]
    assert threads_of(tmp_path, 2, context) == [2]
    assert context.warnings == []


def test_another_number_is_told_and_kept(tmp_path: Path) -> None:
    context = Context(tmp_path)
    threads_of(tmp_path, 2, context)
    assert threads_of(tmp_path, 1, context) == [2, 1]
    assert threads_of(tmp_path, 2, context) == [2, 1, 2]
    assert "begun with 2 thread(s) and goes on with 1" in context.warnings[0]
    assert "OMP_NUM_THREADS=2" in context.warnings[0]
    assert len(context.warnings) == 2


@pytest.mark.parametrize("content", [b"", b"[1.5]", b"{}", b"\xff", b"[" * 100_000])
def test_a_damaged_list_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "threads.json").write_bytes(content)
    context = Context(tmp_path)
    assert threads_of(tmp_path, 4, context) == [4]
    assert context.warnings == []
