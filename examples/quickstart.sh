#!/usr/bin/env bash
# eegssl from a folder of EDF files to a scored model, one command a stage. Run it as it stands
# (`make demo`: a synthetic corpus, some minutes on two cores), or on recordings of your own:
#
#   examples/quickstart.sh run/demo              the synthetic corpus
#   examples/quickstart.sh run/mine EDF_DIR      your folder of EDF files with seizure annotations
#
# Every stage writes a folder that says what it is (`eegssl info FOLDER`). A stage that was killed
# goes on where it stopped, and one that is finished says so and does nothing: just run it again.
set -euo pipefail
RUN=${1:-run/demo}
EDF_DIR=${2:-}
PRESET=demo # sizes and steps; see eegssl/config/presets/demo.toml

# Ids of subjects and recordings are keyed hashes. The synthetic corpus has no secrets, so its key
# is written down here and the demo's numbers are the same everywhere. For your own recordings a
# secret key is made once, in your home folder.
if [ -z "$EDF_DIR" ]; then
  export EEGSSL_PRIVATE=$RUN/private
  mkdir -p "$EEGSSL_PRIVATE"
  echo "the demo's key is no secret" >"$EEGSSL_PRIVATE/key"
  chmod 600 "$EEGSSL_PRIVATE/key"
  EDF_DIR=$RUN/edf
  # 0. EDF+ files in BIDS layout with planted seizures: the embedded default.
  eegssl synth --out "$EDF_DIR" --preset $PRESET
fi

# 1. EDF -> clean recordings in µV at 200 Hz, events, and who trains, validates and is tested.
eegssl preprocess "$EDF_DIR" --out "$RUN/recordings" --preset $PRESET

# 2. Recordings -> a codebook of one-second patches, and the corpus as codes.
eegssl tokenize "$RUN/recordings" --out "$RUN/tokens" --preset $PRESET

# 3. Recordings + codes -> an encoder that names the codes of hidden brain regions.
eegssl pretrain "$RUN/recordings" --tokens "$RUN/tokens" --out "$RUN/encoder" --preset $PRESET

# 4. Encoder + task -> a model; weights and threshold chosen on validation subjects.
eegssl finetune "$RUN/recordings" --encoder "$RUN/encoder" --task seizure-detection \
  --out "$RUN/model" --preset $PRESET

# 5. Model + subjects that nothing above has seen -> predictions, scores, a report.
eegssl evaluate "$RUN/model" "$RUN/recordings" --out "$RUN/evaluation" --preset $PRESET

# 6. The same beside its controls: random weights, band power, and permuted labels.
cat >"$RUN/matrix.toml" <<TOML
recordings = ["recordings"]
adaptations = ["probe", "full"]
seeds = [0]
baselines = ["majority", "band-power-regions", "band-power-boosting"]

[encoders.pretrained]
path = "encoder"

[encoders.random-init]
path = "encoder"
weights = "random"

[tasks.seizure-detection]
task = "seizure-detection"

[tasks.labels-permuted]
task = "seizure-detection"
overrides = { permute_labels = true }
TOML
eegssl benchmark "$RUN/matrix.toml" --out "$RUN/benchmark" --preset $PRESET

echo
echo "The comparison with the controls: $RUN/benchmark/leaderboard.html"
echo "Open the report:                  $RUN/evaluation/report.html"
