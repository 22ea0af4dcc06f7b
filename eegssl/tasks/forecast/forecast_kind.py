"""Fine-tune and evaluate forecasts of the signal beside their baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.stages import EvaluateConfig
from eegssl.corpus.store import Corpus, Recording
from eegssl.reports.sections import Page
from eegssl.scoring.config import ScoringConfig
from eegssl.signal.bands import BANDS_HZ
from eegssl.tasks.benchmarked import MODEL_METHOD
from eegssl.tasks.forecast.ahead.error_interval import interval_seen
from eegssl.tasks.forecast.ahead.unlabelled_ends import INTERVAL, UnlabelledEnds
from eegssl.tasks.forecast.config import ForecastConfig, ForecastTaskConfig
from eegssl.tasks.forecast.data import RecordedPairs, cut_pairs, horizon_of
from eegssl.tasks.forecast.error_sums import KIND as FORECAST
from eegssl.tasks.forecast.error_sums import Forecasts, forecast_rows, latencies_ms, methods_of
from eegssl.tasks.forecast.fit import (
    Trained,
    adapt_encoder,
    fit_baseline,
    fit_network,
    is_frozen,
)
from eegssl.tasks.forecast.methods.forecast_head import build_head, resolved_base
from eegssl.tasks.forecast.methods.phase_compensation import Forecaster
from eegssl.tasks.forecast.model import (
    CONTRACT,
    FILES,
    ForecastModel,
    load_forecast_model,
    save_forecast_model,
)
from eegssl.tasks.forecast.page import page_of, with_examples
from eegssl.tasks.forecast.pairs_kind import (
    EVALUATE_READS,
    FINETUNE_READS,
    PairsKind,
    TestPairs,
    TrainingPairs,
    plan_of,
)
from eegssl.tasks.forecast.scores import (
    STORED_SCORES,
    ForecastFacts,
    ForecastReport,
    ForecastScores,
    forecast_facts,
    score_forecasts,
)
from eegssl.tasks.forecast.targets import explain_pairs, in_words, kind_of_targets, pairs_of_split
from eegssl.tasks.forecast.temporal_split import past_facts, within_subject
from eegssl.tasks.jobs import Fitted, Job, TaskInfo, Trial
from eegssl.training.fitting.devices import choose_device

_OF_TABLE = ("task", "adaptation", "encoder_weights", "horizon_s", "targets")


class ForecastKind(
    PairsKind[ForecastTaskConfig, ForecastModel, RecordedPairs, Forecasts, ForecastReport]
):
    """The signal after a time t, from a context before it."""

    name = "forecast"
    settings = ForecastTaskConfig
    view = Forecasts
    finetune_reads = (*FINETUNE_READS, "cache_gb")
    evaluate_reads = (*EVALUATE_READS, "batch_size")
    files = FILES
    contract = CONTRACT
    stored_scores = STORED_SCORES
    stored_facts = ForecastFacts
    benchmark = ForecastScores()
    unlabelled = UnlabelledEnds()

    def times(self, task: ForecastTaskConfig) -> ForecastConfig:
        """The task itself."""
        return task

    def cut(
        self,
        corpus: Corpus,
        recordings: Sequence[Recording],
        task: ForecastTaskConfig,
        part: str,
        targets: Corpus | None,
    ) -> RecordedPairs:
        """The pairs of recordings; raises InputError when none is long enough."""
        if part == "test":
            return cut_pairs(corpus, recordings, task, part=part, targets=targets)
        return pairs_of_split(corpus, recordings, task, part, targets)

    def load(self, model: Artifact, corpus: Corpus) -> tuple[ForecastModel, ForecastTaskConfig]:
        """The head on its encoder with its baselines, and their task."""
        trained = load_forecast_model(model, corpus)
        return trained, trained.task

    def fit(
        self,
        job: Job[ForecastTaskConfig],
        data: TrainingPairs[RecordedPairs],
        writer: ArtifactWriter,
    ) -> Fitted[Forecasts]:
        """Fit a head on the encoder, and its baselines on the same pairs."""
        adaptation, context = job.config.adaptation, job.context
        horizon = horizon_of(job.task, job.corpus.sfreq_hz)
        task = resolved_base(job.task, data.val, horizon)
        context.progress.say(f"the head adds to {task.head.base}")
        past = past_facts(task, job)
        head = build_head(
            job.build_encoder(), horizon, task, context.seed, frozen=is_frozen(adaptation)
        )
        plan = plan_of(job, writer, "forecast")
        trained, lora = adapt_encoder(
            head,
            adaptation,
            plan,
            lambda groups: fit_network(head, data.train, data.val, task.unit, plan, groups),
        )
        baselines: dict[str, Forecaster] = {}
        for name in task.baselines.methods:
            context.progress.say(f"baseline {name}")
            baselines[name] = fit_baseline(name, data.train, data.val, horizon, task, plan)
        save_forecast_model(writer, ForecastModel(head, task, adaptation, baselines))
        facts = _facts(task, data, trained) | lora | past
        facts |= {
            "n_parameters": sum(p.numel() for p in head.parameters()),
            "within_subject": within_subject(job.corpus, task),
            INTERVAL: asdict(interval_seen(head, data.val)),
        }
        return Fitted(facts, (*data.train.recordings, *data.val.recordings))

    def predict(self, trial: Trial, data: TestPairs[ForecastModel, RecordedPairs]) -> Forecasts:
        """Sums of errors of the model's and of every baseline's forecasts."""
        task, pairs, progress = data.model.task, data.pairs, trial.context.progress
        methods = methods_of(data.model, choose_device(trial.config.device))
        progress.say(f"forecasting {len(pairs)} windows by {len(methods)} methods")
        advance = progress.track("recordings", len(pairs.recordings))
        keys, sums = forecast_rows(methods, pairs, trial.config.batch_size, advance)
        about = trial.about("best_step") | {
            "kind": FORECAST,
            "methods": list(methods),
            "model": MODEL_METHOD,
            "bands": BANDS_HZ,
            "sfreq_hz": trial.corpus.sfreq_hz,
            "context_s": task.context_s,
            "horizon_s": task.horizon_s,
            "head": task.head.kind,
            "base": task.head.base,
            "minimised": task.unit,
            "targets": kind_of_targets(data.targets),
            "synthetic": trial.corpus.synthetic,
            "within_subject": within_subject(trial.corpus, task),
            "parts": in_words(task),
        }
        return Forecasts(keys, sums, trial.corpus.split_hash, about)

    def beside(self, trial: Trial, data: TestPairs[ForecastModel, RecordedPairs]) -> dict[str, Any]:
        """Time that each method takes for a forecast on this machine."""
        methods = methods_of(data.model, choose_device(trial.config.device))
        return {"latency_ms": latencies_ms(methods, data.pairs)}

    def score(self, table: Forecasts, config: ScoringConfig, seed: int) -> ForecastReport:
        """Errors of every method, and the model against each baseline."""
        return score_forecasts(table, config, seed)

    def facts(self, table: Forecasts, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """Facts of the system, and a few scores of each method."""
        return {name: table.about[name] for name in _OF_TABLE} | forecast_facts(table, metrics)

    def page(
        self,
        table: Forecasts,
        scores: ForecastReport,
        config: EvaluateConfig,
        ran: tuple[Trial, TestPairs[ForecastModel, RecordedPairs]] | None,
    ) -> Page:
        """The page, with lineage, training and examples where a model was run."""
        page = page_of(table, scores)
        if ran is not None:
            trial, data = ran
            methods = methods_of(data.model, choose_device(config.device))
            page = with_examples(page, methods, data.pairs, trial.model, config.traces)
        return page

    def explain(self, task: ForecastTaskConfig, corpus: Corpus | None, seed: int) -> TaskInfo:
        """Explain the task, and the filters, pairs and too short ones of recordings."""
        return explain_pairs(task, corpus)


def _facts(
    task: ForecastTaskConfig, data: TrainingPairs[RecordedPairs], trained: Trained
) -> dict[str, Any]:
    """Facts of a model for its manifest, but for its encoder."""
    parts = {"train": data.train, "val": data.val}
    chosen_on = sorted({r.id for r in data.val.recordings})
    return {
        "context_s": task.context_s,
        "horizon_s": task.horizon_s,
        "pairs": {split: len(pairs) for split, pairs in parts.items()},
        "subjects": {split: pairs.n_subjects for split, pairs in parts.items()},
        "head": task.head.kind,
        "base": task.head.base,
        "best_step": trained.best_step,
        "n_parameters_trained": trained.n_parameters_trained,
        "val": {"unit": task.unit, "mse_of_base": trained.first_error, "mse": trained.error},
        "baselines": list(task.baselines.methods),
        "statistics": {"base": chosen_on, "weights": chosen_on, "penalties": chosen_on},
        "targets": kind_of_targets(data.targets),
    }
