#!/usr/bin/env bash
# Forecasting real EEG at rest: 12 and 20 s from the 90 s before, subjects apart, in five folds.
#
#   examples/eegmat_forecast.sh EDF_DIR [RUN]
#
# EDF_DIR holds records of "EEG During Mental Arithmetic Tasks" 1.0.0 (PhysioNet, eegmat); only
# SubjectNN_1.edf, at rest (182 s), are used. docs/forecasting.md used Subject00-09.
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

# Tokenizer and encoder are made anew in each fold: they may not see its test subjects either.
# Contexts are filtered causally, targets without delay. Networks among the baselines stop early.
for fold in $FOLDS; do
  at=$RUN/fold$fold
  for phase in causal zero; do
    eegssl preprocess "$RUN/edf" --out "$at/$phase" --set filter.phase=$phase \
      --set splits.folds=5 --set splits.fold=$fold
  done
  eegssl tokenize "$at/causal" --out "$at/tokens" --preset demo --set training.steps=200
  eegssl pretrain "$at/causal" --tokens "$at/tokens" --out "$at/encoder" --preset demo \
    --set training.steps=200
  for horizon in short long; do
    for weights in pretrained random; do
      model=$at/$horizon-$weights
      # The control needs no second fit of the same baselines: one to compare it with is enough.
      methods='["persistence", "mean", "seasonal", "ar", "linear", "dlinear", "patchtst"]'
      if [ $weights = random ]; then methods='["ar"]'; fi
      eegssl finetune "$at/causal" --encoder "$at/encoder" --task forecast-$horizon \
        --targets "$at/zero" --out "$model" --set encoder_weights=$weights \
        --set training.steps=200 --set training.validate_every=25 \
        --set task.baselines.fit.patience=2 --set "task.baselines.methods=$methods"
      eegssl evaluate "$model" "$at/causal" --targets "$at/zero" --out "$model-evaluation"
    done
  done
done

# Every subject is tested once: the tables of the folds as one, scored as one.
for name in short-pretrained short-random long-pretrained long-random; do
  python - "$RUN" "$name" <<'PY'
import sys
from pathlib import Path

from eegssl.io.forecasts import pooled, read_forecasts, write_forecasts

run, name = Path(sys.argv[1]), sys.argv[2]
tables = [read_forecasts(run / f"fold{k}/{name}-evaluation/predictions.parquet") for k in range(5)]
write_forecasts(run / f"{name}.parquet", pooled(tables))
PY
  eegssl evaluate --rescore "$RUN/$name.parquet" --out "$RUN/$name"
done
