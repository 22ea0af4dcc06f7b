"""Judge and describe the codes of a corpus."""

from typing import Any

from eegssl.artifacts.context import Context
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.corpus_stages import TokenizeConfig
from eegssl.corpus.codes.codebook_atlas import Atlas, make_atlas, write_atlas
from eegssl.corpus.codes.tokens import CODES, patch_path, read_codes
from eegssl.corpus.store import Corpus
from eegssl.corpus.windows import Windows
from eegssl.reports.codebook.codebook_page import write_page
from eegssl.tokenizer.code_quality import CodeQuality, kmeans_wins_message, measure_codes
from eegssl.tokenizer.tokenizer import Tokenizer
from eegssl.training.encoding import share_unlike_float32
from eegssl.training.tokenizer_windows import sample_windows

_VAL_PATCHES = 8192  # behind the quality of codes
_TRAIN_PATCHES = (16_384, 65_536)  # at least and at most; between them, 16 a code


def quality_of(model: Tokenizer, train: Windows, val: Windows, context: Context) -> dict[str, Any]:
    """Facts about the codes of unseen patches; warns if k-means tells more."""
    low, high = _TRAIN_PATCHES
    n_train = min(max(16 * model.config.n_codes, low), high)
    samples = [
        sample_windows(windows, n, model.config.patch_samples)
        for windows, n in ((train, n_train), (val, _VAL_PATCHES))
    ]
    quality: CodeQuality = measure_codes(model, samples[0], samples[1], context.seed)
    if message := kmeans_wins_message(quality):
        context.warn(message)
    return quality.facts()


def unlike_float32(model: Tokenizer, val: Windows, context: Context) -> float:
    """Share of some validation patches that have another code in bfloat16; tells it."""
    samples = sample_windows(val, _VAL_PATCHES, model.config.patch_samples)
    share = share_unlike_float32(model, samples)
    context.progress.say(f"in bfloat16 {share:.2%} of some validation patches have another code")
    return share


def describe_codes(
    model: Tokenizer,
    corpus: Corpus,
    config: TokenizeConfig,
    quality: dict[str, Any],
    writer: ArtifactWriter,
    context: Context,
) -> Atlas:
    """Write the atlas of codes in training and validation recordings, and its page."""
    recordings = corpus.of_split("train", "val")
    coded = [r for r in recordings if patch_path(writer.path, CODES, r.id).exists()]
    size = model.config.n_codes, model.config.patch_samples
    advance = context.progress.track("atlas", len(coded))
    sources = corpus, coded, lambda recording: read_codes(writer.path, recording.id)
    atlas = make_atlas(*sources, *size, seed=context.seed, on_recording=advance)
    write_atlas(writer, atlas)
    kinds = {"synthetic": corpus.synthetic, "within_subject": corpus.within_subject}
    write_page(writer, atlas, config.atlas, quality=quality, **kinds)
    return atlas
