"""Stages that are killed and run again, on a small corpus with two steps of each training."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import killing
import pytest
from clirun import Pipeline, eegssl, files_of
from sharedfolders import made_once
from tinycorpus import SETTINGS, write_corpus

from eegssl.artifacts.reading import load

SUBJECTS = 5
KINDS = {
    "preprocess": "recordings",
    "tokenize": "tokens",
    "pretrain": "encoder",
    "finetune": "model",
    "evaluate": "evaluation",
}


@dataclass(frozen=True)
class Whole:
    """A stage run without interruption: its files, and all that it changed on the way."""

    pipeline: Pipeline
    stage: str
    files: dict[str, str]
    changes: tuple[str, ...]
    drawn: bool = False

    def run(self, out: Path, *more: str, **how: object) -> killing.Ended:
        """The same stage into ``out``."""
        command = [*self.pipeline.command(self.stage, out), *more]
        how |= {"drawn": self.drawn}
        return killing.run(command, out, out.parent, **how)  # type: ignore[arg-type]


def short_settings() -> str:
    """The settings of the tiny models with two steps, each logged, validated and kept, and probes
    in the end."""
    text = re.sub(r"\bsteps = \d+", "steps = 2", SETTINGS)
    text = text.replace("probe_windows = 0", "probe_windows = 16")
    text = re.sub(r"(log|validate|checkpoint)_every = \d+", r"\1_every = 1", text)
    return text.replace("recordings = 2", "recordings = 1").replace("traces = 2", "traces = 1")


def make_pipeline(root: Path) -> None:
    """The five artifacts of the small corpus below ``root``."""
    (root / "settings.toml").write_text(short_settings())
    write_corpus(root / "edf", range(SUBJECTS))
    pipeline_in(root).make()


def pipeline_in(root: Path) -> Pipeline:
    """The pipeline that `make_pipeline` made."""
    return Pipeline(root / "run", root / "edf", root / "settings.toml")


def small_pipeline(factory: pytest.TempPathFactory) -> Pipeline:
    """All five artifacts of the small corpus; read only."""
    return pipeline_in(made_once(factory, "killed", make_pipeline, SUBJECTS, short_settings()))


def uninterrupted(pipeline: Pipeline, stage: str, scratch: Path, *, drawn: bool = False) -> Whole:
    """A stage run to its end into ``scratch``."""
    empty = Whole(pipeline, stage, {}, (), drawn)
    ended = empty.run(scratch / "out")
    assert ended.code == 0, ended.said
    return replace(empty, files=files_of(scratch / "out"), changes=ended.changes)


def check_left(out: Path, stage: str) -> None:
    """What a kill left: nothing, something unfinished that says so, or a complete artifact."""
    if (out / "manifest.json").exists():
        load(out, KINDS[stage])
        return
    told = eegssl("info", out)
    assert told.code == 4
    if out.exists() and any(p for p in out.rglob("*") if not p.name.endswith(".partial")):
        assert "unfinished" in told.err, told.err


def check_resumed(whole: Whole, out: Path) -> None:
    """The same command again ends in the bytes of the uninterrupted run."""
    ended = whole.run(out)
    assert ended.code == 0, ended.said
    assert files_of(out) == whole.files


def start(command: list[str], scratch: Path) -> subprocess.Popen[bytes]:
    """The command line as a user starts it, in a process group of its own."""
    with (scratch / "said.txt").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "eegssl", *command],
            stdout=said,
            stderr=said,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )


def in_group(group: int) -> list[int]:
    """Living processes of a process group that this test started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, _, owner = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(owner) == group and state != "Z":
            found.append(int(entry.name))
    return found
