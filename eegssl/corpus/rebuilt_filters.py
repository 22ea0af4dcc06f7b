"""The filters that made recordings, designed again: for what depends on their delay."""

from collections.abc import Sequence

import pyarrow.parquet as pq

from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import ConfigError
from eegssl.signal.config import FilterConfig
from eegssl.signal.filtering.filters import Chain, chain

CAUSAL, ZERO = "causal", "zero"
TABLE = "recordings.parquet"
_PHASE = ("filter", "phase")
_COLUMNS = ["recording", "source_sfreq_hz", "line_hz"]


def filter_phases(corpus: Corpus) -> list[str]:
    """``filter.phase`` of the folders of a corpus, each once: causal, zero."""
    return sorted({str(a.manifest.config["filter"]["phase"]) for a in corpus.artifacts})


def require_causal(corpus: Corpus) -> None:
    """Raise ConfigError unless all recordings were filtered causally: others saw the future."""
    if filter_phases(corpus) != [CAUSAL]:
        raise ConfigError(
            f"{_where(corpus)} was filtered with filter.phase=zero, which looks ahead: contexts "
            "would hold what is to be forecast. Make recordings with `eegssl preprocess … --set "
            "filter.phase=causal`; those that you have can be the targets (--targets)"
        )


def require_zero_phase(targets: Corpus) -> None:
    """Raise ConfigError unless targets were filtered without delay."""
    if filter_phases(targets) != [ZERO]:
        raise ConfigError(
            "targets are the same files filtered without delay; these were filtered causally. "
            "Make them with --set filter.phase=zero, or leave --targets out: then contexts go on "
            "as their own targets"
        )


def require_made_alike(contexts: Corpus, targets: Corpus) -> None:
    """Raise ConfigError unless targets differ from contexts in the filter's phase alone."""
    differ = sorted(_settings(contexts) ^ _settings(targets))
    names = sorted({name for name, _ in differ})
    if names:
        raise ConfigError(
            f"contexts and targets were preprocessed with another {', '.join(names)}: what is "
            "forecast would not be what goes on. Preprocess the same files twice with the same "
            "settings, apart from filter.phase"
        )


def _settings(corpus: Corpus) -> set[tuple[str, str]]:
    """What shapes a signal, but for the filter's phase: name and value of each setting."""
    found = set()
    for artifact in corpus.artifacts:
        for group in ("filter", "montage"):
            values = artifact.manifest.config[group].items()
            found |= {(f"{group}.{n}", repr(v)) for n, v in values if (group, n) != _PHASE}
    return found


def _where(corpus: Corpus) -> str:
    return next(
        str(a.path) for a in corpus.artifacts if a.manifest.config["filter"]["phase"] != CAUSAL
    )


def chains_of(corpus: Corpus, recordings: Sequence[Recording]) -> tuple[Chain, ...]:
    """The chain of filters that each recording went through."""
    found: dict[str, Chain] = {}
    for artifact in corpus.artifacts:
        config = FilterConfig.model_validate(artifact.manifest.config["filter"])
        table = pq.read_table(artifact / TABLE, columns=_COLUMNS)
        for row in table.to_pylist():
            found[row["recording"]] = chain(row["source_sfreq_hz"], config, row["line_hz"])
    return tuple(found[recording.id] for recording in recordings)
