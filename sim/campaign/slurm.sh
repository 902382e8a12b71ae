#!/bin/bash
# A campaign as an array of jobs: each runs one shard; one that was stopped goes on where it was when it is submitted again.
#
#   sbatch --array=0-31 sim/campaign/slurm.sh 0..10000000 /shared/campaign
#   afterimage-sim merge /shared/campaign
#
# AFTERIMAGE_SIM names the binary, if it is not in the PATH.
#SBATCH --job-name=afterimage-campaign
#SBATCH --cpus-per-task=4
#SBATCH --mem=1G
#SBATCH --time=24:00:00
#SBATCH --requeue
set -euo pipefail

seeds=${1:?usage: slurm.sh SEEDS DIRECTORY, as in 0..10000000 /shared/campaign}
directory=${2:?usage: slurm.sh SEEDS DIRECTORY, as in 0..10000000 /shared/campaign}

# The array begins at 0: --array=0-31 is 32 shards.
exec "${AFTERIMAGE_SIM:-afterimage-sim}" run --seeds "$seeds" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
  --jobs "${SLURM_CPUS_PER_TASK:-1}" --out "$directory"
