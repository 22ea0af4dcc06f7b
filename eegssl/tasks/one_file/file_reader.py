"""Read one cleaned file with a model, for command and notebook."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from eegssl.artifacts.context import Context
from eegssl.artifacts.json_parts import read_json
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.reading import read_manifest
from eegssl.config.settings import Settings, changed_settings
from eegssl.config.stages import EvaluateConfig
from eegssl.corpus.audits.temporal_leaks import audit_model
from eegssl.corpus.new_files.cleaned_alike import corpus_of, missing_in, require_fit
from eegssl.corpus.new_files.cleaned_as import CleanedAs
from eegssl.errors import ArtifactError, ConfigError, InputError, RecordingRefused
from eegssl.tasks.base import PREDICTIONS, AnyKind
from eegssl.tasks.kind import CLEANING, MODEL, Trial, Unlabelled
from eegssl.tasks.kinds import KINDS, kind_named, open_model
from eegssl.tasks.new_file import NewFile
from eegssl.tasks.one_file.file_answer import FileAnswer
from eegssl.tasks.one_file.fitted_cohort import cohort_of
from eegssl.tasks.table import kind_of_table
from eegssl.tasks.trained_for import MONTAGES

Row = dict[str, Any]


@dataclass(frozen=True)
class FileReader:
    """A model that reads new files, and how they have to be cleaned for it."""

    artifact: Artifact
    kind: AnyKind
    unlabelled: Unlabelled[Any, Any]
    cleaned: CleanedAs
    cohort: dict[str, Any]
    """Whom it was fitted on, as `cohort_of` says it."""
    _loaded: dict[float, Any] = field(default_factory=dict, repr=False, compare=False)

    def not_given(self, given: Mapping[str, Settings]) -> Iterator[str]:
        """Settings of the model's recordings that it withholds and that are not ``given`` again.

        ``given`` are the parts that may hold them, by name.
        """
        for name in self.cleaned.withheld:
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
        leaks = tuple(audit_model(self.artifact, corpus, corpus.recordings))
        trial = Trial(config, self.artifact, corpus, corpus.recordings, leaks, context)
        if corpus.sfreq_hz not in self._loaded:
            self._loaded[corpus.sfreq_hz] = self.unlabelled.load(self.artifact, corpus)
        try:
            table = self.unlabelled.predict(trial, self._loaded[corpus.sfreq_hz], file)
        except InputError as error:
            raise RecordingRefused("too-short", str(error)) from error
        answer = self.unlabelled.answer(table, file)
        words = tuple(leak.in_words() for leak in leaks)
        document = self._about(file, words) | dict(answer.document)
        return FileRead(table, replace(answer, leaks=words, document=document))

    def _about(self, file: NewFile, leaks: Sequence[str]) -> dict[str, Any]:
        """What stands above every answer: of which file it is, and of which model."""
        return {
            "file": file.id,
            "task": self.artifact.manifest.facts["task"],
            "model": self.artifact.manifest.id,
            "duration_s": file.span_s,
            "channels": list(file.channels),
            "missing": list(file.missing),
            "leaks": list(leaks),
            "fitted_on": self.cohort,
        }


@dataclass(frozen=True)
class FileRead:
    """A file as a model has read it: the table of its predictions, and what follows from them."""

    table: Any
    """Of the view of the model's kind."""
    answer: FileAnswer


def open_reader(path: Path) -> FileReader:
    """Open a model for new files; raises ConfigError where it reads none, and says why."""
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
    made = read_manifest(path).kind
    if any(made == kind.makes != MODEL for kind in KINDS.values()):
        table = path / PREDICTIONS
        kind = kind_named(kind_of_table(table), table)
        if made == kind.makes:
            raise _unread(kind)


def _unread(kind: AnyKind) -> ConfigError:
    return ConfigError(kind.unread_files or f"models of tasks of {kind.name} read no new files")
