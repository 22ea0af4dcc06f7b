"""One entry that is no file, or can't be reached, costs itself: the rest goes through."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, files_of
from tinycorpus import write_corpus

Copied = Callable[[str], Path]


@pytest.fixture
def edf(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "edf", range(3))


def preprocess(edf: Path, out: Path) -> dict[str, object]:
    more = ("--set", "look.recordings=0", "--jobs", 1)
    return done("preprocess", edf, "--out", out, *more)


def make_deep(root: Path) -> None:
    """A recording whose path is longer than the system can open."""
    here = Path.cwd()
    try:
        os.chdir(root)
        for _ in range(18):
            os.mkdir("d" * 240)
            os.chdir("d" * 240)
        Path("x.edf").touch()
    finally:
        os.chdir(here)


ENTRIES: dict[str, Callable[[Path], object]] = {
    "loop": lambda edf: (edf / "sub-00" / "loop.edf").symlink_to("loop.edf"),
    "deep": make_deep,
    "pipe": lambda edf: os.mkfifo(edf / "sub-00" / "pipe.edf"),
    "device": lambda edf: (edf / "sub-00" / "zero.edf").symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_recording_that_is_no_file_is_refused_and_the_rest_goes_through(
    edf: Path, tmp_path: Path, entry: str
) -> None:
    ENTRIES[entry](edf)
    document = preprocess(edf, tmp_path / "out")
    assert len(document["accepted"]) == 6  # type: ignore[arg-type]
    (refused,) = document["refused"]  # type: ignore[misc]
    assert refused["code"] == "unreadable"


@pytest.mark.parametrize("name", ["participants.tsv", "dataset_description.json"])
def test_a_table_that_is_no_file_is_told_and_the_rest_goes_through(
    edf: Path, tmp_path: Path, name: str
) -> None:
    os.mkfifo(edf / name)
    document = preprocess(edf, tmp_path / "out")
    assert len(document["accepted"]) == 6  # type: ignore[arg-type]
    warnings = " ".join(document["warnings"])  # type: ignore[arg-type]
    assert f"{name} can't be read: it is a named pipe" in warnings
    assert str(edf) not in warnings


def test_a_label_file_that_is_no_file_costs_its_recording(edf: Path, tmp_path: Path) -> None:
    table = next(edf.rglob("*_events.tsv"))
    table.unlink()
    os.mkfifo(table)
    document = preprocess(edf, tmp_path / "out")
    assert len(document["accepted"]) == 5  # type: ignore[arg-type]
    (refused,) = document["refused"]  # type: ignore[misc]
    assert "named pipe" in refused["reason"]


def test_commands_end_where_a_file_of_theirs_is_a_pipe(tiny: Pipeline, tmp_path: Path) -> None:
    pipe = tmp_path / "task.toml"
    os.mkfifo(pipe)
    os.mkfifo(tmp_path / "manifest.json")
    finetune = ["finetune", tiny.recordings, "--encoder", tiny.encoder, "--out", tmp_path / "out"]
    for command, code in (
        (["info", tmp_path], 4),
        (["check", tmp_path], 4),
        (["tokenize", tmp_path, "--out", tmp_path / "out"], 4),
        ([*finetune, "--task", pipe], 2),
        ([*finetune, "--task", "seizure-detection", "--config", pipe], 2),
        (["benchmark", pipe, "--out", tmp_path / "out"], 2),
        (["evaluate", "--rescore", pipe, "--out", tmp_path / "out"], 3),
        (["deid", "--check", tmp_path, "--strings", pipe], 3),
    ):
        ran = eegssl(*command)
        assert ran.code == code, f"{command}: exit {ran.code}: {ran.err}"
        assert "bug of eegssl" not in ran.err
    assert not (tmp_path / "out").exists()


def test_a_pipe_among_the_files_of_an_artifact_is_named(tiny: Pipeline, copied: Copied) -> None:
    bad = copied("model")
    for name in files_of(bad):
        if name == "manifest.json":
            continue
        data = (bad / name).read_bytes()
        (bad / name).unlink()
        os.mkfifo(bad / name)
        ran = eegssl("info", bad)
        assert ran.code == 4
        assert name in ran.err
        (bad / name).unlink()
        (bad / name).write_bytes(data)
