"""Say whom a model was fitted on, for whoever reads its answers."""

from typing import Any

from pydantic import Field, TypeAdapter

from eegssl.artifacts.json_parts import Count, OpenPart, validated
from eegssl.artifacts.manifest import MANIFEST, Artifact


class _Subjects(OpenPart):
    train: Count
    val: Count


class _Cohort(OpenPart):
    """Facts of a model that tell of its cohort."""

    subjects: _Subjects
    synthetic: bool
    within_subject: bool
    labels_permuted: bool = False
    windows: dict[str, dict[str, Count]] = Field(default_factory=dict)
    pairs: dict[str, Count] = Field(default_factory=dict)
    val: dict[str, Any] = Field(default_factory=dict)


_SCHEMA = TypeAdapter(_Cohort)


def cohort_of(model: Artifact) -> dict[str, Any]:
    """Whom a model was fitted on, as plain values and as a sentence (``words``).

    Raises ArtifactError where its manifest does not say it as models do.
    """
    cohort = validated(model.manifest.facts, _SCHEMA, model.path / MANIFEST, "facts")
    return {
        "subjects": cohort.subjects.model_dump(),
        "windows": cohort.windows.get("train", {}),
        "synthetic": cohort.synthetic,
        "within_subject": cohort.within_subject,
        "validation": cohort.val,
        "words": " ".join(_sentences(cohort)),
    }


def _sentences(cohort: _Cohort) -> list[str]:
    windows = cohort.windows.get("train", {})
    learned = f"{cohort.pairs.get('train', 0)} stretches"
    if windows:
        learned = "windows: " + ", ".join(f"{n} × {name}" for name, n in windows.items())
    eeg = "synthetic EEG" if cohort.synthetic else "EEG"
    sentences = [
        f"The model was fitted on {eeg} of {_people(cohort.subjects.train)} ({learned}) and chosen "
        f"on {_people(cohort.subjects.val)}; it tells nothing of people or recordings unlike these."
    ]
    if cohort.synthetic:
        sentences.append("Synthetic EEG is no patient's: the answer means nothing for people.")
    if cohort.within_subject:
        sentences.append(
            "Parts of the same people's EEG were on both sides of its splits: how it does on new "
            "people was not tested."
        )
    if cohort.labels_permuted:
        sentences.append("Its labels were permuted, as a control: the answer means nothing.")
    return sentences


def _people(n: int) -> str:
    return f"{n} subject{'s' * (n != 1)}"
