"""Ask every probe.

The windows are embedded once for each way of asking.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.context import Context
from eegssl.errors import InputError
from eegssl.probes.embedded import ENCODER, POWER, RANDOM, Embedder, band_powers
from eegssl.probes.layer_similarity import FEWEST_WINDOWS, cka_matrix
from eegssl.probes.probe_sample import ProbeSample
from eegssl.probes.probe_scores import Asked
from eegssl.probes.probed_signals import COMMON, OWN, without_aperiodic
from eegssl.probes.region_measures import region_measures
from eegssl.signal.bands import BANDS_HZ
from eegssl.signal.channels.regions import REGIONS

Floats = NDArray[np.float64]


def measured(embedder: Embedder, sample: ProbeSample, context: Context) -> dict[str, Any]:
    """All measures, by probe, then by what is read (`eegssl.probes.embedded.SPACES`).

    Raises InputError for fewer windows than layers can be compared by.
    """
    windows, asked = sample.windows, Asked(sample, context.seed)
    _require_enough(sample)
    context.progress.say(f"embedding {len(windows)} windows, layer by layer")
    layers, random_layers = embedder.layers(windows)
    features, powers = band_powers(windows, embedder.batch_size)
    spaces = {ENCODER: layers[-1], RANDOM: random_layers[-1], POWER: features}
    embeddings = {name: spaces[name] for name in (ENCODER, RANDOM)}
    people = {s: windows.corpus.person(s) for s in sample.subjects}
    context.progress.say("asking of subjects, recordings, seizures, bands, age and sex")
    return {
        "subjects": asked.subjects(spaces),
        "files": asked.files(spaces),
        "other_files": asked.other_files(spaces),
        "labels": asked.labels(spaces),
        "bands": asked.bands(embeddings, dict(zip(BANDS_HZ, powers.T, strict=True))),
        "age": asked.age(spaces, {s: age for s, (age, _) in people.items() if age is not None}),
        "sex": asked.sex(spaces, {s: sex for s, (_, sex) in people.items() if sex is not None}),
        "aperiodic": _flattened(asked, embedder, context),
        "regions": _regions(asked, embedder, layers[-1], context),
        "layers": _layers(asked, layers, random_layers),
    }


def _require_enough(sample: ProbeSample) -> None:
    n = int(sample.of_subjects.sum())
    if n < FEWEST_WINDOWS:
        raise InputError(
            f"probes need {FEWEST_WINDOWS} windows at least, and there are {n}: give longer "
            "recordings, or more of them"
        )


def _flattened(asked: Asked, embedder: Embedder, context: Context) -> dict[str, Any]:
    """The probes of subjects and labels again, where 1/f is taken out."""
    windows = asked.sample.windows
    context.progress.say("embedding the windows without 1/f, in two ways")
    top_hz = min(embedder.encoder.config.top_hz, *(r.band_high_hz for r in windows.recordings))
    changes = without_aperiodic(windows, embedder.batch_size, top_hz)
    spaces = {name: embedder.spaces(windows, change) for name, change in changes.items()}
    measures: dict[str, Any] = {
        name: {"subjects": asked.subjects(own), "labels": asked.labels(own)}
        for name, own in spaces.items()
    }
    return measures | {"change": asked.changes(spaces[COMMON], spaces[OWN])}


def _regions(asked: Asked, embedder: Embedder, full: Floats, context: Context) -> dict[str, Any]:
    """The measures of each region left out, and of other channels, of labelled windows if any."""
    sample = asked.sample
    some = np.flatnonzero(sample.of_labels if sample.of_labels.any() else sample.of_subjects)
    windows, measures = sample.windows.subset(some), {}
    for k, region in enumerate(REGIONS):
        context.progress.say(f"embedding {len(windows)} windows without region {region}")
        lost = embedder.without_region(windows, k, asked.seed)
        measures[region] = {
            "channels": float(lost.n_left_out.mean()) if len(lost.places) else 0.0,
            **region_measures(asked, full, replace(lost, places=some[lost.places])),
        }
    return measures


def _layers(asked: Asked, layers: Floats, random_layers: Floats) -> dict[str, Any]:
    """Similarity of layers, and what probes read at every depth."""
    some = asked.sample.of_subjects
    trained, untrained = ([x[some] for x in one] for one in (layers, random_layers))
    depths = [{ENCODER: x, RANDOM: y} for x, y in zip(layers, random_layers, strict=True)]
    return {
        "similarity": cka_matrix(trained),
        "beside_random": np.diagonal(cka_matrix(trained, untrained)),
        "subjects": [asked.subjects(spaces) for spaces in depths],
        "labels": [asked.labels(spaces) for spaces in depths],
    }
