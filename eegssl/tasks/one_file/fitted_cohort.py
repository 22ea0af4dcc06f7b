"""Say whom a model was fitted on, for whoever reads its answers."""

import math
from collections.abc import Iterator
from typing import Any

from pydantic import Field, TypeAdapter

from eegssl.artifacts.json_parts import Count, OpenPart, validated
from eegssl.artifacts.manifest import MANIFEST, Artifact


class _Subjects(OpenPart):
    train: Count
    val: Count


class _Validation(OpenPart):
    """Scores on validation data, as far as the kind of task has them."""

    auroc: float | None = None
    spearman: float | None = None
    loss: float | None = None
    mse: float | None = None
    mse_of_base: float | None = None


class _Cohort(OpenPart):
    """Facts of a model that tell of its cohort."""

    subjects: _Subjects
    synthetic: bool
    within_subject: bool
    labels_permuted: bool = False
    windows: dict[str, dict[str, Count]] = Field(default_factory=dict)
    pairs: dict[str, Count] = Field(default_factory=dict)
    val: _Validation = _Validation()


_SCHEMA = TypeAdapter(_Cohort)


def cohort_of(model: Artifact) -> dict[str, Any]:
    """Whom a model was fitted on, as plain values and as sentences (``words``).

    Raises ArtifactError where its manifest does not say it as models do.
    """
    cohort = validated(model.manifest.facts, _SCHEMA, model.path / MANIFEST, "facts")
    unit = "seconds" if model.manifest.config["task"].get("unit") == "second" else "windows"
    return {
        "subjects": cohort.subjects.model_dump(),
        "windows": cohort.windows.get("train", {}),
        "synthetic": cohort.synthetic,
        "within_subject": cohort.within_subject,
        "validation": cohort.val.model_dump(exclude_none=True),
        "words": " ".join((*_sentences(cohort, unit), *_validated(cohort.val, unit))),
    }


def _sentences(cohort: _Cohort, unit: str) -> Iterator[str]:
    counts = cohort.windows.get("train", {})
    learned = f"{cohort.pairs.get('train', 0)} stretches"
    if set(counts) == {"labelled"}:
        learned = f"{counts['labelled']} {unit}"
    elif counts:
        learned = f"{unit}: " + ", ".join(f"{n} × {name}" for name, n in counts.items())
    eeg = "synthetic EEG" if cohort.synthetic else "EEG"
    yield (
        f"The model was fitted on {eeg} of {_people(cohort.subjects.train)} ({learned}) and chosen "
        f"on {_people(cohort.subjects.val)}; it tells nothing of people or recordings unlike these."
    )
    if cohort.synthetic:
        yield "Synthetic EEG is no patient's: the answer means nothing for people."
    if cohort.within_subject:
        yield (
            "Parts of the same people's EEG were on both sides of its splits: how it does on new "
            "people was not tested."
        )
    if cohort.labels_permuted:
        yield "Its labels were permuted, as a control: the answer means nothing."


def _validated(val: _Validation, unit: str) -> Iterator[str]:
    """How it did on the data that it was chosen on, which is better than it does on others."""
    if val.auroc is not None:
        yield f"Of the {unit} that it was chosen on its AUROC was {val.auroc:.2f}."
    elif val.spearman is not None and val.loss is not None:
        yield (
            f"Of the {unit} that it was chosen on it was off by {math.sqrt(max(0, val.loss)):.3g} "
            f"(root mean square), with a rank correlation of {val.spearman:.2f}."
        )
    elif val.mse is not None and val.mse_of_base:
        yield (
            "Of the stretches that it was chosen on its squared error was "
            f"{val.mse / val.mse_of_base:.2f} of that of the plain forecast it adds to."
        )


def _people(n: int) -> str:
    return f"{n} subject{'s' * (n != 1)}"
