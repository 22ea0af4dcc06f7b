"""State what a container's folder holds."""

from pathlib import Path

from eegssl.artifacts.contract import Contract
from eegssl.artifacts.json_parts import OpenPart, damaged, read_part
from eegssl.container.folder_texts import REQUIREMENTS, TEXTS
from eegssl.errors import ArtifactError
from eegssl.io.tables.event_trees import COLUMNS
from eegssl.regular_files import read_text

KIND = "container"
MODEL = "model"
"""The folder of the model."""
KNOWN, EXPECTED = "self-test/known.edf", "self-test/expected.tsv"
"""The EDF file of the self-test, and its table."""
NAMES = (*TEXTS, REQUIREMENTS, "*.whl", KNOWN, EXPECTED, f"{MODEL}/*")
"""Its files, as names or patterns."""


class _Facts(OpenPart):
    """Facts of a container."""

    task: str
    wheel: str
    synthetic: bool
    warnings: tuple[str, ...]


def read_expected(path: Path) -> tuple[str, ...]:
    """The rows of a table of events. Raises ArtifactError for what is none of SzCORE's."""
    try:
        header, *rows = read_text(path).splitlines()
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} can't be read as a table: {type(error).__name__}") from None
    if tuple(header.split("\t")) != COLUMNS or not rows:
        raise damaged(path, "it is not SzCORE's table of events")
    return tuple(rows)


CONTRACT = Contract(
    KIND,
    parts={
        **dict.fromkeys((*TEXTS, REQUIREMENTS), read_part),
        EXPECTED: read_expected,
    },
    facts=_Facts,
)
"""What it holds beside the model, which keeps to a contract of its own."""
