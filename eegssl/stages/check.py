"""Check contract, hashes, samples and codes of any artifact."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from eegssl.artifacts.contract import open_artifact
from eegssl.artifacts.files.bulk_files import check_bulk, count_unlisted_files
from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.artifacts.reading import read_manifest, require_parent
from eegssl.container.container_contract import CONTRACT as CONTAINER
from eegssl.corpus.audits.recordings_check import check_recordings
from eegssl.corpus.audits.recordings_contract import CONTRACT as RECORDINGS
from eegssl.corpus.codes.tokens import check_patches
from eegssl.errors import ArtifactError
from eegssl.probes.probes_contract import CONTRACT as PROBES
from eegssl.tasks.base import SCORED_KINDS
from eegssl.tasks.benchmarks.benchmark_contract import CONTRACT as BENCHMARK
from eegssl.tasks.jobs import MODEL
from eegssl.tasks.kinds import open_model, open_scored
from eegssl.tasks.new_predictions import KIND as PREDICTIONS
from eegssl.tasks.new_predictions import open_predictions
from eegssl.training.weights import ENCODER, TOKENS


def _open_container(folder: Path) -> Artifact:
    """Open a container by its contract, and the model in it by that of its kind of task."""
    artifact = open_artifact(folder, CONTAINER)
    require_parent(artifact, [open_model(folder / MODEL)[0]], MODEL)
    return artifact


OPENERS: dict[str, Callable[[Path], Artifact]] = {
    **{
        contract.kind: partial(open_artifact, contract=contract)
        for contract in (RECORDINGS, TOKENS, ENCODER, BENCHMARK, PROBES)
    },
    **dict.fromkeys(SCORED_KINDS, open_scored),
    PREDICTIONS: open_predictions,
    CONTAINER.kind: _open_container,
    MODEL: lambda folder: open_model(folder)[0],
}
"""Opens an artifact of each kind by its contract, as the stages do that read it."""


def run(folder: Path) -> list[str]:
    """All that is wrong with an artifact, a sentence each; empty for a sound one.

    Raises ArtifactError when it is none, or what it holds is not as the contract of its kind says.
    """
    kind = read_manifest(folder).kind
    if kind not in OPENERS:
        raise ArtifactError(f"{folder} holds {kind!r}; there are {', '.join(sorted(OPENERS))}")
    artifact = OPENERS[kind](folder)
    problems = [*_hashes(artifact), *_inside(artifact)]
    if kind == RECORDINGS.kind:
        problems += check_recordings(artifact)
    if n := count_unlisted_files(artifact):
        problems.append(f"{n} file(s) in the folder are not part of it: move them")
    return problems


def _hashes(artifact: Artifact) -> Iterator[str]:
    """Files of bulk folders that are not what their table says; codes that are none."""
    try:
        check_bulk(artifact.path, artifact.manifest, hashes=True)
        if artifact.manifest.kind == TOKENS.kind:
            check_patches(artifact)
    except ArtifactError as error:
        yield str(error)


def _inside(artifact: Artifact) -> Iterator[str]:
    """What is wrong with the artifacts within, as the cells of a benchmark."""
    for bulk, table in artifact.manifest.bulk.items():
        for path in sorted((artifact.path / bulk).rglob(MANIFEST)) if not table else ():
            if "history" not in path.relative_to(artifact.path).parts:
                yield from run(path.parent)
