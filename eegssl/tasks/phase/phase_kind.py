"""Fine-tune and evaluate forecasts of dominant frequency and phase."""

from collections.abc import Mapping, Sequence
from typing import Any

from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.stages import EvaluateConfig
from eegssl.corpus.rebuilt_filters import require_causal
from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import ConfigError, EegsslError, InputError
from eegssl.reports.sections import Page
from eegssl.scoring.config import ScoringConfig
from eegssl.tasks.forecast.config import ForecastConfig
from eegssl.tasks.forecast.pairs_kind import PairsKind, TestPairs, TrainingPairs, plan_of
from eegssl.tasks.forecast.targets import in_words, kind_of_targets
from eegssl.tasks.forecast.temporal_split import PARTS, past_facts, recordings_of, within_subject
from eegssl.tasks.jobs import MODEL_FILES, Fitted, Job, TaskInfo, Trial
from eegssl.tasks.phase.config import PhaseTaskConfig
from eegssl.tasks.phase.data import PhasePairs, cut_phase_pairs
from eegssl.tasks.phase.fit import CONTRACT, fit_phase_head, load_phase_head, save_phase_head
from eegssl.tasks.phase.model import PhaseHead
from eegssl.tasks.phase.page import page_of
from eegssl.tasks.phase.phase_rows import PhasePredictions, predict_phases
from eegssl.tasks.phase.scores import (
    STORED_SCORES,
    AllPhaseScores,
    PhaseFacts,
    PhaseScores,
    phase_facts,
    score_phase_table,
)
from eegssl.training.fitting.devices import choose_device

_OF_MODEL = ("task", "adaptation", "encoder_weights", "base", "targets")
_OF_TABLE = (*_OF_MODEL, "kind", "within_subject", "synthetic", "leaks")


class PhaseKind(
    PairsKind[PhaseTaskConfig, PhaseHead, PhasePairs, PhasePredictions, AllPhaseScores]
):
    """Dominant frequency and phase after a time t, band by band."""

    name = "phase"
    unread_files = (
        "models of phases read no new files, since a phase counts for milliseconds and a file's "
        "end is long past: preprocess them with filter.phase=causal, and evaluate the model on "
        "these recordings"
    )
    settings = PhaseTaskConfig
    view = PhasePredictions
    page_reads = ("traces",)
    files = MODEL_FILES
    contract = CONTRACT
    stored_scores = STORED_SCORES
    stored_facts = PhaseFacts
    benchmark = PhaseScores()

    def times(self, task: PhaseTaskConfig) -> ForecastConfig:
        """As for signals."""
        return task.forecast

    def cut(
        self,
        corpus: Corpus,
        recordings: Sequence[Recording],
        task: PhaseTaskConfig,
        part: str,
        targets: Corpus | None,
    ) -> PhasePairs:
        """The pairs of recordings; raises InputError when none is long enough."""
        return cut_phase_pairs(corpus, recordings, task, targets, part)

    def load(self, model: Artifact, corpus: Corpus) -> tuple[PhaseHead, PhaseTaskConfig]:
        """The head on its encoder, and its task."""
        head = load_phase_head(model, corpus)
        return head, head.task

    def fit(
        self, job: Job[PhaseTaskConfig], data: TrainingPairs[PhasePairs], writer: ArtifactWriter
    ) -> Fitted[PhasePredictions]:
        """Train a head on the encoder; weights and bases are chosen on validation pairs."""
        config, task, context = job.config, job.task, job.context
        past = past_facts(task.forecast, job)
        train, val = data.train, data.val
        context.progress.say(f"reading {len(train)} and {len(val)} pairs")
        plan = plan_of(job, writer, task.name)
        encoder = job.build_encoder()
        head, training = fit_phase_head(encoder, train, val, config.adaptation, plan)
        save_phase_head(writer, head)
        facts = training | past
        facts |= {
            "kind": task.kind,
            "pairs": {"train": len(train), "val": len(val)},
            "subjects": {"train": train.n_subjects, "val": val.n_subjects},
            "targets": kind_of_targets(data.targets),
            "n_parameters": sum(p.numel() for p in head.parameters()),
            "statistics": {"base": sorted(r.id for r in val.recordings)},
            "within_subject": within_subject(job.corpus, task.forecast),
        }
        return Fitted(facts, (*train.recordings, *val.recordings))

    def predict(self, trial: Trial, data: TestPairs[PhaseHead, PhasePairs]) -> PhasePredictions:
        """Phases by the model and by both baselines, beside the true ones."""
        head, corpus, context = data.model, trial.corpus, trial.context
        context.progress.say(f"forecasting {len(data.pairs)} times")
        head.to(choose_device(trial.config.device))
        about = trial.about("base", "targets") | {
            "synthetic": corpus.synthetic,
            "within_subject": within_subject(corpus, head.task.forecast),
            "parts": in_words(head.task.forecast),
        }
        return predict_phases(head, data.pairs, corpus.split_hash, about)

    def score(self, table: PhasePredictions, config: ScoringConfig, seed: int) -> AllPhaseScores:
        """Errors of phase and frequency by method and band."""
        return score_phase_table(table, config, seed)

    def facts(self, table: PhasePredictions, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """Facts of the system, and a few scores of each method and band."""
        n_pairs = len(set(zip(table.recording, table.t_s.tolist(), strict=True)))
        return {name: table.about.get(name) for name in _OF_TABLE} | {
            "windows": {"n": n_pairs},
            "subjects": sorted(set(table.subject)),
            "phase": phase_facts(metrics["methods"]),
        }

    def page(
        self,
        table: PhasePredictions,
        scores: AllPhaseScores,
        config: EvaluateConfig,
        ran: tuple[Trial, TestPairs[PhaseHead, PhasePairs]] | None,
    ) -> Page:
        """The page; all of it follows from the table."""
        return page_of(table, scores, config.traces)

    def explain(self, task: PhaseTaskConfig, corpus: Corpus | None, seed: int) -> TaskInfo:
        """Explain the task, and count the pairs of each split of recordings."""
        info = TaskInfo(_understood(task))
        if corpus is None:
            return info
        try:
            require_causal(corpus)
        except ConfigError as error:
            info.problems.append(error)
        for split in PARTS:
            _explain_split(info, corpus, task, split)
        return info


def _understood(task: PhaseTaskConfig) -> dict[str, Any]:
    forecast, phase = task.forecast, task.phase
    return {
        "name": task.name,
        "kind": task.kind,
        "which means": "from a context before a time t: of each channel and band the dominant "
        "frequency after t, and the phase around the context's",
        "context_s": forecast.context_s,
        "horizon_s": forecast.horizon_s,
        "a time t every (s)": forecast.stride_s,
        "times in a recording at most": forecast.pairs_per_recording,
        "bands": {name: f"{low:g} to {high:g} Hz" for name, (low, high) in phase.bands.items()},
        "phases are of a band of (Hz)": f"± {phase.half_width_hz:g}",
        "baselines": "phi0 + 2 pi f t; AR + Hilbert",
    } | in_words(forecast)


def _explain_split(info: TaskInfo, corpus: Corpus, task: PhaseTaskConfig, split: str) -> None:
    """Count the pairs of a split; test may hold none."""
    try:
        recordings = recordings_of(corpus, split, task.forecast)
        pairs = cut_phase_pairs(corpus, recordings, task, part=split)
    except EegsslError as error:
        needed = split != "test" or not isinstance(error, InputError)
        if needed and str(error) not in map(str, info.problems):
            info.problems.append(error)
        return
    info.splits[split] = {
        "recordings": len(pairs.recordings),
        "subjects": pairs.n_subjects,
        "pairs": len(pairs),
    }
