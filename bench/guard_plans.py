"""What the guard records: EDF files, settings, and commands one a line.

A line is ``folder = verb …`` (it gets ``--out folder --json``), ``name.json = verb …`` (``--json``
too), ``name.txt = verb …``, or ``file.npy = encoder file`` (embedded by the Python API). What
stdout says is kept in ``told/``. All paths are seen from the folder of the recording, where ``EDF``
is the folder of EDF files.
"""

EMBED = """
import sys, eegssl, numpy
found = eegssl.embed(eegssl.load_encoder(sys.argv[1]), sys.argv[2], window_s=4.0)
numpy.save(sys.argv[3], found.vectors)
"""

EDFS = {
    "small": [
        "tiny = synth --set n_subjects=10 --set duration_s=60 --set recordings_per_subject=2"
        " --set seizures_per_recording=1 --set artifact_load=0.5",
        "forecast = synth --set cohort=forecast --set n_subjects=6 --set duration_s=60",
        "asm = synth --set cohort=asm --set n_subjects=14 --set duration_s=30 --set effect=3",
    ],
    "full": [
        "demo = synth --preset demo",
        "forecast = synth --set cohort=forecast --set n_subjects=24 --set duration_s=152",
        "others = synth --seed 99 --set n_subjects=12 --set duration_s=300",
        "asm = synth --seed 1 --set cohort=asm --set n_subjects=20 --set effect=3"
        " --set duration_s=120",
        "rftc = synth --seed 1 --set cohort=rftc --set n_subjects=12 --set effect=3"
        " --set duration_s=120",
    ],
}

TINY = """
[preprocess]
look.recordings = 1
splits.val = 0.3
splits.test = 0.3

[tokenize]
window_s = 4.0

[tokenize.tokenizer]
width = 8
code_dim = 4
n_codes = 16

[tokenize.training]
steps = 6
batch_size = 4
log_every = 2
validate_every = 3
checkpoint_every = 3
device = "cpu"

[pretrain.encoder]
layers = 1
width = 16
heads = 2
ffn = 32

[pretrain.training]
steps = 6
batch_size = 4
log_every = 2
validate_every = 3
checkpoint_every = 3
device = "cpu"

[evaluate]
device = "cpu"
traces = 0
scoring.bootstrap_resamples = 100

[finetune.training]
steps = 6
batch_size = 8
log_every = 2
validate_every = 3
checkpoint_every = 3
device = "cpu"
"""

SIGNAL = """
[finetune.task]
context_s = 12.0
horizon_s = 3.0
stride_s = 5.0
head.window_s = 4.0
baselines.lookback_s = 1.0
baselines.patchtst_lookback_s = 4.0
baselines.patchtst_width = 8
baselines.patchtst_layers = 1
baselines.patchtst_heads = 2
baselines.fit.steps = 4
baselines.fit.validate_every = 2
baselines.autoregression.max_order = 20
baselines.autoregression.fit_s = 8.0
"""

PHASE = """
[finetune.task]
head.window_s = 4.0
head.windows = 2
forecast.context_s = 12.0
forecast.horizon_s = 3.0
forecast.stride_s = 5.0
forecast.pairs_per_recording = 4
forecast.baselines.autoregression.max_order = 20
forecast.baselines.autoregression.fit_s = 8.0
"""

PATIENTS = """
[finetune.task]
window_s = 4.0
analysis.repeats = 2
analysis.permutations = 20
analysis.bootstrap_resamples = 100
"""

ENCODERS = """
[encoders]
pretrained.path = "{0}"
random-init = {{ path = "{0}", weights = "random" }}
"""

BENCH = """
recordings = ["{}"]
adaptations = {}
seeds = [0]
baselines = ["majority", "band-power-summary"]

[finetune.training]
steps = 4
batch_size = 8
validate_every = 2
device = "cpu"

[evaluate]
device = "cpu"
traces = 0
scoring.bootstrap_resamples = 100
"""

DEMO_MATRIX = """
recordings = ["demo/recordings"]
adaptations = ["probe", "full"]
seeds = [0]
baselines = ["majority", "band-power-summary", "band-power-boosting"]

[finetune.training]
steps = 60
validate_every = 20

[tasks]
seizure-detection.task = "seizure-detection"
labels-permuted = { task = "seizure-detection", overrides = { permute_labels = true } }
""" + ENCODERS.format("demo/encoder")

REAL_MATRIX = """
recordings = ["real{fold}/recordings"]
folds = [0, 1]
seeds = [0]
adaptations = ["probe", "attention", "full", "lora", "two-stage", "prototypes"]
baselines = ["majority", "band-power-summary", "band-power-boosting", "eegnet", "shallow-convnet"]
tasks.rest-or-task.task = "real.toml"

[finetune.training]
steps = 40

[baseline.network]
steps = 60
""" + ENCODERS.format("real{fold}/encoder")

TABLE = 'name = "{}"\nlabels = "table"\ntable = "EDF/{}.tsv"\nwindow_s = 4.0\n'

FILES = {
    "tiny.toml": TINY,
    "signal.toml": TINY + SIGNAL,
    "phase.toml": TINY + PHASE,
    "scoring.toml": "[evaluate.scoring]\nbootstrap_resamples = 100\n",
    "default.toml": "",
    "patients.toml": PATIENTS,
    "classes.toml": TABLE.format("calm-or-busy", "classes") + 'classes = ["calm", "busy"]\n',
    "numbers.toml": TABLE.format("age", "numbers") + 'target = "number"\n',
    "real.toml": TABLE.format("rest-or-task", "real") + 'classes = ["rest", "task"]\n',
    "labels-matrix.toml": BENCH.format("recordings", '["probe", "full"]')
    + ENCODERS.format("encoder")
    + '[tasks.seizure]\ntask = "seizure-detection"\n',
    "forecast-matrix.toml": BENCH.format("causal", '["probe"]')
    + ENCODERS.format("encoder-f")
    + '[tasks.short]\ntask = "forecast-short"\n'
    + SIGNAL.replace("finetune.task", "tasks.short.overrides")
    + '[tasks.phase]\ntask = "frequency-phase"\n'
    + PHASE.replace("finetune.task", "tasks.phase.overrides"),
    "demo-matrix.toml": DEMO_MATRIX,
    "real-matrix.toml": REAL_MATRIX,
}

_LABELS = "finetune recordings --encoder encoder --config tiny.toml --task"
_TUNE = "finetune causal --encoder encoder-f --config"


def _short(prefix: str) -> str:
    """Settings of short forecasts for ``info``, which reads no settings file."""
    times = {"context_s": 12, "horizon_s": 3, "stride_s": 5}
    return " ".join(f"--set task.{prefix}{name}={value}" for name, value in times.items())


_FORECASTS = [
    line.format(kind=kind, task=task, short=_short(prefix))
    for kind, task, prefix in (
        ("signal", "forecast-short", ""),
        ("phase", "frequency-phase", "forecast."),
    )
    for line in (
        f"{{kind}}/model = {_TUNE} {{kind}}.toml --task {{task}}",
        "{kind}/evaluation = evaluate {kind}/model causal --config tiny.toml --set traces=1",
        "{kind}/rescored = evaluate --rescore {kind}/evaluation --config scoring.toml",
        f"{{kind}}/apart = {_TUNE} {{kind}}.toml --task {{task}} --targets zero --adapt full",
        "{kind}/apart-evaluation = evaluate {kind}/apart causal --targets zero --config tiny.toml",
        f"{{kind}}/folds = {_TUNE} {{kind}}.toml --task {{task}} --folds 2"
        " --set encoder_weights=random",
        "{kind}/info-task.json = info --task {task} causal {short}",
        "{kind}/info.json = info {kind}/model",
    )
]
_TASKS = {
    "probe": "seizure-detection --adapt probe",
    "full": "seizure-detection --adapt full",
    "lora": "seizure-detection --adapt lora",
    "seconds": "seizure-detection-seconds --adapt attention",
    "type": 'seizure-type --adapt prototypes --set \'task.classes=["sz_foc", "sz_gen"]\'',
    "classes": "classes.toml --adapt two-stage",
    "numbers": "numbers.toml --adapt scratch",
}


def _patients(name: str, task: str, config: str) -> list[str]:
    """A cohort from EDF to its analysis, scored again and explained."""
    table = f"--set task.table=EDF/{name}/participants.tsv"
    return [
        f"{name}/recordings = preprocess EDF/{name} --set corpus={name}",
        f"{name}/outcome = finetune {name}/recordings --encoder encoder --task {task} {table}"
        f" --config {config}",
        f"{name}/rescored = evaluate --rescore {name}/outcome",
        f"{name}/info-task.json = info --task {task} {name}/recordings {table}",
    ]


SMALL = [
    "synth = synth --set n_subjects=2 --set duration_s=30 --seed 5",
    "recordings = preprocess EDF/tiny --config tiny.toml",
    "tokens = tokenize recordings --config tiny.toml",
    "encoder = pretrain recordings --tokens tokens --config tiny.toml",
    *(f"{name}/model = {_LABELS} {task}" for name, task in _TASKS.items()),
    *(
        f"{name}/evaluation = evaluate {name}/model recordings --config tiny.toml"
        for name in _TASKS
    ),
    *(
        f"{name}/rescored = evaluate --rescore {name}/evaluation --config scoring.toml"
        for name in ("full", "type", "numbers")
    ),
    f"folds = {_LABELS} seizure-detection --folds 2 --allow-leak",
    "rescored-tree = evaluate --rescore EDF/tiny --reference EDF/tiny --config scoring.toml",
    "benchmark = benchmark labels-matrix.toml",
    "causal = preprocess EDF/forecast --config tiny.toml --set filter.phase=causal",
    "zero = preprocess EDF/forecast --config tiny.toml --set filter.phase=zero",
    "tokens-f = tokenize causal --config tiny.toml --set fit_codebook=false",
    "encoder-f = pretrain causal --tokens tokens-f --config tiny.toml",
    *_FORECASTS,
    "benchmark-forecast = benchmark forecast-matrix.toml",
    *_patients("asm", "asm-efficacy", "patients.toml"),
    "broken = preprocess EDF/broken --config tiny.toml",
    "broken-strict = preprocess EDF/broken --config tiny.toml --strict",
    "check.json = check recordings",
    *(
        f"info-{name.replace('/', '-')}.json = info {name}"
        for name in ("recordings", "tokens", "encoder", "full/model", "full/evaluation")
    ),
    "info-benchmark.json = info benchmark",
    "info-model.txt = info full/model",
    "check.txt = check recordings",
    "info-cost.json = info --preset small",
    "info-task-detection.json = info --task seizure-detection",
    "info-task-type.json = info --task seizure-type recordings",
    "info-task-classes.json = info --task classes.toml recordings",
    "info-task-numbers.json = info --task numbers.toml recordings",
    "refused-no-targets = evaluate signal/apart causal --config tiny.toml",
    "refused-leak = evaluate full/model recordings --set split=all --config tiny.toml",
    "deid.json = deid --check recordings --from EDF/tiny",
    "embedded.npy = encoder EDF/tiny/sub-02/ses-01/eeg"
    "/sub-02_ses-01_task-szMonitoring_run-00_eeg.edf",
]

_FORECAST = "finetune long/causal --encoder long/encoder"
_FEW = "--set training.steps=60 --set training.validate_every=20"

FULL = [
    "demo/recordings = preprocess EDF/demo --preset demo",
    "demo/tokens = tokenize demo/recordings --preset demo",
    "demo/encoder = pretrain demo/recordings --tokens demo/tokens --preset demo"
    " --set training.steps=400",
    "demo/model = finetune demo/recordings --encoder demo/encoder --task seizure-detection"
    " --preset demo",
    "demo/evaluation = evaluate demo/model demo/recordings --preset demo",
    "demo/types = finetune demo/recordings --encoder demo/encoder --task seizure-type"
    ' --adapt lora --set training.steps=60 --set \'task.classes=["sz_foc", "sz_gen"]\'',
    "demo/types-evaluation = evaluate demo/types demo/recordings",
    "demo/benchmark = benchmark demo-matrix.toml --preset demo",
    "long/causal = preprocess EDF/forecast --set filter.phase=causal --set splits.test=0.34"
    " --set splits.val=0.16",
    "long/zero = preprocess EDF/forecast --set filter.phase=zero --set splits.test=0.34"
    " --set splits.val=0.16",
    "long/tokens = tokenize long/causal --preset demo --set training.steps=100",
    "long/encoder = pretrain long/causal --tokens long/tokens --preset demo"
    " --set training.steps=100",
    f"long/own = {_FORECAST} --task forecast-short {_FEW} --set task.baselines.fit.steps=100",
    "long/own-evaluation = evaluate long/own long/causal",
    f"long/apart = {_FORECAST} --task forecast-short --targets long/zero {_FEW}"
    " --set task.baselines.fit.steps=100",
    "long/apart-evaluation = evaluate long/apart long/causal --targets long/zero",
    f"long/phase = {_FORECAST} --task frequency-phase --targets long/zero {_FEW}",
    "long/phase-evaluation = evaluate long/phase long/causal --targets long/zero",
    f"long/phase-folds = {_FORECAST} --task frequency-phase --folds 2 {_FEW}"
    " --set encoder_weights=random",
    "others/recordings = preprocess EDF/others --set corpus=others",
    "others/tokens = tokenize others/recordings --preset tiny --set training.steps=100",
    "encoder = pretrain others/recordings --tokens others/tokens --preset tiny"
    " --set training.steps=200",
    *_patients("asm", "asm-efficacy", "default.toml"),
    *_patients("rftc", "rftc-outcome", "default.toml"),
    *(
        line.format(k=k)
        for k in (0, 1)
        for line in (
            "real{k}/recordings = preprocess EDF/real --set splits.folds=4 --set splits.fold={k}",
            "real{k}/tokens = tokenize real{k}/recordings --preset demo --set training.steps=100",
            "real{k}/encoder = pretrain real{k}/recordings --tokens real{k}/tokens --preset demo"
            " --set training.steps=100",
        )
    ),
    "real/benchmark = benchmark real-matrix.toml --preset demo",
]

PLANS = {"small": SMALL, "full": FULL}
