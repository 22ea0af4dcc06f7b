"""Refuse settings that pretraining's objectives contradict or do not read."""

from collections.abc import Iterable, Iterator

from eegssl.corpus.config import SamplingConfig
from eegssl.encoder.config import EncoderConfig
from eegssl.errors import ConfigError
from eegssl.masking.config import MaskingConfig
from eegssl.objectives.config import OBJECTIVES, ObjectiveConfig
from eegssl.training.config import TrainingConfig


def require_read(flags: Iterable[str], objective: ObjectiveConfig) -> None:
    """Raise ConfigError for a setting given by a flag that none of the objectives reads.

    Presets, files and the environment may serve several objectives: what they set may go unread.
    """
    terms, masks = ", ".join(objective.terms), objective.reads_masks
    for key in flags:
        part, _, rest = key.partition(".")
        owner = rest.partition(".")[0]
        if part == "masking" and not masks:
            raise ConfigError(
                f"{key} is set and means nothing here: the objective {terms} hides no patches; "
                "leave it out"
            )
        if part == "objective" and owner in OBJECTIVES and owner not in objective.terms:
            raise ConfigError(
                f"{key} is set and means nothing here: {owner} is not among the objectives "
                f"({terms}); leave it out, or add {owner} to --objective"
            )


def require_tokens(objective: ObjectiveConfig, masking: MaskingConfig, *, given: bool) -> None:
    """Raise ConfigError unless tokens are given where they are read, and only there."""
    chosen = objective.chosen
    readers = [name for name, each in chosen.items() if each.needs_codes]
    entropy = objective.reads_masks and masking.kind == "entropy"
    if readers and not given:
        others = ", ".join(n for n in OBJECTIVES if not _needs_codes(objective, n))
        instead = f", or choose an objective without tokens: {others}" if others else ""
        raise ConfigError(
            f"the objective {readers[0]} predicts tokens, and there are none: give --tokens, a "
            f"folder that tokenize has made of these recordings{instead}"
        )
    if entropy and not given:
        raise ConfigError(
            "masking.kind entropy reads the entropies of patches, which lie beside their tokens: "
            "give --tokens, or choose other masks"
        )
    if given and not readers and not entropy:
        raise ConfigError(
            f"--tokens is given, and nothing reads them: the objective {', '.join(chosen)} "
            "predicts none; leave --tokens out"
        )


def require_possible(
    objective: ObjectiveConfig, masking: MaskingConfig, encoder: EncoderConfig, n_patches: int
) -> None:
    """Raise ConfigError where windows, masks or the encoder are not as an objective needs them."""
    for name, each in objective.chosen.items():
        if n_patches < each.needed_patches:
            raise ConfigError(
                f"the objective {name} needs windows of {each.needed_patches} patches or more, and "
                f"these have {n_patches}: set window_s longer, or encoder.patch_samples shorter"
            )
        if each.exact_masks and not masking.exact:
            raise ConfigError(
                f"the objective {name} needs equally many hidden patches in every window: set "
                "masking.exact=true"
            )
        if each.causal and not encoder.causal:
            raise ConfigError(
                f"the objective {name} predicts what comes next, and this encoder has seen it: set "
                "encoder.causal=true"
            )


def require_several(objective: ObjectiveConfig, sampling: SamplingConfig, batch_size: int) -> None:
    """Raise ConfigError where an objective tells windows apart, and there is one at a time."""
    sizes = {"batch": batch_size, "grain": min(batch_size, sampling.grain)}
    setting = {"batch": "training.batch_size", "grain": "training.batch_size and sampling.grain"}
    for name, each in objective.chosen.items():
        if each.compares and sizes[each.compares] < 2:
            raise ConfigError(
                f"the objective {name} tells the windows of a {each.compares} apart, and there is "
                f"one in each: set {setting[each.compares]} to 2 or more"
            )


def subject_concerns(objective: ObjectiveConfig, n_subjects: int) -> Iterator[str]:
    """List what too few training subjects mean for an objective."""
    for name, each in objective.chosen.items():
        if each.compares and n_subjects < 2:
            yield (
                f"the objective {name} tells windows apart, and all training windows are of one "
                "subject: it learns nothing of how subjects differ. Give recordings of more "
                "subjects, or set sampling.subjects_fraction higher"
            )


def require_comparable(objective: ObjectiveConfig, training: TrainingConfig) -> None:
    """Raise ConfigError for what a training can't have whose targets move with the weights."""
    for name, each in objective.chosen.items():
        if each.targets_move and training.patience is not None:
            raise ConfigError(
                f"training.patience is {training.patience}, and losses of the objective {name} "
                "can't be compared between steps, since its targets move; leave patience out"
            )
        if each.targets_move and training.shard != "none":
            raise ConfigError(
                f"training.shard is {training.shard}, and the objective {name} keeps a whole copy "
                "of the encoder on each rank: leave training.shard out, or set "
                f"objective.{name}.teacher=none"
            )


def _needs_codes(objective: ObjectiveConfig, name: str) -> bool:
    settings = getattr(objective, name)
    return bool(settings.needs_codes)
