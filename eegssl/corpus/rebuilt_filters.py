"""Rebuild a recording's preprocessing filters to know their delay."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from eegssl.artifacts.json_parts import validated
from eegssl.artifacts.manifest import MANIFEST
from eegssl.corpus.audits.recordings_contract import read_tables
from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import ConfigError
from eegssl.signal.config import FilterConfig
from eegssl.signal.filtering.filters import Chain, chain

CAUSAL, ZERO = "causal", "zero"
_PHASE = ("filter", "phase")
_FILTER = TypeAdapter(FilterConfig)
_COLUMNS = ["recording", "source_sfreq_hz", "line_hz"]


def filter_phases(corpus: Corpus) -> list[str]:
    """``filter.phase`` of the folders of a corpus, each once: causal, zero."""
    return sorted({str(a.manifest.config["filter"]["phase"]) for a in corpus.artifacts})


def require_causal(corpus: Corpus) -> None:
    """Raise ConfigError unless all recordings were filtered causally: others saw the future."""
    if filter_phases(corpus) != [CAUSAL]:
        raise ConfigError(
            f"{_where(corpus)} was filtered with filter.phase=zero, which looks ahead: contexts "
            "would hold part of the target. Make recordings with `eegssl preprocess … --set "
            "filter.phase=causal`; the present ones can be the targets (--targets)"
        )


def require_zero_phase(targets: Corpus) -> None:
    """Raise ConfigError unless targets were filtered without delay."""
    if filter_phases(targets) != [ZERO]:
        raise ConfigError(
            "got targets that were filtered causally; expected the same files without delay. "
            "Make them with --set filter.phase=zero, or leave --targets out: then contexts are "
            "continued by their own recording"
        )


def require_made_alike(contexts: Corpus, targets: Corpus) -> None:
    """Raise ConfigError unless targets differ from contexts in the filter's phase alone."""
    differ = sorted(_settings(contexts) ^ _settings(targets))
    names = sorted({name for name, _ in differ})
    if names:
        raise ConfigError(
            f"contexts and targets were preprocessed with another {', '.join(names)}: the target "
            "would not continue its context. Preprocess the same files twice with the same "
            "settings, apart from filter.phase"
        )


def _settings(corpus: Corpus) -> set[tuple[str, str]]:
    """Name and value of each setting that shapes a signal, except the filter's phase."""
    settings = set()
    for artifact in corpus.artifacts:
        for group in ("filter", "montage"):
            values = artifact.manifest.config[group].items()
            settings |= {(f"{group}.{n}", repr(v)) for n, v in values if (group, n) != _PHASE}
    return settings


def _where(corpus: Corpus) -> str:
    return next(
        str(a.path) for a in corpus.artifacts if a.manifest.config["filter"]["phase"] != CAUSAL
    )


def chains_of(corpus: Corpus, recordings: Sequence[Recording]) -> tuple[Chain, ...]:
    """The chain of filters that each recording went through."""
    chains: dict[str, Chain] = {}
    for artifact in corpus.artifacts:
        source, values = artifact.path / MANIFEST, artifact.manifest.config["filter"]
        config = validated(values, _FILTER, source, "config.filter")
        for row in read_tables(artifact).recordings.select(_COLUMNS).to_pylist():
            chains[row["recording"]] = chain(row["source_sfreq_hz"], config, row["line_hz"])
    return tuple(chains[recording.id] for recording in recordings)
