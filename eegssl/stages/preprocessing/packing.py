"""Copy recordings with their signals packed into few large files.

The copy has the manifest of the recordings, byte for byte, and so their id: tables, hashes and
whatever is made from them are the same. Only the files of signals lie in packs.
"""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.files.bulk_files import BULK_COLUMNS, digests_of, sizes_of
from eegssl.artifacts.files.packs import (
    INDEX,
    Packed,
    Places,
    by_pack,
    check_packs,
    hash_part,
    is_packed,
    lay_out,
    read_index,
    write_index,
)
from eegssl.artifacts.files.part_files import check_file, inside, require_digest
from eegssl.artifacts.manifest import EARLIER, MANIFEST, Artifact
from eegssl.artifacts.reading import read_manifest
from eegssl.artifacts.table_parts import read_table
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.audits.recordings_contract import CONTRACT, open_recordings
from eegssl.corpus.preprocessing.ingest import SIGNALS
from eegssl.corpus.preprocessing.recording_tables import RECORDINGS
from eegssl.errors import ArtifactError, ConfigError
from eegssl.regular_files import open_regular

Digests = Mapping[str, str]
"""Recording -> SHA-256 of its file."""


def run(recordings: Path, context: Context, most_bytes: int) -> Result:
    """Pack recordings into packs of at most so many bytes; a larger signal has one of its own.

    Raises ConfigError where ``out`` holds something else, or its disk is too small, ArtifactError
    for recordings that are damaged.
    """
    artifact, _ = open_recordings(recordings)
    _require_unpacked(artifact, context.out)
    rows = read_table(artifact / RECORDINGS, BULK_COLUMNS, others=True)
    places, digests = lay_out(sizes_of(rows), most_bytes), digests_of(rows)
    counts = {"packs": len(list(by_pack(places))), "bytes": sum(p.n_bytes for p in places.values())}
    if not context.overwrite:
        _require_fitting(context.out, artifact, places)
    _require_disk(artifact, counts, context)
    writer = context.begin_copy(CONTRACT, artifact.manifest)
    if isinstance(writer, Result):
        return replace(writer, beside=counts)
    _write_packs(artifact, places, digests, writer, context)
    for name, (n_bytes, digest) in artifact.manifest.files.items():
        with writer.writing(name) as path, path.open("wb") as copy:
            _copy(inside(artifact.path, name), n_bytes, digest, copy)
    with writer.writing(f"{SIGNALS}/{INDEX}") as path:
        write_index(path, places)
    if (states := artifact.path / EARLIER).is_dir():
        shutil.copytree(states, context.out / EARLIER, dirs_exist_ok=True)
    return replace(context.finish_copy(writer, artifact.manifest), beside=counts)


def _require_unpacked(artifact: Artifact, out: Path) -> None:
    """Raise ConfigError for packed recordings, and an output that is or lies in their folder."""
    if is_packed(artifact / SIGNALS):
        raise ConfigError(
            f"{artifact.path} is packed already; to pack it otherwise give the folder that it was "
            "packed from"
        )
    source, target = artifact.path.resolve(), out.resolve()
    if source.is_relative_to(target) or target.is_relative_to(source):
        raise ConfigError(
            f"--out {out} and the recordings {artifact.path} lie in each other: packing makes a "
            "copy; choose another --out"
        )


def _require_fitting(out: Path, artifact: Artifact, places: Places) -> None:
    """Raise ConfigError where ``out`` holds the same recordings in other files."""
    folder = out / SIGNALS
    if not (out / MANIFEST).exists():
        if any(folder.glob("*.safetensors")):
            raise ConfigError(
                f"{out} holds signals that are not packed; finish them (eegssl preprocess), or "
                "choose another --out"
            )
        return
    there = read_manifest(out)
    if there.plan() != artifact.manifest.plan():
        return
    if there.id != artifact.manifest.id:
        what = "recordings of the same settings and files that another version of eegssl made"
    elif not is_packed(folder):
        what = "these recordings, not packed"
    elif read_index(folder, {id_: place.n_bytes for id_, place in places.items()}) != places:
        what = "these recordings in packs of another size"
    else:
        return
    raise ConfigError(
        f"{out} holds {what}; pass --overwrite to replace it, or choose another --out"
    )


def _require_disk(artifact: Artifact, counts: Mapping[str, int], context: Context) -> None:
    """Say what packing takes of the disk; raise ConfigError where less is free."""
    out = context.out.absolute()
    above = next(path for path in (out, *out.parents) if path.is_dir())
    there = sum(path.lstat().st_size for path in out.rglob("*")) if out.is_dir() else 0
    others = sum(n_bytes for n_bytes, _ in artifact.manifest.files.values())
    needed, free = max(0, counts["bytes"] + others - there), shutil.disk_usage(above).free
    words = f"packing takes {needed:,} bytes more in {context.out}, {free:,} are free there"
    if needed > free:
        raise ConfigError(f"{words}: make room, or choose another --out")
    context.progress.say(f"{words}; {counts['packs']:,} pack(s)")


def _write_packs(
    artifact: Artifact, places: Places, digests: Digests, writer: ArtifactWriter, context: Context
) -> None:
    """Write the packs that are not there yet, and remove those of an earlier run's other size."""
    advance, done = context.progress.track("recordings packed", len(places)), 0
    names = set()
    for name, files in by_pack(places):
        names.add(name)
        if not _stands(writer / SIGNALS, dict(files), digests):
            with writer.writing(f"{SIGNALS}/{name}") as path, path.open("wb") as pack:
                for id_, place in files:
                    source = inside(artifact.path, f"{SIGNALS}/{id_}.safetensors")
                    _copy(source, place.n_bytes, digests[id_], pack)
        done += len(files)
        advance(done)
    for path in (writer / SIGNALS).iterdir():
        if path.name not in names:
            path.unlink()


def _stands(folder: Path, places: Mapping[str, Packed], digests: Digests) -> bool:
    """Whether an interrupted run has written this pack."""
    with suppress(ArtifactError):
        check_packs(folder, places, digests)
        return True
    return False


def _copy(source: Path, n_bytes: int, digest: str, into: BinaryIO) -> None:
    """Append a file; raises ArtifactError where it has another size or hash."""
    check_file(source, n_bytes, None)
    with open_regular(source) as stream:
        require_digest(source, hash_part(stream, n_bytes, [into]), digest)
