"""Copy the headers of signals without what may name somebody."""

import re

from eegssl.io.edf.annotated.header_identity import padded, plain_ascii
from eegssl.io.edf.header import MAIN_BYTES, SIGNAL_BYTES, signal_fields
from eegssl.io.edf.layout import EdfHeader
from eegssl.io.edf.tal import decode
from eegssl.regular_files import open_regular
from eegssl.signal.channels.channel_vocabulary import may_be_shown

_NUMBERS = ("physical_min", "physical_max", "digital_min", "digital_max")
# Ours: what electrodes and filters are described with; a text with any other word is left out.
_TECHNICAL = frozenset(
    """
    ac active ag agagcl agcl and at band belt bit bp butterworth cup cut cutoff db dc disc disk
    dry ecg eeg ekg electrode electrodes emg eog filter filtered filters fir gel gold high hp
    hpf hz iir khz kohm low lp lpf mhz mm ms mv n needle no none notch nv oct off ohm on order
    oximeter pass passive piezo pulse q respiration s scalp sec sensor sensors sinc subdermal
    surface thermistor thermocouple tin to type uv v wet x yes
    """.split()  # noqa: SIM905 (a list of words reads better as text)
)
_LONG_NUMBER = re.compile(r"\d{6}")


def copied_signal_headers(header: EdfHeader, tal_samples: int, *, keep_identity: bool) -> bytes:
    """The headers of the signals that hold samples, as they are, and of one for annotations.

    In ASCII, as EDF+ asks for, with points for decimal commas. Without ``keep_identity`` labels
    that are no names of channels, and free text on electrodes and filters, are left out.
    """
    with open_regular(header.path) as stream:
        table = stream.read(header.header_bytes)[MAIN_BYTES:]
    fields = signal_fields(table, len(table) // SIGNAL_BYTES)
    columns = []
    for name, raw in fields.items():
        width = len(raw[0])
        texts = [_text(header, name, raw[i], i, keep_identity) for i in header.ordinary_signals]
        columns += [padded(text[:width], width) for text in texts]
        own = annotation_fields(tal_samples, bdf=header.bytes_per_sample == 3)
        columns.append(padded(own.get(name, ""), width))
    return b"".join(columns)


def annotation_fields(tal_samples: int, *, bdf: bool) -> dict[str, str]:
    """The header of a signal that holds annotations, by field."""
    low, high = ("-8388608", "8388607") if bdf else ("-32768", "32767")
    return {
        "label": "BDF Annotations" if bdf else "EDF Annotations",
        "physical_min": "-1",
        "physical_max": "1",
        "digital_min": low,
        "digital_max": high,
        "samples": str(tal_samples),
    }


def _text(header: EdfHeader, name: str, raw: bytes, index: int, keep_identity: bool) -> str:
    if name == "samples":
        return str(header.samples_per_record[index])
    text = decode(raw).strip(" \0\t")
    text = text if re.fullmatch(r"[ -~]*", text) else plain_ascii(text)
    if name in _NUMBERS and "decimal-comma" in header.notes:
        return text.replace(",", ".")
    if keep_identity:
        return text
    if name == "label":
        return text if may_be_shown(text) else f"signal {index + 1}"
    if name in ("transducer", "filter"):
        return text if _is_technical(text) else ""
    return "" if name == "reserved" else text


def _is_technical(text: str) -> bool:
    words = re.findall("[a-z]+", text.lower())
    return _TECHNICAL.issuperset(words) and not _LONG_NUMBER.search(text)
