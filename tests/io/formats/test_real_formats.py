"""Real files in other formats, from readers' own test sets, read as mne reads them or refused."""

from collections.abc import Callable
from typing import Any

import mne
import numpy as np
import pytest
from realdata import real_data

from eegssl.corpus.preprocessing.channel_selection import select
from eegssl.errors import RecordingRefused
from eegssl.io.formats.recordings import (
    read_recording_header,
    read_samples,
    recording_annotations,
    recording_scale,
)

pytestmark = pytest.mark.real

READ: dict[str, tuple[Callable[..., Any], int, float, int]] = {
    "eeglab/eeglab_data.set": (mne.io.read_raw_eeglab, 32, 128.0, 154),
    "eeglab/testbva.vhdr": (mne.io.read_raw_brainvision, 32, 200.0, 16),
    "NeuroAnalyzer/eeg-test-10events.set": (mne.io.read_raw_eeglab, 2, 1000.0, 10),
    "NeuroAnalyzer/eeg-test-bv.vhdr": (mne.io.read_raw_brainvision, 2, 1000.0, 10),
    "mne-testing-data/GDF/test_1ch.gdf": (mne.io.read_raw_gdf, 1, 150.0, 0),
}
REFUSED = {
    "NeuroAnalyzer/eeg-test-7epochs.set": "epochs",
    "NeuroAnalyzer/NIRS-2020-08-18_001.set": "damaged",
    "eeglab/test.cnt": "damaged",
}


@pytest.mark.parametrize("name", READ)
def test_samples_are_those_that_mne_reads(name: str) -> None:
    read, n_channels, rate_hz, n_annotations = READ[name]
    path = real_data("formats", name)
    header = read_recording_header(path)
    by_mne_uv = read(path, preload=True, verbose="ERROR").get_data() * 1e6
    assert len(header.labels) == n_channels
    assert header.sfreq_hz(0) == rate_hz
    assert len(recording_annotations(header).annotations) == n_annotations
    for index in range(n_channels):
        assert recording_scale(header, index) == (1.0, 0.0)
        assert np.array_equal(read_samples(header, index), by_mne_uv[index].astype(np.float32))


def test_channels_of_real_files_are_eeg() -> None:
    header = read_recording_header(real_data("formats", "eeglab", "eeglab_data.set"))
    selection = select(header)
    assert (len(selection.eeg), len(selection.auxiliary)) == (30, 2)
    spread_uv = [float(np.std(read_samples(header, signal.index))) for signal in selection.eeg]
    assert 10 < min(spread_uv) < max(spread_uv) < 100


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_recording_is_refused(name: str) -> None:
    with pytest.raises(RecordingRefused) as refusal:
        read_recording_header(real_data("formats", name))
    assert refusal.value.code == REFUSED[name]
