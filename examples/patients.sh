#!/usr/bin/env bash
# Outcomes of patients from EEG, on synthetic cohorts: response to a medication (asm) and outcome of
# a thermocoagulation (rftc), with an effect planted and without one, of 40 patients and of 12.
#
#   examples/patients.sh run/patients            all cohorts
#   examples/patients.sh run/patients asm 40 3   one: which, how many patients, planted effect (d)
#   SEED=2 examples/patients.sh run/patients     other synthetic patients
#
# The encoder is pretrained on other synthetic people. Any command can be run again: what is finished
# says so and does nothing.
set -euo pipefail
RUN=${1:-run/patients}
SEED=${SEED:-1}

# The key of synthetic people is no secret, so that numbers are the same everywhere.
export EEGSSL_PRIVATE=$RUN/private
mkdir -p "$EEGSSL_PRIVATE"
echo "the demo's key is no secret" >"$EEGSSL_PRIVATE/key"

# 1. An encoder that knows other people: another corpus, another seed, other names (corpus=others).
eegssl synth --out "$RUN/others/edf" --seed 99 --set n_subjects=12 --set duration_s=300
eegssl preprocess "$RUN/others/edf" --out "$RUN/others/recordings" --set corpus=others
eegssl tokenize "$RUN/others/recordings" --out "$RUN/others/tokens" --preset tiny \
  --set training.steps=200
eegssl pretrain "$RUN/others/recordings" --tokens "$RUN/others/tokens" --out "$RUN/encoder" \
  --preset tiny --set training.steps=400

# 2. A cohort: EDF files before treatment (asm), or before and after it (rftc), and who fared well.
cohort() {
  local name=$1 patients=$2 effect=$3
  local at=$RUN/$name-$patients-d$effect-s$SEED task=asm-efficacy
  if [ "$name" = rftc ]; then task=rftc-outcome; fi
  eegssl synth --out "$at/edf" --seed "$SEED" --set "cohort=$name" --set "n_subjects=$patients" \
    --set "effect=$effect" --set duration_s=120
  eegssl preprocess "$at/edf" --out "$at/recordings" --set "corpus=$name$SEED"
  # 3. Patients left out, ten times anew: clinical data, EEG, both, and band power beside them.
  eegssl finetune "$at/recordings" --encoder "$RUN/encoder" --task $task \
    --set "task.table=$at/edf/participants.tsv" --out "$at/outcome"
}

if [ $# -gt 1 ]; then
  cohort "$2" "${3:-40}" "${4:-3}"
else
  for name in asm rftc; do
    for patients in 40 12; do
      cohort $name $patients 3
      cohort $name $patients 0
    done
  done
fi
