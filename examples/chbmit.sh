#!/usr/bin/env bash
# Seizure against background on clips of CHB-MIT's chb01, validated across its seven seizures:
# within-subject, so it says nothing of a new patient.
#
#   examples/chbmit.sh CLIPS [RUN]
#
# CLIPS is a folder that examples/cut_chbmit.py made of PhysioNet's records chb01_03, _04, _15,
# _16, _18, _21 and _26 (CHB-MIT Scalp EEG Database 1.0.0).
set -euo pipefail
CLIPS=${1:?the folder with the clips of chb01}
RUN=${2:-run/chbmit}
SEIZURES=(03 04 15 16 18 21 26)
mkdir -p "$RUN/edf"

# These recordings are public and have no secrets: with the key written down, ids and so folds and
# numbers are the same everywhere (see docs/real-eeg.md). Never do this with recordings of your own.
export EEGSSL_PRIVATE=$RUN/private
mkdir -p "$EEGSSL_PRIVATE"
echo 90b480348de8d130fca1682eb7fae69962fd41fe4015e991682a3790a18e51de >"$EEGSSL_PRIVATE/key"
for file in "$CLIPS"/chb01_*.edf; do ln -sf "$(realpath "$file")" "$RUN/edf/"; done

# Fold k tests the clips of seizure k, validates on those of the next, trains on the rest.
for fold in "${!SEIZURES[@]}"; do
  at=$RUN/fold$fold
  mkdir -p "$at"
  test=${SEIZURES[$fold]}
  val=${SEIZURES[$(((fold + 1) % ${#SEIZURES[@]}))]}
  {
    printf 'recording\tsplit\n'
    for file in "$RUN"/edf/*.edf; do
      case $(basename "$file") in
        chb01_"$test"_*) split=test ;;
        chb01_"$val"_*) split=val ;;
        *) split=train ;;
      esac
      printf '%s\t%s\n' "$(basename "$file")" "$split"
    done
  } >"$at/splits.tsv"
  eegssl preprocess "$RUN/edf" --out "$at/recordings" --set splits.by=recording \
    --set "splits.file=$at/splits.tsv"
  eegssl tokenize "$at/recordings" --out "$at/tokens" --preset demo --set window_s=5
  eegssl pretrain "$at/recordings" --tokens "$at/tokens" --out "$at/encoder" --preset demo \
    --set training.steps=400
done

cat >"$RUN/matrix.toml" <<'TOML'
recordings = ["fold{fold}/recordings"]
folds = [0, 1, 2, 3, 4, 5, 6]
seeds = [0]
adaptations = ["probe", "full", "prototypes"]
baselines = ["majority", "band-power-channels", "band-power-regions", "eegnet", "shallow-convnet"]

[tasks.seizure-windows]
task = "seizure-detection"
overrides = { window_s = 2.0 }

[finetune.training]
steps = 150

[baseline.network]
steps = 300

[encoders]
pretrained.path = "fold{fold}/encoder"
random-init = { path = "fold{fold}/encoder", weights = "random" }
TOML
eegssl benchmark "$RUN/matrix.toml" --out "$RUN/benchmark" --preset demo
