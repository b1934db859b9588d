"""SlowFast configurations: names, contents, transfer and checks. No torch, nothing of a host."""
