"""One file per command of slowfast-stack."""
