"""Match the components of an SBOM against known vulnerabilities."""
