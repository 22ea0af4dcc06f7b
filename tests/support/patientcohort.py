"""A small cohort of patients with an outcome, and the command that asks for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clirun import Pipeline, Ran, eegssl
from downstream import NAMES, PATIENTS, RATE_HZ, sets, table_of, theta
from downstream import refused as refused_plainly

from eegssl.io.edf.edf_writer import write_edf

N = 14
SUBJECTS = tuple(f"sub-{k}" for k in range(70, 70 + N))
Rows = dict[str, dict[str, object]]
Analyse = Callable[..., Ran]


def good(k: int) -> bool:
    return k % 2 == 0


def plain_rows(label: str = "responder") -> Rows:
    """Every patient with an outcome that says nothing of age or of earlier seizures."""
    words = ("yes", "no") if label == "responder" else ("good", "poor")
    return {s: {label: words[not good(int(s[4:]))]} for s in SUBJECTS}


def write_cohort(root: Path, effect: float, sessions: tuple[str, ...] = ("01",)) -> Path:
    """Theta that is larger in those who fare well, in the last session only."""
    for s in SUBJECTS:
        k = int(s[4:])
        for j, session in enumerate(sessions):
            folder = root / s / f"ses-{session}" / "eeg"
            folder.mkdir(parents=True)
            signal = theta(2 * k + j, good(k) and session == sessions[-1], effect)
            labels = [f"EEG {n.upper()}-REF" for n in NAMES]
            path = folder / f"{s}_ses-{session}_eeg.edf"
            write_edf(path, signal, labels, RATE_HZ, physical_max_uv=3000.0)
    return root


def inputs_of(folder: Path) -> dict[str, Any]:
    inputs = json.loads((folder / "metrics.json").read_text())["inputs"]
    assert isinstance(inputs, dict)
    return inputs


def refused(ran: Ran, codes: tuple[int, ...], *words: str) -> None:
    """One message with these words, and without a name."""
    refused_plainly(ran, codes, *words)
    assert not [s for s in SUBJECTS if s in ran.err], "a name on the terminal"


def counted(folder: Path, patients: int) -> None:
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["counts"]["Patients"] == patients


def analysis_of(tiny: Pipeline, recordings: dict[str, Path], folder: Path) -> Analyse:
    """Analyse a cohort with these rows, or this text, of ``participants.tsv``."""

    def run(which: str, rows: Rows | str, *more: object, out: str = "out", **settings: Any) -> Ran:
        table = folder / "participants.tsv"
        table.write_bytes((rows if isinstance(rows, str) else table_of(rows)).encode())
        task = "rftc-outcome" if which == "paired" else "asm-efficacy"
        chosen = PATIENTS | {"table": table, "window_s": 4}
        chosen |= {k.replace("__", "."): v for k, v in settings.items()}
        words = ["finetune", recordings[which], "--encoder", tiny.encoder, "--task", task]
        return eegssl(*words, "--out", folder / out, *sets(chosen), *more)

    return run
