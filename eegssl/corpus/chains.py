"""The filters that made recordings, designed again: for what depends on their delay."""

from collections.abc import Sequence

import pyarrow.parquet as pq

from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import ConfigError
from eegssl.signal.config import FilterConfig
from eegssl.signal.filters import Chain, chain

_COLUMNS = ["recording", "source_sfreq_hz", "line_hz"]


def filter_phases(corpus: Corpus) -> set[str]:
    """``filter.phase`` of each folder of a corpus: zero, causal."""
    return {str(a.manifest.config["filter"]["phase"]) for a in corpus.artifacts}


def require_causal(corpus: Corpus) -> None:
    """Raise ConfigError unless nothing in these recordings has seen its future."""
    if filter_phases(corpus) != {"causal"}:
        raise ConfigError(
            "to forecast, a context may not have seen its future, and these recordings were "
            "filtered with zero phase; make them anew: eegssl preprocess EDF_DIR --out RECORDINGS "
            "--set filter.phase=causal"
        )


def require_zero_phase(targets: Corpus) -> None:
    """Raise ConfigError unless targets were filtered without delay."""
    if filter_phases(targets) != {"zero"}:
        raise ConfigError(
            "targets are the same files filtered without delay; these were filtered causally. "
            "Make them with --set filter.phase=zero, or leave --targets out: then contexts go on "
            "as their own targets"
        )


def chains_of(corpus: Corpus, recordings: Sequence[Recording]) -> tuple[Chain, ...]:
    """The chain of filters that each recording went through."""
    found: dict[str, Chain] = {}
    for artifact in corpus.artifacts:
        config = FilterConfig.model_validate(artifact.manifest.config["filter"])
        table = pq.read_table(artifact / "recordings.parquet", columns=_COLUMNS)
        for row in table.to_pylist():
            found[row["recording"]] = chain(row["source_sfreq_hz"], config, row["line_hz"])
    return tuple(found[recording.id] for recording in recordings)
