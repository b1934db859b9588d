"""The model zoo of upstream: what there is, getting it safely, and what a file really is."""
