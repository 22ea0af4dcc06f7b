"""A file that changes between the look and the reading of its samples is refused, by its id."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clirun import Ran, eegssl, files_of, manifest_of
from tinycorpus import write_corpus

from eegssl.stages.preprocessing import corpus_look

Change = Callable[[Path, Path], object]


def keep_time(path: Path, change: Callable[[], object]) -> None:
    """Change a file, and give it its old time."""
    before = path.stat()
    change()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_by_other(path: Path, other: Path) -> None:
    """Another person's recording of the same size and time, moved to its place."""
    shutil.copy(other, path.with_name("new"))
    assert other.stat().st_size == path.stat().st_size
    keep_time(path, lambda: path.with_name("new").replace(path))


def overwrite_a_sample(path: Path, other: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1

    def write() -> None:
        with path.open("r+b") as stream:
            stream.write(data)

    keep_time(path, write)


def truncate(path: Path, other: Path) -> None:
    keep_time(path, lambda: os.truncate(path, path.stat().st_size - 10_000))


CHANGES: dict[str, Change] = {
    "replaced": replace_by_other,
    "overwritten": overwrite_a_sample,
    "truncated": truncate,
    "touched": lambda path, other: os.utime(path),
    "gone": lambda path, other: path.unlink(),
    "pipe": lambda path, other: (path.unlink(), os.mkfifo(path)),
}


@pytest.fixture
def edf(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "edf", range(0, 5, 2))


def path_of(edf: Path, k: int) -> Path:
    return edf / f"sub-{k:02d}" / "eeg" / f"sub-{k:02d}_run-2_eeg.edf"


def run(edf: Path, out: Path, change: Callable[[], object], patch: pytest.MonkeyPatch) -> Ran:
    """Preprocess, with a change once every file has been looked at."""
    decide = corpus_look.decide

    def decide_late(*arguments: Any) -> Any:
        change()
        return decide(*arguments)

    patch.setattr(corpus_look, "decide", decide_late)
    more = ("--set", "look.recordings=10", "--jobs", 1, "--json")
    return eegssl("preprocess", edf, "--out", out, *more)


@pytest.mark.parametrize("kind", CHANGES)
def test_it_is_refused_and_the_rest_goes_through(
    edf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path, other, out = path_of(edf, 0), path_of(edf, 4), tmp_path / "out"
    ran = run(edf, out, lambda: CHANGES[kind](path, other), monkeypatch)
    assert ran.code == 0, ran.err
    (refused,) = ran.document["refused"]
    assert refused["code"] == "unreadable"
    assert refused["segment"] == "n/a"
    assert len(ran.document["accepted"]) == 5
    assert not [name for name in files_of(out) if refused["recording"] in name]
    assert eegssl("check", out).code == 0


def test_nothing_of_a_file_that_did_not_change_is_lost(
    edf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run(edf, tmp_path / "out", lambda: None, monkeypatch)
    assert ran.document["refused"] == []
    assert manifest_of(tmp_path / "out")["facts"]["recordings"] == 6
