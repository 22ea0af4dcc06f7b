"""Words that name a reference and stand in no list."""

from eegssl.signal.channels.electrodes import parse_channels


def test_references_by_words_that_are_not_listed_are_told_apart_and_not_repeated():
    channels = parse_channels(["Fp1-Jane", "Fp2-jane", "F3-Tom", "F4-REF"])
    assert [c.reference for c in channels] == ["UNKNOWN", "UNKNOWN", "UNKNOWN-2", "REF"]
