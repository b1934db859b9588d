"""Run upstream's own program in the finished environment, and follow what it says."""
