"""Cut clips around the seizures of chb01 out of PhysioNet's CHB-MIT records.

    python examples/cut_chbmit.py CHB01_DIR CLIPS

CHB01_DIR holds chb01_03.edf … chb01_26.edf and their .edf.seizures. Four seizures are cut whole,
from 10 s before their onset to their end; of three others, the 10 s before the onset and the 10 s
from 10 s after it. Each clip is an EDF+ file of its own, its seizure an annotation.
"""

import sys
from pathlib import Path

import numpy as np

from eegssl.io.edf.edf_writer import write_edf
from eegssl.io.edf.header import read_header
from eegssl.io.edf.samples import read_signals
from eegssl.io.labels.seizures_file import read_seizures

WHOLE = ("03", "04", "15", "16")
FRAGMENTS = ("18", "21", "26")


def cut(
    source: Path, out: Path, start_s: float, stop_s: float, onset_s: float, end_s: float
) -> None:
    """Write seconds ``start_s`` to ``stop_s`` of a record; onset and end are its seizure's."""
    header = read_header(source)
    names = [header.labels[i] for i in header.ordinary_signals]
    real = [i for i, name in zip(header.ordinary_signals, names, strict=True) if name != "-"]
    rate = header.sfreq_hz(real[0])
    signal_uv = np.stack(read_signals(header, real))
    piece = signal_uv[:, round(start_s * rate) : round(stop_s * rate)]
    inside = max(0.0, min(stop_s, end_s) - max(start_s, onset_s))
    marks = [(max(0.0, onset_s - start_s), inside, "seizure")] if inside else []
    write_edf(out, piece, [header.labels[i] for i in real], rate, annotations=marks)


def main(records: Path, clips: Path) -> None:
    """Cut every clip."""
    clips.mkdir(parents=True, exist_ok=True)
    for number in (*WHOLE, *FRAGMENTS):
        source = records / f"chb01_{number}.edf"
        event = read_seizures(source.with_name(source.name + ".seizures"))[0]
        onset, end = event.onset_s, event.onset_s + event.duration_s
        pieces = {"m10_to_0": (onset - 10, onset), "p10_to_p20": (onset + 10, onset + 20)}
        if number in WHOLE:
            pieces = {"m10_to_end": (onset - 10, end)}
        for name, (start, stop) in pieces.items():
            cut(source, clips / f"chb01_{number}_{name}.edf", start, stop, onset, end)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
