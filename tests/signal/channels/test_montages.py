"""Montages follow from potentials, exactly; what can't be had is named, never zero or guessed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.signal.channels.electrodes import parse_channel, parse_channels
from eegssl.signal.channels.montages import BANANA, MONTAGES, TCP, common_part, rereference

# fmt: off
TEN_TWENTY = [
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8", "P7", "P3", "Pz",
    "P4", "P8", "O1", "O2",
]
# fmt: on
EARS = ["A1", "A2"]


def potentials_uv(names, seed=0, n=500):
    """Electrode -> its potential in µV against infinity, on a grid that float32 holds exactly."""
    rng = np.random.default_rng(seed)
    return {name: rng.integers(-800, 800, n) / 4 for name in names}


def recorded_uv(labels, potential_uv, reference_uv=0.0):
    """What an amplifier writes for labels: first electrode less second, ear, or reference."""
    rows = []
    for label in labels:
        first, _, second = label.partition("-")
        rows.append(potential_uv[first] - potential_uv.get(second, reference_uv))
    return np.array(rows)


def expected_uv(names, potential_uv):
    return recorded_uv(names, potential_uv)


def test_the_montages_are_the_published_ones():
    assert len(set(BANANA)) == 18
    assert len(set(TCP)) == 22
    # TUH, _DOCS/01_tcp_ar_montage.txt, with T3, T4, T5, T6 by their 10-10 names
    assert TCP[:8] == BANANA[:8]
    assert TCP[8:14] == ("A1-T7", "T7-C3", "C3-Cz", "Cz-C4", "C4-T8", "T8-A2")
    assert TCP[14:] == BANANA[8:16]
    assert BANANA[:4] == ("Fp1-F7", "F7-T7", "T7-P7", "P7-O1")
    assert BANANA[16:] == ("Fz-Cz", "Cz-Pz")
    for montage in MONTAGES.values():
        assert [parse_channel(name).name for name in montage] == list(montage)


@pytest.mark.parametrize("target", ["banana", "tcp"])
@pytest.mark.parametrize("label", ["{}-REF", "EEG {}-LE", "{}"])
def test_derivations_are_those_of_the_potentials_whatever_the_reference(target, label):
    potential_uv = potentials_uv(TEN_TWENTY + EARS)
    reference_uv = potentials_uv(["R"], seed=1)["R"] + 1000
    signal_uv = np.array([potential_uv[e] - reference_uv for e in TEN_TWENTY + EARS])
    made = rereference(parse_channels([label.format(e) for e in TEN_TWENTY + EARS]), target)
    assert made.names == MONTAGES[target]
    assert (made.missing, made.note, made.reference) == ((), "", "")
    assert made.matrix.dtype == np.float32
    assert np.array_equal(made.matrix @ signal_uv, expected_uv(made.names, potential_uv))


def test_tcp_without_earlobes_has_twenty_derivations():
    made = rereference(parse_channels([f"EEG {e}-LE" for e in TEN_TWENTY]), "tcp")
    assert len(made.names) == 20
    assert made.missing == ("A1-T7", "T8-A2")


@given(st.sets(st.sampled_from(TEN_TWENTY), min_size=1), st.sampled_from(["banana", "tcp"]))
def test_a_derivation_is_there_or_missing_by_its_electrodes(there, target):
    channels = parse_channels([f"{e}-REF" for e in sorted(there)])
    made = rereference(channels, target)
    could = [d for d in MONTAGES[target] if set(d.split("-")) <= there]
    assert made.missing == tuple(d for d in MONTAGES[target] if d not in could)
    if could:
        assert made.names == tuple(could)
        assert (np.abs(made.matrix).sum(axis=1) == 2).all()
        assert (made.matrix.sum(axis=1) == 0).all()
    else:
        assert (made.matrix, made.note) == (None, "too-few-kept")
        assert made.names == tuple(channel.name for channel in channels)


def test_channels_against_different_ears_are_never_subtracted():
    left, right = ["F7", "T7", "C3", "P3"], ["F8", "T8", "C4", "P4"]
    labels = [f"{e}-A1" for e in left] + [f"{e}-A2" for e in right] + ["Cz-A2", "F3-A1"]
    potential_uv = potentials_uv([*left, *right, "Cz", "F3", *EARS])
    made = rereference(parse_channels(labels), "tcp")
    assert set(made.names) == {
        "F7-T7", "F8-T8", "T7-C3", "F3-C3", "C3-P3", "C4-P4", "C4-T8", "Cz-C4", "A1-T7", "T8-A2",
    }  # fmt: skip
    assert "C3-Cz" in made.missing
    signal_uv = recorded_uv(labels, potential_uv)
    assert np.array_equal(made.matrix @ signal_uv, expected_uv(made.names, potential_uv))
    average = rereference(parse_channels(labels), "average")
    assert (average.matrix, average.note) == (None, "references-differ-kept")
    assert average.names == tuple(labels)


def test_an_electrode_recorded_against_both_ears_is_used_with_the_one_that_fits():
    labels = ["C3-A1", "C3-A2", "P3-A2", "T7-A1"]
    potential_uv = potentials_uv(["C3", "P3", "T7", *EARS])
    made = rereference(parse_channels(labels), "tcp")
    assert made.names == ("A1-T7", "T7-C3", "C3-P3")
    signal_uv = recorded_uv(labels, potential_uv)
    assert np.array_equal(made.matrix @ signal_uv, expected_uv(made.names, potential_uv))


def test_the_reference_electrode_itself_is_known():
    others = [e for e in TEN_TWENTY if e != "Cz"]
    labels = [f"{e}-Cz" for e in others]
    potential_uv = potentials_uv(TEN_TWENTY)
    signal_uv = recorded_uv(labels, potential_uv)
    channels = parse_channels(labels)
    made = rereference(channels, "banana")
    assert made.names == BANANA
    assert np.array_equal(made.matrix @ signal_uv, expected_uv(BANANA, potential_uv))
    average = rereference(channels, "average")
    assert average.names == (*others, "Cz")
    mean_uv = np.mean(list(potential_uv.values()), axis=0)
    expected = np.array([potential_uv[e] for e in average.names]) - mean_uv
    assert np.abs(average.matrix @ signal_uv - expected).max() < 1e-3


def test_derivations_stay_derivations():
    channels = parse_channels([*BANANA, "A1-T7", "T8-A2"])
    for target in ("average", "banana", "tcp"):
        made = rereference(channels, target)
        assert made.matrix is None
        assert made.names == tuple(channel.name for channel in channels)
        assert (made.missing, made.note, made.reference) == ((), "bipolar-kept", "")
    assert rereference(channels, "keep").note == ""


def test_recorded_derivations_fill_what_cannot_be_computed_and_are_turned():
    labels = ["Fp1-REF", "F7-REF", "T7-REF", "P7-T7", "O1-REF", "P3-C3", "F7-T7"]
    potential_uv = potentials_uv(["Fp1", "F7", "T7", "P7", "O1", "C3", "P3"])
    made = rereference(parse_channels(labels), "banana")
    assert made.names == ("Fp1-F7", "F7-T7", "T7-P7", "C3-P3")
    signal_uv = recorded_uv(labels, potential_uv, reference_uv=17.0)
    assert np.array_equal(made.matrix @ signal_uv, expected_uv(made.names, potential_uv))
    assert "P7-O1" in made.missing  # P7 is known against T7, O1 against REF


def test_an_average_sums_to_zero_and_loses_one_rank():
    labels = [f"{e}-REF" for e in TEN_TWENTY + EARS] + ["F7-T7"]
    made = rereference(parse_channels(labels), "average")
    assert made.names == (*TEN_TWENTY, *EARS, "F7-T7")
    assert (made.missing, made.note, made.reference) == ((), "", "AVG")
    scalp = made.matrix[: len(TEN_TWENTY)]
    assert np.abs(scalp.sum(axis=0)).max() < 1e-6
    assert np.linalg.matrix_rank(scalp, tol=1e-4) == len(TEN_TWENTY) - 1
    assert not scalp[:, len(TEN_TWENTY) :].any()  # earlobes are no part of it
    assert np.abs(made.matrix[:-1].sum(axis=1)).max() < 1e-6  # whatever the reference was
    assert made.matrix[-1].tolist() == [0.0] * 21 + [1.0]


@pytest.mark.parametrize("n", [1, 7])
def test_an_average_of_too_few_electrodes_is_none(n):
    labels = [f"{e}-REF" for e in [*TEN_TWENTY[:n], *EARS]]
    made = rereference(parse_channels(labels), "average")
    assert (made.matrix, made.note, made.reference) == (None, "too-few-kept", "")
    assert rereference([], "average").note == "too-few-kept"


def test_of_doubled_channels_the_first_counts():
    channels = parse_channels([*(f"{e}-REF" for e in TEN_TWENTY), "EEG T3-REF"])
    made = rereference(channels, "average")
    assert made.names == tuple(TEN_TWENTY)
    assert not made.matrix[:, -1].any()


def test_an_unknown_target_is_refused():
    with pytest.raises(KeyError):
        rereference(parse_channels(["Fp1", "F7"]), "laplacian")


def test_references_agree_with_mne():
    mne = pytest.importorskip("mne")
    signal = np.random.default_rng(2).standard_normal((19, 300))
    info = mne.create_info(TEN_TWENTY, 100.0, "eeg", verbose="error")
    raw = mne.io.RawArray(signal, info, verbose="error")
    channels = parse_channels(TEN_TWENTY)
    average = rereference(channels, "average").matrix @ signal
    theirs = mne.set_eeg_reference(raw.copy(), "average", verbose="error")[0].get_data()
    assert np.abs(average - theirs).max() < 1e-6
    anodes, cathodes = zip(*(name.split("-") for name in BANANA), strict=True)
    bipolar = mne.set_bipolar_reference(
        raw, list(anodes), list(cathodes), list(BANANA), verbose="error"
    ).get_data(BANANA)
    assert np.abs(rereference(channels, "banana").matrix @ signal - bipolar).max() < 1e-12
    at_cz = mne.set_eeg_reference(raw.copy(), ["Cz"], verbose="error")[0]
    with_cz = mne.set_eeg_reference(at_cz, "average", verbose="error")[0].get_data()
    others = [e for e in TEN_TWENTY if e != "Cz"]
    ours = rereference(parse_channels([f"{e}-Cz" for e in others]), "average")
    here = ours.matrix @ at_cz.get_data(others)
    order = [TEN_TWENTY.index(name) for name in ours.names]
    assert np.abs(here - with_cz[order]).max() < 1e-6


@pytest.mark.parametrize("target", ["average", "banana", "tcp"])
def test_the_part_that_rows_share_and_the_rest_are_the_montage(target):
    labels = [f"{name}-REF" for name in TEN_TWENTY] + ["Fp1-F7", "F7-T7"]
    matrix = rereference(parse_channels(labels), target).matrix
    shared, holds, beside = common_part(matrix)
    np.testing.assert_allclose(holds[:, None] * shared + beside, matrix, rtol=0, atol=1e-7)
    n_holding = 19 if target == "average" else 0
    assert holds.tolist() == [True] * n_holding + [False] * (len(matrix) - n_holding)
    assert np.count_nonzero(beside, axis=1).max() <= 2
