"""A folder of recordings with a name in every place where people type, and every refusal."""

from pathlib import Path

import numpy as np
from edf_bytes import EdfSpec, Signal, noise, plain, plus, time_stamps

PLACES = {
    "patient": "Wexelmann",
    "patient in Latin-1": "Müllenhoff",
    "code": "PQ7734521",
    "birth": "17-MAR-1951",
    "recording": "Quistgaard",
    "equipment": "Tegnérlab",
    "label": "Ombrovic",
    "label beside EEG": "Fp1-Kierulf",
    "transducer": "Tchaikow",
    "unit": "Urqhart",
    "prefilter": "Peljesac",
    "reserved": "Gundersen",
    "reserved of a signal": "Ijsselmo",
    "annotation": "Annunziat",
    "annotation of a seizure": "Bergamini seizure?",
    "channel of an event": "Zoetermer",
    "event type": "Overloop",
    "note": "Bjornstad",
    "confidence": "Veldkamp",
    "table": "Vroomshop",
    "seizures file": "Drenthelm",
    "file name": "Hellendorn",
    "folder name": "Steenwyk",
    "odd name": "Nørgaard's $x{0} [b]%s",
    "not an EDF": "Pietersma",
}
"""Place -> the name planted there; no word of them is one that eegssl writes itself."""

REFUSED = {
    *("not-edf", "header", "damaged", "discontinuous", "text-mode", "no-records"),
    *("no-eeg", "limits", "unit", "events", "subject", "too-short", "unreadable"),
}
"""Every code that a file can be refused with, but for those of a worker that is stopped."""

_SECONDS, _RATE = 24, 100
_START, _TIME = "13.05.87", "21.43.58"
DATES = (_START, "1987-05-13", "13-MAY-1987", "1951-03-17", _TIME, "21:43:58")


def write_planted(root: Path) -> Path:
    """Six good subjects and a file for each code of refusal, below a folder with a name."""
    base = root / PLACES["folder name"]
    for k in range(6):
        folder = base / f"{PLACES['folder name']}_{k}" / PLACES["odd name"]
        folder.mkdir(parents=True)
        path = folder / f"{PLACES['file name']} {k}.edf"
        path.write_bytes(planted(k).bytes() if k else latin(planted(k)))
        if k % 2:
            _write_events(path)
    (base / "participants.tsv").write_text(
        f"participant_id\tage\tsex\tname\nsub-1\t61\tF\t{PLACES['table']}\n"
    )
    (base / f"{PLACES['table']}.txt").write_text(f"notes on {PLACES['table']}\n")
    for code, data in broken().items():
        folder = base / f"{PLACES['folder name']}_{code}"
        folder.mkdir()
        (folder / f"{PLACES['file name']}_{code}.edf").write_bytes(data)
    _refused_for_what_lies_beside(base)
    return base


def planted(k: int = 0, **changes: object) -> EdfSpec:
    """A good EDF+ of 24 s, four EEG channels and one beside, with a name in each field."""
    p = PLACES
    eeg = [Signal(noise(_SECONDS * _RATE, 9 * k + c), f"EEG {name}") for c, name in enumerate(_EEG)]
    aside = [
        Signal(noise(_SECONDS * _RATE, 99), p["label"], p["unit"]),
        Signal(noise(_SECONDS * _RATE, 98), p["label beside EEG"]),
        Signal(noise(_SECONDS * _RATE, 97), f"ECG {p['label']}"),
    ]
    tals = time_stamps([str(second) for second in range(_SECONDS)])
    texts = {3: p["annotation"], 4: p["annotation of a seizure"], 5: "Müllenhoff", 6: "sz"}
    for second, text in texts.items():
        length = b"\x155" if text == "sz" else b""
        tals[second] += b"+%d%s\x14%s\x14\x00" % (second, length, text.encode())
    options: dict[str, object] = {
        "kind": f"EDF+C {p['reserved']}",
        "tals": tals,
        "tal_bytes": 80,
        "patient": f"{p['code']}{k} F {p['birth']} {p['patient']}",
        "main": {
            (88, 168): f"Startdate 13-MAY-1987 {p['recording']} X X".encode(),
            (168, 176): _START.encode(),
            (176, 184): _TIME.encode(),
        },
    }
    return Planted([*eeg, *aside], _SECONDS, **options | changes)  # type: ignore[arg-type]


_EEG = ("Fp1-REF", "C3-REF", "O1-REF", "O2-REF")


class Planted(EdfSpec):
    """An EDF whose transducer, prefilter and reserved fields hold names too."""

    def header(self) -> bytes:
        raw = bytearray(super().header())
        n = len(self.signals) + bool(self.tals)
        for width, at, name in (
            (80, 16, PLACES["transducer"]),
            (80, 16 + 80 + 8 + 32, f"HP:0.1Hz {PLACES['prefilter']}"),
            (32, 16 + 80 + 8 + 32 + 80 + 8, PLACES["reserved of a signal"]),
        ):
            for i in range(n):
                start = 256 + at * n + width * i
                raw[start : start + len(name)] = name.encode()
        return bytes(raw)


def latin(spec: EdfSpec) -> bytes:
    """The file with names in Latin-1 in its patient and recording fields."""
    raw = bytearray(spec.bytes())
    raw[8:88] = f"{PLACES['code']}0 F X {PLACES['patient in Latin-1']}".encode("latin-1").ljust(80)
    raw[88:168] = f"Startdate X X X {PLACES['equipment']}".encode("latin-1").ljust(80)
    return bytes(raw)


def broken() -> dict[str, bytes]:
    """Code -> a file that is refused with it, names in its header."""
    whole = planted(0).bytes()
    patient = f"{PLACES['code']}9 F X {PLACES['patient']}"
    bad_unit = plain(_SECONDS, patient=patient)
    bad_unit.signals[0].unit = PLACES["unit"]
    equal = plain(_SECONDS, patient=patient)
    equal.signals[0].limits = ("0", "0", "-32768", "32767")
    other = plain(_SECONDS, patient=patient)
    other.signals[0].label = PLACES["label"]
    backwards = plus(["0", "1", "0.2", "3"], patient=patient)
    shifted = bytearray(whole)
    del shifted[len(shifted) // 2]
    shifted += b"\0"
    fed = np.random.default_rng(0).integers(0, 256, 60_000, dtype=np.uint8).tobytes()
    mangled = whole[: 256 * 9] + fed.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return {
        "not-edf": PLACES["not an EDF"].encode() * 100,
        "header": whole[:184] + PLACES["code"][:8].encode() + whole[192:],
        "damaged": bytes(shifted),
        "discontinuous": backwards.bytes(),
        "text-mode": mangled,
        "no-records": whole[: 256 * 9 + 50],
        "no-eeg": other.bytes(),
        "limits": equal.bytes(),
        "unit": bad_unit.bytes(),
        "too-short": plus(["0", "1"], patient=patient).bytes(),
    }


def _write_events(path: Path) -> None:
    p = PLACES
    rows = ["onset\tduration\teventType\tchannels\tconfidence\tnote"]
    rows.append(f"8.0\t10.0\tsz\tFp1,{p['channel of an event']}\tn/a\t{p['note']}")
    rows.append(f"1.0\t2.0\t{p['event type']}\tn/a\tn/a\tn/a")
    path.with_suffix(".tsv").write_text("\n".join(rows) + "\n")


def _refused_for_what_lies_beside(base: Path) -> None:
    """Files whose labels, path or link is what is wrong."""
    events = base / f"{PLACES['folder name']}_events"
    events.mkdir()
    (events / "a.edf").write_bytes(planted(0).bytes())
    rows = (
        f"onset\tduration\teventType\tconfidence\n{PLACES['note']}\t1\tsz\t{PLACES['confidence']}\n"
    )
    (events / "a.tsv").write_text(rows)
    (events / "b.edf").write_bytes(planted(0).bytes())
    (events / "b.edf.seizures").write_bytes(PLACES["seizures file"].encode() * 9)
    (base / f"{PLACES['file name']}.edf").write_bytes(plain(_SECONDS).bytes())
    gone = base / f"{PLACES['folder name']}_gone"
    gone.mkdir()
    (gone / f"{PLACES['file name']}.edf").symlink_to(f"/{PLACES['folder name']}/gone.edf")
