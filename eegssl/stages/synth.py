"""Write a synthetic corpus as a BIDS folder of EDF+ files.

The folder is a data set such as a user brings, not an artifact. ``GeneratedBy`` in its description
marks it as ours; the EDF file of a recording is written after its labels and marks it as complete;
``participants.tsv`` marks the corpus as complete. An interrupted run resumes by recording.
"""

import json
import shutil
from pathlib import Path

from eegssl.artifacts.atomic import PARTIAL, atomic_path, canonical_json
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.locks.draft_lock import LOCK
from eegssl.artifacts.output_state import refuse_links
from eegssl.errors import ConfigError
from eegssl.io.edf.edf_writer import EdfSignal, EdfWriter
from eegssl.regular_files import read_text
from eegssl.synth import label_files as labels
from eegssl.synth.anatomy import Head, build_head
from eegssl.synth.cohorts import draw_cohort
from eegssl.synth.config import SynthConfig
from eegssl.synth.montage import build_montage
from eegssl.synth.render import ProcessRenderer, Renderer
from eegssl.synth.schedule import RecordingPlan

KIND = "synthetic EDF corpus"
DESCRIPTION, PARTICIPANTS = "dataset_description.json", "participants.tsv"


def run(config: SynthConfig, context: Context) -> Result:
    """Write the corpus to ``context.out``, resume it, or find it finished.

    ``context.seed`` is the seed unless it is 0 and the settings name one. Raises ConfigError if the
    folder holds something else, or a corpus of other settings without ``context.overwrite``.
    """
    config, out = config.model_copy(update={"seed": context.seed or config.seed}), context.out
    values = config.model_dump(mode="json")
    must_clear = _must_clear(config, out, overwrite=context.overwrite)
    if context.dry_run:
        return Result(out, KIND, "would make", {}, values)
    lock = context.hold()
    must_clear = _must_clear(config, out, overwrite=context.overwrite)  # by now it may be finished
    _prepare(config, out, must_clear)
    cohort = draw_cohort(config)
    advance = context.progress.track("recordings", len(cohort.plans))
    made = 0
    for done, plan in enumerate(cohort.plans):
        advance(done)
        if not _edf_path(out, plan).exists():
            write_recording(plan, build_head(), out)
            made += 1
    advance(len(cohort.plans))
    _write(out / "README", labels.README)
    _write(out / ".bidsignore", "*_truth.json\n")
    _write(out / "participants.json", canonical_json(cohort.columns, indent=2))
    _write(out / PARTICIPANTS, cohort.participants_tsv)
    lock.release()
    facts = {
        "subjects": config.n_subjects,
        "recordings": len(cohort.plans),
        "seizures": sum(len(plan.seizures) for plan in cohort.plans),
        "hours": len(cohort.plans) * config.duration_s / 3600,
        "synthetic": True,
    }
    return Result(out, KIND, "made" if made else "already made", facts, values)


def write_recording(plan: RecordingPlan, head: Head, out: Path) -> Path:
    """Write the labels and truth of one recording, then, streaming, its EDF+ file."""
    who = plan.subject
    montage = build_montage(who.reference, who.style)
    renderer = (
        Renderer(plan, head, montage)
        if plan.process is None
        else ProcessRenderer(plan, plan.process, montage)
    )
    path = _edf_path(out, plan)
    stem = path.name.removesuffix("_eeg.edf")
    truth = labels.truth(plan, renderer.labels)
    _write(path.with_name(f"{stem}_events.tsv"), labels.events_tsv(plan))
    _write(path.with_name(f"{stem}_truth.json"), canonical_json(truth, indent=1))
    sidecar = labels.sidecar(plan, renderer.labels)
    _write(path.with_name(f"{stem}_eeg.json"), canonical_json(sidecar, indent=2))
    _write(path.with_name(f"{stem}_channels.tsv"), labels.channels_tsv(plan, renderer.labels))
    with atomic_path(path) as temporary:
        signals = [EdfSignal(label, transducer="synthetic") for label in renderer.labels]
        with EdfWriter(
            temporary,
            signals,
            who.sfreq_hz,
            patient="X X X X synthetic",
            recording="X X synthetic",
        ) as writer:
            for block_uv in renderer.blocks():
                writer.append(block_uv)
    return path


def _must_clear(config: SynthConfig, out: Path, *, overwrite: bool) -> bool:
    """Tell whether an older corpus must be removed; ConfigError if ``out`` cannot be used."""
    wanted = labels.description(config)
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file; --out names a folder")
    if out.is_dir() and any(p for p in out.iterdir() if not p.name.endswith((PARTIAL, LOCK))):
        description = _read_description(out)
        if description is None:
            raise ConfigError(
                f"{out} holds something that eegssl synth did not make; choose another --out"
            )
        cleared_before = description == labels.description(None)
        finished = (out / PARTICIPANTS).exists()
        if description != wanted and not cleared_before and not overwrite:
            raise ConfigError(
                f"{out} holds a synthetic corpus of other settings; pass --overwrite to replace "
                "it, or choose another --out"
            )
        return description != wanted or (overwrite and finished)
    return False


def _prepare(config: SynthConfig, out: Path, must_clear: bool) -> None:
    """Make ``out`` an empty or half-finished corpus of this configuration."""
    if must_clear:
        _clear(out)
    refuse_links(out)
    _write(out / DESCRIPTION, canonical_json(labels.description(config), indent=2))
    for leftover in out.rglob(f"*{PARTIAL}"):
        leftover.unlink()


def _clear(out: Path) -> None:
    """Remove what eegssl synth made; a kill in between leaves a corpus marked as being cleared."""
    _write(out / DESCRIPTION, canonical_json(labels.description(None), indent=2))
    (out / PARTICIPANTS).unlink(missing_ok=True)
    for folder in sorted(out.glob("sub-*")):
        shutil.rmtree(folder)


def _read_description(out: Path) -> dict[str, object] | None:
    """The description of a corpus of ours, or None."""
    try:
        description = json.loads(read_text(out / DESCRIPTION))
        name = description["GeneratedBy"][0]["Name"]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
    return description if name == labels.GENERATOR else None


def _edf_path(out: Path, plan: RecordingPlan) -> Path:
    folder = out / f"sub-{plan.subject.name}" / f"ses-{plan.session}" / "eeg"
    return folder / f"{labels.recording_stem(plan)}_eeg.edf"


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
