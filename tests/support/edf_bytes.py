"""EDF and BDF files made byte by byte for tests, right or broken at will (no writer involved)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Signal:
    """One ordinary signal: digital values int [T], T a multiple of the number of records."""

    values: np.ndarray
    label: str = "EEG Fp1"
    unit: str | bytes = "uV"
    limits: tuple[str, str, str, str] = ("-3276.8", "3276.7", "-32768", "32767")


@dataclass
class EdfSpec:
    """What the bytes of a file should say; raw strings so that a test can lie."""

    signals: Sequence[Signal]
    n_records: int
    record_s: str = "1"
    kind: str = ""
    bdf: bool = False
    tals: Sequence[bytes] = ()
    tal_bytes: int = 60
    patient: str = "X X X X"
    declared: str | None = None
    main: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def header(self) -> bytes:
        n = len(self.signals) + bool(self.tals)
        width = 3 if self.bdf else 2
        main = bytearray(b" " * 256)
        main[:8] = b"\xffBIOSEMI" if self.bdf else b"0       "
        texts = {8: self.patient, 88: "Startdate X X X X", 168: "01.01.85", 176: "00.00.00"}
        declared = str(self.n_records) if self.declared is None else self.declared
        texts |= {184: str(256 * (n + 1)), 192: self.kind, 236: declared}
        texts |= {244: self.record_s, 252: str(n)}
        for start, text in texts.items():
            main[start : start + len(text)] = text.encode("latin-1")
        for (start, stop), raw in self.main.items():
            main[start:stop] = raw.ljust(stop - start)
        low, high = ("-8388608", "8388607") if self.bdf else ("-32768", "32767")
        rows = [
            (s.label, "", s.unit, *s.limits, "", str(len(s.values) // self.n_records), "")
            for s in self.signals
        ]
        if self.tals:
            name = "BDF Annotations" if self.bdf else "EDF Annotations"
            samples = str(self.tal_bytes // width)
            rows.append((name, "", "", "-1", "1", low, high, "", samples, ""))
        widths = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
        columns = [
            b"".join(as_bytes(row[i]).ljust(width)[:width] for row in rows)
            for i, width in enumerate(widths)
        ]
        return bytes(main) + b"".join(columns)

    def data(self) -> bytes:
        records = []
        for k in range(self.n_records):
            for signal in self.signals:
                per = len(signal.values) // self.n_records
                records.append(self._sample_bytes(signal.values[k * per : (k + 1) * per]))
            if self.tals:
                records.append(self.tals[k].ljust(self.tal_bytes, b"\x00"))
        return b"".join(records)

    def bytes(self) -> bytes:
        return self.header() + self.data()

    def _sample_bytes(self, values: np.ndarray) -> bytes:
        if not self.bdf:
            return values.astype("<i2").tobytes()
        return values.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def time_stamps(onsets: Sequence[str]) -> list[bytes]:
    """One time-keeping annotation a record."""
    return [f"+{onset}\x14\x14\x00".encode() for onset in onsets]


def noise(n_samples: int, seed: int = 0, spread: int = 3000) -> np.ndarray:
    """Digital values without structure."""
    return np.random.default_rng([seed, 1]).integers(-spread, spread, n_samples)


def plain(n_records: int = 4, rate: int = 50, **changes: object) -> EdfSpec:
    """A plain EDF with one EEG signal of noise."""
    return EdfSpec([Signal(noise(n_records * rate))], n_records, **changes)  # type: ignore[arg-type]


def plus(onsets: Sequence[str], rate: int = 50, **changes: object) -> EdfSpec:
    """An EDF+C with one EEG signal and a time stamp for each record."""
    options: dict[str, object] = {"kind": "EDF+C", "tals": time_stamps(onsets)} | changes
    return plain(len(onsets), rate, **options)
