"""Create bundles: one file with everything that a host without a network needs."""
