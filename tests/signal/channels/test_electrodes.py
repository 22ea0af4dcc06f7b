"""Channel labels are read as written in the wild; positions are mne's; regions have two sides."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from eegssl.signal.channels.electrodes import (
    Channel,
    begins_like_electrode,
    geometry,
    parse_channel,
    parse_channels,
)
from eegssl.signal.channels.positions import BEHIND_EARS, OLD_NAMES, electrode_name, positions
from eegssl.signal.channels.regions import REGIONS, region_of, region_set

# fmt: off
CHBMIT = [
    "FP1-F7", "F7-T7", "T7-P7", "P7-O1", "FP1-F3", "F3-C3", "C3-P3", "P3-O1", "FP2-F4", "F4-C4",
    "C4-P4", "P4-O2", "FP2-F8", "F8-T8", "T8-P8", "P8-O2", "FZ-CZ", "CZ-PZ", "P7-T7", "T7-FT9",
    "FT9-FT10", "FT10-T8", "T8-P8",
]
# fmt: on

REFERENTIAL = [
    ("EEG FP1-REF", "Fp1", "REF"),
    ("EEG FP1-LE", "Fp1", "LE"),
    ("EEG Fp1", "Fp1", ""),
    ("EEGFP1", "Fp1", ""),
    ("Fp1", "Fp1", ""),
    (" fp 1 ", "Fp1", ""),
    ("EEG Fp2-Ref", "Fp2", "REF"),
    ("Fp1-Avg", "Fp1", "AVG"),
    ("Fp1-AV", "Fp1", "AVG"),
    ("C3-A1+A2", "C3", "A1A2"),
    ("C3-(A1+A2)/2", "C3", "A1A2"),
    ("C3:A1A2", "C3", "A1A2"),
    ("Fc5.", "FC5", ""),
    ("Iz..", "Iz", ""),
    ("T10.", "T10", ""),
    ("Fp1-0", "Fp1", ""),
    ("EEG FP1-REF-1", "Fp1", "REF"),
    ("EEG T1-REF", "T1", "REF"),
    ("EEG A1-REF", "A1", "REF"),
    ("EEG T3", "T7", ""),
    ("EEG T4-LE", "T8", "LE"),
    ("T5", "P7", ""),
    ("T6", "P8", ""),
    ("FC1-Ref", "FC1", "REF"),
    ("C6-CS2", "C6", "CS2"),
    ("EEG Fp1-CLE", "Fp1", "CLE"),
    ("Fp1-LER", "Fp1", "LER"),
    ("Fp1-REFERENCE", "Fp1", "REF"),
    ("Fp1-Ref1", "Fp1", "REF1"),
    ("Cz-AA", "Cz", "AA"),
    ("C3-Avr", "C3", "AVG"),
    ("C3 REF", "C3", "REF"),
    ("CzLE", "Cz", "LE"),
    ("C3-A1-A2", "C3", "A1A2"),
    ("EEG.AF3", "AF3", ""),
    ("EEG.AF3.Ref", "AF3", "REF"),
    ("Fp1/Qxz", "Fp1", "UNKNOWN"),
    ("F3_ABCD2", "F3", "UNKNOWN"),
    ("OorLiTop", "BTE1", ""),
    ("OorReAchter", "BTE4", ""),
]
DERIVATIONS = [
    ("FP1-F7", ("Fp1", "F7")),
    ("T8-P8-0", ("T8", "P8")),
    ("T8-P8-1", ("T8", "P8")),
    ("EEG Fpz-Cz", ("Fpz", "Cz")),
    ("EEG C3-CZ", ("C3", "Cz")),
    ("Fp1 – F3", ("Fp1", "F3")),
    ("T3-T5", ("T7", "P7")),
    ("A1-T3", ("A1", "T7")),
    ("P3-01", ("P3", "O1")),
    ("EEG F3-01-0", ("F3", "O1")),
    ("F3/C3", ("F3", "C3")),
    ("BTEleft SD", ("BTE1", "BTE3")),
    ("BTEright SD", ("BTE2", "BTE4")),
    ("CROSStop SD", ("BTE1", "BTE2")),
]
NOT_EEG = [
    ("EEGECG", "ECG", "ecg"),
    ("ECG ECG", "ECG", "ecg"),
    ("EKG EKG", "ECG", "ecg"),
    ("ECG EKG-REF", "ECG", "ecg"),
    ("EEG EKG1-REF", "ECG1", "ecg"),
    ("ECG EKG", "ECG", "ecg"),
    ("ECG SD", "ECG", "ecg"),
    ("ECG SMITH", "ECG", "ecg"),
    ("ECGSMITH 19770203", "ECG", "ecg"),
    ("EKG II", "ECG-II", "ecg"),
    ("EKG1-CHIN", "ECG1", "ecg"),
    ("EKG1-EKG2", "ECG1-ECG2", "ecg"),
    ("EOG horizontal", "EOG-HORIZONTAL", "eog"),
    ("EOG VEOG_II", "VEOG-II", "eog"),
    ("EEG ROC-REF", "ROC", "eog"),
    ("LOC-A2", "LOC", "eog"),
    ("LOC-ROC", "LOC-ROC", "eog"),
    ("EOG left Miller", "EOG-LEFT", "eog"),
    ("EMG submental", "EMG-SUBMENTAL", "emg"),
    ("EMG Tom", "EMG", "emg"),
    ("CHIN1", "CHIN1", "emg"),
]
# fmt: off
OTHERS = [
    "SPO2", "HR", "MK", "1", "2", "STI 014", "Status", "EDF Annotations", "VNS", "PHOTIC-REF",
    "--0", "-", ".", "", "EEG", "Sph1", "POL E", "POL A1", "EEG A2-A1", "A1-M2", "EEG Fp1-Fp1",
    "EEG 26-REF", "EEG C3P-REF", "Fp1-F7-T7", "EEG SP1-REF", "Resp abdomen",
    "O2-SAT", "O2 Sat", "O2_STAT", "T1-Temp", "F8-Leg", "Fp1-Smith", "Fp1-X1", "C3-C21", "FzP",
    "EEG 20-REF", "Jane Smith", "01", "Resp Effort", "LUE-RAE",
]
# fmt: on


@pytest.mark.parametrize(("label", "name", "reference"), REFERENTIAL)
def test_a_referential_label_gives_its_electrode_and_reference(label, name, reference):
    assert parse_channel(label) == Channel(name, "eeg", (name,), reference)


@pytest.mark.parametrize(("label", "electrodes"), DERIVATIONS)
def test_a_derivation_gives_both_electrodes(label, electrodes):
    assert parse_channel(label) == Channel("-".join(electrodes), "eeg", electrodes, "")


def test_an_ear_reference_stays_in_the_name_but_is_no_second_electrode():
    assert parse_channel("EEG FP1-A1") == Channel("Fp1-A1", "eeg", ("Fp1",), "A1")
    assert parse_channel("C3-M2") == Channel("C3-M2", "eeg", ("C3",), "M2")
    assert {parse_channel(c).name for c in ("C3/A2", "C3A2", "EEG C3 A2", "C3.A2")} == {"C3-A2"}
    assert geometry(["Fp1-A1"]).regions.tolist() == geometry(["Fp1"]).regions.tolist()


@pytest.mark.parametrize(("label", "name", "kind"), NOT_EEG)
def test_other_biosignals_keep_their_kind(label, name, kind):
    assert parse_channel(label) == Channel(name, kind, (), "")


@pytest.mark.parametrize("label", OTHERS)
def test_what_is_no_eeg_is_other(label):
    channel = parse_channel(label)
    assert (channel.kind, channel.electrodes, channel.reference) == ("other", (), "")


LABELS = [row[0] for rows in (REFERENTIAL, DERIVATIONS, NOT_EEG) for row in rows] + OTHERS
WORDS = ["EEG", "ECG", "EKG ", "EOG", "LOC", "POL ", "REF", "A1", "Fp1", "T3", "cz", "-0"]
PIECES = st.sampled_from([*"- .:_019ßİ", *WORDS])


@given(st.text(max_size=40) | st.lists(PIECES, max_size=7).map("".join))
def test_any_text_is_read_and_its_canonical_name_reads_the_same(label):
    channel = parse_channel(label)
    again = parse_channel(channel.name)
    assert (again.name, again.kind, again.electrodes) == (
        channel.name,
        channel.kind,
        channel.electrodes,
    )


@given(st.sampled_from(LABELS), st.sampled_from([str.lower, str.upper, str.swapcase]), st.data())
def test_case_and_surrounding_spaces_change_nothing(label, case, data):
    words = case(label).split(" ")
    gaps = data.draw(st.lists(st.sampled_from([" ", "  ", "\t "]), min_size=len(words)))
    respaced = "".join(gap + word for gap, word in zip(gaps, words, strict=False)) + " "
    assert parse_channel(respaced) == parse_channel(label)


@given(st.sampled_from(sorted(positions())), st.sampled_from(["", " ", "  "]))
def test_every_electrode_of_the_table_is_read_in_any_spacing(name, gap):
    assert parse_channel(f"eeg {gap.join(name.lower())} - ref").electrodes == (name,)


def test_contacts_of_a_grid_are_no_scalp_electrodes():
    biosemi = [f"{letter}{n}" for letter in "ABCD" for n in range(1, 33)]
    assert {c.kind for c in parse_channels([*biosemi, "EEG A1-REF", "A1-A2"])} == {"other"}
    mixed = parse_channels(["F9", "F10", "F11", "Fp1", "C3", "E1", "T3-T5", "F9-C3"])
    assert [c.kind == "eeg" for c in mixed] == [0, 0, 0, 1, 1, 0, 1, 0]


@given(st.lists(st.sampled_from(CHBMIT + [row[0] for row in REFERENTIAL + NOT_EEG])))
def test_in_a_scalp_recording_labels_read_the_same_together_and_alone(labels):
    alone = [parse_channel(label) for label in labels]
    for one, other in zip(parse_channels(labels), alone, strict=True):
        if one.reference.startswith("UNKNOWN-"):  # the second such word in a recording
            one = replace(one, reference="UNKNOWN")
        if one.kind == "eeg":
            assert one == other
        else:  # doubled ones are numbered
            assert one.kind == other.kind
            assert one.name.startswith(other.name)


@given(st.lists(st.sampled_from([row[0] for row in NOT_EEG])))
def test_channels_beside_the_eeg_have_distinct_names(labels):
    names = [channel.name for channel in parse_channels(labels)]
    assert len(set(names)) == len(names)


def test_doubled_channels_beside_the_eeg_are_numbered():
    labels = ["ECG", "EKG EKG", "ECG-2", "ECG1", "Fp1", "Fp1"]
    names = [channel.name for channel in parse_channels(labels)]
    assert names == ["ECG", "ECG-2", "ECG-2-2", "ECG1", "Fp1", "Fp1"]


PERSONS = ["SMITH", "Müller", "jane", "O'Neil", "19770203", "Ecgberht", "Elochukwu", "1234567"]


@given(st.lists(PIECES | st.sampled_from(PERSONS), max_size=7), st.data())
def test_no_name_holds_what_a_label_says_of_a_person(pieces, data):
    person = data.draw(st.sampled_from(PERSONS))
    pieces.insert(data.draw(st.integers(0, len(pieces))), f" {person} ")
    for channel in (parse_channel("".join(pieces)), *parse_channels(["".join(pieces)])):
        assert not any(who.upper() in channel.name.upper() for who in PERSONS)


COMMON_CZ = [f"{e}-Cz" for e in ("Fp1", "Fp2", "F3", "F4", "C3", "T3", "T4", "O1")]


def test_eight_electrodes_against_one_are_referential():
    channels = parse_channels([*COMMON_CZ, "ECG", "F7-F3"])
    assert channels[5] == Channel("T7", "eeg", ("T7",), "Cz")
    assert {channel.reference for channel in channels[:8]} == {"Cz"}
    assert channels[9].electrodes == ("F7", "F3")
    assert all(c == parse_channel(c.name) for c in channels[8:])
    fewer = parse_channels(COMMON_CZ[1:])
    assert {len(channel.electrodes) for channel in fewer} == {2}
    doubled = parse_channels([*COMMON_CZ[1:], *COMMON_CZ[1:3]])
    assert {len(channel.electrodes) for channel in doubled} == {2}


def test_a_name_that_is_taken_stays_a_derivation():
    channels = parse_channels([*COMMON_CZ, "EEG C3-REF"])
    assert channels[4].electrodes == ("C3", "Cz")
    assert channels[8] == Channel("C3", "eeg", ("C3",), "REF")


@pytest.mark.parametrize(
    ("label", "like"),
    [("EEG C3P-REF", 1), ("Fp1-Smith", 1), ("FzP", 1), ("Fp1-F7-T7", 1), ("C3", 1), ("A1", 1)]
    + [("POL Fp2", 1), ("POL FZ", 1), ("POL AF7-Ref", 1), ("POL C3", 0), ("POL DC01", 0)]
    + [(label, 0) for label in ("O2 Sat", "T1-Temp", "A2-A1", "POL A1", "SPO2", "EEG1", "")],
)  # fmt: skip
def test_a_label_that_begins_like_an_electrode_can_be_told(label, like):
    assert begins_like_electrode(label) == bool(like)


def test_no_electrode_of_a_double_banana_is_a_common_reference():
    assert [c.name for c in parse_channels(CHBMIT)] == [parse_channel(n).name for n in CHBMIT]


def test_a_zero_for_an_o_is_read_where_the_electrode_is_missing():
    # fmt: off
    chb12 = ["F7", "T7", "P7", "-", "FP1", "F3", "C3", "P3", "01", "-", "FZ", "CZ", "PZ", "O2"]
    # fmt: on
    names = [channel.name for channel in parse_channels(chb12)]
    assert names[7:9] == ["P3", "O1"]
    assert [c.kind for c in parse_channels([*chb12, "O1"])][8] == "other"
    assert parse_channels(["01", "02", "O2"])[0].kind == "other"


def test_positions_are_those_of_mne():
    mne = pytest.importorskip("mne")
    known = mne.channels.get_builtin_montages()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        montage = mne.channels.make_standard_montage(
            "colin27_1005" if "colin27_1005" in known else "standard_1005"
        )
    to_head = mne.channels.compute_native_head_t(montage)
    head = {
        name: mne.transforms.apply_trans(to_head, xyz)
        for name, xyz in montage.get_positions()["ch_pos"].items()
    }
    names = [n for n in positions() if n not in {"T1", "T2"} | BEHIND_EARS.keys()]
    theirs = np.array([head[n] for n in names])
    scalp = np.array([n not in ("A1", "A2", "M1", "M2") for n in names])

    def deviation(radii):
        return radii - radii.mean()

    # the geometric fit of a sphere; bench/make_electrodes.py makes the algebraic one
    centre = scipy.optimize.least_squares(
        lambda c: deviation(np.linalg.norm(theirs[scalp] - c, axis=1)),
        theirs[scalp].mean(axis=0),
    ).x
    unit = (theirs - centre) / np.linalg.norm(theirs - centre, axis=1, keepdims=True)
    angle = np.degrees(np.arccos(np.clip((unit * [positions()[n] for n in names]).sum(1), -1, 1)))
    assert angle.max() < 1.0
    assert np.array_equal(positions()["T1"], positions()["FT9"])


def test_axes_are_right_nose_and_up():
    place = positions()
    assert place["T8"][0] > 0.9
    assert place["T7"][0] < -0.9
    assert place["Fpz"][1] > 0.9
    assert place["Oz"][1] < -0.9
    assert place["Cz"][2] > 0.9
    assert all(abs(np.linalg.norm(p) - 1) < 1e-6 for p in place.values())
    assert all(electrode_name(old) == new for old, new in OLD_NAMES.items())


def test_every_electrode_has_a_region_and_its_mirror_image_the_opposite_one():
    opposite = {"LF": "RF", "LT": "RT", "LC": "RC", "O": "O", "M": "M"}
    opposite |= {right: left for left, right in opposite.items()}
    for name in positions():
        region = region_of(name)
        assert region in REGIONS
        number = name.lstrip("ABEFpTCPOIM")
        if number == "z":
            assert region in ("O", "M")
        else:
            other = int(number) + (1 if int(number) % 2 else -1)
            assert region_of(f"{name[: -len(number)]}{other}") == opposite[region]
    eight = region_set()
    for region, members in zip(eight.names, eight.members, strict=True):
        assert all(region_of(e) == region for e in members)
    assert region_of("X9") is None


def test_a_derivation_lies_in_the_regions_of_both_electrodes():
    told = geometry(["Fp1", "P7-O1", "ECG", "EEG T3-REF", "F7-F3"])
    rows = [[REGIONS[r] for r in np.flatnonzero(row)] for row in told.regions]
    assert rows == [["LF"], ["LT", "O"], [], ["LT"], ["LF"]]
    assert told.located.tolist() == [
        [True, False],
        [True, True],
        [False, False],
        [True, False],
        [True, True],
    ]
    assert np.array_equal(told.positions[1], [positions()["P7"], positions()["O1"]])
    assert not told.positions[2].any()
    assert not told.positions[0, 1].any()
    assert [a.dtype for a in told] == [np.float32, np.bool_, np.float32]


def test_geometry_follows_its_channels():
    order = np.random.default_rng(0).permutation(len(CHBMIT))
    there, back = geometry(CHBMIT), geometry([CHBMIT[i] for i in order])
    assert all(np.array_equal(a[order], b) for a, b in zip(there, back, strict=True))
    assert there.regions.any(axis=0).all()  # every region is seen, O too
    assert geometry([]).positions.shape == (0, 2, 3)
