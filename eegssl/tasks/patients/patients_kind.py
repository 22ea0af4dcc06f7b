"""Analyse outcomes of patients by models that never saw them.

`finetune` is the whole analysis, and makes a `crossvalidation` with its scores. The encoder stays
as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eegssl.adaptation.classifier import build_classifier
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.baselines.band_power import band_power_of
from eegssl.config.stages import EvaluateConfig, FinetuneConfig
from eegssl.corpus.audits.leaks import Leak, audit
from eegssl.corpus.folds import LEAVE_ONE_OUT
from eegssl.corpus.store import Corpus
from eegssl.corpus.windows import Windows, require_whole_patches
from eegssl.errors import ConfigError, EegsslError, LeakError
from eegssl.reports.sections import Page
from eegssl.scoring.config import ScoringConfig
from eegssl.tasks.jobs import Fitted, Inputs, Job, TaskInfo, Trial
from eegssl.tasks.kind import Kind
from eegssl.tasks.patients.analysis import (
    PatientResult,
    conclude,
    fit,
    n_permutations,
)
from eegssl.tasks.patients.cohort.limits import check_enough, limits_of
from eegssl.tasks.patients.config import PatientsConfig, PatientTaskConfig
from eegssl.tasks.patients.data import (
    Cohort,
    follow_up,
    gather,
    in_words,
    sessions_by_window,
    windows_of,
)
from eegssl.tasks.patients.descriptions import methods, understood
from eegssl.tasks.patients.left_out import PatientPredictions
from eegssl.tasks.patients.page import page_of
from eegssl.tasks.patients.patient_inputs import Prepared
from eegssl.tasks.patients.patient_inputs import prepare as prepare_rows
from eegssl.training.features import Cache, embed_windows

UNREAD = {
    "adaptation": "the encoder stays as it is; how patients are told apart is task.analysis",
    **dict.fromkeys(
        ("labels_fraction", "labels_subjects", "labels_draw"), "all patients are needed"
    ),
    "class_weights": "the AUROC compares patients of both outcomes, however many there are",
    "cache_gb": "embeddings of a frozen encoder are pooled, which takes little; set cache",
    "training": "nothing is trained by gradient; settings of the analysis are task.analysis",
    "choose_threshold_by": "the AUROC needs no threshold",
    "postprocess": "no events are detected",
    "cross": "patients are dealt into folds by the analysis; set task.analysis.outer_folds",
    "corruptions": "patients are scored as they are fitted, and no model is tested again",
    "targets": "targets belong to tasks of forecasting",
    "scoring": "the analysis has settings of its own; set task.analysis with finetune",
}
"""Setting that a task of patients does not read -> why, and what to do instead."""
_IN_METRICS = (
    *("task", "design", "tested", "follow_up", "told_by", "left_out", "leaks", "synthetic"),
    *("counts", "set_aside", "set_aside_of_patients"),
)
_IN_FACTS = (
    *("task", "design", "tested", "encoder_weights", "leaks", "synthetic"),
    *("follow_up", "told_by"),
)


@dataclass(frozen=True)
class CohortWindows:
    """The patients with an outcome, their windows, and what the encoder has seen of them."""

    cohort: Cohort
    windows: Windows
    leaks: tuple[Leak, ...]

    @property
    def inputs(self) -> Inputs:
        """The user's tables."""
        return self.cohort.inputs


class Patients(
    Kind[PatientTaskConfig, CohortWindows, CohortWindows, PatientPredictions, PatientResult]
):
    """Outcomes of patients, one each."""

    name = "patients"
    settings = PatientTaskConfig
    view = PatientPredictions
    paths = ("table", "sessions_table")
    finetune_reads = (
        *("encoder_weights", "adaptation.kind", "adaptation.pooling", "adaptation.layer"),
        *("cache", "training.device"),
    )
    unread = UNREAD
    makes = "crossvalidation"
    unread_files = (
        "an analysis of patients compares those of one cohort with each other, each left out in "
        "turn, and makes no model that reads a new file: add the patient to its recordings and "
        "table, and run finetune again"
    )
    not_in_matrix = (
        "`eegssl finetune` compares encoder, band power and clinical data on the same patients in "
        "one table; run it once for each encoder"
    )

    def check(self, config: FinetuneConfig, task: PatientTaskConfig) -> None:
        """Raise ConfigError for ways to adapt that a task of patients can't follow."""
        if config.adaptation.kind == "attention":
            raise ConfigError(
                "--adapt attention weighs the patches of a window; to weigh the windows of a "
                "patient take --set task.analysis.pooling=attention, and leave --adapt out"
            )
        if config.adaptation.kind != "probe":
            raise ConfigError(
                f"task {task.name}: the encoder stays frozen (--adapt probe), got "
                f"{config.adaptation.kind!r}: patients are too few to train it, and each fold "
                "would need an encoder of its own. For random weights take --set "
                "encoder_weights=random"
            )
        if config.adaptation.layer == "best":
            raise ConfigError(
                f"task {task.name}: adaptation.layer is 'best', and every patient is tested: there "
                "are no validation subjects to choose it on; give a layer's number, or leave "
                "it out for the last"
            )

    def with_flags(
        self, config: FinetuneConfig, folds: int | str | None, allow_leak: bool
    ) -> tuple[FinetuneConfig, int | str | None, bool]:
        """``--folds`` and ``--allow-leak`` are settings of the analysis. ConfigError for loso."""
        if folds == LEAVE_ONE_OUT:
            raise ConfigError(
                "--folds loso: the AUROC of a task of patients compares patients who were left "
                "out together, and with one a fold there is nobody to compare with; give a number "
                "of folds"
            )
        task: dict[str, Any] = dict(config.task)
        if folds is not None:
            task["analysis"] = {**task.get("analysis", {}), "outer_folds": folds}
        if allow_leak:
            task["allow_leak"] = True
        return config.model_copy(update={"task": task}), None, False

    def prepare(self, job: Job[PatientTaskConfig]) -> CohortWindows:
        """Gather the cohort and cut windows of its recordings.

        Raises InputError for tables and cohorts that can't be analysed, LeakError when the encoder
        has seen the patients' EEG.
        """
        cohort = gather(job.task, job.corpus)
        check_enough(cohort.counts["good"], cohort.counts["poor"])
        leaks = _leaks(job, cohort)
        for leak in leaks:
            job.context.warn(f"LEAK, allowed: {leak.in_words()}")
        for words in _concerns(cohort):
            job.context.warn(words)
        windows = windows_of(cohort, job.corpus, job.task)
        require_whole_patches(windows, job.encoder.patch_samples, "task.window_s")
        return CohortWindows(cohort, windows, leaks)

    def fit(
        self, job: Job[PatientTaskConfig], data: CohortWindows, writer: ArtifactWriter
    ) -> Fitted[PatientPredictions]:
        """Embed all windows, pool them to patients, and predict each patient left out."""
        analysis, context = job.task.analysis, job.context
        prepared = _embedded(job, data, writer)
        permutations = n_permutations(analysis)
        context.progress.say(
            f"{len(prepared.patients)} patients, {len(prepared.inputs)} inputs: "
            f"{analysis.repeats} repeats, {permutations} permutations"
        )
        fitted = fit(
            prepared.patients,
            prepared.truth,
            prepared.inputs,
            analysis,
            seed=context.seed,
            advance=context.progress.track("permutations", permutations),
        )
        about = _about(job, data, prepared)
        return Fitted(table=PatientPredictions(prepared.patients, prepared.truth, fitted, about))

    def score(self, table: PatientPredictions, config: ScoringConfig, seed: int) -> PatientResult:
        """Scores, intervals and p, by the settings and the seed of the analysis."""
        analysis = PatientsConfig(**table.about["analysis"])
        return conclude(table.truth, table.inputs, analysis, seed=table.about["seed"])

    def metrics(self, table: PatientPredictions, scores: PatientResult) -> dict[str, Any]:
        """Return all scores, with the facts of the cohort."""
        return scores.as_dict() | {name: table.about[name] for name in _IN_METRICS}

    def facts(self, table: PatientPredictions, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """Return the facts of the cohort, and its main scores."""
        about, limits = table.about, metrics["limits"]
        return {name: about[name] for name in _IN_FACTS} | {
            "adaptation": "probe",
            "pooling": about["analysis"]["pooling"],
            "patients": {
                "good": limits["n_good"],
                "poor": limits["n_poor"],
                "left_out": about["left_out"],
            },
            "recordings_set_aside": about["set_aside"],
            "recordings_set_aside_of_patients": about["set_aside_of_patients"],
            "scores": {name: _in_short(one) for name, one in metrics["inputs"].items()},
            "least_significant_auroc": limits["least_significant"],
        }

    def page(
        self,
        table: PatientPredictions,
        scores: PatientResult,
        config: EvaluateConfig,
        ran: tuple[Trial, CohortWindows] | None,
    ) -> Page:
        """The page; all of it follows from the table."""
        return page_of(table, scores)

    def explain(self, task: PatientTaskConfig, corpus: Corpus | None, seed: int) -> TaskInfo:
        """Describe the task and, of recordings, what they hold for it and what they lack."""
        info = TaskInfo(understood(task))
        if corpus is None:
            return info
        try:
            cohort = gather(task, corpus)
            info.splits["all patients"] = {
                "patients": cohort.counts,
                "recordings": len(cohort.recordings),
                "follow-up": follow_up(cohort, task.outcome),
                "left out": dict(cohort.left_out),
                "recordings set aside": dict(cohort.set_aside),
                "of how many patients": dict(cohort.set_aside_of),
                "outcomes told by": dict(cohort.told_by),
            }
            limits = limits_of(cohort.counts["good"], cohort.counts["poor"])
            info.understood["what so many patients can't show"] = " ".join(limits.words)
        except EegsslError as error:
            info.problems.append(error)
        return info


def _in_short(one: Mapping[str, Any]) -> dict[str, Any]:
    """The main scores of one input, for a manifest."""
    interval = one["intervals"]["auroc"]["permutation"]
    return {
        "auroc": one["scores"]["auroc"],
        "interval": [interval["low"], interval["high"]],
        "p": one["p"],
        "p_holm": one["p_holm"],
        "gain_over_clinical": one["gain"],
    }


def _leaks(job: Job[PatientTaskConfig], cohort: Cohort) -> tuple[Leak, ...]:
    """Find data of the patients that the encoder was fitted on; LeakError unless allowed."""
    if job.seen is None:
        return ()
    leaks = audit(job.seen, job.corpus, cohort.recordings)
    if not job.task.allow_leak and leaks:
        listed = "; ".join(leak.in_words() for leak in leaks)
        raise LeakError(
            f"{job.seen.path} or something upstream was fitted on patients who are to be tested. "
            f"{listed}. It has seen their EEG, though not their outcomes. Give an encoder that was "
            "pretrained on other people, take random weights (--set encoder_weights=random), or "
            "--allow-leak, which marks every result",
            leaks=[{"kind": leak.kind, "n": leak.n, "what": leak.what} for leak in leaks],
        )
    return tuple(leaks)


def _concerns(cohort: Cohort) -> list[str]:
    """List caveats about a cohort, patients left out and recordings set aside."""
    concerns = list(cohort.caveats)
    if cohort.left_out:
        concerns.append(f"patients left out: {in_words(cohort.left_out)}")
    if cohort.set_aside:
        of = cohort.set_aside_of
        rows = [f"{n} (of {of[why]} patients) {why}" for why, n in cohort.set_aside.items()]
        concerns.append(f"recordings set aside: {', '.join(rows)}")
    return concerns


def _embedded(job: Job[PatientTaskConfig], data: CohortWindows, writer: ArtifactWriter) -> Prepared:
    """Embeddings and band power of all windows, pooled to patients."""
    config, windows, cohort = job.config, data.windows, data.cohort
    folder = Path(config.cache) if config.cache else writer.work / "embeddings"
    channels = windows.shared_channels() if config.adaptation.pooling == "channels" else ()
    size = 2, config.adaptation, job.context.seed, False, channels
    classifier = build_classifier(job.build_encoder(), *size)
    job.context.progress.say(
        f"embedding {len(windows):,} windows of {len(cohort.recordings)} recordings"
    )
    embedded = embed_windows(classifier, windows, job.device, Cache(folder, config.cache_gb))
    return prepare_rows(
        job.task,
        cohort.table.rows,
        embedded,
        [windows.recordings[k].subject for k in windows.owner.tolist()],
        sessions_by_window(cohort, windows, job.task),
        baseline=band_power_of(windows),
    )


def _about(job: Job[PatientTaskConfig], data: CohortWindows, prepared: Prepared) -> dict[str, Any]:
    """Gather facts for scores and report beside the table, as plain values."""
    task, cohort, config = job.task, data.cohort, job.config
    counts = {
        "Patients": len(prepared.patients),
        "of good outcome": int(prepared.truth.sum()),
        "of poor outcome": int((1 - prepared.truth).sum()),
        "Recordings": len(cohort.recordings),
        "Windows, pooled": prepared.n_windows,
    }
    return {
        "task": task.name,
        "design": task.design,
        "tested": "left out",
        "seed": job.context.seed,
        "analysis": task.analysis.model_dump(mode="json"),
        "counts": counts,
        "follow_up": follow_up(cohort, task.outcome),
        "told_by": cohort.told_by,
        "left_out": prepared.left_out,
        "set_aside": cohort.set_aside,
        "set_aside_of_patients": cohort.set_aside_of,
        "methods": methods(task, config.adaptation, config.encoder_weights),
        "encoder_weights": config.encoder_weights,
        "synthetic": job.corpus.synthetic,
        "leaks": [leak.in_words() for leak in data.leaks],
    }
