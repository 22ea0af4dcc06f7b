#!/usr/bin/env bash
# Rest against mental arithmetic on real EEG, subjects apart, cross-validated in five folds.
#
#   examples/eegmat.sh EDF_DIR [RUN]
#
# EDF_DIR holds records of "EEG During Mental Arithmetic Tasks" 1.0.0 (PhysioNet, eegmat):
# SubjectNN_1.edf at rest, SubjectNN_2.edf during arithmetic. docs/real-eeg.md used Subject00-17.
set -euo pipefail
EDF_DIR=${1:?the folder with SubjectNN_1.edf and SubjectNN_2.edf}
RUN=${2:-run/eegmat}
FOLDS="0 1 2 3 4"
mkdir -p "$RUN"

# These recordings are public and have no secrets: with the key written down, ids and so folds and
# numbers are the same everywhere (see docs/real-eeg.md). Never do this with recordings of your own.
export EEGSSL_PRIVATE=$RUN/private
mkdir -p "$EEGSSL_PRIVATE"
echo 90b480348de8d130fca1682eb7fae69962fd41fe4015e991682a3790a18e51de >"$EEGSSL_PRIVATE/key"

# The task: a table of labels, one row a recording, and what to make of it.
{
  printf 'recording\tlabel\n'
  for file in "$EDF_DIR"/Subject*_1.edf; do printf '%s\trest\n' "$(basename "$file")"; done
  for file in "$EDF_DIR"/Subject*_2.edf; do printf '%s\tarithmetic\n' "$(basename "$file")"; done
} >"$RUN/labels.tsv"
cat >"$RUN/task.toml" <<'TOML'
name = "rest-or-arithmetic"
labels = "table"
table = "labels.tsv"
classes = ["rest", "arithmetic"]
window_s = 4.0
TOML

# Tokenizer and encoder are made anew in each fold: they may not see its test subjects either.
for fold in $FOLDS; do
  at=$RUN/fold$fold
  eegssl preprocess "$EDF_DIR" --out "$at/recordings" --set splits.folds=5 --set splits.fold=$fold
  eegssl tokenize "$at/recordings" --out "$at/tokens" --preset demo
  eegssl pretrain "$at/recordings" --tokens "$at/tokens" --out "$at/encoder" --preset demo \
    --set training.steps=400
done

cat >"$RUN/matrix.toml" <<'TOML'
recordings = ["fold{fold}/recordings"]
folds = [0, 1, 2, 3, 4]
seeds = [0]
adaptations = ["probe", "full", "prototypes"]
baselines = ["majority", "band-power-channels", "band-power-regions", "eegnet", "shallow-convnet"]
tasks.rest-or-arithmetic.task = "task.toml"

[finetune.training]
steps = 150

[baseline.network]
steps = 300

[encoders]
pretrained.path = "fold{fold}/encoder"
random-init = { path = "fold{fold}/encoder", weights = "random" }
TOML
eegssl benchmark "$RUN/matrix.toml" --out "$RUN/benchmark" --preset demo
