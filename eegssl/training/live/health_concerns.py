"""Word what a training's log says against its embeddings."""

from collections.abc import Mapping, Sequence

COLLAPSED_RANK = 2.0
"""Ours: with a lower effective rank, embeddings differ along one direction."""
RISE_OF_SUBJECTS = 0.1
"""Ours: a subject probe that rose by so much has learned people."""
MOST_SUBJECTS = 1 - RISE_OF_SUBJECTS
"""Ours: a subject probe that was as high from the first validation on had no room to rise."""
RISE_OF_LABELS = 0.02
"""Ours: a label probe that rose by less has learned nothing of seizures beside."""


def health_concerns(rows: Sequence[Mapping[str, float | None]]) -> list[str]:
    """What the rows of a training's log say against its embeddings, each with what mends it."""
    courses = {
        name: [value for row in rows if (value := row.get(f"val_{name}")) is not None]
        for name in ("effective_rank", "subject_probe", "label_probe")
    }
    ranks, people, labels = courses.values()
    concerns = []
    if ranks and ranks[-1] < COLLAPSED_RANK:
        concerns.append(
            f"the embeddings collapse: their effective rank is {ranks[-1]:.2f}, expected at least "
            f"{COLLAPSED_RANK:g}; set training.lr lower or training.warmup higher"
        )
    rose = len(people) > 1 and people[-1] - people[0] >= RISE_OF_SUBJECTS
    learned_people = rose or (len(people) > 1 and min(people[0], people[-1]) >= MOST_SUBJECTS)
    learned_labels = len(labels) > 1 and labels[-1] - labels[0] >= RISE_OF_LABELS
    if learned_people and labels and not learned_labels:
        concerns.append(
            f"the embeddings learn who is recorded, not what happens: a linear probe names "
            f"{people[-1]:.0%} of validation windows' subjects ({people[0]:.0%} at first), and "
            f"finds seizures with an AUROC of {labels[-1]:.2f} ({labels[0]:.2f} at first); set "
            "masking.kind=region-time or masking.ratio higher, sampling.ictal_share, or give "
            "recordings of more people"
        )
    return concerns
