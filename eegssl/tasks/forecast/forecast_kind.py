"""Fine-tune and evaluate forecasts of the signal beside their baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.stages import EvaluateConfig, FinetuneConfig
from eegssl.corpus.rebuilt_filters import require_causal
from eegssl.corpus.store import Corpus, Recording
from eegssl.reports.sections import Page
from eegssl.scoring.config import ScoringConfig
from eegssl.signal.bands import BANDS_HZ
from eegssl.tasks.forecast.config import ForecastTaskConfig
from eegssl.tasks.forecast.data import RecordedPairs, cut_pairs, horizon_of
from eegssl.tasks.forecast.error_sums import KIND as FORECAST
from eegssl.tasks.forecast.error_sums import (
    Forecasts,
)
from eegssl.tasks.forecast.fit import (
    ForecastPlan,
    Trained,
    adapt_encoder,
    fit_baseline,
    fit_network,
    is_frozen,
    require_possible,
)
from eegssl.tasks.forecast.forecast_columns import ForecastScores
from eegssl.tasks.forecast.forecast_rows import MODEL, forecast_rows, latencies_ms, methods_of
from eegssl.tasks.forecast.methods.forecast_head import build_head, resolved_base
from eegssl.tasks.forecast.methods.phase_compensation import Forecaster
from eegssl.tasks.forecast.model import (
    FILES,
    ForecastModel,
    load_forecast_model,
    save_forecast_model,
)
from eegssl.tasks.forecast.page import page_of, with_examples
from eegssl.tasks.forecast.scores import ForecastReport, forecast_facts, score_forecasts
from eegssl.tasks.forecast.targets import (
    explain_pairs,
    in_words,
    inputs_of_targets,
    kind_of_targets,
    none_in_fold,
    open_targets,
    pairs_of_split,
    require_trained_targets,
)
from eegssl.tasks.forecast.temporal_split import (
    past_facts,
    recordings_of,
    within_subject,
)
from eegssl.tasks.kind import Fitted, Inputs, Job, Kind, TaskInfo, Trial
from eegssl.training.history import METRICS
from eegssl.training.loop import choose_device

FINETUNE_READS = (
    *("encoder_weights", "adaptation.kind", "adaptation.layer_decay"),
    *("adaptation.head_lr_scale", "adaptation.lora", "training", "cross", "targets"),
)
"""What forecasts of signals and of phases read of `finetune`."""
EVALUATE_READS = (
    *("split", "allow_leak", "targets", "scoring.bootstrap_resamples", "device", "traces"),
)
"""What they read of `evaluate`."""
UNREAD = {
    "adaptation": "a forecast has a head of its own; see head among the task's settings",
    "labels_fraction": "a forecast has no labels; to learn from fewer pairs set "
    "task.pairs_per_recording",
    "labels": "a forecast has no labels",
    "class_weights": "a forecast has no classes",
    "choose_threshold_by": "a forecast needs no threshold",
    "postprocess": "a forecast detects no events",
    "scoring": "scores of a forecast are errors, of which the intervals alone can be set "
    "(scoring.bootstrap_resamples)",
    "cache": "what is computed once for a pair is kept in memory",
    "cache_gb": "what is computed once for a pair is kept in memory",
    "trace_s": "an example shows the whole horizon",
    "batch_size": "phases are forecast a few pairs at once",
}
"""Why they do not read other settings."""
_OF_TABLE = ("task", "adaptation", "encoder_weights", "horizon_s", "targets")


@dataclass(frozen=True)
class TrainingPairs:
    """Contexts and targets of training and validation; ``targets`` None where they are one's own
    continuation."""

    targets: Corpus | None
    train: RecordedPairs
    val: RecordedPairs

    @property
    def inputs(self) -> Inputs:
        """The recordings of the targets."""
        return inputs_of_targets(self.targets)


@dataclass(frozen=True)
class TestPairs:
    """A model's and its baselines' forecasts by name, and the pairs that they are tested on."""

    trained: ForecastModel
    methods: Mapping[str, Forecaster]
    targets: Corpus | None
    pairs: RecordedPairs

    @property
    def inputs(self) -> Inputs:
        """The recordings of the targets."""
        return inputs_of_targets(self.targets)


class ForecastKind(Kind[ForecastTaskConfig, TrainingPairs, TestPairs, Forecasts, ForecastReport]):
    """The signal after a time t, from a context before it."""

    name = "forecast"
    settings = ForecastTaskConfig
    view = Forecasts
    finetune_reads = (*FINETUNE_READS, "cache_gb")
    evaluate_reads = (*EVALUATE_READS, "batch_size")
    unread = UNREAD
    files = FILES
    benchmark = ForecastScores()

    def check(self, config: FinetuneConfig, task: ForecastTaskConfig) -> None:
        """Raise ConfigError for ways to adapt that forecasts don't have."""
        require_possible(config.adaptation)

    def prepare(self, job: Job[ForecastTaskConfig]) -> TrainingPairs:
        """Cut pairs of training and validation.

        Raises ConfigError for recordings that were not filtered causally, InputError when none is
        long enough.
        """
        require_causal(job.corpus)
        targets = open_targets(job.config.targets, job.corpus)
        parts = []
        for split in ("train", "val"):
            recordings = recordings_of(job.corpus, split, job.task)
            pairs = pairs_of_split(job.corpus, recordings, job.task, split, targets)
            parts.append(pairs)
            for words in _too_short(recordings, pairs, split):
                job.context.warn(words)
        return TrainingPairs(targets, *parts)

    def fit(
        self, job: Job[ForecastTaskConfig], data: TrainingPairs, writer: ArtifactWriter
    ) -> Fitted[Forecasts]:
        """Fit a head on the encoder, and its baselines on the same pairs."""
        adaptation, context = job.config.adaptation, job.context
        horizon = horizon_of(job.task, job.corpus.sfreq_hz)
        task = resolved_base(job.task, data.val, horizon)
        context.progress.say(f"the head adds to {task.head.base}")
        past, concerns = past_facts(task, job.seen, job.corpus)
        for concern in concerns:
            context.warn(concern)
        head = build_head(
            job.build_encoder(), horizon, task, context.seed, frozen=is_frozen(adaptation)
        )
        plan = _plan(job, writer)
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
        }
        return Fitted(facts, (*data.train.windows.recordings, *data.val.windows.recordings))

    def open(self, trial: Trial) -> TestPairs:
        """The model with its baselines, and the pairs of the recordings.

        Raises ConfigError for recordings that were not filtered causally, InputError when none is
        long enough.
        """
        require_causal(trial.corpus)
        trained = load_forecast_model(trial.model, trial.corpus)
        targets = open_targets(trial.config.targets, trial.corpus)
        require_trained_targets(trial.model, targets)
        pairs = cut_pairs(
            trial.corpus, trial.recordings, trained.task, part="test", targets=targets
        )
        for words in _too_short(trial.recordings, pairs, trial.config.split):
            trial.context.warn(words)
        methods = methods_of(trained, choose_device(trial.config.device))
        return TestPairs(trained, methods, targets, pairs)

    def predict(self, trial: Trial, data: TestPairs) -> Forecasts:
        """Sums of errors of the model's and of every baseline's forecasts."""
        task, pairs, progress = data.trained.task, data.pairs, trial.context.progress
        progress.say(f"forecasting {len(pairs)} windows by {len(data.methods)} methods")
        advance = progress.track("recordings", len(pairs.windows.recordings))
        keys, sums = forecast_rows(data.methods, pairs, trial.config.batch_size, advance)
        about = trial.about("best_step") | {
            "kind": FORECAST,
            "methods": list(data.methods),
            "model": MODEL,
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

    def beside(self, trial: Trial, data: TestPairs) -> dict[str, Any]:
        """How long each method takes for a forecast on this machine."""
        return {"latency_ms": latencies_ms(data.methods, data.pairs)}

    def score(self, table: Forecasts, config: ScoringConfig, seed: int) -> ForecastReport:
        """Errors of every method, and the model against each baseline."""
        return score_forecasts(table, config, seed)

    def metrics(self, table: Forecasts, scores: ForecastReport) -> dict[str, Any]:
        """All scores as plain values."""
        return scores.as_dict()

    def facts(self, table: Forecasts, scores: ForecastReport) -> dict[str, Any]:
        """Whose forecasts these are, and a few scores of each method."""
        return {name: table.about[name] for name in _OF_TABLE} | forecast_facts(scores, table)

    def page(
        self,
        table: Forecasts,
        scores: ForecastReport,
        config: EvaluateConfig,
        ran: tuple[Trial, TestPairs] | None,
    ) -> Page:
        """The page, with lineage, training and examples where a model was run."""
        page = page_of(table, scores)
        if ran is not None:
            trial, data = ran
            page = with_examples(page, data.methods, data.pairs, trial.model, config.traces)
        return page

    def explain(self, task: ForecastTaskConfig, corpus: Corpus | None, seed: int) -> TaskInfo:
        """What the task asks, and of recordings: their filters, pairs, and which are too short."""
        return explain_pairs(task, corpus)

    def check_folds(self, jobs: Sequence[Job[ForecastTaskConfig]]) -> Inputs:
        """Refuse folds with no pair to learn from or to score."""
        for k, job in enumerate(jobs):
            splits = self.explain(job.task, job.corpus, job.context.seed).splits
            if error := none_in_fold(job.task.name, splits, k, len(jobs)):
                raise error
        return ()


def _too_short(
    recordings: Sequence[Recording], pairs: RecordedPairs, split: str
) -> tuple[str, ...]:
    """What to warn of recordings that hold no pair."""
    short = len(recordings) - len(pairs.windows.recordings)
    words = f"split {split}: {short} recording(s) are too short for a forecast, left out"
    return (words,) if short else ()


def _plan(job: Job[ForecastTaskConfig], writer: ArtifactWriter) -> ForecastPlan:
    return ForecastPlan(
        training=job.config.training,
        seed=job.context.seed,
        device=job.device,
        folder=writer.work,
        metrics=writer / METRICS,
        keep_gb=job.config.cache_gb,
        on_step=job.context.progress.track("forecast", job.config.training.steps),
    )


def _facts(task: ForecastTaskConfig, data: TrainingPairs, trained: Trained) -> dict[str, Any]:
    """What the manifest says of a model, but for its encoder."""
    parts = {"train": data.train, "val": data.val}
    chosen_on = sorted({r.id for r in data.val.windows.recordings})
    return {
        "context_s": task.context_s,
        "horizon_s": task.horizon_s,
        "pairs": {split: len(pairs) for split, pairs in parts.items()},
        "subjects": {split: len(set(pairs.subjects)) for split, pairs in parts.items()},
        "head": task.head.kind,
        "base": task.head.base,
        "best_step": trained.best_step,
        "n_parameters_trained": trained.n_parameters_trained,
        "val": {"unit": task.unit, "mse_of_base": trained.first_error, "mse": trained.error},
        "baselines": list(task.baselines.methods),
        "statistics": {"base": chosen_on, "weights": chosen_on, "penalties": chosen_on},
        "targets": kind_of_targets(data.targets),
    }
