"""finetune --folds: every fold of a corpus trained and scored, its predictions pooled.

Each fold is a model and an evaluation of their own below ``folds/``, made by the same stages as by
hand; a finished one is not made again. Every subject is tested once, by a model that never saw it.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import Artifact, inputs_of
from eegssl.artifacts.reading import load
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.resolve import AnyTask, read_task
from eegssl.config.settings import public_values
from eegssl.config.stages import CrossvalidationConfig, EvaluateConfig, FinetuneConfig, FoldConfig
from eegssl.corpus.audits.leaks import Leak, audit
from eegssl.corpus.folds import n_folds, refolded
from eegssl.corpus.splits import SPLITS
from eegssl.corpus.store import Corpus, open_corpus
from eegssl.errors import InputError, LeakError
from eegssl.stages import evaluate, finetune
from eegssl.tasks.kinds import KINDS, POOLED
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows
from eegssl.tasks.labels.page import render_evaluation
from eegssl.tasks.labels.predictions import pooled, read_predictions, write_predictions
from eegssl.tasks.labels.scores import score, score_facts
from eegssl.tasks.labels.sections.page_content import page_of

KIND = "crossvalidation"
FOLDS = "folds"


def run(
    config: FinetuneConfig,
    folders: Sequence[Path],
    encoder: Path,
    task: str,
    context: Context,
    *,
    folds: int | str,
    allow_leak: bool = False,
) -> Result:
    """Make a crossvalidation artifact: so many folds, or one for each subject (``loso``).

    Raises LeakError before anything is trained when the encoder was fitted on subjects that a fold
    tests, InputError when there are fewer subjects than folds.
    """
    corpus = open_corpus(folders)
    n = n_folds(corpus, folds)
    pretrained, resolved = load(encoder, finetune.ENCODER), read_task(task, config.task)
    parts = [refolded(corpus, n, k, context.seed) for k in range(n)]
    if finetune.first_weights(config) == "pretrained" and not allow_leak:
        _refuse_leaks(pretrained, parts)
    tables: Sequence[tuple[str, str]] = ()
    if isinstance(resolved, TaskConfig):
        tables = _labelled_everywhere(config, parts, pretrained, resolved, context)
    elif resolved.kind in POOLED:
        _require_pairs_everywhere(resolved, parts)
    settings = CrossvalidationConfig(
        finetune=finetune.without_cache(
            config.model_copy(update={"task": public_values(resolved)})
        ),
        evaluate=EvaluateConfig(allow_leak=allow_leak, traces=0, targets=config.targets),
        folds=n,
    )
    writer = context.begin(KIND, settings, [*corpus.inputs(), *inputs_of(pretrained), *tables])
    if isinstance(writer, Result):
        return writer
    advance = context.progress.track("folds", n)
    predicted, costs = [], []
    for k in range(n):
        folder = context.out / FOLDS / f"fold{k}"
        tuned = config.model_copy(update={"cross": FoldConfig(folds=n, fold=k)})
        model = finetune.run(tuned, folders, encoder, task, _sub(context, folder / "model"))
        to = _sub(context, folder / "evaluation")
        scored = evaluate.run(settings.evaluate, folder / "model", folders, to)
        for warning in (*model.facts["warnings"], *scored.facts["warnings"]):
            if warning not in context.warnings:
                context.warn(warning)
        predicted.append(folder / "evaluation" / evaluate.PREDICTIONS)
        costs.append(model.beside.get("cost"))
        advance(k + 1)
    pool = POOLED[resolved.kind].pool if resolved.kind in POOLED else _pool
    facts = {"task": resolved.name, "folds": n} | pool(
        writer, predicted, settings.evaluate, context
    )
    return replace(context.finish(writer, facts, bulk={FOLDS: ""}), beside={"cost_of_folds": costs})


def _labelled_everywhere(
    config: FinetuneConfig,
    parts: Sequence[Corpus],
    encoder: Artifact,
    task: TaskConfig,
    context: Context,
) -> Sequence[tuple[str, str]]:
    """Refuse, before the first is trained, folds without labels to learn from or to score; returns
    what a manifest says of the labels table."""
    jobs = [
        finetune.prepare(config, part, encoder, task, _sub(context, context.out)) for part in parts
    ]
    table = jobs[0].table
    for part in parts:
        labelled_windows(part, part.of_split("test"), task, table.labels, seed=context.seed)
    return table.inputs


def _require_pairs_everywhere(task: AnyTask, parts: Sequence[Corpus]) -> None:
    """Raise InputError, before the first is trained, for folds with nothing to learn or score."""
    for k, part in enumerate(parts):
        splits = KINDS[task.kind].explain(task, part).splits
        lacking = [split for split in SPLITS if not splits.get(split, {}).get("pairs")]
        if lacking:
            raise InputError(
                f"task {task.name}: in fold {k} of {len(parts)} no recording of its subjects for "
                f"{' and '.join(lacking)} is long enough; give fewer folds (--folds), set shorter "
                "lengths, or leave subjects of short recordings out (`eegssl info --task` names "
                "recordings that are too short)"
            )


def _pool(
    writer: ArtifactWriter, tables: Sequence[Path], config: EvaluateConfig, context: Context
) -> dict[str, Any]:
    """Write the windows of all folds as one table, their scores and a report; the facts."""
    predictions = pooled([read_predictions(path) for path in tables])
    scores = score(predictions, config.scoring, context.seed)
    with writer.writing(evaluate.PREDICTIONS) as path:
        write_predictions(path, predictions)
    writer.write_json(evaluate.METRICS, scores.as_dict())
    writer.write(evaluate.REPORT, render_evaluation(page_of(predictions, scores)))
    return score_facts(scores, predictions)


def _sub(context: Context, out: Path) -> Context:
    return Context(out, seed=context.seed)


def _refuse_leaks(pretrained: Artifact, parts: Sequence[Corpus]) -> None:
    """Raise LeakError when the encoder was fitted on what some fold tests."""
    found: dict[str, Leak] = {}
    for part in parts:
        for leak in audit(pretrained, part, part.of_split("test")):
            if leak.kind not in found or leak.n > found[leak.kind].n:
                found[leak.kind] = leak
    if found:
        listed = "; ".join(leak.in_words() for leak in found.values())
        raise LeakError(
            f"{pretrained.path} or something upstream was fitted on what a fold tests. {listed}. "
            "Give an encoder that was pretrained on other data, take random weights (--adapt "
            "scratch, or --set encoder_weights=random), or --allow-leak, which marks every result"
        )
