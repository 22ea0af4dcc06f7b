"""The same odd files read by eegssl, mne and pyedflib, side by side: who says what is in them?

Run ``python bench/peers.py``; prints two Markdown tables. Every file is made here, so that its
content is known: samples (in µV), the time of each piece, annotations, or that it can't be read
rightly at all. Every reader runs with its default options in a process of its own with a limit of
20 s, so that a crash or a hang is seen. *Right* means the samples to half a quantization step at
their own rate and their true time, and the annotations; for a file without one meaning it means
that the reader refuses. A reader that raises any exception refuses; its words are cited. A second
table counts what the readers do with files broken at random; a plain decoder knows the truth.
"""

import importlib.metadata
import json
import multiprocessing
import os
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import mne
import numpy as np
import pyedflib
from peer_files import Case, cases, mutants

from eegssl.errors import RecordingRefused
from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.header import read_header
from eegssl.io.edf.samples import read_signals

LIMIT_S = 20
ROUNDS = 4
FORK = multiprocessing.get_context("fork")


def read_eegssl(path: Path) -> dict[str, object]:
    header = read_header(path)
    signals: list[object] = []
    for index in header.ordinary_signals:
        try:
            signals.append(read_signals(header, [index])[0].tolist())
        except RecordingRefused:
            signals.append(None)
    per_record = max((header.samples_per_record[i] for i in header.ordinary_signals), default=0)
    return {
        "signals": signals,
        "segments": [(s.onset_s, s.n_records * per_record) for s in header.segments],
        "annotations": [(note.onset_s, note.text) for note in scan_annotations(header).annotations],
        "says": ", ".join(f"`{note}`" for note in header.notes),
    }


def read_mne(path: Path) -> dict[str, object]:
    reader = mne.io.read_raw_bdf if path.suffix == ".bdf" else mne.io.read_raw_edf
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        raw = reader(path, preload=True)
    signals = (raw.get_data() * 1e6).tolist() if raw.ch_names else []
    # For files without signals its documentation names another function.
    notes = raw.annotations if raw.ch_names else mne.read_annotations(path)
    marks = zip(notes.onset.tolist(), notes.description.tolist(), strict=True)
    return {
        "signals": signals,
        "segments": [(0.0, int(raw.n_times))],
        "annotations": list(marks),
        "says": "; ".join(f"warns: {shortened(str(w.message))}" for w in caught[:1]),
    }


def read_pyedflib(path: Path) -> dict[str, object]:
    with pyedflib.EdfReader(str(path)) as reader:
        factors = {"mV": 1e3}
        n_signals = reader.signals_in_file
        signals = [
            (reader.readSignal(k) * factors.get(reader.getPhysicalDimension(k).strip(), 1)).tolist()
            for k in range(n_signals)
        ]
        onsets, _, texts = reader.readAnnotations()
    return {
        "signals": signals,
        "segments": [(0.0, max(map(len, signals), default=0))],
        "annotations": list(zip(onsets.tolist(), texts.tolist(), strict=True)),
        "says": "",
    }


READERS = {"eegssl": read_eegssl, "mne": read_mne, "pyedflib": read_pyedflib}


def shortened(text: str) -> str:
    """The first words of a message."""
    line = text.split("\n")[0]
    return line if len(line) < 70 else f"{line[:67]}..."


def attempt(reader: str, path: Path) -> dict[str, object]:
    """What a reader makes of a file: its content, or how it failed."""
    answer = path.with_suffix(f".{reader}.json")
    child = FORK.Process(target=answer_to, args=(reader, path, answer))
    child.start()
    child.join(LIMIT_S)
    if child.exitcode is None:
        child.kill()
        child.join()
        return {"failed": f"**hangs** (more than {LIMIT_S} s)"}
    if child.exitcode < 0:
        return {"failed": f"**crashes** (signal {-child.exitcode})"}
    return json.loads(answer.read_text())


def answer_to(reader: str, path: Path, answer: Path) -> None:
    """In the process of its own, without its output: any exception is an answer as well."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    try:
        found = READERS[reader](path)
    except Exception as error:  # noqa: BLE001  (what a reader raises is what is asked)
        words = shortened(str(error).replace(str(path), "FILE"))
        found = {"refused": f"{type(error).__name__}: {words}"}
    answer.write_text(json.dumps(found))


def verdict(truth: Case, found: dict) -> str:
    """Right, or what is wrong, or how it refuses."""
    if "failed" in found:
        return found["failed"]
    if "refused" in found:
        return f"{'right, ' * truth.refuse}refuses ({found['refused']})"
    wrong = ["reads it as if it were whole"] if truth.refuse else differences(truth, found)
    says = f" ({found['says']})" if found["says"] else ""
    if not wrong:
        return f"right{says}"
    word = "differs" if all("documented" in what for what in wrong) else "**wrong**"
    return f"{word}: {'; '.join(wrong)}{says}"


def differences(truth: Case, found: dict) -> list[str]:
    wrong = []
    if len(found["signals"]) != len(truth.signals_uv):
        return [f"{len(found['signals'])} signals, expected {len(truth.signals_uv)}"]
    steps_uv = np.broadcast_to(truth.step_uv, len(truth.signals_uv))
    for k, (true_uv, uv) in enumerate(zip(truth.signals_uv, found["signals"], strict=True), 1):
        if true_uv is None:
            continue
        if len(true_uv) == 0:
            wrong += [f"signal {k} gets values, though its limits give no scale"] if uv else []
        elif uv is None:
            wrong.append(f"signal {k} not read")
        elif len(uv) > len(true_uv) and len(uv) == max(map(len, found["signals"])):
            wrong.append(f"signal {k} upsampled from {len(true_uv)} to {len(uv)} (documented)")
        elif len(uv) != len(true_uv):
            wrong.append(f"signal {k} has {len(uv)} samples, expected {len(true_uv)}")
        elif not np.allclose(uv, true_uv, rtol=1e-9, atol=steps_uv[k - 1] / 2):
            wrong.append(f"signal {k} differs")
    if truth.segments and [(round(t, 3), n) for t, n in found["segments"]] != truth.segments:
        wrong.append("the pieces are joined, the time of the second is lost")
    if truth.annotations is None:
        return wrong
    notes = sorted((round(onset, 3), text) for onset, text in found["annotations"])
    if notes != sorted(truth.annotations):
        wrong.append(f"annotations {notes}, expected {sorted(truth.annotations)}")
    return wrong


def cell(text: str) -> str:
    return text.replace("|", "/")


def table_of_files(folder: Path) -> None:
    names = " | ".join(f"{reader} {importlib.metadata.version(reader)}" for reader in READERS)
    print(f"| file | what is in it | {names} |\n|---|---|---|---|---|")
    for name, truth in cases().items():
        path = folder / name
        path.write_bytes(truth.content)
        answers = [cell(verdict(truth, attempt(reader, path))) for reader in READERS]
        what = truth.what + (" (can't be read rightly)" if truth.refuse else "")
        print(f"| `{name}` | {what} | {' | '.join(answers)} |", flush=True)


def table_of_mutants(folder: Path) -> None:
    """How often each reader does what; samples and times are compared, annotations are not."""
    counts: dict[str, Counter[str]] = {reader: Counter() for reader in READERS}
    for name, truth in mutants(ROUNDS):
        path = folder / name
        path.write_bytes(truth.content)
        for reader in READERS:
            counts[reader][outcome(truth, attempt(reader, path))] += 1
    print(f"\n{sum(counts['eegssl'].values())} small files of every kind, broken at random:\n")
    print(f"| outcome | {' | '.join(READERS)} |\n|---|---|---|---|")
    for kind in sorted({kind for count in counts.values() for kind in count}):
        print(f"| {kind} | {' | '.join(str(counts[reader][kind]) for reader in READERS)} |")


def outcome(truth: Case, found: dict) -> str:
    if "failed" in found:
        return found["failed"]
    if "refused" in found:
        return "refused, it has no meaning" if truth.refuse else "refused, it has a meaning"
    if truth.refuse:
        return "**read, it has no meaning**"
    wrong = [what for what in differences(truth, found) if "documented" not in what]
    if not wrong:
        return "read as it says"
    joined = all("joined" in what for what in wrong)
    return "**read with its gaps closed**" if joined else "**read otherwise than it says**"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        table_of_files(Path(folder))
        table_of_mutants(Path(folder))


if __name__ == "__main__":
    main()
