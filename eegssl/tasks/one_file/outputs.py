"""Say where the answer about one file is written, and how."""

from dataclasses import dataclass, field
from pathlib import Path

from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.store import Corpus
from eegssl.io.recording_header import RecordingHeader


@dataclass(frozen=True)
class Outputs:
    """Files of an artifact that belong to one file, in these ``formats``.

    ``stem`` is the place of each below the folder of events, without what tells them apart
    (``sub-01/ses-01/eeg/NAME``). The file's ``header`` leads to its samples; ``corpus`` holds its
    clean recordings. Only with ``keep_identity`` is anything of its patient or date written.
    """

    writer: ArtifactWriter
    stem: str
    formats: tuple[str, ...]
    header: RecordingHeader
    corpus: Corpus
    keep_identity: bool = False
    fitted_on: str = ""
    """A sentence: whom the model was fitted on."""
    names: list[str] = field(default_factory=list)
    """Names of the files that were written, in this order."""

    def place(self, name: str) -> Path:
        """The path of a file that its writer makes atomically."""
        self.names.append(name)
        path = self.writer / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, text: str) -> None:
        """Write one file atomically."""
        self.names.append(name)
        self.writer.write(name, text)
