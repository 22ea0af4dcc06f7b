"""Read EDF and BDF as one of the formats."""

from dataclasses import replace
from pathlib import Path

from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.clock import read_clock
from eegssl.io.edf.header import read_header
from eegssl.io.edf.layout import EdfHeader
from eegssl.io.edf.records import map_records
from eegssl.io.edf.samples import microvolt_scale, read_digital
from eegssl.io.formats.file_parts import alone
from eegssl.io.formats.recording_format import Format


def _read_header(path: Path, root: Path, decimal_comma: bool) -> EdfHeader:
    return read_header(path, decimal_comma=decimal_comma)


def _require_unchanged(header: EdfHeader) -> None:
    map_records(header)


def _limits(header: EdfHeader, index: int) -> tuple[float, float]:
    return header.digital_min[index], header.digital_max[index]


def _texts(header: EdfHeader) -> list[tuple[str, str]]:
    return [(note.text, "annotation") for note in scan_annotations(header).annotations]


EDF = Format(
    name="EDF",
    read_header=_read_header,
    parts=alone,
    require_unchanged=_require_unchanged,
    read_samples=read_digital,
    microvolt_scale=microvolt_scale,
    sample_limits=_limits,
    scan_annotations=scan_annotations,
    read_clock=read_clock,
    texts=_texts,
)
BDF = replace(EDF, name="BDF")
