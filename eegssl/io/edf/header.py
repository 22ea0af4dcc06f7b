"""Read and check headers of EDF, EDF+, BDF and BDF+ files.

Sources: Kemp et al. 1992 (EDF), Kemp & Olivan 2003 (EDF+), BioSemi (BDF: the same with 24 bit).
Nothing is guessed: a file that can't be right is refused with a reason that tells what was found
and what was expected, and that never repeats text out of the file.
"""

import os
from dataclasses import replace
from pathlib import Path

from eegssl.errors import RecordingRefused
from eegssl.io.edf.annotation_signals import annotation_signals
from eegssl.io.edf.damage import check_not_pointer, check_text_mode
from eegssl.io.edf.header_numbers import decimal_commas, limit, number, unclear_commas
from eegssl.io.edf.layout import EdfHeader
from eegssl.io.edf.record_times import read_record_times
from eegssl.io.edf.tal import decode
from eegssl.io.file_bytes import FileBytes, open_bytes
from eegssl.io.physical_units import LOST_SIGN

MAIN_BYTES = 256
SIGNAL_BYTES = 256
# Ours: beyond these a damaged field is likelier than a recording, and floats lose their precision.
_MAX_RECORD_S = 1e8
_MAX_SFREQ_HZ = 1e7
# Widths of the fields of a signal, in the order in which the header stores them.
FIELD_WIDTHS = {"label": 16, "transducer": 80, "unit": 8, "physical_min": 8, "physical_max": 8}
_LIMITS = ("physical_min", "physical_max", "digital_min", "digital_max")
FIELD_WIDTHS |= {"digital_min": 8, "digital_max": 8, "filter": 80, "samples": 8, "reserved": 32}


def read_header(path: Path, *, decimal_comma: bool = False) -> EdfHeader:
    """Read and check the header, the file's size, and the time-keeping of all records.

    With ``decimal_comma`` a comma in a number is a decimal point; without, in limits and durations
    only where it can be nothing else (``-3276,8``).

    Raises RecordingRefused with one of the codes ``unreadable``, ``not-edf``, ``header``,
    ``text-mode``, ``damaged``, ``no-records``, ``discontinuous``.
    """
    try:
        file = open_bytes(path)
    except OSError as error:
        cause = "a link to a file that is not here" if os.path.islink(path) else error.strerror
        raise RecordingRefused("unreadable", f"the file can't be opened: {cause}") from error
    header = _parse(path, file, decimal_comma)
    check_text_mode(file.data[header.header_bytes :], header.bytes_per_sample)
    header = _resolve_records(header)
    times = read_record_times(header)
    return replace(
        header,
        start_offset_s=times.start_offset_s,
        segments=times.segments,
        notes=header.notes + times.notes,
    )


def _sample_width(main: bytes) -> int:
    """Bytes of a sample by the first bytes of the file: 2 in EDF, 3 in BDF."""
    check_not_pointer(main)
    if len(main) < MAIN_BYTES:
        reason = f"the file has {len(main)} bytes; a header alone needs {MAIN_BYTES} and more"
        raise RecordingRefused("not-edf", reason)
    if main[:8] == b"\xffBIOSEMI":
        return 3
    if main[:8].strip(b" \x00") == b"0":
        return 2
    reason = "the first 8 bytes are neither EDF's version number nor BDF's mark"
    raise RecordingRefused("not-edf", reason)


def _parse(path: Path, file: FileBytes, decimal_comma: bool) -> EdfHeader:
    """The header's fields, each checked by itself and against the others."""
    main, file_bytes = file.data[:MAIN_BYTES].tobytes(), file.data.size
    width = _sample_width(main)
    n_signals = _integer(main[252:256], "number of signals", 1, 9999)
    expected = MAIN_BYTES + SIGNAL_BYTES * n_signals
    header_bytes = _integer(main[184:192], "number of header bytes", 0, 10**8)
    if header_bytes != expected:
        reason = f"header length {header_bytes}, expected {expected} for {n_signals} signals"
        raise RecordingRefused("header", reason)
    if file_bytes < expected:
        reason = f"the file ends inside its header: {file_bytes} of {expected} bytes"
        raise RecordingRefused("header", reason)
    fields = signal_fields(file.data[MAIN_BYTES:expected].tobytes(), n_signals)
    kind = _text(main[192:236])
    is_plus = kind.startswith(("EDF+", "BDF+"))
    physical = ("physical_min", "physical_max")
    numbers = [main[244:252], *(raw for name in physical for raw in fields[name])]
    comma = decimal_comma or decimal_commas(numbers)
    limits = {
        name: tuple(limit(raw, comma and name in physical) for raw in fields[name])
        for name in _LIMITS
    }
    samples = tuple(
        _integer(raw, f"samples per record of signal {i + 1}", 0, 10**8)
        for i, raw in enumerate(fields["samples"])
    )
    labels = tuple(_text(raw) for raw in fields["label"])
    units = tuple(_text(raw) for raw in fields["unit"])
    unclear = not comma and unclear_commas(numbers)
    notes = {"decimal-comma": comma and decimal_commas(numbers), "comma-unclear": unclear}
    notes["unit-sign-lost"] = any(unit in LOST_SIGN for unit in units)
    header = EdfHeader(
        path=Path(path),
        modified_ns=file.modified_ns,
        clock=main[168:184],
        file_bytes=file_bytes,
        header_bytes=header_bytes,
        bytes_per_sample=width,
        labels=labels,
        units=units,
        physical_min=limits["physical_min"],
        physical_max=limits["physical_max"],
        digital_min=limits["digital_min"],
        digital_max=limits["digital_max"],
        samples_per_record=samples,
        record_duration_s=_duration(main[244:252], comma),
        n_records=0,
        declared_records=_integer(main[236:244], "number of records", -1, 10**8),
        is_plus=is_plus,
        continuous=not kind.startswith(("EDF+D", "BDF+D")),
        decimal_comma=decimal_comma,
        annotation_signals=annotation_signals(labels, samples, width, file.data[expected:]),
        patient_code=_patient_code(main[8:88]) if is_plus else "",
        notes=tuple(note for note, applies in notes.items() if applies),
    )
    return _check_records(header)


def _check_records(header: EdfHeader) -> EdfHeader:
    """Refuse records without bytes, and samples in records without duration."""
    if header.record_bytes == 0:
        raise RecordingRefused("header", "no signal has a sample in a record")
    if header.record_duration_s == 0 and header.ordinary_signals:
        reason = "record duration 0 s, expected more: only files without signals may have 0"
        raise RecordingRefused("header", reason)
    most = max((header.samples_per_record[i] for i in header.ordinary_signals), default=0)
    if most > _MAX_SFREQ_HZ * header.record_duration_s:
        reason = f"{most} samples in a record of {header.record_duration_s:g} s: no such EEG exists"
        raise RecordingRefused("header", reason)
    return header


def _resolve_records(header: EdfHeader) -> EdfHeader:
    """Count whole records, with a note where the header says something else."""
    n_there, rest = divmod(header.file_bytes - header.header_bytes, header.record_bytes)
    declared = header.declared_records
    notes: tuple[str, ...] = ()
    if declared < 0:
        declared = n_there
        notes = ("record-count-unknown", *(("truncated",) if rest else ()))
    elif n_there < declared:
        notes = ("truncated",)
    elif n_there > declared or rest:
        notes = ("surplus",)
    n_records = min(declared, n_there)
    if n_records == 0:
        reason = f"no whole data record: the header says {declared}, the file holds {n_there}"
        raise RecordingRefused("no-records", reason)
    return replace(header, n_records=n_records, notes=header.notes + notes)


def signal_fields(table: bytes, n_signals: int) -> dict[str, list[bytes]]:
    """The raw fields of every signal: the table stores each field for all signals in turn."""
    fields: dict[str, list[bytes]] = {}
    start = 0
    for name, width in FIELD_WIDTHS.items():
        stop = start + width * n_signals
        fields[name] = [table[place : place + width] for place in range(start, stop, width)]
        start = stop
    return fields


def _text(raw: bytes) -> str:
    return decode(raw).strip(" \x00\t")


def _integer(raw: bytes, what: str, least: int, most: int) -> int:
    value = number(raw)
    if value is None or value != int(value):
        raise RecordingRefused("header", f"{what}: expected a whole number, got other text")
    if not least <= value <= most:
        raise RecordingRefused("header", f"{what}: got {value:.0f}, expected {least} to {most}")
    return int(value)


def _duration(raw: bytes, comma: bool) -> float:
    value = number(raw, comma)
    if value is None or not 0 <= value <= _MAX_RECORD_S:
        reason = "record duration: expected seconds, 0 or more, got something else"
        raise RecordingRefused("header", reason)
    return value


def _patient_code(raw: bytes) -> str:
    """The first word of EDF+'s patient field; a hospital's own code for the person."""
    words = _text(raw).split()
    return words[0] if words else ""
