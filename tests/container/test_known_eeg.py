"""The EDF file of the self-test is as SzCORE's are, and the same every time."""

from pathlib import Path

from eegssl.container.known_eeg import CHANNELS, write_known_eeg
from eegssl.io.edf.header import read_header


def test_it_has_19_channels_against_their_average_at_256_hz(tmp_path: Path) -> None:
    first, second = tmp_path / "a.edf", tmp_path / "b.edf"
    for path in (first, second):
        write_known_eeg(path, 60)
    assert first.read_bytes() == second.read_bytes()
    header = read_header(first)
    assert header.labels[:19] == CHANNELS
    assert header.annotation_signals == (19,)
    assert {header.sfreq_hz(k) for k in range(19)} == {256.0}
    assert {"Fp1-Avg", "Cz-Avg", "O2-Avg"} < set(CHANNELS)
