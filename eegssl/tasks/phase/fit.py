"""Train, write and read a head that forecasts phases.

What no weight changes is computed once, pair by pair: truths, bases, embeddings of a frozen
encoder. Errors are those at the knots of lead time, which lie denser near t (ours).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eegssl.adaptation.config import AdaptationConfig
from eegssl.artifacts.json_parts import damaged
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.settings import public_values
from eegssl.corpus.store import Corpus
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.encoder import Encoder
from eegssl.tasks.forecast.data import horizon_of
from eegssl.tasks.forecast.fit import ForecastPlan, adapt_encoder, fit_least_error, is_frozen
from eegssl.tasks.forecast.model import TargetFacts
from eegssl.tasks.jobs import MODEL, TASK
from eegssl.tasks.model_contract import model_contract
from eegssl.tasks.phase.config import PhaseBase, PhaseBases, PhaseTaskConfig
from eegssl.tasks.phase.data import BASES, Known, PhasePairs, known_of
from eegssl.tasks.phase.model import PhaseHead, build_phase_head, cosine_of_error, knot_samples
from eegssl.tasks.trained_for import encoder_settings
from eegssl.training.weights import load_weights, read_module_config, save_module

Row = dict[str, Tensor]
"""Inputs and truth of one pair; each entry begins with its channels."""

_AT_ONCE = 8
_SMALL = 1e-6


def fit_phase_head(
    encoder: Encoder,
    train: PhasePairs,
    val: PhasePairs,
    adaptation: AdaptationConfig,
    plan: ForecastPlan,
) -> tuple[PhaseHead, dict[str, Any]]:
    """A head on ``encoder``, trained, with facts of how it went.

    Each band's base is chosen on validation pairs where it is `auto`. The head ends with the
    weights that validate best; if none beats its bases alone, it stays as it began (step 0).
    """
    task = train.task
    knots = knot_samples(train.horizon, task.head)
    wanted = BASES if task.head.base == "auto" else (task.head.base,)
    known_of_val = all_known(val, knots, wanted)
    bases = best_bases(known_of_val, wanted)
    network = build_phase_head(encoder, train.horizon, task, bases, is_frozen(adaptation))
    network.to(plan.device)
    cache = PhaseCache(network, train, all_known(train, knots, sorted(set(bases))))
    val_cache = PhaseCache(network, val, known_of_val)
    before = validation_errors(network, val_cache)
    size = plan.training.batch_size

    def step(k: int) -> dict[str, Tensor]:
        index = train.draw(size, seed=plan.seed, step=k)
        return loss_of(network, cache.read(index))

    def error() -> float:
        return validation_errors(network, val_cache)["error"]

    trained, lora = adapt_encoder(
        network,
        adaptation,
        plan,
        lambda groups: fit_least_error(network, step, error, plan, groups),
    )
    return network.eval(), lora | {
        "base": dict(zip(task.phase.bands, bases, strict=True)),
        "best_step": trained.best_step,
        "n_parameters_trained": trained.n_parameters_trained,
        "val": {"base": before, "model": validation_errors(network, val_cache)},
    }


def best_bases(known: Sequence[Known], names: Sequence[PhaseBase]) -> list[PhaseBase]:
    """For each band the base whose errors have the larger mean cosine over these pairs."""
    total = [
        sum(np.cos(one.bases[name] - one.truth.rad).sum(axis=(0, 1, 3)) for one in known)
        for name in names
    ]
    return [names[k] for k in np.array(total).argmax(axis=0)]


@torch.no_grad()
def validation_errors(network: PhaseHead, cache: "PhaseCache") -> dict[str, float]:
    """Over all cached pairs: ``phase``, the mean of 1 - cosine of errors at the knots;
    ``frequency``, the mean absolute error as a share of the band where targets oscillate; and
    ``error``, both together as they are weighed in the loss."""
    was_training = network.training
    network.eval()
    phase = frequency = 0.0
    n = n_oscillating = 0
    for index in cache.pairs.in_order(_AT_ONCE):
        row = cache.read(index)
        cosine, off = _errors(network, row)
        there = row["oscillates"]
        phase, n = phase + float((1 - cosine).cpu().double().sum()), n + cosine.numel()
        frequency += float(off[there].cpu().double().sum())
        n_oscillating += int(there.sum())
    network.train(was_training)
    phase, frequency = phase / n, frequency / max(1, n_oscillating)
    error = phase + network.task.head.frequency_weight * frequency
    return {"error": error, "phase": phase, "frequency": frequency}


def loss_of(network: PhaseHead, row: Row) -> dict[str, Tensor]:
    """The ``loss`` of pairs: 1 - cosine of the phase's error, and the frequency's error as a share
    of its band where the target oscillates."""
    config = network.task.head
    cosine, off = _errors(network, row)
    if config.weigh_amplitude:
        uv = row["true_uv"]
        weight = uv / uv.mean(dim=(0, 1, 3), keepdim=True).clamp(min=_SMALL)
        phase = (weight * (1 - cosine)).mean()
    else:
        phase = (1 - cosine).mean()
    there = row["oscillates"].float()
    frequency = (off * there).sum() / there.sum().clamp(min=1)
    loss = phase + config.frequency_weight * frequency
    return {"loss": loss, "phase": phase, "frequency": frequency}


def _errors(network: PhaseHead, row: Row) -> tuple[Tensor, Tensor]:
    """Cosines of phase errors [B, C, K, Q], and frequency errors as shares of their band
    [B, C, K]."""
    c, move = network.corrections(row)
    cosine = cosine_of_error(c, row["base"], row["truth"])
    low, high = network.band_hz.unbind(-1)
    off = (network.moved_hz(row["centres_hz"], move) - row["true_hz"]).abs() / (high - low)
    return cosine, off


def all_known(
    pairs: PhasePairs, leads: NDArray[np.int64], names: Sequence[PhaseBase]
) -> list[Known]:
    """Inputs and truth of every pair at these lead samples, batch by batch in a fixed order."""
    batches = pairs.in_order(_AT_ONCE)
    return [known_of(pairs, pairs.batch(index), leads, names) for index in batches]


class PhaseCache:
    """Caches what the head reads of each pair, computed in a fixed order: always the same bytes."""

    def __init__(self, network: PhaseHead, pairs: PhasePairs, known: Sequence[Known]) -> None:
        self.pairs = pairs
        self._network = network
        self._rows: dict[int, Row] = {}
        network.eval()
        for one in known:
            row = _as_tensors(network, one)
            if network.frozen:
                row |= network.read(pairs.batch(one.index).context)
            for place, k in enumerate(one.index.tolist()):
                self._rows[k] = {name: part[place].clone() for name, part in row.items()}

    def read(self, index: NDArray[np.int64]) -> Row:
        """Inputs and truth of these pairs; with an encoder that trains, their signals too."""
        rows = [self._rows[k] for k in index.tolist()]
        joined = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
        if not self._network.frozen:
            joined |= self._network.read(self.pairs.batch(index).context)
        return joined


def _as_tensors(network: PhaseHead, known: Known) -> Row:
    """Phasors, amplitudes and frequencies of a batch."""
    phasors = {"base": network.chosen(known.bases), "truth": known.truth.rad}
    row = {
        name: torch.from_numpy(np.exp(1j * rad).astype(np.complex64)).to(network.device)
        for name, rad in phasors.items()
    }
    row["oscillates"] = torch.from_numpy(known.peaks.oscillates).to(network.device)
    row["true_uv"] = network.tensor(known.truth.uv)
    row["true_hz"] = network.tensor(known.peaks.hz)
    return row | {"centres_hz": network.tensor(known.centres_hz)}


def save_phase_head(writer: ArtifactWriter, network: PhaseHead) -> None:
    """Write weights and bases, the encoder's configuration, and the task."""
    bases = dict(zip(network.task.phase.bands, network.bases, strict=True))
    save_module(writer, MODEL, network, PhaseBases(bases=bases))
    writer.write_json("encoder.json", network.encoder.config.model_dump(mode="json"))
    writer.write_json(TASK, public_values(network.task))


def load_phase_head(artifact: Artifact, corpus: Corpus) -> PhaseHead:
    """Read a head for use on a corpus, in evaluation mode.

    Raises ArtifactError when weights don't match or the corpus has another sampling rate.
    """
    encoder = build_encoder(encoder_settings(artifact, corpus), 0)
    task = read_module_config(artifact.path, "task", PhaseTaskConfig)
    chosen = read_module_config(artifact.path, MODEL, PhaseBases)
    horizon = horizon_of(task.forecast, corpus.sfreq_hz)
    bases = [chosen.bases[band] for band in task.phase.bands]
    network = build_phase_head(encoder, horizon, task, bases, frozen=True)
    load_weights(network, artifact.path, MODEL)
    return network.eval()


class _Facts(TargetFacts):
    base: dict[str, PhaseBase]


def _require_bases(artifact: Artifact) -> None:
    """Raise ArtifactError unless each band of the task has its base."""
    task = read_module_config(artifact.path, "task", PhaseTaskConfig)
    if set(read_module_config(artifact.path, MODEL, PhaseBases).bases) != set(task.phase.bands):
        raise damaged(artifact / f"{MODEL}.json", "its bases are not of the bands of the task")


CONTRACT = model_contract(PhaseTaskConfig, PhaseBases, facts=_Facts, whole=_require_bases)
"""What a model of phases holds."""
