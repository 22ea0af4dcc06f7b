"""A recording is the same by a path from the working folder and by an absolute one."""

from functools import partial
from pathlib import Path

import eegfiles
import numpy as np
import pytest

from eegssl.io.formats.recordings import read_recording_header, read_samples

SIGNALS = np.round(np.random.default_rng(3).normal(0, 200, (2, 4000))) / 10
WRITERS = {
    "a.vhdr": eegfiles.write_brainvision,
    "a.set": eegfiles.write_set,
    "b.set": partial(eegfiles.write_set, apart=True),
    "a_raw.fif": eegfiles.write_fif,
    "a.gdf": eegfiles.write_gdf,
    "a.cnt": eegfiles.write_cnt,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_path_from_the_working_folder_is_read_as_an_absolute_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = WRITERS[name](tmp_path / name, ("Fp1", "Fp2"), SIGNALS, 200)
    monkeypatch.chdir(tmp_path.parent)
    header = read_recording_header(Path(tmp_path.name, name), Path(tmp_path.name))
    absolute = read_recording_header(path)
    np.testing.assert_array_equal(read_samples(header, 0), read_samples(absolute, 0))
