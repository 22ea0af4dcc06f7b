"""finetune --folds: every fold of a corpus trained and scored, its predictions pooled.

Each fold is a model and an evaluation of their own below ``folds/``, made by the same stages as by
hand; a finished one is not made again. Every subject is tested once, by a model that never saw it.
"""

from collections.abc import Sequence
from pathlib import Path

from eegssl.artifacts import inputs_of, load
from eegssl.config import CrossvalidationConfig, EvaluateConfig, FinetuneConfig, FoldConfig
from eegssl.corpus.folds import n_folds, refolded
from eegssl.corpus.leaks import Leak, audit, refuse
from eegssl.corpus.store import Corpus, open_corpus
from eegssl.files import hash_file, hash_json
from eegssl.io.predictions import pooled, read_predictions, write_predictions
from eegssl.reports.build import page_of
from eegssl.reports.evaluation import render_evaluation
from eegssl.reports.scores import score, score_facts
from eegssl.resolve import read_task
from eegssl.settings import public_values
from eegssl.stages import evaluate, finetune
from eegssl.stages.run import Result, Run

KIND = "crossvalidation"
FOLDS = "folds"


def run(
    config: FinetuneConfig,
    folders: Sequence[Path],
    encoder: Path,
    task: str,
    run: Run,
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
    pretrained = load(encoder, finetune.ENCODER)
    resolved = read_task(task, config.task)
    if finetune.first_weights(config) == "pretrained" and not allow_leak:
        refuse(_leaks(encoder, corpus, n, run.seed), pretrained)
    settings = CrossvalidationConfig(
        finetune=config.model_copy(update={"task": public_values(resolved)}),
        evaluate=EvaluateConfig(allow_leak=allow_leak, traces=0),
        folds=n,
    )
    inputs = [*corpus.inputs(), *inputs_of(pretrained)]
    if resolved.table and Path(resolved.table).is_file():
        inputs.append(("labels-table", hash_json(hash_file(Path(resolved.table)))))
    draft = run.begin(KIND, settings, inputs, update=True)
    if isinstance(draft, Result):
        return draft
    advance = run.progress.track("folds", n)
    tables = []
    for k in range(n):
        folder = run.out / FOLDS / f"fold{k}"
        tuned = config.model_copy(update={"cross": FoldConfig(folds=n, fold=k)})
        model = Run(folder / "model", seed=run.seed)
        finetune.run(tuned, folders, encoder, task, model)
        scored = Run(folder / "evaluation", seed=run.seed)
        evaluate.run(settings.evaluate, folder / "model", folders, scored)
        for warning in (*model.warnings, *scored.warnings):
            if warning not in run.warnings:
                run.warn(warning)
        tables.append(read_predictions(folder / "evaluation" / evaluate.PREDICTIONS))
        advance(k + 1)
    predictions = pooled(tables)
    scores = score(predictions, settings.evaluate.scoring, run.seed)
    with draft.writing(evaluate.PREDICTIONS) as path:
        write_predictions(path, predictions)
    draft.write_json(evaluate.METRICS, scores.as_dict())
    draft.write(evaluate.REPORT, render_evaluation(page_of(predictions, scores)))
    facts = {"task": resolved.name, "folds": n} | score_facts(scores, predictions)
    return run.finish(draft, facts, bulk={FOLDS: ""})


def _leaks(encoder: Path, corpus: Corpus, folds: int, seed: int) -> list[Leak]:
    """What the encoder was fitted on and some fold tests, each kind once."""
    pretrained = load(encoder, finetune.ENCODER)
    found: dict[str, Leak] = {}
    for k in range(folds):
        part = refolded(corpus, folds, k, seed)
        for leak in audit(pretrained, part, part.of_split("test")):
            if leak.kind not in found or leak.n > found[leak.kind].n:
                found[leak.kind] = leak
    return list(found.values())
