"""Make one shard of a planned corpus, and gather all."""

from collections import Counter
from typing import Any

from eegssl.artifacts.atomic import hash_json
from eegssl.artifacts.context import Result
from eegssl.artifacts.output_state import SHARDS
from eegssl.corpus.inventory.corpus_inventory import Inventory
from eegssl.corpus.inventory.shards import Mark, Shard, require_all
from eegssl.corpus.preprocessing.file_outcomes import refused_rows
from eegssl.corpus.processes.engine import Engine
from eegssl.stages.preprocessing.making_recordings import (
    clip_paths,
    make_recordings,
    stored_row,
)
from eegssl.stages.preprocessing.recordings_draft import RecordingsDraft

Row = dict[str, Any]


def make_shard(
    draft: RecordingsDraft, inventory: Inventory, shard: Shard, engine: Engine
) -> Result:
    """Make the recordings of a shard's files, and leave its mark."""
    writer, context = draft.writer, draft.context
    rows = make_recordings(draft, engine, shard.of(inventory.order)).rows
    refused = {row["file"]: row["refused"] for row in rows if "refused" in row}
    mark = Mark(plan=hash_json(writer.plan()), files=len(rows), refused=len(refused))
    writer.write_json(f"{SHARDS}/{shard.name}.json", mark.model_dump())
    if writer.lock:
        writer.lock.release()
    kept = [fields for row in rows for fields in row.get("kept", ())]
    facts = {
        "shard": str(shard),
        "files": len(rows),
        "refused": len(refused),
        "refused_by_code": dict(sorted(Counter(code for code, _ in refused.values()).items())),
        "recordings": len(kept),
        "hours": round(sum(fields["duration_s"] for fields in kept) / 3600, 4),
    }
    accepted = sorted(row["file"] for row in rows if "refused" not in row)
    return Result(
        *(context.out, "shard", "made", facts, writer.config),
        warnings=tuple(context.warnings),
        beside={"accepted": accepted, "refused": refused_rows(refused)},
    )


def rows_of_shards(draft: RecordingsDraft, inventory: Inventory) -> list[Row]:
    """A row of each file in the order of their ids; raises ArtifactError where one is missing."""
    clips = clip_paths(draft)
    rows = {id_: stored_row(draft, id_, clips.get(id_)) for id_ in sorted(inventory.order)}
    whole = {id_: row for id_, row in rows.items() if row is not None}
    plan = hash_json(draft.writer.plan())
    require_all(draft.writer.path, inventory.order, plan, frozenset(whole))
    return list(whole.values())
