"""Describe how recordings were cleaned, for new files."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from eegssl.artifacts.json_parts import Part, validated
from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.config.settings import PRIVATE
from eegssl.corpus.store import Corpus, Recording
from eegssl.io.config import ReadSettings
from eegssl.signal.config import ChannelSettings, FilterConfig, MontageConfig, QualityConfig

_PARTS = ("filter", "montage", "quality", "read", "channels")
_OF_SAMPLES = ("filter", "montage", "read", "channels")
_EACH = "each"
"""Mains that are looked for in each file, where the corpora have different ones."""


class CleanedAs(Part):
    """The settings of `preprocess` that decide samples, and what they gave."""

    filter: FilterConfig
    """Band-pass, notch and sampling rate."""
    montage: MontageConfig
    """What channels are measured against."""
    quality: QualityConfig
    """Limits that flag a window of a channel."""
    read: ReadSettings
    """What is taken for what a file does not say."""
    channels: ChannelSettings
    """Labels that are renamed, and channels that are left out."""
    withheld: tuple[str, ...] = ()
    """Settings that were given and may name people, so that no artifact repeats their values."""
    differ: tuple[str, ...] = ()
    """Settings in which the recordings differ from each other; the first folder's stand here."""
    electrodes: tuple[str, ...] = ()
    """Channels that every recording has, by name, sorted."""
    band_high_hz: float = 0.0
    """The lowest upper edge of their bands, which is lower for files that were sampled slowly."""


_SCHEMA = TypeAdapter(CleanedAs)


def cleaned_as(corpus: Corpus, recordings: Sequence[Recording]) -> CleanedAs:
    """How the recordings of a corpus were cleaned. Raises ArtifactError for a damaged manifest."""
    parts = [_of_artifact(artifact) for artifact in corpus.artifacts]
    first = parts[0]
    differ = sorted({name for part in parts[1:] for name in differences(first, part)})
    if "filter.notch" in differ:
        differ.remove("filter.notch")
        filters = first.filter.model_copy(update={"notch": _EACH})
        first = first.model_copy(update={"filter": filters})
    shared = set.intersection(*(set(one.channels) for one in recordings))
    return first.model_copy(
        update={
            "withheld": tuple(sorted({name for part in parts for name in part.withheld})),
            "differ": tuple(differ),
            "electrodes": tuple(sorted(shared)),
            "band_high_hz": min(one.band_high_hz for one in recordings),
        }
    )


def differences(one: CleanedAs, other: CleanedAs) -> list[str]:
    """The settings that decide samples in which two differ."""
    return [
        f"{name}.{key}"
        for name in _OF_SAMPLES
        for key, value in getattr(other, name).model_dump().items()
        if value != getattr(one, name).model_dump()[key]
    ]


def _of_artifact(artifact: Artifact) -> CleanedAs:
    config, source = artifact.manifest.config, artifact.path / MANIFEST
    parts = {name: config[name] for name in _PARTS if isinstance(config.get(name), dict)}
    withheld = [f"{n}.{key}" for n, part in parts.items() for key in part if part[key] == PRIVATE]
    public = {
        name: {key: value for key, value in part.items() if value != PRIVATE}
        for name, part in {"read": {}, "channels": {}, **parts}.items()
    }
    return validated({**public, "withheld": withheld}, _SCHEMA, source, "config")
