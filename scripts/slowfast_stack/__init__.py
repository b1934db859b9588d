"""The command line of slowfast.stack."""
