"""Hold recordings against what an encoder or a model was trained on."""

from collections.abc import Iterator, Sequence

from eegssl.artifacts.manifest import Artifact
from eegssl.corpus.store import Corpus, Recording
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.trained_on import DERIVATIONS, REFERENTIAL, rate_differs, untrained_channels
from eegssl.errors import ArtifactError
from eegssl.signal.channels.electrodes import montages_of
from eegssl.training.weights import read_module_config

ENCODER = "encoder"
"""The artifact that `pretrain` makes, and what its weights are called."""
MONTAGES = "montages"
"""Fact of a model: the kinds of channels that it was fine-tuned on."""
_IN_WORDS = {REFERENTIAL: "referential channels", DERIVATIONS: "derivations"}
_NAMED = 5


def encoder_settings(artifact: Artifact, corpus: Corpus) -> EncoderConfig:
    """The configuration of the encoder inside an artifact, for use on a corpus.

    Raises ArtifactError when the corpus has another sampling rate.
    """
    settings = read_module_config(artifact.path, ENCODER, EncoderConfig)
    if rate_differs(settings, corpus.sfreq_hz):
        raise ArtifactError(
            f"{artifact.path} was trained at {settings.sfreq_hz:g} Hz, "
            f"{corpus.artifacts[0].path} has recordings at {corpus.sfreq_hz:g} Hz: preprocess them "
            f"with --set filter.sfreq_hz={settings.sfreq_hz:g}, or train an encoder at "
            f"{corpus.sfreq_hz:g} Hz"
        )
    return settings


def montages_in(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """The kinds of channels of recordings."""
    return montages_of(_channels(recordings))


def differences(
    artifact: Artifact, corpus: Corpus, recordings: Sequence[Recording], *, pretrained: bool
) -> Iterator[str]:
    """List how channels of recordings differ from those that an encoder or model was trained on.

    ``pretrained`` says whether the encoder's weights come from pretraining. Raises ArtifactError
    when the corpus has another sampling rate.
    """
    settings = encoder_settings(artifact, corpus)
    told: tuple[str, ...] = ()
    if pretrained:
        told = untrained_channels(settings, _channels(recordings)).montages
        yield from _differences_from(settings, "the encoder was trained", corpus, recordings)
    of_model = artifact.manifest.kind != ENCODER
    if of_model and (tuned := artifact.manifest.facts.get(MONTAGES)):
        known = tuple(dict.fromkeys((*tuned, *told)))
        settings = settings.model_copy(update={"montages": known, "electrodes": ()})
        yield from _differences_from(settings, "the model was fine-tuned", corpus, recordings)


def _channels(recordings: Sequence[Recording]) -> list[str]:
    return sorted({name for r in recordings for name in r.channels})


def _differences_from(
    settings: EncoderConfig, trained: str, corpus: Corpus, recordings: Sequence[Recording]
) -> Iterator[str]:
    """The differences from one training: what ``trained`` calls it."""
    untrained = untrained_channels(settings, _channels(recordings))
    n_all = sum(len(r.channels) for r in recordings)
    for kind in untrained.montages:
        names = [name for r in recordings for name in r.channels if montages_of([name]) == (kind,)]
        n = sum(kind in montages_of(r.channels) for r in recordings)
        yield (
            f"{n} of {len(recordings)} recordings have {_IN_WORDS[kind]} ({len(names)} of {n_all} "
            f"channels), and {trained} on {' and '.join(_IN_WORDS[k] for k in settings.montages)} "
            f"alone: of others it has learned nothing; {_cure(kind, corpus)}"
        )
    if untrained.electrodes:
        names = [name for r in recordings for name in untrained.of_electrode(r.channels)]
        n = sum(bool(untrained.of_electrode(r.channels)) for r in recordings)
        more = " …" if len(untrained.electrodes) > _NAMED else ""
        yield (
            f"{n} of {len(recordings)} recordings have channels ({len(names)} of {n_all}) of "
            f"{len(untrained.electrodes)} electrodes that the encoder never saw "
            f"({', '.join(untrained.electrodes[:_NAMED])}{more}): it knows their places on the "
            "head and nothing else of them; leave them out (preprocess --set channels.drop), or "
            "train the encoder on recordings that have them"
        )


def _cure(kind: str, corpus: Corpus) -> str:
    """The way to recordings, or an encoder, without the difference."""
    other = "or pretrain on such recordings too (--set encoder.montages says what it is for)"
    if kind != DERIVATIONS:
        return f"preprocess them with --set montage.reference=banana (or tcp), {other}"
    made = {a.manifest.config["montage"]["reference"] for a in corpus.artifacts}
    if made & {"banana", "tcp"}:
        return f"preprocess them with --set montage.reference=keep (or average), {other}"
    return (
        "recordings of derivations can't be made referential: preprocess the recordings of "
        "pretraining with --set montage.reference=banana, and train the encoder on them"
    )
