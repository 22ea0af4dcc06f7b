"""Read annotations inside EDF+ and BDF+ files, in seconds."""

from eegssl.io.edf.header import EdfHeader
from eegssl.io.edf.records import annotation_bytes
from eegssl.io.edf.tal import is_stamp_alone, parse_tals
from eegssl.io.recording_header import Annotation, AnnotationScan


def scan_annotations(header: EdfHeader) -> AnnotationScan:
    """Annotations of all annotation signals, onsets counted from the first sample.

    The file counts them from the header's clock, the samples begin ``start_offset_s`` later.
    """
    annotations: list[Annotation] = []
    n_unreadable = n_commas = 0
    for index in header.annotation_signals:
        for raw in annotation_bytes(header, index):
            if is_stamp_alone(raw, comma=header.decimal_comma):
                continue
            scan = parse_tals(raw, comma=header.decimal_comma)
            n_unreadable += scan.n_unreadable
            n_commas += scan.n_commas
            for tal in scan.tals:
                onset_s = round(tal.onset_s - header.start_offset_s, 9)
                annotations += [Annotation(onset_s, tal.duration_s, text) for text in tal.texts]
    annotations.sort(key=lambda annotation: annotation.onset_s)
    return AnnotationScan(tuple(annotations), n_unreadable, n_commas)
