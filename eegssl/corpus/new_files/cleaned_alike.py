"""Clean new files as the recordings of a model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eegssl.config.settings import Settings, changed_settings
from eegssl.corpus.channels.overrides import channel_rules
from eegssl.corpus.config import LookConfig
from eegssl.corpus.new_files.cleaned_as import CleanedAs
from eegssl.corpus.preprocessing.cleaning import CleaningSettings
from eegssl.corpus.preprocessing.ingest import SIGNALS
from eegssl.corpus.preprocessing.opened_file import IngestSettings
from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings, ReadSettings, SubjectSettings
from eegssl.signal.channels.electrodes import montages_of
from eegssl.signal.config import ChannelSettings

_BAND_TOLERANCE = 0.99
_NAMED = 6
_MONTAGES = {"referential": "referential channels", "derivations": "derivations"}


def settings_like(
    cleaned: CleanedAs,
    read: ReadSettings,
    channels: ChannelSettings,
    subjects: SubjectSettings,
) -> IngestSettings:
    """Settings that clean a file as ``cleaned`` says, but where ``read`` and ``channels`` say more.

    Labels beside the file are not read: nothing depends on them.
    """
    reading, chosen = _over(cleaned.read, read), _over(cleaned.channels, channels)
    return IngestSettings(
        CleaningSettings(cleaned.filter, cleaned.montage, cleaned.quality),
        reading,
        subjects,
        EventSettings(sources=()),
        LookConfig(recordings=0),
        keep_text=False,
        channels=channel_rules(chosen, reading),
    )


def _over(usual: Any, given: Settings) -> Any:
    """The usual settings, but for those that were given another value than the default."""
    changed = {name: getattr(given, name) for name in changed_settings(given)}
    return usual.model_copy(update=changed)


def corpus_of(kept: Sequence[Mapping[str, Any]], folder: Path) -> Corpus:
    """The recordings of a file, by the rows of `ingest`, which lie in a folder without tables."""
    return Corpus((), [_recording(row, folder) for row in kept])


def _recording(row: Mapping[str, Any], folder: Path) -> Recording:
    return Recording(
        id=row["recording"],
        subject=row["subject"],
        file=row["file"],
        split="test",
        channels=tuple(row["channels"]),
        n_samples=row["n_samples"],
        sfreq_hz=row["sfreq_hz"],
        line_hz=row["line_hz"],
        events=(),
        folder=folder / SIGNALS,
        band_high_hz=row["band_high_hz"],
        sketch=np.array(row["sketch"], dtype=np.uint32),
        labelled=False,
    )


def require_fit(
    corpus: Corpus, cleaned: CleanedAs, needed: Sequence[str], montages: Sequence[str]
) -> None:
    """Raise RecordingRefused unless a file's recordings are of the kind that a model learned from.

    ``needed`` are channels that it reads by name, ``montages`` the kinds of channels that it
    knows (empty: any). A lower band than that of its recordings is refused too.
    """
    for recording in corpus.recordings:
        if lacking := [name for name in needed if name not in recording.channels]:
            more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
            raise RecordingRefused(
                "lacks-channels",
                f"the model reads {len(needed)} channels by name, and the file lacks "
                f"{', '.join(lacking[:_NAMED])}{more}: name them by channels.rename or "
                "channels.table if they have other labels, or train a model that reads any montage "
                "(adaptation.pooling=region)",
            )
        if strange := [
            k for k in montages_of(recording.channels) if montages and k not in montages
        ]:
            raise RecordingRefused(
                "other-montage",
                f"the file has {_MONTAGES[strange[0]]}, and the model learned from "
                f"{' and '.join(_MONTAGES[k] for k in montages)} alone: export the file so, or "
                "train a model on such recordings (preprocess --set montage.reference=banana "
                "makes derivations of referential files)",
            )
        if recording.band_high_hz < _BAND_TOLERANCE * cleaned.band_high_hz:
            raise RecordingRefused(
                "rate-too-low",
                f"the file is sampled so slowly that its band ends at {recording.band_high_hz:g} "
                f"Hz, and the model learned from bands up to {cleaned.band_high_hz:g} Hz: export "
                "it at a higher rate, or train a model with a lower filter.high_hz",
            )


def missing_in(corpus: Corpus, cleaned: CleanedAs) -> tuple[str, ...]:
    """Channels that all recordings had that a model learned from, and that some here lack."""
    shared = set.intersection(*(set(one.channels) for one in corpus.recordings))
    return tuple(name for name in cleaned.electrodes if name not in shared)
