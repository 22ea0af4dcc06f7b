"""Codes stay in memory where those of a corpus fit, by one rule."""

import pytest
from clirun import Pipeline

from eegssl.artifacts.contract import open_artifact
from eegssl.corpus.codes import tokens
from eegssl.corpus.codes.tokens import CONTRACT, open_codes
from eegssl.corpus.store import open_corpus
from eegssl.corpus.windows import tile


def test_they_are_kept_up_to_a_size_of_the_whole_corpus(
    tiny: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = open_artifact(tiny.tokens, CONTRACT)
    corpus = open_corpus([tiny.recordings])
    facts = artifact.manifest.facts
    windows = tile(corpus, corpus.of_split("train"), facts["window_s"])
    n_bytes = windows.total_channels * facts["patches_per_window"]  # 16 codes take a byte each
    for room, kept in ((n_bytes, True), (n_bytes - 1, False)):
        monkeypatch.setattr(tokens, "IN_MEMORY_BYTES", room)
        assert (open_codes(artifact, windows).kept is not None) is kept
