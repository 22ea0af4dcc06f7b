"""Montages by name, for tests of what must hold for any."""

# fmt: off
TEN_TWENTY = (
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8", "P7", "P3", "Pz",
    "P4", "P8", "O1", "O2",
)
TEN_TEN = (
    *TEN_TWENTY, "AF7", "AF3", "AFz", "AF4", "AF8", "F5", "F1", "F2", "F6", "FT9", "FT7", "FC5",
    "FC3", "FC1", "FCz", "FC2", "FC4", "FC6", "FT8", "FT10", "C5", "C1", "C2", "C6", "TP7", "CP5",
    "CP3", "CP1", "CPz", "CP2", "CP4", "CP6", "TP8", "P5", "P1", "P2", "P6", "PO7", "PO3", "POz",
    "PO4", "PO8", "Oz",
)
CHBMIT = (
    "FP1-F7", "F7-T7", "T7-P7", "P7-O1", "FP1-F3", "F3-C3", "C3-P3", "P3-O1", "FP2-F4", "F4-C4",
    "C4-P4", "P4-O2", "FP2-F8", "F8-T8", "T8-P8", "P8-O2", "FZ-CZ", "CZ-PZ", "P7-T7", "T7-FT9",
    "FT9-FT10", "FT10-T8", "T8-P8",
)
# fmt: on
BEHIND_EARS = ("BTEleft SD", "CROStop SD")
MONTAGES = {
    "10-20": TEN_TWENTY,
    "10-10": TEN_TEN,
    "bipolar": CHBMIT,
    "with unknown channels": (*TEN_TWENTY[:9], "ECG", "EMG", "X1"),
    "two channels": BEHIND_EARS,
    "one channel": ("Fpz-Cz",),
    "none located": ("ECG", "EOG"),
}
