"""Events lie within recordings of the same folder, else it is refused."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline
from resigned import sign_files

from eegssl.corpus.audits.recordings_contract import open_recordings
from eegssl.errors import ArtifactError


def altered(tiny: Pipeline, to: Path, place: int, **values: object) -> Path:
    """A copy of the recordings of which one event says something else."""
    folder = Path(shutil.copytree(tiny.recordings, to))
    table = pq.read_table(folder / "events.parquet")
    rows = table.to_pylist()
    rows[place] |= values
    pq.write_table(pa.Table.from_pylist(rows, table.schema), folder / "events.parquet")
    sign_files(folder)
    return folder


def test_an_event_that_ends_with_its_recording_is_taken(tiny: Pipeline, tmp_path: Path) -> None:
    folder = altered(tiny, tmp_path / "whole", 1, onset_s=0.0, duration_s=32.0)
    assert open_recordings(folder)[1].events["duration_s"][1].as_py() == 32.0


@pytest.mark.parametrize("place", [0, -1])
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"onset_s": 30.0, "duration_s": 30.0}, "an event ends after its recording, r-"),
        ({"recording": "r-000000000000"}, "belongs to r-000000000000, which is no recording here"),
    ],
)
def test_one_that_lies_elsewhere_is_refused(
    tiny: Pipeline, tmp_path: Path, place: int, values: dict[str, object], words: str
) -> None:
    folder = altered(tiny, tmp_path / "elsewhere", place, **values)
    with pytest.raises(ArtifactError, match=words):
        open_recordings(folder)
