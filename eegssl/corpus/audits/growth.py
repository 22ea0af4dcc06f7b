"""Tell that recordings have changed since something was made of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from eegssl.artifacts.context import Context
from eegssl.artifacts.manifest import EARLIER, MADE_BY, Artifact, Manifest
from eegssl.artifacts.reading import read_manifest
from eegssl.corpus.audits.earlier_recordings import Growth, growth_since
from eegssl.errors import ArtifactError, ConfigError

_RECORDINGS = "recordings"
_REMAINS = {
    "tokens": "its codes of recordings with the same signal stay valid, and `eegssl tokenize "
    "{recordings} --tokenizer {made}` gives all of them codes of the same codebook",
    "encoder": "its weights can be used as before and know nothing of what is new; `eegssl "
    "pretrain {recordings} --init-from {made}` goes on from them",
    "model": "it can be used as before, and neither weights nor threshold know of what is new",
}
NOT_COUNTED = "what has changed since {} was made can't be counted: {}"
_DESCRIBES = "it describes the recordings as they were"


@dataclass(frozen=True)
class Grown:
    """Something that was made of recordings before an update, with what has changed since."""

    made: Path
    kind: str
    recordings: Path
    growth: Growth

    def as_dict(self) -> dict[str, object]:
        """The recordings and the numbers, for JSON."""
        return {"recordings": str(self.recordings)} | asdict(self.growth)

    def in_words(self) -> str:
        """What has changed, what remains valid, and the command that makes it anew."""
        name, command = MADE_BY.get(self.kind, (self.kind, "…"))
        remains = _REMAINS.get(self.kind, _DESCRIBES)
        remains = remains.format(made=self.made, recordings=self.recordings)
        return (
            f"{self.made} ({name}) was made of {self.recordings} before an update; recordings "
            f"since then: {_changes(self.growth)}; {remains}; `eegssl {command}` makes it anew"
        )


def tell_growth(
    recordings: Sequence[Artifact], made: Sequence[Artifact | None], context: Context
) -> None:
    """Warn of what was made before an update of ``recordings``, and of what stands in ``out``.

    No artifact keeps the warnings: recordings that were made afresh have no earlier state, and what
    is made of them has the same bytes.
    """
    known = [(artifact.path, artifact.manifest) for artifact in made if artifact]
    with suppress(ArtifactError):  # nothing whole stands there, which is told elsewhere
        known.append((context.out, read_manifest(context.out)))
    folders = [(artifact.path, artifact.manifest) for artifact in recordings]
    for path, manifest in known:
        try:
            lines = [one.in_words() for one in grown(path, manifest, folders)]
        except ArtifactError as error:
            lines = [NOT_COUNTED.format(path, error)]
        for line in lines:
            context.progress.warn(line)


def grown(
    path: Path, manifest: Manifest, folders: Sequence[tuple[Path, Manifest]]
) -> Iterator[Grown]:
    """What has changed in these recordings since something (``path``) was made of them.

    Raises ArtifactError for damaged tables.
    """
    ids = {id_ for kind, id_ in manifest.inputs if kind == _RECORDINGS}
    for id_ in sorted(ids - {now.id for _, now in folders}):
        for folder, now in folders:
            if growth := growth_since(folder, now, id_):
                yield Grown(path, manifest.kind, folder, growth)


def grown_beside(
    path: Path, manifest: Manifest, recordings: Sequence[Path], warn: Callable[[str], None]
) -> list[Grown]:
    """The same of recordings given, and of those in the folder that the artifact lies in.

    Warns of damaged tables. Raises ConfigError where what was given is something else.
    """
    for folder in recordings:
        if (kind := read_manifest(folder).kind) != _RECORDINGS:
            raise ConfigError(f"{folder} holds {kind}; expected recordings, made by preprocess")
    beside = [
        state.parent.parent
        for kind, id_ in manifest.inputs
        for state in path.absolute().parent.glob(f"*/{EARLIER}/{id_}.parquet")
    ]
    absolute = {folder.absolute() for folder in recordings}
    folders = [*recordings, *(folder for folder in beside if folder not in absolute)]
    try:
        there = [(folder, read_manifest(folder)) for folder in dict.fromkeys(folders)]
        return list(grown(path, manifest, there))
    except ArtifactError as error:
        warn(NOT_COUNTED.format(path, error))
        return []


def _changes(growth: Growth) -> str:
    """What differs, in words."""
    counts = (
        (growth.new, f"new ({growth.new_hours:.4g} h)"),
        (growth.changed, f"with another signal ({growth.changed_hours:.4g} h)"),
        (growth.gone, f"gone ({growth.gone_hours:.4g} h)"),
        (growth.relabelled, "with other labels"),
        (growth.moved, "in another split"),
    )
    words = [f"{n} {text}" for n, text in counts if n] or ["no recording differs"]
    return f"{', '.join(words)}; {growth.unchanged} recordings have signal and labels as before"
