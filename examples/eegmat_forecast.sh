#!/usr/bin/env bash
# Forecasting real EEG at rest, subjects apart, in five folds: the signal 12 and 20 s ahead, and each
# band's frequency and phase, from the 90 s before.
#
#   examples/eegmat_forecast.sh EDF_DIR [RUN]
#
# EDF_DIR holds records of "EEG During Mental Arithmetic Tasks" 1.0.0 (PhysioNet, eegmat); only
# SubjectNN_1.edf, at rest (182 s), are used. The docs used Subject00-09.
set -euo pipefail
EDF_DIR=${1:?the folder with SubjectNN_1.edf}
RUN=${2:-run/eegmat-forecast}
FOLDS="0 1 2 3 4"
mkdir -p "$RUN/edf"
for file in "$EDF_DIR"/Subject*_1.edf; do ln -sf "$(realpath "$file")" "$RUN/edf/"; done

# These recordings are public and have no secrets: with the key written down, ids and so folds and
# numbers are the same everywhere (see docs/real-eeg.md). Never do this with recordings of your own.
export EEGSSL_PRIVATE=$RUN/private
mkdir -p "$EEGSSL_PRIVATE"
echo 90b480348de8d130fca1682eb7fae69962fd41fe4015e991682a3790a18e51de >"$EEGSSL_PRIVATE/key"

# Filters are causal: no context has seen its future. Tokenizer and encoder are made anew in each
# fold: they may not see its test subjects either.
for fold in $FOLDS; do
  at=$RUN/fold$fold
  eegssl preprocess "$RUN/edf" --out "$at/causal" --set filter.phase=causal \
    --set splits.folds=5 --set splits.fold=$fold
  eegssl tokenize "$at/causal" --out "$at/tokens" --preset demo --set training.steps=200
  eegssl pretrain "$at/causal" --tokens "$at/tokens" --out "$at/encoder" --preset demo \
    --set training.steps=200
done

cat >"$RUN/matrix.toml" <<'TOML'
recordings = ["fold{fold}/causal"]
folds = [0, 1, 2, 3, 4]
seeds = [0]
adaptations = ["probe"]

[encoders]
pretrained.path = "fold{fold}/encoder"
random-init = { path = "fold{fold}/encoder", weights = "random" }

[tasks.signal-12s]
task = "forecast-short"
overrides.baselines.fit = { steps = 200, patience = 2 }

[tasks.signal-20s]
task = "forecast-long"
overrides.baselines.fit = { steps = 200, patience = 2 }

[tasks.frequency-phase]
task = "frequency-phase"

[finetune.training]
steps = 150
batch_size = 8
validate_every = 25
TOML
eegssl benchmark "$RUN/matrix.toml" --out "$RUN/benchmark"

# Signal (12 s) and phase once more, the truth filtered without delay. Random weights have seen nobody:
# one encoder will do for all folds.
eegssl preprocess "$RUN/edf" --out "$RUN/zero" --set filter.phase=zero --set splits.folds=5
apart=(--folds 5 --targets "$RUN/zero" --set encoder_weights=random --set training.steps=150
  --set training.batch_size=8 --set training.validate_every=25)
eegssl finetune "$RUN/fold0/causal" --encoder "$RUN/fold0/encoder" --task forecast-short \
  --out "$RUN/apart" "${apart[@]}" --set task.baselines.fit.steps=200 \
  --set task.baselines.fit.patience=2
eegssl finetune "$RUN/fold0/causal" --encoder "$RUN/fold0/encoder" --task frequency-phase \
  --out "$RUN/apart-phase" "${apart[@]}"
