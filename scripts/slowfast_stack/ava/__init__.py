"""The faces of the AVA engine: progress, words, other hosts, Slurm."""
