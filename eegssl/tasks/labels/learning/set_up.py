"""Make what the fine-tuning of a job needs."""

from pathlib import Path

from eegssl.adaptation.classifier import Classifier, build_classifier
from eegssl.adaptation.config import FROZEN
from eegssl.corpus.labelled import LabelledWindows
from eegssl.errors import ConfigError
from eegssl.tasks.jobs import Job
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.fit import Plan
from eegssl.tasks.labels.learning.label_steps import GRAIN
from eegssl.tasks.labels.model import reads_by_name
from eegssl.training.features import Cache
from eegssl.training.history import METRICS
from eegssl.training.ranks.together import require_whole_grains


def require_shareable(job: Job[TaskConfig]) -> None:
    """Raise ConfigError where the encoder stays frozen, or ranks can't share a batch."""
    config, place = job.config, job.options.place
    if config.adaptation.kind in FROZEN:
        raise ConfigError(
            f"--adapt {config.adaptation.kind} trains no encoder and takes one process, and "
            f"{place.n_ranks} ranks were started: start it without torchrun or srun, or give "
            "--adapt full"
        )
    size = config.training.batch_size
    require_whole_grains(-(-size // GRAIN), size, place, f"of {GRAIN} windows")


def classifier_of(job: Job[TaskConfig], train: LabelledWindows) -> Classifier:
    """The encoder with a new head."""
    config, task = job.config, job.task
    by_name = reads_by_name(config.adaptation)
    channels = train.windows.shared_channels() if by_name else ()
    head = task.n_outputs, config.adaptation, job.context.seed, task.unit == "second", channels
    return build_classifier(job.build_encoder(), *head)


def plan_of(job: Job[TaskConfig], work: Path) -> Plan:
    """The plan of a training with its scratch in ``work``."""
    config = job.config
    folder = Path(config.cache) if config.cache else work / "embeddings"
    return Plan(
        training=config.training,
        class_weights=config.class_weights,
        seed=job.context.seed,
        device=job.device,
        work=work,
        metrics=job.context.out / METRICS,
        cache=Cache(folder, config.cache_gb),
        num_workers=job.options.num_workers,
        on_step=job.context.progress.track(job.task.name, config.training.steps),
        on_row=job.on_row,
        warn=job.context.progress.warn,
        say=job.context.progress.say,
    )
