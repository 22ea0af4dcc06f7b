#!/usr/bin/env bash
# Forecasting synthetic EEG whose future is known to be foreseeable, and one where it is not.
#
#   examples/synth_forecast.sh [RUN]
#
# coherence_s=30: oscillators that keep their phase for some 30 s. coherence_s=0: a random walk.
# What comes out says that the machinery works, and nothing of patients (docs/forecasting.md).
set -euo pipefail
RUN=${1:-run/synth-forecast}
# Nobody is hidden here: with the key written down, ids and so splits and numbers are the same
# everywhere. Never do this with recordings of your own.
export EEGSSL_PRIVATE=$RUN/private
mkdir -p "$EEGSSL_PRIVATE"
echo 0f3c5a7e9b1d2f4a6c8e0a2b4d6f8193a5c7e9f1b3d5f7a9c1e3f5b7d9a1c3e5 >"$EEGSSL_PRIVATE/key"

for coherence in 30 0; do
  at=$RUN/coherence$coherence
  eegssl synth --out "$at/edf" --set cohort=forecast --set coherence_s=$coherence \
    --set n_subjects=36 --set duration_s=152 --seed 0
  eegssl preprocess "$at/edf" --out "$at/recordings" --set filter.phase=causal \
    --set splits.test=0.34 --set splits.val=0.16
  eegssl tokenize "$at/recordings" --out "$at/tokens" --preset demo --set training.steps=150
  eegssl pretrain "$at/recordings" --tokens "$at/tokens" --out "$at/encoder" --preset demo \
    --set training.steps=200
  eegssl preprocess "$at/edf" --out "$at/zero" --set filter.phase=zero \
    --set splits.test=0.34 --set splits.val=0.16
  for run in pretrained random apart; do
    weights=pretrained targets=()
    methods='["persistence", "mean", "seasonal", "ar", "linear", "dlinear", "patchtst"]'
    if [ $run = random ]; then weights=random methods='["ar"]'; fi
    # Once more with the truth from the same files, filtered without delay.
    if [ $run = apart ]; then targets=(--targets "$at/zero"); fi
    # AR reads the whole context here, where that helps it: the strongest that it can be.
    eegssl finetune "$at/recordings" --encoder "$at/encoder" --task forecast-short \
      --out "$at/$run" "${targets[@]}" --set encoder_weights=$weights \
      --set training.steps=200 --set training.validate_every=25 \
      --set task.baselines.autoregression.fit_s=90 --set task.baselines.fit.patience=2 \
      --set "task.baselines.methods=$methods"
    eegssl evaluate "$at/$run" "$at/recordings" "${targets[@]}" --out "$at/$run-evaluation"
  done
done

# The walk once more, above .025 Hz only and half a second ahead: its last value says all there is.
at=$RUN/coherence0
eegssl preprocess "$at/edf" --out "$at/slow" --set filter.phase=causal --set filter.low_hz=0.025 \
  --set splits.test=0.34 --set splits.val=0.16
eegssl finetune "$at/slow" --encoder "$at/encoder" --task forecast-short --out "$at/slow-model" \
  --set task.horizon_s=0.5 --set training.steps=200 --set training.validate_every=25 \
  --set task.baselines.fit.patience=2
eegssl evaluate "$at/slow-model" "$at/slow" --out "$at/slow-evaluation"
