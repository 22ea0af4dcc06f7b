"""Let several processes train one model: ranks of torchrun or of Slurm."""
