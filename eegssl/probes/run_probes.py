"""Probe an encoder on recordings: embed, measure, write."""

from dataclasses import replace
from typing import Any

import numpy as np

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import Artifact, inputs_of
from eegssl.corpus.audits.growth import tell_growth
from eegssl.corpus.audits.leaks import Leak, audit, refuse
from eegssl.corpus.store import Corpus, Recording, fitted_on
from eegssl.corpus.windows import Windows, require_whole_patches, tile
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import Encoder
from eegssl.probes.all_probes import measured
from eegssl.probes.config import ProbesConfig
from eegssl.probes.embedded import Embedder
from eegssl.probes.probe_sample import ProbeSample, probe_sample
from eegssl.probes.probes_contract import CONTRACT, REPORT, SCORES, as_json, facts_of
from eegssl.probes.shown.probe_words import concerns
from eegssl.probes.shown.probes_page import page_of
from eegssl.reports.cautions import with_warnings
from eegssl.reports.html import render_page
from eegssl.tasks.trained_for import differences
from eegssl.training.fitting.devices import choose_device
from eegssl.training.weights import load_weights, read_module_config


def probe(config: ProbesConfig, encoder: Artifact, corpus: Corpus, context: Context) -> Result:
    """Make an artifact of what an encoder knows of the subjects of recordings.

    Raises LeakError when it was trained on them, unless ``config.allow_leak``: then every result is
    marked. Validation subjects of its own pretraining chose its step and are asked with a warning.
    """
    splits = ("train", "val", "test") if config.split == "all" else (config.split,)
    recordings = corpus.of_split(*splits)
    tell_growth(corpus.artifacts, [encoder], context)
    leaks = _leaks(config, encoder, corpus, recordings, context)
    for difference in differences(encoder, corpus, recordings, pretrained=True):
        context.warn(difference)
    for leak in leaks:
        context.warn(f"LEAK, allowed: {leak.in_words()}")
    settings = read_module_config(encoder.path, "encoder", EncoderConfig)
    window_s = config.window_s or float(encoder.manifest.facts["window_s"])
    windows = tile(corpus, recordings, window_s)
    require_whole_patches(windows, settings.patch_samples, "window_s")
    inputs = [*inputs_of(encoder), *corpus.inputs()]
    writer = context.begin(CONTRACT, config, inputs, names=(SCORES, REPORT))
    if isinstance(writer, Result):
        return writer
    trained = build_encoder(settings, context.seed)
    load_weights(trained, encoder.path, "encoder")
    trained = trained.to(choose_device(config.device)).eval()
    scores = scores_of(trained, encoder.manifest.id, windows, config, leaks, context)
    writer.write_json(SCORES, scores)
    for concern in concerns(scores):
        context.warn(concern)
    writer.write(REPORT, render_page(with_warnings(page_of(scores), context.warnings)))
    seen = replace(encoder.manifest.fitted_on, sketches={})
    return context.finish(writer, facts_of(scores), seen)


def scores_of(
    encoder: Encoder,
    name: str,
    windows: Windows,
    config: ProbesConfig,
    leaks: list[Leak],
    context: Context,
) -> dict[str, Any]:
    """The document of probes of an encoder, called ``name``, on windows of some subjects.

    Beside it stands its like with weights as ``context.seed`` draws them.
    """
    sample = probe_sample(windows, config.windows, config.label_windows, context.seed)
    untrained = build_encoder(encoder.config, context.seed).to(encoder.mask_token.device).eval()
    embedder = Embedder(encoder, untrained, config.batch_size)
    about = _about(sample, name, config, leaks)
    return {"about": about, "probes": as_json(measured(embedder, sample, context))}


def _leaks(
    config: ProbesConfig,
    encoder: Artifact,
    corpus: Corpus,
    recordings: tuple[Recording, ...],
    context: Context,
) -> list[Leak]:
    """What the encoder was trained on among recordings; raises LeakError unless it is allowed.

    The validation subjects of its own pretraining count as seen by `evaluate`. Here they are what
    is asked by default, and only the training subjects of the same recordings count.
    """
    own = set(corpus.inputs()) <= set(encoder.manifest.inputs)
    if config.split == "val" and own and not encoder.manifest.facts.get("init_from"):
        context.warn(
            "these are the validation subjects of the encoder's pretraining: no weight was trained "
            "on them, and the step that was kept was chosen by their loss; --set split=test asks "
            "of subjects that it never saw"
        )
        leaks = audit((), corpus, recordings, also=fitted_on(corpus.of_split("train")))
    else:
        leaks = audit(encoder, corpus, recordings)
    if not config.allow_leak:
        refuse(leaks, encoder)
    return leaks


def _about(
    sample: ProbeSample, encoder: str, config: ProbesConfig, leaks: list[Leak]
) -> dict[str, Any]:
    """What was asked of whom."""
    corpus = sample.windows.corpus
    return {
        "encoder": encoder,
        "split": config.split,
        "window_s": sample.windows.window_s,
        "n_subjects": len(np.unique(sample.subject)),
        "n_files": len(np.unique(sample.file)),
        "n_windows": len(sample.windows),
        "n_windows_subjects": int(sample.of_subjects.sum()),
        "n_windows_labels": int(sample.of_labels.sum()),
        "n_windows_seizures": int((sample.of_labels & sample.ictal).sum()),
        "n_montages": len({sample.windows.channels_of(k) for k in range(len(sample.windows))}),
        "synthetic": corpus.synthetic,
        "within_subject": corpus.within_subject,
        "leaks": [leak.in_words() for leak in leaks],
    }
