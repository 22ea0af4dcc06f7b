"""Make the folder of a SzCORE container from a model."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from os import environ
from pathlib import Path

from pydantic import TypeAdapter

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.json_parts import read_json
from eegssl.artifacts.manifest import MANIFEST, Artifact, inputs_of
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.container.config import ContainerConfig
from eegssl.container.container_contract import CONTRACT, EXPECTED, KNOWN, MODEL, NAMES
from eegssl.container.folder_texts import folder_texts
from eegssl.container.known_eeg import CHANNELS, SFREQ_HZ, write_known_eeg
from eegssl.container.own_wheel import WHEEL, own_wheel
from eegssl.corpus.new_files.cleaned_as import CleanedAs
from eegssl.encoder.trained_on import REFERENTIAL
from eegssl.errors import ArtifactError, ConfigError
from eegssl.io.labels.event_types import is_seizure
from eegssl.regular_files import open_regular, read_text
from eegssl.tasks.jobs import CLEANING, TASK
from eegssl.tasks.kinds import open_model
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.labels_kind import Labels
from eegssl.tasks.trained_for import MONTAGES

_DETECT = "give a model of a task such as seizure-detection (eegssl finetune)"
_WAY_ON = (
    "preprocess referential recordings (--set montage.reference=average), or derive them "
    "(montage.reference=banana), and finetune a model on those"
)


def run(config: ContainerConfig, model: Path, context: Context) -> Result:
    """Make an artifact of a container: a model, what it is built of, and its self-test.

    Raises ConfigError for a model that detects no seizures, or can't read what the standard hands
    to a container.
    """
    artifact = _detector(model)
    writer = context.begin(CONTRACT, config, inputs_of(artifact), names=NAMES)
    if isinstance(writer, Result):
        return writer
    facts = artifact.manifest.facts
    with writer.writing(KNOWN) as path:
        write_known_eeg(path, config.eeg_s)
    context.progress.say("predicting the known EEG of the self-test")
    writer.write(EXPECTED, _expected(artifact, writer, config.eeg_s))
    _copy(artifact, writer)
    writer.write(WHEEL, own_wheel())
    texts = folder_texts(config.image, WHEEL, facts["task"], artifact.manifest.id)
    for name, text in texts.items():
        writer.write(name, text)
    told = {"task": facts["task"], "wheel": WHEEL, "synthetic": facts["synthetic"]}
    return context.finish(writer, told)


def self_test(folder: Path) -> list[str]:
    """Run the self-test of a container's folder; the lines that it prints.

    Raises ArtifactError where a check fails.
    """
    command = [sys.executable, str(folder / "self_test.py")]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    lines = ran.stdout.splitlines()
    if ran.returncode:
        failed = [line for line in lines if not line.startswith("ok ")] or [ran.stderr.strip()]
        raise ArtifactError(f"the self-test of {folder} failed: {'; '.join(failed)}")
    return lines


def _detector(path: Path) -> Artifact:
    """Open a model that detects seizures. Raises ConfigError for another."""
    artifact, kind = open_model(path)
    asked = "SzCORE's containers detect seizures"
    if kind.name != Labels.name:
        raise ConfigError(f"{asked}, and {path} is a model of a task of {kind.name}: {_DETECT}")
    task = read_json(artifact / TASK, TypeAdapter(TaskConfig))
    if not task.detects:
        raise ConfigError(f"{asked}, and {path} is a model of {task.name}: {_DETECT}")
    if others := [name for name in task.event_types if not is_seizure(name)]:
        raise ConfigError(
            f"{asked}, and {path} detects {', '.join(others)}, which a scorer would read as no "
            f"seizure: {_DETECT}"
        )
    _require_referential(artifact)
    return artifact


def _require_referential(model: Artifact) -> None:
    """Raise ConfigError where a model learned from files of derivations, which can't be made anew.

    One whose recordings were derived from referential files makes them of the standard's too.
    """
    montages, derived = model.manifest.facts.get(MONTAGES), False
    if CLEANING in model:
        cleaned = read_json(model / CLEANING, TypeAdapter(CleanedAs))
        derived = cleaned.montage.reference in ("banana", "tcp")
    if montages and REFERENTIAL not in montages and not derived:
        raise ConfigError(
            f"SzCORE hands over {len(CHANNELS)} referential channels ({CHANNELS[0]} …), and "
            f"{model.path} learned from derivations alone: {_WAY_ON}"
        )


def _copy(model: Artifact, writer: ArtifactWriter) -> None:
    """Copy a model and check the copy against its manifest."""
    for name in (*model.manifest.files, MANIFEST):
        with (
            writer.writing(f"{MODEL}/{name}") as path,
            open_regular(model.path / name) as stream,
            path.open("wb") as copy,
        ):
            shutil.copyfileobj(stream, copy)
    copied, _ = open_model(writer / MODEL)
    if copied.manifest.id != model.manifest.id:
        raise ArtifactError(f"{model.path} changed while it was copied: run the command again")


def _expected(model: Artifact, writer: ArtifactWriter, eeg_s: int) -> str:
    """The table that ``eegssl predict`` makes of the known EEG.

    Raises ConfigError where it refuses the file: the standard hands no other.
    """
    out, private = writer.work / "predictions", writer.work / "private"
    for folder in (out, private):
        shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "eegssl", "predict", str(writer / KNOWN), "--json"]
    command += ["--model", str(model.path), "--out", str(out), "--jobs", "1"]
    inherited = {name: value for name, value in environ.items() if not name.startswith("EEGSSL_")}
    ran = subprocess.run(
        [*command, "--set", "device=cpu"],
        env={**inherited, "EEGSSL_PRIVATE": str(private)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    tables = sorted(out.rglob("*_events.tsv"))
    if ran.returncode or len(tables) != 1:
        raise ConfigError(
            f"SzCORE hands over {len(CHANNELS)} channels ({CHANNELS[0]} …) at {SFREQ_HZ} Hz, and "
            f"{model.path} does not read such a file (tried with {eeg_s} s of it, eeg_s): "
            f"{_reason(ran.stdout)}"
        )
    return read_text(tables[0])


def _reason(printed: str) -> str:
    """The error in a document of ``--json``."""
    try:
        document = json.loads(printed)
    except ValueError:
        document = {}
    text = document.get("error") if isinstance(document, Mapping) else None
    return str(text or "it was answered without a table of events")
