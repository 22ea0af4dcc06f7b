"""`predict` that is killed over and over keeps what it finished, and ends in the same bytes."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import killing
import numpy as np
import pytest
from clirun import Pipeline, eegssl, files_of
from slowparams import slow_except

from eegssl.artifacts.reading import load

QUICK, SOME, ALL = 6, 8, 50
DISK_KB, LEFT_KB = 900, (8, 60, 160)
"""Size of a disk, and what is left of it: too little for a plan, a clean file, a copy."""


@dataclass(frozen=True)
class Whole:
    """One call that nothing disturbs: its words, files, and how often it changes the disk."""

    words: tuple[str, ...]
    files: dict[str, str]
    n_changes: int

    def run(self, out: Path, moment: int | None = None, jobs: int = 1) -> killing.Ended:
        """The same call into ``out``; killed at a moment."""
        words = [*self.words, "--out", str(out), "--jobs", str(jobs)]
        return killing.run(words, out, out.parent, moment=moment)


@pytest.fixture(scope="module")
def whole(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folders = [str(tiny.edf / f"sub-{k:02d}") for k in range(3)]
    more = ("--model", str(tiny.model), "--format", "tsv,edf,json")
    call = Whole(("predict", *folders, *more), {}, 0)
    out = tmp_path_factory.mktemp("whole") / "out"
    ended = call.run(out)
    assert ended.code == 0, ended.said
    return Whole(call.words, files_of(out), len(ended.changes))


def finished(out: Path) -> dict[str, int]:
    """Each file of which a killed run wrote all -> when its table of windows was written."""
    rows = (out / "work" / "rows").glob("*.json")
    return {p.stem: (out / "work/tables" / f"{p.stem}.parquet").stat().st_mtime_ns for p in rows}


def check_left(out: Path, whole: Whole) -> None:
    """No artifact, or a whole one; whatever has the name of an output has its bytes too."""
    if (out / "manifest.json").exists():
        load(out, "predictions")
        return
    assert eegssl("info", out).code == 4
    for name, digest in files_of(out / "detections").items():
        if not name.endswith(".partial"):
            assert whole.files[f"detections/{name}"] == digest, name


@pytest.mark.parametrize(
    ("kills", "jobs"), slow_except([(QUICK, 1), (ALL, 1), (SOME, 2)], (QUICK, 1))
)
def test_kills_at_any_moment_cost_no_byte(
    whole: Whole, tmp_path: Path, kills: int, jobs: int
) -> None:
    """Killed again and again on its way; once it is done, from the beginning in a new folder.

    With two jobs a file is cleaned while the one before is answered.
    """
    rng = np.random.default_rng([31, kills])
    done = n_kept = n_runs = 0
    while done < kills:
        out = tmp_path / f"out-{n_runs}"
        n_runs += 1
        before: dict[str, int] = {}
        while done < kills:
            ended = whole.run(out, int(rng.integers(0, whole.n_changes // 2)), jobs)
            if ended.code == 0:
                break
            assert ended.code == -signal.SIGKILL, ended.said
            done += 1
            check_left(out, whole)
            if not (out / "manifest.json").exists():
                after = finished(out)
                if not (out / "files.tsv").exists():  # `work` goes once that is written
                    assert before.items() <= after.items()
                n_kept += len(before)
                before = after
        ended = whole.run(out, jobs=jobs)
        assert ended.code == 0, ended.said
        assert files_of(out) == whole.files
    assert n_kept > 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of less than a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_KB}k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a small file system can't be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)  # maps of files are kept for a while


@pytest.mark.parametrize("left_kb", slow_except(LEFT_KB, 160))
def test_a_full_disk_is_told_and_gone_on_after(
    whole: Whole, small_disk: Path, left_kb: int
) -> None:
    out, ballast = small_disk / "out", small_disk / "ballast"
    ballast.write_bytes(bytes(1024 * (DISK_KB - left_kb)))
    words = [*whole.words, "--out", out, "--jobs", 1]
    ran = eegssl(*words)
    assert ran.code == 2, ran.err
    for expected in ("No space left on device", str(small_disk), " free"):
        assert expected in ran.err
    assert "bug" not in ran.err
    assert eegssl("info", out).code == 4
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert eegssl(*words).code == 0
    assert files_of(out) == whole.files
