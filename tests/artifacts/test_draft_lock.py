"""One process at a time writes a folder; the next is told who works there, or waits."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clirun import Pipeline, done, eegssl, files_of

from eegssl.artifacts.locks import draft_lock, file_lock
from eegssl.artifacts.locks.draft_lock import LOCK, take
from eegssl.artifacts.reading import load
from eegssl.artifacts.writer import ArtifactWriter, begin
from eegssl.errors import ArtifactError, ConfigError

HOLDER = """
import sys
from pathlib import Path
from eegssl.artifacts.writer import begin
writer = begin(Path(sys.argv[1]), "encoder", config={}, seed=0)
writer.write("first.txt", "kept")
print("ready", flush=True)
sys.stdin.read()
writer.finish({})
"""


class Other:
    """Another process that has begun an encoder in a folder; it finishes it when told to."""

    def __init__(self, out: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == b"ready\n"

    def finish(self) -> None:
        self.process.communicate()
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    one = Other(tmp_path / "a")
    yield one
    one.kill()


def start(out: Path, **more: Any) -> ArtifactWriter:
    return begin(out, "encoder", config={}, seed=0, **more)


def leave(out: Path, **changes: Any) -> dict[str, Any]:
    """A draft whose lock another process left behind, this one with changes."""
    start(out)
    here = {"pid": 4242, "host": os.uname().nodename, "boot": "", "began": "2026-01-01 10:00:00"}
    (out / LOCK).write_text(json.dumps(here | changes))
    return here | changes


@pytest.mark.parametrize("how", [{}, {"overwrite": True}, {"update": True}], ids=str)
def test_a_second_process_is_told_who_works_there(
    tmp_path: Path, other: Other, how: dict[str, bool]
) -> None:
    before = files_of(tmp_path / "a")
    with pytest.raises(ConfigError) as caught:
        start(tmp_path / "a", **how)
    for word in (f"process {other.process.pid} on {os.uname().nodename}, since 20", "--wait"):
        assert word in str(caught.value)
    assert files_of(tmp_path / "a") == before
    other.finish()
    assert start(tmp_path / "a").made
    assert set(files_of(tmp_path / "a")) == {"manifest.json", "first.txt"}


def test_one_that_waits_finds_what_the_other_made(tmp_path: Path, other: Other) -> None:
    news: list[str] = []

    def say(text: str) -> None:
        news.append(text)
        other.finish()

    assert start(tmp_path / "a", wait=True, say=say).made
    assert len(news) == 1
    assert f"process {other.process.pid}" in news[0]


def test_one_that_waits_goes_on_with_what_a_killed_one_left(tmp_path: Path, other: Other) -> None:
    writer = start(tmp_path / "a", wait=True, say=lambda _: other.kill())
    assert writer.resumed
    assert writer.lock
    assert "which is gone" in writer.lock.notes[0]
    assert set(writer.finish({}).manifest.files) == {"first.txt"}


def test_a_killed_process_is_taken_over_and_that_is_said(tmp_path: Path, other: Other) -> None:
    other.kill()
    assert (tmp_path / "a" / LOCK).exists()
    writer = start(tmp_path / "a")
    assert writer.lock
    (note,) = writer.lock.notes
    assert f"taken over from process {other.process.pid} on" in note
    writer.finish({})
    assert not (tmp_path / "a" / LOCK).exists()


def test_a_lock_of_another_machine_is_explained_and_left(tmp_path: Path) -> None:
    left = leave(tmp_path / "a", host="node7", boot="another")
    before = files_of(tmp_path / "a")
    with pytest.raises(ConfigError) as caught:
        start(tmp_path / "a")
    assert f"process 4242 on node7, since {left['began']}, on another machine" in str(caught.value)
    assert f"remove {tmp_path / 'a' / LOCK}" in str(caught.value)
    assert files_of(tmp_path / "a") == before
    (tmp_path / "a" / LOCK).unlink()
    assert start(tmp_path / "a").resumed


@pytest.mark.parametrize(
    ("job", "restart", "is_taken"), [("77", "1", True), ("77", "0", False), ("78", "1", False)]
)
def test_a_job_that_is_back_from_the_queue_takes_over_its_own_lock_on_any_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: str, restart: str, is_taken: bool
) -> None:
    leave(tmp_path / "a", host="node7", boot="another", job="77", restart=0)
    monkeypatch.setenv("SLURM_JOB_ID", job)
    monkeypatch.setenv("SLURM_RESTART_COUNT", restart)
    if is_taken:
        writer = start(tmp_path / "a")
        assert writer.lock
        assert "process 4242 on node7" in writer.lock.notes[0]
        return
    with pytest.raises(ConfigError, match="on another machine"):
        start(tmp_path / "a")


def test_a_lock_from_before_this_machine_was_started_anew_is_taken_over(tmp_path: Path) -> None:
    leave(tmp_path / "a", boot="an earlier one")
    writer = start(tmp_path / "a")
    assert writer.lock
    assert "process 4242" in writer.lock.notes[0]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', "\x00" * 100])
def test_a_damaged_lock_that_nobody_holds_is_taken(tmp_path: Path, text: str) -> None:
    leave(tmp_path / "a")
    (tmp_path / "a" / LOCK).write_text(text)
    assert start(tmp_path / "a").resumed


def test_the_lock_is_gone_with_its_writer(tmp_path: Path) -> None:
    writer = start(tmp_path / "a")
    assert (tmp_path / "a" / LOCK).exists()
    again = start(tmp_path / "a")  # this very process need not wait for itself
    assert again.lock is writer.lock
    del writer, again
    assert not (tmp_path / "a" / LOCK).exists()


def test_a_lock_that_a_kill_left_beside_the_manifest_is_cleared(tmp_path: Path) -> None:
    start(tmp_path / "a").finish({})
    (tmp_path / "a" / LOCK).write_text("{}")
    assert load(tmp_path / "a", "encoder")
    assert start(tmp_path / "a").made
    assert set(files_of(tmp_path / "a")) == {"manifest.json"}


def test_a_folder_with_nothing_but_a_lock_is_unfinished(tmp_path: Path) -> None:
    lock = take(tmp_path)
    with pytest.raises(ArtifactError, match="unfinished"):
        load(tmp_path, "encoder")
    lock.release()
    (tmp_path / LOCK).touch()
    assert start(tmp_path).made is None


def test_where_there_are_no_locks_that_is_said_and_names_still_keep_others_out(
    tmp_path: Path, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(descriptor: int, operation: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(file_lock.fcntl, "flock", unsupported)
    with pytest.raises(ConfigError, match=f"process {other.process.pid} on"):
        start(tmp_path / "a")
    other.kill()
    writer = start(tmp_path / "a")
    assert writer.lock
    assert "has no locks" in writer.lock.notes[1]
    assert (tmp_path / "a" / LOCK).exists()


def test_a_link_for_a_lock_is_not_followed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("years of work")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / LOCK).symlink_to(mine)
    with pytest.raises(OSError, match="symbolic links"):
        take(tmp_path / "a")
    assert mine.read_text() == "years of work"


LINKS = ["metrics.jsonl", "work", "first.txt", "eegssl-plan.json.77.partial", "history/x"]


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("target", ["file", "folder", "nothing"])
def test_a_link_in_a_draft_is_named_and_not_followed(
    tmp_path: Path, name: str, target: str
) -> None:
    out, mine = tmp_path / "a", tmp_path / "mine"
    start(out)
    if target == "folder":
        mine.mkdir()
    elif target == "file":
        mine.write_text("years of work")
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).symlink_to(mine)
    with pytest.raises(ArtifactError, match=f"holds a link, {name}"):
        start(out)
    assert (out / name).is_symlink()
    assert files_of(tmp_path / "mine") == {}
    assert target != "file" or mine.read_text() == "years of work"


def test_a_link_planted_while_it_is_made_does_not_end_in_the_artifact(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("years of work")
    writer = start(tmp_path / "a")
    (writer / "first.txt").symlink_to(mine)
    writer.write("first.txt", "kept")
    assert not (writer / "first.txt").is_symlink()
    (writer / "second.txt").symlink_to(mine)
    with pytest.raises(ArtifactError, match=r"second\.txt"):
        writer.finish({})
    assert mine.read_text() == "years of work"
    assert not (tmp_path / "a" / "manifest.json").exists()


def test_an_output_that_is_a_link_itself_is_used(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "a").symlink_to("disk")
    start(tmp_path / "a").finish({})
    assert load(tmp_path / "disk", "encoder")


def test_a_half_written_file_of_another_is_not_listed(tmp_path: Path) -> None:
    writer = start(tmp_path / "a")
    writer.write("first.txt", "kept")
    (writer / "manifest.json.77.partial").write_text("{")
    assert set(writer.finish({}).manifest.files) == {"first.txt"}
    assert set(files_of(tmp_path / "a")) == {"manifest.json", "first.txt"}


def test_a_command_tells_who_works_on_its_output_and_goes_on_after_it(
    tiny: Pipeline, tmp_path: Path
) -> None:
    """A killed training whose folder another process took over meanwhile."""
    out = tmp_path / "a"
    other = Other(out)
    os.rename(out / "eegssl-plan.json", out / "aside")
    (out / "first.txt").unlink()
    command = tiny.command("pretrain", out)
    (out / "aside").unlink()
    ran = eegssl(*command)
    assert ran.code == 2
    assert f"is being written by process {other.process.pid}" in ran.err
    other.process.send_signal(signal.SIGKILL)
    other.kill()
    again = eegssl(*command)
    assert again.code == 0
    assert "taken over from process" in again.err
    assert files_of(out) == files_of(tiny.encoder)


def test_synth_and_plans_are_locked_too(tiny: Pipeline, tmp_path: Path) -> None:
    for command in (
        ["synth", "--set", "n_subjects=3", "--set", "duration_s=60"],
        ["preprocess", tiny.edf, "--plan", "--jobs", 1],
    ):
        out = tmp_path / str(command[0])
        out.mkdir()
        left = {"pid": 1, "host": "node7", "boot": "another", "began": "2026-01-01 10:00:00"}
        (out / LOCK).write_text(json.dumps(left))
        ran = eegssl(*command, "--out", out)
        assert ran.code == 2
        assert "process 1 on node7" in ran.err
        assert set(files_of(out)) == {LOCK}
        (out / LOCK).unlink()
    done(*command, "--out", out)
    assert LOCK not in files_of(out)
    assert draft_lock.LOCK == "eegssl.lock"
