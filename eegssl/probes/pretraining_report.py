"""Report a pretraining by its curves, and what the encoder knows."""

from collections.abc import Mapping, Sequence
from typing import Any

from eegssl.artifacts.context import Context
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.corpus_stages import PretrainConfig
from eegssl.corpus.audits.leaks import audit
from eegssl.corpus.store import Corpus, fitted_on
from eegssl.corpus.windows import tile
from eegssl.encoder.encoder import Encoder
from eegssl.errors import InputError
from eegssl.probes.config import ProbesConfig
from eegssl.probes.probes_contract import REPORT, SCORES
from eegssl.probes.run_probes import scores_of
from eegssl.probes.shown.pretraining_page import page_of_pretraining
from eegssl.probes.shown.probe_words import concerns
from eegssl.reports.cautions import with_warnings
from eegssl.reports.html import render_page

_FEWEST = 16
"""Windows of `ProbesConfig` at least."""


def probe_pretrained(
    config: PretrainConfig,
    encoder: Encoder,
    corpus: Corpus,
    window_s: float,
    initial: Artifact | None,
    context: Context,
) -> dict[str, Any] | None:
    """What `evaluate --probes` would ask of validation subjects, of few windows; None for none.

    ``initial`` is an encoder whose weights it began with: what that has seen marks the page.
    """
    if not config.probe_windows:
        return None
    n = max(_FEWEST, config.probe_windows)
    recordings = corpus.of_split("val")
    seen = fitted_on(corpus.of_split("train"))
    leaks = audit([initial] if initial else (), corpus, recordings, also=seen)
    asked = ProbesConfig(windows=n, label_windows=n)
    try:
        return scores_of(encoder, "", tile(corpus, recordings, window_s), asked, leaks, context)
    except InputError as error:  # the training is done, and not to be lost for it
        context.warn(f"the report has no probes: {error}")
        return None


def write_report(
    writer: ArtifactWriter,
    facts: Mapping[str, Any],
    rows: Sequence[dict[str, Any]],
    scores: Mapping[str, Any] | None,
    warnings: Sequence[str],
) -> None:
    """Write the page, and the document of the probes if there are any.

    ``facts`` are the encoder's, ``rows`` those of its log.
    """
    if scores is not None:
        writer.write_json(SCORES, scores)
    told = [*warnings, *(concerns(scores) if scores else ())]
    page = page_of_pretraining(facts, rows, scores)
    writer.write(REPORT, render_page(with_warnings(page, told)))
