"""Make bundles: everything that a host without a network needs, in one file."""
