"""Read one cleaned file with a model, for command and notebook."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from eegssl.artifacts.context import Context
from eegssl.artifacts.json_parts import read_json
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.reading import read_manifest
from eegssl.config.settings import Settings, changed_settings
from eegssl.config.stages import EvaluateConfig
from eegssl.corpus.audits.temporal_leaks import ModelAudit
from eegssl.corpus.new_files.cleaned_alike import corpus_of, missing_in, require_fit
from eegssl.corpus.new_files.cleaned_as import CleanedAs, differences
from eegssl.corpus.store import Corpus
from eegssl.errors import ArtifactError, ConfigError, InputError, RecordingRefused
from eegssl.tasks.base import PREDICTIONS, AnyKind
from eegssl.tasks.jobs import CLEANING, MODEL, Trial
from eegssl.tasks.kind import Unlabelled
from eegssl.tasks.kinds import KINDS, kind_named, open_model
from eegssl.tasks.new_file import EventInFile, NewFile
from eegssl.tasks.one_file.file_answer import FileAnswer
from eegssl.tasks.one_file.fitted_cohort import cohort_of
from eegssl.tasks.table import kind_of_table
from eegssl.tasks.trained_for import MONTAGES

Row = dict[str, Any]
_ROUNDING_S = 1e-6


@dataclass(frozen=True)
class FileReader:
    """A model that reads new files, and how they have to be cleaned for it."""

    artifact: Artifact
    kind: AnyKind
    unlabelled: Unlabelled[Any, Any]
    cleaned: CleanedAs
    cohort: dict[str, Any]
    """Whom it was fitted on, as `cohort_of` says it."""
    detector: "FileReader | None" = None
    """The model that finds the events which this one tells apart."""
    _loaded: dict[float, Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def _audit(self) -> ModelAudit:
        return ModelAudit(self.artifact)

    def not_given(self, given: Mapping[str, Settings]) -> Iterator[str]:
        """Settings of the model's recordings that it withholds and that are not ``given`` again.

        ``given`` are the parts that may hold them, by name.
        """
        both = dict.fromkeys(self.cleaned.withheld)
        if self.detector:
            both |= dict.fromkeys(self.detector.cleaned.withheld)
        for name in both:
            part, key = name.split(".")
            if key not in changed_settings(given[part]):
                yield name

    def read(
        self,
        kept: Sequence[Row],
        folder: Path,
        span_s: float,
        config: EvaluateConfig,
        context: Context,
    ) -> "FileRead":
        """Predict the recordings of one file, ``kept`` in a folder by `ingest`.

        ``span_s`` is the file's length. Raises RecordingRefused where the file is not of the
        model's kind, or too short.
        """
        corpus = corpus_of(kept, folder)
        montages = self.artifact.manifest.facts.get(MONTAGES, ())
        require_fit(corpus, self.cleaned, self.unlabelled.needed(self.artifact), montages)
        first = corpus.recordings[0]
        file = NewFile(
            first.file,
            first.subject,
            span_s,
            {fields["recording"]: fields["file_onset_s"] for fields in kept},
            first.channels,
            missing_in(corpus, self.cleaned),
            kept[0]["source_sfreq_hz"],
        )
        of_detector: tuple[str, ...] = ()
        seen_by_detector: tuple[str, ...] = ()
        if self.detector:
            detections = self.detector.read(kept, folder, span_s, config, context).answer
            missing = tuple(dict.fromkeys((*file.missing, *detections.file.missing)))
            file = replace(file, missing=missing, events=events_in(detections))
            of_detector = tuple(map(_of_detector, detections.leaks))
            seen_by_detector = detections.seen
        leaks = self._audit.leaks(corpus, corpus.recordings)
        trial = Trial(config, self.artifact, corpus, corpus.recordings, leaks, context)
        if corpus.sfreq_hz not in self._loaded:
            self._loaded[corpus.sfreq_hz] = self.unlabelled.load(self.artifact, corpus)
        try:
            table = self.unlabelled.predict(trial, self._loaded[corpus.sfreq_hz], file)
        except InputError as error:
            raise RecordingRefused("too-short", str(error)) from error
        answer = self.unlabelled.answer(table, file)
        words = (*(leak.in_words() for leak in leaks), *of_detector)
        seen = tuple(dict.fromkeys((*(leak.kind for leak in leaks), *seen_by_detector)))
        document = self._about(file, words, seen) | dict(answer.document)
        return FileRead(table, replace(answer, leaks=words, seen=seen, document=document))

    def leaks(self, corpus: Corpus) -> list[str]:
        """Words for each way in which the model, or its detector, was fitted on recordings."""
        words = [leak.in_words() for leak in self._audit.leaks(corpus, corpus.recordings)]
        return words + (
            list(map(_of_detector, self.detector.leaks(corpus))) if self.detector else []
        )

    def _about(self, file: NewFile, leaks: Sequence[str], seen: Sequence[str]) -> dict[str, Any]:
        """What stands above every answer: of which file it is, and of which model."""
        return {
            "file": file.id,
            **self.told,
            "duration_s": file.span_s,
            "channels": list(file.channels),
            "missing": list(file.missing),
            "seen": list(seen),
            "leaks": list(leaks),
        }

    @property
    def told(self) -> dict[str, Any]:
        """Its task and id, whom it was fitted on, and the same of its detector."""
        of_detector = {"detector": self.detector.told} if self.detector else {}
        return {
            "task": self.artifact.manifest.facts["task"],
            "model": self.artifact.manifest.id,
            "fitted_on": self.cohort,
            **of_detector,
        }


@dataclass(frozen=True)
class FileRead:
    """A file as a model has read it: the table of its predictions, and what follows from them."""

    table: Any
    """Of the view of the model's kind."""
    answer: FileAnswer


def _of_detector(leak: str) -> str:
    return f"{leak} (the detector)"


def events_in(detections: FileAnswer) -> tuple[EventInFile, ...]:
    """The events of a detector, each in the last recording that begins before it."""
    begins = sorted(detections.file.onset_s.items(), key=lambda item: item[1])
    starts_s = np.array([onset_s for _, onset_s in begins])
    places = np.searchsorted(starts_s, detections.onset_s + _ROUNDING_S, side="right") - 1
    columns = (
        places,
        detections.onset_s - starts_s[places],
        detections.duration_s,
        detections.confidence,
    )
    return tuple(
        EventInFile(begins[k][0], onset_s, duration_s, confidence)
        for k, onset_s, duration_s, confidence in zip(*(c.tolist() for c in columns), strict=True)
    )


def open_reader(path: Path, detector: Path | None = None) -> FileReader:
    """Open a model for new files; raises ConfigError where it reads none, and says why.

    A model that tells given events apart needs a ``detector`` of them, no other model does.
    """
    reader = _opened(path)
    needs = reader.unlabelled.needs_events(reader.artifact)
    if detector is None:
        if needs:
            raise ConfigError(
                f"the model is of task {reader.artifact.manifest.facts['task']}, which tells given "
                "events apart, and a new file has none: give the model that detects them "
                "(--detector), or preprocess the files with a table of their events beside them, "
                "and evaluate the model on these recordings"
            )
        return reader
    if not needs:
        raise ConfigError(
            "a detector finds events for models that tell given events apart, and this model's "
            f"task, {reader.artifact.manifest.facts['task']}, needs none: leave --detector out"
        )
    finder = _opened(detector)
    if not finder.unlabelled.detects(finder.artifact):
        task = finder.artifact.manifest.facts["task"]
        raise ConfigError(f"{detector} is of task {task}, which detects no events in time")
    if names := differences(reader.cleaned, finder.cleaned):
        raise ConfigError(
            f"the recordings of model and detector were cleaned with another {', '.join(names)}: "
            "a file is cleaned once for both; preprocess them alike, and finetune"
        )
    return replace(reader, detector=finder)


def _opened(path: Path) -> FileReader:
    _require_model(path)
    artifact, kind = open_model(path)
    if kind.unlabelled is None:
        raise _unread(kind)
    if CLEANING not in artifact:
        raise ArtifactError(
            f"{path} was made by an earlier eegssl and does not say how its recordings were "
            "cleaned: make it again with finetune"
        )
    cleaned = read_json(artifact / CLEANING, TypeAdapter(CleanedAs))
    if cleaned.differ:
        raise ConfigError(
            f"the recordings that {path} learned from differ in {', '.join(cleaned.differ)}, so "
            "that a new file can't be cleaned as they were: preprocess them alike, and finetune"
        )
    kind.unlabelled.require_answers(artifact)
    return FileReader(artifact, kind, kind.unlabelled, cleaned, cohort_of(artifact))


def _require_model(path: Path) -> None:
    """Raise ConfigError for what a kind of task makes in place of models."""
    made = read_manifest(path, MODEL).kind
    if any(made == kind.makes != MODEL for kind in KINDS.values()):
        table = path / PREDICTIONS
        kind = kind_named(kind_of_table(table), table)
        if made == kind.makes:
            raise _unread(kind)


def _unread(kind: AnyKind) -> ConfigError:
    return ConfigError(kind.unread_files or f"models of tasks of {kind.name} read no new files")
