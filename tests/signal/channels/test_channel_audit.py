"""The audit says what labels became, how often, and nothing of whom they may name."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realdata import real_data

from eegssl.signal.channels.channel_audit import AuditRow, audit_one, audit_rows
from eegssl.signal.channels.channel_vocabulary import WITHHELD, may_be_shown, shown


def audit(label_lists):
    """The audit of recordings by their labels."""
    return audit_rows(sum((audit_one(labels) for labels in label_lists), Counter()))


# fmt: off
TUH = [
    "EEG FP1-REF", "EEG A1-REF", "EEG T3-REF", "EEG 20-REF", "EEG SP1-REF", "EEG EKG1-REF",
    "EEG ROC-REF", "PHOTIC-REF", "IBI", "BURSTS", "SUPPR", "EEG C3P-REF", "EMG-REF", "DC8-DC",
    "EEG LUC-REF", "EEG PG1-REF", "RESP ABDOMEN-REF", "PULSE RATE",
]
SHOWN = [
    *TUH, "T8-P8-0", "--0", "-", ".", "VNS", "FC1-Ref", "F7-CS2", "LOC-ROC", "EKG1-CHIN", "01",
    "EEG Fp1", "BTEleft SD", "CROSStop SD", "EEG Fpz-Cz", "EOG horizontal", "EMG submental",
    "Resp oro-nasal", "Temp rectal", "Event marker", "EEG Fp1-Ref", "ECG EKG", "Resp Effort",
    "C3-(A1+A2)/2", "Fc5.", "SPO2", "SaO2", "OSAT", "POL E", "E128", "Status", "TRIGGER", "HR",
    "EEG  Fp1", "ECG-2", "PR", "Beat",
]
HIDDEN = [
    "Jane Smith", "EEG Fp1 Smith", "ECG Smith", "J S", "12-03-1977", "12 03", "MRN 1234567",
    "P1234", "Müller", "ECGSmith", "Fp1-Smith", "ＥＣＧ", "A1234",
]
# fmt: on


@pytest.mark.parametrize("label", SHOWN)
def test_channel_words_are_shown_as_found(label):
    assert shown(label) == " ".join(label.split())


@pytest.mark.parametrize("label", HIDDEN)
def test_other_text_is_not(label):
    assert shown(label) == WITHHELD
    (row,) = audit([[label]])
    assert row.label == WITHHELD
    assert row.became in {"", "ECG"}


def test_the_audit_counts_recordings():
    rows = audit([TUH[:6], TUH[:3] + TUH[:3], ["FP1-F7", "ECG", "ECG", "John Doe", "Dr. Who"]])
    assert rows == [
        AuditRow("EEG A1-REF", "A1", "eeg", "REF", 2),
        AuditRow("EEG FP1-REF", "Fp1", "eeg", "REF", 2),
        AuditRow("EEG T3-REF", "T7", "eeg", "REF", 2),
        AuditRow("FP1-F7", "Fp1-F7", "eeg", "", 1),
        AuditRow("ECG", "ECG", "ecg", "", 1),
        AuditRow("ECG", "ECG-2", "ecg", "", 1),
        AuditRow("EEG EKG1-REF", "ECG1", "ecg", "", 1),
        AuditRow(WITHHELD, "", "other", "", 1),
        AuditRow("EEG 20-REF", "", "other", "", 1),
        AuditRow("EEG SP1-REF", "", "other", "", 1),
    ]


def test_the_audit_shows_a_common_reference():
    labels = [f"{e}-Cz" for e in ("Fp1", "Fp2", "F3", "F4", "C3", "C4", "O1", "O2")]
    assert AuditRow("C3-Cz", "C3", "eeg", "Cz", 1) in audit([labels])
    assert AuditRow("C3-Cz", "C3-Cz", "eeg", "", 1) in audit([labels[1:]])


@given(st.lists(st.lists(st.sampled_from(SHOWN + HIDDEN), max_size=6), max_size=6))
def test_parts_merge_to_the_whole(label_lists):
    counts = Counter()
    for labels in label_lists:
        counts.update(audit_one(labels))
    rows = audit_rows(counts)
    assert rows == audit(label_lists)
    assert all(1 <= row.n <= len(label_lists) for row in rows)


@given(st.text(max_size=12))
def test_what_is_shown_is_in_the_vocabulary(text):
    if may_be_shown(text):
        assert text.isascii()
        assert all(may_be_shown(word) for word in text.split())
    assert not may_be_shown(f"{text} Elochukwu")


def summary_montages(text):
    """The lists of channels in a CHB-MIT summary."""
    lists = []
    for line in text.splitlines():
        match = re.fullmatch(r"Channel (\d+): *(\S*) *", line)
        if match and match[1] == "1":
            lists.append([])
        if match:
            lists[-1].append(match[2])
    return lists


@pytest.mark.real
def test_every_montage_of_chbmit_is_read():
    paths = sorted(real_data("chbmit_summaries").rglob("*summary.txt"))
    montages = [labels for path in paths for labels in summary_montages(path.read_text())]
    assert len(montages) > 25
    rows = audit(montages)
    left = {row.label for row in rows if row.kind == "other"}
    assert left == {"-", "VNS", WITHHELD}  # withheld: LUE-RAE, which two things may be
    assert {row.label: row.became for row in rows if row.kind in ("ecg", "eog")} == {
        "ECG": "ECG",
        "EKG1-CHIN": "ECG1",
        "EKG1-EKG2": "ECG1-ECG2",
        "LOC-ROC": "LOC-ROC",
    }
    assert AuditRow("01", "O1", "eeg", "", 1) in rows
    cs2 = [row for row in rows if row.reference == "CS2"]
    assert len(cs2) == 24
    assert not any("-" in row.became for row in cs2)
    derivations = {row.label for row in rows if "-" in row.became and row.kind == "eeg"}
    assert {"T8-P8", "FT9-FT10", "PZ-OZ"} <= derivations
    assert {row.reference for row in rows} == {"", "CS2", "REF"}


@pytest.mark.real
def test_labels_of_real_files_are_read():
    from eegssl.io.edf.header import read_header

    folders = [real_data("eegmat"), real_data("chbmit_clips"), real_data("formats/epilepsy2bids")]
    headers = [read_header(p) for folder in folders for p in sorted(folder.rglob("*.edf"))]
    rows = audit([[h.labels[i] for i in h.ordinary_signals] for h in headers])
    strange = {row.label for row in rows if row.kind == "other" and "EEG" in row.label.upper()}
    assert strange == {"EEG A2-A1"}
    assert not any(row.label == WITHHELD for row in rows)
    assert {row.became for row in rows if row.kind == "ecg"} == {"ECG"}
