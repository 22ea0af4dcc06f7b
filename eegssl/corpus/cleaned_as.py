"""Describe how recordings were cleaned, so that new files can be cleaned likewise."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from eegssl.artifacts.json_parts import damaged, in_words
from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.config.settings import PRIVATE, Settings
from eegssl.corpus.store import Corpus, Recording
from eegssl.io.config import ReadSettings
from eegssl.signal.config import ChannelSettings, FilterConfig, MontageConfig, QualityConfig

_EACH = "each"
"""Mains that are looked for in each file, where the corpora have different ones."""


class CleanedAs(Settings):
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


def cleaned_as(corpus: Corpus, recordings: Sequence[Recording]) -> CleanedAs:
    """How the recordings of a corpus were cleaned. Raises ArtifactError for a damaged manifest."""
    parts = [_of_artifact(artifact) for artifact in corpus.artifacts]
    first = parts[0]
    differ = sorted(
        {
            f"{name}.{key}"
            for name in ("filter", "montage", "quality", "read", "channels")
            for part in parts[1:]
            for key, value in getattr(part, name).model_dump().items()
            if value != getattr(first, name).model_dump()[key]
        }
    )
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


def _of_artifact(artifact: Artifact) -> CleanedAs:
    config = artifact.manifest.config
    try:
        parts = {name: _public(config[name]) for name in ("filter", "montage", "quality")}
        parts |= {name: _public(config.get(name, {})) for name in ("read", "channels")}
        withheld = [
            f"{name}.{key}"
            for name in ("read", "channels")
            for key, value in config.get(name, {}).items()
            if value == PRIVATE
        ]
        return CleanedAs.model_validate({**parts, "withheld": withheld})
    except (AttributeError, KeyError, TypeError):
        raise damaged(artifact.path / MANIFEST, "config lacks settings of cleaning") from None
    except ValidationError as error:
        raise damaged(artifact.path / MANIFEST, f"config.{in_words(error)}") from None


def _public(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value != PRIVATE}
