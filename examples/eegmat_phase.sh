#!/usr/bin/env bash
# The phase to come on real EEG at rest, subjects apart, in five folds: docs/frequency-phase.md.
#
#   examples/eegmat_phase.sh EDF_DIR [RUN]
#
# EDF_DIR holds records of "EEG During Mental Arithmetic Tasks" 1.0.0 (PhysioNet, eegmat); only
# SubjectNN_1.edf, at rest (182 s), are used. docs/frequency-phase.md used Subject00-09. What is
# there already is not made again.
set -euo pipefail
EDF_DIR=${1:?the folder with SubjectNN_1.edf}
RUN=${2:-run/eegmat-phase}
FOLDS="0 1 2 3 4"
mkdir -p "$RUN/edf"
for file in "$EDF_DIR"/Subject*_1.edf; do ln -sf "$(realpath "$file")" "$RUN/edf/"; done

# These recordings are public and have no secrets: with the key written down, ids and so folds and
# numbers are the same everywhere (see docs/real-eeg.md). Never do this with recordings of your own.
export EEGSSL_PRIVATE=$RUN/private
mkdir -p "$EEGSSL_PRIVATE"
echo 90b480348de8d130fca1682eb7fae69962fd41fe4015e991682a3790a18e51de >"$EEGSSL_PRIVATE/key"

# Tokenizer and encoder are made anew in each fold: they may not see its test subjects either.
# Contexts are filtered causally, targets without delay.
for fold in $FOLDS; do
  at=$RUN/fold$fold
  for phase in causal zero; do
    eegssl preprocess "$RUN/edf" --out "$at/$phase" --set filter.phase=$phase \
      --set splits.folds=5 --set splits.fold=$fold
  done
  eegssl tokenize "$at/causal" --out "$at/tokens" --preset demo --set training.steps=200
  eegssl pretrain "$at/causal" --tokens "$at/tokens" --out "$at/encoder" --preset demo \
    --set training.steps=200
  # The head on the pretrained encoder, and on one with random weights as its control.
  for weights in pretrained random; do
    model=$at/phase-$weights
    eegssl finetune "$at/causal" --encoder "$at/encoder" --task frequency-phase \
      --targets "$at/zero" --out "$model" --set encoder_weights=$weights \
      --set training.lr=1e-4 --set training.steps=100 --set training.validate_every=10
    eegssl evaluate "$model" "$at/causal" --targets "$at/zero" --out "$model-evaluation"
  done
done

# Every subject is tested once: the tables of the folds as one, scored as one.
for weights in pretrained random; do
  python - "$RUN" "phase-$weights" <<'PY'
import sys
from pathlib import Path

from eegssl.io.phase_predictions import pooled, read_phase_predictions, write_phase_predictions

run, name = Path(sys.argv[1]), sys.argv[2]
folds = [run / f"fold{k}/{name}-evaluation/predictions.parquet" for k in range(5)]
write_phase_predictions(run / f"{name}.parquet", pooled([read_phase_predictions(p) for p in folds]))
PY
  eegssl evaluate --rescore "$RUN/phase-$weights.parquet" --out "$RUN/phase-$weights"
done
