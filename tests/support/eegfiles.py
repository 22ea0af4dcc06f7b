"""Recordings in other formats than EDF, made byte by byte where that is easy.

``signals`` are in µV [C, T]; ``marks`` are (onset_s, duration_s, text).
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import scipy.io
from numpy.typing import NDArray

Marks = Sequence[tuple[float, float, str]]
Signals = NDArray[np.float64]


def write_brainvision(
    path: Path,
    names: Sequence[str],
    signals: Signals,
    rate_hz: float,
    marks: Marks = (),
    *,
    unit: str = "µV",
    of_unit: float = 1.0,
    step: float = 0.1,
) -> Path:
    """A header, INT_16 samples by time, and markers; ``of_unit`` are the µV of the unit."""
    stem = path.stem
    lines = [
        "Brain Vision Data Exchange Header File Version 1.0",
        "[Common Infos]",
        "Codepage=UTF-8",
        f"DataFile={stem}.eeg",
        f"MarkerFile={stem}.vmrk",
        "DataFormat=BINARY",
        "DataOrientation=MULTIPLEXED",
        f"NumberOfChannels={len(names)}",
        f"DataPoints={signals.shape[1]}",
        f"SamplingInterval={1e6 / rate_hz:g}",
        "[Binary Infos]",
        "BinaryFormat=INT_16",
        "[Channel Infos]",
        *(f"Ch{k}={name},,{step:g},{unit}" for k, name in enumerate(names, start=1)),
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    digital = np.round(signals / of_unit / step).astype("<i2")
    path.with_suffix(".eeg").write_bytes(digital.T.tobytes())
    rows = ["Mk1=New Segment,,1,1,0,20130417093012000000"]
    for k, (onset_s, duration_s, text) in enumerate(marks, start=2):
        first, length = round(onset_s * rate_hz) + 1, round(duration_s * rate_hz)
        kind, _, words = text.rpartition("/")
        rows.append(f"Mk{k}={kind or 'Comment'},{words},{first},{length},0")
    markers = ["Brain Vision Data Exchange Marker File, Version 1.0", "[Common Infos]"]
    markers += ["Codepage=UTF-8", f"DataFile={stem}.eeg", "[Marker Infos]", *rows]
    path.with_suffix(".vmrk").write_text("\n".join(markers) + "\n", "utf-8")
    return path


def write_fif(
    path: Path,
    names: Sequence[str],
    signals: Signals,
    rate_hz: float,
    marks: Marks = (),
    *,
    types: Sequence[str] | None = None,
    bads: Sequence[str] = (),
    split_size: str = "2GB",
    first_samp: int = 0,
    subject: dict[str, object] | None = None,
) -> Path:
    """What ``mne.io.Raw.save`` writes, float32 in V."""
    import mne

    info = mne.create_info(list(names), rate_hz, list(types or ["eeg"] * len(names)))
    info["bads"] = list(bads)
    if subject:
        info["subject_info"] = subject
    raw = mne.io.RawArray(signals * 1e-6, info, first_samp=first_samp, verbose="ERROR")
    onsets, durations, texts = zip(*marks, strict=True) if marks else ((), (), ())
    raw.set_annotations(mne.Annotations(onsets, durations, texts))
    raw.save(path, split_size=split_size, buffer_size_sec=1.0, overwrite=True, verbose="ERROR")
    return path


def write_set(
    path: Path,
    names: Sequence[str],
    signals: Signals,
    rate_hz: float,
    marks: Marks = (),
    *,
    types: Sequence[str] | None = None,
    apart: bool = False,
) -> Path:
    """EEGLAB's structure as MATLAB 5, samples in it or ``apart`` in an .fdt file."""
    n_channels, n_samples = signals.shape
    wanted = list(types or ["EEG"] * n_channels)
    channels = np.zeros(n_channels, [("labels", object), ("type", object)])
    channels["labels"], channels["type"] = list(names), wanted
    events = np.zeros(len(marks), [("type", object), ("latency", object), ("duration", object)])
    for k, (onset_s, duration_s, text) in enumerate(marks):
        events[k] = (text, onset_s * rate_hz + 1, duration_s * rate_hz)
    structure = {
        **{"setname": "x", "nbchan": n_channels, "trials": 1, "pnts": n_samples, "srate": rate_hz},
        **{"xmin": 0.0, "xmax": n_samples / rate_hz, "chanlocs": channels, "event": events},
        "data": path.with_suffix(".fdt").name if apart else signals.astype(np.float32),
    }
    scipy.io.savemat(path, {"EEG": structure}, appendmat=False)
    if apart:
        path.with_suffix(".fdt").write_bytes(signals.astype("<f4").T.tobytes())
    return path


def write_set_hdf5(path: Path, signals: Signals, rate_hz: float) -> Path:
    """EEGLAB's fields as MATLAB 7.3 has them, without names of channels."""
    import h5py

    with h5py.File(path, "w", userblock_size=512) as file:
        sizes = {"nbchan": len(signals), "pnts": signals.shape[1], "srate": rate_hz, "trials": 1}
        for name, value in sizes.items():
            file[name] = np.array([[float(value)]])
            file[name].attrs["MATLAB_class"] = np.bytes_(b"double")
        file["data"] = signals.T.astype(np.float32)
        file["data"].attrs["MATLAB_class"] = np.bytes_(b"single")
        for name in ("chanlocs", "event"):
            file[name] = np.zeros(2, np.uint64)
            file[name].attrs["MATLAB_class"] = np.bytes_(b"double")
            file[name].attrs["MATLAB_empty"] = np.uint8(1)
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\0\2IM")
    return path


def write_mff(path: Path, signals: Signals, rate_hz: int, gap_s: float, event_s: float) -> Path:
    """An EGI folder of 33 channels in two epochs with a gap, and an event ``sz``."""
    from mffpy.writer import BinWriter, Writer

    start = datetime(2013, 4, 17, 9, 30, 12, tzinfo=UTC)
    half = signals.shape[1] // 2
    samples = BinWriter(sampling_rate=rate_hz, data_type="EEG")
    samples.add_block(signals[:, :half].astype(np.float32))
    samples.add_block(signals[:, half:].astype(np.float32), offset_us=round(gap_s * 1e6))
    writer = Writer(str(path))
    writer.addxml("fileInfo", recordTime=start)
    writer.add_coordinates_and_sensor_layout("HydroCel GSN 32 1.0")
    writer.addbin(samples)
    event = {"beginTime": start + timedelta(seconds=event_s), "duration": 10**6, "code": "sz"}
    track = {"name": "Events", "trackType": "EVNT", "events": [event | {"label": "sz"}]}
    writer.addxml("eventTrack", filename="Events_x.xml", **track)
    writer.write()
    return path


def write_gdf(
    path: Path,
    names: Sequence[str],
    signals: Signals,
    rate_hz: int,
    marks: Sequence[tuple[float, float, int]] = (),
    *,
    unit: str = "uV",
    step: float = 0.1,
) -> Path:
    """GDF 1.25, int16, one record a second; ``marks`` have numbers for types."""
    n, n_records = len(names), signals.shape[1] // rate_hz
    fixed = b"GDF 1.25" + b"P1 X".ljust(80) + b"rec".ljust(80) + b"2013041709301200"
    fixed += struct.pack("<q", 256 * (n + 1)) + bytes(24) + bytes(20)
    fixed += struct.pack("<qIII", n_records, 1, 1, n)
    low, high = -32768, 32767
    fields = [
        *(name.encode().ljust(16) for name in names),
        *[bytes(80)] * n,
        *[unit.encode().ljust(8)] * n,
        *[struct.pack("<d", low * step)] * n,
        *[struct.pack("<d", high * step)] * n,
        *[struct.pack("<q", low)] * n,
        *[struct.pack("<q", high)] * n,
        *[bytes(80)] * n,
        *[struct.pack("<i", rate_hz)] * n,
        *[struct.pack("<i", 3)] * n,
        *[bytes(32)] * n,
    ]
    digital = np.round(signals[:, : n_records * rate_hz] / step).astype("<i2")
    records = digital.reshape(n, n_records, rate_hz).transpose(1, 0, 2).tobytes()
    columns = np.array([(round(a * rate_hz) + 1, c, 0, round(b * rate_hz)) for a, b, c in marks])
    table = struct.pack("<B", 3) + rate_hz.to_bytes(3, "little") + struct.pack("<I", len(marks))
    for k, kind in enumerate(("<u4", "<u2", "<u2", "<u4")):
        table += columns[:, k].astype(kind).tobytes() if len(marks) else b""
    path.write_bytes(fixed + b"".join(fields) + records + table)
    return path


def write_cnt(
    path: Path,
    names: Sequence[str],
    signals: Signals,
    rate_hz: int,
    marks: Sequence[tuple[float, int]] = (),
    *,
    bads: Sequence[str] = (),
    step: float = 0.1,
) -> Path:
    """Neuroscan, int16 by time; ``marks`` are (onset_s, number)."""
    n, n_samples = signals.shape
    header = bytearray(900)
    struct.pack_into("<H", header, 370, n)
    struct.pack_into("<H", header, 376, rate_hz)
    struct.pack_into("<i", header, 864, n_samples)
    first = 900 + 75 * n
    struct.pack_into("<i", header, 886, first + 2 * n * n_samples)
    header[225:245] = b"04/17/1309:30:12\0\0\0\0"
    channels = bytearray(75 * n)
    for k, name in enumerate(names):
        struct.pack_into("10s", channels, 75 * k, name.encode())
        channels[75 * k + 14] = name in bads
        struct.pack_into("<ff", channels, 75 * k + 19, float(k), float(k % 3))
        struct.pack_into("<f", channels, 75 * k + 59, 204.8)
        struct.pack_into("<f", channels, 75 * k + 71, step)
    digital = np.round(signals / step).astype("<i2").T.tobytes()
    events = b"".join(
        struct.pack("<HBcl", number, 0, b"\0", first + 2 * n * (round(onset_s * rate_hz) + 1))
        for onset_s, number in marks
    )
    table = struct.pack("<Bll", 1, len(events), 0) + events
    path.write_bytes(bytes(header) + bytes(channels) + digital + table)
    return path
