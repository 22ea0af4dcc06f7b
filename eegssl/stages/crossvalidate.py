"""Train and score every fold of a corpus, and pool their predictions.

Each fold is a model and an evaluation of their own below ``folds/``, made by the same stages as by
hand; a finished one is not made again. Every subject is tested once, by a model that never saw it.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.contract import open_artifact
from eegssl.artifacts.manifest import Artifact, inputs_of
from eegssl.config.resolve import read_task
from eegssl.config.settings import public_values
from eegssl.config.stages import CrossvalidationConfig, EvaluateConfig, FinetuneConfig, FoldConfig
from eegssl.corpus.audits.growth import tell_growth
from eegssl.corpus.audits.leaks import Leak, audit
from eegssl.corpus.folds import n_folds, refolded
from eegssl.corpus.store import Corpus, open_corpus
from eegssl.errors import LeakError
from eegssl.stages import evaluate, finetune
from eegssl.tasks import base
from eegssl.tasks.kinds import KINDS
from eegssl.training.weights import ENCODER as PRETRAINED

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
    pretrained, resolved = open_artifact(encoder, PRETRAINED), read_task(task, config.task)
    tell_growth(corpus.artifacts, [pretrained], context)
    kind = KINDS[resolved.kind]
    parts = [refolded(corpus, n, k, context.seed) for k in range(n)]
    tuned = [config.model_copy(update={"cross": FoldConfig(folds=n, fold=k)}) for k in range(n)]
    jobs = [
        base.job_of(kind, one, part, pretrained, resolved, Context(context.out, seed=context.seed))
        for one, part in zip(tuned, parts, strict=True)
    ]
    if jobs[0].weights == "pretrained" and not allow_leak:
        _refuse_leaks(pretrained, parts)
    shared = kind.check_folds(jobs)
    settings = CrossvalidationConfig(
        finetune=base.without_cache(config.model_copy(update={"task": public_values(resolved)})),
        evaluate=_evaluation(kind, config, allow_leak),
        folds=n,
    )
    inputs = [*corpus.inputs(), *inputs_of(pretrained), *shared]
    writer = context.begin(base.scored_contract(kind, KIND), settings, inputs, names=base.SCORED)
    if isinstance(writer, Result):
        return writer
    advance = context.progress.track("folds", n)
    tables, costs = [], []
    for k, one in enumerate(tuned):
        folder = context.out / FOLDS / f"fold{k}"
        to_model, to_scores = (
            Context(folder / name, seed=context.seed) for name in ("model", "evaluation")
        )
        model = finetune.run(one, folders, encoder, task, to_model)
        scored = evaluate.run(settings.evaluate, to_model.out, folders, to_scores)
        for warning in (*model.facts["warnings"], *scored.facts["warnings"]):
            if warning not in context.warnings:
                context.warn(warning)
        tables.append(to_scores.out / base.PREDICTIONS)
        costs.append(model.beside.get("cost"))
        advance(k + 1)
    facts = {"task": resolved.name, "folds": n}
    facts |= base.pool(kind, writer, tables, settings.evaluate, context)
    result = context.finish(writer, facts, bulk={FOLDS: ""})
    return replace(result, beside={"cost_of_folds": costs})


def _evaluation(kind: base.AnyKind, config: FinetuneConfig, allow_leak: bool) -> EvaluateConfig:
    """Settings that score a fold; where a kind draws examples, none is drawn of folds."""
    no_examples = {"traces": 0} if "traces" in kind.evaluate_reads else {}
    return EvaluateConfig(allow_leak=allow_leak, targets=config.targets, **no_examples)


def _refuse_leaks(pretrained: Artifact, parts: Sequence[Corpus]) -> None:
    """Raise LeakError when the encoder was fitted on what some fold tests."""
    most: dict[str, Leak] = {}
    for part in parts:
        for leak in audit(pretrained, part, part.of_split("test")):
            if leak.kind not in most or leak.n > most[leak.kind].n:
                most[leak.kind] = leak
    if most:
        listed = "; ".join(leak.in_words() for leak in most.values())
        raise LeakError(
            f"{pretrained.path} or something upstream was fitted on what a fold tests. {listed}. "
            "Give an encoder that was pretrained on other data, take random weights (--adapt "
            "scratch, or --set encoder_weights=random), or --allow-leak, which marks every result"
        )
