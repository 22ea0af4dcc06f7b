"""The command line in this process, and the whole pipeline through it."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from typer import testing

from eegssl.artifacts.manifest import EARLIER, PROGRESS, SPEED
from eegssl.cli.commands import app

testing._get_command = cache(testing._get_command)  # else it is built anew for every call

SPINE = ("preprocess", "tokenize", "pretrain", "finetune", "evaluate", "benchmark")
MAKERS = (*SPINE, "synth")


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout; anything beside it is an error."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


def eegssl(*arguments: object) -> Ran:
    """Run ``eegssl`` with these arguments."""
    result = testing.CliRunner().invoke(app, [str(a) for a in arguments])
    return Ran(result.exit_code, result.stdout, result.stderr)


def done(*arguments: object) -> dict[str, Any]:
    """The JSON document of a command that has to end well."""
    ran = eegssl(*arguments, "--json")
    assert ran.code == 0, f"exit {ran.code}\n{ran.out}\n{ran.err}"
    return ran.document


@dataclass(frozen=True)
class Pipeline:
    """The five artifacts of one recipe below ``root``, made from ``edf`` with ``settings``."""

    root: Path
    edf: Path
    settings: Path
    seed: int = 0

    STAGES = ("preprocess", "tokenize", "pretrain", "finetune", "evaluate")

    @property
    def recordings(self) -> Path:
        return self.root / "recordings"

    @property
    def tokens(self) -> Path:
        return self.root / "tokens"

    @property
    def encoder(self) -> Path:
        return self.root / "encoder"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def evaluation(self) -> Path:
        return self.root / "evaluation"

    def out(self, stage: str) -> Path:
        """The folder that a stage makes."""
        outs = (self.recordings, self.tokens, self.encoder, self.model, self.evaluation)
        return dict(zip(self.STAGES, outs, strict=True))[stage]

    def command(self, stage: str, out: Path | None = None) -> list[str]:
        """The command of a stage, as in the README."""
        before = {
            "preprocess": [self.edf],
            "tokenize": [self.recordings],
            "pretrain": [self.recordings, "--tokens", self.tokens],
            "finetune": [
                *(self.recordings, "--encoder", self.encoder),
                *("--task", "seizure-detection"),
            ],
            "evaluate": [self.model, self.recordings],
        }[stage]
        jobs = ["--jobs", "1"] if stage == "preprocess" else []
        words = [stage, *before, "--out", out or self.out(stage), "--config", self.settings]
        return [str(word) for word in [*words, "--seed", self.seed, *jobs]]

    def make(self, stages: tuple[str, ...] = STAGES) -> dict[str, dict[str, Any]]:
        """Run these stages; their JSON documents."""
        return {stage: done(*self.command(stage)) for stage in stages}


def files_of(folder: Path) -> dict[str, str]:
    """Relative path -> SHA-256 of every file below a folder; empty where there is none.

    The speed of trainings is left out, and the picture of long ones: they are others each time.
    So are tables of what recordings were like before updates.
    """
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name not in (SPEED, PROGRESS)
        and path.relative_to(folder).parts[0] != EARLIER
    }


def stamps_of(folder: Path) -> dict[str, int]:
    """Relative path -> time of last change in ns, of every file and folder below."""
    found = sorted(folder.rglob("*"))
    return {p.relative_to(folder).as_posix(): p.stat().st_mtime_ns for p in found}


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest of an artifact as it stands on disk."""
    raw = json.loads((folder / "manifest.json").read_text())
    assert isinstance(raw, dict)
    return raw


def splits_of(pipeline: Pipeline) -> dict[str, set[str]]:
    """Split -> subjects, as ``splits.tsv`` of the recordings says."""
    lines = (pipeline.recordings / "splits.tsv").read_text().splitlines()
    assert lines[0] == "subject\tsplit"
    pairs = [line.split("\t") for line in lines[1:]]
    return {name: {s for s, split in pairs if split == name} for name in ("train", "val", "test")}


def metrics_of(evaluation: Path) -> dict[str, Any]:
    """The scores of an evaluation as they stand on disk."""
    raw = json.loads((evaluation / "metrics.json").read_text())
    assert isinstance(raw, dict)
    return raw


def commands(tiny: Pipeline, tmp_path: Path) -> dict[str, list[object]]:
    """Every command that makes something, such that it would run, without ``--out``."""
    matrix = tmp_path / "matrix.toml"
    matrix.write_text(
        f'recordings = ["{tiny.recordings}"]\n'
        f'[encoders.ours]\npath = "{tiny.encoder}"\n'
        '[tasks.seizure]\ntask = "seizure-detection"\n'
    )
    task = ("--task", "seizure-detection")
    return {
        "preprocess": ["preprocess", tiny.edf, "--jobs", 1],
        "tokenize": ["tokenize", tiny.recordings],
        "pretrain": ["pretrain", tiny.recordings, "--tokens", tiny.tokens],
        "finetune": ["finetune", tiny.recordings, "--encoder", tiny.encoder, *task],
        "evaluate": ["evaluate", tiny.model, tiny.recordings],
        "benchmark": ["benchmark", matrix],
        "synth": ["synth", "--set", "n_subjects=3"],
    }
