"""Compose the settings of the stages from recordings to an encoder."""

from typing import Literal

from pydantic import Field

from eegssl.config.settings import Settings
from eegssl.corpus.config import Limits, LookConfig, SamplingConfig, SplitsConfig
from eegssl.encoder.config import EncoderConfig
from eegssl.io.config import EventSettings, ReadSettings, SubjectSettings
from eegssl.masking.config import MaskingConfig
from eegssl.objectives.config import ObjectiveConfig
from eegssl.reports.config import AtlasConfig
from eegssl.signal.config import ChannelSettings, FilterConfig, MontageConfig, QualityConfig
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.training.config import CorpusTraining


class PreprocessConfig(Settings):
    """From EDF folders to recordings."""

    corpus: str = ""
    """A name that sets recordings apart from those of another folder with the same file names."""
    keep_text: bool = False
    """Keep the text of annotations, which may name people; the artifact says so."""
    filter: FilterConfig = FilterConfig()
    """Band-pass, notch and sampling rate."""
    montage: MontageConfig = MontageConfig()
    """What channels are measured against."""
    quality: QualityConfig = QualityConfig()
    """Limits that flag a window of a channel."""
    read: ReadSettings = ReadSettings()
    """What is taken for what a file does not say."""
    channels: ChannelSettings = ChannelSettings()
    """Labels that are renamed, and channels that are left out."""
    subjects: SubjectSettings = SubjectSettings()
    """The way to a file's subject."""
    events: EventSettings = EventSettings()
    """Annotations that become events."""
    splits: SplitsConfig = SplitsConfig()
    """Subjects of training, validation and test."""
    limits: Limits = Limits()
    """What one file may cost."""
    look: LookConfig = LookConfig()
    """The pages that show what cleaning did."""


class TokenizeConfig(Settings):
    """From recordings to tokens."""

    window_s: float = Field(10.0, gt=0)
    """The fixed tiling: codes are made window by window."""
    fit_codebook: bool = True
    """Cut the codebook to what the training patches can feed (``diagnostics.fitting_codebook``)."""
    encode_precision: Literal["float32", "bfloat16"] = "float32"
    """Precision of the forward pass that encodes recordings. In ``bfloat16`` some patches get other
    codes; ``facts.codes_unlike_float32`` is their share."""
    tokenizer: TokenizerConfig = TokenizerConfig()
    """The model."""
    sampling: SamplingConfig = SamplingConfig()
    """Windows that it sees."""
    training: CorpusTraining = CorpusTraining(steps=600, batch_size=16)
    """Length, speed and place of its training."""
    atlas: AtlasConfig = AtlasConfig()
    """The page that shows what the codes stand for."""


class PretrainConfig(Settings):
    """From recordings, and tokens for objectives that predict them, to an encoder."""

    window_s: float | None = Field(None, gt=0)
    """Length of the windows that are trained on; by default that of the tokens, or 10 s where there
    are none."""
    probe_windows: int = Field(256, ge=0)
    """Windows of validation subjects at most that the report's probes are asked of, and as many for
    seizures and regions; 0: no probes."""
    encoder: EncoderConfig = EncoderConfig()
    """The model."""
    masking: MaskingConfig = MaskingConfig()
    """Patches that are hidden."""
    objective: ObjectiveConfig = ObjectiveConfig()
    """What is minimised."""
    sampling: SamplingConfig = SamplingConfig()
    """Windows that it sees."""
    training: CorpusTraining = CorpusTraining(steps=1000, batch_size=16, precision="auto")
    """Length, speed and place of its training."""
