#!/bin/bash
# A campaign as processes on this machine, by the same command line that the cluster manifests use, and its sum.
#
#   sim/campaign/local.sh 4 0..10000 /tmp/campaign
#
# AFTERIMAGE_SIM names the binary, if it is not in the PATH. Exit status of `merge`: 1 if a property was broken or seeds are missing.
set -euo pipefail

usage='usage: local.sh PROCESSES SEEDS DIRECTORY, as in 4 0..10000 /tmp/campaign'
processes=${1:?$usage}
seeds=${2:?$usage}
directory=${3:?$usage}

for ((index = 0; index < processes; index++)); do
  SLURM_ARRAY_TASK_ID=$index SLURM_ARRAY_TASK_COUNT=$processes SLURM_CPUS_PER_TASK=1 \
    bash "$(dirname "${BASH_SOURCE[0]}")/slurm.sh" "$seeds" "$directory" >"${TMPDIR:-/tmp}/afterimage-shard-$index.log" 2>&1 &
done
# A shard with a failure ends with 1; what counts is the sum.
wait
exec "${AFTERIMAGE_SIM:-afterimage-sim}" merge "$directory"
