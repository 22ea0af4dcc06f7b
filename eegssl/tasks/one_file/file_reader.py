"""Read one cleaned file with a model, for the command and for notebooks alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from eegssl.artifacts.context import Context
from eegssl.artifacts.json_parts import read_json
from eegssl.artifacts.manifest import Artifact
from eegssl.config.settings import Settings, changed_settings
from eegssl.config.stages import EvaluateConfig
from eegssl.corpus.audits.temporal_leaks import audit_model
from eegssl.corpus.new_files.cleaned_alike import corpus_of, missing_in, require_fit
from eegssl.corpus.new_files.cleaned_as import CleanedAs
from eegssl.errors import ArtifactError, ConfigError, InputError, RecordingRefused
from eegssl.tasks.base import AnyKind
from eegssl.tasks.kind import CLEANING, Trial, Unlabelled
from eegssl.tasks.kinds import open_model
from eegssl.tasks.new_file import NewFile
from eegssl.tasks.trained_for import MONTAGES

Row = dict[str, Any]


@dataclass(frozen=True)
class FileReader:
    """A model that reads new files, and how they have to be cleaned for it."""

    artifact: Artifact
    kind: AnyKind
    unlabelled: Unlabelled[Any, Any]
    cleaned: CleanedAs
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
        )
        leaks = tuple(audit_model(self.artifact, corpus, corpus.recordings))
        trial = Trial(config, self.artifact, corpus, corpus.recordings, leaks, context)
        if corpus.sfreq_hz not in self._loaded:
            self._loaded[corpus.sfreq_hz] = self.unlabelled.load(self.artifact, corpus)
        try:
            table = self.unlabelled.predict(trial, self._loaded[corpus.sfreq_hz])
        except InputError as error:
            raise RecordingRefused("too-short", str(error)) from error
        return FileRead(file, table, tuple(leak.in_words() for leak in leaks))


@dataclass(frozen=True)
class FileRead:
    """A file as a model has read it: its predictions, and leaks in words."""

    file: NewFile
    table: Any
    """Of the kind's view."""
    leaks: tuple[str, ...]


def open_reader(path: Path) -> FileReader:
    """Open a model for new files; raises ConfigError where it reads none, and says why."""
    artifact, kind = open_model(path)
    if kind.unlabelled is None:
        raise ConfigError(f"models of tasks of {kind.name} read no new files")
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
    return FileReader(artifact, kind, kind.unlabelled, cleaned)
