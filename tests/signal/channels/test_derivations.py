"""Doubled and sign-flipped derivations are found by name, and are so by number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from realdata import real_data

from eegssl.signal.channels.derivations import Redundant, redundant_derivations
from eegssl.signal.channels.electrodes import parse_channel

# fmt: off
CHBMIT = [
    "FP1-F7", "F7-T7", "T7-P7", "P7-O1", "FP1-F3", "F3-C3", "C3-P3", "P3-O1", "FP2-F4", "F4-C4",
    "C4-P4", "P4-O2", "FP2-F8", "F8-T8", "T8-P8", "P8-O2", "FZ-CZ", "CZ-PZ", "P7-T7", "T7-FT9",
    "FT9-FT10", "FT10-T8", "T8-P8",
]
# fmt: on


def test_chbmit_has_one_flipped_and_one_doubled_derivation():
    assert redundant_derivations(CHBMIT) == [Redundant(18, 2, -1), Redundant(22, 14, 1)]


def test_spellings_of_one_channel_are_doubled():
    names = ["EEG T3-REF", "T8-P8-0", "EEG T7-LE", "t8-p8-1", "ECG", "ECG", "P8-T4", "C3-A1"]
    names.append("C3-A2")
    assert redundant_derivations(names) == [
        Redundant(2, 0, 1),
        Redundant(3, 1, 1),
        Redundant(6, 1, -1),
    ]


ELECTRODES = st.sampled_from(["Fp1", "F7", "T3", "T7", "A1", "Cz"])


@given(st.lists(ELECTRODES | st.tuples(ELECTRODES, ELECTRODES).map("-".join), max_size=12))
def test_dropping_leaves_distinct_channels_and_loses_none(names):
    found = redundant_derivations(names)
    dropped = {r.index for r in found}
    kept = [parse_channel(n) for i, n in enumerate(names) if i not in dropped]
    eeg = [frozenset(c.name.split("-")) for c in kept if c.kind == "eeg"]
    assert len(set(eeg)) == len(eeg)
    for r in found:
        assert r.same_as < r.index
        assert r.same_as not in dropped
        terminals = [parse_channel(names[i]).name.split("-") for i in (r.same_as, r.index)]
        assert terminals[0][:: r.sign] == terminals[1]


@pytest.mark.real
def test_dropped_chbmit_channels_are_numerically_redundant():
    import pyedflib

    clips = sorted(real_data("chbmit_clips").rglob("*_m10_to_0.edf"))
    assert clips
    for clip in clips:
        with pyedflib.EdfReader(str(clip)) as edf:
            labels = edf.getSignalLabels()
            signal_uv = np.array([edf.readSignal(i) for i in range(len(labels))])
        found = redundant_derivations(labels)
        assert [r.index for r in found] == [18, 22]
        for r in found:
            apart_uv = signal_uv[r.index] - r.sign * signal_uv[r.same_as]
            assert apart_uv.std() < 1e-6
            assert abs(apart_uv[0]) < 0.4  # flipped, the 12-bit converter is off by one step
            assert signal_uv[r.index].std() > 10
