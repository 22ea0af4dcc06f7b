"""Write labels, ground truth and BIDS tables of planned recordings.

Everything says that it is synthetic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from eegssl import __version__
from eegssl.io.edf.edf_writer import START
from eegssl.io.tables.event_trees import COLUMNS
from eegssl.synth.config import COHORT_FIELDS, SynthConfig
from eegssl.synth.render import ECG_LABEL
from eegssl.synth.schedule import RecordingPlan, Seizure
from eegssl.synth.subject import Subject
from eegssl.synth.waves.disturbances import Disturbance

GENERATOR = "eegssl synth"
"""The name under which a corpus says who made it."""

_TRAITS = (
    *("sfreq_hz", "line_hz", "reference", "syndrome", "focus"),
    *("alpha_hz", "background_slope", "skull_gain"),
)
"""Traits of a subject in the ground truth."""

README = """Synthetic EEG
=============

This corpus is synthetic: made by `eegssl synth`, from no person's recording. It serves to
exercise software, and says nothing about patients. The ground truth of each recording
(seizures with their spread, spikes, artifacts, alpha frequency) lies beside it as
`*_truth.json`.
"""


def recording_stem(plan: RecordingPlan) -> str:
    """The beginning of all names of a recording, after SzCORE."""
    return f"sub-{plan.subject.name}_ses-{plan.session}_task-szMonitoring_run-{plan.run:02d}"


def events_tsv(plan: RecordingPlan) -> str:
    """The seizures in SzCORE's format; one ``bckg`` row where there is none."""
    length = f"{plan.duration_s:.2f}"
    tail = ["n/a", "n/a", f"{START:%Y-%m-%d %H:%M:%S}", length]
    rows = [[f"{s.onset_s:.2f}", f"{s.duration_s:.2f}", s.type, *tail] for s in plan.seizures]
    return tsv([COLUMNS, *(rows or [["0.00", length, "bckg", *tail]])])


def truth(plan: RecordingPlan, labels: Sequence[str]) -> dict[str, Any]:
    """All that was planted in a recording, times in seconds from its start."""
    subject = plan.subject
    planted: dict[str, Any] = {"slowing_uv": subject.slowing_uv} if subject.slowing_uv else {}
    if plan.process is not None:
        planted = {"process": plan.process.truth(labels)}
    return planted | {
        "synthetic": True,
        "subject": subject.name,
        "run": plan.run,
        "duration_s": plan.duration_s,
        "labels": list(labels),
        **{trait: getattr(subject, trait) for trait in _TRAITS},
        "seizures": [_seizure(s) for s in plan.seizures],
        "spike_s": _times(plan.spike_s),
        "fragment_s": _times(plan.fragment_s),
        "blink_s": _times(plan.blink_s),
        "artifacts": [_without_seed(disturbance) for disturbance in plan.disturbances],
    }


def _seizure(seizure: Seizure) -> dict[str, Any]:
    spread = [
        {"region": r.region, "onset_s": round(seizure.onset_s + r.delay_s, 2), "share": r.share}
        for r in seizure.spread
    ]
    return _without_seed(seizure) | {"spread": spread}


def _without_seed(event: Seizure | Disturbance) -> dict[str, Any]:
    return {name: value for name, value in asdict(event).items() if name != "seed"}


def _times(times_s: np.ndarray) -> list[float]:
    return [round(float(t), 3) for t in times_s]


def sidecar(plan: RecordingPlan, labels: Sequence[str]) -> dict[str, Any]:
    """The BIDS description of a recording (``*_eeg.json``)."""
    subject = plan.subject
    return {
        "TaskName": "szMonitoring",
        "TaskDescription": "Synthetic EEG, of no person",
        "Manufacturer": "synthetic",
        "SamplingFrequency": subject.sfreq_hz,
        "PowerLineFrequency": subject.line_hz,
        "EEGReference": subject.reference,
        "SoftwareFilters": "n/a",
        "RecordingDuration": plan.duration_s,
        "RecordingType": "continuous",
        "EEGChannelCount": sum(label != ECG_LABEL for label in labels),
        "ECGChannelCount": sum(label == ECG_LABEL for label in labels),
    }


def channels_tsv(plan: RecordingPlan, labels: Sequence[str]) -> str:
    """The BIDS table of channels."""
    rows = [
        [label, "ECG" if label == ECG_LABEL else "EEG", "uV", str(plan.subject.sfreq_hz)]
        for label in labels
    ]
    return tsv([["name", "type", "units", "sampling_frequency"], *rows])


def participants_tsv(
    subjects: Sequence[Subject], more: Mapping[str, Sequence[str]] | None = None
) -> str:
    """The BIDS table of subjects with ``more`` columns; age and sex are drawn by lot."""
    header = ["participant_id", "age", "sex", "group", "syndrome", "focus", *(more or {})]
    rows = [
        [f"sub-{s.name}", str(s.age), s.sex, group, s.syndrome, focus]
        + [cells[i] for cells in (more or {}).values()]
        for i, s in enumerate(subjects)
        for group in ["epilepsy" if s.has_epilepsy else "control"]
        for focus in ["n/a" if s.focus == "none" else s.focus]
    ]
    return tsv([header, *rows])


PARTICIPANTS_JSON: dict[str, Any] = {
    "age": {"Description": "Synthetic age", "Units": "years"},
    "sex": {"Description": "Synthetic sex", "Levels": {"F": "female", "M": "male"}},
    "group": {"Description": "Epilepsy or control", "Levels": {"epilepsy": "", "control": ""}},
    "syndrome": {"Description": "Kind of the synthetic seizures"},
    "focus": {"Description": "Region where focal seizures begin, or generalised"},
}


def description(config: SynthConfig | None) -> dict[str, Any]:
    """``dataset_description.json``; without a configuration, of a corpus being cleared."""
    settings = None
    if config is not None:
        unused = COHORT_FIELDS if config.cohort == "epilepsy" else set()
        settings = config.model_dump(mode="json", exclude=unused)
    return {
        "Name": "Synthetic clinical EEG (of no person)",
        "BIDSVersion": "1.8.0",
        "DatasetType": "raw",
        "License": "CC0",
        "Authors": ["synthetic"],
        "GeneratedBy": [{"Name": GENERATOR, "Version": __version__, "Config": settings}],
    }


def tsv(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text, tab-separated."""
    return "".join("\t".join(row) + "\n" for row in rows)
