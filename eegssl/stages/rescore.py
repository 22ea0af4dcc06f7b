"""Score a table of predictions; no model is run."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eegssl.artifacts.atomic import hash_file, hash_json
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import MANIFEST, inputs_of
from eegssl.artifacts.reading import read_manifest
from eegssl.config.stages import EvaluateConfig
from eegssl.corpus.new_files.file_labels import LabelsOfFiles, read_labels
from eegssl.corpus.preprocessing.source_files import Naming
from eegssl.errors import ConfigError, InputError, LeakError
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.tasks import base
from eegssl.tasks.kinds import kind_named, open_scored
from eegssl.tasks.new_predictions import KIND as PREDICTIONS
from eegssl.tasks.new_predictions import open_predictions
from eegssl.tasks.table import kind_of_table, read_table


def run(config: EvaluateConfig, source: Path, context: Context) -> Result:
    """Make an evaluation artifact from the predictions of another one.

    ``source`` is the folder of an evaluation or of predictions, or its ``predictions.parquet``.
    """
    path = source / base.PREDICTIONS if source.is_dir() else source
    if (source / MANIFEST).exists():
        _open(source)
    if not path.is_file():
        what = f"{path} is no regular file" if path.exists() else f"there is no {path}"
        raise InputError(
            f"{what}; give an evaluation's folder or its predictions, or a tree of "
            "event tables with --reference TREE"
        )
    kind = kind_named(kind_of_table(path), path)
    inputs = [("predictions", hash_file(path))]
    return base.rescore(kind, config, read_table(path, kind.view), inputs, context)


def holds_new_predictions(folder: Path) -> bool:
    """Whether a folder was made by ``predict``."""
    return (folder / MANIFEST).is_file() and read_manifest(folder).kind == PREDICTIONS


def with_reference(
    config: EvaluateConfig, source: Path, reference: Path, context: Context
) -> Result:
    """Make an evaluation artifact from predictions of new files, and the labels of these files.

    ``reference`` holds the files with their labels, or is what ``preprocess`` made of them.
    Raises InputError where it has labels of none of them, LeakError where the model was fitted on
    some of them, unless ``config.allow_leak``.
    """
    artifact = open_predictions(source)
    path = artifact / base.PREDICTIONS
    kind = kind_named(kind_of_table(path), path)
    unlabelled = kind.unlabelled
    if unlabelled is None or not unlabelled.scored_by_labels:
        raise ConfigError(f"predictions of tasks of {kind.name} are not scored by labels of files")
    table: Any = read_table(path, unlabelled.view)
    naming = Naming(Pseudonyms(), artifact.manifest.config["corpus"])
    durations_s = {one.recording: one.duration_s for one in table.references}
    labels = read_labels(reference, durations_s, naming, os.cpu_count() or 1)
    _tell(labels, durations_s, artifact.manifest.facts["refused"], context)
    if table.about["leaks"] and not config.allow_leak:
        raise LeakError(
            "the model was fitted on what is to be scored: "
            f"{'; '.join(table.about['leaks'])}; --allow-leak scores it, and marks it"
        )
    events = {id_: list(map(asdict, one.events)) for id_, one in sorted(labels.of.items())}
    inputs = [*inputs_of(artifact), ("labels", hash_json(events))]
    return base.rescore(kind, config, unlabelled.with_labels(table, labels.of), inputs, context)


def _tell(
    labels: LabelsOfFiles, durations_s: dict[str, float], n_refused: int, context: Context
) -> None:
    """Warn of recordings that can't be scored; InputError where that is all of them."""
    there = set(durations_s) & set(labels.of)
    for file, reason in sorted(labels.refused.items()):
        context.warn(f"the labels of {file} can't be read, and it is not scored: {reason}")
    if not there:
        raise InputError(
            f"the reference holds none of the {len(durations_s)} recordings that were predicted: "
            "give the same folder as to predict, or the recordings that preprocess made of it "
            "(with the same --set corpus=NAME, if one was given)"
        )
    if n := len(durations_s) - len(there):
        context.warn(f"{n} of {len(durations_s)} recordings have no reference and are not scored")
    if n_refused:
        context.warn(f"{n_refused} file(s) were refused by predict, and are in no score")


def _open(source: Path) -> Any:
    """Open what holds predictions, by the contract of its kind."""
    return open_predictions(source) if holds_new_predictions(source) else open_scored(source)
