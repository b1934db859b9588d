"""The command line of slowfast.stack."""

__version__ = "0.1.0"
